"""A look at every picture before anything else is done with it: what cannot be read, what is odd, how deep they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from yogo.data.depth import Bits
from yogo.data.headers import Header, look, reading_depth
from yogo.data.remarks import remarks
from yogo.definition import Sample
from yogo.definition.problem import Problem, listed
from yogo.definition.thumbnails import Thumbnail
from yogo.errors import DefinitionError
from yogo.training.request import Request

MOST_NAMED = 10


def look_at(
    samples: Sequence[Sample],
    request: Request,
    *,
    known: Bits,
    image_hw: tuple[int, int],
    thumbnails: Sequence[Thumbnail] = (),
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Bits, tuple[str, ...]]:
    """At how many bits they are to be read, given what the weights `known`, and what is to be said of them.

    Raises DefinitionError, naming those that cannot be read.
    """
    paths = list(dict.fromkeys(sample.image_file for sample in samples))
    memory = request.memory / "headers" if request.memory else None
    found = look([*paths, *(str(one.path) for one in thumbnails)], memory=memory, progress=progress)
    headers = [one for one in found if isinstance(one, Header)]
    if len(headers) < len(found):
        raise _broken([one for one in found if isinstance(one, Problem)], len(found), request.definition)
    bits = reading_depth(headers, known, request.image_bits)
    return bits, tuple(remarks(headers[: len(paths)], bits=bits, image_hw=image_hw))


def _broken(problems: Sequence[Problem], total: int, definition: Path | None) -> DefinitionError:
    if len(problems) == 1:
        return problems[0].exception()
    rest = f"; `yogo check {definition}` lists all" if len(problems) > MOST_NAMED else ""
    named = listed([str(problem) for problem in problems], MOST_NAMED)
    return DefinitionError(f"{len(problems):,} of {total:,} pictures cannot be read: {named}{rest}")
