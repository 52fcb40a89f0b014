"""`yogo export`: what the instrument gets, and what it never gets."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from tests.full_disk import room_for
from yogo.checkpoint import put, save_checkpoint, with_correction
from yogo.cli import main
from yogo.export.correction_file import ExportedCorrection
from yogo.infer.openvino_package import import_openvino
from yogo.model import YOGO, get_model_func
from yogo.model.boxes import format_preds
from yogo.run.correction import AssayLine, AssayRoles, CountCorrection
from yogo.run.count_thresholds import ClassThreshold, CountThresholds
from yogo.run.result import sha256

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
onnxslim = pytest.importorskip("onnxslim")
if find_spec("openvino") is None:
    pytest.skip("openvino is not installed", allow_module_level=True)
openvino = import_openvino()

HEIGHT, WIDTH = 48, 64
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:openvino.*"),
    pytest.mark.filterwarnings("ignore:builtin type .* has no __module__ attribute:DeprecationWarning"),  # SWIG
]


def checkpoint(path: Path, *, scale: float = 1.0, rgb: bool = False, image_bits: int | None = None) -> Path:
    torch.manual_seed(5)
    network = get_model_func("quarter_filters")
    model = YOGO((HEIGHT, WIDTH), 0.1, 0.1, 2, is_rgb=rgb, normalize_images=True, model_func=network)
    list(model.parameters())[-2].data.mul_(scale)
    path.parent.mkdir(exist_ok=True)
    save_checkpoint(path, model, epoch=0, step=0, classes=("red", "white"), run_name="run", image_bits=image_bits)
    return path


def frames(num: int, height: int = HEIGHT, channels: int = 1) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 256, (num, channels, height, WIDTH))
    return values.astype(np.float32)


def expected(pth: Path, given: np.ndarray) -> np.ndarray:
    model, _ = YOGO.from_pth(pth, inference=True)
    if given.shape[2] != HEIGHT:
        model.resize_model(img_height=given.shape[2])
    with torch.no_grad():
        predicted: torch.Tensor = model(torch.from_numpy(given) / 255)
    return predicted.numpy()


def nodes(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """depth_ver_0.pth, exported as it comes."""
    pth = checkpoint(tmp_path_factory.mktemp("plain") / "depth_ver_0.pth")
    assert main(["export", str(pth)]) == 0
    return pth


def test_the_files_are_called_as_the_checkpoint(plain: Path) -> None:
    assert {path.name for path in plain.parent.iterdir()} == {
        "depth_ver_0.pth",
        "depth_ver_0.onnx",
        "depth_ver_0.xml",
        "depth_ver_0.bin",
    }


def test_the_graph_takes_bytes_values_and_gives_probabilities(plain: Path) -> None:
    session = onnxruntime.InferenceSession(plain.with_suffix(".onnx"))
    assert session.get_inputs()[0].shape == [1, 1, HEIGHT, WIDTH]
    assert session.get_inputs()[0].type == "tensor(float)"
    given = frames(1)
    (found,) = session.run(None, {session.get_inputs()[0].name: given})
    np.testing.assert_allclose(found, expected(plain, given), atol=1e-5)
    np.testing.assert_allclose(found[:, 5:].sum(1), 1, atol=1e-5)


def test_the_last_layer_of_the_ir_is_the_result(plain: Path) -> None:
    text = plain.with_suffix(".xml").read_text()
    layers = text[text.index("<layers>") : text.index("</layers>")]
    assert 'type="Result"' in layers[layers.rindex("<layer ") :]
    compiled = openvino.Core().compile_model(plain.with_suffix(".xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    given = frames(1)
    np.testing.assert_allclose(compiled(given)[0], expected(plain, given), atol=1e-4)


def test_how_openvino_answers_by_default_is_said_where_that_is_not_exact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(checkpoint(tmp_path / "a.pth"))]) == 0
    told = capsys.readouterr().out
    model = openvino.Core().compile_model(str(tmp_path / "a.xml"), "CPU")
    precision = model.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    is_said = (
        f"OpenVINO computes in {precision} on this machine unless it is compiled with INFERENCE_PRECISION_HINT=f32"
    )
    assert (is_said in told) == (precision != "f32")
    if precision != "f32":
        assert re.search(r"and then differs by up to \d\.\de-\d\d;", told)


def test_pictures_that_are_marked_as_turned_are_named_wherever_they_are_compared_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pth = checkpoint(tmp_path / "a.pth")
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for index, suffix in enumerate((".png", ".jpg", ".tif")):
        picture = Image.fromarray(frames(1)[0, 0].astype(np.uint8))
        exif = picture.getexif()
        exif[274] = 6
        picture.save(tmp_path / "images" / f"{index}{suffix}", exif=exif)
        (tmp_path / "labels" / f"{index}.txt").write_text("0 .5 .5 .2 .2\n")
    definition = tmp_path / "d.yml"
    definition.write_text("class_names: [a, b]\ndataset_paths: {a: {image_path: images, label_path: labels}}\n")
    for options in (("--pictures", str(tmp_path / "images")), ("--data", str(definition))):
        assert main(["export", str(pth), "--overwrite", "--no-simplify", *options]) == 0
        told = capsys.readouterr().err
        assert "note: all 3 images are marked as turned or mirrored (EXIF orientation)" in told
        assert "0.png (orientation 6), 1.jpg (orientation 6)" in told


def test_files_that_no_export_made_are_not_replaced(
    plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pth = Path(shutil.copytree(plain.parent, tmp_path, dirs_exist_ok=True), "a.pth")
    for file in tmp_path.iterdir():
        file.rename(pth.with_suffix(file.suffix))
    assert main(["export", str(pth)]) == 0
    (tmp_path / "a.onnx").write_bytes(b"tuned by hand")
    (tmp_path / "a.xml").write_text("<net/>")
    assert main(["export", str(pth)]) == 1
    assert f"{tmp_path} already holds a.onnx, a.xml, a.bin, which no export wrote" in capsys.readouterr().err
    assert (tmp_path / "a.onnx").read_bytes() == b"tuned by hand"
    assert main(["export", str(pth), "--no-openvino", "--overwrite"]) == 0
    assert (tmp_path / "a.xml").read_text() == "<net/>"


def test_a_full_disk_names_the_file_that_did_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pth = checkpoint(tmp_path / "a.pth")
    with room_for(20_000):
        assert main(["export", str(pth), "--no-openvino"]) == 1
    assert f"{tmp_path / 'a.onnx'} cannot be used: File too large" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.pth"]


def test_the_depth_of_the_pictures_is_in_the_graph_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(checkpoint(tmp_path / "a.pth", image_bits=12)), "--no-openvino"]) == 0
    assert "trained on images of 12 bits per value" in capsys.readouterr().err
    kept = {one.key: one.value for one in onnx.load(tmp_path / "a.onnx").metadata_props}
    assert kept["image_bits"] == "12"


def test_the_count_thresholds_are_in_both_files(tmp_path: Path) -> None:
    pth = checkpoint(tmp_path / "a.pth")
    own = CountThresholds(
        objectness=0.05,
        suppression_iou=0.5,
        num_images=30,
        of_class={"red": ClassThreshold(score=0.7, labelled=9, counted=9), "white": ClassThreshold()},
    )
    stored = torch.load(pth, weights_only=True) | {"count_thresholds": own.facts}
    torch.save(stored, pth)
    assert main(["export", str(pth)]) == 0
    kept = {one.key: one.value for one in onnx.load(tmp_path / "a.onnx").metadata_props}
    assert CountThresholds.model_validate_json(kept["count_thresholds"]) == own
    (in_ir,) = ElementTree.parse(tmp_path / "a.xml").getroot().iterfind("rt_info/count_thresholds")
    assert CountThresholds.model_validate_json(in_ir.get("value") or "") == own


def test_the_correction_of_counts_is_in_both_files_and_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pth = checkpoint(tmp_path / "a.pth")
    own = CountCorrection(
        roles=AssayRoles(total=("red", "white"), target=("white",), per_microlitre=5e6),
        classes=("red", "white"),
        threshold=0.9,
        line=AssayLine(slope=0.9, intercept=1e-4, slope_variance=0.01, intercept_variance=0, source="labels"),
        matrix=((0.9, 0.1), (0.2, 0.8)),
    )
    plain = pth.read_bytes()
    put(pth, with_correction(pth, own))
    beside = tmp_path / "a-correction.json"
    beside.write_text("mine")
    assert main(["export", str(pth)]) == 1
    assert "already holds a-correction.json, which no export wrote" in capsys.readouterr().err
    beside.unlink()
    assert main(["export", str(pth)]) == 0
    assert "the correction of its counts is in a-correction.json too" in capsys.readouterr().err
    kept = {one.key: one.value for one in onnx.load(tmp_path / "a.onnx").metadata_props}
    assert CountCorrection.model_validate_json(kept["count_correction"]) == own
    (in_ir,) = ElementTree.parse(tmp_path / "a.xml").getroot().iterfind("rt_info/count_correction")
    assert CountCorrection.model_validate_json(in_ir.get("value") or "") == own
    told = ExportedCorrection.read(beside)
    assert (told.correction, told.checkpoint_sha256) == (own, sha256(pth))
    pth.write_bytes(plain)
    assert main(["export", str(pth)]) == 0
    assert not beside.exists(), "the weights that are exported now have none"


def test_what_is_saved_is_the_simplified_graph(plain: Path) -> None:
    """Published yogo simplified, and saved what it had before."""
    again = onnxslim.slim(onnx.load(plain.with_suffix(".onnx")))
    assert len(again.graph.node) == len(nodes(plain.with_suffix(".onnx")))


def test_any_crop_and_number_of_frames_and_a_half_as_large_ir(plain: Path, tmp_path: Path) -> None:
    Image.fromarray(frames(1)[0, 0].astype(np.uint8)).save(tmp_path / "frame.png")
    options = ("--crop-height", "0.5", "--dynamic-batch", "--no-simplify", "--half", "--pictures", str(tmp_path))
    assert main(["export", str(plain), "--output-filename", str(tmp_path / "cropped.v2"), *options]) == 0
    session = onnxruntime.InferenceSession(tmp_path / "cropped.v2.onnx")
    given = frames(3, HEIGHT // 2)
    (found,) = session.run(None, {"input": given})
    np.testing.assert_allclose(found, expected(plain, given), atol=1e-5)
    compiled = openvino.Core().compile_model(tmp_path / "cropped.v2.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    np.testing.assert_allclose(compiled(given)[0], expected(plain, given), atol=2e-2)
    assert (tmp_path / "cropped.v2.bin").stat().st_size < 0.6 * plain.with_suffix(".bin").stat().st_size
    simplified = nodes(plain.with_suffix(".onnx"))
    assert len(simplified) < len(nodes(tmp_path / "cropped.v2.onnx"))
    assert "BatchNormalization" not in simplified


def test_what_answers_otherwise_is_never_left_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pth = checkpoint(tmp_path / "large.pth", scale=70, rgb=True)  # weights that need all their digits
    (tmp_path / "large.xml").write_text("of an earlier export")
    assert main(["export", str(pth), "--half", "--overwrite"]) == 1
    shown = capsys.readouterr()
    assert "large.xml differs from torch" in shown.err
    assert {path.name for path in tmp_path.iterdir()} == {"large.pth", "large.xml"}
    assert (tmp_path / "large.xml").read_text() == "of an earlier export"


def test_an_onnx_file_that_answers_otherwise_is_not_left_behind_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pth = checkpoint(tmp_path / "huge.pth", scale=1e5)  # the last digits of 32 bits are seen, too
    assert main(["export", str(pth)]) == 1
    assert "huge.onnx differs from torch" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["huge.pth"]


def barely_found(pth: Path, root: Path) -> Path:
    """A definition of one image, whose labels overlap with the boxes that torch finds by hardly more than 0.95."""
    found = format_preds(torch.from_numpy(expected(pth, frames(1))[0]))
    is_whole = ((found[:, :2] - found[:, 2:4] / 2 > 0) & (found[:, :2] + found[:, 2:4] / 2 < 1)).all(1)
    labels = [(int(row[5:].argmax()), *row[:2].tolist(), float(row[2]) * 0.9503, float(row[3])) for row in found]
    for name in ("images", "labels"):
        (root / name).mkdir(parents=True)
    Image.fromarray(frames(1)[0, 0].astype(np.uint8)).save(root / "images" / "one.png")
    lines = [" ".join(map(str, row)) for row, whole in zip(labels, is_whole, strict=True) if whole]
    assert len(lines) > 10
    (root / "labels" / "one.txt").write_text("\n".join(lines))
    path = root / "set.yml"
    path.write_text("class_names: [red, white]\ndataset_paths:\n  a: {image_path: images, label_path: labels}\n")
    return path


def test_sixteen_bits_that_cost_average_precision_are_never_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pth = checkpoint(tmp_path / "run" / "near.pth", scale=10)
    data = ("--data", str(barely_found(pth, tmp_path / "data")))
    assert main(["export", str(pth), "--half", *data]) == 1
    shown = capsys.readouterr()
    assert "near.xml has an mAP of" in shown.err
    assert "0.002 is allowed; nothing was written" in shown.err
    assert [path.name for path in pth.parent.iterdir()] == ["near.pth"]
    assert main(["export", str(pth), *data]) == 0


def test_a_network_for_frames_of_a_few_pixels_is_exported_too(tmp_path: Path) -> None:
    model = YOGO((1, 2), 0.1, 0.1, 2, normalize_images=True, model_func=get_model_func("quarter_filters"))
    save_checkpoint(tmp_path / "tiny.pth", model, epoch=0, step=0, classes=("red", "white"), run_name="run")
    assert main(["export", str(tmp_path / "tiny.pth"), "--no-openvino"]) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--crop-height", "1.5"), "it must be a fraction of the frame"),
        (("--crop-height", "0"), "it must be a fraction of the frame"),
        (("--output-filename", "nowhere/a.onnx"), "nowhere is not a folder"),
        (("--pictures", "nowhere"), "nowhere does not exist"),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, str], sentence: str
) -> None:
    pth = checkpoint(tmp_path / "best.pth")
    assert main(["export", str(pth), *options]) == 1
    assert sentence in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["best.pth"]


def test_without_openvino_the_export_fails_and_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """Published yogo printed success."""
    pth = checkpoint(tmp_path / "best.pth")
    code = (
        "import sys; sys.modules['openvino'] = None\n"
        f"from yogo.cli import main; sys.exit(main(['export', {str(pth)!r}, *sys.argv[1:]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the IR needs the package openvino" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["best.pth"]
    code = code.replace("*sys.argv[1:]", "'--no-openvino'")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
    assert (tmp_path / "best.onnx").is_file()
