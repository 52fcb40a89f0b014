"""What nobody needs on the disk: what counts as that, what never does, and its removal."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_runs import finished_run
from tests.yogo.training.tiny import write_dataset
from tests.yogo_tui.fake_session import FakeSession, make_run, see, until
from tests.yogo_tui.lab import in_force
from tests.yogo_tui.test_screens_runs import console, lines_of
from yogo.datasets.cache import DecodedCache, open_cache
from yogo.definition import DatasetDefinition, Splits, split
from yogo.definition.record import DataRecord
from yogo.run.directory import RunDirectory
from yogo.run.holder import this_process
from yogo.run.result import Result
from yogo_tui.cli import main
from yogo_tui.hosts.base import Question, silent
from yogo_tui.questions.leftovers import FindLeftovers, LeftoverKind, Leftovers, RemoveLeftovers, UnneededFile
from yogo_tui.session.cleaning import said_of

DAYS = 2 * 86_400


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    (tmp_path / "caches/yogo").mkdir(parents=True)
    return tmp_path / "caches/yogo"


def of_leftovers(folder: Path) -> list[Question[Any]]:
    """One of each kind, which changes nothing."""
    return [FindLeftovers((folder / "nowhere",), (), folder), RemoveLeftovers(())]


def question(folder: Path) -> FindLeftovers:
    return FindLeftovers((folder / "trained_models",), (folder / "dataset_defs",), folder)


def found(folder: Path) -> dict[str, LeftoverKind]:
    return {one.path.name: one.kind for one in question(folder).answer(silent).found}


def aged(path: Path, seconds: float = DAYS) -> Path:
    then = path.lstat().st_mtime - seconds
    os.utime(path, (then, then))
    return path


def run_of(folder: Path, name: str = "owl") -> RunDirectory:
    run = finished_run(folder / "trained_models" / name)
    run.last.write_bytes(bytes(50_000))
    run.previous.write_bytes(os.urandom(102_400))
    return run


def held(run: RunDirectory) -> None:
    run.lease.mkdir()
    this_process().write(run.holder)


def decoded(definition: Path, cache: Path) -> DecodedCache:
    splits = split(DatasetDefinition.from_yaml(definition))
    samples = [one for _, part in splits.items() for one in part]
    opened = open_cache(samples, image_hw=(16, 16), rgb=False, folder=cache)
    assert opened is not None
    return opened


def not_finished(run: RunDirectory) -> None:
    Result(outcome="failed", reason="x").write(run.result)


def of_another_user(run: RunDirectory) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(run.previous, 12_345, -1)


def without_last(run: RunDirectory) -> None:
    run.last.unlink()


def test_the_previous_checkpoint_of_a_run_that_has_finished_is_not_needed(tmp_path: Path, cache: Path) -> None:
    run = run_of(tmp_path)
    (one,) = question(tmp_path).answer(silent).found
    assert (one.kind, one.path, one.num_bytes >= 102_400) == (LeftoverKind.PREVIOUS, run.previous, True)
    os.link(run.previous, run.path / "kept.pth")
    assert question(tmp_path).answer(silent).num_bytes == 0, "another name keeps it"


@pytest.mark.parametrize("change", [held, not_finished, of_another_user, without_last])
def test_it_stays_where_it_may_be_needed(tmp_path: Path, cache: Path, change: Callable[[RunDirectory], None]) -> None:
    run = run_of(tmp_path)
    before = question(tmp_path).answer(silent)
    change(run)
    assert found(tmp_path) == {}
    removal = RemoveLeftovers(before.found).answer(silent)
    assert removal.left == (f"{run.previous} was left: it is in use, or is not what it was",)
    assert run.previous.exists()


def test_what_was_torn_is_removed_a_day_later_where_nobody_trains(tmp_path: Path, cache: Path) -> None:
    run, other = run_of(tmp_path), run_of(tmp_path, "fox")
    runs = tmp_path / "trained_models"
    for path in (run.path / ".run.json.0a1b.part", other.path / ".fox.0a1b.part", cache / "aa-1x2x3.part"):
        aged_file(path)
    (run.path / ".best.pth.ffff.part").touch()
    (run.path / "mine.part").touch()
    aged(run.path / "mine.part")
    for name in (".launching-elk-token", ".launching-new-token"):
        (runs / name).mkdir()
        (runs / name / "job.sbatch").write_text("#!/bin/bash\n")
    aged(runs / ".launching-elk-token")
    (runs / ".launching-link").symlink_to(run.path)
    held(other)
    kinds = found(tmp_path)
    kinds.pop("last.previous.pth")
    assert kinds == {
        ".run.json.0a1b.part": LeftoverKind.TORN,
        "aa-1x2x3.part": LeftoverKind.TORN,
        ".launching-elk-token": LeftoverKind.LAUNCH,
    }
    removal = RemoveLeftovers(question(tmp_path).answer(silent).found).answer(silent)
    assert removal.left == ()
    assert found(tmp_path) == {}
    left = {path.name for path in (*run.path.iterdir(), *runs.iterdir())}
    assert {".best.pth.ffff.part", "mine.part", ".launching-new-token", ".launching-link", "last.pth"} <= left


def aged_file(path: Path) -> None:
    path.write_bytes(b"torn")
    aged(path)


def test_only_caches_of_images_that_no_run_and_no_definition_has_are_not_needed(tmp_path: Path, cache: Path) -> None:
    of_definition = decoded(write_dataset(tmp_path / "dataset_defs/cells", num_pictures=3), cache)
    elsewhere = write_dataset(tmp_path / "elsewhere", num_pictures=4)
    of_run = decoded(elsewhere, cache)
    definition = DatasetDefinition.from_yaml(elsewhere)
    run = run_of(tmp_path)
    run.previous.unlink()
    # The images are divided in another way, and are the same.
    samples = [one for _, part in split(definition).items() for one in part]
    DataRecord.build(definition, Splits((), tuple(samples), ())).write(run.data)
    unread = decoded(write_dataset(tmp_path / "old", num_pictures=5), cache)
    (tmp_path / "dataset_defs/broken.yml").write_text("class_names: [")
    leftovers = question(tmp_path).answer(silent)
    assert [(one.kind, one.path) for one in leftovers.found] == [(LeftoverKind.CACHE, unread.path)]
    assert leftovers.cache_bytes >= leftovers.num_bytes > 0
    assert "broken.yml cannot be read, and counts as having no images" in leftovers.notes[0]
    removal = RemoveLeftovers(leftovers.found).answer(silent)
    assert removal.left == (f"{unread.path} was left: a process reads it",)
    path = unread.path
    del unread
    assert RemoveLeftovers(leftovers.found).answer(silent).left == ()
    assert not path.exists()
    assert of_definition.path.exists()
    assert of_run.path.exists()


def test_what_is_remembered_of_files_and_was_not_used_for_long_is_not_needed(tmp_path: Path, cache: Path) -> None:
    for name in ("counts", "looks", "networks"):
        (cache / name).mkdir()
        for file in ("old.json", "new.json"):
            (cache / name / file).write_text("{}")
        aged(cache / name / "old.json", 91 * 86_400)
    leftovers = question(tmp_path).answer(silent)
    assert [(one.kind, one.path.parent.name, one.path.name) for one in leftovers.found] == [
        *((LeftoverKind.SEEN, "counts", "old.json"), (LeftoverKind.SEEN, "looks", "old.json")),
        (LeftoverKind.SEEN, "networks", "old.json"),
    ]
    os.utime(cache / "looks/old.json")
    (left,) = RemoveLeftovers(leftovers.found).answer(silent).left
    assert left.endswith("looks/old.json was left: it was changed meanwhile")
    assert not (cache / "counts/old.json").exists()
    assert found(tmp_path) == {}


def test_of_what_is_remembered_a_few_files_are_listed(tmp_path: Path) -> None:
    kinds = {LeftoverKind.SEEN: 8, LeftoverKind.TORN: 7}
    found = [UnneededFile(kind, tmp_path / f"{n}", 10, 0.0) for kind, number in kinds.items() for n in range(number)]
    lines = list(said_of(Leftovers(tuple(found))))
    assert len(lines) == 1 + 5 + 1 + 1 + 7
    assert "  and 3 more (yogo-tui clean --json lists all)" in lines


def test_what_was_used_since_it_was_found_stays(tmp_path: Path, cache: Path) -> None:
    run = run_of(tmp_path)
    before: Leftovers = question(tmp_path).answer(silent)
    aged(run.previous, 60)
    assert RemoveLeftovers(before.found).answer(silent).left == (f"{run.previous} was left: it was changed meanwhile",)
    elsewhere = tmp_path / "mine"
    elsewhere.write_text("mine")
    for kind in LeftoverKind:
        wrong = replace(before.found[0], kind=kind, path=elsewhere, modified=elsewhere.stat().st_mtime)
        assert RemoveLeftovers((wrong,)).answer(silent).left
    assert elsewhere.exists()


def test_the_command_lists_asks_and_removes(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_force(tmp_path, monkeypatch)
    run = run_of(tmp_path)
    assert main(["clean", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "previous checkpoint, 102.4 KB: last.previous.pth of a run that has finished" in out
    assert f"  {run.previous} (102.4 KB)" in out
    assert main(["clean"]) == 2
    assert "Remove 1 item (102.4 KB) for good? There is no terminal to ask on" in capsys.readouterr().err
    assert run.previous.exists()
    assert main(["clean", "--yes", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["found"][0]["kind"], told["removed_bytes"], told["left"]) == ("previous checkpoint", 102_400, [])
    assert not run.previous.exists()
    assert main(["clean"]) == 0
    assert "There is nothing to remove." in capsys.readouterr().err


async def test_a_key_lists_asks_and_removes(tmp_path: Path, cache: Path) -> None:
    run = run_of(tmp_path)
    async with console(FakeSession(make_run("owl"), folder=tmp_path)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl"))
        await pilot.press("Z")
        await see(pilot, "Remove 1 item (102.4 KB) for good?", "previous checkpoint, 102.4 KB")
        await pilot.press("n")
        await pilot.press("Z")
        await see(pilot, "Remove 1 item")
        assert run.previous.exists()
        await pilot.press("y")
        await see(pilot, "removed 1 item (102.4 KB)")
    assert not run.previous.exists()
