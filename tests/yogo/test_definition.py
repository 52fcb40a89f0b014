"""Dataset definitions, as a person writes them: what they resolve to, and what is said of a wrong one."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from yogo.definition import DatasetDefinition, InvalidDatasetDefinitionFile, MissingPath, SplitFractions
from yogo.errors import DefinitionError

Folders = Callable[..., None]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Makes folder pairs `<name>/images` and `<name>/labels` with one image each."""

    def make(*names: str) -> None:
        for name in names:
            for kind, file in (("images", "a.png"), ("labels", "a.txt")):
                (tmp_path / name / kind).mkdir(parents=True)
                (tmp_path / name / kind / file).touch()

    return make


def pairs(*names: str, base: str = "") -> str:
    return "".join(
        f"  {name}:\n    image_path: {base}{name}/images\n    label_path: {base}{name}/labels\n" for name in names
    )


def children(**paths: str) -> str:
    return "".join(f"  {name}:\n    defn_path: {path}\n" for name, path in paths.items())


def write(path: Path, data: str = "", test: str = "", rest: str = "", classes: str = "[ring, wbc]") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"class_names: {classes}\ndataset_paths:\n{data}" + (f"test_paths:\n{test}" if test else "") + rest
    path.write_text(text)
    return path


def names(found: Iterable[object]) -> list[str]:
    return [pair.label for pair in found]  # type: ignore[attr-defined]


