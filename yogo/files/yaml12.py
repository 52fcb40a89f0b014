"""YAML 1.2, as published files use it: `no` is a name, `010` is ten, `3e-4` is a number, a duplicate key is an error.

It reads what people write by hand, and reports every fault in one sentence with its line.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from yogo.files.foreign import foreign, leads_nowhere, no_file
from yogo.files.places import because

MAX_BYTES = 1_000_000


class YamlError(Exception):
    """A file that cannot be read as YAML; `str()` says why, without file and line."""

    def __init__(self, message: str, line: int | None = None, *, missing: bool = False) -> None:
        super().__init__(message)
        self.line = line
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Document:
    """The contents of a file, with their lines."""

    data: Any
    root: Node | None

    def line(self, *place: object) -> int:
        """The 1-based line of the key or element at `place`, or of the nearest thing around it."""
        node, line = self.root, 1
        for step in place:
            mark, node = _below(node, step)
            if mark is None:
                break
            line = mark
        return line

    def text(self, *place: object) -> str:
        """The plain value at `place`, as it is written; empty for what stands in quotes, for lists and for maps."""
        node = self.root
        for step in place:
            _, node = _below(node, step)
        return node.value if isinstance(node, ScalarNode) and not node.style else ""


def _below(node: Node | None, step: object) -> tuple[int | None, Node | None]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None, None


def load(path: Path) -> Document:
    """The one document in `path`. Raises YamlError, also if it is not a regular file, too large, or not text."""
    return parse(read_text(path))


def read_text(path: Path) -> str:
    """The text in a plain UTF-8 file that a person could have written. Raises YamlError."""
    try:
        status = path.stat()
        if kind := no_file(status):
            raise YamlError(f"This is {kind}; a YAML file is expected here")
        if status.st_size > MAX_BYTES:
            raise YamlError(f"This file has {status.st_size:,} bytes; more than {MAX_BYTES:,} are not read as YAML")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if odd := foreign(data, allows_json=True):
            raise YamlError(f"This is not YAML but {odd}", 1)
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        link = leads_nowhere(path)
        raise YamlError(f"This is {link}" if link else "This file does not exist", missing=True) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise YamlError("This is not text in UTF-8, so it cannot be YAML", line) from error
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have, such as one with a NUL
        raise YamlError(f"This file cannot be read: {because(error)}") from error


def parse(text: str) -> Document:
    """The one document in `text`. Raises YamlError."""
    yaml = YAML(typ="safe", pure=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor that is used again is legal
            root = yaml.compose(text)
            if _expanded(root, {}) > MAX_BYTES:
                raise YamlError("This becomes too large when its aliases (*...) are expanded")
            data = None if root is None else yaml.constructor.construct_document(root)
    except YamlError:
        raise
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError("This is not YAML: it holds a control character", line) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(_sentence(error), mark.line + 1 if mark else None) from error
    except RecursionError as error:
        raise YamlError("This is nested too deeply to be read") from error
    # For hostile tags, dates and numbers the parser may raise almost any exception.
    except Exception as error:
        raise YamlError(f"This cannot be read as YAML: {' '.join(str(error).split())[:200]}") from error
    return Document(data, root)


def _expanded(node: Node | None, known: dict[int, int]) -> int:
    """How many nodes there would be without aliases; each is counted once and remembered by its identity."""
    if node is None or id(node) in known:
        return 0 if node is None else known[id(node)]
    # While it is being counted, a node weighs too much: it can be met again only if it contains itself.
    known[id(node)] = MAX_BYTES + 1
    below: list[Node] = []
    if isinstance(node, MappingNode):
        below = [one for pair in node.value for one in pair]
    elif isinstance(node, SequenceNode):
        below = node.value
    known[id(node)] = 1 + sum(_expanded(one, known) for one in below)
    return known[id(node)]


def _sentence(error: MarkedYAMLError) -> str:
    problem = " ".join(str(error.problem or error.context or "it is malformed").split())[:200]
    if problem.startswith("found duplicate key"):
        return f"The key {problem.partition(chr(34))[2].partition(chr(34))[0]!r} is in one map twice"
    if "could not determine a constructor" in problem:
        return "A tag (!...) is used that plain YAML does not have"
    if "'\\t'" in problem:
        return "YAML does not allow a tab here: replace it with spaces"
    if problem.startswith("found unknown escape character"):
        return "YAML takes a backslash in double quotes for something else: write what is quoted in single quotes"
    context = " ".join(str(error.context or "").split())
    return f"This is not YAML: {problem}{f' {context}' if context.startswith('while') else ''}"


def dumped(values: Mapping[str, Any], *, flow: bool | None = False) -> str:
    """`values` as a file that `parse` reads as the same; with `flow` None, each innermost map or list on one line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # its annotation is of its default
    yaml.width = 1000
    stream = io.StringIO()
    yaml.dump(dict(values), stream)
    return stream.getvalue()
