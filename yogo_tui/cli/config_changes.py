"""What `yogo-tui config set` and `config edit` do."""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from yogo.files import yaml12
from yogo.text.terminal import printable
from yogo_tui.advice import tui
from yogo_tui.cli.options import Misuse, place_of
from yogo_tui.cli.output import print_json
from yogo_tui.editors import CHOOSE, chosen_editor, why_not_started
from yogo_tui.errors import ConsoleError, SettingsError
from yogo_tui.hosts.base import HERE
from yogo_tui.questions.settings import ChangeSettings, ReplaceSettings
from yogo_tui.settings import SettingChange, Settings
from yogo_tui.settings.changing import changed, typed
from yogo_tui.settings.document import commented, dumped
from yogo_tui.settings.entries import written
from yogo_tui.settings.parsing import parse

if TYPE_CHECKING:
    from yogo_tui.opening import Place, Reached

_LARGEST = 1 << 20
_OF_HERE = ("host", "hosts")
"""Settings that say how to reach a machine hold for this one."""


async def change_setting(args: argparse.Namespace) -> int:
    if args.unset == bool(args.values):
        raise Misuse(f"Give a value or --unset, one of both: {tui()} config set {args.key} VALUE")
    change = SettingChange(args.key, None if args.unset else typed(args.key, args.values), args.unset)
    name = args.key.split(".")[0]
    async with _place(args, name).reached() as there:
        file = await there.settings_file()
        before = await _text(there, file)
        changed(before, file, (change,), check=_check_keys)
        await there.host.ask(ChangeSettings(file, (change,)))
        after = await _text(there, file) or ""
        where = "" if there.preset is None else f" on {there.preset.name}"
    document = yaml12.parse(after)
    said = document.data if isinstance(document.data, dict) else {}
    value = said.get(name, written(Settings.model_fields[name].default))
    line = document.line(name) if name in said else None
    if args.json:
        print_json({"file": file, "key": args.key, "setting": name, "value": value, "line": line})
        return 0
    place = f"{file}, line {line}{where}" if line else f"the default: {file}{where} says nothing of it"
    first, *rest = dumped(name, value).splitlines()
    print(printable(f"{first}  # {place}"))
    for text in rest:
        print(printable(text))
    if after == before:
        print("It was so before.", file=sys.stderr)
    return 0


def _check_keys(text: str, file: Path) -> None:
    """Raises SettingsError if keys in this settings file cannot be given."""
    settings = parse(text, file)
    if settings.keymap or any("keymap" in one for one in settings.profiles.values()):
        from yogo_tui.app import Console
        from yogo_tui.screens.keymap import check_keys  # late: they import every screen

        check_keys(text, file, Console)


def _place(args: argparse.Namespace, name: str) -> Place:
    place = place_of(args)
    return dataclasses.replace(place, host=HERE) if name in _OF_HERE and args.host is None else place


async def edit_settings(args: argparse.Namespace) -> int:
    async with place_of(args).reached() as there:
        file = await there.settings_file()
        before = await _text(there, file)
        folder = Path(tempfile.mkdtemp(prefix="yogo-settings-"))
        draft = folder / file.name
        draft.write_text(commented() if before is None else before)
        begun = draft.read_text()
        while True:
            _open(draft)
            text = draft.read_text(errors="replace")
            if text == begun:
                shutil.rmtree(folder)
                print("Nothing was changed.")
                return 0
            try:
                _check_keys(text, file)
                await there.host.ask(ReplaceSettings(file, before, text))
            except ConsoleError as error:
                print(f"✖ {printable(str(error))}", file=sys.stderr)
                if not _again():
                    said = f"The settings are as they were. Your draft is kept in {draft}."
                    raise SettingsError(said) from error
                continue
            shutil.rmtree(folder)
            print(printable(f"wrote {file}"))
            return 0


def _open(draft: Path) -> None:
    """Run the user's editor to its end. Raises ConsoleError."""
    editor = chosen_editor()
    if not editor.source:
        print(f"opening {editor.words[0]}. {CHOOSE}", file=sys.stderr)
    try:
        status = subprocess.run([*editor.words, str(draft)], check=False).returncode
    except OSError as error:
        raise ConsoleError(f"{editor.named} cannot be started: {why_not_started(error)}. {CHOOSE}") from error
    if status:
        raise ConsoleError(f"{editor.named} ended with exit status {status}. Your draft is kept in {draft}. {CHOOSE}")


def _again() -> bool:
    """Whether the user wants to correct the draft."""
    if not sys.stdin.isatty():
        return False
    print("Edit it again? [Y/n] ", end="", flush=True, file=sys.stderr)
    return sys.stdin.readline().strip().lower() in {"", "y", "yes"}


async def _text(there: Reached, file: Path) -> str | None:
    """The text of the settings file; None if there is none. Raises SettingsError, HostError."""
    try:
        piece = await there.host.read(PurePosixPath(file), limit=_LARGEST)
    except FileNotFoundError:
        return None
    try:
        return piece.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not text in UTF-8.") from error
