"""A label's box while it is moved and resized by keys, in pixels of the image."""

from __future__ import annotations

from dataclasses import dataclass, replace

from yogo.review.decisions import LabelNow

STEP, LARGE_STEP = 1, 10
"""Pixels."""

_SMALLEST = 2
"""Pixels of a side."""


@dataclass(frozen=True, slots=True)
class BoxDraft:
    label: LabelNow
    start: LabelNow
    """As it was before."""

    size: tuple[int, int]
    """Width and height of the image, in pixels."""

    is_added: bool = False
    """It is one more label."""

    resizes: bool = False
    """The arrows change its size: its upper left corner stays."""

    def moved(self, columns: int, rows: int) -> BoxDraft:
        """Further right and down by so many pixels, or larger; never out of the image."""
        x, y, w, h = self.label.box
        dx, dy = columns / self.size[0], rows / self.size[1]
        left, top = x - w / 2, y - h / 2
        if self.resizes:
            w = min(max(_SMALLEST / self.size[0], w + dx), 1 - max(0.0, left))
            h = min(max(_SMALLEST / self.size[1], h + dy), 1 - max(0.0, top))
        else:
            left = min(max(0.0, left + dx), max(0.0, 1 - w))
            top = min(max(0.0, top + dy), max(0.0, 1 - h))
        return replace(self, label=replace(self.label, box=(left + w / 2, top + h / 2, w, h)))

    def of_class(self, name: str) -> BoxDraft:
        return replace(self, label=replace(self.label, class_name=name))

    @property
    def changes(self) -> tuple[str, ...]:
        """How it differs from before, such as "3 px right · 2 px down", "4 px wider" and "to ring"."""
        (left, top, w, h), (left0, top0, w0, h0) = (self._pixels(one) for one in (self.label, self.start))
        place = _words((left - left0, "right", "left"), (top - top0, "down", "up"))
        size = _words((w - w0, "wider", "narrower"), (h - h0, "taller", "shorter"))
        name = f"to {self.label.class_name}" if self.label.class_name != self.start.class_name else ""
        return tuple(words for words in (place, size, name) if words)

    def _pixels(self, label: LabelNow) -> tuple[int, int, int, int]:
        x, y, w, h = label.box
        width, height = self.size
        return round((x - w / 2) * width), round((y - h / 2) * height), round(w * width), round(h * height)


def _words(*changes: tuple[int, str, str]) -> str:
    return " · ".join(f"{abs(by)} px {more if by > 0 else less}" for by, more, less in changes if by)
