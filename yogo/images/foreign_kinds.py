"""Names the type of a file that is not a supported image, by its first bytes."""

from __future__ import annotations

_BEGINNINGS = {
    b"GIF8": "a GIF image",
    b"BM": "a BMP image",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 image",
    b"\xff\x0a": "a JPEG XL image",
    b"\0\0\0\x0cJXL ": "a JPEG XL image",
    b"8BPS": "a Photoshop image",
    b"%PDF": "a PDF document",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML document",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"PK\x03\x04": "a zip file",
    b"\x1f\x8b": "a gzip file",
    **{b"P%d\n" % number: "a PNM image" for number in range(1, 8)},
}
_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"avif": "AVIF"}


def kind_of(data: bytes) -> str | None:
    """The type in a few words, with an article; None if it is unknown."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "a WebP image"
    if data[4:8] == b"ftyp" and data[8:12] in _BRANDS:
        return f"an image in {_BRANDS[data[8:12]]}"
    text = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for begin, kind in _BEGINNINGS.items():
        if data.startswith(begin) or text.startswith(begin):
            return kind
    return None
