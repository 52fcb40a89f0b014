"""How a recipe is changed: by values or by what a person types, with a sentence for each that is refused."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import PositiveInt

from yogo.cli import parser
from yogo.errors import RecipeError
from yogo.recipe import Knob, Recipe, UnfitValues, applied, inherited, knobs, spelled


def refused(given: dict[str, Any], *, strict: bool = False) -> str:
    with pytest.raises(RecipeError) as error:
        applied(Recipe(), given, strict=strict)
    return str(error.value)


def test_what_is_typed_and_what_is_a_value_change_a_recipe_alike() -> None:
    base = Recipe(epochs=3)
    typed = {"learning_rate": "1e-3", "flips": "no", "image_hw": "240x320"}
    assert applied(base, typed) == Recipe(epochs=3, learning_rate=1e-3, flips=False, image_hw=(240, 320))
    assert applied(base, {"image_hw": (240, 320), "flips": False}) == Recipe(epochs=3, flips=False, image_hw=(240, 320))
    assert applied(base, {}) == base


def test_all_that_is_wrong_is_told_at_once_and_by_the_names_that_were_used() -> None:
    with pytest.raises(UnfitValues) as error:
        applied(Recipe(), {"epochs": "many", "model": "bass_model", "batch_size": "0"}, named=spelled)
    first, second, third = str(error.value).split("; ")
    assert first == "--epochs must be a whole number, not 'many'"
    assert second == "--batch-size must be greater than 0, not '0'"
    assert third.startswith('--model: There is no model "bass_model".')
    assert [fault.name for fault in error.value.faults] == ["epochs", "batch_size", "model"]


def test_a_name_that_is_near_is_asked_after() -> None:
    assert refused({"epoch": 3}) == 'epoch is not known. Did you mean "epochs"?'


@pytest.mark.parametrize("value", ["16", True, 1.5, None, date(2026, 1, 1), {"a": 1}])
def test_a_file_has_to_say_a_number_where_one_is_wanted(value: object) -> None:
    assert refused({"epochs": value}, strict=True).startswith("epochs must be a whole number, not ")


@pytest.mark.parametrize("given", [["240"], [240, 320, 1], "240", "6x", "x", "axb", "", 240, "1x2x3", None, {}])
@pytest.mark.parametrize("strict", [True, False])
def test_a_frame_size_says_which_two_numbers_it_needs(given: object, strict: bool) -> None:
    assert refused({"image_hw": given}, strict=strict) == "image_hw needs height and width, such as 772x1032"


@pytest.mark.parametrize("name", Recipe.model_fields)
def test_a_field_that_is_left_empty_says_what_it_needs_with_an_example_that_is_accepted(name: str) -> None:
    is_needed = refused({name: " "}).removeprefix(f"{name} needs ")
    assert not is_needed.startswith(name)
    example = re.split(r"such as |one of | or |,", is_needed)[-1]
    assert applied(Recipe(), {name: example})


@pytest.mark.parametrize("name", Recipe.model_fields)
@pytest.mark.parametrize("given", [None, "x y", -1, [], {}, [[1], [2]], float("nan"), 10**400])
def test_no_value_of_a_recipe_is_refused_in_the_programmers_words(name: str, given: object) -> None:
    try:
        applied(Recipe(), {name: given})
    except UnfitValues as error:
        for fault in error.faults:
            text = str(fault)
            assert text.startswith(name)
            assert not any(word in text for word in ("Input", "should", "valid ", "tuple", "dictionary", "Value error"))


def test_a_knob_of_several_values_says_itself_what_they_are() -> None:
    class Cropped(Recipe):
        window: Annotated[
            tuple[PositiveInt, PositiveInt, PositiveInt], Knob("Window", "Model", metavars=("LEFT", "TOP", "SIDE"))
        ] = (1, 2, 3)
        """Where to look."""

    assert applied(Cropped(), {"window": "4x5x6"}).model_dump()["window"] == (4, 5, 6)
    with pytest.raises(RecipeError, match=r"^window needs left, top and side, such as 1x2x3$"):
        applied(Cropped(), {"window": "4x5"})
    assert [one.text for one in knobs(Cropped)][-1] == "Where to look."


def test_asking_for_the_knobs_writes_to_nothing() -> None:
    before = {name: field.description for name, field in Recipe.model_fields.items()}
    assert all(one.text for one in knobs())
    assert {name: field.description for name, field in Recipe.model_fields.items()} == before


def test_the_help_of_a_flag_names_its_values() -> None:
    (train,) = (one for one in parser()._actions if one.choices)
    assert "--image-hw HEIGHT WIDTH" in train.choices["train"].format_help()  # type: ignore[index]


def test_what_weights_pass_on_is_said_on_the_fields() -> None:
    weights = Recipe(model="half_filters", normalize_images=True, rgb_images=True, image_hw=(64, 96), epochs=9)
    assert applied(Recipe(), inherited(weights)) == weights.model_copy(update={"epochs": Recipe().epochs})
    assert {one.name for one in knobs() if one.knob.inherited} == inherited(weights).keys()
