"""What a run's best.pth is used for, as a job like any other: a test, a look for cells in images, an export.

Each use has a folder of its own in the run directory, `uses/<what>-<when>`, with its script, its log and its results.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import PurePosixPath

from yogo.run.record import now
from yogo_tui.cluster.base import Cluster, JobId
from yogo_tui.errors import ClusterUnknown, LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.script import render_use
from yogo_tui.settings import Settings, SizePreset

FOLDER = "uses"


class Purpose(StrEnum):
    """Each is the name of yogo's command too."""

    TEST = "test"
    INFER = "infer"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Use:
    """A use that could be submitted."""

    purpose: Purpose
    run: str
    """The run's name."""

    directory: PurePosixPath
    """The run's folder, which holds best.pth."""

    size: SizePreset
    source: PurePosixPath | None = None
    """The definition to test on, or the folder of images (or zarr store) to look at."""

    options: tuple[str, ...] = ()
    """Further words of the command, as a person wrote them."""

    @property
    def name(self) -> str:
        """Of its job."""
        return f"{self.run}-{self.purpose}"

    def words(self, folder: PurePosixPath) -> list[str]:
        """What is said to `yogo`; what it makes lies in `folder`."""
        checkpoint, source = str(self.directory / "best.pth"), str(self.source or "")
        match self.purpose:
            case Purpose.TEST:
                words = [checkpoint, source, "--dump-to-disk"]
            case Purpose.INFER:
                is_store = self.source is not None and self.source.suffix in {".zarr", ".zip"}
                words = [checkpoint, "--path-to-zarr" if is_store else "--path-to-images", source]
                words += ["--count", *([] if is_store else ["--save-preds"]), "--output-dir", str(folder)]
            case Purpose.EXPORT:
                words = [checkpoint, "--output-filename", str(folder / f"{self.run}.onnx")]
        return [str(self.purpose), *words, *self.options]

    def makes(self, folder: PurePosixPath) -> PurePosixPath:
        """Where what it makes will lie: `yogo test` writes its figures beside the weights."""
        if self.purpose is Purpose.TEST and self.source:
            return self.directory / f"best-test-{self.source.stem}.json"
        return folder


@dataclass(frozen=True, slots=True)
class Used:
    """A use that was submitted."""

    use: Use
    folder: PurePosixPath
    job_id: JobId | None
    """None where no answer came, so that the job may or may not exist."""

    notice: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """What a use of a run has left."""

    folder: PurePosixPath
    files: tuple[str, ...]
    """Names of what it made, without its script; its log's, where it has made nothing else."""


async def results(host: Host, directory: PurePosixPath) -> tuple[Results, ...]:
    """Of the tests, whose figures lie beside the weights, and of each use, the latest first. Raises HostError."""
    try:
        folders = [entry.name for entry in await host.list(directory / FOLDER) if entry.is_folder]
    except FileNotFoundError:
        return ()
    newest = sorted(folders, key=lambda name: name.partition("-")[2], reverse=True)
    tested = sorted([entry.name for entry in await host.list(directory) if fnmatch(entry.name, "*-test-*.json")])
    beside_it = [Results(directory, tuple(tested))] if tested else []
    return (*beside_it, *[await _made(host, directory / FOLDER / name) for name in newest])


async def _made(host: Host, folder: PurePosixPath) -> Results:
    try:
        names = [entry.name for entry in await host.list(folder)]
    except FileNotFoundError:  # removed meanwhile
        names = []
    made = [name for name in names if not name.endswith((".sbatch", ".log"))]
    return Results(folder, tuple(made or [name for name in names if name.endswith(".log")]))


async def use(host: Host, cluster: Cluster, settings: Settings, wanted: Use) -> Used:
    """Submit it once. Raises LaunchError where there is nothing to use, TemplateError, ClusterError, HostError."""
    await _check(host, wanted)
    folder = wanted.directory / FOLDER / f"{wanted.purpose}-{now().astimezone():%Y%m%d-%H%M%S-%f}"
    script = folder / "job.sbatch"
    text = render_use(settings, wanted.size, name=wanted.name, folder=folder, words=wanted.words(folder))
    await host.write(script, text.encode())
    try:
        return Used(wanted, folder, await cluster.submit(script))
    except ClusterUnknown as error:
        return Used(wanted, folder, None, f"It is not known whether the cluster has {wanted.name}: {error}")


async def _check(host: Host, wanted: Use) -> None:
    """Raises LaunchError where a file is missing that the job would miss."""
    checkpoint = wanted.directory / "best.pth"
    try:
        await host.read(checkpoint, limit=1)
    except FileNotFoundError:
        raise LaunchError(f"{wanted.run} has no best.pth yet: there is nothing to {wanted.purpose}.") from None
    if wanted.source is None and wanted.purpose is not Purpose.EXPORT:
        raise LaunchError(f"It is not known what {wanted.run} was trained on: name what to {wanted.purpose} it on.")
    if wanted.source is not None and (await host.run(["test", "-e", str(wanted.source)])).status:
        raise LaunchError(f"{wanted.source} does not exist.")
