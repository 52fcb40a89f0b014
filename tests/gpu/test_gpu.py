"""What only a GPU shows: training in each precision, compiled or not, resumed, guarded, by NCCL, and what follows it.

Run by `make test-gpu`; without a GPU all of it is skipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.gpu.ranks import one_rank
from tests.waiting import until
from tests.yogo.training.tiny import SIZE, Steered, Yogo
from yogo.checkpoint import load_checkpoint
from yogo.datasets.batch import Batch
from yogo.infer.predictor import Predictor
from yogo.run import events
from yogo.run.manifest import Manifest
from yogo.run.result import Result, verify
from yogo.training.loop.divergence import Diverged
from yogo.training.loop.feed import Feed
from yogo.training.loop.trainer import Trainer

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")]
TINY = ("--model", "quarter_filters", "--image-hw", str(SIZE), str(SIZE), "--lr", "1e-3", "--batch-size", "2")
GPU = "cuda:0"


def losses(yogo: Yogo, name: str) -> list[float]:
    return [event.losses.loss or math.nan for event in yogo.events(name) if isinstance(event, events.Validated)]


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_two_epochs_train_in_each_precision(precision: str, yogo: Yogo, definition: Path) -> None:
    done = yogo.train(definition, *TINY, "--epochs", "2", "--precision", precision, "--name", "run")
    assert done.returncode == 0, done.stderr
    manifest = Manifest.read(yogo.run("run").manifest)
    assert (manifest.precision, manifest.device) == (precision, torch.cuda.get_device_name(GPU))
    assert all(map(math.isfinite, losses(yogo, "run")))
    assert len(losses(yogo, "run")) == 2
    assert all(event.gpu_memory for event in yogo.events("run") if isinstance(event, events.Step))
    assert verify(yogo.run("run")).outcome == "finished"


def steered(tmp_path: Path, definition: Path, **options: object) -> Steered:
    return Steered(tmp_path, definition, device=GPU, **options)


def without_dropout(trainer: Trainer) -> None:
    """Each device and compiler draws what is left out in its own way."""
    for module in trainer.model.modules():
        if isinstance(module, torch.nn.Dropout2d):
            module.p = 0.0


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of torch's own parts
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_compiled_network_trains_as_the_plain_one(precision: str, tmp_path: Path, definition: Path) -> None:
    def compiled(trainer: Trainer) -> None:
        without_dropout(trainer)
        trainer.stepper.network = torch.compile(trainer.stepper.network)  # type: ignore[assignment]

    found = []
    for name, change in (("plain", without_dropout), ("compiled", compiled)):
        heard = steered(tmp_path / name, definition, precision=precision).go(change=change)
        found.append([event.losses.loss for event in heard if isinstance(event, events.Validated)])
    plain, with_compiler = found
    assert with_compiler == pytest.approx(plain, rel=1e-3 if precision == "fp32" else 0.1)


def test_exact_training_on_the_gpu_gives_the_losses_of_the_cpu(tmp_path: Path, definition: Path) -> None:
    of_gpu = steered(tmp_path / "gpu", definition).go(change=without_dropout)
    of_cpu = Steered(tmp_path / "cpu", definition).go(change=without_dropout)
    first = [next(event for event in heard if isinstance(event, events.Validated)) for heard in (of_gpu, of_cpu)]
    assert first[0].losses.loss == pytest.approx(first[1].losses.loss, rel=1e-3)


@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_step_waits_for_no_answer_of_the_gpu(precision: str, tmp_path: Path, definition: Path) -> None:
    """torch itself raises, from the second batch on, where the program would wait for the device."""
    heard: list[str] = []

    def watched(trainer: Trainer) -> None:
        add, take = trainer.stepper.accumulate, trainer.stepper.step

        def strictly(action: object) -> object:
            def act(*arguments: object, **options: object) -> object:
                torch.cuda.set_sync_debug_mode("error" if len(heard) > 2 else "default")
                heard.append("step")
                try:
                    return action(*arguments, **options)  # type: ignore[operator]
                finally:
                    torch.cuda.set_sync_debug_mode("default")

            return act

        trainer.stepper.accumulate = strictly(add)  # type: ignore[method-assign,assignment]
        # A GradScaler asks the device whether to step: that is torch's own way, and fp16's price.
        trainer.stepper.step = take if precision == "fp16" else strictly(take)  # type: ignore[method-assign,assignment]

    steered(tmp_path, definition, precision=precision, rotate=True, brightness=0.2, contrast=0.2).go(change=watched)
    assert len(heard) >= 6


def test_a_run_that_was_stopped_goes_on_on_the_same_card(yogo: Yogo, definition: Path) -> None:
    flags = (*TINY, "--precision", "bf16", "--name")
    assert yogo.train(definition, *flags, "whole", "--epochs", "4").returncode == 0
    process = yogo.start(definition, *flags, "cut", "--epochs", "4")
    until(lambda: bool(losses(yogo, "cut")) or process.poll() is not None)
    process.terminate()
    process.communicate(timeout=60)
    done = yogo.train("--resume", yogo.run("cut").path)
    assert done.returncode == 0, done.stderr
    assert verify(yogo.run("cut")).epochs == 4
    assert losses(yogo, "cut")[-1] == pytest.approx(losses(yogo, "whole")[-1], rel=0.2)


class Poison:
    """Makes the first image's pixels NaN in the second epoch."""

    epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __call__(self, batch: Batch) -> Batch:
        images = batch.images.float()
        if self.epoch == 1:
            images[batch.indices.to(images.device) == 0] = torch.nan
        return batch._replace(images=images)


