"""MODEL.md, which lies beside best.pth and says what the model is. Its last line tells whether a person changed it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from yogo.recipe import differences
from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.differences import PART_WORDS
from yogo_tui.comparing.subject import Subject
from yogo_tui.comparing.tables import as_markdown, markdown_words, tables
from yogo_tui.words import as_typed, thousands

_SIGNED = re.compile(r"\n<!-- written by yogo-tui: ([0-9a-f]{64}) -->\n\Z")


def model_card(of: Comparison) -> str:
    """The card of the comparison's one run."""
    (one,) = of.subjects
    text = "\n".join(_lines(one, of))
    return f"{text}\n<!-- written by yogo-tui: {_digest(text)} -->\n"


def is_changed(text: str) -> bool:
    """Whether a card is not as it was written: a person wrote it, or changed it."""
    signed = _SIGNED.search(text)
    return signed is None or signed[1] != _digest(text[: signed.start()])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _lines(one: Subject, of: Comparison) -> Iterator[str]:
    yield f"# {markdown_words(one.label)}\n"
    yield "A YOGO model, which finds and classifies cells in microscope images.\n"
    for name, text in _facts(one):
        yield f"- {name}: {markdown_words(text)}"
    yield "\n## Training\n"
    if recipe := one.recipe:
        said = differences(recipe)
        yield "The recipe's defaults, except:\n" if said else "The recipe's defaults."
        for name, (_, value) in said.items():
            yield f"- {name}: {markdown_words(as_typed(value))}"
    yield "\n## Data\n"
    for part, data in one.read.data.items():
        yield f"- {PART_WORDS.get(part, part)}: {thousands(data.images)} images, SHA-256 {data.digest}"
    yield ""
    yield as_markdown(tuple(table for table in tables(of) if table.is_numbers)).replace("### ", "## ", 1)


def _facts(one: Subject) -> Iterator[tuple[str, str]]:
    if manifest := one.run.manifest:
        yield "classes", ", ".join(manifest.classes)
        yield "parameters", thousands(manifest.num_parameters)
        yield "trained on", f"{manifest.world_size} × {manifest.device}, {manifest.precision}"
        yield "versions", ", ".join(f"{name} {version}" for name, version in manifest.versions.items()) or "not known"
        if manifest.code:
            yield "code", manifest.code
        if manifest.pretrained:
            yield "starts from", manifest.pretrained
    if one.run.definition:
        yield "definition", one.run.definition
    if one.run.result and one.run.result.best_sha256:
        yield "SHA-256 of best.pth", one.run.result.best_sha256
    if one.run.doubts:
        yield "doubts", " ".join(one.run.doubts)
