"""An export marks the files that it writes, and replaces only files with that mark."""

from __future__ import annotations

import contextlib
from pathlib import Path
from xml.etree import ElementTree

MADE_BY, MAKER = "made_by", "yogo export"


def not_ours(onnx: Path, *, openvino: bool) -> list[str]:
    """Names of the files in the way of the export that an export did not write."""
    there = [onnx] if onnx.exists() and not _is_our_onnx(onnx) else []
    xml = onnx.with_suffix(".xml")
    if openvino and not _is_our_ir(xml):
        there += [path for path in (xml, xml.with_suffix(".bin")) if path.exists()]
    return [path.name for path in there]


def _is_our_onnx(path: Path) -> bool:
    with contextlib.suppress(Exception):  # whatever is there, it is not ours
        import onnx

        return any((one.key, one.value) == (MADE_BY, MAKER) for one in onnx.load(str(path)).metadata_props)
    return False


def _is_our_ir(xml: Path) -> bool:
    with contextlib.suppress(OSError, ElementTree.ParseError):
        found = ElementTree.parse(xml).getroot().find(f"rt_info/{MADE_BY}")
        return found is not None and found.get("value") == MAKER
    return False
