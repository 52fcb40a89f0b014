"""What stands beside the script that is about to be launched: when each size would start."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import shown, until
from yogo_tui.cluster.base import Estimate, Machine, Resources
from yogo_tui.session.timing import Takes, Timing
from yogo_tui.settings import SizePreset
from yogo_tui.widgets.launch_summary import LaunchSummary

SIZES = tuple(SizePreset(gpus=gpus, cpus=1, hours=gpus, template="1gpu.sbatch") for gpus in range(1, 7))


class SummaryApp(App[None]):
    def compose(self) -> ComposeResult:
        yield LaunchSummary()


def asked(estimates: dict[int, Estimate]) -> dict[int, Timing]:
    return {index: Timing(estimate) for index, estimate in estimates.items()}


async def test_each_start_is_told_as_a_person_would_say_it() -> None:
    today = datetime.now().astimezone().replace(second=0, microsecond=0)
    tomorrow = datetime.combine(today.date() + timedelta(days=1), time(8, 5)).astimezone()
    estimates = {
        0: Estimate(today - timedelta(hours=1)),
        1: Estimate(datetime.combine(today.date(), time(23, 59, 59)).astimezone()),
        2: Estimate(tomorrow),
        3: Estimate(datetime(2099, 3, 5, 14, 30).astimezone()),
        4: Estimate(None, detail="no such partition"),
        5: Estimate(None),
    }
    app = SummaryApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.query_one(LaunchSummary).show_sizes(SIZES, SIZES[2], Resources(free_gpus=3, total_gpus=8), asked(estimates))
        await until(pilot, lambda: "3 of 8 GPUs were free" in shown(pilot))
        rows = [line.rstrip().split(maxsplit=2) for line in shown(pilot).splitlines() if " " in line.strip()][1:7]
    told = ["now", "today 23:59", "tomorrow 08:05", "05 Mar 14:30", "no such partition", "not known"]
    assert rows == [[str(n), str(n), when] if n != 3 else ["▸", "3", f"3  {when}"] for n, when in enumerate(told, 1)]


async def test_a_machine_without_gpus_tells_of_itself_and_not_of_gpus() -> None:
    app = SummaryApp()
    async with app.run_test(size=(60, 20)) as pilot:
        summary = app.query_one(LaunchSummary)
        summary.machine = Machine(num_gpus=0, num_cpus=2, num_slots=1)
        summary.show_sizes(SIZES[:1], SIZES[0], Resources(free_gpus=0, total_gpus=0), {})
        await until(pilot, lambda: "This machine has no GPU" in shown(pilot))
        assert "GPUs" not in shown(pilot).partition("would start by")[0]
        assert f"▸  {SIZES[0].cpus:>4}" in shown(pilot)


async def test_sizes_that_look_alike_are_told_apart_by_their_names() -> None:
    sizes = tuple(
        SizePreset(gpus=1, cpus=1, hours=24, template="1gpu.sbatch", name=name) for name in ("short", "big-memory-80")
    )
    app = SummaryApp()
    estimates = {0: Estimate(datetime(2099, 3, 5, 14, 30).astimezone())}
    async with app.run_test(size=(38, 20)) as pilot:
        app.query_one(LaunchSummary).show_sizes(sizes, sizes[1], None, asked(estimates))
        await until(pilot, lambda: "05 Mar" in shown(pilot))
        lines = [" ".join(line.split()) for line in shown(pilot).splitlines()]
    assert "short 1 24 05 Mar 14:30" in lines
    assert "▸ big…y-80 1 24" in lines


def _is_said(pilot: Pilot[None], words: str) -> bool:
    return words in " ".join(shown(pilot).split())


async def test_what_a_size_takes_is_told_where_it_is_known_and_when_the_chosen_one_would_finish() -> None:
    tomorrow = datetime.combine(datetime.now().astimezone().date() + timedelta(days=1), time(8, 5)).astimezone()
    timings = {
        0: Timing(Estimate(tomorrow), Takes(5400, "calm-cat", is_most=False)),
        1: Timing(None, Takes(7200, "calm-cat", is_most=True)),
    }
    app = SummaryApp()
    async with app.run_test(size=(60, 20)) as pilot:
        summary = app.query_one(LaunchSummary)
        for chosen, said in (
            (0, "It would finish by tomorrow 09:35, by the epochs of calm-cat."),
            (1, "It takes 2 h at most, by the epochs of calm-cat."),
            (2, "No run like it tells yet how long it takes."),
        ):
            summary.show_sizes(SIZES, SIZES[chosen], None, timings)
            await until(pilot, partial(_is_said, pilot, said))
        lines = [" ".join(line.split()) for line in shown(pilot).splitlines()]
    assert "1 1 tomorrow 08:05 1 h 30 m" in lines
    assert "2 2 2 h" in lines
