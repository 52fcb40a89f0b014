"""Renders the job script of a plan. The same plan, folder and token give the same text."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import cast

from yogo.recipe import Recipe, differences, flag, knobs
from yogo.run.directory import HostRunDirectory, log_in
from yogo.run.launch import Parent, Size
from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.cluster.free_options import options_in
from yogo_tui.cluster.header import Header
from yogo_tui.errors import TemplateError
from yogo_tui.launch.ending import MAX_RESTARTS
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.quoting import shell
from yogo_tui.settings import Settings, SizePreset, shipped_templates

MAX_WAIT_SECONDS = 300
"""How long the processes on several nodes may go on after the first of them has ended."""

PREVIEW_TOKEN = "shown-at-launch"
"""The token in a script that is only shown."""

COMMENT = "yogo:"
"""Prefix of the launch's token in its job's comment."""


def render(settings: Settings, plan: LaunchPlan, token: str, *, resumed: PurePosixPath | None = None) -> str:
    """The job script of `plan`, or of another job that resumes the run in the folder `resumed`.

    Raises TemplateError.
    """
    from yogo_tui.launch.templates import with_identity, with_signals

    if plan.script and not resumed:
        return _edited(settings, plan, token)

    values, name, own = _values(settings, plan, token, resumed), plan.size.template, settings.templates_folder
    _check(values, settings.header)
    script = _filled(settings, name, values)
    # The user's own template may be older than --resume: its job would start the run from the beginning.
    if resumed and script == _filled(settings, name, values | {"resume": False}):
        raise TemplateError(
            f"The script template {settings.header.template(name)}, or what it includes, in {own} does not "
            "support resuming a run: copy `{% if resume %}` from the shipped _train.sbatch."
        )
    if plan.search and not resumed and script == _filled(settings, name, values | {"asks": []}):
        raise TemplateError(
            f"The script template {settings.header.template(name)}, or what it includes, in {own} does not ask a "
            "sweep's study for values: copy `{% if asks %}` from the shipped _train.sbatch."
        )
    if plan.size.nodes > 1 and script == _filled(settings, name, values | {"nodes": 1}):
        raise TemplateError(
            f"The script template {settings.header.template(name)}, or what it includes, in {own} is for one node, and "
            f"{counted(plan.size.nodes, 'node')} are asked for: set `template: 2nodes.sbatch` for this size."
        )
    script = with_identity(script, plan.name, COMMENT + token, settings.header)
    return with_signals(script, values, own=own)


def render_shipped(settings: Settings, plan: LaunchPlan, token: str) -> str | None:
    """The script of `plan` by the shipped template, whatever the user has changed; None if no shipped template has the
    name. Raises TemplateError."""
    from yogo_tui.launch.templates import names

    folder, header = settings.header.templates or shipped_templates(), settings.header
    if header.template(plan.size.template) not in names(folder, header):
        return None
    return render(settings.model_copy(update={"templates": folder}), replace(plan, script=""), token)


def _edited(settings: Settings, plan: LaunchPlan, token: str) -> str:
    """The script that was edited for this launch. Raises TemplateError."""
    from yogo_tui.launch.templates import check_directives, with_identity

    if PREVIEW_TOKEN not in plan.script or shell(str(settings.run(plan.name).path)) not in plan.script:
        raise TemplateError(
            f"The edited script is not one of the run {plan.name}: edit what `{tui()} render --name {plan.name}` "
            "prints, and leave its name, its folder and its token as they are."
        )
    check_directives(plan.script, "the edited script", settings.header)
    script = plan.script.replace(PREVIEW_TOKEN, token)
    return with_identity(script, plan.name, COMMENT + token, settings.header)


_OWNERS = {
    "log_folder": "the folder of the run, in the workspace",
    "workspace": "the workspace",
    "definition": "the path of the dataset definition",
    "partition": "the setting partition",
    "account": "the setting account",
    "gpus": "the setting gpu_type",
    "qos": "the setting qos",
    "constraint": "the setting constraint",
    "yogo": "the setting yogo_command",
    "setup": "the setting setup",
}
"""Where each value that a person writes comes from, for error messages."""


_IN_HEADER = ("log_folder", "partition", "account", "gpus", "qos", "constraint")


def _check(values: Mapping[str, object], header: Header) -> None:
    """Raises TemplateError for a value that a script cannot hold. It names the setting instead of a template's line."""
    for name, owner in _OWNERS.items():
        value = values.get(name, "")
        try:
            if name in _IN_HEADER:
                header.quote(value)
            shell(value)
        except ValueError as error:
            raise TemplateError(
                f"{owner[0].upper()}{owner[1:]} cannot be used: {error}. Choose another one."
            ) from error


_HARDWARE = {0: "the CPU", 1: "one GPU", 2: "two GPUs", 3: "three GPUs", 4: "four GPUs"}


def _hardware(size: SizePreset) -> str:
    what = _HARDWARE.get(size.gpus) or counted(size.gpus, "GPU")
    return what if size.nodes == 1 else f"{what} on {counted(size.nodes, 'node')}"


