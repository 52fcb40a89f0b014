"""What a sweep varies, as it is typed, and the trials that come of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo.recipe import Recipe
from yogo_tui.sweeps.space import UnfitSpace, read_fields, read_space, texts_in


def trials(*texts: str) -> list[dict[str, object]]:
    return [dict(one) for one in read_space(Recipe(), texts).grid()]


def test_a_list_in_each_field_makes_a_grid() -> None:
    assert trials("lr=1e-4,3e-4", "bs=8,16") == [
        {"learning_rate": 1e-4, "batch_size": 8},
        {"learning_rate": 1e-4, "batch_size": 16},
        {"learning_rate": 3e-4, "batch_size": 8},
        {"learning_rate": 3e-4, "batch_size": 16},
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("seed=0..4", [0, 1, 2, 3, 4]),
        ("epochs=10..50/10", [10, 20, 30, 40, 50]),
        ("epochs=10..45/10", [10, 20, 30, 40]),
        ("wd=0..0.1/0.05", [0.0, 0.05, 0.1]),
        ("--weight-decay = .1, .2", [0.1, 0.2]),
        ("flips=yes,no", [True, False]),
        ("image_hw=193x258,386x516", [(193, 258), (386, 516)]),
        ("class_weights=none,balanced", ["none", "balanced"]),
    ],
)
def test_ranges_and_lists_are_read_in_the_recipes_own_spellings(text: str, values: list[object]) -> None:
    assert [value for one in trials(text) for value in one.values()] == values


def test_a_field_with_one_value_changes_the_recipe_of_all_trials() -> None:
    space = read_space(Recipe(), ["epochs=3", "seed=0..1"])
    assert space.recipe == Recipe(epochs=3)
    assert len(space.grid()) == 2


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["lrr=1,2"], 'There is no field "lrr". Did you mean "lr"?'),
        (["lr"], "lr: give FIELD=VALUES, such as lr=1e-4,3e-4 or seed=0..4."),
        (["lr="], "lr=: give its values, such as lr=1e-4,3e-4 or seed=0..4."),
        (["lr=1e-4,,1e-3"], "learning_rate=1e-4,,1e-3: there is nothing between two commas."),
        (["lr=1e-4,0.0001"], "learning_rate=1e-4,0.0001: 0.0001 stands there twice."),
        (["epochs=50..10"], "epochs=50..10 is empty: its end must be greater than its start."),
        (["epochs=1.5,2"], "epochs must be a whole number, not '1.5'."),
        (["lr=1e-4,2"], "learning_rate must be at most 1.0, not '2'."),
        (["epochs=0..4"], "epochs must be greater than 0, not '0'."),
        (["epochs=10..50/0"], "epochs=10..50/0: the step behind the / must be a whole number greater than 0."),
        (["wd=0..1/x"], "weight_decay=0..1/x: the step behind the / must be a number greater than 0."),
        (["model=a..b"], "model=a..b: only numbers have ranges. List its values, such as model=base_model,…."),
        (["lr=1e-4,1e-3", "learning-rate=1e-2,1e-1"], "learning_rate is given twice."),
        (["lr=1e-4"], "Nothing is varied: give a field several values, such as lr=1e-4,3e-4 or seed=0..4."),
        (
            ["lrr=1,2", "epochs=x"],
            'There is no field "lrr". Did you mean "lr"? epochs must be a whole number, not \'x\'.',
        ),
    ],
)
def test_what_cannot_be_varied_so_is_said_in_plain_words(texts: list[str], sentence: str) -> None:
    with pytest.raises(UnfitSpace) as caught:
        read_space(Recipe(), texts)
    assert str(caught.value) == sentence


def test_a_grid_has_an_end_and_a_limit() -> None:
    with pytest.raises(
        UnfitSpace, match=r"learning_rate=1e-5\.\.1e-3 is a range without a step, which only a random sample draws from"
    ):
        trials("lr=1e-5..1e-3")
    with pytest.raises(UnfitSpace, match=r"This grid has 1,002 trials, and a sweep has at most 1,000"):
        trials("seed=0..500", "flips=yes,no")
    assert len(trials("seed=0..499", "flips=yes,no")) == 1000


def test_a_sample_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    space = read_space(Recipe(), ["lr=1e-5..1e-3", "wd=0,0.05"])
    assert space.sample(8, 3) == space.sample(8, 3)
    assert space.sample(8, 3) != space.sample(8, 4)
    assert len({tuple(one.items()) for one in space.sample(8, 3)}) == 8


def test_a_wide_range_is_drawn_from_logarithmically_and_says_so() -> None:
    (rate,) = read_space(Recipe(), ["lr=1e-5..1e-3"]).axes
    assert str(rate) == "learning_rate 1e-05 to 0.001, drawn logarithmically"
    (decay,) = read_space(Recipe(), ["wd=0..0.1"]).axes
    assert str(decay) == "weight_decay 0 to 0.1, drawn evenly"
    drawn = [one["learning_rate"] for one in read_space(Recipe(), ["lr=1e-5..1e-3"]).sample(200, 0)]
    assert 70 < sum(one < 1e-4 for one in drawn) < 130


def test_each_combination_of_a_sample_has_every_seed() -> None:
    found = read_space(Recipe(), ["lr=1e-5..1e-3", "seed=0..2"]).sample(4, 0)
    assert [one["seed"] for one in found] == [0, 1, 2] * 4
    assert len({one["learning_rate"] for one in found}) == 4


def test_a_sample_has_no_more_than_there_is_and_nothing_that_is_taken() -> None:
    space = read_space(Recipe(), ["bs=8,16,32", "wd=0,0.05"])
    assert len(space.sample(10, 0)) == 6
    taken = space.sample(4, 0)
    rest = space.sample(10, 1, taken)
    assert len(rest) == 2
    assert not [one for one in rest if one in taken]


def test_a_further_value_goes_with_all_that_was_varied_before() -> None:
    space = read_fields(Recipe(), ["lr=1e-2"], ["lr=1e-4,1e-3", "seed=0..2"])
    assert [dict(one) for one in space.grid()] == [{"learning_rate": 1e-2, "seed": seed} for seed in range(3)]


@given(st.integers(1, 500), st.integers(0, 300), st.integers(1, 40))
def test_a_range_with_a_step_has_what_python_has(low: int, length: int, step: int) -> None:
    values = list(range(low, low + length + 2, step))
    space = read_fields(Recipe(), [f"epochs={low}..{low + length + 1}/{step}"])
    assert list(space.axes[0].values) == values


@given(st.floats(1e-6, 0.5), st.floats(1.01, 1e4), st.integers(0, 2**32))
def test_what_is_drawn_lies_in_the_range(low: float, factor: float, seed: int) -> None:
    high = min(low * factor, 1.0)
    space = read_space(Recipe(), [f"lr={low!r}..{high!r}"])
    assert all(low <= one["learning_rate"] <= high for one in space.sample(5, seed))


def test_a_line_may_have_blanks_beside_commas_and_signs() -> None:
    assert texts_in(" lr = 1e-4, 3e-4   seed=0..2 ") == ["lr=1e-4,3e-4", "seed=0..2"]
