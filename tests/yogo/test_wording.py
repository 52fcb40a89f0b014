"""What pydantic has against a value, in words for the person who wrote it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from yogo.text.wording import agreed, counted, listed, meant, sentences


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Size(BaseModel):
    gpus: int


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int = 0
    share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    many: Annotated[int, Field(gt=0, le=9, multiple_of=3)] = 3
    on: bool = True
    name: Annotated[str, Field(min_length=1, max_length=3)] = "a"
    folder: Path = Path()
    folders: tuple[Path, ...] = ()
    names: list[str] = []
    size: Size = Size(gpus=1)
    sizes: Annotated[tuple[Size, ...], Field(min_length=1)] = (Size(gpus=1),)
    words: dict[str, int] = {}
    kind: Literal["auto", "slurm", "local"] = "auto"
    colour: Colour = Colour.RED
    at: datetime | None = None

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name == "x":
            raise ValueError('there is no name "x"')
        return name


def told(model: type[BaseModel], **values: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return [str(one) for one in sentences(caught.value, model.model_fields)]


@pytest.mark.parametrize(
    ("number", "noun", "verb", "words"),
    [
        (1, "image", "is", "1 image is"),
        (0, "image", "is", "0 images are"),
        (1200, "box", "reaches", "1,200 boxes reach"),
        (2, "label", "fits", "2 labels fit"),
        (2, "job", "goes", "2 jobs go"),
        (3, "process", "was", "3 processes were"),
        (2, "label", "has", "2 labels have"),
    ],
)
def test_a_verb_goes_with_its_number(number: int, noun: str, verb: str, words: str) -> None:
    assert counted(number, noun, verb) == words
    assert agreed(1, verb) == verb


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"number": "x"}, "number must be a whole number, not 'x'"),
        ({"number": 1.5}, "number must be a whole number, not 1.5"),
        ({"number": None}, "number must be a whole number, not empty"),
        ({"share": "x"}, "share must be a number, not 'x'"),
        ({"share": -1}, "share must be at least 0.0, not -1"),
        ({"share": 1}, "share must be less than 1.0, not 1"),
        ({"many": 0}, "many must be greater than 0, not 0"),
        ({"many": 12}, "many must be at most 9, not 12"),
        ({"many": 4}, "many must be a multiple of 3, not 4"),
        ({"on": "maybe"}, "on must be true or false, not 'maybe'"),
        ({"name": 3}, "name must be text, not 3"),
        ({"name": ""}, "name must be text of at least 1 character, not ''"),
        ({"name": "abcd"}, "name must be text of at most 3 characters, not 'abcd'"),
        ({"name": "x"}, 'name: there is no name "x"'),
        ({"folder": 3}, "folder must be a path, not 3"),
        ({"folders": "a"}, "folders must be a list, one a line, each after \"- \", not 'a'"),
        ({"names": "a"}, "names must be a list, one a line, each after \"- \", not 'a'"),
        ({"names": {"a": 1}}, 'names must be a list, one a line, each after "- ", not a map'),
        ({"folders": ["a", 3]}, "folders.1 must be a path, not 3"),
        ({"size": 3}, "size must be a map, a `name: value` a line, not 3"),
        ({"size": {}}, "size.gpus is missing"),
        ({"sizes": []}, "sizes must have at least 1"),
        ({"words": [1]}, "words must be a map, a `name: value` a line, not a list"),
        ({"kind": "pbs"}, "kind must be one of auto, slurm or local, not 'pbs'"),
        ({"colour": "green"}, "colour must be one of red or blue, not 'green'"),
        ({"numbr": 3}, 'numbr is not known. Did you mean "number"?'),
        ({"at": "noon"}, "at must be a date and a time, not 'noon'"),
    ],
)
def test_a_value_that_does_not_fit_is_told_without_the_programmers_words(values: dict[str, Any], sentence: str) -> None:
    assert told(Thing, **values) == [sentence]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert told(Thing, number="x", on="maybe") == [
        "number must be a whole number, not 'x'",
        "on must be true or false, not 'maybe'",
    ]


def test_a_near_miss_is_asked_after_and_else_what_there_is_is_told() -> None:
    assert meant("epoch", ["epochs", "model"]) == 'Did you mean "epochs"?'
    assert meant("PRETRIAN", ["pretrain", "finetune"]) == 'Did you mean "pretrain"?'
    assert meant("zzz", ["epochs", "model"]) == "There are epochs and model."
    assert meant("zzz", ["epochs"]) == "There is epochs."
    assert meant("zzz", []) == "There are none."


def test_numbers_and_lists_read_as_sentences_have_them() -> None:
    assert [counted(number, "run") for number in (1, 2, 1000)] == ["1 run", "2 runs", "1,000 runs"]
    assert [counted(2, noun) for noun in ("box", "class", "axis", "branch")] == [
        "2 boxes",
        "2 classes",
        "2 axes",
        "2 branches",
    ]
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_epochs_are_no_epoches() -> None:
    assert (counted(2, "epoch"), counted(2, "batch")) == ("2 epochs", "2 batches")
