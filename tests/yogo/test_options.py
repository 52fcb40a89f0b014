"""The options of every command are declared once, on what the command asks for: flags, help and keywords follow."""

from __future__ import annotations

import argparse
import functools
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from yogo.cli import COMMANDS, parser
from yogo.cli.flags import given
from yogo.export.request import ExportRequest
from yogo.infer import predict
from yogo.infer.request import InferenceRequest
from yogo.recipe import KnobField, Recipe, knobs
from yogo.synth.plan import SlidesPlan, SynthPlan
from yogo.training.request import CheckpointTest, SharedRequest, TrainingRequest

MODELS: dict[str, tuple[type, ...]] = {
    "train": (TrainingRequest, Recipe),
    "test": (CheckpointTest, SharedRequest),
    "infer": (InferenceRequest,),
    "export": (ExportRequest,),
    "synth": (SynthPlan, SlidesPlan),
}
"""What declares each command's arguments."""

WORKED_OUT = {"given", "command", "test", "wandb_id"}
"""Of a request: what the commands themselves fill in."""

KEYWORDS_ONLY = {"return_full_predictions", "heatmap_mask"}
"""Of `predict`: the kind of Python value that it gives, and an argument of old callers."""


@functools.cache
def actions(command: str) -> list[argparse.Action]:
    (commands,) = (one for one in parser()._actions if isinstance(one, argparse._SubParsersAction))
    return [one for one in commands.choices[command]._actions if one.dest != "help"]


def declared() -> Iterator[tuple[str, type, KnobField]]:
    for command, models in MODELS.items():
        for model in models:
            for one in knobs(model):
                yield command, model, one


OPTIONS = [pytest.param(*case, id=f"{case[0]} {case[2].name}") for case in declared()]


class _Strict(argparse.BooleanOptionalAction):
    """Takes what Python 3.14 takes: it has no type, choices or metavar any more."""

    def __init__(
        self, option_strings: list[str], dest: str, *, default: object = None, required: bool = False, help: str = ""
    ) -> None:
        super().__init__(option_strings, dest, default=default, required=required, help=help)


def test_switches_are_declared_as_newer_versions_of_python_take_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argparse, "BooleanOptionalAction", _Strict)
    assert parser() is not None


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_argument_is_a_sentence(command: str) -> None:
    said = [(action.help or "") % vars(action) for action in actions(command)]
    assert [text for text in said if not re.fullmatch(r"([A-Z].*[.])(?: \(default: (.+)\))?", text)] == []


@pytest.mark.parametrize(("command", "model", "one"), OPTIONS)
def test_the_help_of_an_option_is_a_sentence_with_its_default(command: str, model: type, one: KnobField) -> None:
    (action,) = (action for action in actions(command) if action.dest == one.name)
    said = re.fullmatch(r"([A-Z].*[.])(?: \(default: (.+)\))?", (action.help or "") % vars(action))
    assert said
    default = None if one.field.is_required() else one.field.get_default()
    if default not in (None, "", ()):
        assert said[2]
        texts = {True: "yes", False: "no"} if isinstance(default, bool) else {}
        plain = " ".join(map(str, default)) if isinstance(default, tuple) else texts.get(default, str(default))
        assert said[2] in {plain, one.knob.default}


@pytest.mark.parametrize("command", MODELS)
def test_every_argument_is_a_field_and_every_field_an_argument(command: str) -> None:
    fields = [one.name for model in MODELS[command] for one in knobs(model)] + ["out"] * (command == "synth")
    assert sorted(action.dest for action in actions(command)) == sorted(fields)
    everything = {name for model in MODELS[command] for name in vars(model)["__pydantic_fields__"]}
    assert everything - set(fields) <= WORKED_OUT


def words(action: argparse.Action, one: KnobField) -> list[str]:
    """A command line's words that give the field some value that it can have."""
    if isinstance(action, argparse.BooleanOptionalAction):
        return [action.option_strings[-1]]
    default = one.field.get_default()
    if isinstance(default, Recipe):
        return [action.option_strings[-1], "finetune"]
    if isinstance(default, tuple) and default:
        return [action.option_strings[-1], *map(str, default)]
    value = str(default) if default not in (None, "", ()) else str([*action.choices][-1]) if action.choices else "4"
    return [action.option_strings[-1], *[value] * (action.nargs if isinstance(action.nargs, int) else 1)]


