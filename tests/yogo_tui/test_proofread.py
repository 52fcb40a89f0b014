"""Names in a job script that nothing sets are told, with their line; those that something sets are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yogo_tui.lab import plan
from tests.yogo_tui.stand_in_slurm import StandIn
from yogo_tui.launch.proofread import doubts, syntax_error
from yogo_tui.settings import Settings, SizePreset

_SAID = "which neither the script nor your login sets"


def named(script: str, environment: tuple[str, ...] = ()) -> list[str]:
    return [doubt.removesuffix(f", {_SAID}").partition(" uses ")[2] for doubt in doubts(script, environment)]


@pytest.mark.parametrize(
    "script",
    [
        "echo $FOO",
        'echo "${FOO}"',
        'cd -- "$(dirname "$FOO")"',
        "cat <<END\ntake 'it' to $FOO\nEND",
        "cat <<< $FOO",
        "echo ${FOO%/*} ${#FOO}",
        "BAR=$FOO; export BAR",
        "read -r BAR <<< $FOO",
        'echo "it\'s $FOO"',
        "case $1 in a) echo $FOO ;; esac",
        "echo $(case $1 in (a) echo 1 ;; esac) $FOO",
        "echo \\\\$FOO",
    ],
)
def test_a_name_that_nothing_sets_is_told(script: str) -> None:
    assert named(script) == ["FOO"]
    assert named(script, ("FOO",)) == []


@pytest.mark.parametrize(
    "script",
    [
        "FOO=1; echo $FOO",
        "FOO=(1 2); echo ${FOO[@]}",
        "FOO+=x; echo $FOO",
        "export FOO; echo $FOO",
        "for FOO in a b; do echo $FOO; done",
        "while read -r BAR FOO; do echo $FOO; done",
        "printf -v FOO x; echo $FOO",
        "echo ${FOO:-there} ${FOO-} ${FOO:+x} ${FOO?not there}",
        "echo '$FOO' \\$FOO \"\\$FOO\" # $FOO",
        "awk '{ print $FOO }' \"$(sed 's/$FOO//' x)\"",
        "cat <<'END'\n$FOO\nEND",
        'cat <<"END"\n$FOO\nEND',
        "echo $1 $# $? $$ $! $@ $SLURM_JOB_ID $HOME $SECONDS $PWD",
    ],
)
def test_a_name_that_is_set_or_needs_no_value_is_not_told(script: str) -> None:
    assert doubts(script, ()) == ()


def test_a_doubt_names_the_first_line_and_what_else_may_set_it() -> None:
    assert doubts("#!/bin/bash\n\necho $FOO\necho $FOO\n", ()) == (f"line 3 uses FOO, {_SAID}",)
    assert doubts("module load cuda\necho $CUDA_HOME\n", ()) == (
        f"line 2 uses CUDA_HOME, {_SAID}, unless a line of set-up does",
    )


@pytest.mark.parametrize("size", Settings().sizes, ids=lambda size: str(size.title))
async def test_the_shipped_scripts_raise_no_doubt(tmp_path: Path, size: SizePreset) -> None:
    session = StandIn(tmp_path / "bin").session(tmp_path / "lab")
    script = await session.launcher.render(plan(session, size=size))
    assert doubts(script, ()) == ()
    assert syntax_error(script) == ""
