"""Changes values in a YAML file that a person wrote, and leaves every other byte as it is.

A library that rewrites the whole file would rewrap its lines and reformat its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from yogo.files import yaml12
from yogo.files.yaml12 import YamlError

Value = str | bool | int | float | tuple[str | int | float, ...]

_PLAIN = re.compile(r"[A-Za-z](?:[\w ,.()/+-]*[\w.)])?")
_RESERVED = {"true", "false", "null"}


def edited(text: str, values: Mapping[str, Value]) -> str:
    """`text`, a map, with these values at its top level: replaced in place, or added at the end.

    Raises YamlError if that would change anything else (for example values shared by an alias).
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
    found = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return all(found.get(name) == value for name, value in values.items())


def _replaced(text: str, key: Node, node: Node, value: Value) -> str:
    start: int = node.start_mark.index
    end: int = node.end_mark.index
    colon = text.index(":", key.end_mark.index) + 1
    if start == end:  # an empty value is said to be where the next thing is
        start = end = colon
    elif isinstance(node, SequenceNode) and not node.flow_style:  # so is the end of a list, a line for each
        start, end = start if text[colon:start].strip() else colon, node.value[-1].end_mark.index
    old = text[start:end]
    # What follows a value on its line, such as a comment, would become part of a multi-line text.
    rest = text[end:].partition("\n")[0]
    new = _written(value, may_break=not rest.strip() or old.endswith("\n"))
    return text[:start] + " " * (start == colon) + new + "\n" * old.endswith("\n") + text[end:]


def _written(value: Value, may_break: bool = True) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value, may_break)
        case tuple():
            return f"[{', '.join(map(_listed, value))}]"
    return repr(value)


def _listed(value: str | int | float) -> str:
    """As one of a list in brackets, where a comma begins the next one."""
    if not isinstance(value, str):
        return repr(value)
    return quoted(value) if "," in value else _text(value, may_break=False)


def _text(value: str, may_break: bool) -> str:
    lines = value.split("\n")
    if may_break and len(lines) > 1 and value == value.strip() and all(line.isprintable() for line in lines):
        return "|-\n" + "\n".join(f"  {line}" if line else "" for line in lines)
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED and value.isprintable():
        return value
    return quoted(value)


def quoted(value: str) -> str:
    """A text in quotes."""
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return "\\n" if character == "\n" else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
