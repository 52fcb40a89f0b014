"""The correction of counts goes with a checkpoint, is shown by `yogo inspect`, and published keys stay as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from yogo.checkpoint import load_checkpoint, put, save_checkpoint, with_correction
from yogo.cli import main
from yogo.cli.inspect import describe
from yogo.errors import CheckpointError
from yogo.model import YOGO, get_model_func
from yogo.run.correction import AssayLine, AssayRoles, CountCorrection
from yogo.run.correction_words import correction_lines

NAMES = ("healthy", "ring", "wbc")
NEAR_ONE = ((0.999, 0.0008, 0.0002), (0.1, 0.9, 0.0), (0.0, 0.0, 1.0))
INVERSES = (
    ((1.0, 0.0, 0.0), (-0.11, 1.11, 0.0), (0.0, 0.0, 1.0)),
    ((1.0, 0.0, 0.0), (-0.13, 1.13, 0.0), (0.0, 0.0, 1.0)),
)
OWN = CountCorrection(
    roles=AssayRoles(total=("healthy", "ring"), target=("ring",), per_microlitre=5e6),
    classes=NAMES,
    threshold=0.97,
    line=AssayLine(
        slope=0.93,
        intercept=1.28e-4,
        slope_variance=0.0004,
        intercept_variance=9e-10,
        covariance=-1e-7,
        source="labels",
    ),
    matrix=NEAR_ONE,
    inverses=INVERSES,
    definition="/data/titration.yml",
    num_images=320,
    num_samples=12,
)


@pytest.fixture(scope="module")
def model() -> YOGO:
    return YOGO((32, 64), 0.05, 0.05, len(NAMES), model_func=get_model_func("quarter_filters"))


def saved(model: YOGO, path: Path, correction: CountCorrection | None = OWN) -> Path:
    save_checkpoint(path, model, epoch=1, step=1, classes=NAMES, run_name="r", count_correction=correction)
    return path


def test_a_checkpoint_keeps_it_and_inspect_shows_it(
    model: YOGO, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(model, tmp_path / "best.pth")
    assert load_checkpoint(path).count_correction == OWN
    assert YOGO.from_pth(path)[1]["count_correction"] == OWN.facts
    assert main(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.split("correction ")[1].split("sha256")[0].strip().splitlines() == [
        "from 320 images of 12 samples of /data/titration.yml",
        "               roles: ring by healthy, ring, 5,000,000 cells per µL",
        "               counts at a class probability above 0.97",
        "               line: counted = 0.93 (± 0.02) x true + 640 (± 150) per µL, from labels",
        "               matrix: of a class's labels, % that are taken for class 0, 1, ...",
        "                              0      1      2      ±",
        "               0 healthy  99.90   0.08   0.02   0.00",
        "               1 ring     10.00  90.00   0.00   1.41",
        "               2 wbc       0.00   0.00 100.00   0.00",
        "               ±: the largest spread of the row's inverse between 2 parts",
    ]
    assert main(["inspect", str(path), "--json"]) == 0
    assert CountCorrection.model_validate(json.loads(capsys.readouterr().out)["count_correction"]) == OWN


def test_a_line_below_0_is_told_with_its_sign() -> None:
    assert OWN.line is not None
    below = OWN.model_copy(update={"line": OWN.line.model_copy(update={"intercept": -6e-5, "source": "samples"})})
    expected = "line: counted = 0.93 (± 0.02) x true - 300 (± 150) per µL, from samples of known value"
    assert expected in list(correction_lines(below))


def test_a_checkpoint_without_one_says_so(model: YOGO, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(model, tmp_path / "best.pth", None)
    assert load_checkpoint(path).count_correction is None
    assert describe(path)[0]["count_correction"] is None
    assert main(["inspect", str(path)]) == 0
    assert "correction     none\n" in capsys.readouterr().out


def test_one_is_put_into_a_checkpoint_that_has_none(model: YOGO, tmp_path: Path) -> None:
    path = saved(model, tmp_path / "best.pth", None)
    before = torch.load(path, weights_only=True)
    put(path, with_correction(path, OWN))
    after = torch.load(path, weights_only=True)
    assert after.pop("count_correction") == json.loads(json.dumps(OWN.facts))
    del before["count_correction"]
    assert list(before) == [key for key in before if key in after]
    assert all(torch.equal(one, after["model_state_dict"][name]) for name, one in before["model_state_dict"].items())
    assert {key: one for key, one in before.items() if key != "model_state_dict"} == {
        key: one for key, one in after.items() if key != "model_state_dict"
    }


def test_it_is_not_put_beside_other_classes(model: YOGO, tmp_path: Path) -> None:
    path = saved(model, tmp_path / "best.pth", None)
    other = CountCorrection.model_validate(OWN.facts | {"classes": ("healthy", "ring", "misc")})
    with pytest.raises(CheckpointError, match="has other classes than the correction"):
        with_correction(path, other)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (3, "the correction of its counts"),
        (OWN.facts | {"threshold": float("nan")}, "threshold"),
        (OWN.facts | {"matrix": [[1.0]]}, "a matrix of the correction is not 3 by 3"),
        (OWN.facts | {"inverses": [NEAR_ONE[:2]]}, "a matrix of the correction is not 3 by 3"),
        (OWN.facts | {"classes": ["healthy", "ring", "misc"]}, "a correction of the counts of other classes"),
        (OWN.facts | {"roles": OWN.roles.model_dump() | {"target": ["schizont"]}}, "schizont, which is no class"),
        (OWN.facts | {"line": OWN.facts["line"] | {"slope": 0.0}}, "slope"),
    ],
)
def test_a_damaged_one_is_said_in_a_sentence(model: YOGO, tmp_path: Path, wrong: object, why: str) -> None:
    path = saved(model, tmp_path / "best.pth")
    torch.save(torch.load(path, weights_only=True) | {"count_correction": wrong}, path)
    with pytest.raises(CheckpointError) as raised:
        load_checkpoint(path)
    assert "is not a YOGO checkpoint" in str(raised.value)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)
