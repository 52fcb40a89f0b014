"""Roles and samples in a definition: read from the top and from `folders`, checked with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from yogo.definition import DatasetDefinition, InvalidDatasetDefinitionFile, check, split, survey
from yogo.definition.report import report, tree_lines
from yogo.definition.roles import NO_SAMPLE, SampleFacts
from yogo.run.correction import AssayRoles

ROLES = "roles: {total: [healthy, ring], target: [ring], per_microlitre: 5.0e6}\n"


def make(folder: Path, more: str = ROLES, labels: tuple[str, ...] = ("a", "b"), keys: str = "") -> Path:
    entries = ""
    for label in labels:
        for kind in ("images", "labels"):
            (folder / label / kind).mkdir(parents=True)
        (folder / label / "images" / "1.png").touch()
        (folder / label / "labels" / "1.txt").write_text("0 .5 .5 .2 .2\n")
        entries += f"  {label}: {{image_path: {label}/images, label_path: {label}/labels{keys}}}\n"
    path = folder / "d.yml"
    path.write_text(f"class_names: [healthy, ring, wbc]\ndataset_paths:\n{entries}{more}")
    return path


def test_roles_and_samples_are_read(tmp_path: Path) -> None:
    known = (
        "folders:\n  a: {sample: slide 7, target_per_microlitre: 200, group: donor}\n  b: {target_per_microlitre: 0}\n"
    )
    found = DatasetDefinition.from_yaml(make(tmp_path, ROLES + known))
    assert found.roles == AssayRoles(total=("healthy", "ring"), target=("ring",), per_microlitre=5e6)
    a, b = found.dataset_paths
    assert a.sample == SampleFacts("slide 7", 200.0)
    assert a.grouping.name == "donor"
    assert b.sample == SampleFacts("", 0.0)
    assert bool(b.sample)  # 0 per µL is known
    assert not found.warnings
    shown = survey(found.path)
    assert "looked for: ring by healthy, ring, 5,000,000 cells per µL · 1 sample" in list(report(shown))
    lines = list(tree_lines(shown.tree))
    assert lines[0].endswith("group donor · sample slide 7, 200 per µL")
    assert lines[1].endswith("0 per µL")


def test_without_them_nothing_is_said_and_the_digest_stays(tmp_path: Path) -> None:
    path = make(tmp_path, "")
    plain = DatasetDefinition.from_yaml(path)
    assert (plain.roles, plain.dataset_paths[0].sample) == (None, NO_SAMPLE)
    assert not any("looked for" in line for line in report(survey(path)))
    path.write_text(path.read_text() + ROLES)
    other = DatasetDefinition.from_yaml(path)
    assert other != plain
    assert other.sha256 != plain.sha256
    assert [len(part) for _, part in split(other).items()] == [len(part) for _, part in split(plain).items()]


def test_roles_of_two_definitions_must_agree(tmp_path: Path) -> None:
    one, other = make(tmp_path / "1"), make(tmp_path / "2")
    joined = DatasetDefinition.from_yaml(one) + DatasetDefinition.from_yaml(other)
    assert joined.roles is not None
    other.write_text(other.read_text().replace("5.0e6", "4.0e6"))
    with pytest.raises(InvalidDatasetDefinitionFile, match="their roles differ"):
        DatasetDefinition.from_yaml(one) + DatasetDefinition.from_yaml(other)


@pytest.mark.parametrize(
    ("more", "line", "expected"),
    [
        ("roles: 3\n", 5, "roles is 3; a map of total, target and per_microlitre"),
        ("roles: {total: [healthy]}\n", 5, "roles lacks target and per_microlitre"),
        ("roles:\n  total: [healthy]\n  target: ring\n  per_microlitre: 5.0e6\n", 7, "target is 'ring'; a list"),
        ("roles:\n  total: [helthy]\n  target: [ring]\n  per_microlitre: 1\n", 6, "total names 'helthy', which is not"),
        ("roles:\n  total: [ring, ring]\n  target: [ring]\n  per_microlitre: 1\n", 6, "'ring' is in total twice"),
        (
            "roles:\n  total: [ring]\n  target: [ring]\n  per_microlitre: 0\n",
            8,
            "per_microlitre is 0; the number of cells",
        ),
        ("roles:\n  total: [ring]\n  target: [ring]\n  per_microlitre: .inf\n", 8, "per_microlitre is inf"),
        (f"{ROLES}folders:\n  a:\n    target_per_microlitre: -1\n", 8, "target_per_microlitre is -1; a number of 0"),
        (f"{ROLES}folders:\n  a:\n    target_per_microlitre: low\n", 8, "target_per_microlitre is 'low'"),
        (f"{ROLES}folders:\n  a:\n    sample: 1.5\n", 8, "sample is 1.5; a name is expected"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_line(tmp_path: Path, more: str, line: int, expected: str) -> None:
    with pytest.raises(InvalidDatasetDefinitionFile, match=f"line {line}: .*{expected}"):
        DatasetDefinition.from_yaml(make(tmp_path, more))


def test_one_sample_has_one_known_value(tmp_path: Path) -> None:
    known = "folders:\n  a: {sample: s, target_per_microlitre: 200}\n  b: {sample: s, target_per_microlitre: 300}\n"
    with pytest.raises(
        InvalidDatasetDefinitionFile, match=r"line 4: The sample s has 300 per µL here, and 200 in .*line 3"
    ):
        DatasetDefinition.from_yaml(make(tmp_path, ROLES + known))


def test_a_known_value_without_roles_is_told(tmp_path: Path) -> None:
    path = make(tmp_path, "folders: {a: {target_per_microlitre: 3}}\n")
    assert ["of no use without roles" in str(one) for one in check(path)] == [True]


def test_a_sample_on_a_folder_pair_is_read_and_said_to_be_refused_by_published_yogo(tmp_path: Path) -> None:
    path = make(tmp_path, labels=("a",), keys=", sample: s")
    assert DatasetDefinition.from_yaml(path).dataset_paths[0].sample.name == "s"
    [warning] = map(str, check(path))
    assert "1 folder pair has a group or a sample, which published yogo refuses to read" in warning


def test_a_sample_of_a_definition_belongs_into_its_file(tmp_path: Path) -> None:
    make(tmp_path / "child", labels=("a",))
    path = tmp_path / "top.yml"
    path.write_text("class_names: [healthy, ring, wbc]\ndataset_paths: {c: {defn_path: child/d.yml, sample: s}}\n")
    with pytest.raises(
        InvalidDatasetDefinitionFile, match="'c' is a definition; sample and target_per_microlitre belong"
    ):
        DatasetDefinition.from_yaml(path)


def test_a_sample_given_twice_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path, f"{ROLES}folders: {{a: {{sample: s}}}}\n", labels=("a",), keys=", sample: s")
    with pytest.raises(InvalidDatasetDefinitionFile, match="The sample of 'a' is given here and below folders"):
        DatasetDefinition.from_yaml(path)
