"""The list of runs in groups: by chain, by the first tag, or by what a column of text says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.errors import ConsoleError
from yogo_tui.listing.columns import find
from yogo_tui.runs.model import Run

Key = Callable[[Run, "Seen"], str]

_COLUMNS = ("sweep", "state", "kind", "data", "recipe", "parent", "model", "title")


@dataclass(frozen=True, slots=True)
class Seen:
    """All runs there are, and when that was."""

    by_path: Mapping[str, Run]
    parents: frozenset[str]
    """Paths of those that others started from."""

    now: datetime


@dataclass(frozen=True, slots=True)
class Grouping:
    name: str
    help: str
    key: Key
    """What the runs of a group have in common; empty if a run belongs to none."""

    none: str
    """What those are called that belong to none."""

    is_of_runs: bool = False
    """Whether what they have in common is the path of a run."""

    is_tree: bool = False
    """Whether the runs of a group are drawn as a tree: each below the one whose weights it started from."""


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    runs: tuple[Run, ...]
    title: str = ""
    """What the list shows in place of the name."""

    branches: tuple[str, ...] = ()
    """What is drawn before the name of each run, where the group is a tree."""

    @property
    def drawn(self) -> dict[str, str]:
        """What is drawn before a run's name, by the run's key."""
        return {run.key: branch for run, branch in zip(self.runs, self.branches, strict=False) if branch}

    def __str__(self) -> str:
        """Such as "paper · 3 runs"."""
        return f"{printable(self.title or self.name)} · {counted(len(self.runs), 'run')}"


def groupings() -> Mapping[str, Grouping]:
    """All that the list can be grouped by, by name."""
    of_columns = (_by_column(name) for name in _COLUMNS)
    known = (
        Grouping(
            "chain", "a run, and what was fine-tuned from it", _chain, "in no chain", is_of_runs=True, is_tree=True
        ),
        Grouping("tag", "the first of a run's tags", lambda run, _: (*run.tags, "")[0], "no tag"),
        *of_columns,
    )
    return {one.name: one for one in known}


def grouping(name: str) -> Grouping:
    """Raises ConsoleError if there is none of this name."""
    known = groupings()
    if name not in known:
        raise ConsoleError(f'Runs cannot be grouped by "{name}", only by {", ".join(known)}.')
    return known[name]


def grouped(runs: Iterable[Run], by: Grouping, seen: Iterable[Run], now: datetime) -> tuple[Group, ...]:
    """The runs in groups: each where its first run stands, and those that belong to none last. In a group they stay in
    the order that they had. `seen` are all runs there are."""
    by_path = {str(run.path): run for run in seen if run.path}
    all_seen = Seen(by_path, frozenset(map(_parent, by_path.values())), now)
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(by.key(run, all_seen), []).append(run)
    rest = found.pop("", None)
    groups = [_group(key, tuple(some), by, all_seen) for key, some in found.items()]
    return (*groups, *([Group(by.none, tuple(rest))] if rest else ()))


def _group(key: str, runs: tuple[Run, ...], by: Grouping, seen: Seen) -> Group:
    first = seen.by_path.get(key) if by.is_of_runs else None
    name, title = key.rpartition("/")[2] if by.is_of_runs else key, first.title if first else ""
    tree = _tree(runs) if by.is_tree else [(run, "") for run in runs]
    return Group(name, tuple(run for run, _ in tree), title, tuple(branch for _, branch in tree))


def _tree(runs: tuple[Run, ...]) -> list[tuple[Run, str]]:
    """The runs, each below the one it started from, and what is drawn before its name. Runs that name each other as
    parents are drawn below none."""
    paths, behind = {str(run.path) for run in runs}, dict[str, list[Run]]()
    for run in runs:
        parent = _parent(run)
        behind.setdefault(parent if parent in paths and parent != str(run.path) else "", []).append(run)
    drawn = list(_below("", "", behind))
    known = {run.key for run, _ in drawn}
    return [*drawn, *((run, "") for run in runs if run.key not in known)]


def _below(parent: str, before: str, behind: Mapping[str, list[Run]]) -> Iterator[tuple[Run, str]]:
    """All that started from the run of this path, with `before` drawn before the sign of a branch."""
    some = behind.get(parent, [])
    for number, run in enumerate(some, 1):
        is_last = number == len(some)
        yield run, f"{before}{'└ ' if is_last else '├ '}" if parent else ""
        inner = f"{before}{'  ' if is_last else '│ '}" if parent else ""
        yield from _below(str(run.path), inner, behind)


def _by_column(name: str) -> Grouping:
    column = find(name)

    def key(run: Run, seen: Seen) -> str:
        return (_parent(run) if name == "parent" else "") or str(column.value(run, seen.now) or "")

    return Grouping(name, column.help, key, f"no {name}", is_of_runs=name == "parent")


def _chain(run: Run, seen: Seen) -> str:
    """The path of the first run of its chain; empty for one that neither has a parent nor is one."""
    first, known = str(run.path), {str(run.path)}
    while (path := _parent(seen.by_path.get(first, run))) and path not in known:
        known.add(path)
        first = path
        if path not in seen.by_path:
            break
    return first if first != str(run.path) or first in seen.parents else ""


def _parent(run: Run) -> str:
    """The path of the run whose weights it started from; empty if there is none."""
    if run.launch and run.launch.parent:
        return run.launch.parent.run or ""
    pretrained = run.manifest.pretrained if run.manifest else None
    return pretrained.rpartition("/")[0] if pretrained else ""
