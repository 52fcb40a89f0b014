"""The study of a sweep: what it tells trials that ask, what it is told, and when it prunes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest

from yogo.cli import main
from yogo.errors import RunError
from yogo.presets import load
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.run.launch import Kind, Launch, SearchedField, Size, ValueSearch
from yogo.run.study import StudyTrial

RATES = SearchedField(field="learning_rate", low=1e-5, high=1e-2, is_logarithmic=True)
EPOCHS = SearchedField(field="epochs", low=2, high=8, step=2)
MODELS = SearchedField(field="model", choices=("base_model", "half_filters"))


def search(folder: Path, *fields: SearchedField, prunes: bool = False) -> ValueSearch:
    (folder / "study").mkdir(exist_ok=True)
    return ValueSearch(folder=str(folder / "study"), fields=fields or (RATES,), prunes=prunes)


def trial(folder: Path, index: int, asked: ValueSearch) -> RunDirectory:
    """The folder of a trial, as it is launched."""
    run = RunDirectory(folder / f"rates-{index:02}")
    run.path.mkdir()
    size = Size(gpus=0, cpus=1, hours=1)
    recipe = Recipe(epochs=3)
    Launch(
        name=run.name, kind=Kind.TRAIN, token="t", definition="/d.yml", recipe=recipe, size=size, search=asked
    ).write(run.launch)
    return run


def finish(asked: ValueSearch, name: str, scores: Sequence[float]) -> None:
    one = StudyTrial(asked, name)
    one.ask()
    for epoch, score in enumerate(scores, start=1):
        one.report(epoch, score, len(scores))
    one.finish()


def test_a_trial_is_told_values_within_what_is_searched_and_the_same_when_it_asks_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trial(tmp_path, 0, search(tmp_path, RATES, EPOCHS, MODELS))
    assert main(["ask", str(run.path)]) == 0
    told = load(run.recipe).recipe
    assert 1e-5 <= told.learning_rate <= 1e-2
    assert told.epochs in (2, 4, 6, 8)
    assert told.model in ("base_model", "half_filters")
    assert told == Recipe(learning_rate=told.learning_rate, epochs=told.epochs, model=told.model)
    said = f"rates-00 trains with --learning-rate {told.learning_rate} --epochs {told.epochs} --model {told.model}\n"
    assert capsys.readouterr().out == said
    run.recipe.unlink()
    assert main(["ask", str(run.path)]) == 0
    assert load(run.recipe).recipe == told


def test_trials_that_ask_at_once_are_told_different_values(tmp_path: Path) -> None:
    asked = search(tmp_path, EPOCHS)
    runs = [trial(tmp_path, index, asked) for index in range(3)]
    words = [sys.executable, "-m", "yogo", "ask"]
    started = [subprocess.Popen([*words, str(run.path)], stdout=subprocess.DEVNULL) for run in runs]
    assert [one.wait() for one in started] == [0, 0, 0]
    assert len({load(run.recipe).recipe.epochs for run in runs}) == 3


def test_there_are_as_many_different_trials_as_there_are_values(tmp_path: Path) -> None:
    asked = search(tmp_path, EPOCHS, MODELS)
    told = set()
    for index in range(8):
        told.add(tuple(StudyTrial(asked, f"rates-{index}").ask().values()))
        finish(asked, f"rates-{index}", [0.5])
    assert len(told) == 8


def test_it_learns_what_does_well_and_a_trial_that_never_ends_holds_up_nobody(tmp_path: Path) -> None:
    asked = search(tmp_path)
    StudyTrial(asked, "killed").ask()
    rates = []
    for index in range(20):
        name = f"rates-{index:02}"
        rates.append(StudyTrial(asked, name).ask()["learning_rate"])
        finish(asked, name, [rates[-1] * 50])
    assert len(set(rates)) == 20
    assert median(rates[12:]) > median(rates[:8])


def test_a_trial_below_the_median_is_pruned_once_and_stays_so(tmp_path: Path) -> None:
    asked = search(tmp_path, prunes=True)
    for index in range(4):
        finish(asked, f"good-{index}", [0.6, 0.7, 0.8])
    late = StudyTrial(asked, "late")
    late.ask()
    late.report(1, 0.65, epochs=3)
    assert not late.verdict
    late.report(2, 0.3, epochs=3)
    why = "pruned by the sweep: mAP50 0.650 at best after epoch 2, below the median"
    assert late.verdict == StudyTrial(asked, "late").verdict == why
    late.report(3, 0.9, epochs=3)
    late.finish()
    assert StudyTrial(asked, "late").verdict == why


@pytest.mark.parametrize(("prunes", "num_before"), [(False, 4), (True, 3)])
def test_nothing_is_pruned_unless_it_is_asked_for_and_enough_have_finished(
    tmp_path: Path, prunes: bool, num_before: int
) -> None:
    asked = search(tmp_path, prunes=prunes)
    for index in range(num_before):
        finish(asked, f"good-{index}", [0.6, 0.7])
    late = StudyTrial(asked, "late")
    late.ask()
    late.report(1, 0.1, epochs=2)
    assert not late.verdict


def test_no_trial_is_pruned_in_the_first_fifth_or_after_its_last_epoch(tmp_path: Path) -> None:
    asked = search(tmp_path, prunes=True)
    for index in range(4):
        finish(asked, f"good-{index}", [0.6] * 6)
    late = StudyTrial(asked, "late")
    late.ask()
    late.report(1, 0.1, epochs=6)
    assert not late.verdict
    late.report(6, 0.1, epochs=6)
    assert not late.verdict


def test_without_optuna_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trial(tmp_path, 0, search(tmp_path))
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["ask", "--check"]) == 1
    assert "This sweep needs optuna" in capsys.readouterr().err
    assert main(["ask", str(run.path)]) == 1
    said = "This sweep needs optuna, which is not installed here: pip install 'yogo-tui[sweep]'"
    assert said in capsys.readouterr().err


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    asked = search(tmp_path)
    finish(asked, "one", [0.5])
    journal = tmp_path / "study/study.log"
    journal.write_text("what is this\n" + journal.read_text())
    with pytest.raises(RunError, match=f"{journal} is damaged: "):
        StudyTrial(asked, "two")


def test_a_run_that_is_no_trial_asks_for_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", str(tmp_path)]) == 1
    assert "has no launch.json: only a trial of a sweep asks for its values" in capsys.readouterr().err


def test_it_says_which_optuna_is_installed_without_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--check"]) == 0
    assert capsys.readouterr().out.startswith("Optuna ")
    assert main(["ask"]) == 1
    assert "needs the run directory" in capsys.readouterr().err