NEEDED = {"train": [], "test": ["a.pth", "d.yml"], "infer": ["a.pth", "--path-to-images", "p"], "export": ["a.pth"]}
NEEDED["synth"] = ["out"]


@pytest.mark.parametrize(("command", "model", "one"), OPTIONS)
def test_what_a_flag_gives_arrives_at_its_field_and_at_no_other(command: str, model: type, one: KnobField) -> None:
    (action,) = (action for action in actions(command) if action.dest == one.name)
    is_instead_of_images = command == "infer" and one.name in ("path_to_zarr", "samples")
    needed = NEEDED[command][:1] if is_instead_of_images else NEEDED[command]
    flag = words(action, one) if action.option_strings else []
    without = {"path_to_pth"} if is_instead_of_images else vars(parser().parse_args([command, *needed])).keys()
    args = parser().parse_args([command, *needed, *(flag or ["d.yml"] * (command == "train"))])
    assert one.name in given(args, model)
    assert vars(args).keys() - without - {"command", "run"} <= {one.name}


def test_predict_takes_each_field_of_its_request_by_keyword_and_nothing_else() -> None:
    fields = vars(InferenceRequest)["__pydantic_fields__"]
    parameters = inspect.signature(predict).parameters
    assert parameters.keys() - fields.keys() == KEYWORDS_ONLY
    assert fields.keys() <= parameters.keys()
    for name, field in fields.items():
        default = inspect.Parameter.empty if field.is_required() else field.get_default()
        assert parameters[name].default == default
        assert name in (predict.__doc__ or "")


def test_the_published_order_of_predicts_arguments_is_kept() -> None:
    kinds = {name: one.kind for name, one in inspect.signature(predict).parameters.items()}
    first = ["path_to_pth", "path_to_images", "path_to_zarr", "output_dir"]
    assert [name for name, kind in kinds.items() if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD] == first


PUBLISHED: list[tuple[str, dict[str, object]]] = [
    (
        "test a.pth d.yml --wandb --wandb-entity lab --wandb-project cells --wandb-resume-id 1a2b --dump-to-disk "
        "--include-mAP --include-background --note hello --tags a b",
        {"wandb": True, "wandb_entity": "lab", "wandb_project": "cells", "wandb_resume_id": "1a2b", "dump": True}
        | {"include_map": True, "include_background": True, "note": "hello", "tags": ("a", "b")},
    ),
    (
        "test a.pth d.yml --no-wandb --no-dump-to-disk --no-include-mAP --no-include-background",
        {"wandb": False, "dump": False, "include_map": False, "include_background": False},
    ),
    (
        "infer a.pth --path-to-images p --draw-boxes --save-preds --save-npy --count --output-dir o --class-names a b "
        "--batch-size 8 --device cuda --half --use-tqdm",
        {"path_to_images": Path("p"), "draw_boxes": True, "save_preds": True, "save_npy": True}
        | {"count_predictions": True, "output_dir": Path("o"), "class_names": ("a", "b"), "batch_size": 8}
        | {"half": True, "use_tqdm": True, "device": "cuda"},
    ),
    (
        "infer a.pth --path-to-zarr z.zip --crop-height 0.25 --heatmap-mask-path m.png --output-img-filetype .tif "
        "--obj-thresh .4 --iou-thresh .3 --min-class-confidence-threshold .2 --device",
        {"path_to_zarr": Path("z.zip"), "vertical_crop_height": 0.25, "output_img_ftype": ".tif", "device": None}
        | {"obj_thresh": 0.4, "iou_thresh": 0.3, "min_class_confidence_threshold": 0.2},
    ),
    ("infer a.pth --path-to-image p.png", {"path_to_images": Path("p.png"), "batch_size": 64, "obj_thresh": 0.5}),
    (
        "export a.pth --crop-height 0.25 --output-filename o.onnx --simplify",
        {"crop_height": 0.25, "output": Path("o.onnx"), "simplify": True},
    ),
    ("export a.pth --no-simplify", {"simplify": False}),
]


@pytest.mark.parametrize(("line", "expected"), PUBLISHED, ids=[line for line, _ in PUBLISHED])
def test_a_published_command_line_is_understood(line: str, expected: dict[str, object]) -> None:
    args = parser().parse_args(line.split())
    known: dict[str, object] = {}
    for model in MODELS[args.command]:
        request = model(**given(args, model))
        known |= {one.name: getattr(request, one.name) for one in knobs(model)}
    assert {name: known[name] for name in expected} == expected
