"""`yogo check` opens what it checks: every label, and every image's head and end; all that is wrong, at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.opened import Opened
from yogo.images.checking import full_survey

ROW = "0 .5 .5 .1 .1\n"


class Data:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "d.yml"
        self.path.write_text("class_names: [a]\ndataset_paths: {x: {image_path: images, label_path: labels}}\n")
        for name in ("images", "labels"):
            (folder / name).mkdir()
        for number in range(4):
            self.picture(f"good{number}.png", number)

    def picture(self, name: str, seed: int = 0, label: str | None = ROW) -> Path:
        path = self.folder / "images" / name
        pixels = np.random.default_rng([seed, *name.encode()]).integers(0, 256, (24, 32), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        if label is not None:
            (self.folder / "labels" / name).with_suffix(".txt").write_text(label)
        return path

    def check(self, *flags: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "yogo", "check", str(self.path), *flags],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache")},
        )
        assert done.stderr == ""
        return done.returncode, done.stdout


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


def test_what_is_well_is_said_to_be_read(data: Data) -> None:
    status, out = data.check()

    assert status == 0
    assert "read: every row of 4 label files, head and end of 4 images\n" in out
    assert "problem" not in out


def test_every_file_that_cannot_be_read_is_told_in_one_go(data: Data) -> None:
    names = ["empty.png", "torn1.png", "torn2.jpg", "torn3.tif", "text.png", "lfs.jpg", "gone.png", "pipe.tif"]
    for name in names:
        path = data.picture(name)
        match name.partition(".")[0]:
            case "empty":
                path.write_bytes(b"")
            case "torn1" | "torn2" | "torn3":
                path.write_bytes(path.read_bytes()[:-40])
            case "text":
                path.write_text("no image")
            case "lfs":
                path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
            case "gone":
                path.unlink()
                path.symlink_to("elsewhere.png")
            case "pipe":
                path.unlink()
                os.mkfifo(path)
    data.picture("row.png", label="0 1.4 .5 .1 .1\n")
    data.picture("class.png", label="7 .5 .5 .1 .1\n")
    data.picture("bytes.png")
    (data.folder / "labels/bytes.txt").write_bytes(b"\0" * 64)

    status, out = data.check("--json")
    errors = {
        Path(one["file"]).name: one["message"] for one in json.loads(out)["problems"] if one["severity"] == "error"
    }

    assert status == 1
    assert sorted(errors) == sorted([*names, "row.txt", "class.txt", "bytes.txt"])
    assert "git lfs pull" in errors["lfs.jpg"]
    assert "elsewhere.png" in errors["gone.png"]
    assert "named pipe" in errors["pipe.tif"]


def test_what_is_odd_and_no_error_is_told_and_does_not_fail(data: Data) -> None:
    pages = [Image.fromarray(np.random.default_rng(n).integers(0, 256, (24, 32), dtype=np.uint8)) for n in range(3)]
    pages[0].save(data.picture("pages.tif"), save_all=True, append_images=pages[1:])
    data.picture("twice.png", label=ROW * 2)
    data.picture("out.png", label="0 .01 .5 .1 .1\n")
    data.picture("nothing.png", label="")
    data.picture("unlabelled.png", label=None)

    status, out = data.check()

    assert status == 0
    assert "pages.tif (3 pages)" in out
    assert "twice.txt, line 2: 1 row for a box that is in this file already" in out
    assert "out.txt, line 1: 1 box reaches out of the image by more than a pixel" in out
    left_out = f"{data.folder}/images/unlabelled.png"
    assert f"1 image left out: no label file (an empty one means: nothing here): {left_out}\n" in out
    assert json.loads(data.check("--json")[1])["unlabelled"] == [left_out]
    assert "1 image with nothing on it, as an empty label says" in out


def test_many_of_a_kind_are_counted_and_json_has_them_all(data: Data) -> None:
    for number in range(40):
        data.picture(f"bad{number}.png", label="0;.5;.5;.1;.1\n").write_bytes(b"")

    out = data.check()[1]
    assert len([line for line in out.splitlines() if line.startswith("✖")]) == 12
    assert out.count("and 35 more ") == 2
    assert "and 35 more images that cannot be read (--json lists all)" in out
    assert len(json.loads(data.check("--json")[1])["problems"]) == 80


def test_a_picture_that_was_looked_at_is_remembered_until_it_changes(data: Data, tmp_path: Path) -> None:
    full_survey(data.path, memory=tmp_path / "cache")
    opened = Opened(tmp_path)
    assert full_survey(data.path, memory=tmp_path / "cache").problems == []
    assert opened.take(".png") == []
    times = (data.folder / "images/good1.png").stat()
    torn = bytearray((data.folder / "images/good1.png").read_bytes())
    torn[:8] = b"no PNG.."
    (data.folder / "images/good1.png").write_bytes(torn)
    os.utime(data.folder / "images/good1.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    (problem,) = full_survey(data.path, memory=tmp_path / "cache").problems
    assert problem.file == data.folder / "images/good1.png"
    assert set(opened.take(".png")) == {str(data.folder / "images/good1.png")}


def test_progress_tells_of_labels_and_of_pictures(data: Data) -> None:
    told: list[tuple[str, int, int]] = []

    full_survey(data.path, progress=lambda *now: told.append(now))

    assert ("looking at images", 4, 4) in told
    assert told[-1] == ("measuring brightness", 4, 4)
    assert ("reading labels", 4, 4) in told


def test_it_needs_no_torch(data: Data) -> None:
    code = f"import sys\nfrom yogo.cli import main\nmain(['check', {str(data.path)!r}])\n"
    code += "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert not {"torch", "torchvision", "wandb"} & set(done.stderr.split())
    assert "head and end of 4 images" in done.stdout


def test_where_no_decoder_is_installed_it_says_what_was_not_read(data: Data) -> None:
    code = "import sys\nsys.modules['numpy'] = sys.modules['PIL'] = None\n"
    code += f"from yogo.cli import main\nsys.exit(main(['check', {str(data.path)!r}]))\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
    assert "read: every row of 4 label files; no image was opened" in done.stdout
