"""Checks every image before training: which cannot be read, what is odd, and how deep they are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from yogo.definition import Sample
from yogo.definition.problem import Problem, complaint
from yogo.definition.thumbnails import Thumbnail
from yogo.errors import DefinitionError
from yogo.images.checking import full_survey
from yogo.images.depth import Bits
from yogo.images.headers import ImageHeader, depth, look, reading_depth
from yogo.images.remarks import remarks
from yogo.training.request import TrainingRequest


@contextlib.contextmanager
def telling_all(request: TrainingRequest) -> Iterator[None]:
    """If the data are at fault, report everything that is wrong, as `yogo check` does, and not only the first problem.

    Raises DefinitionError.
    """
    try:
        yield
    except DefinitionError as error:
        if request.definition is None:
            raise
        found = full_survey(request.definition, memory=request.cache_folder)
        wrong = [problem for problem in found.problems if problem.is_error]
        if len(wrong) < 2:
            raise
        raise complaint(wrong, f"`yogo check {request.definition}` lists all") from error


def look_at(
    samples: Sequence[Sample],
    request: TrainingRequest,
    *,
    known: Bits,
    image_hw: tuple[int, int],
    thumbnails: Sequence[Thumbnail] = (),
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Bits, tuple[str, ...]]:
    """The depth at which to read the images, given that of the weights (`known`), and remarks on them.

    Raises DefinitionError, naming the images that cannot be read.
    """
    paths = list(dict.fromkeys(sample.image_file for sample in samples))
    memory = request.cache_folder / "headers" if request.cache_folder else None
    found = look([*paths, *(str(one.path) for one in thumbnails)], memory=memory, progress=progress)
    headers = [one for one in found if isinstance(one, ImageHeader)]
    if len(headers) < len(found):
        raise complaint([one for one in found if isinstance(one, Problem)])
    bits = reading_depth(lambda: depth(headers), known, request.image_bits)
    return bits, tuple(remarks(headers[: len(paths)], bits=bits, image_hw=image_hw))
