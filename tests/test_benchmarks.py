"""The benchmarks that no one runs each day still run, and each ends with one verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.golden_files import beside

ROOT = Path(__file__).parent.parent


def run(name: str, *arguments: str) -> str:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def verdict(name: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(name, *arguments).splitlines()[-1])
    assert {"what", "ratio", "target", "met"} <= found.keys()
    return found


def test_without_a_gpu_its_benchmark_says_so_and_fails_nothing() -> None:
    said = run("gpu")
    assert said.startswith("There is no GPU here")
    assert said.count("\n") == 1


def test_the_gpus_benchmark_measures_every_way_and_the_wait_for_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHDYNAMO_DISABLE", "1")  # to compile for the CPU takes half a minute, and says nothing here
    found = verdict("gpu", "--tiny-on-cpu", "--batch", "2", "--pictures", "2", "--seconds", "0.1")
    ways = {
        f"{what} {precision} {mode}"
        for what in ("train", "infer")
        for precision in ("fp32", "tf32", "bf16")
        for mode in ("eager", "compiled")
    }
    assert found["rates"].keys() == ways
    assert all(rate > 0 and 0 <= wait < 1 for rate, wait in found["rates"].values())


def test_the_first_batch_is_measured_for_two_runs_on_the_same_pictures() -> None:
    found = verdict("first_batch", "--pictures", "12", "--folders", "3", "--cells", "2")
    assert found["seconds"].keys() == {"first", "second"}
    assert found["ratio"]["sooner"] > 0


def test_memory_is_read_while_a_run_goes_on() -> None:
    found = verdict("memory", "--epochs", "7", "--pictures", "4")
    assert found["mib"].keys() == {"epoch 5", "epoch 7", "most"}
    assert 50 < found["mib"]["epoch 5"] <= found["mib"]["most"] * 1.5


def test_two_processes_are_measured_against_one_and_so_is_the_averaging_of_gradients() -> None:
    found = verdict("nodes", "--repeats", "1", "--batch", "1", "--gbit")
    assert found["ratio"].keys() == {"1 process", "2 processes, one machine"}
    assert found["averaging_ms"]["2 processes, one machine"] > 0
    assert (found["ratio"]["1 process"], found["parameters"]) == (1, 541_852)


def test_a_large_log_is_opened_and_searched() -> None:
    found = verdict("large_log", "--gigabytes", "0.02", "--repeat", "1")
    assert found["ratio"].keys() == {"open", "memory", "search to grep -c", "errors to grep -c"}
    assert all(share > 0 for share in found["ratio"].values())


def test_the_memory_of_a_followed_run_grows_with_its_steps() -> None:
    found = verdict("steps_memory", "--steps", "20000")
    assert found["megabytes"]["2000 steps"] < found["megabytes"]["20000 steps"]


def test_a_second_count_opens_no_label_and_no_image() -> None:
    found = verdict("second_count", "--folders", "3", "--each", "20", "--repeat", "1")
    assert found["ratio"]["opened"] == 0
    assert (found["folders"], found["labels"]) == (3, 60)


def test_a_difference_of_data_is_measured_beside_a_look_at_each_file() -> None:
    assert verdict("data_diff", "--images", "40")["ratio"].keys() == {"the same", "first", "second"}


def test_conversions_are_measured_both_ways_beside_a_reading_of_their_files() -> None:
    found = verdict("label_conversion", "--images", "3")
    formats = ("coco", "voc", "label-studio", "cvat")
    assert found["ratio"].keys() == {f"{way} {name}" for name in formats for way in ("to", "from")}


def test_steps_beside_a_busy_neighbour_are_measured_in_three_ways() -> None:
    found = verdict("neighbour", "--repeats", "1", "--seconds", "0.5")
    assert found["ratio"].keys() == {f"{where}/{way}" for where in ("alone", "beside") for way in ("one", "all")}


def test_the_benchmark_of_the_assays_intervals_tells_each_place() -> None:
    data = beside("assay/golden.json").parent
    lines = run("assay_coverage", "--samples", "8", "--data", str(data)).splitlines()
    found = json.loads(lines[-1])
    assert len(lines) == 62
    assert found["of"] == 60
    assert 0.5 < found["ratio"] <= 1
