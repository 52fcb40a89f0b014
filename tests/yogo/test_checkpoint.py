"""Checkpoint files: written whole, read safely, whatever the file is."""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.full_disk import room_for
from yogo.checkpoint import load_checkpoint, save_checkpoint
from yogo.errors import CheckpointError
from yogo.model import YOGO, get_model_func, open_model

CLASSES = ("red", "white", "platelet")


def _model(name: str = "quarter_filters", **options: Any) -> YOGO:
    torch.manual_seed(0)
    return YOGO((64, 96), 0.05, 0.06, 3, model_func=get_model_func(name), **options).eval()


def _saved(path: Path, model: YOGO | None = None, **parts: Any) -> Path:
    save_checkpoint(path, model or _model(), epoch=3, step=120, classes=CLASSES, run_name="calm-owl-0001", **parts)
    return path


def _rewritten(path: Path, **changes: Any) -> Path:
    """The file at `path` with some keys changed; None takes one out."""
    contents = torch.load(path, weights_only=True)
    for key, value in changes.items():
        contents.pop(key) if value is None else contents.update({key: value})
    torch.save(contents, path)
    return path


def _forgotten(path: Path, *keys: str) -> Path:
    state = torch.load(path, weights_only=True)["model_state_dict"]
    return _rewritten(path, model_state_dict={k: v for k, v in state.items() if k not in keys})


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    model = _model(is_rgb=True, normalize_images=True, clip_value=0.5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.rand(2, 3, 64, 96)).sum().backward()
    optimizer.step()
    rng = torch.get_rng_state()
    training = {"rng": rng, "python": random.getstate(), "position": 17}
    path = _saved(
        tmp_path / "last.pth",
        model,
        optimizer_state_dict=optimizer.state_dict(),
        recipe={"epochs": 2, "image_hw": [64, 96]},
        best_loss=1.5,
        training=training,
        versions={"torch": str(torch.__version__)},
    )
    back = load_checkpoint(path)
    assert (back.epoch, back.step, back.classes, back.run_name) == (3, 120, CLASSES, "calm-owl-0001")
    assert (back.best_loss, back.recipe) == (1.5, {"epochs": 2, "image_hw": [64, 96]})
    assert back.training["position"] == 17
    assert back.training["python"] == random.getstate()
    assert torch.equal(back.training["rng"], rng)
    again = torch.optim.AdamW(model.parameters(), lr=0.1)
    assert back.optimizer_state_dict is not None
    again.load_state_dict(back.optimizer_state_dict)
    opened, notices = open_model(back)
    assert notices == ()
    for key, value in model.state_dict().items():
        assert torch.equal(value, opened.state_dict()[key]), key


def test_published_code_finds_its_keys_in_what_we_write(tmp_path: Path) -> None:
    contents = torch.load(_saved(tmp_path / "best.pth", _model(normalize_images=True)), weights_only=True)
    assert contents["classes"] == list(CLASSES)
    assert contents["normalize_images"] is True
    assert contents["model_version"] == "quarter_filters"
    assert {"epoch", "step", "model_name", "model_state_dict", "optimizer_state_dict"} <= contents.keys()


def test_the_digest_of_the_file_is_returned(tmp_path: Path) -> None:
    from yogo.run.result import sha256

    digest = save_checkpoint(tmp_path / "a.pth", _model(), epoch=0, step=0, classes=CLASSES, run_name="a")
    assert digest == sha256(tmp_path / "a.pth")


