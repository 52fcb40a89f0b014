"""The meaning of an array's axes: as the store says (NGFF's multiscales, dimension names), or by an unambiguous
shape. An ambiguous shape is refused: a wrong guess would count cells in slices of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from yogo.errors import InferenceError
from yogo.images.remarks import is_stretched
from yogo.text.wording import counted

AXES = "tczyx"
"""Time, channel, depth, rows, columns."""

CHANNELS = 3

_LONG_NAMES = {"time": "t", "channel": "c", "channels": "c", "depth": "z", "height": "y", "width": "x", "frame": "t"}
_LONG_NAMES |= {"frames": "t", "row": "y", "rows": "y", "column": "x", "columns": "x", "rgb": "c", "band": "c"}
_HINT = "say what its axes are with --zarr-axes, such as tyx, or czyx (t time, c channel, z depth, y rows, x columns)"


@dataclass(frozen=True, slots=True)
class Layout:
    """An array's axes, one letter of AXES each, and its shape."""

    axes: str
    shape: tuple[int, ...]

    def size(self, axis: str) -> int:
        return self.shape[self.axes.index(axis)] if axis in self.axes else 1

    @property
    def frame_axes(self) -> str:
        """The axes that count frames, the slowest first."""
        return "".join(axis for axis in self.axes if axis in "tz")

    @property
    def num_frames(self) -> int:
        return self.size("t") * self.size("z")

    @property
    def frame_hw(self) -> tuple[int, int]:
        return self.size("y"), self.size("x")

    def __str__(self) -> str:
        return ", ".join(f"{axis} {size:,}" for axis, size in zip(self.axes, self.shape, strict=True))


def layout_of(shape: Sequence[int], named: Sequence[str], image_hw: tuple[int, int], chunks: Sequence[int]) -> Layout:
    """The layout of an array; `named` are its axes' names, if any. Raises InferenceError, to be put after its name."""
    shape = tuple(int(size) for size in shape)
    if len(shape) < 2:
        raise InferenceError(
            f"has no rows and columns: {f'its shape is {_times(shape)}' if shape else 'it is a single number'}"
        )
    if 0 in shape:
        raise InferenceError(f"is empty: its shape is {_times(shape)}")
    if named:
        return _named(shape, named)
    kept = [place for place, size in enumerate(shape) if size > 1] if len(shape) > 3 else list(range(len(shape)))
    letters = _guessed([shape[place] for place in kept], image_hw, [chunks[place] for place in kept])
    spare = iter(axis for axis in AXES if axis not in letters)
    given = dict(zip(kept, letters, strict=True))
    return Layout("".join(given.get(place) or next(spare) for place in range(len(shape))), shape)


def _named(shape: tuple[int, ...], named: Sequence[str]) -> Layout:
    axes = "".join(_LONG_NAMES.get(name.lower(), name.lower()) for name in named)
    odd = [name for name in named if _LONG_NAMES.get(name.lower(), name.lower()) not in tuple(AXES)]
    if odd or len(set(axes)) != len(axes) or not {"y", "x"} <= set(axes):
        raise InferenceError(f"has the axes {', '.join(named)}, and not all of them are known: {_HINT}")
    if len(axes) != len(shape):
        raise InferenceError(
            f"has {counted(len(shape), 'axis')} ({_times(shape)}), not {len(axes)} ({', '.join(named)}): {_HINT}"
        )
    return Layout(axes, shape)


def _guessed(shape: list[int], image_hw: tuple[int, int], chunks: list[int]) -> str:
    if len(shape) == 2:
        return "yx"
    if len(shape) == 3:
        if shape[2] == CHANNELS:
            return "yxc"
        return _of_three(shape, image_hw, chunks)
    if len(shape) == 4 and shape[3] == CHANNELS:
        return "tyxc"
    raise InferenceError(f"has the shape {_times(shape)}, which may mean several things: {_HINT}")


def _of_three(shape: list[int], image_hw: tuple[int, int], chunks: list[int]) -> str:
    """Whether frames come first or last: by the network's frame, else by the shape, else by the chunks."""
    first, last = (shape[1], shape[2]), (shape[0], shape[1])
    tests = (
        (first == image_hw, last == image_hw),
        (not is_stretched(first, image_hw), not is_stretched(last, image_hw)),
        (chunks[0] == 1 < shape[0], chunks[2] == 1 < shape[2]),
    )
    for is_first, is_last in tests:
        if is_first != is_last:
            return "tyx" if is_first else "yxt"
    if tests[0] == (True, True):
        return "tyx"
    raise InferenceError(
        f"has the shape {_times(shape)}, which may be {counted(shape[0], 'frame')} of {_times(first)} "
        f"or {counted(shape[2], 'frame')} of {_times(last)}: {_HINT}"
    )


def axes_asked(text: str) -> tuple[str, ...]:
    """The axes given by --zarr-axes. Raises InferenceError."""
    letters = tuple(text.lower().replace(",", "").replace(" ", ""))
    if len(set(letters)) != len(letters) or not {"y", "x"} <= set(letters) <= set(AXES):
        raise InferenceError(f"{text!r} does not name axes: give letters of {AXES}, including y and x, such as tyx")
    return letters


def channel_names(attributes: dict[str, Any]) -> list[str]:
    """As NGFF's `omero` has them."""
    channels = (attributes.get("omero") or {}).get("channels") or []
    return [str(one.get("label") or number) for number, one in enumerate(channels) if isinstance(one, dict)]


def _times(shape: Sequence[int]) -> str:
    return " x ".join(f"{size:,}" for size in shape)
