"""Curves without a screen: what is drawn is true to what was recorded, and never more than the columns can show."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.yogo_tui.fake_session import make_history
from yogo.run.events import Checkpointed, Losses, Resumed, Started, Step, Validated
from yogo.run.history import History
from yogo.text.canvas import Canvas, Row
from yogo.text.ticks import linear_ticks, log_ticks, tick_words
from yogo_tui.cli.plot import KEYS
from yogo_tui.curves.axes import TRAINING, Axis, x_ticks, x_words
from yogo_tui.curves.divergence import STEPS, Runaway, of_validation
from yogo_tui.curves.drawing import Chart, Line, Mark, View, draw, readings
from yogo_tui.curves.record import PLOTS, RunCurves
from yogo_tui.curves.series import Series, Values, strokes

NAN = math.nan
SEEDS = st.integers(0, 1 << 32)
SIZES = st.integers(1, 9000)


def series(values: list[float], name: str = "train") -> Series:
    return Series(name, [float(index) for index in range(len(values))], Values(values))


def text(rows: list[Row]) -> list[str]:
    return ["".join(piece.text for piece in row) for row in rows]


def losses_of(seed: int, size: int, *, nan: bool = False) -> list[float]:
    made = random.Random(seed)
    return [NAN if nan and made.random() < 0.3 else 10 ** made.uniform(-6, 6) for _ in range(size)]


@given(SEEDS, SIZES)
def test_a_stretch_is_summed_up_as_its_numbers_say(seed: int, size: int) -> None:
    losses, values = losses_of(seed, size, nan=True), Values()
    cut, edge = random.Random(seed).randint(0, size), random.Random(~seed).randint(0, size)
    values.extend(losses[:cut])
    values.extend(losses[cut:])
    whole = values.over(0, len(losses))
    finite = [loss for loss in losses if loss == loss]  # noqa: PLR0124
    assert whole.count == len(finite)
    assert (whole.low, whole.high) == (min(finite, default=math.inf), max(finite, default=-math.inf))
    small = values.over(max(0, edge - 60), edge)
    near = [loss for loss in losses[max(0, edge - 60) : edge] if loss == loss]  # noqa: PLR0124
    assert (small.low, small.count) == (min(near, default=math.inf), len(near))


@given(SEEDS, SIZES, st.integers(1, 50))
def test_reducing_keeps_the_lowest_and_the_highest_and_two_points_a_column_at_most(
    seed: int, size: int, columns: int
) -> None:
    losses = losses_of(seed, size)
    (stroke,) = strokes(series(losses), 0.0, float(max(len(losses) - 1, 1)), columns)

    assert len(stroke) <= 2 * columns + 2
    assert min(y for _, y in stroke) == min(losses)
    assert max(y for _, y in stroke) == max(losses)
    assert [x for x, _ in stroke] == sorted(x for x, _ in stroke)


def test_a_loss_that_is_nan_cuts_the_curve_in_two() -> None:
    assert [len(stroke) for stroke in strokes(series([3.0, 2.0, NAN, 2.5]), 0, 3, 80)] == [2, 1]


def test_a_view_keeps_a_point_beyond_either_edge() -> None:
    (stroke,) = strokes(series([1.0] * 10), 3.5, 5.5, 80)

    assert [x for x, _ in stroke] == [3, 4, 5, 6]


def test_smoothing_keeps_a_straight_line_and_calms_a_noisy_one() -> None:
    straight = series([float(index) for index in range(100)])
    assert [straight.smoothed(index, 21) for index in range(100)] == list(straight.xs)
    noisy = series([5.0 + (-1) ** index for index in range(1000)])
    (stroke,) = strokes(noisy, 0, 999, 50, window=100)
    assert all(abs(y - 5) < 0.05 for _, y in stroke[1:-1])


@given(st.floats(-6, 6), st.floats(0.01, 8))
def test_a_logarithmic_axis_has_at_least_two_ticks_and_no_crowd(low: float, height: float) -> None:
    ticks = log_ticks(low, low + height)

    assert 2 <= len(ticks) <= 6
    assert all(low <= tick <= low + height for tick in ticks)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9), st.integers(2, 12))
def test_a_linear_axis_has_round_ticks_and_no_crowd(low: float, height: float, most: int) -> None:
    ticks = linear_ticks(low, low + height, most)
    assert 1 <= len(ticks) <= most
    assert all(low - height * 1e-6 <= tick <= low + height * (1 + 1e-6) for tick in ticks)


def test_ticks_are_round_losses_and_times_have_their_unit() -> None:
    assert [tick_words(10**tick) for tick in log_ticks(math.log10(8), math.log10(70))] == ["10", "20", "50"]
    assert [x_words(Axis.TIME, x, span=9000) for x in x_ticks(Axis.TIME, 0, 9000, 3)] == ["0 h", "1 h", "2 h"]
    assert [x_words(Axis.STEP, x) for x in x_ticks(Axis.STEP, 0, 4000, 3)] == ["0", "2,000", "4,000"]
    assert all(len(tick_words(value)) <= 7 for value in (1e-12, 0.00123, 99_999, 1e20, -1e-4))


def test_a_line_has_no_gaps_and_a_dotted_one_is_not_a_solid_one() -> None:
    solid, dotted = Canvas(20, 5), Canvas(20, 5)
    for canvas, is_dotted in ((solid, False), (dotted, True)):
        canvas.line([(0, 0), (39, 19)], "curve-0", is_dotted=is_dotted)
    cells = {(x, y) for y, row in enumerate(text(solid.rows())) for x, sign in enumerate(row) if sign != " "}
    assert {x for x, _ in cells} == set(range(20))
    assert all({(x + dx, y + dy) for dx in (0, 1) for dy in (0, 1)} & cells - {(x, y)} for x, y in cells - {(19, 4)})
    assert text(dotted.rows()) != text(solid.rows())


def test_each_of_many_runs_is_told_from_the_others_without_colours() -> None:
    curves = [Line(series([number, number], f"run {number}"), number, number % 2 == 1) for number in range(1, 3)]
    signed = [*curves, Line(series([3, 3], "run 3"), 2, sign="◆"), Line(series([4, 4], "run 4"), 3, True, sign="◆")]
    assert [line.key for line in signed] == ["┄┄", "──", "──◆", "┄┄◆"]
    drawn = text(draw(Chart("loss", tuple(signed)), View(), width=60, height=13))
    marked = [row for row in drawn if "◆" in row]
    assert len(marked) == 2
    assert all(row.count("◆") >= 3 for row in marked)


def test_what_lies_outside_is_left_out() -> None:
    canvas = Canvas(4, 2)
    canvas.line([(-1e9, 3), (1e9, 3)], "curve-0")
    canvas.line([(0, -1e12), (7, -5)], "curve-1")
    assert text(canvas.rows()) == ["⣀⣀⣀⣀", "    "]


def test_a_chart_has_its_axes_and_its_curve_falls() -> None:
    rows = text(
        draw(
            Chart("loss", (Line(series([100 / (x + 1) for x in range(101)])),), is_log=True), View(), width=50, height=9
        )
    )
    assert len(rows) == 9
    assert all(len(row) <= 50 for row in rows)
    assert [row for row in rows if row.strip().startswith("10 ┤")]
    assert rows[-1].strip().startswith("└")
    columns = [{y for y, row in enumerate(rows[:-1]) if row.ljust(50)[x] != " "} for x in range(9, 50)]
    assert (min(columns[0]), max(columns[-1])) == (0, 7)
    assert all(columns)


def test_a_figure_that_was_0_throughout_has_no_axis_below_0() -> None:
    rows = text(draw(Chart("mAP50", (Line(series([0.0] * 9)),)), View(), width=50, height=9))
    assert any(row.strip().startswith("0 ┤") for row in rows)
    assert not any(row.strip().startswith("-") for row in rows)


@given(
    st.lists(st.one_of(st.just(NAN), st.floats(allow_nan=False, allow_infinity=False)), max_size=60),
    st.integers(2, 120),
    st.integers(2, 30),
    st.booleans(),
    st.sampled_from([0.0, 0.15]),
)
def test_any_curve_fits_into_its_room(
    values: list[float], width: int, height: int, is_log: bool, smoothing: float
) -> None:
    chart = Chart("loss", (Line(series(values)),), (Mark(1.0, "↻", "resumed", "", is_line=True),), is_log=is_log)
    view = View(smoothing=smoothing, cursor=2.0)
    rows = text(draw(chart, view, width=width, height=height))
    assert len(rows) == height
    assert all(len(row) <= max(width, 11) for row in rows)
    readings(chart, view)


def test_the_raw_curve_lies_behind_the_smoothed_one() -> None:
    noisy = Chart("loss", (Line(series([5.0 + 2 * (-1) ** index for index in range(500)])),))
    kinds = {piece.kind for row in draw(noisy, View(smoothing=0.1), width=60, height=10) for piece in row}
    assert {"behind", "curve-0"} <= kinds
    assert "behind" not in {piece.kind for row in draw(noisy, View(), width=60, height=10) for piece in row}


def test_a_curve_with_too_few_points_to_smooth_does_not_keep_what_lies_behind_it() -> None:
    noisy = Line(series([5.0 + 2 * (-1) ** index for index in range(500)]))
    few = Line(Series("validation", [0.0, 499.0], Values([6.0, 6.0])), tone=1)
    rows = draw(Chart("loss", (noisy, few)), View(smoothing=0.1), width=60, height=10)
    dots = {sign for row in rows for piece in row if piece.kind == "curve-1" for sign in piece.text}
    assert len(dots) == 1, "it is a flat line, without the dots of the curve behind it"


def test_nan_is_marked_in_its_column_and_the_marks_are_on_the_plot() -> None:
    values = [5.0] * 50 + [NAN] * 10 + [4.0] * 41
    marks = (
        Mark(80, "◆", "best", "best", y=4.0),
        Mark(20, "↻", "resumed", "resumed", is_line=True),
        Mark(70, "▴", "saved", ""),
    )
    rows = text(draw(Chart("loss", (Line(series(values)),), marks), View(), width=70, height=8))
    assert set(rows[-2]) >= {"✖", "▴"}
    assert "↻" in rows[0]
    assert "┊" in rows[3]
    assert any("◆" in row for row in rows)


def test_zooming_panning_and_the_crosshair_stay_within_what_there_is() -> None:
    whole = (0.0, 100.0)
    view = View().zoomed(0.5, whole)
    assert view.window == (25.0, 75.0)
    assert view.panned(1.0, whole).window == (50.0, 100.0)
    assert view.zoomed(4.0, whole).window is None
    pointed = view.pointed(0.1, whole)
    assert pointed.cursor == 50.0
    for _ in range(60):
        pointed = pointed.pointed(0.1, whole)
    assert (pointed.cursor, pointed.window) == (100.0, (50.0, 100.0))


def test_the_crosshair_reads_all_curves_at_once() -> None:
    chart = Chart("loss", (Line(series([4.0, 3.0, 2.0])), Line(series([5.0, NAN, 1.0], "validation"))))
    (_, train), (_, validation) = readings(chart, View(cursor=1.1))
    assert train == 3.0
    assert math.isnan(validation)


def test_the_crosshair_is_in_each_row_in_which_nothing_else_is_drawn_there() -> None:
    marks = (Mark(50, "↻", "resumed", "resumed", is_line=True),)
    chart = Chart("loss", (Line(series([5.0] * 101)),), marks)
    plain, crossed = (draw(chart, View(cursor=cursor), width=60, height=8) for cursor in (None, 50.0))
    changed = [
        [(x, new) for x, (old, new) in enumerate(zip(*pair, strict=True)) if old != new]
        for pair in zip(text(plain), text(crossed), strict=True)
    ]
    assert len({x for row in changed for x, _ in row}) == 1
    assert [[sign for _, sign in row] for row in changed] == [[], ["│"], ["│"], [], ["│"], ["│"], ["│"], []]
    assert text(draw(chart, View(window=(0, 20), cursor=50.0), width=60, height=8)) == text(
        draw(chart, View(window=(0, 20)), width=60, height=8)
    )


BEGAN = datetime(2026, 11, 27, 8, tzinfo=UTC)


def trained(
    history: History, first: int, last: int, *, attempt: int = 0, begin: datetime = BEGAN, lr: float = 1e-3
) -> None:
    for step in range(first, last + 1):
        at = begin + timedelta(seconds=step - first + 1)
        losses = Losses(loss=60 / step, iou_loss=20 / step, objectness_loss=30 / step, classification_loss=10 / step)
        history.add(
            Step(
                step=step,
                epoch=(step - 1) // 10,
                losses=losses,
                lr=lr,
                attempt=attempt,
                at=at,
                data_wait=0.02,
                gpu_memory=3 << 30,
            )
        )
        if step % 10 == 0:
            metrics = {"mAP50": step / 100, "count_error": 3.0}
            history.add(
                Validated(
                    step=step,
                    epoch=step // 10 - 1,
                    losses=Losses(loss=70 / step),
                    metrics=metrics,
                    attempt=attempt,
                    at=at,
                )
            )
            history.add(Checkpointed(step=step, epoch=step // 10, file="best.pth", attempt=attempt, at=at))


def began() -> History:
    return History(started=Started(epochs=10, steps_per_epoch=10, num_train=100, num_val=10, at=BEGAN))


def test_a_run_has_the_plots_of_what_its_events_hold() -> None:
    history, curves = began(), RunCurves()
    assert curves.is_empty
    trained(history, 1, 30)
    curves.follow(history)
    charts = curves.charts(Axis.EPOCH)
    assert list(charts) == ["loss", "map", "parts", "count", "lr", "wait", "memory"]
    train, validation = charts["loss"].lines
    assert (train.series.name, len(train.series), train.is_dotted) == ("train", 30, False)
    assert (validation.series.name, [*validation.series.xs], validation.is_dotted) == (
        "validation",
        [1.0, 2.0, 3.0],
        True,
    )
    assert charts["wait"].lines[0].series.values[0] == 2.0
    assert (charts["memory"].unit, charts["memory"].lines[0].series.values[0]) == ("GB", 3.0)


def test_the_command_knows_each_plot() -> None:
    assert tuple(plot.key for plot in PLOTS) == KEYS


def points(charts: dict[str, Chart]) -> dict[str, list[tuple[list[float], list[float]]]]:
    return {
        key: [
            ([*line.series.xs], [line.series.values[index] for index in range(len(line.series))])
            for line in chart.lines
        ]
        for key, chart in charts.items()
    }


def test_curves_that_are_followed_are_those_that_are_read_at_once() -> None:
    history, followed = began(), RunCurves()
    for first in (1, 11, 21):
        trained(history, first, first + 9)
        followed.follow(history)
    history.add(Resumed(attempt=1, epoch=2, step=20, at=BEGAN + timedelta(hours=5)))
    followed.follow(history)
    trained(history, 21, 50, attempt=1, begin=BEGAN + timedelta(hours=5), lr=1e-4)
    followed.follow(history)
    at_once, in_parts = RunCurves(), RunCurves()
    at_once.follow(history)
    while in_parts.follow(history, 7):
        assert in_parts.charts(Axis.TIME)
    for axis in TRAINING:
        one, other, parts = (points(curves.charts(axis)) for curves in (followed, at_once, in_parts))
        assert one == other == parts
        assert followed.marks(axis) == at_once.marks(axis) == in_parts.marks(axis)


def test_the_wait_between_two_attempts_is_no_time_of_training_and_what_happened_is_marked() -> None:
    history, curves = began(), RunCurves()
    trained(history, 1, 20)
    history.add(Resumed(attempt=1, epoch=2, step=20, at=BEGAN + timedelta(hours=5)))
    trained(history, 21, 30, attempt=1, begin=BEGAN + timedelta(hours=5), lr=1e-4)
    curves.follow(history)
    chart = curves.charts(Axis.TIME)["loss"]
    assert chart.lines[0].series.xs[-1] == 40.0 - 10.0
    words = [mark.words for mark in chart.marks]
    assert "resumed at step 20, attempt 2" in words
    assert "learning rate falls to 0.0001" in words
    assert "best epoch, 3" in words
    assert curves.x_of(Axis.EPOCH, 20) == 2.0


def test_a_schedule_that_falls_slowly_is_no_drop() -> None:
    history, curves = began(), RunCurves()
    for step in range(1, 101):
        history.add(Step(step=step, epoch=0, losses=Losses(loss=1.0), lr=1e-3 * (1 - step / 120)))
    curves.follow(history)
    assert not [mark for mark in curves.marks(Axis.STEP) if mark.kind == "drop"]


def test_validation_diverges_once_it_is_no_noise() -> None:
    training = [10.0 / (1 + epoch) for epoch in range(40)]
    noise = [0.3, -0.2, 0.1, -0.3, 0.25, -0.1, 0.2, -0.25]
    noisy = [20 / (1 + epoch) + 5 + noise[epoch % 8] for epoch in range(12)] + [6.7 + n for n in noise]
    assert of_validation(noisy, training) is None
    risen = [20 / (1 + epoch) + 5 for epoch in range(8)] + [7.5 + 0.4 * epoch for epoch in range(8)]
    assert of_validation(risen[:11], training) is None
    found = of_validation(risen, training)
    assert found
    assert (found.index, found.words) == (7, "validation rises since epoch 8 while training falls")
    assert of_validation(risen, [5.0] * len(risen)) is None


def test_a_training_loss_runs_away_after_enough_steps_and_may_come_back() -> None:
    watch = Runaway()
    watch.extend([5.0, 4.0] + [90.0] * (STEPS - 1))
    assert watch.found is None
    watch.extend([90.0])
    assert watch.found
    assert watch.found.index == 2
    watch.extend([4.0])
    assert watch.found is None
    watch.extend([NAN] * STEPS)
    assert watch.found
    assert "NaN" in watch.found.words


def test_a_history_without_its_start_can_be_drawn() -> None:
    curves = RunCurves()
    history = make_history()
    history.started = None
    curves.follow(history)
    assert draw(curves.charts(Axis.TIME)["loss"], View(Axis.TIME), width=80, height=10)
