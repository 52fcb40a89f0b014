"""What a run's weights can be used for."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """What a use does; also the name of the `yogo` command that does it."""

    TEST = "test"
    INFER = "infer"
    EXPORT = "export"
