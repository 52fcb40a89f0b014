"""What the commands say to natural mistakes, and the spellings that they understand."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import re
import sys
from pathlib import Path

import pytest

from yogo.cli import parser as trainer_parser
from yogo.recipe import Recipe
from yogo.run.manifest import Manifest
from yogo.run.result import Result
from yogo_tui.cli import main, parser
from yogo_tui.cli.planning import changed
from yogo_tui.session import Session
from yogo_tui.session.changes import Setup
from yogo_tui.settings import SizePreset, load


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one stands: a workspace with a definition, on this machine's own cluster."""
    data = tmp_path / "lab/dataset_defs/pre-training"
    for name in ("images", "labels"):
        (data / name).mkdir(parents=True)
    (data / "labels/one.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (data / "images/one.png").write_bytes(b"")
    (data / "bccd.yml").write_text(
        "class_names: [a]\ndataset_paths:\n  all: {image_path: images, label_path: labels}\n"
    )
    (tmp_path / "lab/settings.yaml").write_text("cluster: local\n")
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(tmp_path / "lab/settings.yaml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path / "lab")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return tmp_path / "lab"


def make_run(lab: Path, name: str) -> None:
    (lab / "trained_models" / name).mkdir(parents=True)
    (lab / "trained_models" / name / "best.pth").touch()


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ("lr=0.001", "learning_rate", 0.001),
        ("--lr=0.001", "learning_rate", 0.001),
        ("bs=8", "batch_size", 8),
        ("-wd=0.1", "weight_decay", 0.1),
        ("learning-rate=0.001", "learning_rate", 0.001),
        ("--learning-rate=1e-3", "learning_rate", 0.001),
        ("EPOCHS = 3", "epochs", 3),
        ("image_hw=240x320", "image_hw", (240, 320)),
        ("image_hw=240×320", "image_hw", (240, 320)),
        ("image_hw=240, 320", "image_hw", (240, 320)),
        ("image_hw=[240, 320]", "image_hw", (240, 320)),
        ("image-hw=240 320", "image_hw", (240, 320)),
        ("flips=no", "flips", False),
        ("no-flips", "flips", False),
        ("--no-flips", "flips", False),
        ("normalize-images", "normalize_images", True),
        ("hours=3", "hours", 3.0),
        ("CPUs=16", "cpus", 16),
        ("processes=", "processes", None),
        ("template=2gpu.sbatch", "template", "2gpu.sbatch"),
    ],
)
def test_set_understands_the_flags_spellings(change: str, field: str, value: object) -> None:
    now = changed(Setup(Recipe(), SizePreset(gpus=2, cpus=8, hours=24, template="1gpu.sbatch")), [change])
    assert getattr(now.recipe if field in Recipe.model_fields else now.size, field) == value


