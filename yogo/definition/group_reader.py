"""Reads what a definition file says of groups: for all folders (`group_pattern`), for some by their labels (`folders`),
or on an entry itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, Protocol

from yogo.definition.group_rule import NO_GROUPS, GroupRule
from yogo.text.wording import counted, meant, shown

RULE_KEYS = ("group", "group_pattern")


class Say(Protocol):
    def __call__(self, message: str, *place: object, severity: Literal["error", "warning"] = "error") -> None: ...


class Unknown(Protocol):
    def __call__(self, data: dict[Any, Any], known: tuple[str, ...], *place: object) -> None: ...


class GroupReader:
    """`say` reports what is wrong at a place of the file, and `unknown` the keys that are not known."""

    def __init__(self, say: Say, unknown: Unknown, data: dict[Any, Any]) -> None:
        self._say = say
        self._unknown = unknown
        self.whole = GroupRule(pattern=self._pattern(data, "group_pattern"))
        """For all folder pairs that have no rule of their own."""

        self.shared = tuple(self._shared(data.get("shared_groups")))
        self._rules = dict(self._of_folders(data.get("folders")))
        self._used: set[str] = set()
        self._labels: list[str] = []
        self._inside: list[tuple[object, ...]] = []
        """Folder pairs that have a third key."""

    def of_entry(self, label: str, value: dict[Any, Any], *place: object) -> GroupRule:
        """The rule for one entry of dataset_paths or test_paths; none if it is that of all."""
        rule = self._rule(value, *place)
        self._labels.append(label)
        if rule and "defn_path" not in value:
            self._inside.append(place)
        if label not in self._rules:
            return rule
        self._used.add(label)
        if rule:
            self._say(f"The group of {shown(label)} is given here and below folders: give it once", *place)
        return rule or self._rules[label]

    def end(self) -> None:
        """Report what can be known once all entries were read."""
        for label in self._rules.keys() - self._used:
            near = meant(label, self._labels)
            self._say(
                f"folders names {shown(label)}, which is in neither dataset_paths nor test_paths. {near}", "folders"
            )
        if self._inside:
            pairs = counted(len(self._inside), "folder pair", "has")
            self._say(
                f"{pairs} a group, which published yogo refuses to read. Where both are to read the file, give it "
                "below folders, by the pair's label",
                *self._inside[0],
                severity="warning",
            )

    def _of_folders(self, given: object) -> Iterator[tuple[str, GroupRule]]:
        if given is None:
            return
        if not isinstance(given, dict):
            self._say(f"folders is {shown(given)}; a map of labels to what is known of them is expected", "folders")
            return
        for label, value in given.items():
            if not isinstance(value, dict):
                what = "a map with group or group_pattern is expected"
                self._say(f"folders has {shown(value)} for {shown(label)}; {what}", "folders", label)
                continue
            self._unknown(value, RULE_KEYS, "folders", label)
            yield str(label), self._rule(value, "folders", label)

    def _rule(self, value: dict[Any, Any], *place: object) -> GroupRule:
        if not any(key in value for key in RULE_KEYS):
            return NO_GROUPS
        return GroupRule(self._name(value, *place), self._pattern(value, *place, "group_pattern"))

    def _name(self, value: dict[Any, Any], *place: object) -> str:
        return self._word(value["group"], "group", *place, "group") if "group" in value else ""

    def _word(self, given: object, what: str, *place: object) -> str:
        if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
            self._say(f"{what} is {shown(given)}; a name is expected, in quotes if it looks like a number", *place)
            return ""
        return str(given)

    def _pattern(self, value: dict[Any, Any], *place: object) -> str:
        given = value.get("group_pattern")
        if "group_pattern" not in value:
            return ""
        if not isinstance(given, str) or not given:
            self._say(f"group_pattern is {shown(given)}; a regular expression in quotes is expected", *place)
            return ""
        try:
            re.compile(given)
        except (re.error, OverflowError, RecursionError) as error:
            self._say(f"group_pattern {shown(given)} is no regular expression: {error}", *place)
            return ""
        return given

    def _shared(self, given: object) -> Iterator[str]:
        if given is None:
            return
        if not isinstance(given, list):
            self._say(f"shared_groups is {shown(given)}; a list of groups is expected", "shared_groups")
            return
        for index, name in enumerate(given):
            if word := self._word(name, "A shared group", "shared_groups", index):
                yield word
