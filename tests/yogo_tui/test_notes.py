"""What a user notes of runs: title, note, tags and pin, in notes.yaml, the list, the details, filters and commands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

import pytest

from tests.made_runs import finished_run
from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.lab import in_force
from tests.yogo_tui.test_quick_typing import at_once
from tests.yogo_tui.test_screens_lists import text
from tests.yogo_tui.test_screens_runs import console, lines_of
from yogo.errors import RunError
from yogo.recipe import Recipe
from yogo.run.manifest import Manifest
from yogo.run.notes import Notes
from yogo_tui.cli import main
from yogo_tui.hosts.base import silent
from yogo_tui.hosts.here import HereHost
from yogo_tui.listing.query import parse
from yogo_tui.questions.notes import ChangeNotes
from yogo_tui.runs.folder import Scanner
from yogo_tui.runs.model import Run
from yogo_tui.session.notebook import Notebook, NotesEdit


def written(path: Path, text: str = "") -> Path:
    """A finished run whose notes.yaml says this; none if it is empty."""
    run = finished_run(path)
    if text:
        run.notes.write_text(text)
    return path


def scanner(folder: Path) -> Scanner:
    return Scanner(HereHost(), [PurePosixPath(folder)])


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("", Notes()),
        ("# nothing yet\n", Notes()),
        (
            "title: Baseline\ntags: [paper, 2026]\npinned: yes\n",
            Notes(title="Baseline", tags=("paper", "2026"), pinned=True),
        ),
        ("note:\ntags: paper, draft paper\n", Notes(tags=("paper", "draft"))),
        ("title: 12\nnote: |\n  one\n  two\npinned: true\n", Notes(title="12", note="one\ntwo", pinned=True)),
        ("schema_version: 9\ntitle: New\nmood: good\n", Notes(schema_version=9, title="New", mood="good")),
    ],
)
def test_notes_are_read_as_a_person_writes_them(text: str, notes: Notes) -> None:
    assert Notes.parse(text.encode(), "notes.yaml") == notes


def test_a_change_leaves_all_else_in_the_file_as_it_is(tmp_path: Path) -> None:
    text = "# mine\nmood: good  # kept\ntags:\n  - old\n  - draft\nnote: first\n"
    run = written(tmp_path / "owl", text)
    (notes,) = ChangeNotes((run,), title="Base: line", add=("paper", "old"), remove=("draft",), pinned=True).answer(
        silent
    )
    assert (notes.title, notes.note, notes.tags, notes.pinned) == ("Base: line", "first", ("old", "paper"), True)
    said = (run / "notes.yaml").read_text()
    assert said.startswith("# mine\nmood: good  # kept\ntags: [old, paper]\nnote: first\n")
    assert ChangeNotes((run,), title="Base: line", pinned=True).answer(silent) == (notes,)
    assert (run / "notes.yaml").read_text() == said


def test_first_notes_have_a_version_and_no_change_makes_no_file(tmp_path: Path) -> None:
    owl, fox = written(tmp_path / "owl"), written(tmp_path / "fox")
    ChangeNotes((owl, fox), pinned=False, remove=("paper",)).answer(silent)
    assert not (owl / "notes.yaml").exists()
    ChangeNotes((owl, fox), add=("paper", "1e3", "a:b", "true")).answer(silent)
    for run in (owl, fox):
        read = Notes.parse((run / "notes.yaml").read_bytes(), "notes.yaml")
        assert (read.schema_version, read.tags) == (1, ("paper", "1e3", "a:b", "true"))
    assert not [path.name for path in owl.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: theirs\n", "edited elsewhere in the meantime"),
        ("note: theirs\n", "edited elsewhere in the meantime"),
        ("schema_version: 9\n", "written by a newer yogo"),
        ("tags: [a\n", r"notes\.yaml, line \d"),
        ("- a\n", "is damaged"),
        ("{title: ''}", "cannot be changed"),
    ],
)
def test_notes_that_must_not_be_overwritten_are_left_as_they_are(text: str, said: str, tmp_path: Path) -> None:
    run = written(tmp_path / "owl", text)
    with pytest.raises(RunError, match=said):
        ChangeNotes((run,), title="mine", note="mine", seen=("", "")).answer(silent)
    assert (run / "notes.yaml").read_text() == text
    with pytest.raises(RunError, match="is not there any more"):
        ChangeNotes((tmp_path / "gone",), pinned=True).answer(silent)
    assert not (tmp_path / "gone").exists()


def test_consoles_that_tag_a_run_at_once_keep_all_tags(tmp_path: Path) -> None:
    run = written(tmp_path / "owl")
    changes = [ChangeNotes((run,), add=(f"tag-{number}",)) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        [*pool.map(lambda change: change.answer(silent), changes)]
    assert len(Notes.parse((run / "notes.yaml").read_bytes(), "notes.yaml").tags) == 16


async def test_the_notes_of_a_run_that_is_over_are_read_again_once_they_have_changed(tmp_path: Path) -> None:
    run, looks = written(tmp_path / "owl"), scanner(tmp_path)
    (found,) = await looks.scan()
    assert found.notes is None
    ChangeNotes((run,), note="a good one").answer(silent)
    (found,) = await looks.scan()
    assert found.notes
    assert found.notes.note == "a good one"


async def test_notes_that_cannot_be_read_are_told_and_hide_nothing_else(tmp_path: Path) -> None:
    written(tmp_path / "owl", "title: [a\n")
    (found,) = await scanner(tmp_path).scan()
    assert (found.has_best, found.notes) == (True, None)
    assert "notes.yaml, line" in found.notices[0]
    written(tmp_path / "fox", "schema_version: 9\ntitle: New\n")
    (newer,) = (one for one in await scanner(tmp_path).scan() if one.name == "fox")
    assert newer.notes
    assert newer.notices == ("notes.yaml was written by a newer yogo: what this version understands is shown",)


def noted(name: str, folder: Path, notes: Notes, hours: float = 2.0) -> Run:
    """A run with a directory on this disk."""
    (folder / name).mkdir()
    manifest = Manifest(
        name=name, definition="d", classes=("a",), recipe=Recipe(), precision="fp32", note="given", tags=("first",)
    )
    return make_run(name, hours=hours, path=PurePosixPath(folder / name), manifest=manifest, notes=notes)


def test_what_was_given_at_the_launch_is_joined_with_what_was_noted(tmp_path: Path) -> None:
    run = noted("calm-owl-1", tmp_path, Notes(title="Baseline", note="mine", tags=("paper", "first")))
    assert (run.note, run.tags) == ("mine · given", ("first", "paper"))
    for words in ("tag:paper", "tag:first", "baseline", "mine", "title:base", "-pinned:y"):
        assert parse(words).holds(run, datetime.now(UTC)), words


async def test_a_title_and_a_note_are_typed_and_shown_in_the_list_and_the_details(tmp_path: Path) -> None:
    session = FakeSession(noted("calm-owl-1", tmp_path, Notes()), noted("bold-fox-2", tmp_path, Notes(), hours=3))
    async with console(session) as pilot:
        await see(pilot, "calm-owl-1", "bold-fox-2")
        await pilot.press("N")
        await see(pilot, "notes of calm-owl-1", "at the launch: given")
        await pilot.press(*"Baseline", "tab", *"good, try", "enter", *"more", "ctrl+s")
        await until(pilot, lambda: lines_of(pilot, "Baseline") and not lines_of(pilot, "notes of"))
        assert "calm-owl-1" in shown(pilot).splitlines()[-2]
        assert Notes.parse((tmp_path / "calm-owl-1/notes.yaml").read_bytes(), "").note == "good, try\nmore"
        await pilot.press("enter", "d")
        await see(pilot, "title", "Baseline", "good, try")
        await pilot.press("N")
        await see(pilot, "notes of calm-owl-1")
        await pilot.press("x", "escape")
        await until(pilot, lambda: not lines_of(pilot, "notes of"))
        assert Notes.parse((tmp_path / "calm-owl-1/notes.yaml").read_bytes(), "").title == "Baseline"


async def test_title_and_note_that_come_in_one_bunch_are_kept_as_typed(tmp_path: Path) -> None:
    async with console(FakeSession(noted("calm-owl-1", tmp_path, Notes()))) as pilot:
        await see(pilot, "calm-owl-1")
        await pilot.press("N")
        await see(pilot, "notes of calm-owl-1")
        at_once(pilot, *"Baseline", "tab", *"two seeds", "ctrl+s")
        await until(pilot, lambda: lines_of(pilot, "Baseline") and not lines_of(pilot, "notes of"))
        notes = Notes.parse((tmp_path / "calm-owl-1/notes.yaml").read_bytes(), "")
        assert (notes.title, notes.note) == ("Baseline", "two seeds")


async def test_marked_runs_are_tagged_and_pinned_together(tmp_path: Path) -> None:
    runs = [noted(name, tmp_path, Notes(), hours) for hours, name in enumerate(("a-owl", "b-owl", "c-fox", "d-elm"), 1)]
    session = FakeSession(*runs)

    def tags(name: str) -> tuple[str, ...]:
        file = tmp_path / name / "notes.yaml"
        return Notes.parse(file.read_bytes() if file.exists() else b"", "").tags

    def order() -> list[str]:
        return [
            name for line in shown(pilot).splitlines() for name in ("a-owl", "b-owl", "c-fox", "d-elm") if name in line
        ]

    async with console(session) as pilot:
        await see(pilot, "d-elm")
        await pilot.press("G", "space", "k", "space", "T")
        await see(pilot, "tags of 2 runs")
        await pilot.press(*"paper, old", "enter")
        await until(pilot, lambda: tags("c-fox") == tags("d-elm") == ("paper", "old"))
        await pilot.press("T")
        await see(pilot, "tags of 2 runs")
        await pilot.press(*"-old +new", "enter")
        await until(pilot, lambda: tags("c-fox") == tags("d-elm") == ("paper", "new"))
        await pilot.press("P")
        await until(pilot, lambda: order()[:4] == ["c-fox", "d-elm", "a-owl", "b-owl"])
        await pilot.press("escape", "g", "T")
        await see(pilot, "tags of c-fox")
        await pilot.press("ctrl+u", *"new", "enter")
        await until(pilot, lambda: tags("c-fox") == ("new",))
        await pilot.press("P")
        await until(pilot, lambda: order()[:3] == ["d-elm", "a-owl", "b-owl"])
        assert "▲" in lines_of(pilot, "d-elm")[0]


class SlowNotebook(Notebook):
    """Writes once it may."""

    def __init__(self, session: FakeSession) -> None:
        super().__init__(session.host)
        self.may = asyncio.Event()

    async def change(self, runs: Sequence[Run], change: NotesEdit) -> Mapping[str, Notes]:
        await self.may.wait()
        return await super().change(runs, change)


async def test_a_key_pressed_while_a_note_is_written_acts_after_it_on_the_same_run(tmp_path: Path) -> None:
    session = FakeSession(noted("a-owl", tmp_path, Notes(), 1), noted("b-fox", tmp_path, Notes(), 2))
    session.notebook = slow = SlowNotebook(session)
    async with console(session) as pilot:
        await see(pilot, "a-owl", "b-fox")
        await pilot.press("P", "T", "down")
        await see(pilot, "finishing what you asked for before this")
        slow.may.set()
        await see(pilot, "tags of a-owl")
        assert "pinned: true" in (tmp_path / "a-owl/notes.yaml").read_text()


async def test_a_job_among_the_marked_runs_is_left_out_and_keeps_none_of_them_back(tmp_path: Path) -> None:
    job = replace(make_run("strange-job"), path=None, launch=None)
    async with console(FakeSession(noted("calm-owl-1", tmp_path, Notes()), job)) as pilot:
        await see(pilot, "calm-owl-1", "strange-job")
        await pilot.press("asterisk", "T")
        await see(pilot, "tags of calm-owl-1, between blanks (1 job left out)")
        await pilot.press(*"paper", "enter")
        await until(pilot, lambda: "paper" in (tmp_path / "calm-owl-1/notes.yaml").read_text())


async def test_notes_edited_meanwhile_are_not_overwritten(tmp_path: Path) -> None:
    async with console(FakeSession(noted("calm-owl-1", tmp_path, Notes(note="mine")))) as pilot:
        await see(pilot, "calm-owl-1")
        await pilot.press("N")
        await see(pilot, "notes of calm-owl-1")
        (tmp_path / "calm-owl-1/notes.yaml").write_text("note: theirs\n")
        await pilot.press("tab", "x", "ctrl+s")
        await see(pilot, "the notes were not kept", "edited elsewhere")
        assert (tmp_path / "calm-owl-1/notes.yaml").read_text() == "note: theirs\n"


@pytest.mark.parametrize("key", ["N", "T", "P"])
async def test_a_job_that_is_no_run_has_no_notes(key: str) -> None:
    async with console(FakeSession(replace(make_run("strange-job"), path=None, launch=None))) as pilot:
        await see(pilot, "strange-job")
        await pilot.press(key)
        await until(pilot, lambda: "strange-job has no notes" in text(pilot))


def test_the_command_shows_and_changes_notes_and_the_list_tells_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_force(tmp_path, monkeypatch)
    for name in ("calm-owl-1", "bold-fox-2"):
        written(tmp_path / "trained_models" / name)
    tui = partial(_said, capsys)
    assert "paper" in tui("note", "calm-owl-1", "bold-fox-2", "--tag", "paper,draft", "--pin")
    told = json.loads(tui("note", "calm-owl-1", "--title", "Baseline", "--text", "good", "--untag", "draft", "--json"))
    assert [(one["title"], one["note"], one["tags"], one["pinned"]) for one in told] == [
        ("Baseline", "good", ["paper"], True)
    ]
    tui("note", "calm-owl-1", "--no-pin")
    listed = json.loads(tui("runs", "--json", "--", "tag:paper", "-pinned:yes"))
    assert [(one["name"], one["title"]) for one in listed] == [("calm-owl-1", "Baseline")]
    assert "bold-fox-2" in tui("runs", "--columns", "name,title,tags,pinned", "tag:draft")
    assert [one["group"] for one in json.loads(tui("runs", "--group", "tag", "--json"))] == ["paper", "paper"]
    assert "by tag" in tui("runs", "--group", "tag", "tag:draft")
    assert main(["note", "calm-owl-1", "bold-fox-2", "--title", "Both"]) == 2


def _said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words]) == 0
    return capsys.readouterr().out
