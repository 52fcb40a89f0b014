"""Where the processes that train together find one another, and what is said while one of them does not come."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence

from torch.distributed import FileStore, PrefixStore, Store, TCPStore  # type: ignore[attr-defined]

from yogo.errors import TrainingError
from yogo.terminal import printable
from yogo.training.place import Place

SAY_SECONDS = 5.0
SAY_WHERE_LAUNCHED_SECONDS = 60.0
"""The launcher says it if one of those that it started is gone; before that, they only start slowly."""

SAY_AGAIN_SECONDS = 60.0

GIVE_UP_SECONDS = 600.0
"""Python on a cold network drive takes minutes to start; a process that never does is waited for no longer."""

TRY_SECONDS = 3.0
"""How long a single try to reach the first process may take: in it, no signal is heard."""

Say = Callable[[str], None]


class NotMetError(TrainingError):
    """Not all processes came."""

    def __init__(self, sentence: str, *, is_mine: bool) -> None:
        super().__init__(sentence)
        self.is_mine = is_mine
        """Whether this process is the one to say it."""


def meet(place: Place, say: Say | None = None) -> Store:
    """A store that all processes of the run share, once all have come. Raises NotMetError, signals.Stop."""
    watch = _Watch(place, say or _say)
    store = PrefixStore(place.key, _open(place, watch))
    store.set(_sign(place.rank), "here")
    missing = [rank for rank in range(place.world_size) if rank != place.rank]
    while missing := [rank for rank in missing if not store.check([_sign(rank)])]:
        watch.wait_for(missing)
    return store


def _sign(rank: int) -> str:
    return f"here/{rank}"


class _Watch:
    """Says now and then who is waited for, and in the end that nobody waits any longer."""

    def __init__(self, place: Place, say: Say) -> None:
        self._place = place
        self._say = say
        self._began = time.monotonic()
        self._say_at = self._began + (SAY_WHERE_LAUNCHED_SECONDS if place.launcher_speaks else SAY_SECONDS)

    def wait_for(self, missing: Sequence[int]) -> None:
        """Raises NotMetError."""
        # One of those that came speaks: the first.
        is_mine = all(rank in missing for rank in range(self._place.rank))
        now = time.monotonic()
        if now - self._began > GIVE_UP_SECONDS:
            minutes = GIVE_UP_SECONDS / 60
            raise NotMetError(f"{self._who(missing)} did not come in {minutes:g} minutes", is_mine=is_mine)
        if now >= self._say_at and is_mine:
            self._say_at = now + SAY_AGAIN_SECONDS
            advice = f"; {self._place.advice}" if self._place.advice else ""
            self._say(f"waiting for {self._who(missing)}{advice}")
        time.sleep(0.1)

    def _who(self, missing: Sequence[int]) -> str:
        numbers = ", ".join(map(str, missing[:8])) + (", …" if len(missing) > 8 else "")
        where = self._place.meeting.removeprefix("tcp://").removeprefix("file://")
        process = "process" if len(missing) == 1 else "processes"
        return f"{process} {numbers} of {self._place.world_size} (ranks are counted from 0) to come to {where}"


def _say(sentence: str) -> None:
    print(f"note: {printable(sentence)}", flush=True)


def _open(place: Place, watch: _Watch) -> Store:
    kind, _, where = place.meeting.partition("://")
    if kind == "file":
        return FileStore(where, place.world_size)
    host, _, port = where.rpartition(":")
    if place.rank == 0 and not place.is_hosted:
        return _host(host, int(port), place)
    while True:
        try:
            return _store(host, int(port), place, is_master=False)
        except (RuntimeError, ValueError):  # nobody answers there yet
            watch.wait_for(range(place.rank))


def _host(host: str, port: int, place: Place) -> Store:
    """Raises NotMetError where the port is taken."""
    try:
        return _store(host, port, place, is_master=True)
    except (RuntimeError, ValueError) as error:
        words = str(error)
        if "address already in use" in words.lower() or "EADDRINUSE" in words:
            what = f"port {port} of this machine, where the processes are to meet, is taken: set MASTER_PORT to another"
        elif "permission denied" in words.lower():
            what = f"port {port} is not for users: set MASTER_PORT to one of 1024 or more"
        else:
            first_line = (words.splitlines() or [type(error).__name__])[0]
            what = f"the processes cannot meet at {host}:{port} (MASTER_ADDR and MASTER_PORT): {first_line}"
        raise NotMetError(what, is_mine=True) from error


def _store(host: str, port: int, place: Place, *, is_master: bool) -> Store:
    return TCPStore(
        host,
        port,
        place.world_size,
        is_master,
        timeout=datetime.timedelta(seconds=TRY_SECONDS),
        wait_for_workers=False,
    )
