"""The trash: what is moved there and what must stay, what is said before, and how it comes back."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.made_runs import finished_run
from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.lab import in_force
from tests.yogo_tui.test_screens_lists import text
from tests.yogo_tui.test_screens_runs import console, lines_of
from yogo.errors import RunError
from yogo.run.launch import Parent
from yogo_tui.cli import main
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Question, silent
from yogo_tui.questions.trash import EmptyTrash, ListTrash, SizesOf, TrashRuns, UndoTrash, size_of
from yogo_tui.runs.model import Run, RunState


def on_disk(folder: Path, name: str, state: RunState = RunState.FINISHED, hours: float = 1.0) -> Run:
    path = folder / "trained_models" / name
    finished_run(path)
    (path / "last.pth").write_bytes(bytes(300_000))
    os.link(path / "last.pth", path / "last.previous.pth")
    return make_run(name, state, path=PurePosixPath(path), hours=hours)


def from_it(run: Run, parent: Run) -> Run:
    assert run.launch
    source = Parent(checkpoint=f"{parent.path}/best.pth", run=str(parent.path))
    return replace(run, launch=run.launch.model_copy(update={"parent": source}))


def of_trash(folder: Path) -> list[Question[Any]]:
    """One of each kind, which changes nothing."""
    batch = folder / ".trash/20261127-120000"
    return [
        SizesOf((folder / "nowhere",)),
        TrashRuns((), batch.name),
        ListTrash((folder,)),
        UndoTrash(batch),
        EmptyTrash((batch,)),
    ]


def test_a_file_of_two_names_takes_its_room_once(tmp_path: Path) -> None:
    run = on_disk(tmp_path, "owl")
    (tmp_path / "trained_models/owl/loop").symlink_to(tmp_path)
    assert 300_000 <= size_of(Path(str(run.path))) < 500_000


def test_a_batch_moves_there_and_back_as_a_whole_and_asked_twice_does_the_same(tmp_path: Path) -> None:
    runs = tuple(Path(str(on_disk(tmp_path, name).path)) for name in ("owl", "fox"))
    folder, before = tmp_path / "trained_models", {path.name for path in runs[0].iterdir()}
    for _ in range(2):
        TrashRuns(runs, "20261127-120000-abc").answer(silent)
    assert [path.name for path in folder.iterdir()] == [".trash"]
    (batch,) = ListTrash((folder, tmp_path / "nowhere")).answer(silent)
    assert (batch.names, batch.num_bytes >= 600_000) == (("fox", "owl"), True)
    for _ in range(2):
        UndoTrash(batch.path).answer(silent)
    assert sorted(path.name for path in folder.iterdir()) == ["fox", "owl"]
    assert {path.name for path in runs[0].iterdir()} == before
    with pytest.raises(RunError, match="is not there any more"):
        TrashRuns((folder / "gone",), "later").answer(silent)


def test_a_run_is_not_brought_back_over_its_successor(tmp_path: Path) -> None:
    run = Path(str(on_disk(tmp_path, "owl").path))
    TrashRuns((run,), "first").answer(silent)
    on_disk(tmp_path, "owl")
    with pytest.raises(RunError, match="has another owl by now"):
        UndoTrash(run.parent / ".trash/first").answer(silent)
    assert (run.parent / ".trash/first/owl/best.pth").exists()


def test_only_what_lies_in_a_trash_is_removed_for_good(tmp_path: Path) -> None:
    run = Path(str(on_disk(tmp_path, "owl").path))
    TrashRuns((run,), "first").answer(silent)
    for wrong in (tmp_path, run.parent, run.parent / ".trash"):
        with pytest.raises(RunError, match="is not in a trash"):
            EmptyTrash((wrong,)).answer(silent)
    for _ in range(2):
        EmptyTrash((run.parent / ".trash/first",)).answer(silent)
    assert [*run.parent.iterdir()] == []


@pytest.mark.parametrize(
    ("state", "changes", "said"),
    [
        (RunState.RUNNING, {}, "is running: cancel it first"),
        (RunState.WAITING, {}, "is waiting: cancel it first"),
        (RunState.SUSPENDED, {"job": None}, "is suspended: cancel it first"),
        (RunState.UNKNOWN, {"job": None}, "may have a job"),
        (RunState.FINISHED, {"path": None, "job": None}, "a job that the console did not start"),
    ],
)
async def test_what_waits_or_runs_stays(state: RunState, changes: dict[str, object], said: str, tmp_path: Path) -> None:
    run = replace(on_disk(tmp_path, "calm-owl-1", state), **changes)  # type: ignore[arg-type]
    session = FakeSession(run)
    with pytest.raises(LaunchError, match=f"calm-owl-1 .*{said}"):
        await session.trash.what_it_does([run], [run])
    with pytest.raises(LaunchError, match=f"calm-owl-1 .*{said}"):
        await session.trash.move([run])
    assert (tmp_path / "trained_models/calm-owl-1").is_dir()


async def test_marked_runs_go_to_the_trash_after_one_question_and_come_back(tmp_path: Path) -> None:
    owl = on_disk(tmp_path, "calm-owl-1", hours=1)
    runs = [
        owl,
        on_disk(tmp_path, "bold-fox-2", hours=2),
        from_it(on_disk(tmp_path, "fine-elk-3", hours=3), owl),
        from_it(make_run("next-elm-4", RunState.WAITING, hours=4), owl),
    ]
    session = FakeSession(*runs, folder=tmp_path)
    folder = tmp_path / "trained_models"
    # The last look before they are moved reads what lies on the disk.
    session.host.files |= {PurePosixPath(path): path.read_bytes() for path in folder.glob("*/*.json")}
    async with console(session) as pilot:
        await see(pilot, "next-elm-4")
        await pilot.press("g", "space", "space", "D")
        await see(pilot, "Move 2 runs", "KB", "fine-elk-3 was fine-tuned from it", "next-elm-4")
        await pilot.press("n")
        await until(pilot, lambda: "Move 2" not in shown(pilot))
        assert (folder / "calm-owl-1").is_dir()
        await pilot.press("escape", "asterisk", "D")
        await see(pilot, "Move 3 runs", "next-elm-4 stays: it is waiting: cancel it first.")
        await pilot.press("n", "escape", "g", "space", "space", "D")
        await see(pilot, "Move 2 runs")
        await pilot.press("y")
        await until(pilot, lambda: not lines_of(pilot, "finished bold-fox") and not (folder / "bold-fox-2").exists())
        assert lines_of(pilot, "fine-elk-3")
        await pilot.press("U")
        await until(pilot, lambda: "Bring bold-fox-2, calm-owl-1 back" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: (folder / "calm-owl-1/best.pth").exists() and (folder / "bold-fox-2").exists())
        await until(pilot, lambda: not (folder / ".trash").exists())
        await pilot.press("U")
        await see(pilot, "the trash is empty")


async def test_the_room_that_runs_take_is_a_column_which_is_measured_once_it_is_asked_for(tmp_path: Path) -> None:
    small, large = on_disk(tmp_path, "calm-owl-1"), on_disk(tmp_path, "bold-fox-2", hours=2)
    (tmp_path / "trained_models/bold-fox-2/last.pth").write_bytes(bytes(5_000_000))
    async with console(FakeSession(small, large)) as pilot:
        await see(pilot, "calm-owl-1")
        assert "on the disk" not in shown(pilot)
        await pilot.press("s", *"size", "enter")
        await until(pilot, lambda: "on the disk" in shown(pilot) and "by size ↓" in shown(pilot))
        names = [line.split()[2] for line in shown(pilot).splitlines() if "finished" in line]
        assert names == ["bold-fox-2", "calm-owl-1"]
        await pilot.press("slash", *"size>4e6", "enter")
        await until(pilot, lambda: "1 of 2 runs" in shown(pilot))
        assert "5.0 MB on the disk" in shown(pilot)


def test_the_command_moves_lists_brings_back_and_empties(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_force(tmp_path, monkeypatch)
    for name in ("calm-owl-1", "bold-fox-2"):
        on_disk(tmp_path, name)
    folder = tmp_path / "trained_models"

    def tui(*words: str, status: int = 0) -> str:
        assert main([*words]) == status
        said = capsys.readouterr()
        return said.out + said.err

    assert [one["bytes"] > 300_000 for one in json.loads(tui("runs", "--sort", "size", "--json"))] == [True, True]
    assert "KB" in tui("runs", "--columns", "name,size")
    assert "moved to the trash: calm-owl-1" in tui("trash", "calm-owl-1", "--yes")
    assert "bold-fox-2" in tui("runs")
    assert "calm-owl-1" not in tui("runs")
    for command in ("why", "logs", "plot", "report", "cancel", "again", "export", "compare", "forget"):
        assert "calm-owl-1 is in the trash. To bring it back: yogo-tui trash --undo" in tui(
            command, "calm-owl-1", status=1
        )
    assert "is in the trash" in tui("why", f"{folder}/calm-owl-1", status=1)
    assert [one["runs"] for one in json.loads(tui("trash", "--json"))] == [["calm-owl-1"]]
    assert "brought back: calm-owl-1" in tui("trash", "--undo", "--yes")
    assert "calm-owl-1" in tui("runs")
    tui("trash", "calm-owl-1", "--yes")
    tui("trash", "bold-fox-2", "--yes")
    assert f"To bring it back: move {folder}/.trash/" in tui("why", "calm-owl-1", status=1)
    assert f"/calm-owl-1 to {folder}" in tui("why", "calm-owl-1", status=1)
    tui("trash", "--undo", "--yes")
    tui("trash", "--undo", "--yes")
    tui("trash", "calm-owl-1", "bold-fox-2", "--yes")
    assert "There is no terminal to ask on" in tui("trash", "--empty", status=2)
    assert "removed 2 runs" in tui("trash", "--empty", "--yes")
    assert [*folder.iterdir()] == []
    assert "The trash is empty." in tui("trash", "--undo", status=1)
    assert "name no run" in tui("trash", "calm-owl-1", "--undo", status=2)
