"""Reading run directories: any that there are, whatever is in them, and never more than has changed."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.yogo.holding import hold
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.launch import Kind, Launch, Outcome, Size, Submission
from yogo.run.manifest import Manifest
from yogo.run.record import now
from yogo.run.result import Result
from yogo_tui.hosts.base import A, Browse, Entry, Files, Host, Piece
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.events import EventsReader
from yogo_tui.runs.folder import Scanner
from yogo_tui.runs.found import RunFolder


class CountingHost(HereHost):
    """This machine, and how often it was asked for what."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()
        self.num_bytes = 0
        self.lists = 0

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        return self.count(path, await super().read(path, offset=offset, limit=limit))

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        self.lists += 1
        return await super().list(path)

    async def browse(self, look: Browse[A]) -> A:
        return await super().browse(lambda files: look(CountedFiles(files, self)))

    def count(self, path: PurePosixPath, piece: Piece) -> Piece:
        self.reads[path.name] += 1
        self.num_bytes += len(piece.data)
        return piece


@dataclass
class CountedFiles:
    files: Files
    host: CountingHost

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        return self.host.count(path, await self.files.read(path, offset=offset, limit=limit))

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        self.host.lists += 1
        return await self.files.list(path)


def make_run(folder: Path, name: str, *, over: bool = True, num_steps: int = 4) -> RunDirectory:
    run = RunDirectory(folder / name)
    run.path.mkdir(parents=True)
    Manifest(name=name, definition="d", classes=("a",), recipe=Recipe(epochs=2), precision="fp32").write(run.manifest)
    events.append(run.events, events.Started(epochs=2, steps_per_epoch=num_steps // 2, num_train=4, num_val=2))
    for step in range(1, num_steps + 1):
        event = events.Step(step=step, epoch=0, losses=events.Losses(loss=1.0), lr=1e-3)
        with run.events.open("ab") as file:
            file.write(event.model_dump_json().encode() + b"\n")
    if over:
        run.best.touch()
        Result(outcome="finished", epochs=2, best_loss=0.5, best_epoch=1, best_sha256="ab").write(run.result)
    return run


def scanner(host: Host, *folders: Path) -> Scanner:
    return Scanner(host, [PurePosixPath(folder) for folder in folders])


async def by_name(scanner: Scanner) -> dict[str, RunFolder]:
    return {found.name: found for found in await scanner.scan()}


async def test_many_runs_of_this_machine_take_few_turns_of_the_event_loop(tmp_path: Path) -> None:
    for number in range(100):
        make_run(tmp_path, f"run-{number}", over=number % 2 == 0)
    tasks = list[Any]()

    def counted(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        tasks.append(work)
        return asyncio.Task(work, loop=loop, **options)

    asyncio.get_running_loop().set_task_factory(counted)
    assert len(await by_name(scanner(HereHost(), tmp_path))) == 100
    assert len(tasks) < 20


async def test_runs_that_are_over_are_read_once(tmp_path: Path) -> None:
    for number in range(30):
        make_run(tmp_path, f"run-{number}")
    host = CountingHost()
    looks = scanner(host, tmp_path)
    first = await by_name(looks)
    assert len(first) == 30
    assert host.reads["events.jsonl"] == 0
    host.reads.clear()
    host.lists = 0
    assert await by_name(looks) == first
    assert not host.reads
    assert host.lists == 1


async def test_a_run_that_is_resumed_after_its_receipt_is_seen_again(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "first")
    looks = scanner(host, tmp_path)
    assert (await by_name(looks))["first"].is_over
    Manifest.read(run.manifest).model_copy(update={"attempt": 1}).write(run.manifest)
    assert not (await by_name(looks))["first"].is_over


async def test_progress_follows_what_is_added_and_reads_only_that(tmp_path: Path) -> None:
    run = make_run(tmp_path, "first", over=False, num_steps=20_000)
    events.append(run.events, events.Checkpointed(step=20_000, epoch=1, file="best.pth", loss=0.5))
    host = CountingHost()
    looks = scanner(host, tmp_path)
    progress = (await by_name(looks))["first"].progress
    assert progress
    assert progress.epoch == 2
    assert host.num_bytes < 400_000 < run.events.stat().st_size
    host.num_bytes = 0
    event = events.Validated(step=20_000, epoch=1, losses=events.Losses(loss=0.25))
    events.append(run.events, event)
    progress = (await by_name(looks))["first"].progress
    assert progress
    assert progress.best_loss == 0.25
    assert host.num_bytes < 4_000


async def test_a_run_that_was_stopped_within_an_epoch_is_shown_as_far_as_it_was(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "first")
    stopped = Result(outcome="failed", stopped_by="SIGINT", epochs=1, share_of_next=0.75)
    stopped.write(run.result)
    progress = (await by_name(scanner(host, tmp_path)))["first"].progress
    assert progress
    assert progress.epoch == 1.75


async def test_the_best_epoch_of_a_long_run_is_told_though_it_was_long_ago(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "first", over=False, num_steps=2_000)
    for epoch, loss in ((0, 0.25), (1, 0.75)):
        events.append(run.events, events.Validated(step=1, epoch=epoch, losses=events.Losses(loss=loss)))
        if epoch == 0:
            events.append(run.events, events.Checkpointed(step=1, epoch=epoch, file="best.pth", loss=loss))
        step = events.Step(step=2, epoch=epoch, losses=events.Losses(loss=1.0), lr=1e-3).model_dump_json()
        with run.events.open("a") as file:
            file.writelines(f"{step}\n" for _ in range(4_000))
    progress = (await by_name(scanner(host, tmp_path)))["first"].progress
    assert progress
    assert (progress.best_loss, progress.best_epoch) == (0.25, 0)


async def test_the_mean_precision_of_the_best_epoch_is_told_of_live_runs_and_of_past_ones(
    host: Host, tmp_path: Path
) -> None:
    live, past = make_run(tmp_path, "live", over=False), make_run(tmp_path, "past")
    for epoch, (loss, score) in enumerate(((0.5, 0.25), (0.75, 0.5))):
        losses, metrics = events.Losses(loss=loss), {"mAP50": score, "lod_per_ul": 100 * loss}
        events.append(live.events, events.Validated(step=4, epoch=epoch, losses=losses, metrics=metrics))
    Result.read(past.result).model_copy(update={"best_metrics": {"mAP50": 0.75}}).write(past.result)
    found = await by_name(scanner(host, tmp_path))
    assert [(found[name].map50, found[name].lod_per_ul) for name in ("live", "past")] == [(0.25, 50), (0.75, None)]


async def test_numbers_that_cannot_be_right_are_told_of_live_runs_and_of_past_ones(host: Host, tmp_path: Path) -> None:
    live, past = make_run(tmp_path, "live", over=False), make_run(tmp_path, "past")
    make_run(tmp_path, "well", over=False)
    for epoch in range(3):
        losses = events.Losses(loss=1.0 + epoch)
        events.append(live.events, events.Validated(step=4, epoch=epoch, losses=losses))
    Result.read(past.result).model_copy(update={"doubts": ("it learnt nothing",)}).write(past.result)
    found = await by_name(scanner(host, tmp_path))
    assert "only rose" in found["live"].doubts[0]
    assert (found["past"].doubts, found["well"].doubts) == (("it learnt nothing",), ())


async def test_a_file_of_events_that_is_one_endless_line_is_read_in_part_and_hides_no_other(
    host: Host, tmp_path: Path
) -> None:
    run = make_run(tmp_path, "endless", over=False)
    make_run(tmp_path, "well")
    with run.events.open("ab") as file:
        file.write(b'{"event": "step"')
        file.truncate(300 << 20)
    host = CountingHost()
    found = await by_name(scanner(host, tmp_path))
    assert found["well"].is_over
    assert found["endless"].progress
    assert host.num_bytes < 64 << 20
    with run.events.open("ab") as file:
        file.write(
            b"\n" + events.Step(step=4, epoch=1, losses=events.Losses(), lr=1).model_dump_json().encode() + b"\n"
        )
    reader = EventsReader(host, PurePosixPath(run.events), whole=True)
    await reader.read()
    assert reader.history.step == 4


@pytest.mark.parametrize("name", ["launch.json", "run.json", "result.json", "events.jsonl", "lease/holder.json"])
async def test_a_pipe_in_place_of_a_file_of_a_run_is_said_and_hides_no_other(
    host: Host, tmp_path: Path, name: str
) -> None:
    bad = make_run(tmp_path, "bad", over=False)
    make_run(tmp_path, "well")
    (bad.path / name).parent.mkdir(exist_ok=True)
    (bad.path / name).unlink(missing_ok=True)
    os.mkfifo(bad.path / name)
    found = await by_name(scanner(host, tmp_path))
    assert found["well"].is_over
    assert f"{name} cannot be read: it is not a file but a pipe" in found["bad"].problems[0]


async def test_a_run_that_another_user_may_not_show_is_said_to_be_unreadable(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "closed")
    make_run(tmp_path, "well")
    run.path.chmod(0)
    if os.access(run.path, os.R_OK):
        pytest.skip("root may read anything")
    found = await by_name(scanner(host, tmp_path))
    run.path.chmod(0o700)
    assert "Permission denied" in found["closed"].problems[0]
    assert found["well"].is_over


async def test_who_holds_a_run_is_read_from_its_lease_until_its_receipt_is_later(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "first", over=False)
    looks = scanner(host, tmp_path)
    with hold(run):
        held = (await by_name(looks))["first"]
        assert held.holder
        assert held.holder.pid == os.getpid()
        assert held.is_alive(datetime.now(UTC))
        run.best.touch()
        Result(outcome="finished", epochs=2, best_sha256="ab").write(run.result)
        os.utime(run.lease / "holder.json", (1, 1))
        assert (await by_name(looks))["first"].is_over
    assert (await by_name(scanner(host, tmp_path)))["first"].is_over


async def test_a_failed_run_that_is_taken_up_again_is_held_and_no_longer_over(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "first", over=False)
    Result(outcome="failed", reason="the disk is full").write(run.result)
    os.utime(run.result, (1, 1))
    assert (await by_name(scanner(host, tmp_path)))["first"].is_over
    with hold(run):
        found = (await by_name(scanner(host, tmp_path)))["first"]
        assert (found.is_over, found.is_alive(datetime.now(UTC))) == (False, True)


async def test_a_long_run_is_not_doubted_for_the_part_of_its_events_that_was_read(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "first", over=False, num_steps=2_000)
    for epoch, loss in enumerate((1.0, 0.5, 0.75, 1.0, 1.25)):
        event = events.Validated(step=2, epoch=epoch, losses=events.Losses(loss=loss))
        step = events.Step(step=2, epoch=epoch, losses=events.Losses(loss=1.0), lr=1e-3).model_dump_json()
        with run.events.open("a") as file:
            file.write(f"{event.model_dump_json()}\n")
            if epoch == 1:
                best = events.Checkpointed(step=2, epoch=1, file="best.pth", loss=0.5)
                file.write(f"{best.model_dump_json()}\n")
            file.writelines(f"{step}\n" for _ in range(2_000))
    assert (await by_name(scanner(host, tmp_path)))["first"].doubts == ()


async def test_a_directory_with_only_a_checkpoint_is_a_run_and_others_are_none(host: Host, tmp_path: Path) -> None:
    for name, file in {
        "published": "latest.pth",
        "bare": "best.pth",
        "empty": "",
        "notes": "a.txt",
        ".dot": "best.pth",
    }.items():
        (tmp_path / name).mkdir()
        if file:
            (tmp_path / name / file).touch()
    (tmp_path / "best.pth").touch()
    found = await by_name(scanner(host, tmp_path, tmp_path / "none"))
    assert {name: run.has_best for name, run in found.items()} == {"published": False, "bare": True}


async def test_a_damaged_file_is_a_notice_and_the_run_stays(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "first")
    run.result.write_text('{"outcome": "fin')
    found = (await by_name(scanner(host, tmp_path)))["first"]
    assert found.result is None
    assert found.manifest
    assert any("result.json is damaged" in notice for notice in found.notices)


async def test_a_newer_schema_opens_with_a_notice(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "first")
    text = run.result.read_text().replace('"schema_version": 1', '"schema_version": 2, "more": "yes"')
    run.result.write_text(text)
    found = (await by_name(scanner(host, tmp_path)))["first"]
    assert found.result
    assert found.result.outcome == "finished"
    assert any("newer yogo" in notice for notice in found.notices)


async def test_names_of_any_bytes_are_listed(host: Host, tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/a\xff\x1b[31m\n")
    (tmp_path / os.fsdecode(b"a\xff\x1b[31m\n") / "best.pth").touch()
    assert len(await by_name(scanner(host, tmp_path))) == 1


async def test_the_latest_log_is_the_last(host: Host, tmp_path: Path) -> None:
    run = make_run(tmp_path, "first")
    for number, name in enumerate(("first-9.log", "first-10.log")):
        (run.path / name).touch()
        os.utime(run.path / name, (number, number))
    assert (await by_name(scanner(host, tmp_path)))["first"].logs == ("first-9.log", "first-10.log")


async def test_a_torn_line_is_read_once_it_is_whole(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    reader = EventsReader(host, PurePosixPath(file), whole=True)
    assert not await reader.read()
    line = events.Step(step=1, epoch=0, losses=events.Losses(loss=float("nan")), lr=1e-3).model_dump_json() + "\n"
    file.write_text(line[:30])
    assert not await reader.read()
    file.write_text(line)
    assert await reader.read()
    assert reader.history.steps[0].losses.loss is None


async def test_events_that_were_replaced_are_read_anew(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for step in (1, 2):
        events.append(file, events.Step(at=at, step=step, epoch=0, losses=events.Losses(loss=1), lr=1e-3))
    reader = EventsReader(host, PurePosixPath(file), whole=True)
    await reader.read()
    file.unlink()
    events.append(file, events.Step(at=at, step=5, epoch=0, losses=events.Losses(loss=1), lr=1e-3))
    await reader.read()
    assert [event.step for event in reader.history.steps] == [5]


async def test_a_record_that_was_replaced_by_one_of_the_same_size_and_time_is_read_again(
    host: Host, tmp_path: Path
) -> None:
    """As rsync -t and archives do it."""
    run = make_run(tmp_path, "a", over=False)
    look = scanner(host, tmp_path)
    before = (await by_name(look))["a"]
    times = run.manifest.stat()
    other = run.manifest.read_text().replace('"definition": "d"', '"definition": "e"')
    run.manifest.write_text(other)
    os.utime(run.manifest, ns=(times.st_atime_ns, times.st_mtime_ns))

    after = (await by_name(look))["a"]

    assert before.manifest is not None
    assert after.manifest is not None
    assert (before.manifest.definition, after.manifest.definition) == ("d", "e")


@pytest.mark.parametrize("clock_ahead", [-60, 60])
async def test_whether_a_run_was_asked_to_go_on_does_not_depend_on_the_clock_of_who_asked(
    tmp_path: Path, clock_ahead: float
) -> None:
    run, looking = RunDirectory(tmp_path / "one"), scanner(HereHost(), tmp_path)
    run.path.mkdir()
    moment = now() + timedelta(minutes=clock_ahead)
    first = Submission(cluster="lab", outcome=Outcome.SUBMITTED, job_id="7", at=moment)
    size = Size(gpus=1, cpus=1, hours=1)
    launch = Launch(
        name="one", kind=Kind.TRAIN, token="t", definition="/d", recipe=Recipe(), size=size, submissions=(first,)
    )

    async def is_asked(*order: Path) -> bool:
        for seconds, file in enumerate(order):
            os.utime(file, (moment.timestamp() + seconds, moment.timestamp() + seconds))
        (found,) = await looking.scan()
        return found.is_asked_to_go_on

    launch.write(run.launch)
    Result(outcome="failed", attempt=0).write(run.result)
    assert not await is_asked(run.launch, run.result)
    assert not await is_asked(run.result, run.launch), "the launch was recorded after its job had failed"
    further = first.model_copy(update={"token": "t2", "attempt": 1})
    launch.model_copy(update={"submissions": (first, further)}).write(run.launch)
    assert await is_asked(run.result, run.launch)
    Result(outcome="failed", attempt=1).write(run.result)
    assert not await is_asked(run.launch, run.result)