def refusal(path: Path) -> str:
    with pytest.raises(InvalidDatasetDefinitionFile) as caught:
        DatasetDefinition.from_yaml(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_definition_names_classes_folders_and_shares(tmp_path: Path, folders: Folders) -> None:
    folders("one", "two")
    path = write(tmp_path / "d.yml", pairs("one", "two"), rest="dataset_split_fractions: {train: 0.75, val: 0.25}\n")

    definition = DatasetDefinition.from_yaml(str(path))

    assert definition.classes == ("ring", "wbc")
    assert [(pair.images, pair.labels) for pair in definition.dataset_paths] == [
        (tmp_path / name / "images", tmp_path / name / "labels") for name in ("one", "two")
    ]
    assert definition.test_dataset_paths == ()
    assert definition.split_fractions == SplitFractions(0.75, 0.25)


def test_all_pictures_are_for_training_where_no_shares_are_given(tmp_path: Path, folders: Folders) -> None:
    folders("one")

    definition = DatasetDefinition.from_yaml(write(tmp_path / "d.yml", pairs("one")))

    assert definition.split_fractions == SplitFractions(1.0)


def test_yaml_is_read_as_version_1_2(tmp_path: Path, folders: Folders) -> None:
    folders("one")
    rest = "dataset_split_fractions: {train: 999e-3, val: 1e-3}\n"
    path = write(tmp_path / "d.yml", pairs("one"), rest=rest, classes="[no, yes, 010, on]")

    definition = DatasetDefinition.from_yaml(path)

    assert definition.classes == ("no", "yes", "10", "on")
    assert definition.split_fractions == SplitFractions(0.999, 0.001)


def test_a_folder_is_looked_for_beside_the_file_and_then_in_the_working_directory(
    tmp_path: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders("here/one", "there/two", "there/one")
    path = write(tmp_path / "here" / "d.yml", pairs("one", "two"))
    monkeypatch.chdir(tmp_path / "there")

    found = DatasetDefinition.from_yaml(path).dataset_paths

    assert [pair.images for pair in found] == [tmp_path / "here/one/images", tmp_path / "there/two/images"]


def test_a_definition_below_is_looked_for_beside_the_file_only(
    tmp_path: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders("there/one")
    write(tmp_path / "there" / "child.yml", pairs("one"))
    path = write(tmp_path / "here" / "d.yml", children(child="child.yml"))
    monkeypatch.chdir(tmp_path / "there")

    assert "child.yml" in refusal(path)


class TestTrees:
    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path, folders: Folders) -> None:
        folders("data", "test", "own")
        write(tmp_path / "child.yml", pairs("data"), pairs("test"))

    def test_with_test_paths_at_the_top_each_tree_takes_its_own_part_of_a_child(self, tmp_path: Path) -> None:
        path = write(tmp_path / "d.yml", children(c="child.yml") + pairs("own"), children(c="child.yml"))

        definition = DatasetDefinition.from_yaml(path)

        assert names(definition.dataset_paths) == ["data", "own"]
        assert names(definition.test_dataset_paths) == ["test"]
        assert names(definition.all_dataset_paths) == ["data", "own", "test"]

    def test_with_test_paths_at_the_top_a_childs_test_pictures_are_not_trained_on(self, tmp_path: Path) -> None:
        path = write(tmp_path / "d.yml", children(c="child.yml"), pairs("own"))

        definition = DatasetDefinition.from_yaml(path)

        assert names(definition.all_dataset_paths) == ["data", "own"]

    def test_without_test_paths_at_the_top_a_childs_test_pictures_are_data(self, tmp_path: Path) -> None:
        definition = DatasetDefinition.from_yaml(write(tmp_path / "d.yml", children(c="child.yml")))

        assert names(definition.dataset_paths) == ["data", "test"]
        assert definition.test_dataset_paths == ()

    def test_the_rule_holds_all_the_way_down(self, tmp_path: Path) -> None:
        write(tmp_path / "middle.yml", children(c="child.yml"), children(c="child.yml"))

        pooled = DatasetDefinition.from_yaml(write(tmp_path / "pooled.yml", children(m="middle.yml")))
        both = write(tmp_path / "both.yml", children(m="middle.yml"), children(m="middle.yml"))
        parted = DatasetDefinition.from_yaml(both)

        assert names(pooled.dataset_paths) == ["data", "test"]
        assert (names(parted.dataset_paths), names(parted.test_dataset_paths)) == (["data"], ["test"])

    def test_a_cycle_is_refused_naming_the_files(self, tmp_path: Path) -> None:
        write(tmp_path / "sub" / "b.yml", children(a="../a.yml"))
        message = refusal(write(tmp_path / "a.yml", children(b="sub/b.yml")))

        assert "cycle" in message
        assert f"{tmp_path / 'sub' / 'b.yml'}, line 4" in message
        assert f"{tmp_path / 'a.yml'} → " in message

    def test_a_definition_that_names_itself_is_a_cycle(self, tmp_path: Path) -> None:
        assert "cycle" in refusal(write(tmp_path / "a.yml", children(a="./a.yml")))

    def test_a_cycle_in_the_tree_of_test_pictures_is_one(self, tmp_path: Path) -> None:
        assert "cycle" in refusal(write(tmp_path / "a.yml", pairs("data"), children(a="a.yml")))

    @pytest.mark.parametrize("tree", ["data", "test"])
    def test_the_same_definition_twice_in_one_tree_is_refused(self, tmp_path: Path, tree: str) -> None:
        twice = children(x="child.yml", y="../" + tmp_path.name + "/child.yml")
        path = tmp_path / "d.yml"
        message = refusal(write(path, twice) if tree == "data" else write(path, pairs("own"), twice))

        assert f"{tmp_path / 'child.yml'} is named already in {path}, line" in message

    def test_the_same_definition_twice_at_different_depths_is_refused(self, tmp_path: Path) -> None:
        write(tmp_path / "middle.yml", children(c="child.yml"))

        message = refusal(write(tmp_path / "d.yml", children(m="middle.yml", c="child.yml")))

        assert f"{tmp_path / 'child.yml'} is named already in {tmp_path / 'middle.yml'}, line 4" in message

    @pytest.mark.parametrize(
        ("data", "test"),
        [
            (pairs("own") + pairs("own").replace("  own:", "  again:"), ""),
            (pairs("own"), pairs("own")),
            (pairs("data"), children(c="mirror.yml")),
            (children(c="child.yml") + pairs("data"), ""),
        ],
    )
    def test_the_same_folder_pair_twice_is_refused(self, tmp_path: Path, data: str, test: str) -> None:
        write(tmp_path / "mirror.yml", pairs("own"), pairs("data"))
        message = refusal(write(tmp_path / "d.yml", data, test))

        assert "is named already in" in message
        assert "/images" in message

    def test_the_same_folder_by_a_link_is_the_same_folder(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "own")

        assert "is named already in" in refusal(write(tmp_path / "d.yml", pairs("own", "link")))

    @pytest.mark.parametrize("classes", ["[ring]", "[wbc, ring]", "[ring, wbc, troph]"])
    def test_other_class_names_below_are_refused_naming_both_files(self, tmp_path: Path, classes: str) -> None:
        write(tmp_path / "other.yml", pairs("own"), classes=classes)
        message = refusal(write(tmp_path / "d.yml", children(o="other.yml")))

        assert "class names differ" in message
        assert str(tmp_path / "other.yml") in message
        assert f"{tmp_path / 'd.yml'}, line 4" in message

    def test_a_long_chain_of_definitions_ends_with_a_sentence(self, tmp_path: Path) -> None:
        for number in range(400):
            write(tmp_path / f"{number}.yml", children(next=f"{number + 1}.yml"))

        assert "nested more than" in refusal(tmp_path / "0.yml")


def test_definitions_are_equal_if_they_name_the_same_data(tmp_path: Path, folders: Folders) -> None:
    folders("one", "two")
    a = DatasetDefinition.from_yaml(write(tmp_path / "a.yml", pairs("one", "two")))
    b = DatasetDefinition.from_yaml(write(tmp_path / "sub" / "b.yml", pairs("two", "one", base="../")))
    c = DatasetDefinition.from_yaml(write(tmp_path / "c.yml", pairs("one")))

    assert a == b
    assert hash(a) == hash(b)
    assert a != c
    assert a != "a"


def test_a_definition_that_says_something_else_has_another_digest(tmp_path: Path, folders: Folders) -> None:
    folders("one", "two")
    write(tmp_path / "child.yml", pairs("one"))
    path = write(tmp_path / "d.yml", children(c="child.yml"))
    before = DatasetDefinition.from_yaml(path).sha256
    path.write_text("# a word\n" + path.read_text())
    assert DatasetDefinition.from_yaml(path).sha256 == before

    write(tmp_path / "child.yml", pairs("one", "two"))

    assert DatasetDefinition.from_yaml(path).sha256 != before


def test_two_definitions_add_up_to_both_and_share_what_they_share(tmp_path: Path, folders: Folders) -> None:
    folders("one", "two", "three")
    a = DatasetDefinition.from_yaml(write(tmp_path / "a.yml", pairs("one", "two")))
    b = DatasetDefinition.from_yaml(write(tmp_path / "b.yml", pairs("two", "three")))

    assert a + b == DatasetDefinition.from_yaml(write(tmp_path / "c.yml", pairs("one", "two", "three")))
    assert a + a == a


def test_definitions_that_disagree_do_not_add_up(tmp_path: Path, folders: Folders) -> None:
    folders("one", "two")
    a = DatasetDefinition.from_yaml(write(tmp_path / "a.yml", pairs("one")))
    other = DatasetDefinition.from_yaml(write(tmp_path / "o.yml", pairs("two"), classes="[x]"))
    tests = DatasetDefinition.from_yaml(write(tmp_path / "t.yml", pairs("two"), pairs("one")))

    with pytest.raises(InvalidDatasetDefinitionFile, match="classes differ"):
        a + other
    with pytest.raises(InvalidDatasetDefinitionFile, match="both training and test"):
        a + tests


def test_thumbnail_folders_are_named_by_class(tmp_path: Path, folders: Folders) -> None:
    folders("one")
    for name in ("t1", "t2", "t3"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 20, 30))
    rest = "thumbnail_augmentation: {ring: t1, wbc: [t2, t3]}\n"

    definition = DatasetDefinition.from_yaml(write(tmp_path / "d.yml", pairs("one"), rest=rest))

    assert definition.thumbnail_augmentation == {
        "ring": (tmp_path / "t1",),
        "wbc": (tmp_path / "t2", tmp_path / "t3"),
    }


def test_a_missing_definition_is_a_file_not_found_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        DatasetDefinition.from_yaml(tmp_path / "none.yml")

    assert isinstance(caught.value, DefinitionError)
    assert str(caught.value) == f"{tmp_path / 'none.yml'}: This file does not exist"


def test_a_missing_folder_is_named_with_its_line_and_where_it_was_looked_for(tmp_path: Path, folders: Folders) -> None:
    folders("one")
    path = write(tmp_path / "d.yml", pairs("one", "gone"))

    with pytest.raises(MissingPath) as caught:
        DatasetDefinition.from_yaml(path)

    assert f"{path}, line 7: image_path does not exist: gone/images" in str(caught.value)
    assert f"{path}, line 8: label_path does not exist: gone/labels" in str(caught.value)
    assert f"{tmp_path} and in {os.getcwd()}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "begins with class_names"),
        ("- a\n", 1, "this is a list"),
        ("dataset_paths: {}\n", 1, "class_names is missing"),
        ("class_names: ring\ndataset_paths: {}\n", 1, "class_names is 'ring'; a list"),
        ("class_names: [a,\n  null]\n", 2, "class name is empty"),
        ("class_names: [a,\n  a]\n", 2, "'a' is in class_names twice"),
        ("class_names: [a]\n", 1, "dataset_paths is missing"),
        ("class_names: [a]\ndataset_paths:\n", 2, "dataset_paths is empty"),
        ("class_names: [a]\nclass_names: [b]\n", 2, "'class_names' is in one map twice"),
        ("class_names: [a]\ndataset_paths:\n  x: one\n", 3, "image_path and label_path, or defn_path"),
        ("class_names: [a]\ndataset_paths:\n  x:\n    image_path: one\n", 3, "only image_path"),
        ("class_names: [a]\ndataset_paths:\n  x: {image_path: 1, label_path: b}\n", 3, "image_path is 1; a path"),
        (
            "class_names: [a]\ndataset_paths:\n  x: {defn_path: a, image_path: b}\n",
            3,
            "it has image_path and defn_path",
        ),
        ("class_names: [a]\ndataset_paths:\n  x: {defn_path: .}\n", 3, "folder"),
        ("class_names: [a]\ndataset_paths: {}\ndataset_split_fractions:\n  train: 0.5\n", 3, "sum to 0.5"),
        ("class_names: [a]\ndataset_paths: {}\ndataset_split_fractions:\n  train: 1x\n", 4, "train is '1x'; a number"),
        ("class_names: [a]\ndataset_paths: {}\ndataset_split_fractions: {train: 2, val: -1}\n", 3, "from 0 to 1"),
        ("class_names: [a]\ndataset_paths: {}\ndataset_split_fractions: {train: .nan}\n", 3, "from 0 to 1"),
        ("class_names: [a]\ntest_paths: {}\ndataset_split_fractions:\n  test: 1\n", 4, "combined with test_paths"),
        ("class_names: [a]\nthumbnail_augmentation:\n  b: .\n", 3, "names the class 'b'; the classes are a"),
        ("class_names: [a]\nthumbnail_augmentation:\n  a: [.]\n", 3, "names a folder without thumbnails (PNG files of"),
        ("class_names: [a]\nthumbnail_augmentation:\n  a: [gone]\n", 3, "thumbnail_augmentation does not exist: gone"),
        ("class_names: [a\n", 2, "This is not YAML"),
        ('class_names: [a]\ngroup_pattern: "slide\\d+"\n', 2, "in single quotes"),
        ("class_names:\n  - a\n b: 1\n", 3, "This is not YAML"),
        ("a: *b\n", 1, "undefined alias"),
        ("\n\nx: !!python/object/apply:os.system [true]\n", 3, "tag"),
        ("a: 1\nb: \x1b[31m\n", 2, "control character"),
        ("[" * 1000, None, "nested too deeply"),
        ("a: 1\n---\nb: 2\n", 2, "This is not YAML"),
    ],
)
def test_each_fault_gets_one_sentence_with_file_and_line(
    tmp_path: Path, text: str, line: int | None, words: str
) -> None:
    from yogo.definition import check

    path = tmp_path / "d.yml"
    path.write_text(text)
    told = [str(problem) for problem in check(path) if problem.is_error]

    assert any(words in one for one in told), told
    place = f"{path}, line {line}: " if line else f"{path}: "
    if words != "folder":
        assert any(one.startswith(place) and words in one for one in told), told
    assert all(one in refusal(path) for one in told), "all of them at once"


@pytest.mark.parametrize("kind", ["folder", "binary", "large", "pipe", "nul"])
def test_what_is_no_text_file_gets_one_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "d.yml"
    match kind:
        case "folder":
            path.mkdir()
        case "binary":
            path.write_bytes(b"a: 1\n\xff\xd8\xff\xe0JFIF")
        case "large":
            path.write_text("a: 1\n" * 300_000)
        case "pipe":
            os.mkfifo(path)
        case "nul":
            path = tmp_path / "d\0.yml"

    assert refusal(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_gets_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "d.yml")
    path.chmod(0)

    assert "Permission denied" in refusal(path)


@pytest.mark.parametrize("use", ["class_names: *a29", "? *a29\n: 1", "<<: *a29", "x: &x [*x]"])
def test_aliases_that_would_grow_without_end_cost_nothing(tmp_path: Path, use: str) -> None:
    row = "[x, x]" if "<<" not in use else "{x: 1}"
    lines = [f"a0: &a0 {row}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    if "<<" in use:
        lines = [lines[0]] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 30)]
    path = tmp_path / "d.yml"
    path.write_text("\n".join(lines[: 1 if "&x" in use else None]) + f"\n{use}\n")

    assert "becomes too large" in refusal(path)
