"""Names what is found in place of a text file: a folder, a pipe, an image, a pointer to a file that was not fetched.

Only regular files are opened: opening a named pipe would wait for a writer, and a device never ends.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from io import BufferedReader

_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_LFS = "a pointer of Git LFS, not the file itself: `git lfs pull` fetches that"
_ANNEX = "a pointer of git-annex, not the file itself: `git annex get` fetches that"
_UTF_16 = "text in UTF-16, as some editors on Windows save it: save it as UTF-8"
_BEGINNINGS = (
    (b"version https://git-lfs", _LFS),
    (b"/annex/objects/", _ANNEX),
    (b"../.git/annex/", _ANNEX),
    (b"\xff\xfe\0\0", "text in UTF-32: save it as UTF-8"),
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive, or an Office document: save it as plain text"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "a document in RTF: save it as plain text"),
    (b"\x89HDF", "an HDF5 file"),
)
_MARKUP = (
    (re.compile(rb"\s*<(!doctype )?html", re.IGNORECASE), "a web page, such as a download that was refused"),
    (re.compile(rb"\s*(<\?xml|<annotation)", re.IGNORECASE), "XML, as Pascal VOC has it: export in the format YOLO"),
)
_JSON = (re.compile(rb"\s*[{\[]\s*[\"{\[\]}]"), "JSON, as COCO and labelme have it: export in the format YOLO")


def no_file(found: os.stat_result) -> str:
    """What is at `path` if it is not a regular file, such as `a named pipe`; empty for a file."""
    mode = found.st_mode
    return next((what for test, what in _KINDS if test(mode)), "")


def opened(path: str | os.PathLike[str]) -> BufferedReader:
    """The regular file at `path`, open for reading. Raises OSError, also for anything that is not a regular file."""
    if what := no_file(os.stat(path)):
        raise OSError(errno.EINVAL, f"this is {what}", os.fspath(path))
    return open(path, "rb")


def leads_nowhere(path: str | os.PathLike[str]) -> str:
    """`a link to X, which is not there`; empty if it is not such a link."""
    try:
        nowhere = os.path.islink(path) and not os.path.exists(path)
        return f"a link to {os.readlink(path)}, which is not there" if nowhere else ""
    except (OSError, ValueError):
        return ""


def foreign(data: bytes, *, allows_json: bool = False) -> str:
    """What these bytes are if they are not text meant for us; else empty."""
    for beginning, what in _BEGINNINGS:
        if data.startswith(beginning):
            return what
    head = data[:400]
    if head and not head.strip(b"\0"):
        return "nothing but zeros: it was not written to the end, or the disk failed"
    if b"\0" in head and head.count(b"\0") * 3 >= len(head):
        return _UTF_16
    if not allows_json and _JSON[0].match(head):
        return _JSON[1]
    return next((what for pattern, what in _MARKUP if pattern.match(head)), "")
