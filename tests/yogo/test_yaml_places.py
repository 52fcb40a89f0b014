"""Single values in a YAML file are set and removed, and every line around them stays as it was."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import pytest

from yogo.files import yaml12
from yogo.files.yaml12 import YamlError
from yogo.files.yaml_places import Place, with_value, without

TEXT = """\
# head
partition: gpu   # ours

# about definitions
definitions:
- a
- b   # second

# about runs
runs: [x, y]
setup:
  - module load cuda
  - |
    if true; then
      x
    fi

# sizes
sizes:
- {gpus: 1, cpus: 8, hours: 2, template: 1gpu.sbatch}
- gpus: 4   # many
  cpus: 32
  # the template
  template: 4gpu.sbatch

hosts:
  - name: lab
    login: me@x
account:
wandb: auto
# the end
"""


def places(data: Any, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in entries:
        yield from places(value, (*place, step))


def at(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data


def changes(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


VALUES: list[Any] = ["x, y", "010", 2.5, None, ["a", "b: c"], [{"gpus": True, "name": ""}, {"a": "it's"}]]


@pytest.mark.parametrize("text", [TEXT, "{partition: gpu, sizes: [{gpus: 1, name: a}], runs: []}\n"])
def test_every_value_can_be_replaced_and_removed(text: str) -> None:
    data = yaml12.parse(text).data
    for place in places(data):
        for value in VALUES:
            new = with_value(text, place, value)
            assert at(yaml12.parse(new).data, place) == value
            assert all(line.removeprefix("- ") in text for line in changes(text, new) if line.startswith("- "))
        gone = yaml12.parse(without(text, place)).data
        assert at(gone, place[:-1]) != at(data, place[:-1])


def test_comments_and_order_stay() -> None:
    assert changes(TEXT, with_value(TEXT, ("partition",), "big")) == [
        "- partition: gpu   # ours",
        "+ partition: big   # ours",
    ]
    assert changes(TEXT, with_value(TEXT, ("sizes", 0, "hours"), 3)) == [
        "- - {gpus: 1, cpus: 8, hours: 2, template: 1gpu.sbatch}",
        "+ - {gpus: 1, cpus: 8, hours: 3, template: 1gpu.sbatch}",
    ]
    assert changes(TEXT, with_value(TEXT, ("sizes", 1, "hours"), 3)) == ["+   hours: 3"]
    assert changes(TEXT, with_value(TEXT, ("hosts", 1), {"name": "b", "login": "c"})) == [
        "+   - {name: b, login: c}",
    ]
    assert changes(TEXT, without(TEXT, ("sizes", 1, "gpus"))) == [
        "- - gpus: 4   # many",
        "-   cpus: 32",
        "+ - cpus: 32",
    ]
    assert changes(TEXT, without(TEXT, ("definitions", 1))) == ["- - b   # second"]
    assert without(TEXT, ("nothing",)) == TEXT


def test_a_new_value_comes_below_its_commented_example_else_at_the_end() -> None:
    text = "# help\n#partition: gpu\n\n# help\n#sizes:\n#- {a: 1}\n#- {b: 2}\n\n# more\n#last: 1"
    assert with_value(text, ("partition",), "big") == text.replace("gpu\n", "gpu\npartition: big\n")
    assert with_value(text, ("sizes",), [{"a": 1}]) == text.replace("2}\n", "2}\nsizes:\n- {a: 1}\n")
    assert with_value(text, ("last",), 2) == f"{text}\nlast: 2\n"
    assert with_value(text, ("other", 0), "/data/lab") == f"{text}\nother: [/data/lab]\n"
    assert with_value("", ("a", "b"), 1) == "a: {b: 1}\n"


@pytest.mark.parametrize("text", ["a: &x [1]\nb: *x\n", "- 1\n"])
def test_what_would_change_more_than_asked_is_refused(text: str) -> None:
    with pytest.raises(YamlError):
        with_value(text, ("a", 0), 2)
