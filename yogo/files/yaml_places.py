"""Sets or removes one value anywhere in a YAML file that a person wrote, and leaves every other byte as it is.

A place is the way to a value through maps and lists: ("sizes", 0, "hours").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from yogo.files import yaml12
from yogo.files.yaml12 import YamlError
from yogo.files.yaml_edit import quoted

Place = tuple[str | int, ...]

_WIDTH = 110
_PLAIN = re.compile(r"[\w./~+-](?:[\w ./+@=-]*[\w./+=-])?")


def with_value(text: str, place: Place, value: Any) -> str:
    """`text`, whose root is a map, with this value at `place`: replaced, or added to the map or list that it is in.

    Where `text` has nothing there yet, it is added below its commented-out example (`#name: ...`), else at the end.
    Raises YamlError if that would change anything else (for example values shared by an alias).
    """
    document, value = yaml12.parse(text), [*value] if isinstance(value, tuple) else value
    path = [*_nodes(document.root, place)]
    depth = len(path) - 1
    if depth == len(place):
        new = _replaced(text, path, value)
    else:
        for step in reversed(place[depth + 1 :]):
            value = {step: value} if isinstance(step, str) else [value]
        place = place[: depth + 1]
        empty = depth > 0 and not isinstance(path[-1][1], CollectionNode)
        if empty:
            value, place = {place[-1]: value} if isinstance(place[-1], str) else [value], place[:-1]
        new = _replaced(text, path, value) if empty else _added(text, path[-1][1], place[-1], value)
    return _checked(new, _put(document.data, place, value))


def without(text: str, place: Place) -> str:
    """`text` without the value at `place`, its key and the comment behind it; as it is if there is none. Raises
    YamlError."""
    document = yaml12.parse(text)
    path = [*_nodes(document.root, place)]
    if len(path) <= len(place):
        return text
    parent, (key, node) = path[-2][1], path[-1]
    assert isinstance(parent, CollectionNode)
    assert node is not None
    if len(parent.value) == 1 and len(place) > 1:
        empty: Any = {} if isinstance(parent, MappingNode) else []
        return with_value(text, place[:-1], empty)
    new = _cut_from_line(text, parent, node) if parent.flow_style else _cut_lines(text, parent, key, node)
    return _checked(new, _put(document.data, place, _GONE))


_GONE = object()


def _nodes(root: Node | None, place: Place) -> Iterator[tuple[Node | None, Node | None]]:
    """The root and the nodes on the way to `place`, as far as they exist, each with its key."""
    node: Node | None = root
    yield None, node
    for step in place:
        found: tuple[Node | None, Node] | None = None
        if isinstance(node, MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = None, node.value[step]
        if found is None:
            return
        node = found[1]
        yield found


def _put(data: Any, place: Place, value: Any) -> Any:
    """A copy of `data` with the value at `place`; without it for _GONE."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(step, int):
        items = [*data] if isinstance(data, list) else []
        if rest or value is not _GONE:
            items[step : step + 1] = [_put(items[step] if step < len(items) else None, rest, value)]
        else:
            del items[step]
        return items
    copy = {**data} if isinstance(data, dict) else {}
    if rest or value is not _GONE:
        copy[step] = _put(copy.get(step), rest, value)
    else:
        del copy[step]
    return copy


def _checked(text: str, expected: Any) -> str:
    try:
        found = yaml12.parse(text).data
    except YamlError:
        found = _GONE
    if (found or {}) != (expected or {}):
        raise YamlError("This file is written in a way that only a person can edit (aliases, or unusual line breaks)")
    return text


def _end(text: str, node: Node) -> int:
    """Where the node's own text ends, without the blank lines and comments below it."""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        if not isinstance(last, tuple):
            return max(_end(text, last), text.rfind("-", 0, last.start_mark.index + 1) + 1)
        key, value = last
        return _colon(text, key) if value.start_mark.index == value.end_mark.index else _end(text, value)
    end: int = node.end_mark.index
    return len(text[:end].rstrip()) if isinstance(node, ScalarNode) and node.style in ("|", ">") else end


def _colon(text: str, key: Node) -> int:
    return text.index(":", key.end_mark.index) + 1


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found


