"""A look at every picture before anything else is done with it: what cannot be read, what is odd, how deep they are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from yogo.data.checking import full_survey
from yogo.data.depth import Bits
from yogo.data.headers import Header, look, reading_depth
from yogo.data.remarks import remarks
from yogo.definition import Sample
from yogo.definition.problem import Problem, complaint
from yogo.definition.thumbnails import Thumbnail
from yogo.errors import DefinitionError
from yogo.training.request import Request


@contextlib.contextmanager
def telling_all(request: Request) -> Iterator[None]:
    """Where the data are at fault, everything that is wrong with them is told, as `yogo check` does, not what was met.

    Raises DefinitionError.
    """
    try:
        yield
    except DefinitionError as error:
        if request.definition is None:
            raise
        found = full_survey(request.definition, memory=request.memory)
        wrong = [problem for problem in found.problems if problem.is_error]
        if len(wrong) < 2:
            raise
        raise complaint(wrong, f"`yogo check {request.definition}` lists all") from error


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
        raise complaint([one for one in found if isinstance(one, Problem)])
    bits = reading_depth(headers, known, request.image_bits)
    return bits, tuple(remarks(headers[: len(paths)], bits=bits, image_hw=image_hw))
