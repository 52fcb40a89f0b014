"""Reads what a definition file says of its folders: groups of all (`group_pattern`), and groups and samples of some, by
their labels (`folders`) or on an entry itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from yogo.definition.entry_reader import Say, Unknown
from yogo.definition.group_rule import NO_GROUPS, GroupRule
from yogo.definition.role_reader import amount
from yogo.definition.roles import NO_SAMPLE, SampleFacts
from yogo.text.wording import counted, meant, shown

RULE_KEYS = ("group", "group_pattern")
SAMPLE_KEYS = ("sample", "target_per_microlitre")
FOLDER_KEYS = (*RULE_KEYS, *SAMPLE_KEYS)


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

    def of_entry(self, label: str, value: dict[Any, Any], *place: object) -> tuple[GroupRule, SampleFacts]:
        """Group and sample of one entry of dataset_paths or test_paths; the rule is none if it is that of all."""
        rule, sample = self._rule(value, *place), self._sample(value, *place)
        self._labels.append(label)
        if (rule or sample) and "defn_path" not in value:
            self._inside.append(place)
        below_rule, below_sample = self._rules.get(label, (NO_GROUPS, NO_SAMPLE))
        self._used.add(label)
        for what, here, below in (("group", rule, below_rule), ("sample", sample, below_sample)):
            if here and below:
                self._say(f"The {what} of {shown(label)} is given here and below folders: give it once", *place)
        if (sample or below_sample) and "defn_path" in value:
            what = "sample and target_per_microlitre belong to a folder pair: give them in the file that it names"
            self._say(f"{shown(label)} is a definition; {what}", *place)
        return rule or below_rule, sample or below_sample

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
                f"{pairs} a group or a sample, which published yogo refuses to read. Where both are to read the file, "
                "give it below folders, by the pair's label",
                *self._inside[0],
                severity="warning",
            )

    def _of_folders(self, given: object) -> Iterator[tuple[str, tuple[GroupRule, SampleFacts]]]:
        if given is None:
            return
        if not isinstance(given, dict):
            self._say(f"folders is {shown(given)}; a map of labels to what is known of them is expected", "folders")
            return
        for label, value in given.items():
            if not isinstance(value, dict):
                what = f"a map with {', '.join(FOLDER_KEYS[:-1])} or {FOLDER_KEYS[-1]} is expected"
                self._say(f"folders has {shown(value)} for {shown(label)}; {what}", "folders", label)
                continue
            self._unknown(value, FOLDER_KEYS, "folders", label)
            yield str(label), (self._rule(value, "folders", label), self._sample(value, "folders", label))

    def _rule(self, value: dict[Any, Any], *place: object) -> GroupRule:
        if not any(key in value for key in RULE_KEYS):
            return NO_GROUPS
        return GroupRule(self._name(value, *place), self._pattern(value, *place, "group_pattern"))

    def _sample(self, value: dict[Any, Any], *place: object) -> SampleFacts:
        name = self._word(value["sample"], "sample", *place, "sample") if "sample" in value else ""
        given = value.get("target_per_microlitre")
        known = amount(given)
        if "target_per_microlitre" in value and known is None:
            what = "a number of 0 or more is expected"
            self._say(f"target_per_microlitre is {shown(given)}; {what}", *place, "target_per_microlitre")
        return SampleFacts(name, known)

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
