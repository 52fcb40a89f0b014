"""Files of samples: folders and zarr stores without labels, checked with file and line as definitions are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yogo.cli import main
from yogo.definition import InvalidDatasetDefinitionFile, MissingPath
from yogo.definition.samples_file import SamplesFile, is_samples_file, samples_of
from yogo.run.correction import AssayRoles

ROLES = "roles: {total: [healthy, ring], target: [ring], per_microlitre: 5.0e6}\n"
GOOD = (
    ROLES + "samples:\n"
    "  slide-1: {images: a, target_per_microlitre: 200, group: donor}\n"
    "  2: {images: b, target_per_microlitre: 0}\n"
    "  tube-7: {zarr: c.zarr, group: day-3}\n"
)


def make(folder: Path, text: str = GOOD) -> Path:
    for name in ("a", "b", "c.zarr", "empty"):
        (folder / name).mkdir(exist_ok=True)
    for name in ("a/1.png", "a/2.tif", "a/notes.txt", "a/.hidden.png", "b/1.png", "one.png"):
        (folder / name).touch()
    path = folder / "samples.yml"
    path.write_text(text)
    return path


def test_samples_are_read(tmp_path: Path) -> None:
    path = make(tmp_path)
    found = SamplesFile.from_yaml(path)
    assert found.roles == AssayRoles(total=("healthy", "ring"), target=("ring",), per_microlitre=5e6)
    slide, two, tube = found.samples
    assert (slide.name, slide.images, slide.zarr) == ("slide-1", tmp_path / "a", None)
    assert (slide.target_per_microlitre, slide.group, slide.line) == (200.0, "donor", 3)
    assert (two.name, two.target_per_microlitre, two.group) == ("2", 0.0, "")
    assert (tube.place, tube.images, tube.target_per_microlitre) == (tmp_path / "c.zarr", None, None)
    assert not found.problems
    assert [one.num_images for one in found.counted().samples] == [2, 1, None]


def test_without_roles_there_are_none(tmp_path: Path) -> None:
    assert SamplesFile.from_yaml(make(tmp_path, "samples: {x: {images: a}}\n")).roles is None


def test_a_file_of_samples_is_told_from_a_definition(tmp_path: Path) -> None:
    assert is_samples_file(make(tmp_path))
    assert not is_samples_file(make(tmp_path, "class_names: [a]\ndataset_paths: {}\nsamples: {}\n"))
    assert not is_samples_file(make(tmp_path, "samples\n"))
    assert not is_samples_file(make(tmp_path, "samples: [\n"))
    assert not is_samples_file(tmp_path / "none.yml")
    assert not is_samples_file(tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("samples: {x: {images: a}}\n  y\n", 2, "This is not YAML"),
        ("- samples\n", 1, "A file of samples is a map with samples; this is a list"),
        (ROLES, 1, "samples is missing; a map of names to folders of images is expected"),
        (f"{ROLES}samples:\n", 2, "samples is empty; a map of names"),
        ("samples: 3\n", 1, "samples is 3; a map of names"),
        ("samples:\n  x: a\n", 2, "samples has 'a' for 'x'; images or zarr is expected"),
        ("samples:\n  x: {group: 1}\n", 2, "'x' needs either images or zarr; it has neither"),
        ("samples:\n  x: {images: a, zarr: c.zarr}\n", 2, "'x' needs either images or zarr; it has both"),
        ("samples:\n  x:\n    images: aa\n", 3, "images does not exist: aa (looked in"),
        ("samples:\n  x: {images: one.png}\n", 2, "images is not a folder: one.png"),
        ("samples:\n  x: {images: 7}\n", 2, "images is 7; a path is expected, in quotes if it looks like a number"),
        ("samples:\n  x: {zarr: d.zarr}\n", 2, "zarr does not exist: d.zarr"),
        ("samples:\n  '': {images: a}\n", 2, "A sample has no name"),
        ("samples:\n  x: {images: a}\n  x: {images: b}\n", 3, "The key 'x' is in one map twice"),
        ("samples:\n  1: {images: a}\n  '1': {images: b}\n", 2, "The sample '1' is in samples twice"),
        ("samples:\n  x: {images: a}\n  y: {images: ./a}\n", 3, "images is that of the sample 'x' too"),
        ("samples:\n  x: {images: a, group: true}\n", 2, "group is true; a name is expected"),
        (
            "samples:\n  x:\n    images: a\n    target_per_microlitre: -1\n",
            4,
            "target_per_microlitre is -1; a number of 0 or more is expected",
        ),
        ("roles: {total: [a]}\nsamples: {x: {images: a}}\n", 1, "roles lacks target and per_microlitre"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, expected: str) -> None:
    path = make(tmp_path, text)
    with pytest.raises(InvalidDatasetDefinitionFile) as raised:
        SamplesFile.from_yaml(path)
    assert str(raised.value).startswith(f"{path}, line {line}: {expected}")


def test_an_unknown_key_is_a_warning(tmp_path: Path) -> None:
    found = SamplesFile.from_yaml(make(tmp_path, "sample: {}\nsamples:\n  x: {images: a, label_path: b}\n"))
    assert [str(one).partition(": ")[2] for one in found.problems] == [
        "The key 'sample' is not known and is ignored; is samples meant?",
        "The key 'label_path' is not known and is ignored",
    ]
    assert len(found.samples) == 1


def test_a_missing_file_is_said_and_all_faults_at_once(tmp_path: Path) -> None:
    with pytest.raises(MissingPath, match="This file does not exist"):
        SamplesFile.from_yaml(tmp_path / "none.yml")
    with pytest.raises(InvalidDatasetDefinitionFile, match="2 things are wrong"):
        SamplesFile.from_yaml(make(tmp_path, "samples:\n  x: {images: aa}\n  y: 3\n"))


def test_check_tells_samples_images_and_known_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make(tmp_path)
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "3 samples · 3 images · 1 zarr store, whose frames are not counted",
        "looked for: ring by healthy, ring, 5,000,000 cells per µL",
        "known otherwise: 2 of 3, 0 to 200 per µL; 1 negative",
        "",
        "sample      images  known per µL  group",
        "slide-1          2           200  donor",
        "2                1             0",
        "tube-7        zarr             -  day-3",
    ]
    assert main(["check", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["roles"]["target"] == ["ring"]
    assert [(one["name"], one["num_images"], one["target_per_microlitre"]) for one in told["samples"]] == [
        ("slide-1", 2, 200.0),
        ("2", 1, 0.0),
        ("tube-7", None, None),
    ]
    assert told["problems"] == []


def test_check_reports_faults_and_folders_without_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make(tmp_path, "samples:\n  x: {images: empty}\n  y: {images: a, groop: 1}\n")
    assert not samples_of(path).has_errors
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert f"✖ error: {path}, line 2: images names a folder without images (png, jpg, jpeg, tif, tiff)" in out
    assert f"! warning: {path}, line 3: The key 'groop' is not known and is ignored; is group meant?" in out
    with pytest.raises(SystemExit):
        main(["check", str(path), "--deep"])
    assert "this is a file of samples" in capsys.readouterr().err