def _values(settings: Settings, plan: LaunchPlan, token: str, resumed: PurePosixPath | None) -> dict[str, object]:
    run = HostRunDirectory(resumed) if resumed else settings.run(plan.name)
    in_header = HostRunDirectory(PurePosixPath(settings.header.file_name(run.path)))
    return {
        **_site(settings, plan.size),
        "name": plan.name,
        "token": token,
        "comment": COMMENT + token,
        "workspace": str(settings.workspace_folder),
        "runs": str(run.path.parent),
        "run": str(run.path),
        "last": str(run.last),
        "log_folder": str(run.path),
        "log": str(in_header.log(settings.header.job_id)),
        "definition": str(plan.definition),
        "flags": flags(plan.recipe, without=plan.search.names if plan.search else ()),
        "asks": list(plan.search.names) if plan.search else [],
        "recipe": str(run.recipe),
        "hardware": _hardware(plan.size),
        "nodes": plan.size.nodes,
        "processes": plan.size.num_processes,
        "cpus_per_process": max(1, plan.size.cpus // plan.size.num_processes),
        "max_wait": MAX_WAIT_SECONDS,
        "parent": _parent(plan.parent),
        "reset_head": plan.reset_head,
        "max_restarts": MAX_RESTARTS,
        "resume": resumed is not None,
    }


def render_wrapper(settings: Settings, size: SizePreset) -> str:
    """A script of this size that runs the command in its arguments. Raises TemplateError.

    It is kept, so it names a W&B mode only if the settings do: whether somebody is logged in may change.
    """
    program = PurePosixPath(settings.yogo_words[0])
    beside = str(program.parent) if program.name == "yogo" and program.is_absolute() else ""
    mode = "" if settings.wandb == "auto" else settings.wandb
    return _filled(settings, "wrapper", {**_site(settings, size), "wandb": mode, "yogo_folder": beside})


def render_use(
    settings: Settings,
    size: SizePreset,
    *,
    name: str,
    folder: PurePosixPath,
    words: Sequence[str],
    workspace: PurePosixPath,
) -> str:
    """A script that runs `yogo` with `words` in `workspace`, as the job `name` with its log in `folder`. Raises
    TemplateError."""
    header = settings.header
    values = {
        **_site(settings, size),
        "name": name,
        "folder": str(folder),
        "log": str(log_in(PurePosixPath(header.file_name(folder)), header.file_name(name), header.job_id)),
        "workspace": str(workspace),
        "words": list(words),
    }
    return _filled(settings, "use", values)


def _filled(settings: Settings, name: str, values: Mapping[str, object]) -> str:
    """The template called `name`, for the cluster of the settings. Raises TemplateError."""
    from yogo_tui.launch.templates import fill, with_options

    header = settings.header
    _check(values, header)
    options = _options(values, header)
    filled = fill(header.template(name), {**values, "options": options}, own=settings.templates_folder, header=header)
    return with_options(filled, options, header)


def _options(values: Mapping[str, object], header: Header) -> tuple[str, ...]:
    """The options of sbatch that not every template has lines of its own for. Raises TemplateError."""
    said = [f"--{name}={header.quote(values[name])}" for name in ("qos", "constraint") if values[name]]
    said += [f"--mem={values['memory']}"] if values["memory"] else []
    try:
        lines = [line for line in cast("Sequence[str]", values["sbatch"]) if options_in(line)]
    except ValueError as error:
        raise TemplateError(f"The setting sbatch cannot be used: {error}.") from error
    return (*said, *(line.strip().removeprefix(header.directive).strip() for line in lines))


def flags(recipe: Recipe, without: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """Every knob of `recipe` as words of the command `yogo train`, in the order of their declaration."""
    return [flag(one.name, getattr(recipe, one.name)) for one in knobs(type(recipe)) if one.name not in without]


def command_of(recipe: Recipe) -> str:
    """The command that trains by this recipe, with what it sets otherwise than the defaults."""
    words = [word for name in differences(recipe) for word in flag(name, getattr(recipe, name))]
    return f"yogo train DEFINITION {shlex.join(words)}".rstrip()


def _site(settings: Settings, size: SizePreset) -> Mapping[str, object]:
    """The values of a script that come from the settings and the size. Of several nodes, they are one node's."""
    asked, seconds = settings.filled(size), math.ceil(size.hours * 3600)
    gpus = size.gpus // size.nodes
    return {
        "partition": asked.partition,
        "account": asked.account,
        "gpus": f"{asked.gpu_type}:{gpus}" if asked.gpu_type and gpus else gpus,
        "qos": asked.qos,
        "constraint": asked.constraint,
        "memory": memory_words(size),
        "sbatch": asked.sbatch,
        "cpus": size.cpus // size.nodes,
        "time": f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        "signal_seconds": min(180, seconds // 4),
        "setup": asked.setup,
        "yogo": settings.yogo_words,
        "wandb": settings.wandb_mode[0],
        "wandb_project": settings.wandb_project,
        "wandb_entity": settings.wandb_entity,
    }


def memory_words(size: Size) -> str:
    """The memory of each node as Slurm reads it, rounded up to MiB; empty if the size asks for none."""
    gib = (size.memory_gib or 0) / size.nodes
    return f"{gib:.0f}G" if gib == int(gib) and gib else f"{math.ceil(gib * 1024)}M" if gib else ""


def _parent(parent: Parent | None) -> Mapping[str, str] | None:
    if parent is None:
        return None
    return {"checkpoint": parent.checkpoint, "run": parent.run or "", "sha256": parent.sha256 or ""}
