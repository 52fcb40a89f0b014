"""Definitions are found below folders that also hold many images, which are not listed again and again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from yogo_tui.hosts.base import silent
from yogo_tui.questions.definitions import ListDefinitions
from yogo_tui.questions.yaml_files import yaml_files

NUM = 150


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A definition beside a folder of images, and one below the images."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    images = tmp_path / "defs/data/images"
    (images / "deep").mkdir(parents=True)
    for number in range(NUM):
        (images / f"{number}.png").touch()
    (images / "deep/odd.yaml").touch()
    (tmp_path / "defs/cells.yml").touch()
    return tmp_path / "defs"


class Lists:
    """How many times folders are listed from now on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folders: list[str] = []
        real = os.scandir

        def scandir(folder: str) -> object:
            self.folders.append(Path(folder).name)
            return real(folder)

        monkeypatch.setattr(os, "scandir", scandir)


def names(root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in yaml_files(root, silent)]


def test_a_large_folder_is_listed_once_until_something_is_added_to_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = Lists(monkeypatch)
    assert names(root) == ["cells.yml", "data/images/deep/odd.yaml"]
    assert "images" in lists.folders
    lists.folders.clear()
    assert names(root) == ["cells.yml", "data/images/deep/odd.yaml"]
    assert lists.folders == ["defs", "data", "deep"]

    (root / "data/images/late.yml").touch()
    (root / "data/images/deep/odd.yaml").unlink()
    assert names(root) == ["cells.yml", "data/images/late.yml"]
    (root / "data/images/late.yml").rename(root / "data/images/other.yml")
    (root / "data/images/deep").rename(root / "data/images/.deep")
    assert names(root) == ["cells.yml", "data/images/other.yml"]


def test_how_many_files_were_seen_is_told_and_can_be_left(root: Path) -> None:
    class Left(Exception):
        pass

    def leave(what: str, done: int, total: int) -> None:
        told.append(done)
        if done > NUM:
            raise Left

    told: list[int] = []
    with pytest.raises(Left):
        ListDefinitions((root,)).answer(leave)
    assert told[0] == 2


def test_a_damaged_memory_is_as_good_as_none(root: Path, tmp_path: Path) -> None:
    before = names(root)
    for path in (tmp_path / "cache").rglob("*.json"):
        path.write_text('{"%s": [1, 2]}' % (root / "data/images"))
    assert names(root) == before


def test_hidden_files_and_folders_and_those_that_cannot_be_read_are_left_out(root: Path) -> None:
    (root / ".hidden").mkdir()
    (root / ".hidden/a.yml").touch()
    (root / ".b.yml").touch()
    (root / "loop").symlink_to(root)
    assert names(root) == ["cells.yml", "data/images/deep/odd.yaml"]
    assert names(root / "nowhere") == []


def test_a_large_folder_that_was_listed_before_the_look_was_left_is_not_listed_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Left(Exception):
        pass

    def leave(what: str, done: int, total: int) -> None:
        if done >= NUM:
            raise Left

    with pytest.raises(Left):
        yaml_files(root, leave)
    lists = Lists(monkeypatch)
    assert names(root) == ["cells.yml", "data/images/deep/odd.yaml"]
    assert "images" not in lists.folders
