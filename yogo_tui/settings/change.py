"""A change of one setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A new value of a setting, or of a part of one: "partition", "sizes.0.hours", "hosts.lab.login"."""

    key: str
    value: Any = None
    """Text, number, true or false, list or map."""

    is_unset: bool = False
    """Whether it is as by default from now on."""
