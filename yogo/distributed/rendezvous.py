"""How the processes that train together find one another, and what is reported while one is missing."""

from __future__ import annotations

import contextlib
import datetime
import socket
import time
from collections.abc import Sequence

from torch.distributed import FileStore, PrefixStore, Store, TCPStore  # type: ignore[attr-defined]

from yogo.distributed.rank_info import RankInfo
from yogo.errors import TrainingError, first_line
from yogo.text.terminal import printable

SAY_SECONDS = 5.0
SAY_WHERE_LAUNCHED_SECONDS = 60.0
"""With our launcher, which reports a process that ended; until then, a missing process is only slow to start."""

SAY_AGAIN_SECONDS = 60.0

GIVE_UP_SECONDS = 600.0
"""Python on a cold network drive takes minutes to start; after this time nobody waits any longer."""

TRY_SECONDS = 3.0
"""How long a single attempt to reach rank 0 may take: during it, no signal is handled."""


class NotMetError(TrainingError):
    """Not all processes joined."""

    def __init__(self, sentence: str, *, is_mine: bool) -> None:
        super().__init__(sentence)
        self.is_mine = is_mine
        """Whether this process reports it."""


def meet(rank_info: RankInfo) -> Store:
    """A store that all processes of the run share, once all have joined. Raises NotMetError, signals.Stop."""
    watch = _Watch(rank_info)
    store = PrefixStore(rank_info.key, _open(rank_info, watch))
    store.set(_sign(rank_info.rank), "here")
    missing = [rank for rank in range(rank_info.world_size) if rank != rank_info.rank]
    while missing := [rank for rank in missing if not store.check([_sign(rank)])]:
        watch.wait_for(missing)
    return store


def _sign(rank: int) -> str:
    return f"here/{rank}"


class _Watch:
    """Reports now and then which processes are missing, and in the end that the others stop waiting."""

    def __init__(self, rank_info: RankInfo) -> None:
        self._rank_info = rank_info
        self._began = time.monotonic()
        self._say_at = self._began + (SAY_WHERE_LAUNCHED_SECONDS if rank_info.launcher_speaks else SAY_SECONDS)

    def wait_for(self, missing: Sequence[int]) -> None:
        """Raises NotMetError."""
        # Of those that joined, the first one reports.
        is_mine = all(rank in missing for rank in range(self._rank_info.rank))
        now = time.monotonic()
        if now - self._began > GIVE_UP_SECONDS:
            minutes = GIVE_UP_SECONDS / 60
            raise NotMetError(f"{self._who(missing)} did not join within {minutes:g} minutes", is_mine=is_mine)
        if now >= self._say_at and is_mine:
            self._say_at = now + SAY_AGAIN_SECONDS
            advice = f"; {self._rank_info.advice}" if self._rank_info.advice else ""
            print(f"note: {printable(f'waiting for {self._who(missing)}{advice}')}", flush=True)
        time.sleep(0.1)

    def _who(self, missing: Sequence[int]) -> str:
        numbers = ", ".join(map(str, missing[:8])) + (", …" if len(missing) > 8 else "")
        where = self._rank_info.init_method.removeprefix("tcp://").removeprefix("file://")
        process = "process" if len(missing) == 1 else "processes"
        return f"{process} {numbers} of {self._rank_info.world_size} (ranks are counted from 0) to join at {where}"


def _open(rank_info: RankInfo, watch: _Watch) -> Store:
    kind, _, where = rank_info.init_method.partition("://")
    if kind == "file":
        return FileStore(where, rank_info.world_size)
    host, _, port = where.rpartition(":")
    if rank_info.rank == 0 and not rank_info.is_hosted:
        return _host(host, int(port), rank_info)
    while True:
        with contextlib.suppress(RuntimeError, ValueError):  # something else answers there, or has just gone
            if _is_open(host, int(port)):
                return _store(host, int(port), rank_info, is_master=False)
        watch.wait_for(range(rank_info.rank))


def _is_open(host: str, port: int) -> bool:
    """Whether somebody listens there. torch, where nobody does, writes a page of stack frames at each try."""
    try:
        with socket.create_connection((host, port), timeout=TRY_SECONDS):
            return True
    except OSError:
        return False


def _host(host: str, port: int, rank_info: RankInfo) -> Store:
    """Raises NotMetError where the port is taken."""
    try:
        return _store(host, port, rank_info, is_master=True)
    except (RuntimeError, ValueError) as error:
        words = str(error)
        if "address already in use" in words.lower() or "EADDRINUSE" in words:
            what = f"port {port} of this machine, where the processes join, is taken: set MASTER_PORT to another"
        elif "permission denied" in words.lower():
            what = f"port {port} is reserved: set MASTER_PORT to 1024 or more"
        else:
            what = f"the processes cannot join at {host}:{port} (MASTER_ADDR and MASTER_PORT): {first_line(error)}"
        raise NotMetError(what, is_mine=True) from error


def _store(host: str, port: int, rank_info: RankInfo, *, is_master: bool) -> Store:
    return TCPStore(
        host,
        port,
        rank_info.world_size,
        is_master,
        timeout=datetime.timedelta(seconds=TRY_SECONDS),
        wait_for_workers=False,
    )
