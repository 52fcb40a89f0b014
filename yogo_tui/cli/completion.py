"""`yogo-tui completion`: what a shell needs to complete the words of `yogo-tui`, and names of runs and sweeps."""

from __future__ import annotations

import argparse

from yogo.text.completion import SHELLS
from yogo_tui.cli.options import Commands, Misuse, new_command

_BASH = """
_yogo_tui_below() {  # those that lie in the current folder, or in the nearest one above it that has runs
  local folder=$PWD
  while [ "$folder" != / ] && [ ! -d "$folder/trained_models" ]; do folder=$(dirname -- "$folder"); done
  (cd -- "$folder/$1" 2>/dev/null && compgen -d -- "$2")
}
_yogo_tui_names() { _yogo_tui_below trained_models "$1"; }
_yogo_tui_sweeps() { _yogo_tui_below trained_models/.sweeps "$1"; }
_yogo_tui_recipes() {
  local folder=${XDG_CONFIG_HOME:-$HOME/.config}/yogo-tui/recipes
  compgen -W "BUILT_IN $(cd -- "$folder" 2>/dev/null && ls | sed -n 's/[.]ya*ml$//p')" -- "$1"
}
_yogo_tui_settings() { compgen -W "SETTINGS" -- "$1"; }
"""
_ZSH = """
_yogo_tui_below() {
  local folder=$PWD; local -a names
  while [[ $folder != / && ! -d $folder/trained_models ]]; do folder=${folder:h}; done
  names=($folder/$1/*(N/:t))
  compadd -a names
}
_yogo_tui_names() { _yogo_tui_below trained_models }
_yogo_tui_sweeps() { _yogo_tui_below trained_models/.sweeps }
_yogo_tui_recipes() {
  local -a names
  names=(BUILT_IN ${XDG_CONFIG_HOME:-$HOME/.config}/yogo-tui/recipes/*.y(a|)ml(N:t:r))
  compadd -a names
}
_yogo_tui_settings() { compadd SETTINGS; }
"""
_NAMES = {
    "RUN": {"bash": "_yogo_tui_names", "zsh": "_yogo_tui_names", "tcsh": "p/trained_models/"},
    "SWEEP": {"bash": "_yogo_tui_sweeps", "zsh": "_yogo_tui_sweeps", "tcsh": "p/trained_models/.sweeps/"},
    "RECIPE": {"bash": "_yogo_tui_recipes", "zsh": "_yogo_tui_recipes", "tcsh": "f"},
    "KEY": {"bash": "_yogo_tui_settings", "zsh": "_yogo_tui_settings", "tcsh": "n"},
}


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "completion",
        "print what a shell needs to complete the words of yogo-tui",
        "Runs and sweeps of this workspace, and recipes, are completed by their names. For bash: `yogo-tui completion "
        "bash > ~/.local/share/bash-completion/completions/yogo-tui`; for zsh, into a file `_yogo-tui` in a folder of "
        "$fpath. `yogo completion` does the same for yogo.",
    )
    parser.add_argument("shell", choices=SHELLS, help="The shell.")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.distribution import installing
    from yogo.presets import builtin
    from yogo.text.completion import script
    from yogo_tui.cli import parser
    from yogo_tui.settings import Settings

    slugs, keys = " ".join(preset.slug for preset in builtin()), " ".join(Settings.model_fields)
    plain = {"bash": _BASH, "zsh": _ZSH}
    preamble = {name: text.replace("BUILT_IN", slugs).replace("SETTINGS", keys) for name, text in plain.items()}
    try:
        text = script(parser(), args.shell, names=_NAMES, preamble=preamble)
    except ImportError as error:
        raise Misuse(f"This needs {error.name}, which is not installed: {installing('completion')}") from error
    print(text)
    return 0
