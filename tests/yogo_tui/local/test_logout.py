"""Whether logging out would end the jobs, as systemd's own programs say; here they are stand-ins on the PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from yogo_tui.cluster.local.logout import logout_notice


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the first one to be looked for programs in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def answers(programs: Path, busctl: str, loginctl: str) -> None:
    """What each program does, in words of the shell."""
    for name, does in (("busctl", busctl), ("loginctl", loginctl)):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)


def test_where_sessions_leave_no_process_the_way_to_keep_jobs_is_said(programs: Path, tmp_path: Path) -> None:
    answers(programs, f'echo "$@" > {tmp_path}/asked; echo "b true"', f'echo "$@" >> {tmp_path}/asked; echo no')
    notice = logout_notice(tmp_path)
    assert "Logging out of this machine would end its jobs" in notice
    assert "`loginctl enable-linger`" in notice
    first, second = (tmp_path / "asked").read_text().splitlines()
    assert first.endswith("org.freedesktop.login1.Manager KillUserProcesses")
    assert second.endswith("--property=Linger --value")


@pytest.mark.parametrize(
    ("busctl", "loginctl"),
    [
        ("echo b false", "echo no"),
        ("echo b true", "echo yes"),
        ("echo b true; exit 1", "echo no"),
        ("echo b true", "echo no; exit 1"),
        ("exec sleep 60", "echo no"),
    ],
    ids=["nothing is killed", "the user lingers", "no bus", "no such user", "no answer"],
)
def test_where_jobs_survive_or_nothing_can_be_told_nothing_is_said(
    programs: Path, tmp_path: Path, busctl: str, loginctl: str
) -> None:
    answers(programs, busctl, loginctl)
    assert logout_notice(tmp_path) == ""


def test_without_systemd_or_its_programs_nothing_is_said(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(programs, "echo b true", "echo no")
    assert logout_notice(tmp_path / "none") == ""
    monkeypatch.setenv("PATH", "/nowhere")
    assert logout_notice(tmp_path) == ""
