"""The tables that commands print."""

from __future__ import annotations

import sys

import pytest

from yogo_tui.cli.output import print_table

HEAD = ("name", "state", "epoch", "best loss", "age", "why")
ROW = ("olive-sparrow-4851", "✔ finished", "2.0/2", "47.1", "8 m", "it got no better after many epochs")


def table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> list[str]:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    print_table(HEAD, [ROW])
    return capsys.readouterr().out.splitlines()


def test_on_a_narrow_terminal_sentences_are_cut_before_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for width in (80, 68):
        head, row = table(monkeypatch, capsys, width)
        assert max(len(head), len(row)) <= width
        assert row.startswith("olive-sparrow-4851  ✔ finished  2.0/2")
        assert row.endswith("…")
    _, row = table(monkeypatch, capsys, 56)
    assert (len(row), "olive-sparrow" in row) == (56, False)


def test_in_a_file_nothing_is_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table(HEAD, [ROW])
    assert ROW[-1] in capsys.readouterr().out
