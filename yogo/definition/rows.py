"""Why a row of a label file cannot be read, in words: what most likely wrote it, and what to do."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from yogo.text.wording import counted

_EXPECTED = "class, x_centre, y_centre, width, height are expected"
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])-?\d+,\d+(?![\w.,])")
_PICTURE = re.compile(r"\.(png|jpe?g|tiff?|bmp)\s*$", re.IGNORECASE)


def odd_row(line: str, words: Sequence[str]) -> str:
    """For a row with too few or too many values. `line` is the row as written, `words` are its values."""
    begin = f"This row has {counted(len(words), 'value')}; {_EXPECTED}"
    if hint := _separators(line):
        return f"{begin}. {hint}"
    if _PICTURE.search(line):
        return f"This row is the name of an image; {_EXPECTED}. Is this a list of images, as CVAT and darknet write?"
    if all(map(is_number, words)):
        hint = _numbers(len(words))
    return f"{begin}{hint}"


def odd_numbers(line: str, words: Sequence[str]) -> str:
    """For a row with other values where numbers should be."""
    row, hint = " ".join(words)[:80], _separators(line)
    return f"x_centre, y_centre, width and height must be numbers; this row is {row!r}{hint and f'. {hint}'}"


def odd_box(line: str, box: Sequence[float], edge: float) -> str:
    """For an impossible box."""
    width, height = box[2:]
    values = ", ".join(f"{value:g}" for value in box)
    begin = f"The box {values} (x_centre, y_centre, width, height) is impossible"
    rule = "all four are fractions of the frame"
    if not all(map(math.isfinite, box)):
        return f"{begin}: {rule}, and none may be nan or inf"
    if hint := _separators(line):
        return f"{begin}: {rule}. {hint}"
    if width < 0 or height < 0:
        return f"{begin}: {rule}, and width and height must not be below 0"
    if max(box) > 2:
        unit = "per cent or pixels" if max(box) <= 100 else "pixels"
        return f"{begin}: {rule}, and these look like {unit}: divide by the image's width and height"
    if max(width, height) > 1 + edge:
        return f"{begin}: {rule}, and this is larger than the whole image"
    return f"{begin}: {rule}, and its centre is outside the image by more than a pixel"


def is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _separators(line: str) -> str:
    """A hint about semicolons and decimal commas."""
    commas = len(_DECIMAL_COMMA.findall(line)) >= 2 or (line.count(",") >= 7 and "." not in line)
    if ";" in line:
        return f"Its values are separated by semicolons{' and have decimal commas' if commas else ''}: {_WRITE}"
    return f"Its numbers have decimal commas: {_WRITE}" if commas else ""


_WRITE = "write decimal points, and spaces between the values"


def _numbers(number: int) -> str:
    if number == 4:
        return ". Is the class missing?"
    if number == 6:
        return ". Is the sixth a confidence? Then these are predictions: leave that column out"
    if number >= 7 and number % 2:
        points = (number - 1) // 2
        hint = "export boxes, or have `yogo labels convert` make them"
        return f". This looks like an outline of {points} points (a polygon, segmentation): {hint}"
    return ""
