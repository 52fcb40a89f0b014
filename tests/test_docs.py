"""The documents: drawn pages are up to date, the site builds without a warning, and nothing named is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.pages import PAGES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_drawn_from_the_declarations_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run: make pages"


def pages_of(nav: Any) -> Iterator[str]:
    """All files that a navigation names, whatever it is nested in."""
    if isinstance(nav, str):
        yield nav
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from pages_of(entry)


def test_every_page_is_in_the_navigation_once_and_every_entry_is_there() -> None:
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    assert sorted(pages_of(nav)) == sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    shutil.copytree(DOCS, tmp_path / "docs")
    build = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.stem for path in DOCS.glob("*.md")} - {"index"} <= {
        path.name for path in (tmp_path / "site").iterdir()
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_links_to_or_shows_is_there_and_nothing_outside_the_repository_is_named(path: Path) -> None:
    text = path.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http://", "https://", "#")):
            assert (path.parent / target.partition("#")[0]).is_file(), target
    assert "../shared" not in text


def test_every_target_of_make_that_a_document_names_is_there() -> None:
    rules = re.findall(r"^([\w -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    words = re.compile(r"`make ([a-z][\w-]+)|^make ([a-z][\w-]+) +#", re.MULTILINE)
    named = {one or other for path in DOCUMENTS for one, other in words.findall(path.read_text())}
    assert {"demo", "test", "check"} <= named
    assert named <= targets


def test_every_image_is_shown_somewhere() -> None:
    shown = {name for path in DOCUMENTS for name in re.findall(r"images/([\w-]+\.svg)", path.read_text())}
    assert shown == {path.name for path in (DOCS / "images").iterdir()}


def test_no_text_of_the_programs_names_a_folder_beside_the_repository() -> None:
    read = [path for package in ("yogo", "yogo_tui", "sbatch_templates") for path in (ROOT / package).rglob("*")]
    assert not [path for path in read if path.suffix != ".pyc" and path.is_file() and b"../shared" in path.read_bytes()]
