"""Reads XML files part by part, each with its line. Entities are refused: they can fill the memory, or read files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from yogo.errors import LabelsError
from yogo.files.foreign import foreign, opened
from yogo.formats.labelled import SourcePlace

_CHUNK = 1 << 16
_DEEPEST = 50
_XML_TOO = "XML"


@dataclass(slots=True)
class XmlElement:
    tag: str
    attributes: dict[str, str]
    place: SourcePlace
    text: str = ""
    parts: list[XmlElement] = field(default_factory=list)

    def part(self, tag: str) -> XmlElement | None:
        return next((part for part in self.parts if part.tag == tag), None)

    def said(self, tag: str) -> str:
        """The text of the first part of that name; empty where there is none."""
        found = self.part(tag)
        return found.text.strip() if found else ""

    def all(self, *tags: str) -> Iterator[XmlElement]:
        """Those at the end of a way down: `all("labels", "label")`."""
        first, *rest = tags
        for part in self.parts:
            if part.tag == first:
                yield from part.all(*rest) if rest else (part,)


def root_of(path: Path) -> str:
    """The name of the outermost element. Raises LabelsError, OSError."""
    for element in _elements(path, None):
        return element.tag
    return ""


def parts_of(path: Path, root: str) -> Iterator[XmlElement]:
    """The elements directly below the outermost, which must be a `root`. Raises LabelsError with file and line."""
    elements = _elements(path, root)
    next(elements, None)
    yield from elements


def _elements(path: Path, root: str | None) -> Iterator[XmlElement]:
    """First the outermost element, still without its parts, then each part of it as soon as it is read."""
    reader = _XmlReader(path, root)
    with opened(path) as file:
        head = file.peek(400)[:400]
        odd = foreign(head, allows_json=False)
        if odd and not odd.startswith((_XML_TOO, "text in UTF-16")):
            raise LabelsError(f"{path}: This is not XML but {odd}")
        while chunk := file.read(_CHUNK):
            yield from reader.take(chunk, is_last=False)
        yield from reader.take(b"", is_last=True)


class _XmlReader:
    def __init__(self, path: Path, root: str | None) -> None:
        self._path = path
        self._root = root
        self._stack: list[XmlElement] = []
        self._ready: list[XmlElement] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse

    def take(self, chunk: bytes, *, is_last: bool) -> list[XmlElement]:
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            place = SourcePlace(self._path, error.lineno)
            if is_last:
                raise place.error(
                    "The file ends too early: it was cut short. Export it again, or copy it again"
                ) from error
            raise place.error(f"This is not XML: {expat.ErrorString(error.code)}") from error
        except (LookupError, ValueError) as error:  # an encoding that Python does not have
            raise SourcePlace(self._path, 1).error(f"This XML cannot be read: {error}") from error
        ready, self._ready = self._ready, []
        return ready

    def _here(self) -> SourcePlace:
        return SourcePlace(self._path, self._parser.CurrentLineNumber)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        element = XmlElement(tag, attributes, self._here())
        if not self._stack:
            if self._root is not None and tag != self._root:
                raise element.place.error(f"The outermost element is <{tag[:60]}>; <{self._root}> is expected")
            self._ready.append(XmlElement(tag, attributes, element.place))
        elif len(self._stack) > _DEEPEST:
            raise element.place.error("This is nested too deeply to be read")
        elif len(self._stack) > 1:
            self._stack[-1].parts.append(element)
        self._stack.append(element)

    def _end(self, _: str) -> None:
        element = self._stack.pop()
        if len(self._stack) == 1:
            self._ready.append(element)

    def _data(self, text: str) -> None:
        if len(self._stack) > 1:
            self._stack[-1].text += text

    def _refuse(self, *_: object) -> int:
        raise self._here().error("This XML declares entities, which labels do not need and which are not read")
