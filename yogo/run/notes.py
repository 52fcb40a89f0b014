"""notes.yaml: the user's title, note, tags and pin of a run. The console alone writes it, and a person may edit it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from pydantic import ValidationError, field_validator

from yogo.errors import RunError
from yogo.run.record import Record
from yogo.text.wording import sentences


class Notes(Record):
    title: str = ""
    """Shown in place of the name."""

    note: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    """Whether it stands before all others."""

    @field_validator("title", "note", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        """A person may write a number, or nothing."""
        return "" if value is None else str(value).strip() if isinstance(value, str | int | float) else value

    @field_validator("tags", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        """A person may write one word, or several in a line."""
        words = value if isinstance(value, list | tuple) else () if value is None else (value,)
        return tuple(dict.fromkeys(tag for word in words for tag in tags_in(str(word))))

    @classmethod
    def parse(cls, data: bytes, source: str) -> Self:
        # only who has notes needs it
        from yogo.files import yaml12

        try:
            said = yaml12.parse(data.decode()).data
            return cls.model_validate({} if said is None else said)
        except UnicodeDecodeError as error:
            raise RunError(f"{source} is not text in UTF-8") from error
        except yaml12.YamlError as error:
            raise RunError(f"{source}{f', line {error.line}' if error.line else ''}: {error}") from error
        except ValidationError as error:
            raise RunError(f"{source} is damaged: {sentences(error)[0]}") from error


def tags_in(text: str) -> tuple[str, ...]:
    """The tags in a line, between blanks and commas, each once."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def joined(*tags: Iterable[str]) -> tuple[str, ...]:
    """All of these tags, each once."""
    return tuple(dict.fromkeys(tag for some in tags for tag in some))
