"""What all tests share: waiting for what a user would see, and the real Slurm."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.litter import TemporaryFolder
from tests.ports import free_port
from tests.slurm import private as private_slurm
from tests.slurm.daemons import PATH
from tests.ssh_server import Server

with contextlib.suppress(ImportError):  # a machine with a GPU may have no more than its tests need
    import hypothesis

    # However busy the machine is: what hangs meets pytest's timeout.
    hypothesis.settings.register_profile("any pace", deadline=None)
    hypothesis.settings.load_profile("any pace")

T = TypeVar("T")
Until = Callable[..., Awaitable[object]]

# A shell that starts the tests in the background has them ignore the first two, and nohup the third; so would every
# process they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


_TEMPORARY = pytest.StashKey[TemporaryFolder]()
_LEFT = pytest.StashKey[dict[int, str]]()


def _is_worker(config: pytest.Config) -> bool:
    """Whether another process of pytest has this one run some of the tests (pytest -n)."""
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Beside the others' and not in one of them: what a worker's tests leave is its own.
    config.stash[_TEMPORARY] = folder = TemporaryFolder(beside=_is_worker(config))
    config.stash[_LEFT] = {}
    # For pictures as small as these one thread is quicker, most of all where others want the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Of a Slurm that this shell speaks to, or of the job that it is in, no test is to know.
    for name in [name for name in os.environ if name.startswith(("SLURM_", "SBATCH_"))]:
        del os.environ[name]
    # Short, as paths in it are read on screens of 80 columns, and sockets' may have 107 bytes.
    if _is_worker(config) or not config.option.basetemp:
        config.option.basetemp = str(folder.path / "p")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    from tests.side_by_side import Sharing

    return Sharing(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker has ended: what it found left is told by the process that started it."""
    node.config.stash[_LEFT].update(getattr(node, "workeroutput", {}).get("left", {}))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    left = config.stash[_LEFT] | config.stash[_TEMPORARY].end_processes()
    if _is_worker(config):
        config.workeroutput["left"] = left  # type: ignore[attr-defined]
        return
    for number, command in left.items():
        print(f"\nA test left process {number}: {command}", file=sys.stderr)
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_TEMPORARY].remove()


@dataclass(frozen=True)
class Slurm:
    """A running private Slurm."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to speak to it: HereHost(environment), subprocess.run(env=...)."""
        return private_slurm.environment(self.folder)

    def run(self, *argv: str) -> str:
        """One of Slurm's own commands, such as scontrol; what it printed."""
        environment = os.environ | self.environment
        return subprocess.run(argv, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout

    def start_again(self) -> str:
        """What a second `up` says."""
        script = private_slurm.__file__
        return self.run(sys.executable, script, "up", "--folder", str(self.folder))

    def forget_after(self, seconds: int) -> None:
        """From now on, Slurm forgets a job that ended so long ago (MinJobAge; 300 at first)."""
        file = self.folder / "slurm.conf"
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(f"MinJobAge={seconds}\n" if "MinJobAge=" in line else line for line in lines))
        self.run("scontrol", "reconfigure")

    @contextlib.contextmanager
    def controller_down(self) -> Iterator[None]:
        """slurmctld is gone, having saved what it knows (killed at once, it would forget the last jobs)."""
        (self.folder / "hold").touch()
        controller = os.pidfd_open(int((self.folder / "slurmctld.pid").read_text()))
        signal.pidfd_send_signal(controller, signal.SIGTERM)
        select.select([controller], [], [])  # it answers until it has ended
        os.close(controller)
        try:
            yield
        finally:
            (self.folder / "hold").unlink()
            self.wait_for_controller()

    @contextlib.contextmanager
    def node_lost(self, node: str, *, is_noticed: bool = True) -> Iterator[None]:
        """A node's slurmd and slurmstepd are killed and it is declared down, while what its jobs started lives on.

        Where that is not `is_noticed`, Slurm takes the node for well.
        """
        hold = self.folder / f"hold-{node}"
        hold.touch()
        for pid in private_slurm.daemons_of(self.folder, node):
            os.kill(pid, signal.SIGKILL)
        if is_noticed:
            self.run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        try:
            yield
        finally:
            hold.unlink()
            self.wait_for_node(node)

    def wait_for_node(self, node: str) -> None:
        deadline = time.monotonic() + 60.0
        while self.run("sinfo", "-h", "-n", node, "-o", "%t").strip() not in ("idle", "mix"):
            self.run("sh", "-c", f"scontrol update nodename={node} state=resume || true")
            assert time.monotonic() < deadline, f"{node} did not come back"
            time.sleep(0.2)

    def wait_for_controller(self) -> None:
        deadline = time.monotonic() + 30.0
        while "UP" not in self.run("sh", "-c", "scontrol ping || true"):
            assert time.monotonic() < deadline, "slurmctld did not come back"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """A real Slurm, two nodes of four pretend A100s: started once, and gone with the test run, however that ends."""
    folder = Path(tempfile.mkdtemp(prefix="yogo-slurm-", dir="/tmp"))
    folder.rmdir()
    try:
        private_slurm.up(folder, owner=os.getpid())
    except private_slurm.SlurmUnavailable as error:
        if os.environ.get("YOGO_REQUIRE_SLURM") == "1":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    try:
        yield Slurm(folder)
    finally:
        private_slurm.down(folder)


async def _until(
    look: Callable[[], T | Awaitable[T]], *, seconds: float = 30.0, what: str = "", every_seconds: float = 0.05
) -> T:
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        value = await seen if isinstance(seen, Awaitable) else seen
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds:g} s, still not so: {what or look}; last seen: {value!r}")
        await asyncio.sleep(every_seconds)


@pytest.fixture
def until() -> Until:
    """`await until(lambda: ...)` looks (the look may be async) until it is true, and returns what it saw; it fails
    after `seconds`, saying `what` was waited for."""
    return _until


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[Server]:
    """A real sshd on the loopback; its `config` is the SSH configuration that reaches it as "login"."""
    sshd = shutil.which("sshd", path=PATH)
    if sshd is None:
        pytest.skip("needs sshd: run tests/slurm/install.sh as root, or with sudo")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd insists on it for its privilege separation
    (tmp_path / "ssh").mkdir()
    server = Server(sshd, tmp_path / "ssh", free_port())
    server.prepare()
    try:
        server.start()
        yield server
    finally:
        server.kill()
