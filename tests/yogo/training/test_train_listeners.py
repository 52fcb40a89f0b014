"""What a person sees while a run trains, and which process of which world this is."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
import torch

from yogo.device.cores import visible_cores
from yogo.device.precision import choose
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import World
from yogo.run import events
from yogo.training.listeners import Listener, Sheltered
from yogo.training.listeners.terminal import Bar, Lines
from yogo.training.loop.loss_reader import LossReader
from yogo.training.loop.schedule import cosine
from yogo.training.progress import Event, Noticed, Progressed


def epoch(number: int, train: float, val: float) -> list[Event]:
    return [
        Progressed("train", number, 10, 10),
        events.Step(
            step=10 * (number + 1), epoch=number, losses=events.Losses(loss=train), lr=1e-3, frames_per_s=1204.0
        ),
        events.Validated(step=10 * (number + 1), epoch=number, losses=events.Losses(loss=val)),
    ]


def told(curves: list[tuple[float, float]]) -> str:
    log = io.StringIO()
    listener = Lines(log)
    for number, (train, val) in enumerate(curves):
        for event in epoch(number, train, val):
            listener.hear(event)
    return log.getvalue()


def test_overfitting_is_said_once_with_the_epoch_that_it_began_after() -> None:
    log = told([(9, 9), (8, 7), (7, 7.5), (6, 8), (5, 9), (4, 10), (3, 11)])
    assert log.count("validation is rising since epoch 2 while training falls") == 1


def test_a_validation_that_rises_with_training_is_no_overfitting() -> None:
    assert "rising" not in told([(5, 5), (6, 6), (7, 7), (8, 8), (9, 9)])


def test_lines_show_what_a_bar_would() -> None:
    assert "epoch 1/1 100 % | 10/10  1,204 frames/s" in told([(9, 9)])


@pytest.mark.parametrize("kind", [Bar, Lines])
def test_what_a_file_name_says_does_not_drive_the_terminal(kind: type[Bar | Lines]) -> None:
    screen = io.StringIO()
    listener = kind(screen)
    listener.hear(Noticed("\x1b]52;c;evil\x07 is ignored"))
    listener.close()
    assert "\x1b]52" not in screen.getvalue()
    assert "evil" in screen.getvalue()


def test_a_bar_draws_progress_and_loss() -> None:
    screen = io.StringIO()
    bar = Bar(screen)
    bar.begin(Path("/runs/run"), 2)
    for event in epoch(0, 9, 9):
        bar.hear(event)
    bar.progress.refresh()
    bar.close()
    assert "epoch 1/2" in screen.getvalue()
    assert "loss 9" in screen.getvalue()


def test_a_process_alone_belongs_to_no_world() -> None:
    assert RankInfo.from_environment({"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_ID": "7"}) is None


def test_srun_tells_each_task_its_place() -> None:
    place = RankInfo.from_environment(
        {
            "SLURM_PROCID": "5",
            "SLURM_LOCALID": "1",
            "SLURM_STEP_NUM_TASKS": "8",
            "SLURM_STEP_TASKS_PER_NODE": "4(x2)",
            "SLURM_STEP_NODELIST": "gpu[3-4]",
            "SLURM_JOB_ID": "7",
            "SLURM_STEP_ID": "0",
        }
    )
    assert place is not None
    assert (place.rank, place.world_size, place.local_rank, place.local_world_size) == (5, 8, 1, 4)
    assert place.init_method == "tcp://gpu3:20049"


@pytest.mark.parametrize(
    ("nodes", "first"),
    [
        ("gpu[3-4]", "gpu3"),
        ("gpu[03,05-06]", "gpu03"),
        ("r[1-2]n[08-09]-ib", "r1n08-ib"),
        ("lone,gpu[1-2]", "lone"),
        ("gpu[1-2],lone", "gpu1"),
    ],
)
def test_the_tasks_of_srun_meet_on_the_first_of_their_nodes(nodes: str, first: str) -> None:
    step = {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NODELIST": nodes, "SLURM_STEP_NUM_NODES": "2"}
    place = RankInfo.from_environment({**step, "SLURM_JOB_ID": "7"})
    assert place is not None
    assert place.init_method == f"tcp://{first}:20049"


@pytest.mark.parametrize(("cores", "sharing"), [("100000", 1), ("1", 1 if visible_cores() == 1 else 2), (None, 2)])
def test_a_task_that_sees_only_its_own_cores_shares_them_with_nobody(cores: str | None, sharing: int) -> None:
    step = {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1", "SLURM_JOB_ID": "7"}
    place = RankInfo.from_environment(step | ({"SLURM_CPUS_PER_TASK": cores} if cores else {}))
    assert place is not None
    assert place.num_sharing_cores == sharing


def test_srun_on_a_single_node_needs_no_name_that_the_network_knows() -> None:
    step = {
        "SLURM_PROCID": "1",
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_STEP_NODELIST": "gpu1",
        "SLURM_STEP_NUM_NODES": "1",
    }
    place = RankInfo.from_environment({**step, "SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0"})
    assert place is not None
    assert place.init_method == "tcp://127.0.0.1:20049"


def test_the_rate_falls_along_a_cosine_to_its_last_value() -> None:
    rates = [cosine(step, 101, 1e-3, 1e-4) for step in range(101)]
    assert (rates[0], rates[50], rates[100]) == pytest.approx((1e-3, 5.5e-4, 1e-4))
    assert rates == sorted(rates, reverse=True)


def test_half_is_sixteen_bits_and_fp32_is_exact() -> None:
    cpu = torch.device("cpu")
    assert choose("half", cpu).name == "bf16"
    assert choose("fp32", cpu).dtype is None


@pytest.mark.parametrize(
    ("epochs", "steps", "pictures", "begin", "end"),
    [
        (1, 1, 1, "1 epoch of 1 step\n1 image a step", "finished after 1 epoch, 1 step\n"),
        (2, 1000, 2, "2 epochs of 1,000 steps\n2 images a step", "finished after 2 epochs, 2,000 steps\n"),
    ],
)
def test_one_is_said_of_one(epochs: int, steps: int, pictures: int, begin: str, end: str) -> None:
    log = io.StringIO()
    listener = Lines(log)
    listener.hear(
        events.Started(epochs=epochs, steps_per_epoch=steps, num_train=pictures, num_val=1, global_batch_size=pictures)
    )
    listener.hear(events.Finished(step=epochs * steps, epoch=epochs))
    assert f"\n{begin}" in log.getvalue()
    assert log.getvalue().endswith(end)


def test_what_was_slow_is_told_to_its_end_and_what_was_quick_not_at_all() -> None:
    slow, quick = io.StringIO(), io.StringIO()
    for log, seconds in ((slow, 0.0), (quick, 1e9)):
        listener = Lines(log, every_seconds=seconds)
        for done in range(1, 49):
            listener.hear(Progressed("decode", 0, done, 48))
    assert slow.getvalue().endswith("decoding 100 % | 48/48\n")
    assert quick.getvalue() == ""


def test_an_epochs_last_line_has_the_pace_of_the_epoch() -> None:
    began = time.monotonic()
    reader = LossReader(World(RankInfo(), torch.device("cpu")))
    reader.restart_clock()
    reader.add(torch.ones(4), 100_000, 0.0)
    reader.read(step=1, epoch=0, rate=1e-3)
    reader.add(torch.ones(4), 1, 0.0)
    event = reader.read(step=2, epoch=0, rate=1e-3, is_last=True)
    assert event is not None
    assert event.frames_per_s is not None
    assert event.frames_per_s >= 100_001 / (time.monotonic() - began)


def test_a_stop_says_how_to_go_on() -> None:
    log = io.StringIO()
    listener = Lines(log)
    listener.begin(Path("/runs/my run"), 1)
    listener.hear(events.Signalled(signal="SIGTERM", step=29))
    assert log.getvalue() == (
        "my run in /runs/my run\n"
        "Stopped; saved after step 29. Go on: yogo train --resume '/runs/my run' (or yogo-tui resume 'my run')\n"
    )


def test_a_warning_that_time_is_up_says_that_the_job_comes_back() -> None:
    log = io.StringIO()
    listener = Lines(log)
    listener.begin(Path("/runs/run"), 1)
    listener.hear(events.Signalled(signal="SIGUSR2", step=29))
    assert "Its job comes back by itself, if yogo-tui launched it. Go on: yogo train --resume" in log.getvalue()


def test_waiting_for_data_is_named() -> None:
    log = io.StringIO()
    listener = Lines(log)
    listener.hear(Progressed("train", 0, 1, 1))
    listener.hear(events.Step(step=1, epoch=0, losses=events.Losses(loss=1.0), lr=1e-3, data_wait=0.005))
    assert "waiting for data 0.5 %" in log.getvalue()


def test_a_listener_that_fails_is_told_once_and_ends_nothing() -> None:
    class Broken(Listener):
        def hear(self, event: Event) -> None:
            raise RuntimeError("no route to host\nin many words")

    said: list[str] = []
    listener = Sheltered(Broken(), "W&B", said.append)
    for _ in range(3):
        listener.hear(Noticed("news"))
    assert said == ["W&B failed, and is left out from here on: no route to host"]
