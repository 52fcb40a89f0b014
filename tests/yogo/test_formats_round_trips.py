"""Labels go from each format to each other and back: the same images, the same classes, corners to a millionth."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.yogo.label_sets import BOXES, CLASSES, differ, make_set, read_set
from yogo.definition import DatasetDefinition, survey
from yogo.formats.conversion import ConversionRequest, convert, recognised
from yogo.formats.table import FORMATS


def converted(path: Path, out: Path, to: str, images: Path) -> Path:
    convert(ConversionRequest(path, out, to, images=images))
    return out


@pytest.mark.parametrize("second", FORMATS)
@pytest.mark.parametrize("first", FORMATS)
def test_labels_survive_two_formats_and_the_way_back(first: str, second: str, tmp_path: Path) -> None:
    path, images = make_set(tmp_path), tmp_path / "images"
    classes, boxes = read_set("yolo", path)
    assert classes == CLASSES
    one = converted(path, tmp_path / "one", first, images)
    assert recognised(one) == first
    two = converted(one, tmp_path / "two", second, images)
    back = converted(two, tmp_path / "back", "yolo", images)
    assert DatasetDefinition.from_yaml(back / "definition.yml").classes == CLASSES
    for kind, made in ((first, one), (second, two), ("yolo", back)):
        found = read_set(kind, made, images)
        assert found[0] == CLASSES
        assert differ(found[1], boxes) < 1e-6


_FRACTION = st.floats(0, 1, width=64)
_NAME = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/\\"), min_size=1, max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    corners=st.lists(st.tuples(_FRACTION, _FRACTION, _FRACTION, _FRACTION), max_size=4),
    stem=_NAME.filter(lambda name: name[0] != "." and len(name.encode()) < 200),
    kind=st.sampled_from([*FORMATS]),
)
def test_any_box_and_any_name_survive_each_format(
    corners: list[tuple[float, float, float, float]],
    stem: str,
    kind: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("set")
    rows = [(0, (x0 + x1) / 2, (y0 + y1) / 2, abs(x1 - x0), abs(y1 - y0)) for x0, y0, x1, y1 in corners]
    path = make_set(folder, {f"{stem}.png": rows})
    out = converted(path, folder / "out", kind, folder / "images")
    assert differ(read_set(kind, out, folder / "images")[1], read_set("yolo", path)[1]) < 1e-6


@pytest.mark.parametrize("kind", FORMATS)
def test_a_definition_made_of_each_format_is_found_in_order(kind: str, tmp_path: Path) -> None:
    path, images = make_set(tmp_path), tmp_path / "images"
    out = converted(path, tmp_path / "out", kind, images)
    back = converted(out, tmp_path / "back", "yolo", images)
    found = survey(back / "definition.yml")
    assert [str(problem) for problem in found.problems if problem.is_error] == []
    assert found.num_pictures == len(BOXES)


def test_what_was_converted_into_its_own_folder_is_not_read_again(tmp_path: Path) -> None:
    make_set(tmp_path / "export", {"a.png": [(0, 0.5, 0.5, 0.1, 0.1)]})
    (tmp_path / "export/classes.txt").write_text("\n".join(CLASSES))
    first = converted(tmp_path / "export", tmp_path / "export/first", "yolo", tmp_path / "export/images")
    second = converted(tmp_path / "export", tmp_path / "export/second", "yolo", tmp_path / "export/images")
    assert read_set("yolo", first) == read_set("yolo", second)
    assert len(read_set("yolo", second)[1]) == 1
