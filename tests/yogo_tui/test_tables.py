"""The commands' tables: cells are counted, and a row fits on a line of the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.yogo_tui.terminal import Terminal, environment
from yogo_tui.words import cut_end, cut_middle, padded

NAMES = ("細胞の実験", "🧫-plate-🧬", "e\u0301te\u0301", "plain", "long-" * 40 + "end", "ｗｉｄｅ" * 20)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    lab = tmp_path / "lab"
    for name in NAMES:
        (lab / "trained_models" / name).mkdir(parents=True)
        (lab / "trained_models" / name / "best.pth").touch()
    (lab / "recipes").mkdir()
    (lab / "recipes/mine.yaml").write_text(f"title: {'細胞' * 40}\n")
    deep = lab / "dataset_defs" / ("深い-" * 20)
    deep.mkdir(parents=True)
    (deep / "cells.yml").write_text("class_names: [a]\ndataset_paths:\n  x: {image_path: i, label_path: l}\n")
    (lab / "settings.yaml").write_text(f"cluster: local\nworkspace: {lab}\n")
    return lab


@pytest.mark.parametrize("command", ["runs", "recipes", "datasets", "jobs"])
def test_every_row_of_a_table_fits_on_a_line_of_the_terminal(lab: Path, command: str) -> None:
    argv = [sys.executable, "-m", "yogo_tui", *command.split(), "--settings", str(lab / "settings.yaml")]
    with Terminal(argv, environment(lab.parent), lab) as terminal:
        assert terminal.end() == 0
    sentences = "✖", "To check them: "
    lines = [line for line in terminal.sent.decode().splitlines() if not any(one in line for one in sentences)]
    assert all(cell_len(line) <= 80 for line in lines), [line for line in lines if cell_len(line) > 80]


def told(lab: Path, *words: str) -> list[str]:
    argv = [sys.executable, "-m", "yogo_tui", *words, "--settings", str(lab / "settings.yaml")]
    done = subprocess.run(argv, cwd=lab, env=environment(lab.parent), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_what_is_piped_is_whole_and_its_columns_stand_below_one_another(lab: Path) -> None:
    head, *rows = told(lab, "runs")
    assert {row.split()[0] for row in rows} == set(NAMES)
    column = cell_len(head[: head.index("state")])
    for row in rows:
        assert cell_len(row[: row.index("? unknown")]) == column
    assert any("細胞" * 40 in row for row in told(lab, "recipes"))


@pytest.mark.parametrize("text", [*NAMES, "", "a", "/a/b/細胞/c.yml"])
@pytest.mark.parametrize("width", [0, 1, 2, 3, 7, 20, 300])
def test_a_text_is_cut_to_the_cells_that_there_are(text: str, width: int) -> None:
    for cut in (cut_middle, cut_end):
        short = cut(text, width)
        assert cell_len(short) <= width
        assert cell_len(padded(short, width)) == width
        if cell_len(text) <= width:
            assert short == text
