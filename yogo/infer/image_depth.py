"""The depth at which inference reads images of more than 8 bits: as in training, or as the images need."""

from __future__ import annotations

import threading
from collections.abc import Callable

from yogo.images.depth import Bits
from yogo.images.headers import reading_depth
from yogo.infer.images import Pictures


class Depth:
    """Call it for the number of bits, which is decided and reported the first time that an image needs it.

    Raises YogoError if no image can be read.
    """

    def __init__(
        self,
        pictures: Pictures,
        known: Bits,
        asked: int | str | None,
        *,
        notice: Callable[[str], None],
        tell: Callable[[str], None],
    ) -> None:
        """`notice` receives a warning if the depth is not known, `tell` receives the depth."""
        self._pictures, self._known, self._asked, self._notice, self._tell = pictures, known, asked, notice, tell
        self._lock = threading.Lock()
        self._decided: tuple[Bits] | None = None

    def __call__(self) -> Bits:
        with self._lock:
            if self._decided is None:
                self._decided = (self._decide(),)
        return self._decided[0]

    def _decide(self) -> Bits:
        bits = reading_depth(self._pictures.depth, self._known, self._asked)
        if bits is None:
            self._notice(
                "of images of 16 bits per value the upper 8 are read, as the weights were trained "
                "(--image-bits auto reads them at their real range)"
            )
        elif not isinstance(self._asked, int):
            self._tell(f"images of more than 8 bits per value are read as {bits} bits (0 to {2**bits - 1:,})")
        return bits
