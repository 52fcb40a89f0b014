"""The commands, as a person and as a script use them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.made_runs import finished_run
from tests.opened import Opened
from yogo.run import events
from yogo.synth.png import png
from yogo_tui.cli import main
from yogo_tui.cluster.local import LocalCluster

PRETEND = Path(__file__).with_name("pretend_yogo.py")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace with settings in force, on this machine's own cluster."""
    lab = tmp_path / "lab"
    data = lab / "dataset_defs"
    for name in ("images", "labels"):
        (data / name).mkdir(parents=True)
    (data / "labels" / "one.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (data / "images" / "one.png").write_bytes(png(np.arange(256, dtype=np.uint8).reshape(16, 16)))
    pair = "dataset_paths:\n  all: {image_path: images, label_path: labels}\n"
    (data / "cells.yml").write_text(f"class_names: [a, b]\n{pair}")
    (data / "others.yml").write_text(f"class_names: [a, c]\n{pair}")
    (data / "gone.yml").write_text("class_names: [a]\ndataset_paths:\n  x: {image_path: nowhere, label_path: labels}\n")
    size = "{gpus: %d, cpus: 1, hours: 1, template: %dgpu.sbatch}"
    (lab / "settings.yaml").write_text(
        f"workspace: {lab}\ncluster: local\nlocal_slots: 1\npoll_seconds: 0.2\n"
        f"yogo_command: {sys.executable} {PRETEND}\n"
        f"sizes: [{size % (1, 1)}, {size % (2, 2)}]\n"
    )
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(lab / "settings.yaml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    yield lab
    cluster = LocalCluster(tmp_path / "state" / "yogo-tui" / "local")
    left = [job.id for job in asyncio.run(cluster.jobs()) if not job.state.is_over]
    asyncio.run(cluster.cancel(left))


FIRST = ("launch", "cells.yml", "--recipe", "pretrain", "--set", "model=half_filters", "epochs=2", "--name", "first")
SECOND = ("--then-finetune", "cells.yml", "--then-name", "second", "--then-set", "epochs=3")


def test_a_chain_is_launched_and_waited_for(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FIRST, *SECOND, "--wait"]) == 0
    out = capsys.readouterr().out
    assert "submitting first (cells.yml, pretrain + 2 changes, 2 epochs; " in out
    assert "For first alone: epochs 2, and not 16; model half_filters, and not base_model.\n" in out
    assert "submitting second (cells.yml, finetune + 1 change, 3 epochs; " in out
    assert "W&B is off: " in out
    assert "second is job 2, after job 1" in out
    assert "second ✔ finished" in out


def test_the_scripts_of_a_chain_have_each_their_recipe_and_the_second_verifies_the_first(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*FIRST, *SECOND, "--dry-run"]) == 0
    first, second = capsys.readouterr().out.split("--job-name=second")
    assert "--epochs 2 " in first
    assert "--epochs 3 " in second
    assert "--model half_filters" in first
    assert "--model half_filters" in second
    assert f"verify {lab}/trained_models/first || exit 1" in second


def test_runs_are_told_to_programs_with_their_parents_and_weights(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*FIRST, *SECOND, "--wait"]) == 0
    capsys.readouterr()
    assert main(["runs", "--json"]) == 0
    runs = {run["name"]: run for run in json.loads(capsys.readouterr().out)}
    first, second = runs["first"], runs["second"]
    assert (first["state"], first["kind"], first["epoch"]) == ("finished", "pretrain", 2)
    assert second["parent"]["run"] == first["path"]
    assert second["checkpoint"] == str(lab / "trained_models/second/best.pth")


