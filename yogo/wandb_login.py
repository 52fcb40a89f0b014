"""Whether somebody is logged in to Weights & Biases here, read from its own files without importing it."""

from __future__ import annotations

import netrc
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from yogo.files.places import NoHome, home

Mode = Literal["online", "offline", "disabled"]

MODES: dict[str, Mode] = {
    "online": "online",
    "run": "online",
    "offline": "offline",
    "dryrun": "offline",
    "disabled": "disabled",
}
"""The values of WANDB_MODE, old spellings included."""


def login(env: Mapping[str, str] = os.environ) -> str:
    """Where a login was found: WANDB_API_KEY, or the path of a netrc file; empty if nobody is logged in."""
    if env.get("WANDB_API_KEY"):
        return "WANDB_API_KEY"
    host = env.get("WANDB_BASE_URL", "https://api.wandb.ai").split("//")[-1].strip("/")
    for path in _files(env):
        try:
            if host in netrc.netrc(path).hosts:
                return str(path)
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            continue
    return ""


def _files(env: Mapping[str, str]) -> tuple[Path, ...]:
    if env.get("NETRC"):
        return (Path(env["NETRC"]),)
    try:
        return home(env) / ".netrc", home(env) / "_netrc"
    except NoHome:
        return ()


def default_mode(env: Mapping[str, str] = os.environ) -> tuple[Mode, str]:
    """The mode of a run that was given none, and why, such as "nobody is logged in here"."""
    if asked := env.get("WANDB_MODE", ""):
        return MODES.get(asked, "disabled"), f"WANDB_MODE={asked} says so"
    if found := login(env):
        return "online", f"a login was found in {found}"
    return "disabled", "nobody is logged in here; `wandb login` changes that"
