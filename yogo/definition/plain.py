"""Small text files that a definition leads to, read whole: only regular files of a limited size."""

from __future__ import annotations

import os
from pathlib import Path

from yogo.definition.problem import InvalidDatasetDefinitionFile, fault
from yogo.files.foreign import foreign, leads_nowhere, no_file
from yogo.files.places import because


def read_file(path: Path, what: str, most: int, *, allows_json: bool = False) -> bytes:
    """The bytes of the file, which should be a `what`, such as "label file", of at most `most` bytes.

    Raises InvalidDatasetDefinitionFile, MissingPath.
    """
    try:
        found = os.stat(path)
        if kind := no_file(found):
            raise fault(f"This is {kind}; a {what} is expected", path, kind=f"things that are not {what}s")
        if found.st_size > most:
            raise fault(f"This is too large for a {what}: {found.st_size:,} bytes", path, kind=f"{what}s too large")
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except InvalidDatasetDefinitionFile:
        raise
    except FileNotFoundError:
        link = leads_nowhere(path)
        told = f"This {what} is {link}" if link else f"This {what} does not exist"
        raise fault(told, path, missing=True, kind=f"{what}s that do not exist") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise fault(
            f"This {what} cannot be read: {because(error)}", path, kind=f"{what}s that cannot be read"
        ) from error
    if odd := foreign(data, allows_json=allows_json):
        raise fault(f"This is not a {what} but {odd}", path, 1, kind=f"things that are not {what}s")
    return data
