"""Sentences about a set of images that a person should see before training on it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from yogo.definition.problem import listed
from yogo.images.depth import Bits
from yogo.images.headers import ImageHeader
from yogo.text.wording import agreed

STRETCHED = 0.02
"""How far an image's aspect ratio may differ from that of the network's frame: rounding causes this much."""


def remarks(headers: Sequence[ImageHeader], *, bits: Bits, image_hw: tuple[int, int] | None = None) -> list[str]:
    """Remarks on images that are read at `bits` (see yogo.images.depth) and resized to `image_hw`, if that is known."""
    return [*_of_depth(headers, bits), *oddities(headers, bits=bits, image_hw=image_hw)]


def oddities(headers: Sequence[ImageHeader], *, bits: Bits, image_hw: tuple[int, int] | None = None) -> list[str]:
    """The same, without the depth at which they are read."""
    found = [
        *_named(
            headers,
            lambda one: one.is_flat(bits),
            "almost of one shade, so that hardly anything can be seen",
            lambda one: f"{one.low:,} to {one.high:,} of {one.top(bits):,}",
        ),
        *_named(
            headers,
            lambda one: one.num_pages > 1,
            "of several pages, of which the first is read",
            lambda one: f"{one.num_pages:,} pages",
        ),
        *_named(
            headers,
            lambda one: one.orientation > 1,
            "marked as turned or mirrored (EXIF orientation). They are read as they are stored, so labels that were "
            "drawn in a viewer which turns them lie elsewhere",
            lambda one: f"orientation {one.orientation}",
        ),
    ]
    return [*found, *(_of_shapes(headers, image_hw) if image_hw else ())]


def _of_depth(headers: Sequence[ImageHeader], bits: Bits) -> Iterator[str]:
    deep = [one for one in headers if one.is_deep]
    if not deep:
        return
    number = _counted(len(deep), len(headers))
    if bits is None:
        yield (
            f"{number} of 16 bits per value: their upper 8 are read, as the weights were trained "
            "(--image-bits auto reads them at their real range)"
        )
        return
    values = f"0 to {2**bits - 1:,}"
    brightest = max((one.brightest or 0 for one in deep), default=0)
    above = ": what is above becomes white" if brightest >= 2**bits else ""
    yield (
        f"{number} of more than 8 bits per value: read as {bits} bits ({values}; the brightest value is {brightest:,}"
        f"{above})"
    )


def _of_shapes(headers: Sequence[ImageHeader], image_hw: tuple[int, int]) -> Iterator[str]:
    height, width = image_hw
    sizes = Counter((one.width, one.height) for one in headers if is_stretched((one.height, one.width), image_hw))
    if sizes:
        kinds = listed([f"{w}x{h} ({count:,})" for (w, h), count in sizes.most_common()])
        number = _counted(sizes.total(), len(headers))
        yield f"{number} of another shape than the network's {width}x{height}, and stretched to it: {kinds}"


def is_stretched(picture_hw: tuple[int, int], image_hw: tuple[int, int]) -> bool:
    """Whether an image's cells change their shape when it is resized."""
    (height, width), (new_height, new_width) = picture_hw, image_hw
    return abs(width * new_height / (height * new_width) - 1) > STRETCHED


def _named(
    headers: Sequence[ImageHeader],
    applies: Callable[[ImageHeader], bool],
    what: str,
    detail: Callable[[ImageHeader], str],
) -> Iterator[str]:
    some = [one for one in headers if applies(one)]
    if some:
        names = listed([f"{os.path.basename(one.path)} ({detail(one)})" for one in some])
        yield f"{_counted(len(some), len(headers))} {what}: {names}"


def _counted(number: int, total: int) -> str:
    if number == total:
        return "the only image is" if total == 1 else f"all {total:,} images are"
    return f"{number:,} of {total:,} images {agreed(number, 'is')}"
