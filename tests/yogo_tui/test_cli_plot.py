"""The loss drawn in the terminal, in braille."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from yogo_tui.cli.braille import draw


def test_a_falling_loss_falls_and_what_is_no_number_is_a_gap() -> None:
    train = [(x / 10, None if 40 < x < 60 else 100 / (x + 1)) for x in range(101)]
    *plot, axis, legend = draw({"train": train}, width=50, height=8)
    assert len(plot) == 8
    columns = [{row for row, line in enumerate(plot) if line.ljust(50)[column] != " "} for column in range(11, 50)]
    assert min(columns[0]) == 0
    assert max(columns[-1]) == 7
    assert not any(columns[18:21])
    assert all(columns[:14])
    assert plot[0].strip().startswith("100 ┤")
    assert axis.strip("─ └") == ""
    assert "epoch 0 to 10" in legend


def test_the_curves_are_told_apart_with_and_without_colour() -> None:
    curves = {"train": [(0.0, 8.0), (1.0, 2.0)], "validation": [(0.0, 9.0), (1.0, 7.0)]}
    plain = "\n".join(draw(curves, width=40, height=6))
    assert "o validation" in plain
    assert "\x1b" not in plain
    assert "\x1b[33m" in "\n".join(draw(curves, width=40, height=6, colour=True))


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.one_of(st.none(), st.floats(allow_nan=False, max_value=1e12))), max_size=50
    ),
    st.integers(20, 200),
    st.integers(4, 40),
)
def test_any_loss_fits_into_its_room(points: list[tuple[float, float | None]], width: int, height: int) -> None:
    lines = list(draw({"train": sorted(points, key=lambda point: point[0])}, width=width, height=height))
    assert len(lines) in (0, height + 2)
    assert all(len(line) <= width for line in lines[:-1])
