"""A review written out: new labels beside the old ones, which stay as they are."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_review import LABELS, MadeReview, made_review
from yogo.definition import DatasetDefinition, check, parse_labels, read_labels, read_notes, split
from yogo.errors import RunError
from yogo.review.decisions import decide, undo
from yogo.review.journal import Place, ReviewVerb
from yogo.review.rewriting import LabelChange, NewLabel, rewritten
from yogo.review.writing import write_review


@pytest.fixture
def made(tmp_path: Path) -> MadeReview:
    return made_review(tmp_path)


def says(made: MadeReview, rank: int, verb: str, *, class_name: str = "", box: Place | None = None) -> None:
    decide(made.folder, "ana", rank, ReviewVerb(verb), class_name=class_name, box=box, key=secrets.token_hex(4))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_lines_that_nobody_touched_stay_byte_for_byte(made: MadeReview, tmp_path: Path) -> None:
    before = contents(tmp_path / "data")
    says(made, 1, "delete")
    says(made, 2, "prediction")
    says(made, 3, "class", class_name="small dot")
    says(made, 4, "box", box=(0.55, 0.5, 0.25, 0.2))
    record = write_review(made.folder, tmp_path / "new")
    new = tmp_path / "new/labels"
    assert (new / "0.txt").read_bytes() == b"0 0.25 0.25 0.2 0.2\r\n2 0.75 0.75 0.2 0.3"
    assert (new / "1.txt").read_bytes() == b"0 0.55 0.5 0.25 0.2\n\n1 0.25 0.25 0.1 0.2\n"
    assert (new / "2.txt").read_bytes() == b"1 0.5 0.4 0.2 0.2\n"
    assert contents(tmp_path / "data") == before
    assert (record.num_files, record.num_changed_files, record.left_out) == (3, 3, ())
    assert record.verbs == {"delete": 1, "prediction": 1, "class": 1, "box": 1}


def test_without_decisions_the_labels_are_copied(made: MadeReview, tmp_path: Path) -> None:
    says(made, 1, "keep")
    says(made, 3, "skip")
    write_review(made.folder, tmp_path / "new")
    assert {path.name[:-4]: path.read_bytes().decode() for path in (tmp_path / "new/labels").iterdir()} == LABELS


def test_the_new_definition_names_the_same_images_in_the_same_splits(made: MadeReview, tmp_path: Path) -> None:
    says(made, 1, "delete")
    record = write_review(made.folder, tmp_path / "new")
    assert Path(record.written) == tmp_path / "new/cells.yml"
    assert check(Path(record.written)) == []
    old, new = DatasetDefinition.from_yaml(made.definition), DatasetDefinition.from_yaml(record.written)
    assert new.classes == old.classes
    for before, after in zip(split(old).items(), split(new).items(), strict=True):
        assert [one.image_file for one in before[1]] == [one.image_file for one in after[1]]
    assert (tmp_path / "new/classes.txt").read_text().splitlines() == ["round", "long", "small dot"]
    notes = json.loads((tmp_path / "new/notes.json").read_text())
    assert [one["name"] for one in notes["categories"]] == ["round", "long", "small dot"]
    labels = tmp_path / "new/labels"
    assert len(read_labels(labels / "0.txt", new.classes, read_notes(labels))) == 2


def test_notes_beside_the_labels_are_kept_and_told_of_a_class_that_is_new_to_them(
    made: MadeReview, tmp_path: Path
) -> None:
    notes = {"categories": [{"id": 0, "name": "round"}, {"id": 1, "name": "long"}], "info": {"by": "us"}}
    (tmp_path / "data/notes.json").write_text(json.dumps(notes))
    says(made, 1, "delete")
    write_review(made.folder, tmp_path / "same")
    assert (tmp_path / "same/notes.json").read_bytes() == (tmp_path / "data/notes.json").read_bytes()
    says(made, 3, "class", class_name="small dot")
    record = write_review(made.folder, tmp_path / "more")
    assert check(Path(record.written)) == []
    said = json.loads((tmp_path / "more/notes.json").read_text())
    assert said == {**notes, "categories": [*notes["categories"], {"id": 2, "name": "small dot"}]}
    labels = tmp_path / "more/labels"
    found = read_labels(labels / "0.txt", ("round", "long", "small dot"), read_notes(labels))
    assert [*found.rows[::5]] == [0, 2]


def test_each_folder_of_a_definition_has_its_own_labels(made: MadeReview, tmp_path: Path) -> None:
    for name in ("images", "labels"):
        (tmp_path / "other" / name).mkdir(parents=True)
    (tmp_path / "other/images/9.png").write_bytes((tmp_path / "data/images/0.png").read_bytes())
    (tmp_path / "other/labels/9.txt").write_text("1 0.5 0.5 0.3 0.3\n")
    pair = "{image_path: other/images, label_path: other/labels}"
    made.definition.write_text(f"{made.definition.read_text()}test_paths:\n  'lab 2/b': {pair}\n")
    says(made, 1, "delete")
    record = write_review(made.folder, tmp_path / "new")
    assert check(Path(record.written)) == []
    assert (tmp_path / "new/lab-2-b/labels/9.txt").read_text() == "1 0.5 0.5 0.3 0.3\n"
    assert (tmp_path / "new/all/labels/0.txt").exists()
    assert [pair.label for pair in DatasetDefinition.from_yaml(record.written).test_dataset_paths] == ["lab 2/b"]


def test_groups_stay(made: MadeReview, tmp_path: Path) -> None:
    text = f"{made.definition.read_text()}group_pattern: '[01]'\nshared_groups: ['1']\n"
    made.definition.write_text(text)
    record = write_review(made.folder, tmp_path / "new")
    assert [one for one in check(Path(record.written)) if one.is_error] == []
    old, new = DatasetDefinition.from_yaml(made.definition), DatasetDefinition.from_yaml(record.written)
    assert [pair.grouping for pair in new.dataset_paths] == [pair.grouping for pair in old.dataset_paths]
    assert new.dataset_paths[0].grouping
    assert new.shared_groups == ("1",)


def test_roles_and_samples_stay(made: MadeReview, tmp_path: Path) -> None:
    label = DatasetDefinition.from_yaml(made.definition).dataset_paths[0].label
    name = DatasetDefinition.from_yaml(made.definition).classes[0]
    made.definition.write_text(
        f"{made.definition.read_text()}roles: {{total: ['{name}'], target: ['{name}'], per_microlitre: 4.0e6}}\n"
        f"folders: {{'{label}': {{sample: slide 1, target_per_microlitre: 0}}}}\n"
    )
    record = write_review(made.folder, tmp_path / "new")
    old, new = DatasetDefinition.from_yaml(made.definition), DatasetDefinition.from_yaml(record.written)
    assert new.roles == old.roles
    assert [pair.sample for pair in new.dataset_paths] == [pair.sample for pair in old.dataset_paths]
    assert new.dataset_paths[0].sample.target_per_microlitre == 0


def test_a_folder_that_is_there_is_never_written_over(made: MadeReview, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with pytest.raises(RunError, match="exists already"):
        write_review(made.folder, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    record = write_review(made.folder, tmp_path / "once", key="k")
    assert write_review(made.folder, tmp_path / "once", key="k") == record, "asked again after the line was cut"
    assert not list(tmp_path.glob(".*.part"))


def test_a_label_file_that_was_changed_since_is_copied_as_it_is_and_told_of(made: MadeReview, tmp_path: Path) -> None:
    says(made, 1, "delete")
    says(made, 4, "prediction")
    made.label("0").write_text("0 0.1 0.1 0.1 0.1\n")
    record = write_review(made.folder, tmp_path / "new")
    assert (tmp_path / "new/labels/0.txt").read_text() == "0 0.1 0.1 0.1 0.1\n"
    [told] = record.left_out
    assert "0.txt was changed since it was ranked (1 left out)" in told
    assert record.verbs == {"prediction": 1}


def test_the_history_tells_what_became_of_each_decision(made: MadeReview, tmp_path: Path) -> None:
    says(made, 1, "keep")
    undo(made.folder, "ana", key="u")
    says(made, 1, "delete")
    decide(made.folder, "bob", 1, ReviewVerb.KEEP, key="b")
    record = write_review(made.folder, tmp_path / "new")
    told = [(one.reviewer, one.decides.verb.value, one.state) for one in record.history]
    assert told == [("ana", "keep", "undone"), ("ana", "delete", "overruled"), ("bob", "keep", "counts")]
    assert json.loads((tmp_path / "new/history.json").read_text())["review"] == str(made.folder)


def test_several_new_labels_on_one_image_are_all_added(made: MadeReview, tmp_path: Path) -> None:
    says(made, 2, "prediction")
    says(made, 2, "add", class_name="round", box=(0.2, 0.2, 0.1, 0.1))
    says(made, 2, "add", class_name="small dot", box=(0.8, 0.8, 0.1, 0.1))
    write_review(made.folder, tmp_path / "new")
    rows = (tmp_path / "new/labels/2.txt").read_text()
    assert rows == "1 0.5 0.4 0.2 0.2\n0 0.2 0.2 0.1 0.1\n2 0.8 0.8 0.1 0.1\n"


ONE, TWO = b"0 .5 .5 .1 .1\n", b"1 .2 .2 .1 .1"
NEW = NewLabel("1", (0.1, 0.2, 0.3, 0.4))


@pytest.mark.parametrize(
    ("data", "changes", "added", "expected"),
    [
        (b"\xef\xbb\xbf" + ONE + TWO, {1: LabelChange(is_deleted=True)}, [], b"\xef\xbb\xbf" + TWO),
        (ONE + TWO, {2: LabelChange(is_deleted=True)}, [], ONE),
        (b'"red cell",0.5,0.5,0.1,0.1\n', {1: LabelChange("7")}, [], b'"7",0.5,0.5,0.1,0.1\n'),
        (b"red cell .5 .5 .1 .1\n", {1: LabelChange("7", (0.25, 0.5, 0.125, 0.1))}, [], b"7 0.25 0.5 0.125 0.1\n"),
        (b"0,.5,.5,.1,.1\r\n", {}, [NEW], b"0,.5,.5,.1,.1\r\n1,0.1,0.2,0.3,0.4\r\n"),
        (ONE + TWO, {}, [NEW], ONE + TWO + b"\n1 0.1 0.2 0.3 0.4\n"),
    ],
)
def test_a_line_is_changed_in_its_own_style(
    data: bytes, changes: dict[int, LabelChange], added: list[NewLabel], expected: bytes
) -> None:
    assert rewritten(data, changes, added) == expected


ROWS = st.lists(st.tuples(st.integers(0, 2), *[st.integers(2000, 8000)] * 4), min_size=1, max_size=6)


@given(
    ROWS,
    st.sampled_from([" ", ",", "\t", " , "]),
    st.sampled_from([("\n", ""), ("\n", "\n"), ("\r\n", ""), ("\r\n", "\r\n")]),
    st.sampled_from([LabelChange(is_deleted=True), LabelChange("2"), LabelChange(box=(0.5, 0.5, 0.25, 0.25))]),
    st.data(),
)
def test_only_what_was_decided_is_changed_whatever_wrote_the_file(
    rows: list[tuple[int, ...]], separator: str, ends: tuple[str, str], change: LabelChange, data: st.DataObject
) -> None:
    lines = [separator.join([str(row[0]), *(f"{one / 10000}" for one in row[1:])]) for row in rows]
    before = (ends[0].join(lines) + ends[1]).encode()
    line = data.draw(st.integers(1, len(lines)))
    after = rewritten(before, {line: change}, [NEW])
    wanted = [[row[0], *(one / 10000 for one in row[1:])] for row in rows]
    if change.is_deleted:
        del wanted[line - 1]
    else:
        wanted[line - 1] = [2 if change.word else rows[line - 1][0], *(change.box or wanted[line - 1][1:])]
    found = parse_labels(after, ("a", "b", "c"))
    centres = [
        [found.rows[at], *(sum(found.rows[at + i : at + i + 3 : 2]) / 2 for i in (1, 2))]
        for at in range(0, len(found.rows), 5)
    ]
    assert centres == [pytest.approx(one[:3], abs=1e-6) for one in [*wanted, [1, *NEW.box]]]
    kept = [one for place, one in enumerate(lines, 1) if place != line]
    now = [one.rstrip("\r") for one in after.decode().split("\n") if one][:-1]
    assert [one for place, one in enumerate(now, 1) if change.is_deleted or place != line] == kept
