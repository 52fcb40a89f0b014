"""`yogo assay --counts`: the published figures to 1e-9, ours beside them, and refusals in a sentence."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.golden_files import beside
from yogo.cli import main

PLATELETS: dict[str, Any] = {"total": ["red"], "target": ["platelet"], "per_microlitre": 4.5e6}
ONE: dict[str, Any] = {"kind": "skip", "counts": [1000000, 0, 0, 0, 0, 10, 5]}


def assayed(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, Any]]:
    assert main(["assay", "--counts", str(path), "--json", *more]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def written(folder: Path, *samples: object) -> Path:
    path = folder / "counts.json"
    path.write_text(json.dumps(samples))
    return path


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return all(same(one, two) for one, two in zip(found, wanted, strict=True))
    return found is wanted if None in (found, wanted) else math.isclose(found, wanted, rel_tol=1e-9)


def test_the_published_figures_are_those_of_published_code(capsys: pytest.CaptureFixture[str]) -> None:
    path = beside("assay/golden.json")
    golden, found = json.loads(path.read_text()), assayed(path, capsys)
    assert len(found) == len(golden) == 117
    for one, wanted in zip(found, golden, strict=True):
        for name in ("raw_parasitemia", "percent", "per_ul"):
            assert same(one[name], wanted[name]), (name, wanted, one)


def test_ours_stands_beside_and_its_interval_holds_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    for one in assayed(beside("assay/golden.json"), capsys):
        ours = one["ours"]["per_ul"]
        if sum(one["counts"][:4]) == 0:
            assert set(ours.values()) == {None}
        else:
            assert 0 <= ours["low"] <= ours["value"] <= ours["high"] <= 5e6
        assert (one["ours"]["corrected_counts"] is not None) == (one["kind"] == "deskew")


def test_no_target_among_a_million_cells_is_at_most_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [one] = assayed(written(tmp_path, ONE), capsys)
    ours = one["ours"]["per_ul"]
    assert (ours["value"], ours["low"]) == (0, 0)
    assert ours["high"] == pytest.approx(-math.log(0.05) * 5, rel=1e-6)  # 3.0 targets among a million cells


def test_a_table_of_results_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assay", "--counts", str(written(tmp_path, ONE))]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert "0 ± 15  0 (0 to 15)" in shown[2]
    assert max(map(len, shown)) <= 80
    assert len(shown) == 3


def test_a_correction_that_sets_no_upper_end_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = beside("assay/golden.json").parent
    line = {"kind": "compensate", "model": "frightful-wendigo-1931", "clinical": True, "threshold": 0.82}
    path = written(tmp_path, {**line, "counts": [1999000, 700, 200, 100, 0, 0, 0]})
    assert main(["assay", "--counts", str(path), "--data", str(data)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[2].endswith("or more)")
    assert shown[3].startswith("No upper end: ")


def test_counts_need_no_torch(tmp_path: Path) -> None:
    code = f"import sys; from yogo.cli import main; main(['assay', '--counts', {str(written(tmp_path, ONE))!r}])"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}; assert 'yogo.assay.estimate' in sys.modules; sys.exit('torch' in sys.modules)",
        ],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ([ONE, {"kind": "skip", "counts": [1, 2]}], "sample 2"),
        ([{"kind": "skip", "counts": [-1, 0, 0, 0, 0, 0, 0]}], "sample 1"),
        ([{"kind": "guess", "counts": [0] * 7}], "kind"),
        ([{"kind": "deskew", "counts": [0] * 7}], "the kind deskew needs model"),
        ([{"kind": "deskew", "model": "../x", "counts": [0] * 7}], "is no model's name"),
        ([{"kind": "deskew", "model": "gone", "counts": [0] * 7}], "has no folder gone"),
        ([3], "sample 1"),
        ([{**ONE, "classes": ["a"] * 7}], "one of the two is missing"),
        ([{**ONE, "classes": ["a", "b"], "roles": {**PLATELETS, "target": ["c"]}}], "names red, c, which is not"),
        ([{**ONE, "classes": ["red", "red"], "roles": PLATELETS}], "names red more than once"),
        ([{**ONE, "classes": ["red", "platelet"], "roles": PLATELETS}], "has 7 numbers, and there are 2 classes"),
        ([{**ONE, "classes": ["red", "platelet"], "roles": {"total": ["red"]}}], "roles"),
    ],
)
def test_a_sample_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], samples: list[object], words: str
) -> None:
    assert main(["assay", "--counts", str(written(tmp_path, *samples))]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert words in shown.err


@pytest.mark.parametrize(("text", "words"), [("{", "is not JSON"), ("{}", "must be a list of objects")])
def test_a_file_that_holds_no_list_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    path = tmp_path / "counts.json"
    path.write_text(text)
    assert main(["assay", "--counts", str(path)]) == 1
    assert words in capsys.readouterr().err


def test_a_threshold_without_a_line_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = beside("assay/golden.json").parent
    sample = {**ONE, "kind": "compensate", "model": "elated-smoke-4492", "clinical": True, "threshold": 0.5}
    assert main(["assay", "--counts", str(written(tmp_path, sample)), "--data", str(data)]) == 1
    assert "has no line at threshold 0.5; it has 100, from 0.75 to 0.9975" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["m-clinical-compensation-no-heatmaps.csv", "m-cmatrix-mean.npy"])
def test_a_pipe_in_place_of_a_table_is_told_and_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "m").mkdir()
    os.mkfifo(tmp_path / "m" / name)
    kind = "compensate" if name.endswith("csv") else "deskew"
    sample = {**ONE, "kind": kind, "model": "m", "clinical": True, "threshold": 0.5}
    assert main(["assay", "--counts", str(written(tmp_path, sample))]) == 1
    assert "this is a named pipe" in capsys.readouterr().err


def test_a_sample_may_name_its_own_classes_and_roles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Platelets by red cells: 60 by 1,000, of 4,500,000 in a microlitre."""
    own = {"kind": "skip", "classes": ["red", "platelet", "white"], "roles": PLATELETS, "counts": [1000, 60, 7]}
    [first, one] = assayed(written(tmp_path, ONE, own), capsys)
    assert first["ours"]["counts"]["healthy"] == 1e6
    assert one["per_ul"][0] == pytest.approx(270_000)
    assert one["ours"]["per_ul"]["value"] == pytest.approx(270_000)
    assert one["ours"]["counts"] == {"red": 1000, "platelet": 60, "white": 7}


def test_roles_of_a_definition_are_those_of_samples_that_say_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    definition = tmp_path / "d.yml"
    lines = [
        "class_names: [red, platelet, white]",
        "dataset_paths:",
        "  a: {image_path: images, label_path: labels}",
        "dataset_split_fractions: {train: 1.0}",
    ]
    definition.write_text("\n".join([*lines, "roles: {total: [red], target: [platelet], per_microlitre: 4.5e6}"]))
    path = written(tmp_path, {"kind": "skip", "counts": [1000, 60, 7]})
    [one] = assayed(path, capsys, "--roles", str(definition))
    assert one["ours"]["per_ul"]["value"] == pytest.approx(270_000)
    definition.write_text("\n".join(lines))
    assert main(["assay", "--counts", str(path), "--roles", str(definition)]) == 1
    assert "has no roles" in capsys.readouterr().err
