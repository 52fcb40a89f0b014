"""Labels and images that do not find each other, and what lies among them: each is told by its likely cause."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from yogo.definition import DatasetDefinition, InvalidDatasetDefinitionFile, Problem, check, split, survey

ROW = "0 .5 .5 .1 .1\n"


class Data:
    """A definition of two classes over the folders images and labels, with the image and label `good`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "d.yml"
        self.path.write_text("class_names: [ring, wbc]\ndataset_paths: {a: {image_path: images, label_path: labels}}\n")
        for name in ("images", "labels"):
            (folder / name).mkdir()
        self.add("images/good.png", "labels/good.txt")

    def add(self, *names: str, text: str = ROW) -> None:
        for name in names:
            (self.folder / name).write_text(text)

    def problems(self) -> list[Problem]:
        """The same for whoever looks: check, the survey, and a run that begins."""
        found = check(self.path)
        assert found == survey(self.path).problems
        if any(one.is_error for one in found):
            with pytest.raises(InvalidDatasetDefinitionFile) as caught:
                split(DatasetDefinition.from_yaml(self.path))
            assert list(caught.value.problems) == [one for one in found if one.is_error]
        return found

    def told(self) -> str:
        (problem,) = self.problems()
        return str(problem)


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


NFC, NFD = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("picture", "label", "words"),
    [
        (f"{NFC}.png", "%C3%A9.txt", "as URLs are quoted"),
        ("a b.png", "a%20b.txt", "as URLs are quoted"),
        ("a%20b.png", "a b.txt", "as URLs are quoted"),
        (f"{NFC}.png", f"{NFD}.txt", "Unicode NFC and NFD"),
        (f"{NFD}.png", f"{NFC}.txt", "Unicode NFC and NFD"),
        ("p.png", "p.png.txt", "suffix in both"),
        ("P.JPG", "P.JPG.txt", "suffix in both"),
        ("A.png", "a.txt", "capital letters"),
        ("a.PNG", "A.txt", "capital letters"),
        ("img.png", "3f2a9c01-img.txt", "Label Studio"),
        ("img.png", "img_png.rf.0a1b2c3d.txt", "Roboflow"),
        ("0007.png", "7.txt", "zeros"),
        ("a 1.png", "a1.txt", "blanks"),
        ("a.png", "a (1).txt", "copy"),
        (f"{NFC}.png", "3f2a9c01-%C3%89.png.txt", "how it is written"),
    ],
)
def test_names_that_differ_by_what_a_program_does_are_told_together(
    data: Data, picture: str, label: str, words: str
) -> None:
    data.add(f"images/{picture}", f"labels/{label}")

    told = data.told()

    assert told.startswith(f"{data.folder}/labels: A label has no image of the same name, but one ")
    assert words in told
    assert f"{label} and {picture}. Rename them" in told


def test_one_label_of_several_pictures_is_told_in_the_singular(data: Data) -> None:
    data.add("images/good.tif")
    assert "1 label fits several images, of which the first is taken: good.png and good.tif" in data.told()
    data.add("images/a.png", "images/a.jpg", "labels/a.txt")
    assert "2 labels fit several images" in data.told()


def test_of_one_class_there_is_one(data: Data) -> None:
    data.path.write_text(data.path.read_text().replace("[ring, wbc]", "[ring]"))
    data.add("labels/good.txt", text="1 .5 .5 .1 .1\n")
    (problem,) = survey(data.path).problems
    assert "There is no class 1: there is 1, counted from 0" in str(problem)


def test_names_that_have_nothing_in_common_are_told_as_ever(data: Data) -> None:
    data.add("images/x.png", "labels/lost.txt")

    assert data.told().endswith(f"A label has no image (png, jpg, jpeg, tif, tiff) in {data.folder}/images: lost.txt")


@pytest.mark.parametrize("name", ["labels/classes.txt", "classes.txt", "obj.names", "labels/predefined_classes.txt"])
@pytest.mark.parametrize("text", ["ring\nwbc\n", "ring\r\nwbc", "Ring\nWBC\n\n", "\ufeffring\nwbc"])
def test_a_list_of_classes_that_agrees_needs_no_word(data: Data, name: str, text: str) -> None:
    data.add(name, text=text)

    assert data.problems() == []
    assert len(split(DatasetDefinition.from_yaml(data.path)).train) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels/classes.txt", "wbc\nring\n"),
        ("classes.txt", "wbc\nring\n"),
        ("labels/classes.txt", "platelet\nring\nwbc\n"),
        ("obj.names", "wbc\nring\n"),
        ("labels/_darknet.labels", "wbc\nring\n"),
        ("data.yaml", "names: [wbc, ring]\nnc: 2\n"),
        ("data.yaml", "names: {0: wbc, 1: ring}\n"),
        ("dataset.yaml", "names:\n  1: ring\n  0: wbc\n"),
    ],
)
def test_a_list_of_classes_in_another_order_is_an_error_that_names_both(data: Data, name: str, text: str) -> None:
    data.add(name, text=text)

    (problem,) = data.problems()

    assert problem.is_error
    assert problem.file == data.folder / name
    assert "another order" in problem.message
    assert "(0 ring, 1 wbc) in class_names" in problem.message
    assert "wbc" in problem.message.partition(" in class_names")[0].partition("here")[0]