MISTAKES = [
    (["launch", "pre-training/bccd.yml", "--set", "epoch=3"], 2, 'There is no field "epoch". Did you mean "epochs"?'),
    (["launch", "pre-training/bccd.yml", "--set", "learningrate=3"], 2, 'Did you mean "learning_rate"?'),
    (["launch", "pre-training/bccd.yml", "--set", "epochs"], 2, "--set epochs: give FIELD=VALUE, such as epochs=16."),
    (["launch", "pre-training/bccd.yml", "--set", "=3"], 2, "give FIELD=VALUE"),
    (["launch", "pre-training/bccd.yml", "--set", "flip"], 2, 'There is no field "flip". Did you mean "flips"?'),
    (["launch", "pre-training/bccd.yml", "--set", "gpu=3"], 2, 'There is no field "gpu". Did you mean "gpus"'),
    (["launch", "pre-training/bccd.yml", "--set", "hours=0"], 2, "hours must be greater than 0"),
    (
        ["launch", "pre-training/bccd.yml", "--set", "nodes=3", "cpus=2"],
        2,
        "cpus: 2 cannot be shared equally by 3 nodes",
    ),
    (["launch", "pre-training/bccd.yml", "--set", "name=x"], 2, 'There is no field "name".'),
    (["launch", "pre-training/bccd.yml", "--set", "epochs=0"], 2, "epochs must be greater than 0"),
    (["launch", "pre-training/bccd.yml", "--set", "epochs=many"], 2, "epochs must be a whole number, not 'many'"),
    (
        ["launch", "pre-training/bccd.yml", "--set", "image_hw=240"],
        2,
        "image_hw needs height and width, such as 772x1032.",
    ),
    (["launch", "pre-training/bccd.yml", "--set", "image_hw=1x2x3"], 2, "image_hw needs height and width"),
    (["launch", "pre-training/bccd.yml", "--set", "image_hw=axb"], 2, "image_hw"),
    (["launch", "pre-training/bccd.yml", "--set", "model=resnet"], 2, 'There is no model "resnet".'),
    (["launch", "pre-training/bccd.yml", "--set", "model=bse_model"], 2, 'Did you mean "base_model"'),
    (["launch", "pre-training/bccd.yml", "--recipe", "pretrian"], 1, 'no recipe "pretrian". Did you mean "pretrain"?'),
    (["launch", "pre-training/bccd.yml", "--recipe", "qqqq"], 1, 'There is no recipe "qqqq". There are '),
    (["launch", "pretrainin/bccd.yml"], 1, 'Did you mean "pre-training/bccd.yml"?'),
    (["launch", "pre-training/bcd.yml"], 1, 'Did you mean "pre-training/bccd.yml"?'),
    (["launch", "bccd"], 1, 'Did you mean "pre-training/bccd.yml"?'),
    (["datasets", "bccd.yaml"], 1, 'Did you mean "pre-training/bccd.yml"?'),
    (["launch", "pre-training/bccd.yml", "--size", "many"], 2, "There is no size many"),
    (["logs", "nobody"], 1, "There is 1 run in "),
    (["logs", "firts"], 1, 'Did you mean "first"?'),
    (["recipes", "pretran"], 1, 'Did you mean "pretrain"?'),
]


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: " ".join(case[0]))
def test_a_natural_mistake_is_one_sentence_that_names_what_is_meant(
    lab: Path, capsys: pytest.CaptureFixture[str], case: tuple[list[str], int, str]
) -> None:
    words, status, sentence = case
    make_run(lab, "first")
    assert main(words) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["lunch"], 'Did you mean "launch"?'),
        (["jobs", "--jsno"], 'Did you mean "--json"?'),
        (["launch", "a.yml", "--recipes", "x"], 'Did you mean "--recipe"'),
        (["logs", "first", "--folow"], 'Did you mean "--follow"?'),
        (["config", "shwo"], 'Did you mean "show"?'),
    ],
)
def test_a_mistyped_option_or_command_is_told_with_the_near_one_and_its_own_usage(
    lab: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert sentence in err
    if len(words) > 1:
        assert f"yogo-tui {words[0]}" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["launch"], "the following arguments are required: DEFINITION. `yogo-tui launch --help` says more.\n"),
        (["infer"], "the following arguments are required: RUN, IMAGES. `yogo-tui infer --help` says more.\n"),
        (["export"], "the following arguments are required: RUN. `yogo-tui export --help` says more.\n"),
        (["logs", "first", "-n"], "argument -n/--lines: expected one argument. `yogo-tui logs --help` says more.\n"),
        (["jobs", "--jso"], 'Did you mean "--json"? `yogo-tui jobs --help` says more.\n'),
    ],
)
def test_a_refused_command_line_ends_in_whole_sentences(
    lab: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert capsys.readouterr().err.endswith(sentence)


def test_the_help_says_first_how_to_open_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert "A terminal console for training YOGO. Run it without a command to open the console." in out


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (one for one in parser()._actions if isinstance(one, argparse._SubParsersAction))
    return dict(found.choices)


def with_actions() -> dict[str, argparse.ArgumentParser]:
    """The commands, and the actions of those that have some."""
    found = commands()
    for name, one in [*found.items()]:
        for action in one._actions:
            if isinstance(action, argparse._SubParsersAction):
                found |= {f"{name} {of}": below for of, below in action._name_parser_map.items()}
    return found


@pytest.mark.parametrize("name", list(with_actions()))
def test_every_default_that_a_help_tells_is_the_one_that_holds(name: str) -> None:
    one = with_actions()[name]
    for action in one._actions:
        told = re.search(r"\(default: ([\w.-]+)\)$", action.help or "")
        if told and one.get_default(action.dest) is not None:
            holds = one.get_default(action.dest)
            assert ({True: "yes", False: "no"}[holds] if isinstance(holds, bool) else str(holds)) == told[1], (
                f"{name} {action.dest}"
            )


@pytest.mark.parametrize("name", list(with_actions()))
def test_the_help_of_a_command_and_of_each_of_its_arguments_is_whole_sentences(name: str) -> None:
    one = with_actions()[name]
    assert re.fullmatch(r"[A-Z].*\.", one.description or "")
    said = [action.help or "" for action in one._actions if action.dest != "help"]
    assert [text for text in said if not re.fullmatch(r"[A-Z].*\.( \(default: .+\))?", text)] == []


def test_an_option_has_the_same_help_in_every_command_but_for_its_default() -> None:
    found: dict[str, set[str]] = {}
    for one in commands().values():
        for action in one._actions:
            for spelling in action.option_strings:
                found.setdefault(spelling, set()).add((action.help or "").partition(" (default: ")[0])
    alike = {"--settings", "--workspace", "--cluster", "--json", "--recipe", "--size", "--name", "--set", "--yes"}
    assert {spelling: said for spelling, said in found.items() if spelling in alike and len(said) > 1} == {}
    assert alike <= {*found}


@pytest.mark.parametrize("name", ["test", "assay", "infer", "export", "rank", "label"])
def test_the_options_that_a_help_gives_as_an_example_are_options_of_that_command(name: str) -> None:
    example = (commands()[name].epilog or "").partition(" -- ")[2]
    given = parser().parse_args([name, "RUN", "SOURCE", "--", *example.split()])
    assert given.options[-len(example.split()) :] == example.split()
    (of_yogo,) = (one for one in trainer_parser()._actions if isinstance(one, argparse._SubParsersAction))
    assert example.split()[0] in of_yogo.choices[{"rank": "review"}.get(name, name)]._option_string_actions


def test_there_is_one_run_and_there_are_two(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(lab, "alpha")
    assert main(["logs", "zzzz"]) == 1
    assert "There is 1 run in " in capsys.readouterr().err
    make_run(lab, "beta")
    assert main(["logs", "zzzz"]) == 1
    assert "There are 2 runs in " in capsys.readouterr().err


def test_figures_that_cannot_be_right_are_marked_in_the_list_and_said_below_it(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, doubts in (("well", ()), ("odd", ("mAP50 is 0 in every epoch",))):
        make_run(lab, name)
        result = Result(outcome="finished", best_metrics={"mAP50": 0.0}, doubts=doubts)
        result.write(lab / "trained_models" / name / "result.json")
    assert main(["runs"]) == 0
    said = capsys.readouterr()
    marked = {line.split()[0]: "! .000" in line for line in said.out.splitlines()[1:]}
    assert marked == {"well": False, "odd": True}
    assert said.err == "! odd: mAP50 is 0 in every epoch\n"


def test_what_is_doubted_of_several_runs_is_said_once(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index, doubt in enumerate(["mAP50 is 0", "mAP50 is 0", "mAP50 is 0", "mAP50 is 0", "no box", "no box"]):
        make_run(lab, f"odd-{index}")
        result = Result(outcome="finished", best_metrics={"mAP50": 0.0}, doubts=(doubt,))
        result.write(lab / "trained_models" / f"odd-{index}" / "result.json")
    assert main(["runs", "--sort", "name"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "! odd-0, odd-1 and 2 more: mAP50 is 0",
        "! odd-4 and odd-5: no box",
    ]


def test_a_size_that_is_not_there_is_told_with_those_that_are(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = "sizes: [{gpus: 0, cpus: 2, hours: 1, template: 1gpu.sbatch}]\n"
    (lab / "settings.yaml").write_text(f"cluster: local\n{size}")
    assert main(["launch", "pre-training/bccd.yml", "--size", "9"]) == 2
    told = "There is no size 9. The only size here is 0 (no GPU, the CPU alone); others go into `sizes` of "
    assert told in capsys.readouterr().err


def test_runs_are_filtered_and_sorted_and_their_columns_chosen(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, rate in (("first", 0.001), ("second", 0.01)):
        make_run(lab, name)
        manifest = Manifest(
            name=name, definition="d", classes=("a",), precision="fp32", recipe=Recipe(learning_rate=rate)
        )
        manifest.write(lab / "trained_models" / name / "run.json")
    assert main(["runs", "--columns", "name,lr", "--sort", "name", "--reverse"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [["name", "learning_rate"], ["second", "0.01"], ["first", "0.001"]]
    assert main(["runs", "name:fir,sec", "lr<0.005", "--columns", "name"]) == 0
    assert capsys.readouterr().out.split() == ["name", "first"]
    assert main(["runs", "lr<0", "--columns", "name"]) == 0
    assert "There are no such runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nmae:first"], 'There is no column "nmae". Did you mean "name"?'),
        (["--sort", "mAP"], ""),
        (["--sort", "agee"], 'There is no column "agee". Did you mean "age"?'),
        (["--columns", "name,"], 'There is no column "".'),
    ],
)
def test_a_column_that_is_not_there_is_told_with_the_nearest(
    words: list[str], said: str, lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", *words]) == (1 if said else 0)
    assert said in capsys.readouterr().err


def test_the_columns_that_there_are_can_be_listed(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--columns", "help"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^mAP50 +Mean average precision", out, re.MULTILINE)
    assert re.search(r"^learning_rate +Peak learning rate", out, re.MULTILINE)


def test_a_long_anchor_is_told_short_to_people_and_whole_to_programs(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recipes", "defaults"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^anchor_width +0\.042501\b", out, re.MULTILINE)
    assert "0.0425010042470571" not in out
    assert main(["recipes", "defaults", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recipe"]["anchor_width"] == Recipe().anchor_width


def test_jobs_can_be_limited_and_searched(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = lab / "job.sbatch"
    for name in ("alpha", "beta", "gamma"):
        script.write_text(f"#!/bin/bash\n#SBATCH --job-name={name}\ntrue\n")
        asyncio.run(_submit(script))
    assert main(["jobs", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3
    assert main(["jobs", "--json", "-n", "2"]) == 0
    assert [job["name"] for job in json.loads(capsys.readouterr().out)] == ["beta", "gamma"]
    assert main(["jobs", "--json", "ALPH"]) == 0
    assert [job["name"] for job in json.loads(capsys.readouterr().out)] == ["alpha"]
    assert main(["jobs", "nothing"]) == 0
    assert "There are no such jobs" in capsys.readouterr().err
    for number in ("0", "-1", "x"):
        with pytest.raises(SystemExit):
            main(["jobs", "-n", number])


async def _submit(script: Path) -> None:
    from pathlib import PurePosixPath

    session = await Session.open(load())
    await session.cluster.submit(PurePosixPath(script))


def test_render_logs_and_cancel_print_json_for_programs(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "pre-training/bccd.yml", "--name", "one", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == "one"
    assert told["script"].startswith("#!/bin/bash\n")
    assert told["wandb"] in {"online", "offline", "disabled"}
    make_run(lab, "first")
    (lab / "trained_models/first/launch.json").unlink(missing_ok=True)
    (lab / "trained_models/first/first-1.log").write_text("a\nb\nc\n")
    assert main(["logs", "first", "-n", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lines"] == ["b", "c"]
    assert told["log"].endswith("first-1.log")
