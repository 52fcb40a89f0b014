"""What the shells complete: commands, options, runs, sweeps and recipes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import yogo.cli
import yogo_tui.cli


def completed(folder: Path, script: str, function: str, *words: str) -> set[str]:
    """What bash offers for the last of these words."""
    typed = " ".join(f"'{word}'" for word in words)
    asks = f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; {function} {words[0]} '{words[-1]}' '{words[-2]}'"
    done = subprocess.run(
        ["bash", "-c", f'eval "$SCRIPT"; {asks}; printf "%s\\n" "${{COMPREPLY[@]}}"'],
        cwd=folder,
        env=os.environ | {"SCRIPT": script, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")},
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.strip() for line in done.stdout.splitlines()}


def test_bash_completes_commands_options_runs_sweeps_recipes_and_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert yogo_tui.cli.main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    (tmp_path / "trained_models/chaos-cat-0727").mkdir(parents=True)
    (tmp_path / "trained_models/.sweeps/rates").mkdir(parents=True)
    (tmp_path / "below").mkdir()
    (tmp_path / "config/yogo-tui/recipes").mkdir(parents=True)
    (tmp_path / "config/yogo-tui/recipes/night-shift.yaml").touch()
    function = "_shtab_yogo_tui"
    assert completed(tmp_path, script, function, "yogo-tui", "canc") == {"cancel"}
    assert "--json" in completed(tmp_path, script, function, "yogo-tui", "runs", "--js")
    assert completed(tmp_path, script, function, "yogo-tui", "logs", "cha") == {"chaos-cat-0727"}
    assert completed(tmp_path / "below", script, function, "yogo-tui", "logs", "cha") == {"chaos-cat-0727"}
    assert completed(tmp_path / "below", script, function, "yogo-tui", "sweep", "show", "ra") == {"rates"}
    recipes = completed(tmp_path, script, function, "yogo-tui", "launch", "--recipe", "")
    assert {"night-shift", "still-voice-4405-as-it-ran", "pretrain"} <= recipes
    assert completed(tmp_path, script, function, "yogo-tui", "recipes", "co") == {"copy"}
    assert completed(tmp_path, script, function, "yogo-tui", "recipes", "copy", "night") == {"night-shift"}
    assert completed(tmp_path, script, function, "yogo-tui", "recipes", "delete", "night") == {"night-shift"}
    assert completed(tmp_path, script, function, "yogo-tui", "config", "set", "wandb_en") == {"wandb_entity"}
    assert completed(tmp_path, script, function, "yogo-tui", "--once", "doc") == {"doctor"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_each_shell_reads_it(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    for main in (yogo.cli.main, yogo_tui.cli.main):
        assert main(["completion", shell]) == 0
        script = capsys.readouterr().out
        assert "yogo" in script
        if shutil.which(shell) and shell != "tcsh":
            subprocess.run([shell, "-n"], input=script, text=True, check=True, capture_output=True)
