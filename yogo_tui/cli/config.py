"""`yogo-tui config`: show the settings in force and where they come from, change them, or write a settings file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from yogo.text.terminal import printable
from yogo.text.wording import listed, meant
from yogo_tui import asking
from yogo_tui.advice import tui
from yogo_tui.cli.options import Commands, add_json, new_command, place_of
from yogo_tui.errors import SettingsError

if TYPE_CHECKING:
    from yogo_tui.opening import Reached
    from yogo_tui.settings import Settings


_KEY_HELP = (
    "The setting, such as partition, or a part of one: sizes.0.hours (entries are counted from 0), sizes.2nodes.hours, "
    "hosts.lab.login, definitions.1."
)


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "config",
        "show or change the settings",
        "Without an action, the settings in force are shown.",
    )
    add_json(parser)
    parser.set_defaults(run=_running(_show), keys=[])
    actions = parser.add_subparsers(dest="action", metavar="ACTION", help="What to do. (default: show)")
    show = _action(actions, "show", "print the settings in force and where each comes from", _show)
    show.add_argument("keys", nargs="*", metavar="KEY", help="Print only these settings. (default: all)")
    _action(actions, "path", "print the path of the settings file", _path)
    _action(
        actions,
        "init",
        "find out what the site has, and write a settings file that says so and explains every setting; it never "
        "replaces one",
        _init,
    )
    _add_set(actions)
    _action(
        actions,
        "edit",
        "open the settings file in your editor, and check it afterwards",
        _edit,
        "The editor is $VISUAL, $EDITOR or git's core.editor, else nano or vi. What cannot be used is not written: it "
        "is kept as a draft.",
    )
    _action(actions, "schema", "print the JSON schema of the settings file, for editors that know YAML", _schema)


def _add_set(actions: Commands[argparse.ArgumentParser]) -> None:
    change = _action(
        actions,
        "set",
        "change one setting in the file, which keeps its comments",
        _set,
        "A value that cannot be used is not written. A console that is open reads the file at its next start.",
    )
    change.add_argument("key", metavar="KEY", help=_KEY_HELP)
    change.add_argument(
        "values",
        nargs="*",
        metavar="VALUE",
        help="The value. A list has a VALUE for each entry, or is written [a, b]; an entry with parts is written "
        "'{name: lab, login: me@lab}'. VALUEs that begin with - follow after --.",
    )
    change.add_argument("--unset", action="store_true", help="Take it out of the file: it is as by default then.")


Act = Callable[[argparse.Namespace], Coroutine[Any, Any, int]]


def _action(
    actions: Commands[argparse.ArgumentParser], name: str, help: str, act: Act, *more: str
) -> argparse.ArgumentParser:
    parser = new_command(actions, name, help, *more)
    if name not in ("edit", "schema"):
        parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="Print JSON, for programs.")
    parser.set_defaults(run=_running(act))
    return parser


def _running(act: Act) -> Callable[[argparse.Namespace], int]:
    return lambda args: asking.run(act(args))


async def _path(args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json

    async with place_of(args).reached() as there:
        file = await there.settings_file()
        if args.json:
            print_json({"file": file, "exists": await there.has(file)})
        else:
            print(printable(str(file)))
    return 0


async def _set(args: argparse.Namespace) -> int:
    from yogo_tui.cli.config_changes import change_setting

    return await change_setting(args)


async def _edit(args: argparse.Namespace) -> int:
    from yogo_tui.cli.config_changes import edit_settings

    return await edit_settings(args)


async def _schema(args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.settings.document import schema

    print_json(schema())
    return 0


async def _init(args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.doctor.discovery import discover, write_settings
    from yogo_tui.session import Session
    from yogo_tui.settings.entries import written

    async with place_of(args).reached() as there:
        file = await there.settings_file()
        if await there.has(file):
            raise SettingsError(
                f"{file} already exists; it is left as it is. To see the settings in force: {tui()} config show"
            )
        found = await discover(await Session.open(await there.settings(is_new=True), there.host))
        await write_settings(there.host, file, found.proposal)
    settings = {name: written(value) for name, value in found.proposal.items()}
    if args.json:
        print_json({"file": file, "found": [one.json for one in found.findings], "settings": settings})
        return 0
    for one in found.findings:
        print(f"{one.sign} {printable(one.about)}: {one.words}")
    which = f"{listed(settings)} as found, the others commented out" if settings else "commented out"
    print(printable(f"wrote {file}: every setting, {which}"))
    return 0


async def _show(args: argparse.Namespace) -> int:
    from yogo.text.output import must_arrive
    from yogo_tui.cli.output import print_json
    from yogo_tui.settings.document import dumped

    must_arrive()
    async with place_of(args).reached() as there:
        settings = await there.settings()
        is_there = await there.has(settings.file)
        from_where = await _workspace_from(there, settings)
    if settings.keymap:
        from yogo_tui.app import Console
        from yogo_tui.screens.keymap import keymap

        keymap(settings, Console)
    for notice in settings.notices:
        print(f"! {printable(notice)}", file=sys.stderr)
    for key in args.keys:
        if key not in settings.values:
            raise SettingsError(f'There is no setting "{key}". {meant(key, settings.values)}')
    values = {name: value for name, value in settings.values.items() if name in args.keys or not args.keys}
    mode, why = settings.wandb_mode
    if args.json:
        print_json(_json(settings, args, values, from_where))
        return 0
    missing = "" if is_there else ", which does not exist"
    if not args.keys:
        print(printable(f"# settings file: {settings.file}{missing}"))
    for name, value in values.items():
        origin = _origin(settings, args, name, from_where)
        if name == "wandb" and settings.wandb == "auto":
            origin += f"; {mode}: {why}"
        first, *rest = dumped(name, value).splitlines()
        print(printable(f"{first}  # {origin}"))
        for line in rest:
            print(printable(line))
    return 0


async def _workspace_from(there: Reached, settings: Settings) -> str:
    """What says which folder the workspace is, where neither the command nor the settings file there does."""
    from yogo_tui.questions.paths import FindPath

    if "workspace" in settings.model_fields_set and settings.workspace is not None:
        return f"`workspace` of {there.preset.name} in `hosts`" if there.preset and there.preset.workspace else ""
    folder, start = "the current folder", settings.start
    if there.preset:
        folder, start = "the home folder there", (await there.host.ask(FindPath("~", settings.start))).path
    return folder if settings.workspace_folder == start else f"the nearest above {folder}"


def _json(settings: Settings, args: argparse.Namespace, values: Mapping[str, Any], from_where: str) -> dict[str, Any]:
    mode, why = settings.wandb_mode
    return {
        "file": settings.file,
        "workspace": settings.workspace_folder,
        "runs": settings.all_runs_folders,
        "definitions": settings.definition_folders,
        "presets": settings.preset_folders,
        "templates": settings.templates_folder,
        "wandb": {"mode": mode, "why": why},
        "settings": dict(values),
        "from": {name: _origin(settings, args, name, from_where) for name in values},
        "notices": settings.notices,
    }


def _origin(settings: Settings, args: argparse.Namespace, name: str, from_where: str) -> str:
    if name == "workspace":
        if args.workspace is not None:
            return "--workspace"
        if from_where:
            return from_where
    if name == "cluster" and args.cluster is not None:
        return "--cluster"
    if name == "profile" and settings.why_profile:
        return settings.why_profile
    if line := settings.lines.get(name):
        return f"{settings.file}, line {line}"
    return "default"