def test_the_log_of_a_run_is_shown_from_its_last_lines(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FIRST, "--wait"]) == 0
    capsys.readouterr()
    assert main(["logs", "first", "-n", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("training train ")
    assert out.count("\n") == 1
    assert main(["logs", "first", "--save", str(lab / "kept.log")]) == 0
    assert "kept.log" in capsys.readouterr().out
    assert (lab / "kept.log").read_text().endswith(out)
    assert main(["logs", "first", "--save", str(lab / "nowhere/kept.log")]) == 1
    assert "nowhere/kept.log: No such file or directory." in capsys.readouterr().err


def test_a_falling_loss_is_drawn_from_the_first_row_to_the_last(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished_run(lab / "trained_models/first")
    events.append(run.events, events.Started(epochs=2, steps_per_epoch=2, num_train=4, num_val=2))
    for step in range(1, 5):
        losses = events.Losses(loss=10 / step)
        events.append(run.events, events.Step(step=step, epoch=(step - 1) // 2, losses=losses, lr=1e-3))
    assert main(["plot", "first", "--width", "60", "--height", "8"]) == 0
    head, *plot, axis, legend = capsys.readouterr().out.splitlines()
    assert head.startswith("first ✔ finished · epoch 2 of 2")
    assert [row.split()[0] for row in plot if "┤" in row] == ["10", "5"]
    begins = [len(row) - len(row[9:].lstrip()) for row in plot]
    assert begins == sorted(set(begins)), "each row begins further to the right than the one above it"
    assert [word for word in axis.replace("─", " ").split() if word != "└"] == ["0", "0.5", "1", "1.5", "2"]
    assert legend.strip() == "loss (log) by epoch · ── train"
    assert main(["plot", "first", "--plot", "all", "--by", "step", "--smooth", "50", "--json"]) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert drawn["learning rate"] == [[1, 1e-3], [2, 1e-3], [3, 1e-3], [4, 1e-3]]
    assert [x for x, _ in drawn["train"]] == [1, 2, 3, 4]
    assert main(["plot", "first", "--plot", "map"]) == 1
    assert "There is no map to draw. It has loss, lr. first ✔ finished" in capsys.readouterr().err


def test_the_script_of_a_run_to_come_is_shown_and_nothing_is_made(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*FIRST, "--wait"]) == 0
    capsys.readouterr()
    assert main(["chain", "first", "cells.yml", "--name", "third", "--dry-run"]) == 0
    assert f"verify {lab}/trained_models/first --sha256 " in capsys.readouterr().out
    assert not (lab / "trained_models/third").exists()


def test_other_classes_are_told_by_both_lists_whether_they_are_refused_or_wanted(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["launch", "cells.yml", "--name", "first", "--set", "epochs=2", "--wait"]) == 0
    capsys.readouterr()
    assert main(["chain", "first", "others.yml", "--dry-run"]) == 1
    assert "chain RUN_OR_PTH DEFINITION --reset-head" in capsys.readouterr().err
    assert main(["chain", "first", "others.yml", "--reset-head", "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert " --reset-head \\\n" in printed.out
    assert "first/best.pth knows a, b; " in printed.err
    assert "others.yml names a, c" in printed.err
    chained = ["launch", "cells.yml", "--then-finetune", "others.yml", "--dry-run"]
    assert main(chained) == 1
    refused = capsys.readouterr().err
    assert "best.pth knows a, b; " in refused
    assert "others.yml names a, c" in refused
    assert main([*chained, "--then-reset-head"]) == 0
    printed = capsys.readouterr()
    assert printed.out.count(" --reset-head \\\n") == 1
    assert "others.yml names a, c" in printed.err


def test_a_launch_that_fails_says_so_in_its_exit_status(
    lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "failed")
    assert main(["launch", "cells.yml", "--name", "first", "--wait"]) == 1
    assert "first ✖ failed" in capsys.readouterr().out


def test_a_running_run_is_followed_and_cancelled(
    lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    assert main(["launch", "cells.yml", "--name", "first", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["job"] == "1"
    following = subprocess.Popen(
        [sys.executable, "-m", "yogo_tui", "logs", "-f", "first"], stdout=subprocess.PIPE, text=True
    )
    assert following.stdout
    assert following.stdout.readline().startswith("training train")
    assert main(["cancel", "first"]) == 2
    assert "add --yes" in capsys.readouterr().err
    assert main(["cancel", "first", "--yes"]) == 0
    out, _ = following.communicate(timeout=60)
    assert "asked to stop by TERM" in out
    assert following.returncode == 0
    assert main(["runs", "cancelled"]) == 0
    assert "first" in capsys.readouterr().out


def test_ctrl_c_ends_a_command_with_one_word(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    assert main(["launch", "cells.yml", "--name", "first"]) == 0
    following = subprocess.Popen(
        [sys.executable, "-m", "yogo_tui", "logs", "-f", "first"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert following.stdout
    assert following.stdout.readline().startswith("training train")
    following.send_signal(signal.SIGINT)
    _, err = following.communicate(timeout=30)
    assert (following.returncode, err) == (130, "yogo-tui: Stopped.\n")


WRONG: list[tuple[list[str], int, str]] = [
    (["logs", "nobody"], 1, "There is no run nobody"),
    (["launch", "none.yml"], 1, "There is no dataset definition none.yml"),
    (["launch", "gone.yml"], 1, "nowhere"),
    (["launch", "cells.yml", "--recipe", "pretain"], 1, "pretrain"),
    (["launch", "cells.yml", "--size", "8"], 2, "The sizes here are 1 and 2"),
    (["launch", "cells.yml", "--set", "epochs=many"], 2, "not 'many'"),
    (["launch", "cells.yml", "--set", "epoch=3"], 2, "epochs"),
    (["launch", "cells.yml", "--name", "a/b"], 1, "cannot name a run"),
    (["launch", "cells.yml", "--dry-run", "--wait"], 2, "--dry-run"),
    (["chain", "photo.pth", "cells.yml"], 1, "photo.pth"),
    (["chain", "photo.jpg", "cells.yml"], 1, "photo.jpg is not a checkpoint"),
    (["render"], 2, "--wrapper"),
    (["runs", "--settings", "none.yaml"], 1, "There is no settings file"),
    (["cancel", "nobody", "--yes"], 1, "There is no run nobody"),
    ([], 2, "needs a terminal"),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: " ".join(case[0]))
def test_what_is_wrong_is_one_sentence_and_the_exit_status(
    lab: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[list[str], int, str],
) -> None:
    words, status, sentence = case
    for photo in ("photo.pth", "photo.jpg"):
        Path(photo).write_bytes(b"\xff\xd8\xff\xe0JFIF")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(words) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert sentence in said.err
    assert not list(lab.glob("trained_models/*/launch.json"))


def test_a_word_that_is_no_command_is_misuse(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["lunch"], ["runs", "--jso"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    assert "there is no lunch." in capsys.readouterr().err


def test_recipes_and_definitions_are_told_to_people_and_to_programs(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (lab / "recipes").mkdir()
    (lab / "recipes/mine.yaml").write_text("title: Mine\nepochs: 3\n")
    (lab / "recipes/broken.yaml").write_text("epochs: 3e\n")
    assert main(["recipes"]) == 0
    out = capsys.readouterr().out
    assert "mine" in out
    assert "broken.yaml, line 1" in out
    assert main(["recipes", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recipe"]["epochs"] == 3
    assert main(["recipes", "mine"]) == 0
    assert "yogo train DEFINITION --epochs 3\n" in capsys.readouterr().out
    assert main(["datasets"]) == 0
    out = capsys.readouterr().out
    assert f"· {lab}/dataset_defs/cells.yml" in out
    assert "✔" not in out, "nothing was read that could be well"
    assert "The images and labels were not read. To check them: yogo-tui datasets FILE" in out
    assert f"✖ {lab}/dataset_defs/gone.yml" in out
    assert main(["datasets", "cells.yml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == ["a", "b"]
    assert main(["datasets", "gone.yml"]) == 1


def test_render_prints_the_script_and_nothing_else(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "cells.yml", "--size", "2", "--name", "first"]) == 0
    script = capsys.readouterr().out
    assert script.startswith("#!/bin/bash\n")
    assert "#SBATCH --gpus-per-node=2\n" in script
    assert main(["render", "--wrapper", "--size", "2"]) == 0
    assert '"$@" &\n' in capsys.readouterr().out
    assert not (lab / "trained_models").exists()


HEAVY = {"torch", "torchvision", "numpy", "wandb", "textual", "asyncssh"}


SLOWER_THAN_HELP = {"pydantic", "ruamel", "asyncio"}
SLOWER_THAN_A_LIST = {"jinja2"}


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--help"], HEAVY | SLOWER_THAN_HELP),
        (["runs"], HEAVY | SLOWER_THAN_A_LIST),
        *((words, HEAVY) for words in (["runs", "--json"], ["render", "cells.yml"], ["datasets"])),
    ],
)
def test_a_light_command_imports_nothing_heavy(lab: Path, words: list[str], heavy: set[str]) -> None:
    code = f"import sys\nfrom yogo_tui.cli import main\ntry: main({words!r})\nexcept SystemExit: pass\n"
    code += "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not heavy & set(shown.stderr.split())


def test_names_from_the_disk_cannot_drive_the_terminal(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = lab / "trained_models" / "a\x1b]52;c;ZXZpbA==\x07"
    evil.mkdir(parents=True)
    (evil / "best.pth").touch()
    assert main(["runs"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "a\\x1b]52" in out


def test_fifty_runs_are_listed_by_opening_each_of_their_files_once(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from yogo.recipe import Recipe
    from yogo.run.manifest import Manifest
    from yogo.run.result import Result

    manifest = Manifest(name="n", definition="d", classes=("a",), recipe=Recipe(), precision="fp32").model_dump_json()
    result = Result(outcome="finished", epochs=64, best_loss=1.5, best_epoch=60, best_sha256="ab").model_dump_json()
    for number in range(50):
        run = lab / "trained_models" / f"run-{number}"
        run.mkdir(parents=True)
        (run / "best.pth").touch()
        (run / "run.json").write_text(manifest)
        (run / "result.json").write_text(result)
    opened = Opened(lab / "trained_models")
    assert main(["runs", "-n", "3"]) == 0
    assert capsys.readouterr().out.count("✔ finished") == 3
    files = [run / name for run in (lab / "trained_models").iterdir() for name in ("run.json", "result.json")]
    assert opened.take() == sorted(map(str, files))


def test_a_log_that_is_not_there_is_an_error_that_says_where_it_would_be(
    lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_END", "signal")
    assert main(["launch", "cells.yml", "--name", "first"]) == 0
    assert main(["launch", "cells.yml", "--name", "second"]) == 0
    capsys.readouterr()
    assert main(["logs", "second"]) == 1
    told = capsys.readouterr().err
    assert f"There is no log {lab}/trained_models/second/second-2.log. second ◌ waiting" in told


def test_a_run_begun_in_a_shell_says_where_its_output_went(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished_run(lab / "trained_models" / "by-hand")
    assert main(["logs", "by-hand"]) == 1
    assert "It was started outside the queue: its output went to that terminal." in capsys.readouterr().err


def test_what_takes_long_is_said_and_the_runs_are_listed_although_the_queue_is_silent(lab: Path) -> None:
    finished_run(lab / "trained_models" / "well")
    programs = lab / "bin"
    programs.mkdir()
    config = "ClusterName=lab\\nAccountingStorageType=accounting_storage/none\\n"
    for name, body in {"sbatch": "exit 1", "squeue": "sleep 3; exit 1", "scontrol": f"printf '{config}'"}.items():
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    (lab / "settings.yaml").write_text("cluster: slurm\n")
    told = {
        command: subprocess.run(
            [sys.executable, "-m", "yogo_tui", "--workspace", str(lab), command],
            env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        for command in ("runs", "jobs")
    }
    assert "well  ✔ finished" in told["runs"].stdout
    for done in told.values():
        assert "waiting for the queue of the cluster" in done.stderr
