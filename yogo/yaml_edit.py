"""Changing values in a YAML file that a person wrote: everything else stays as it is, to the byte.

A library that reads and writes the whole file would wrap lines again and print numbers anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ruamel.yaml.nodes import MappingNode, Node

from yogo import yaml12
from yogo.yaml12 import YamlError

Value = str | bool | int | float | tuple[int | float, ...]

_PLAIN = re.compile(r"[A-Za-z](?:[\w ,.()/+-]*[\w.)])?")
_RESERVED = {"true", "false", "null"}


def edited(text: str, values: Mapping[str, Value]) -> str:
    """`text`, a map, with these values at its top level: replaced where they stand, else added at the end.

    Raises YamlError where that cannot be done without touching anything else (values shared by an alias, say).
    """
    root = yaml12.parse(text).root
    nodes: dict[str, tuple[Node, Node]] = {}
    if isinstance(root, MappingNode):
        nodes = {pair[0].value: pair for pair in root.value}
    for name, (key, node) in sorted(nodes.items(), key=lambda item: -item[1][0].start_mark.index):
        if name in values:
            text = _replaced(text, key, node, values[name])
    added = "".join(f"{name}: {_written(value)}\n" for name, value in values.items() if name not in nodes)
    text = text + "\n" * bool(added and text and not text.endswith("\n")) + added
    if not _says(text, values, len(nodes.keys() | values.keys())):
        raise YamlError("This file is written in a way that only a person can edit (aliases, or a map in braces)")
    return text


def _says(text: str, values: Mapping[str, Value], num_keys: int) -> bool:
    try:
        data = yaml12.parse(text).data
    except YamlError:
        return False
    if not isinstance(data, dict) or len(data) != num_keys:
        return False
    return all(_same(data.get(name), value) for name, value in values.items())


def _same(found: object, value: Value) -> bool:
    return (tuple(found) if isinstance(found, list) else found) == value


def _replaced(text: str, key: Node, node: Node, value: Value) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    if start == end:  # an empty value is said to be where the next thing is
        start = end = text.index(":", key.end_mark.index) + 1
    old = text[start:end]
    # What follows a value on its line, a comment say, would become part of a text of several lines.
    rest = text[end:].partition("\n")[0]
    new = _written(value, may_break=not rest.strip() or old.endswith("\n"))
    return text[:start] + " " * (not old) + new + "\n" * old.endswith("\n") + text[end:]


def _written(value: Value, may_break: bool = True) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value, may_break)
        case tuple():
            return f"[{', '.join(map(repr, value))}]"
    return repr(value)


def _text(value: str, may_break: bool) -> str:
    lines = value.split("\n")
    if may_break and len(lines) > 1 and value == value.strip() and all(line.isprintable() for line in lines):
        return "|-\n" + "\n".join(f"  {line}" if line else "" for line in lines)
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED and value.isprintable():
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return "\\n" if character == "\n" else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
