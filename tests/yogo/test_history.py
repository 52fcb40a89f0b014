"""The history of a run: its steps are kept as numbers, and read from the lines as its events' models would."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from yogo.run import events
from yogo.run.events import Losses, Resumed, Started, Step, Validated
from yogo.run.history import History
from yogo.run.steps import Steps, parts_of


def step_at(step: int, attempt: int, loss: float) -> Step:
    return Step(step=step, epoch=0, lr=0.1, attempt=attempt, losses=Losses(loss=loss))


finite_or_none = st.none() | st.floats(allow_nan=False, allow_infinity=False)
steps_written = st.builds(
    Step,
    at=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))])),
    attempt=st.integers(0, 3),
    reason=st.sampled_from(["", "loss is nan", 'a "quoted" \\ word', "µ\u2028", '","event":"step"']),
    step=st.integers(0, 1 << 62),
    epoch=st.integers(0, (1 << 31) - 1),
    losses=st.builds(Losses, **dict.fromkeys(Losses.model_fields, finite_or_none)),
    lr=st.floats(allow_nan=False, allow_infinity=False),
    frames_per_s=finite_or_none,
    data_wait=finite_or_none,
    gpu_memory=st.none() | st.integers(0, 1 << 53),
)
other_lines = st.sampled_from(
    [
        Started(epochs=2, steps_per_epoch=3, num_train=6, num_val=1).model_dump_json(),
        Resumed(attempt=2, epoch=0, step=1 << 30).model_dump_json(),
        Validated(step=4, epoch=0, losses=Losses(loss=3.0)).model_dump_json(),
        '{"event": "step", "st',
        "",
    ]
)
changed = st.tuples(st.sampled_from(["0", "1", "-", ".", "e", "null", '"', "Z", ",", " "]), st.integers(0, 400))


@given(
    st.lists(
        st.tuples(steps_written.map(Step.model_dump_json) | other_lines, st.none() | changed).map(
            lambda made: made[0] if not made[1] else made[0][: made[1][1]] + made[1][0] + made[0][made[1][1] + 1 :]
        ),
        max_size=8,
    )
)
def test_steps_read_as_columns_are_those_that_the_model_reads(lines: list[str]) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    found, one_by_one = History(), History()
    one_by_one.extend(events.parse(data)[0])

    assert found.feed(data + b'{"v":1') == (len(events.parse(data)[0]), len(data))

    assert found == one_by_one


@given(st.lists(steps_written, max_size=5))
def test_the_steps_of_a_history_are_those_that_were_added(steps: list[Step]) -> None:
    history = History()
    history.extend(sorted(steps, key=lambda step: step.attempt))

    kept = [step.model_copy(update={"reason": ""}) for step in sorted(steps, key=lambda step: step.attempt)]
    assert [*history.steps] == history.steps[:] == kept
    assert TypeAdapter(Steps).validate_json(TypeAdapter(Steps).dump_json(history.steps)) == history.steps


def test_a_step_that_is_written_is_read_without_its_model() -> None:
    step = Step(step=7, epoch=1, lr=1e-3, losses=Losses(loss=float("nan"), iou_loss=1e-7), gpu_memory=3 << 30)
    ((rows, others),) = parts_of(step.model_dump_json().encode() + b"\n")
    assert (len(rows), others) == (1, [])


def test_a_million_steps_take_less_than_a_hundred_bytes_each() -> None:
    history, line = History(), step_at(1, 0, 1 / 3).model_dump_json().encode() + b"\n"
    tracemalloc.start()
    try:
        for _ in range(100):
            history.feed(line * 1000)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held / len(history.steps) < 100


def test_what_is_taken_of_a_history_does_not_grow_with_it() -> None:
    history = History()
    history.extend(step_at(step, 0, 9.0) for step in range(1, 6))
    before = history.so_far()
    history.add(step_at(6, 0, 9.0))
    history.add(Resumed(attempt=1, epoch=0, step=2))
    assert [event.step for event in before.steps] == [1, 2, 3, 4, 5]
    assert [event.step for event in history.steps] == [1, 2]


@pytest.mark.parametrize("change", [{"step": 1 << 63}, {"step": -1}, {"epoch": 1 << 31}, {"attempt": 1 << 40}])
def test_a_step_with_a_number_that_cannot_be_is_passed_over(change: dict[str, int]) -> None:
    line = json.dumps(json.loads(step_at(1, 0, 1.0).model_dump_json()) | change).encode()
    history = History()
    assert history.feed(line + b"\n") == (0, len(line) + 1)


def test_a_time_without_its_zone_is_utc() -> None:
    history = History()
    history.feed(step_at(1, 0, 1.0).model_dump_json().replace("Z", "").encode() + b"\n")
    assert history.steps[0].at.tzinfo is UTC
