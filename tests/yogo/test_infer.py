"""`yogo.infer.predict` and `yogo infer`: what a lab gets from images and a checkpoint."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import center_crop

from yogo.checkpoint import save_checkpoint
from yogo.cli import main
from yogo.deprecation import SAID
from yogo.errors import InferenceError
from yogo.infer import count_cells_for_formatted_preds, get_prediction_class_counts, predict
from yogo.infer.images import fit
from yogo.infer.predictor import crop_rows
from yogo.infer.rows import format_to_numpy
from yogo.model import YOGO, get_model_func
from yogo.model.boxes import format_preds

HEIGHT, WIDTH = 64, 96
CLASSES = ("red", "white", "platelet")


def speckled(height: int = HEIGHT, width: int = WIDTH) -> Image.Image:
    """An image with something to see on it: the same, larger or smaller."""
    small = np.random.default_rng(5).integers(0, 255, (HEIGHT // 8, WIDTH // 8), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def pth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights, with running statistics as uneven as training leaves them."""
    torch.manual_seed(3)
    model = YOGO((HEIGHT, WIDTH), 0.1, 0.1, 3, normalize_images=True, model_func=get_model_func("quarter_filters"))
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.uniform_(-0.2, 0.2)
            layer.running_var.uniform_(0.5, 1.5)
            layer.weight.data.uniform_(0.5, 1.5)
    path = tmp_path_factory.mktemp("model") / "best.pth"
    save_checkpoint(path, model, epoch=1, step=2, classes=CLASSES, run_name="chaos-cat-0727")
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """run_7/images: five images, the third of which is no image at all."""
    folder = tmp_path / "run_7" / "images"
    folder.mkdir(parents=True)
    draw = np.random.default_rng(1)
    for index in range(5):
        Image.fromarray(draw.integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)).save(folder / f"p{index}.png")
    (folder / "p2.png").write_bytes(b"not an image")
    (folder / ".hidden.png").write_bytes(b"not an image either")
    (folder / "notes.txt").write_text("nor this")
    return folder


def in_full(pth: Path, pictures: Path, **more: Any) -> torch.Tensor:
    found = predict(pth, pictures, device="cpu", return_full_predictions=True, **more)
    assert isinstance(found, torch.Tensor)
    return found


def by_hand(pth: Path, picture: Path, *, rows: slice = slice(None)) -> torch.Tensor:
    model, _ = YOGO.from_pth(pth, inference=True)
    pixels = torch.from_numpy(np.array(Image.open(picture)))[rows]
    if len(pixels) != HEIGHT:
        model.resize_model(img_height=len(pixels))
    with torch.no_grad():
        predicted: torch.Tensor = model(pixels[None, None].float() / 255)[0]
    return predicted


@pytest.mark.parametrize("batch_size", [1, 2, 5, 64])
def test_every_prediction_stands_at_its_pictures_place(pth: Path, pictures: Path, batch_size: int) -> None:
    with pytest.warns(RuntimeWarning, match=r"p2\.png cannot be read as an image"):
        full = in_full(pth, pictures, batch_size=batch_size)
    assert full.shape[:2] == (5, 8)
    assert full[2].isnan().all()
    for index in (0, 1, 3, 4):
        torch.testing.assert_close(full[index], by_hand(pth, pictures / f"p{index}.png"), rtol=0, atol=1e-5)


def test_predictions_come_one_by_one_without_being_asked_for(pth: Path, pictures: Path) -> None:
    found = predict(str(pth), path_to_images=str(pictures), batch_size=2, device="cpu")
    assert len(found) == 5
    with pytest.warns(RuntimeWarning, match=r"p2\.png"):
        given = list(found)
    torch.testing.assert_close(given[4], by_hand(pth, pictures / "p4.png"), rtol=0, atol=1e-5)
    assert len(format_preds(given[2])) == 0


