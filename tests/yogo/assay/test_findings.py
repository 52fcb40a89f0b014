"""`yogo assay --limits`: what the models can see, from their tables and from samples of known value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.golden_files import beside
from yogo.cli import main

ELATED = {"kind": "compensate", "model": "elated-smoke-4492", "clinical": True, "threshold": 0.985}
FRIGHTFUL = {"kind": "compensate", "model": "frightful-wendigo-1931", "clinical": True, "threshold": 0.82}
MATRIX = {"kind": "deskew", "model": "frightful-wendigo-1931"}
COUNTS = [1999000, 700, 200, 100, 0, 0, 0]


def written(folder: Path, samples: list[dict[str, Any]]) -> Path:
    path = folder / "counts.json"
    path.write_text(json.dumps(samples))
    return path


def found(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert main(["assay", "--counts", str(path), "--limits", "--json", *more]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def shown(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> list[str]:
    assert main(["assay", "--counts", str(path), "--limits", *more]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    return lines


def of_known_value(num_blanks: int = 8) -> list[dict[str, Any]]:
    """Best near 0.9, where false positives are few and the sensitivity has not fallen yet."""
    rng = np.random.default_rng(5)
    values = {f"blank {n}": 0 for n in range(num_blanks)} | {
        f"{value}/{n}": value for value in (50, 200, 1000, 5000, 50000) for n in range(3)
    }
    samples = []
    for threshold in (0.5, 0.7, 0.8, 0.9, 0.95):
        sensitivity = 0.2 if threshold > 0.92 else 0.9 - 0.2 * (threshold - 0.5)
        for name, value in values.items():
            targets = int(rng.poisson(2e6 * (sensitivity * value / 5e6 + 1e-4 * 10 ** (-2.5 * (threshold - 0.5)))))
            counts = [2_000_000 - targets, targets, 0, 0, 0, 0, 0]
            samples.append({"kind": "skip", "sample": name, "threshold": threshold, "counts": counts})
            samples[-1]["target_per_microlitre"] = value
    return samples


def test_the_limits_of_tables_and_matrix_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(beside("assay/golden.json").parent)
    path = written(tmp_path, [{**one, "counts": COUNTS} for one in (ELATED, FRIGHTFUL, MATRIX)])
    told = found(path, capsys, "--data", data)
    assert told["cells"] == 2e6  # the median of the samples
    elated, frightful, matrix = told["corrections"]
    assert (elated["best"]["threshold"], frightful["best"]["threshold"]) == (0.985, 0.82)
    limit = elated["best"]["lod_per_ul"]
    assert limit["low"] < limit["value"] < limit["high"]
    assert limit["value"] == pytest.approx(92, abs=1)
    assert frightful["best"]["lod_per_ul"]["high"] is None  # its slope may be 0
    assert matrix["false_positives_per_ul"] == pytest.approx(638, abs=1)
    assert (told["known"], told["near"]) == (None, [])
    fewer = found(path, capsys, "--data", data, "--cells", "200000")
    assert [round(one["best"]["lod_per_ul"]["value"]) for one in fewer["corrections"][:2]] == [463, 925]
    lines = shown(path, capsys, "--data", data)
    assert [line.split()[1] for line in lines if line.startswith("*") and "lowest" not in line] == ["0.985", "0.82"]


def test_samples_of_known_value_tell_limits_lines_and_the_best_threshold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, of_known_value())
    known = found(path, capsys)["known"]
    rows = {row["threshold"]: row for row in known["thresholds"]}
    assert list(rows) == [0.5, 0.7, 0.8, 0.9, 0.95]
    assert rows[0.5]["negatives"]["samples"] == 8
    blanks = rows[0.5]["negatives"]["per_ul"]
    assert blanks["low"] < 500 < blanks["high"]
    assert rows[0.5]["line"]["slope"] == pytest.approx(0.9, abs=0.01)
    assert rows[0.5]["line"]["is_straight"] in (True, False)
    best = known["best"]
    assert best["threshold"] == 0.9
    assert best["threshold_low"] <= 0.9 <= best["threshold_high"]
    assert best["lod_per_ul"]["value"] == pytest.approx(min(row["lod_per_ul"] for row in rows.values()))
    assert best["lod_elsewhere_per_ul"] > 0
    lines = shown(path, capsys)
    assert any(line.startswith("*       0.9 ") for line in lines)
    assert any("told of the other" in line for line in lines)


def test_blanks_that_differ_at_a_low_threshold_do_not_pass_for_alike_at_a_high_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = of_known_value()
    alike = found(written(tmp_path, samples), capsys)["known"]
    for one in samples:
        if one["threshold"] == 0.5 and one["target_per_microlitre"] == 0:
            targets = 20 if int(one["sample"][-1]) % 2 else 380
            one["counts"] = [2_000_000 - targets, targets, 0, 0, 0, 0, 0]
    differ = found(written(tmp_path, samples), capsys)["known"]
    before, after = ({row["threshold"]: row for row in one["thresholds"]}[0.9] for one in (alike, differ))
    assert after["negatives"] == before["negatives"]
    assert after["lob_count"] > before["lob_count"]
    assert after["lod_per_ul"] > 1.5 * before["lod_per_ul"]
    assert differ["best"]["lod_per_ul"]["value"] > 1.5 * alike["best"]["lod_per_ul"]["value"]


def test_a_sample_that_one_threshold_lacks_does_not_stop_the_choice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = [one for one in of_known_value() if (one["sample"], one["threshold"]) != ("blank 0", 0.5)]
    known = found(written(tmp_path, samples), capsys)["known"]
    assert known["best"]["threshold"] == 0.9
    assert len(known["thresholds"]) == 5


def test_few_negatives_are_not_split_and_that_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, of_known_value(num_blanks=4))
    assert found(path, capsys)["known"]["best"]["lod_elsewhere_per_ul"] is None
    assert any("With six negative samples" in line for line in shown(path, capsys))


def test_the_same_sample_counts_once_whatever_correction_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = {"sample": "a", "target_per_microlitre": 0, "counts": COUNTS}
    path = written(tmp_path, [{"kind": "skip", "threshold": 0.985, **blank}, {**ELATED, **blank}])
    [row] = found(path, capsys, "--data", str(beside("assay/golden.json").parent))["known"]["thresholds"]
    assert row["negatives"]["samples"] == 1
    assert row["negatives"]["spread_per_ul"] is None


def test_how_many_are_near_the_truth_is_told_with_its_interval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = [
        {"kind": "skip", "target_per_microlitre": value, "counts": [2_000_000 - 400, 400, 0, 0, 0, 0, 0]}
        for value in (1000, 1249, 810, 1400, 700)  # 400 in two million are 1,000
    ]
    path = written(tmp_path, samples)
    [near] = found(path, capsys)["near"]
    assert (near["samples"], near["within"]) == (5, 3)
    assert near["share"]["low"] == pytest.approx(0.2307, abs=1e-3)
    assert near["share"]["high"] == pytest.approx(0.8824, abs=1e-3)
    assert "  counts: 3 of 5 samples (23% to 88%)" in shown(path, capsys)


def test_a_file_that_says_nothing_of_models_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is nothing to tell of" in shown(written(tmp_path, [{"kind": "skip", "counts": COUNTS}]), capsys)[-1]
    assert main(["assay", "--counts", str(written(tmp_path, [])), "--limits"]) == 1
    assert "has no sample with cells" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--cells", "5"], "--cells and --mix need --limits"),
        (["--mix", "ring=1"], "--cells and --mix need --limits"),
        (["--limits", "--cells", "0"], "--cells: it must be greater than 0"),
        (["--html", "x.html"], "--counts goes with"),
        (["a.pth"], "--counts goes with"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["assay", "--counts", str(written(tmp_path, [])), *more])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_limits_of_a_matrix_are_told_for_the_mix_that_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By hand from the matrix: what is counted of rings alone, of schizonts alone, and of three rings a schizont."""
    data = str(beside("assay/golden.json").parent)
    path = written(tmp_path, [{**MATRIX, "counts": COUNTS}])
    seen = found(path, capsys, "--data", data)["corrections"][0]["sensitivities"]
    limits = {}
    for words in (("ring=1",), ("schizont=5",), ("ring=3", "schizont=1")):
        [one] = found(path, capsys, "--data", data, "--mix", *words)["corrections"]
        limits[words] = one["lod_per_ul"]
    assert one["mix"] == {"ring": 0.75, "trophozoite": 0.0, "schizont": 0.25}
    wrong = one["false_positives_per_ul"] / 5e6
    (ring, schizont, both) = limits.values()
    assert ring * (seen["ring"] - wrong) == pytest.approx(schizont * (seen["schizont"] - wrong), rel=1e-9)
    assert 1 / both == pytest.approx(0.75 / ring + 0.25 / schizont, rel=1e-9)
    assert any(
        "ring 75 %, trophozoite 0 %, schizont 25 %" in line
        for line in shown(path, capsys, "--data", data, "--mix", "ring=3", "schizont=1")
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [("ring", "is not CLASS=SHARE"), ("ring=-1", "is not CLASS=SHARE"), ("ring=nan", "is not CLASS=SHARE"),
     ("wbc=1", "the targets are ring, trophozoite and schizont"), ("ring=0", "no share above 0")],
)  # fmt: skip
def test_a_mix_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, said: str) -> None:
    path = written(tmp_path, [{"kind": "skip", "counts": COUNTS}])
    assert main(["assay", "--counts", str(path), "--limits", "--mix", words]) == 1
    assert said in capsys.readouterr().err


def test_limits_of_known_samples_have_an_interval_and_so_has_the_spread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, of_known_value())
    known = found(path, capsys)["known"]
    limit = known["best"]["lod_per_ul"]
    assert 0 < limit["low"] < limit["value"] < limit["high"]
    low, high = known["thresholds"][0]["negatives"]["spread_interval_per_ul"]
    assert low <= known["thresholds"][0]["negatives"]["spread_per_ul"] <= high
    assert any(line.startswith("  There the negative samples spread by ") for line in shown(path, capsys))


def test_limits_are_told_of_one_kind_of_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roles = {"total": ["red"], "target": ["platelet"], "per_microlitre": 5e6}
    other = {"kind": "skip", "classes": ["red", "platelet"], "roles": roles, "counts": [1000, 20]}
    path = written(tmp_path, [{"kind": "skip", "counts": COUNTS}, other])
    assert main(["assay", "--counts", str(path), "--limits"]) == 1
    assert "sample 2: its classes or roles are not those of sample 1" in capsys.readouterr().err