def test_a_loss_that_is_nan_ends_the_run_and_spoils_no_weight(tmp_path: Path, definition: Path) -> None:
    run = steered(tmp_path, definition, precision="bf16")
    trainers: list[Trainer] = []

    def poison(trainer: Trainer) -> None:
        trainer.sets = replace(trainer.sets, augmentation=Poison())
        trainers.append(trainer)

    with pytest.raises(Diverged, match="the loss was nan at step"):
        run.go(change=poison)
    assert all(parameter.isfinite().all() for parameter in trainers[0].model.parameters())
    assert load_checkpoint(run.run.last).epoch == 1
    assert Result.read(run.run.result).outcome == "failed"


def test_nccl_and_synchronised_batch_norm_work_with_one_rank(tmp_path: Path, definition: Path) -> None:
    base = steered(tmp_path, definition, sync_batch_norm=True).request(resume=False)
    done = one_rank(base.model_copy(update={"device": "cuda"}), tmp_path)
    assert done.returncode == 0, done.stderr
    assert verify(steered(tmp_path, definition).run).outcome == "finished"
    assert "Traceback" not in done.stderr


def batches_while(action: Callable[[], object]) -> Iterator[Batch]:
    """Two batches; `action` is done before each is handed out."""
    for _ in range(2):
        action()
        yield Batch(*(torch.zeros(1) for _ in Batch._fields))


def test_a_wait_for_data_counts_only_where_the_card_has_run_out_of_work() -> None:
    device = torch.device(GPU)
    long = 1_000_000_000  # clock cycles of the card: most of a second
    work: dict[str, Callable[[], object]] = {"busy": lambda: None, "idle": lambda: torch.cuda.synchronize(device)}
    waited = {}
    for name, action in work.items():
        feed = Feed(batches_while(action), device)
        torch.cuda._sleep(long)
        feed.next()
        waited[name] = feed.take_waited()
        torch.cuda.synchronize(device)
    assert waited["busy"] == 0.0
    assert waited["idle"] > 0.0


def test_a_trained_network_is_looked_with_tested_and_exported(yogo: Yogo, definition: Path, tmp_path: Path) -> None:
    done = yogo.train(definition, *TINY, "--epochs", "2", "--precision", "bf16", "--normalize-images", "--name", "run")
    assert done.returncode == 0, done.stderr
    best = yogo.run("run").best
    frames = torch.randint(0, 256, (5, 1, SIZE, SIZE), dtype=torch.uint8)
    exact, rounded, of_cpu = (
        Predictor(best, device=device, half=half)(frames).cpu()
        for device, half in (("cuda", False), ("cuda", True), ("cpu", False))
    )
    torch.testing.assert_close(exact, of_cpu, rtol=0, atol=1e-4)
    torch.testing.assert_close(rounded, of_cpu, rtol=0, atol=5e-2)
    for command in (
        ("infer", best, "--path-to-images", definition.parent / "images", "--count"),
        ("test", best, definition),
        ("export", best, "--no-openvino", "--output-filename", tmp_path / "out.onnx"),
    ):
        done = yogo.command(*command)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_a_card_that_is_not_there_is_said_in_a_sentence(yogo: Yogo, definition: Path) -> None:
    count = torch.cuda.device_count()
    done = yogo.train(definition, *TINY, "--device", f"cuda:{count}", "--name", "run")
    assert done.returncode == 1
    assert f"there is no GPU {count}" in done.stderr
    hidden = yogo.finish(definition, *TINY, "--epochs", "1", "--name", "hidden", CUDA_VISIBLE_DEVICES="")
    assert hidden.returncode == 0, hidden.stderr
    assert Manifest.read(yogo.run("hidden").manifest).device != torch.cuda.get_device_name(GPU)


def test_a_full_card_is_said_in_a_sentence(yogo: Yogo, definition: Path) -> None:
    """Most of the card's memory is in use: by this process, which the training then shares it with."""
    free, _ = torch.cuda.mem_get_info(GPU)
    ballast = torch.empty(max(free - 200 * 2**20, 1), dtype=torch.uint8, device=GPU)
    flags = ("--model", "base_model", "--image-hw", "772", "1032", "--batch-size", "12", "--epochs", "1")
    done = yogo.finish(definition, *flags, "--name", "full")
    del ballast
    torch.cuda.empty_cache()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr, done.stderr
    assert "the memory of cuda:0 is full" in done.stderr