def test_a_part_that_could_not_be_read_back_is_refused_and_the_old_file_stands(tmp_path: Path) -> None:
    path = _saved(tmp_path / "last.pth")
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="could not be read back"):
        _saved(path, training={"where": tmp_path})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = _saved(tmp_path / "last.pth")
    before = path.read_bytes()
    with room_for(len(before) // 2), pytest.raises(OSError, match="too large"):
        _saved(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_resized_model_comes_back_resized(tmp_path: Path) -> None:
    model = _model()
    model.resize_model(img_height=48)
    opened, info = YOGO.from_pth(_saved(tmp_path / "best.pth", model))
    frames = torch.rand(1, 1, 48, 96)
    with torch.no_grad():
        assert torch.equal(opened.eval()(frames), model(frames))
    assert info["class_names"] == list(CLASSES)
    assert info["step"] == 120


def test_older_files_open_without_the_buffers_that_came_later(tmp_path: Path) -> None:
    path = _forgotten(
        _saved(tmp_path / "old.pth"),
        *("is_rgb", "clip_value", "height_multiplier", "width_multiplier", "normalize_images", "_Cxs", "_Cys"),
    )
    _rewritten(path, classes=None, normalize_images=None, optimizer_state_dict=None, model_name=None)
    opened, info = YOGO.from_pth(path)
    assert not opened.is_rgb
    assert not opened.normalize_images
    assert opened.clip_value == opened.height_multiplier == opened.width_multiplier == 1
    assert info["class_names"] is None


@pytest.mark.parametrize(
    ("buffer", "top_level", "expected"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_pictures_are_normalised_if_either_flag_says_so(
    tmp_path: Path, buffer: bool, top_level: bool, expected: bool
) -> None:
    path = _saved(tmp_path / "a.pth", _model(normalize_images=buffer))
    opened, info = YOGO.from_pth(_rewritten(path, normalize_images=torch.tensor(top_level)))
    assert bool(opened.normalize_images) is info["normalize_images"] is expected


def test_an_unknown_model_whose_weights_are_those_of_base_model_opens_with_a_notice(tmp_path: Path) -> None:
    path = _rewritten(_saved(tmp_path / "a.pth", _model("base_model")), model_version="bass_model")
    with pytest.warns(UserWarning, match="'bass_model'.*base_model"):
        opened, _ = YOGO.from_pth(path)
    assert opened.model_version == "base_model"


def test_weights_of_no_known_model_are_refused(tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.pth")
    state = torch.load(path, weights_only=True)["model_state_dict"]
    state["model.1.0.weight"] = torch.zeros(8, 4, 5, 5)
    for name in ("quarter_filters", "bass_model"):
        with pytest.raises(CheckpointError, match=r"shapes|unknown model"):
            YOGO.from_pth(_rewritten(path, model_state_dict=state, model_version=name))


@pytest.mark.parametrize("key", ["img_size", "anchor_w", "num_classes"])
def test_a_file_without_what_the_model_needs_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(CheckpointError, match=r"a\.pth"):
        YOGO.from_pth(_forgotten(_saved(tmp_path / "a.pth"), key))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("img_size", torch.tensor([10**9, 10**9])),
        ("img_size", torch.tensor([-4, 4])),
        ("num_classes", torch.tensor(10**15)),
        ("num_classes", torch.tensor(-9)),
        ("num_classes", torch.tensor(float("nan"))),
        ("anchor_w", torch.zeros(3, 4)),
        ("is_rgb", torch.zeros(3)),
        ("model.0.0.weight", torch.zeros(1).expand(10**6, 10**6)),
        ("img_size", torch.tensor([float("inf"), 64.0])),
        ("anchor_w", torch.tensor([0.1]).to_sparse()),
        ("anchor_w", torch.tensor(0.1 + 1j)),
        ("anchor_w", torch.empty((), device="meta")),
        ("model.0.0.weight", torch.zeros(4, 1, 3, 3).to_sparse()),
        ("model.0.0.weight", torch.empty(4, 1, 3, 3, device="meta")),
        ("anchor_w", torch.tensor(0.0)),
        ("anchor_h", torch.tensor(-0.1)),
        ("height_multiplier", torch.tensor(0.0)),
        ("width_multiplier", torch.tensor(-1.0)),
    ],
)
def test_numbers_that_make_no_sense_are_refused(tmp_path: Path, key: str, value: torch.Tensor) -> None:
    path = _saved(tmp_path / "a.pth")
    state = torch.load(path, weights_only=True)["model_state_dict"]
    with pytest.raises(CheckpointError, match=r"a\.pth"):
        YOGO.from_pth(_rewritten(path, model_state_dict=state | {key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model.0.0.weight", torch.zeros(4, 1, 3, 3) + 1j),
        ("model.0.0.weight", torch.full((4, 1, 3, 3), torch.nan)),
        ("model.0.1.running_var", torch.full((4,), torch.inf)),
    ],
)
def test_weights_that_are_no_finite_numbers_are_refused_whoever_opens_them(
    tmp_path: Path, key: str, value: torch.Tensor
) -> None:
    path = _saved(tmp_path / "a.pth")
    state = torch.load(path, weights_only=True)["model_state_dict"]
    with pytest.raises(CheckpointError, match=r"a\.pth holds weights that are not finite numbers"):
        YOGO.from_pth(_rewritten(path, model_state_dict=state | {key: value}))


@pytest.mark.parametrize("changes", [{"epoch": float("inf")}, {"classes": ["red"]}])
def test_facts_that_fit_no_model_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = _rewritten(_saved(tmp_path / "a.pth"), **changes)
    with pytest.raises(CheckpointError, match=r"a\.pth"):
        YOGO.from_pth(path)


class _Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_a_hostile_file_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "was-run"
    torch.save({"model_state_dict": _Bomb(mark)}, tmp_path / "zip.pth")
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(_Bomb(mark)))
    for name in ("zip.pth", "bare.pth"):
        with pytest.raises(CheckpointError, match=name) as caught:
            load_checkpoint(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert "weights_only" not in str(caught.value), "torch's advice is to run it"
    with pytest.raises(CheckpointError, match="it asks for "):
        load_checkpoint(tmp_path / "zip.pth")
    assert not mark.exists()


def test_a_file_whose_directory_says_nonsense_is_refused(tmp_path: Path) -> None:
    """Before anything of it is read, so before torch has a say."""
    whole = _saved(tmp_path / "whole.pth").read_bytes()
    place = whole.rindex(b"PK\x06\x07") + 16  # how many disks the archive is on
    (tmp_path / "bad.pth").write_bytes(whole[:place] + b"\x07" + whole[place + 1 :])
    with pytest.raises(CheckpointError, match=r"bad\.pth"):
        load_checkpoint(tmp_path / "bad.pth")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(CheckpointError, match=r"pipe\.pth is not a checkpoint"):
        load_checkpoint(tmp_path / "pipe.pth")


def test_a_checkpoint_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    whole = _saved(tmp_path / "whole.pth").read_bytes()
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "torn.pth").write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match=r"torn\.pth"):
            load_checkpoint(tmp_path / "torn.pth")


def test_a_flipped_byte_never_ends_in_anything_but_a_sentence(tmp_path: Path) -> None:
    whole = _saved(tmp_path / "whole.pth").read_bytes()
    generator = random.Random(0)
    for _ in range(60):
        place = generator.randrange(len(whole))
        (tmp_path / "bad.pth").write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with contextlib.suppress(CheckpointError), warnings.catch_warnings(action="ignore"):
            YOGO.from_pth(tmp_path / "bad.pth")


def test_a_number_that_is_none_is_said_to_be_what_is_wrong(tmp_path: Path) -> None:
    contents = torch.load(_saved(tmp_path / "whole.pth"), weights_only=True) | {"step": "many"}
    torch.save(contents, tmp_path / "odd.pth")
    with pytest.raises(CheckpointError, match=r"odd\.pth is not a YOGO checkpoint: what it says about its training"):
        load_checkpoint(tmp_path / "odd.pth")


def test_other_kinds_of_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "picture.pth").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500))
    (tmp_path / "folder.pth").mkdir()
    torch.save([1, 2, 3], tmp_path / "list.pth")
    torch.save({"model_state_dict": {"weight": "text"}}, tmp_path / "text.pth")
    torch.save({"model_state_dict": {"weight": torch.zeros(2)}}, tmp_path / "other.pth")
    with zipfile.ZipFile(tmp_path / "stored.pth", "w") as archive:
        archive.writestr("notes.txt", "no checkpoint")
    with zipfile.ZipFile(tmp_path / "archive.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pkl", b"0" * 10_000_000)
    for name in ("picture", "folder", "list", "text", "other", "stored", "archive", "missing"):
        with pytest.raises(CheckpointError, match=name) as caught:
            YOGO.from_pth(tmp_path / f"{name}.pth")
        assert "\n" not in str(caught.value)
