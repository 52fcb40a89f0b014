"""`yogo-tui config`: the settings in force, where they come from, and a file to begin with."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.terminal import printable
from yogo_tui.cli.options import Commands, add_json, new_command, settings_of
from yogo_tui.errors import SettingsError

if TYPE_CHECKING:
    from yogo_tui.settings import Settings


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "config", "show the settings in force, or write a settings file to begin with")
    parser.add_argument(
        "action",
        nargs="?",
        choices=("show", "init", "path"),
        default="show",
        help="show: what is in force (without any); init: write a commented settings file; path: where that lies",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.action == "show":
        return _show(args)
    from yogo_tui.settings import file_of

    file = file_of(args.settings)
    if args.action == "path":
        print(printable(str(file)))
        return 0
    return _init(file)


def _init(file: Path) -> int:
    from yogo.run.atomic import write_atomically
    from yogo_tui.settings.document import commented

    if os.path.lexists(file):
        raise SettingsError(f"{file} exists already; it is left as it is. `yogo-tui config show` tells what it says.")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, commented())
    print(printable(f"wrote {file}: every setting, commented out"))
    return 0


def _show(args: argparse.Namespace) -> int:
    from yogo.output import must_arrive
    from yogo_tui.cli.output import print_json
    from yogo_tui.settings import Settings
    from yogo_tui.settings.document import dumped, written

    must_arrive()
    settings = settings_of(args)
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    values["workspace"] = settings.workspace_folder
    mode, why = settings.wandb_mode
    if args.json:
        print_json(
            {
                "file": settings.file,
                "workspace": settings.workspace_folder,
                "runs": settings.run_folders,
                "definitions": settings.definition_folders,
                "presets": settings.preset_folders,
                "templates": settings.templates_folder,
                "wandb": {"mode": mode, "why": why},
                "settings": {name: written(value) for name, value in values.items()},
                "from": {name: _origin(settings, args, name) for name in values},
                "notices": settings.notices,
            }
        )
        return 0
    there = "" if settings.file.exists() else ", which is not there"
    print(printable(f"# settings file: {settings.file}{there}"))
    for name, value in values.items():
        origin = _origin(settings, args, name)
        if name == "wandb" and settings.wandb == "auto":
            origin += f"; {mode}: {why}"
        first, *rest = dumped(name, value).splitlines()
        print(printable(f"{first}  # {origin}"))
        for line in rest:
            print(printable(line))
    return 0


def _origin(settings: Settings, args: argparse.Namespace, name: str) -> str:
    if name == "workspace":
        if args.workspace is not None:
            return "--workspace"
        if settings.workspace is None:
            return "where you stand" if settings.workspace_folder == Path.cwd() else "the nearest above where you stand"
    if name == "cluster" and args.cluster is not None:
        return "--cluster"
    if line := settings.lines.get(name):
        return f"{settings.file}, line {line}"
    return "default"