def _replaced(text: str, path: list[tuple[Node | None, Node | None]], value: Any) -> str:
    parent, (key, node) = path[-2][1], path[-1]
    assert isinstance(parent, CollectionNode)
    assert node is not None
    start, end = node.start_mark.index, _end(text, node)
    if key is None:
        return text[:start] + in_line(value) + text[end:]
    colon = _colon(text, key)
    if start == node.end_mark.index:  # an empty value is said to be where the next thing is
        start = end = colon
    is_block = isinstance(node, CollectionNode) and not node.flow_style and not text[colon:start].strip()
    if is_block or (not parent.flow_style and _is_long(value)):
        start = colon
    new = in_line(value) if parent.flow_style else _written(value, key.start_mark.column)
    return text[:start] + " " * (start == colon and not new.startswith("\n")) + new + text[end:]


def _added(text: str, parent: Node | None, step: str | int, value: Any) -> str:
    item = in_line(value) if isinstance(step, int) else f"{in_line(step)}: {in_line(value)}"
    if isinstance(parent, CollectionNode) and parent.flow_style:
        if parent.value:
            last = parent.value[-1]
            last = last[1] if isinstance(last, tuple) else last
            end = last.end_mark.index
            return f"{text[:end]}, {item}{text[end:]}"
        end = parent.end_mark.index - 1
        return text[:end] + item + text[end:]
    if isinstance(parent, SequenceNode):
        return _below(text, _end(text, parent), f"{' ' * parent.start_mark.column}- {item}\n")
    column = parent.value[0][0].start_mark.column if isinstance(parent, MappingNode) else 0
    shown = _written(value, column)
    line = f"{' ' * column}{in_line(step)}:{'' if shown.startswith(chr(10)) else ' '}{shown}\n"
    if parent is None or not parent.start_mark.index or not column:
        return _at_top(text, str(step), line)
    return _below(text, _end(text, parent), line)


def _below(text: str, index: int, line: str) -> str:
    end = _line_end(text, index)
    before = text[:end] + "\n"
    return before + line + text[end + 1 :]


def _at_top(text: str, name: str, line: str) -> str:
    example = re.search(rf"^#{re.escape(name)}:.*(?:\n#(?! ).+)*", text, re.MULTILINE)
    if example:
        return _below(text, example.end(), line)
    return text + "\n" * bool(text and not text.endswith("\n")) + line


def _cut_from_line(text: str, parent: CollectionNode, node: Node) -> str:
    """Without an entry of a list in brackets or a map in braces."""
    spans = [
        (one[0].start_mark.index, one[1].end_mark.index)
        if isinstance(one, tuple)
        else (one.start_mark.index, one.end_mark.index)
        for one in parent.value
    ]
    of = [one[1] if isinstance(one, tuple) else one for one in parent.value].index(node)
    start, end = spans[of]
    if of + 1 < len(spans):
        return text[:start] + text[spans[of + 1][0] :]
    return text[: spans[of - 1][1] if of else start] + text[end:]


def _cut_lines(text: str, parent: CollectionNode, key: Node | None, node: Node) -> str:
    """Without the lines of an entry of a map or a list."""
    first = key.start_mark.index if key is not None else text.rindex("-", 0, node.start_mark.index + 1)
    end = _end(text, node) if key is None or node.start_mark.index != node.end_mark.index else _colon(text, key)
    line = text.rfind("\n", 0, first) + 1
    if text[line:first].strip():  # it stands behind the dash of a list: the next key takes its place
        keys = [one[0] for one in parent.value]
        return text[:first] + text[keys[keys.index(key) + 1].start_mark.index :]
    return text[:line] + text[_line_end(text, end) + 1 :]


def _is_long(value: Any) -> bool:
    if not isinstance(value, list | tuple) or not value:
        return False
    return any(isinstance(one, dict) for one in value) or len(in_line(value)) > _WIDTH


def _written(value: Any, column: int) -> str:
    """As the value of a key in this column: long lists have a line for each entry."""
    if not _is_long(value):
        return in_line(value)
    return "".join(f"\n{' ' * column}- {in_line(one)}" for one in value)


def in_line(value: Any) -> str:
    """A value on one line, as it can stand anywhere."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{in_line(name)}: {in_line(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(in_line, value))}]"
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and yaml12.parse(value).data == value
        return value if is_plain else quoted(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)
