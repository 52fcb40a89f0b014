"""Checkpoint files (`.pth`), in the published format, with what a run needs to resume.

They are read with `weights_only=True` only, so a file of unknown origin cannot execute code. A new file is written
beside the old one, read back, and then replaces it.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from pydantic import ValidationError
from torch import Tensor

from yogo.errors import CheckpointError, first_line
from yogo.files.atomic import Fence, replacing
from yogo.run.correction import CountCorrection
from yogo.run.count_thresholds import CountThresholds
from yogo.text.wording import sentences


class Detector(Protocol):
    """What a file stores of a model: see `yogo.model.YOGO`."""

    model_version: str
    normalize_images: Tensor

    def state_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file holds; anything that it leaves out is None, empty or 0."""

    path: Path
    model_state_dict: dict[str, Tensor]
    model_version: str = ""
    """Name of the network."""

    epoch: int = 0
    step: int = 0
    normalize_images: bool = False
    """The file's own flag; the weights have one too: see `yogo.model.opening.normalizes`."""

    classes: tuple[str, ...] | None = None
    run_name: str = ""
    image_bits: int | None = None
    """How deep images of more than 8 bits are: see yogo.images.depth. None in files written before this was stored."""

    count_thresholds: CountThresholds | None = None
    """At which its counts were without bias on the validation set, where it had one."""

    count_correction: CountCorrection | None = None
    """What is known of its mistakes in counting: see docs/assay.md."""

    optimizer_state_dict: dict[str, Any] | None = None
    scaler_state_dict: dict[str, Any] | None = None
    recipe: dict[str, Any] | None = None
    """The run's recipe, as `Recipe.model_dump(mode="json")` gives it."""

    best_loss: float | None = None
    training: dict[str, Any] = field(default_factory=dict)
    """What else a run needs to resume: the position in the epoch, counters, the weights that are not averaged.

    The learning rate and all random draws follow from the recipe and these numbers, so they are not stored.
    """

    versions: dict[str, str] = field(default_factory=dict)


def save_checkpoint(path: Path, model: Detector, *, previous: Path | None = None, **parts: Any) -> str:
    """Replace `path` with a checkpoint that is known to open, made of the parts of `packed`; returns its SHA-256.

    The old file is kept as `previous`, if that is given. On an error the old file stays in place.
    Raises CheckpointError where a part cannot be read back; OSError (a full disk).
    """
    return put(path, packed(model, **parts), previous=previous)


def packed(
    model: Detector,
    *,
    epoch: int,
    step: int,
    classes: Sequence[str],
    run_name: str,
    image_bits: int | None = None,
    count_thresholds: CountThresholds | None = None,
    count_correction: CountCorrection | None = None,
    optimizer_state_dict: Mapping[str, Any] | None = None,
    scaler_state_dict: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    best_loss: float | None = None,
    training: Mapping[str, Any] | None = None,
    versions: Mapping[str, str] | None = None,
) -> bytes:
    """The bytes of a checkpoint file, checked by reading them back.

    Raises CheckpointError if a part holds anything but what `weights_only=True` loads: tensors, numbers, strings, None,
    dicts, lists, tuples."""
    contents = {
        "epoch": epoch,
        "step": step,
        "normalize_images": bool(model.normalize_images),
        "classes": list(classes),
        "model_name": run_name,
        "image_bits": image_bits,
        "count_thresholds": count_thresholds and count_thresholds.facts,
        "count_correction": count_correction and count_correction.facts,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": dict(optimizer_state_dict or {}),
        "model_version": model.model_version,
        "scaler_state_dict": scaler_state_dict,
        "recipe": recipe,
        "best_loss": best_loss,
        "training": dict(training or {}),
        "versions": dict(versions or {}),
    }
    return _read_back(contents, run_name)


def with_correction(path: Path, correction: CountCorrection) -> bytes:
    """The bytes of the checkpoint at `path` with this correction, and all else as it is. Raises CheckpointError."""
    checkpoint, contents = load_checkpoint(path), _contents(path)
    if correction.classes != checkpoint.classes:
        raise CheckpointError(f"{path} has other classes than the correction")
    assert isinstance(contents, dict)
    return _read_back(contents | {"count_correction": correction.facts}, checkpoint.run_name or path.name)


def _read_back(contents: Mapping[str, Any], run_name: str) -> bytes:
    """What torch writes for `contents`, checked by reading it back. Raises CheckpointError."""
    buffer = io.BytesIO()
    torch.save(_on_cpu(contents), buffer)
    data = buffer.getvalue()
    try:
        _load(io.BytesIO(data))
    except Exception as error:
        raise CheckpointError(
            f"a checkpoint of {run_name} was not written, because it could not be read back: {first_line(error)[:200]}"
        ) from error
    return data