def test_classes_under_other_names_are_a_warning_and_notes_decide(data: Data) -> None:
    data.add("labels/classes.txt", text="Ring form\nWhite cell\n")
    (problem,) = data.problems()
    assert not problem.is_error
    assert "(0 Ring form, 1 White cell) here, (0 ring, 1 wbc) in class_names" in problem.message

    data.add("labels/classes.txt", text="wbc\nring\n")
    data.add("notes.json", text='{"categories": [{"id": 0, "name": "wbc"}, {"id": 1, "name": "ring"}]}')
    assert data.problems() == []


def test_notes_in_the_label_folder_are_told_since_nobody_reads_them(data: Data) -> None:
    data.add("labels/notes.json", text='{"categories": []}')

    assert "notes.json is read beside the label folder, not in it" in data.told()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("train.txt", "data/obj_train_data/a.png\ndata/obj_train_data/b.png\n", "a list of images"),
        ("every.txt", "a.jpg\n", "a list of images"),
        ("README.roboflow.txt", "Exported by ...\n", "a note to readers"),
        ("LICENSE.txt", "", "a note to readers"),
    ],
)
def test_what_an_export_leaves_among_the_labels_is_left_out_with_a_word(
    data: Data, name: str, text: str, words: str
) -> None:
    data.add(f"labels/{name}", text=text)

    assert data.told() == f"{data.folder}/labels/{name}: This is {words}, not a label: it is left out".replace(
        "a list of images,", "a list of images, as CVAT and darknet write,"
    )
    assert len(split(DatasetDefinition.from_yaml(data.path)).train) == 1


def test_a_label_that_is_named_as_a_list_is_a_label_where_it_has_a_picture(data: Data) -> None:
    data.add("images/classes.png", "labels/classes.txt", "images/train.png", "labels/train.txt")

    assert data.problems() == []
    assert survey(data.path).num_pictures == 3


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["labels/good.xml"], "It holds 1 .xml file, which are Pascal VOC's: export in the format YOLO"),
        (["labels/_annotations.coco.json"], "It holds 1 .json file, which are COCO's or labelme's"),
        (["labels/boxes.csv"], "tables: export"),
        (["labels/classes.txt"], "This folder holds no labels"),
        ([], "It is empty"),
    ],
)
def test_a_folder_without_labels_says_what_it_holds(data: Data, files: list[str], words: str) -> None:
    (data.folder / "labels/good.txt").unlink()
    for name in files:
        data.add(name, text="ring\nwbc\n")

    assert words in data.told()


def test_folders_that_were_exchanged_are_suspected(data: Data) -> None:
    data.path.write_text("class_names: [ring]\ndataset_paths: {a: {image_path: labels, label_path: images}}\n")

    assert "Are image_path and label_path exchanged?" in data.told()


def test_pictures_in_folders_below_or_of_another_kind_are_hinted_at(data: Data) -> None:
    (data.folder / "images/good.png").rename(data.folder / "images/good.bmp")
    (data.folder / "images/below").mkdir()

    assert data.told().endswith(
        "one in a format that is not supported: good.txt and good.bmp. Save them as one of png, jpg, jpeg, tif, tiff"
    )
    (data.folder / "images/good.bmp").rename(data.folder / "images/good.dat")
    assert data.told().endswith("good.txt. It holds 1 .dat file and a folder")


def test_two_labels_of_one_picture_are_not_chosen_from_without_a_word(data: Data) -> None:
    data.add("labels/good.TXT", text="1 .5 .5 .1 .1\n")

    assert data.told() == f"{data.folder}/labels: good.TXT and good.txt are labels of one image: remove one of them"


class TestWhatIsNoFile:
    @pytest.fixture(params=["pipe", "folder", "device", "dangling", "loop"])
    def kind(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def make(self, path: Path, kind: str) -> str:
        match kind:
            case "pipe":
                os.mkfifo(path)
                return "a named pipe"
            case "folder":
                path.mkdir()
                return "a folder"
            case "device":
                path.symlink_to("/dev/zero")
                return "a device"
            case "dangling":
                path.symlink_to("gone")
                return "a link to gone, which is not there"
        path.symlink_to(path.name)
        return f"a link to {path.name}, which is not there"

    @pytest.mark.parametrize("name", ["images/x.png", "labels/x.txt", "images/x.TIFF"])
    def test_it_is_named_and_nobody_waits_for_it(self, data: Data, kind: str, name: str) -> None:
        what = self.make(data.folder / name, kind)
        data.add("labels/x.txt" if name.startswith("images") else "images/x.png")

        assert data.told() == f"{data.folder}/{name}: This is {what}, not a file that can be read"

    def test_in_place_of_a_thumbnail_it_is_named_too(self, data: Data, kind: str) -> None:
        (data.folder / "thumbs").mkdir()
        what = self.make(data.folder / "thumbs/x.png", kind)
        data.add("thumbs/y.png", text="torn")
        with data.path.open("a") as file:
            file.write("thumbnail_augmentation: {ring: thumbs}\n")

        assert [str(one) for one in check(data.path)] == [
            f"{data.folder}/thumbs/x.png: This is {what}, not a thumbnail",
            f"{data.folder}/thumbs/y.png: This thumbnail is not a PNG image",
        ]


def test_everything_that_is_wrong_with_a_definition_is_told_at_once(data: Data) -> None:
    data.add("labels/lost.txt", "labels/classes.txt", text="wbc\nring\n")
    os.mkfifo(data.folder / "images/p.png")
    data.add("labels/p.txt")

    assert len(data.problems()) == 3
