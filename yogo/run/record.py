"""The base of every file of a run directory: a schema version, and tolerant reading.

We are strict in what we write and tolerant in what we read: unknown keys are kept, and a file of a newer schema
opens for reading only, with `is_newer` set.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from yogo.errors import RunError
from yogo.files.atomic import Fence, write_atomically
from yogo.files.foreign import opened
from yogo.files.places import because
from yogo.text.wording import sentences

COMPRESSION = 1
"""The lowest level: most of the data are digests, which hardly compress."""

Packed = Annotated[
    bytes,
    PlainSerializer(lambda data: base64.b64encode(data).decode(), when_used="json"),
    BeforeValidator(lambda data: base64.b64decode(data, validate=True) if isinstance(data, str) else data),
    Field(repr=False),
]
"""Bytes, in base64 in the file."""


def now() -> datetime:
    return datetime.now(UTC)


class Part(BaseModel):
    """A part of a record."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Record(Part):
    """A whole file of a run directory."""

    SCHEMA: ClassVar[int] = 1

    schema_version: int = 1

    @property
    def is_newer(self) -> bool:
        """Written by a later version than this one: read it, but never write it."""
        return self.schema_version > self.SCHEMA

    @classmethod
    def read(cls, path: Path) -> Self:
        """The record in `path` (gzip by its suffix). Raises RunError, FileNotFoundError."""
        try:
            with opened(path) as raw, gzip.open(raw) if path.suffix == ".gz" else raw as file:
                return cls.parse(file.read(), str(path))
        except FileNotFoundError:
            raise
        except (OSError, EOFError, zlib.error) as error:
            raise RunError(f"{path} cannot be read: {because(error)}") from error

    @classmethod
    def parse(cls, data: bytes, source: str) -> Self:
        """The record in `data`; `source` names it in errors. Raises RunError."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise RunError(f"{source} is damaged: {sentences(error)[0]}") from error

    def write(self, path: Path, *, fence: Fence | None = None) -> None:
        """Replace `path` with this record, atomically. Raises OSError; RunError if this is a newer schema."""
        if self.is_newer:
            raise RunError(f"{path} was written by a newer yogo (schema {self.schema_version}); it is left as it is")
        text = self.model_dump_json(indent=None if path.suffix == ".gz" else 2) + "\n"
        write_atomically(
            path, gzip.compress(text.encode(), COMPRESSION, mtime=0) if path.suffix == ".gz" else text, fence
        )