def put(path: Path, data: bytes, *, previous: Path | None = None, fence: Fence | None = None) -> str:
    """Replace `path` with a checkpoint's bytes, read back from the disk; returns their SHA-256. Raises OSError."""
    digest = hashlib.sha256(data).hexdigest()
    with replacing(path, previous=previous, fence=fence) as file:
        file.write(data)
        file.flush()
        file.seek(0)
        if hashlib.sha256(file.read()).hexdigest() != digest:
            raise OSError(errno.EIO, "the disk returned different bytes from those written", str(path))
    return digest


def load_checkpoint(path: str | Path) -> Checkpoint:
    """What the file at `path` holds, with its tensors on the CPU. Nothing in it is executed.

    Raises CheckpointError, with one sentence, if it is missing, cut short, hostile or not a checkpoint at all.
    """
    try:
        path = Path(os.fsdecode(path))
    except TypeError:
        raise CheckpointError(f"a checkpoint is opened by its path; {type(path).__name__} is not a path") from None
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder, not a checkpoint: name the .pth file in it")
    if not path.exists():
        raise CheckpointError(f"{path} does not exist")
    if not path.is_file():  # opening a pipe would wait for a writer
        raise CheckpointError(f"{path} is not a checkpoint: it is not a regular file")
    contents = _contents(path)
    if not isinstance(contents, dict) or not _is_state_dict(contents.get("model_state_dict")):
        raise CheckpointError(f"{path} is not a YOGO checkpoint: it holds no model_state_dict")
    return _checkpoint(path, contents)


def _is_state_dict(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in value.items())


def _contents(path: Path) -> object:
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise CheckpointError(f"{path} is not a checkpoint, or it was cut short")
            # torch stores its records uncompressed; a compressed one could grow without bound when read.
            with zipfile.ZipFile(file) as archive:
                if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                    raise CheckpointError(f"{path} is not a checkpoint: it is a compressed archive")
        return _load(path)
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    # A hostile file can make the readers raise any exception; each of them means that the file cannot be read.
    except Exception as error:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint, and nothing in it was run: {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """Why torch refused to read a file, without torch's advice on how to execute what is in it anyway."""
    asked_for = re.search(r"GLOBAL (\S+)", str(error))
    if asked_for:
        return f"it asks for {asked_for[1][:100]}, where a checkpoint holds weights and numbers"
    return "it is damaged, or its format is unknown"


def _load(file: Path | io.BytesIO) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        contents: object = torch.load(file, map_location="cpu", weights_only=True)
    return contents


def _checkpoint(path: Path, contents: Mapping[str, Any]) -> Checkpoint:
    def dictionary(key: str) -> dict[str, Any] | None:
        value = contents.get(key)
        return value if isinstance(value, dict) and value else None

    classes = contents.get("classes")
    best_loss = contents.get("best_loss")
    try:
        return Checkpoint(
            path=path,
            model_state_dict=dict(contents["model_state_dict"]),
            model_version=str(contents.get("model_version") or ""),
            epoch=int(contents.get("epoch") or 0),
            step=int(contents.get("step") or 0),
            normalize_images=bool(contents.get("normalize_images") or False),
            classes=tuple(str(name) for name in classes) if isinstance(classes, list | tuple) and classes else None,
            run_name=str(contents.get("model_name") or ""),
            image_bits=_image_bits(contents.get("image_bits")),
            count_thresholds=_count_thresholds(contents.get("count_thresholds"), classes),
            count_correction=_count_correction(contents.get("count_correction"), classes),
            optimizer_state_dict=dictionary("optimizer_state_dict"),
            scaler_state_dict=dictionary("scaler_state_dict"),
            recipe=dictionary("recipe"),
            best_loss=None if best_loss is None else float(best_loss),
            training=dictionary("training") or {},
            versions={str(name): str(version) for name, version in (dictionary("versions") or {}).items()},
        )
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} is not a YOGO checkpoint: what it says about its training is not understood "
            f"({first_line(error)[:200]})"
        ) from error


def _image_bits(value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or not 8 <= value <= 16):
        raise ValueError(f"{value} bits per value")
    return value


def _count_thresholds(value: Any, classes: Any) -> CountThresholds | None:
    found = None if value is None else CountThresholds.model_validate(value)
    if found is not None and list(found.of_class) != list(classes or ()):
        raise ValueError("count thresholds of other classes")
    return found


def _count_correction(value: Any, classes: Any) -> CountCorrection | None:
    try:
        found = None if value is None else CountCorrection.model_validate(value)
    except ValidationError as error:
        raise ValueError(f"the correction of its counts: {sentences(error)[0]}") from error
    if found is not None and list(found.classes) != list(classes or ()):
        raise ValueError("a correction of the counts of other classes")
    return found


def _on_cpu(value: Any) -> Any:
    """`value` with all of its tensors on the CPU, so that the file opens on a machine without this device."""
    match value:
        case Tensor():
            return value.detach().cpu()
        case Mapping():
            return {key: _on_cpu(part) for key, part in value.items()}
        case list():
            return [_on_cpu(part) for part in value]
        case tuple():
            return tuple(_on_cpu(part) for part in value)
    return value