def test_the_array_keeps_the_thresholds_and_the_pictures_numbers(pth: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    thresholds: dict[str, Any] = {"obj_thresh": 0.4, "iou_thresh": 0.3, "min_class_confidence_threshold": 0.35}
    with pytest.warns(RuntimeWarning, match=r"p2\.png"):
        predict(pth, path_to_images=pictures, output_dir=out, save_npy=True, batch_size=2, device="cpu", **thresholds)
    array = np.load(out / "run_7.npy")
    expected = []
    for index in (0, 1, 3, 4):
        rows = format_preds(by_hand(pth, pictures / f"p{index}.png"), **thresholds)
        expected.append(format_to_numpy(index, rows, HEIGHT, WIDTH))
    np.testing.assert_allclose(array, np.concatenate(expected, 1), atol=2e-3)
    assert array.shape[0] == 8 + 3
    assert set(array[0]) == {0, 1, 3, 4}
    assert (array[5] > 0.4).all()
    assert (array[7] > 0.35).all()
    np.testing.assert_array_equal(array[6], array[8:].argmax(0))
    metadata = json.loads((out / "run_7.json").read_text())
    assert metadata["run_name"] == "run_7"
    assert metadata["model_name"] == "chaos-cat-0727"
    assert metadata["obj_thresh"] == 0.4
    assert metadata["vertical_crop_height_px"] is None
    assert metadata["unreadable_pictures"] == [2]
    assert "write_date" in metadata


def test_the_command_writes_a_label_file_and_a_drawing_a_picture(
    pth: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = ("--save-preds", "--draw-boxes", "--count", "--no-save-npy", "--output-dir", str(out), "--device", "cpu")
    assert main(["infer", str(pth), "--path-to-image", str(pictures), "--batch-size", "3", *options]) == 0
    shown = capsys.readouterr()
    assert "p2.png cannot be read as an image" in shown.err
    assert "1 of 5 images could not be read" in shown.err
    names = {f"p{index}{suffix}" for index in (0, 1, 3, 4) for suffix in (".txt", ".png")}
    assert {file.name for file in out.iterdir()} == names
    rows = format_preds(by_hand(pth, pictures / "p3.png"))
    text = np.loadtxt(out / "p3.txt", ndmin=2)
    np.testing.assert_allclose(text[:, 1:], rows[:, :4], atol=1e-5)
    np.testing.assert_array_equal(text[:, 0], rows[:, 5:].argmax(1))
    drawn = np.array(Image.open(out / "p3.png"))
    assert drawn.shape == (HEIGHT, WIDTH, 3)
    assert (drawn[..., 0] != drawn[..., 1]).any()
    total = sum(len(np.loadtxt(out / f"p{index}.txt", ndmin=2)) for index in (0, 1, 3, 4))
    assert f"{total:,}  in 4 images" in shown.out
    assert "platelet" in shown.out


def test_every_published_argument_is_taken_and_has_its_effect(
    pth: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    with pytest.warns(RuntimeWarning, match=r"p2\.png"):
        full = predict(
            path_to_pth=pth,
            path_to_images=pictures,
            output_dir=out,
            save_preds=True,
            draw_boxes=True,
            save_npy=True,
            obj_thresh=0.3,
            iou_thresh=0.5,
            batch_size=2,
            device="cpu",
            half=False,
            use_tqdm=True,
            class_names=["a", "b", "c"],
            count_predictions=True,
            vertical_crop_height=0.5,
            output_img_ftype=".tif",
            requested_num_workers=2,
            min_class_confidence_threshold=0.35,
            return_full_predictions=True,
        )
    assert isinstance(full, torch.Tensor)
    assert full.shape == (5, 8, 4, 12)
    shown = capsys.readouterr()
    assert [line.split()[0] for line in shown.out.splitlines()] == ["a", "b", "c", "cells"]
    assert "images" in shown.err
    array, facts = np.load(out / "run_7.npy"), json.loads((out / "run_7.json").read_text())
    assert (facts["vertical_crop_height_px"], facts["obj_thresh"], facts["iou_thresh"]) == (HEIGHT // 2, 0.3, 0.5)
    rows = [format_preds(one, 0.3, 0.5, min_class_confidence_threshold=0.35) for one in full]
    assert array.shape[1] == sum(map(len, rows)) == int(shown.out.splitlines()[-1].split()[1])
    expected = format_to_numpy(4, rows[4], HEIGHT // 2, WIDTH)
    np.testing.assert_allclose(array[:, array[0] == 4], expected, atol=2e-3)
    assert np.array(Image.open(out / "p4.tif")).shape == (HEIGHT, WIDTH, 3)
    assert len((out / "p4.txt").read_text().splitlines()) == len(rows[4])


def test_a_crop_looks_at_the_rows_in_the_middle(pth: Path, pictures: Path, tmp_path: Path) -> None:
    picture = pictures / "p1.png"
    full = in_full(pth, picture, vertical_crop_height=0.5, batch_size=1)
    expected = by_hand(pth, picture, rows=slice(16, 48))
    torch.testing.assert_close(full[0], expected, rtol=0, atol=1e-5)
    Image.fromarray(np.array(Image.open(picture))[16:48]).save(tmp_path / "cropped.tif")
    already = in_full(pth, tmp_path / "cropped.tif", vertical_crop_height=0.5)
    torch.testing.assert_close(already[0], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("height", [772, 771, 64])
@pytest.mark.parametrize("fraction", [0.25, 0.3, 0.5, 0.999, 1.0])
def test_the_middle_is_where_torchvision_has_it(height: int, fraction: float) -> None:
    pixels = np.arange(height, dtype=np.uint32).astype(np.uint8)[None, :, None].repeat(8, 2)
    num_rows = crop_rows(height, fraction)
    assert num_rows == round(fraction * height)
    expected = center_crop(torch.from_numpy(pixels), [num_rows, 8]).numpy()
    np.testing.assert_array_equal(fit(pixels, (height, 8), num_rows), expected)


def test_a_picture_of_another_size_is_brought_to_the_networks(pth: Path, tmp_path: Path) -> None:
    speckled(2 * HEIGHT, 2 * WIDTH).save(tmp_path / "large.png")
    speckled(2 * HEIGHT, 2 * WIDTH).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR).save(tmp_path / "small.png")
    large, small = in_full(pth, tmp_path)
    torch.testing.assert_close(large, small, rtol=0, atol=1e-4)


def test_half_precision_stays_near(pth: Path, pictures: Path) -> None:
    whole = in_full(pth, pictures / "p0.png")
    half = in_full(pth, pictures / "p0.png", half=True)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half[0, :2], whole[0, :2], rtol=0, atol=2e-2)
    assert not torch.equal(half, whole)


@pytest.mark.parametrize("layout", ["first", "last", "group", "zip"])
def test_zarr_gives_what_the_pictures_give(pth: Path, pictures: Path, tmp_path: Path, layout: str) -> None:
    zarr = pytest.importorskip("zarr")
    (pictures / "p2.png").unlink()
    frames = np.stack([np.array(Image.open(path)) for path in sorted(pictures.glob("p*.png"))])
    path = tmp_path / "run_8" / ("frames.zip" if layout == "zip" else "frames.zarr")
    path.parent.mkdir()
    if layout == "group":
        group = zarr.open_group(str(path), mode="w")
        for index, frame in enumerate(frames):
            group.create_array(str(index + 8), data=frame)  # "8", "9", "10", "11": in that order
    else:
        values = frames if layout == "first" else np.moveaxis(frames, 0, -1)
        data = np.ascontiguousarray(values)
        if layout == "zip":
            with zarr.storage.ZipStore(str(path), mode="w") as store:
                zarr.create_array(store, data=data)
        else:
            zarr.create_array(str(path), data=data)
    out = tmp_path / "out"
    given = predict(pth, path_to_zarr=path, device="cpu", output_dir=out, save_npy=True, return_full_predictions=True)
    expected = predict(pth, path_to_images=pictures, device="cpu", return_full_predictions=True)
    torch.testing.assert_close(given, expected, rtol=0, atol=1e-6)
    assert (out / "run_8.npy").is_file()


@pytest.mark.filterwarnings("ignore:.*a.png cannot be read")  # the torn image is named by a warning first
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"path_to_images": "nowhere"}, "nowhere does not exist"),
        ({"path_to_images": "empty"}, "holds no images"),
        ({"path_to_zarr": "nowhere"}, "does not exist"),
        ({"path_to_images": "one.png", "class_names": ["a"]}, "knows 3 classes"),
        ({"path_to_images": "one.png", "vertical_crop_height": 0.0}, "crop height of 0 is not possible"),
        ({"path_to_images": "one.png", "vertical_crop_height": float("nan")}, "crop height of nan is not possible"),
        ({"path_to_images": "one.png", "vertical_crop_height": float("inf")}, "crop height of inf is not possible"),
        ({"path_to_images": "one.png", "requested_num_workers": -1}, "-1 threads cannot read images"),
        ({"path_to_images": "one.png", "save_preds": True}, "no output folder was given"),
        ({"path_to_images": "one.png", "draw_boxes": True, "output_dir": "."}, "holds the images themselves"),
        ({"path_to_images": "one.png", "obj_thresh": 7.0}, "obj_thresh is 7"),
        (
            {"path_to_images": "one.png", "save_npy": True, "output_dir": "one.png"},
            "the output folder .*one.png cannot be created",
        ),
        ({"path_to_images": "torn", "save_preds": True, "output_dir": "out"}, "none of the images"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    pth: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "torn"):
        (tmp_path / name).mkdir()
    (tmp_path / "torn" / "a.png").write_bytes(b"\x89PNG")
    speckled().save(tmp_path / "one.png")
    with pytest.raises(InferenceError, match=sentence):
        predict(pth, device="cpu", **arguments)


def test_cells_are_counted_by_their_likeliest_class(pth: Path, pictures: Path) -> None:
    classes = torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.8, 0.1], [0.4, 0.3, 0.3]])
    assert count_cells_for_formatted_preds(classes).tolist() == [1, 2, 0]
    assert count_cells_for_formatted_preds(classes, min_confidence_threshold=0.45).tolist() == [0, 2, 0]
    assert count_cells_for_formatted_preds(torch.zeros(0, 3)).tolist() == [0, 0, 0]
    preds = torch.stack([by_hand(pth, pictures / f"p{index}.png") for index in (0, 1)])
    rows = torch.cat([format_preds(pred, obj_thresh=0.4) for pred in preds])
    expected = rows[:, 5:].argmax(1).bincount(minlength=3)
    torch.testing.assert_close(get_prediction_class_counts(preds, obj_thresh=0.4), expected)


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (("a.png", "a.tif", "b.png"), {"a.png.txt", "a.tif.txt", "b.txt"}),
        (("a.png", "a.png.png", "b.png"), {"a.txt", "a.png.txt", "b.txt"}),
        (("a.png", "a.tif", "a.png.png"), {"a.png.txt", "a.tif.txt", "a.png.png.txt"}),
    ],
)
def test_pictures_that_differ_in_their_suffix_alone_keep_their_own_files_and_are_named(
    names: tuple[str, ...], written: set[str], pth: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for name in names:
        speckled().save(tmp_path / "in" / name)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        predict(pth, tmp_path / "in", output_dir=tmp_path / "out", save_preds=True, device="cpu")
    assert {path.name for path in (tmp_path / "out").iterdir()} == written
    assert ["a.png, a.tif" in str(warning.message) for warning in heard] == ([True] if "a.tif" in names else [])


def test_arguments_that_have_no_effect_any_more_warn_and_unknown_ones_are_refused(pth: Path, pictures: Path) -> None:
    SAID.clear()
    with pytest.warns(DeprecationWarning, match="heatmap_mask"):
        predict(pth, pictures / "p0.png", device="cpu", heatmap_mask=None)
    with pytest.raises(TypeError, match="unexpected keyword argument 'treshold'"):
        predict(pth, pictures / "p0.png", device="cpu", treshold=1)  # type: ignore[call-arg]


def test_colour_pictures_are_looked_at_in_colour(tmp_path: Path) -> None:
    torch.manual_seed(4)
    network = get_model_func("quarter_filters")
    model = YOGO((HEIGHT, WIDTH), 0.1, 0.1, 2, is_rgb=True, normalize_images=True, model_func=network).eval()
    path = tmp_path / "colour.pth"
    save_checkpoint(path, model, epoch=0, step=0, classes=("red", "white"), run_name="colour")
    pixels = np.random.default_rng(2).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (found,) = predict(path, tmp_path / "a.png", output_dir=tmp_path / "out", draw_boxes=True, device="cpu")
    model.inference = True
    with torch.no_grad():
        expected = model(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert np.array(Image.open(tmp_path / "out" / "a.png")).shape == (HEIGHT, WIDTH, 3)


def test_each_page_of_a_tiff_named_by_itself_is_a_picture(pth: Path, pictures: Path, tmp_path: Path) -> None:
    """Of a stack of frames, reading it as one image would see the first and say nothing of the others."""
    frames = [Image.open(pictures / f"p{index}.png") for index in (0, 1, 3)]
    stack = tmp_path / "run_9" / "images" / "stack.tif"
    stack.parent.mkdir(parents=True)
    frames[0].save(stack, save_all=True, append_images=frames[1:])
    out = tmp_path / "out"
    found = predict(pth, stack, output_dir=out, save_preds=True, device="cpu", return_full_predictions=True)
    expected = torch.stack([by_hand(pth, pictures / f"p{index}.png") for index in (0, 1, 3)])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert sorted(path.name for path in out.iterdir()) == [f"stack_00000{page}.txt" for page in range(3)]
    frames[0].save(stack.parent / "single.tif")
    with pytest.warns(RuntimeWarning, match=r"stack\.tif has 3 pages: name this file itself"):
        first, second = predict(pth, stack.parent, device="cpu", return_full_predictions=True)
    torch.testing.assert_close(first, expected[0], rtol=0, atol=1e-5)
    assert second.isnan().all()


def test_colour_frames_in_zarr_are_looked_at_as_pictures_are(pth: Path, tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    frames = np.random.default_rng(2).integers(0, 255, (2, HEIGHT, WIDTH, 3), dtype=np.uint8)
    (tmp_path / "in").mkdir()
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / "in" / f"{index}.png")
    zarr.create_array(str(tmp_path / "frames.zarr"), data=frames)
    given = predict(pth, path_to_zarr=tmp_path / "frames.zarr", device="cpu", return_full_predictions=True)
    expected = predict(pth, tmp_path / "in", device="cpu", return_full_predictions=True)
    torch.testing.assert_close(given, expected, rtol=0, atol=1e-6)


def test_the_array_is_named_after_the_folder_above_however_the_pictures_are_named(
    pth: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures / "p2.png").unlink()
    (pictures.parent / "scripts").mkdir()
    monkeypatch.chdir(pictures.parent / "scripts")
    predict(pth, Path("../images"), output_dir=tmp_path / "out", save_npy=True, device="cpu")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"run_7.npy", "run_7.json"}
