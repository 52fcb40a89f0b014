"""A file to compare with that is missing is told: as a skipped test, or as a failed one where it has to be there."""

from __future__ import annotations

import pytest

from tests.golden_files import beside, golden_file


def test_a_missing_file_skips_the_test_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YOGO_REQUIRE_DATA", raising=False)
    with pytest.raises(pytest.skip.Exception, match="shared/data/none"):
        beside("data/none")


def test_a_missing_file_fails_the_test_where_the_files_have_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOGO_REQUIRE_DATA", "1")
    with pytest.raises(pytest.fail.Exception, match=r"shared/compat/none\.npz is not there"):
        golden_file("none.npz")
