"""At how many bits inference reads pictures of more than 8: as the weights were trained, or as the pictures need."""

from __future__ import annotations

import threading
from collections.abc import Callable

from yogo.data.depth import Bits
from yogo.infer.pictures import Pictures


class Depth:
    """To be called for the bits, which are decided the first time that a picture needs them, and then told.

    The rule is that of yogo.data.headers.reading_depth. Raises YogoError where no picture can be looked at.
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
        """`notice` hears where the depth is not known, `tell` what it is."""
        self._pictures, self._known, self._asked, self._notice, self._tell = pictures, known, asked, notice, tell
        self._lock = threading.Lock()
        self._decided: tuple[Bits] | None = None

    def __call__(self) -> Bits:
        with self._lock:
            if self._decided is None:
                self._decided = (self._decide(),)
        return self._decided[0]

    def _decide(self) -> Bits:
        if isinstance(self._asked, int):
            return self._asked
        if self._asked is None and self._known is None:
            self._notice(
                "of pictures of 16 bits a value the upper 8 are read, as the weights were trained "
                "(--image-bits auto reads them at their real range)"
            )
            return None
        needed = self._pictures.depth()
        bits = needed if self._asked == "auto" or self._known is None else max(self._known, needed)
        self._tell(f"pictures of more than 8 bits a value are read as {bits} bits (0 to {2**bits - 1:,})")
        return bits
