"""Editing from the console, in a real terminal: whatever the editor does, the console comes back."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.yogo_tui.terminal import CONSOLE, Terminal, environment

DEFINITION = "class_names: [a]\ndataset_split_fractions: {train: 1}\ndataset_paths: []\n"


@contextlib.contextmanager
def datasets(folder: Path, **changes: str) -> Iterator[tuple[Terminal, int]]:
    """The console on its datasets, one definition selected; and how much it had printed by then."""
    (folder / "dataset_defs").mkdir()
    (folder / "dataset_defs/cells.yml").write_text(DEFINITION)
    (folder / "settings.yaml").write_text("cluster: local\n")
    command = (*CONSOLE, "--workspace", str(folder), "--settings", str(folder / "settings.yaml"))
    with Terminal(command, environment(folder, **changes), folder) as terminal:
        terminal.see("4 Runs")
        terminal.press("1")
        seen = terminal.see("cells.yml")
        yield terminal, seen


def still_there(terminal: Terminal) -> None:
    """The console takes keys, and leaves the terminal as it was."""
    terminal.leave()
    assert terminal.modes == {25, 7}
    assert terminal.echoes


def program(folder: Path, name: str, text: str, mode: int = 0o755) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return path


def programs_without_editors(folder: Path) -> str:
    """A PATH with what a console needs, and neither nano nor vi."""
    links = folder / "programs"
    links.mkdir()
    for name in ("sh", "env", "git", "sleep", "touch"):
        if found := shutil.which(name):
            (links / name).symlink_to(found)
    return str(links)


@pytest.mark.parametrize(
    ("editor", "sentence"),
    [
        ("code -w", "code ($EDITOR) cannot be started: there is no such program"),
        ("/", "/ ($EDITOR) cannot be started: Permission denied"),
        ("nano '", "a quote is not closed"),
        ("''", "$EDITOR does not name an editor"),
        ("false", "false ($EDITOR) ended with exit status 1"),
        ("sh -c 'kill -9 $$'", "sh ($EDITOR) was ended by SIGKILL"),
    ],
)
def test_an_editor_that_cannot_be_used_is_told_and_the_console_comes_back(
    tmp_path: Path, editor: str, sentence: str
) -> None:
    with datasets(tmp_path, EDITOR=editor) as (terminal, seen):
        terminal.press("e")
        terminal.see("cells.yml was not edited", after=seen)
        terminal.see(sentence, after=seen)
        still_there(terminal)


def test_a_file_that_is_not_a_program_is_told(tmp_path: Path) -> None:
    plain = program(tmp_path / "bin", "plain", "nothing that runs", 0o644)
    odd = program(tmp_path / "bin", "odd", "no first line that names an interpreter")
    for number, editor in enumerate((plain, odd)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with datasets(folder, EDITOR=str(editor)) as (terminal, seen):
            terminal.press("e")
            terminal.see("cannot be started", after=seen)
            still_there(terminal)


def test_without_any_editor_the_console_says_how_to_choose_one(tmp_path: Path) -> None:
    with datasets(tmp_path, PATH=programs_without_editors(tmp_path)) as (terminal, seen):
        terminal.press("e")
        terminal.see("There is no editor here", after=seen)
        still_there(terminal)


def test_what_the_editor_wrote_is_what_the_console_then_shows(tmp_path: Path) -> None:
    editor = program(tmp_path / "bin", "editor", "#!/bin/sh\nsed -i 's/\\[a\\]/[a, trophozoite]/' \"$1\"\n")
    with datasets(tmp_path, EDITOR=str(editor)) as (terminal, seen):
        terminal.press("e")
        terminal.see("trophozoite", after=seen)
        still_there(terminal)
    assert "trophozoite" in (tmp_path / "dataset_defs/cells.yml").read_text()


def test_an_edited_script_is_a_copy_that_the_launch_screen_then_shows(tmp_path: Path) -> None:
    editor = program(tmp_path / "bin", "editor", "#!/bin/sh\nsed -i '2i echo mine' \"$1\"\n")
    with datasets(tmp_path, EDITOR=str(editor)) as (terminal, seen):
        terminal.press("3")
        launch = terminal.see("e edit script", after=seen)
        terminal.press("e")
        terminal.see("echo mine", after=launch)
        still_there(terminal)
    (own,) = (tmp_path / "templates").iterdir()
    assert "echo mine" in own.read_text().splitlines()


def test_a_script_that_is_edited_for_one_launch_is_shown_until_the_form_changes(tmp_path: Path) -> None:
    editor = program(tmp_path / "bin", "editor", "#!/bin/sh\nsed -i '2i #SBATCH --exclusive' \"$1\"\n")
    with datasets(tmp_path, EDITOR=str(editor)) as (terminal, seen):
        terminal.press("3")
        launch = terminal.see("yogo_again() { …", after=seen)
        terminal.press("E")
        edited = terminal.see("gpu.sbatch · edited", after=launch)
        terminal.see("--exclusive", after=launch)
        terminal.press("a")
        terminal.see("name of the run", after=edited)
        terminal.press("other\r")
        terminal.see("what you had edited in it is dropped", after=edited)
        still_there(terminal)
    assert not (tmp_path / "templates").exists()


def test_an_editor_of_blanks_is_none_and_nano_is_taken(tmp_path: Path) -> None:
    path = programs_without_editors(tmp_path)
    program(Path(path), "nano", '#!/bin/sh\necho "nano has $1"\n')
    with datasets(tmp_path, PATH=path, EDITOR="  ", VISUAL="") as (terminal, seen):
        terminal.press("e")
        terminal.see("nano has", after=seen)
        terminal.see("opened in nano", after=seen)
        still_there(terminal)


def test_vi_is_not_opened_before_it_is_said_how_to_leave_it(tmp_path: Path) -> None:
    path = programs_without_editors(tmp_path)
    program(Path(path), "vi", '#!/bin/sh\necho "vi has $1"\n')
    with datasets(tmp_path, PATH=path) as (terminal, seen):
        terminal.press("e")
        told = terminal.see(":wq and enter saves", after=seen)
        assert "vi has" not in terminal.text
        terminal.press("\n")
        terminal.see("vi has", after=told)
        still_there(terminal)


def test_an_editor_that_was_not_opened_after_all_is_not_called_opened(tmp_path: Path) -> None:
    path = programs_without_editors(tmp_path)
    program(Path(path), "vi", '#!/bin/sh\necho "vi has $1"\n')
    with datasets(tmp_path, PATH=path) as (terminal, seen):
        terminal.press("e")
        terminal.see("ctrl+d goes back", after=seen)
        terminal.press("\x04")
        terminal.press("2")
        terminal.see("Learning rate")
        terminal.leave()
        assert "opened in" not in terminal.text


def test_visual_comes_before_editor_and_that_before_gits(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        program(tmp_path / "bin", name, f"#!/bin/sh\necho opened by {name}\n")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text(f"[core]\n\teditor = {tmp_path}/bin/three --wait\n")
    chosen = {"VISUAL": f"{tmp_path}/bin/one", "EDITOR": f"{tmp_path}/bin/two"}
    for number, name in enumerate(("one", "two", "three")):
        folder = tmp_path / str(number)
        folder.mkdir()
        given = dict(list(chosen.items())[number:]) | {"HOME": str(tmp_path / "home")}
        with datasets(folder, **given) as (terminal, seen):
            terminal.press("e")
            terminal.see(f"opened by {name}", after=seen)


def test_ctrl_c_in_the_editor_is_the_editors_alone(tmp_path: Path) -> None:
    slow = program(tmp_path / "bin", "slow", "#!/bin/sh\ntrap 'echo interrupted; exit 0' INT\necho begun\nread line\n")
    with datasets(tmp_path, EDITOR=str(slow)) as (terminal, seen):
        terminal.press("e")
        begun = terminal.see("begun", after=seen)
        terminal.press("\x03")
        terminal.see("interrupted", after=begun)
        still_there(terminal)


def test_a_console_that_is_ended_while_an_editor_is_open_ends_both_and_tidies(tmp_path: Path) -> None:
    slow = program(tmp_path / "bin", "slow", "#!/bin/sh\necho begun\nexec sleep 1000\n")
    with datasets(tmp_path, EDITOR=str(slow)) as (terminal, seen):
        terminal.press("e")
        terminal.see("begun", after=seen)
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.end() == 143
        assert terminal.modes == {25, 7}
        assert terminal.echoes


@pytest.mark.parametrize(
    ("name", "words"), [("vim", "+3 {}"), ("nano", "+3 {}"), ("code", "-w --goto {}:3"), ("hx", "{}:3"), ("mine", "{}")]
)
def test_the_file_opens_at_the_line_of_what_is_wrong_in_it(tmp_path: Path, name: str, words: str) -> None:
    heard = tmp_path / "heard"
    editor = program(tmp_path / "bin", name, f'#!/bin/sh\necho "$*" > {heard}.new && mv {heard}.new {heard}\n')
    with datasets(tmp_path, EDITOR=f"{editor} -w" if name == "code" else str(editor)) as (terminal, seen):
        terminal.see("line 3", after=seen)
        terminal.press("e")
        for _ in terminal.turns(30, "the editor was not opened"):
            if heard.exists():
                break
        assert heard.read_text().strip() == words.format(tmp_path / "dataset_defs/cells.yml")
        still_there(terminal)
