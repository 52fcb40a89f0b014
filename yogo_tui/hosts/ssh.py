"""A machine reached over SSH, with the user's own SSH configuration, which is read and never written.

asyncssh is imported at the first connection only: a console on the login node itself never needs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Completed, Entry, Piece

if TYPE_CHECKING:
    import asyncssh

CONNECT_SECONDS = 30.0
KEEPALIVE_SECONDS = 15.0
_NOT_FOUND = 127
"""How a shell, and `env`, say that there is no such command."""


class SshHost:
    """Connects at the first call, and again at the first one after the connection was lost."""

    def __init__(self, target: str, *, config: Path | None = None) -> None:
        """`target` is what one gives to ssh: a host, user@host, or a name from the SSH configuration;
        `config` stands in for ~/.ssh/config."""
        self._target = target
        self._config = config
        self._link: _Link | None = None
        self._connecting = asyncio.Lock()

    @property
    def name(self) -> str:
        return self._target

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        timeout_seconds: float = 150.0,
    ) -> Completed:
        command = shlex.join([*_env(env or {}), *argv])
        async with self._linked(f"running {argv[0]}") as link:
            try:
                async with asyncio.timeout(timeout_seconds):
                    done = await _run(link.connection, command, stdin.encode())
            except TimeoutError as error:
                sentence = f"{argv[0]} gave no answer from {self.name} within {timeout_seconds:g} s; it may have run."
                raise HostError(sentence) from error
        if done.exit_status is None or done.exit_status < 0:
            raise HostError(f"The connection to {self.name} was lost, or {argv[0]} killed; it may have run.")
        if done.exit_status == _NOT_FOUND:
            raise HostError(f"{argv[0]} cannot be run on {self.name}: there is no such command.")
        return Completed(done.exit_status, _text(done.stdout), _text(done.stderr))

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        async with self._linked(f"reading {path}") as link, link.files.open(str(path), "rb") as file:
            # Both at once: over a slow link each answer costs its latency.
            status, data = await asyncio.gather(file.stat(), file.read(limit, offset))
        assert isinstance(data, bytes)  # as "rb" asked
        return Piece(data, status.size or 0)

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        async with self._linked(f"listing {path}") as link:
            found = [one for one in await link.files.readdir(str(path)) if _text(one.filename) not in (".", "..")]
            entries = await asyncio.gather(*(_entry(link.files, path, one) for one in found))
        return tuple(sorted((entry for entry in entries if entry), key=lambda entry: entry.name))

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        async with self._linked(f"writing {path}") as link:
            await link.files.makedirs(str(path.parent), exist_ok=True)
            try:
                async with link.files.open(str(part), "wb") as file:
                    await file.write(data)
                    await file.fsync()
                await link.files.posix_rename(str(part), str(path))
            except BaseException:
                with contextlib.suppress(*_failures()):
                    await link.files.remove(str(part))
                raise

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()
            self._link = None

    @contextlib.asynccontextmanager
    async def _linked(self, what: str) -> AsyncIterator[_Link]:
        """A live connection; what goes wrong with it comes out as HostError, or FileNotFoundError."""
        link = await self._connect()
        import asyncssh

        try:
            yield link
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
            raise FileNotFoundError(f"{what}: {error.reason}") from error
        except asyncssh.SFTPError as error:
            raise HostError(f"{self.name} refused {what}: {error.reason}.") from error
        except (asyncssh.Error, OSError) as error:
            await self._drop(link)
            raise HostError(f"The connection to {self.name} was lost while {what}: {error}.") from error

    async def _connect(self) -> _Link:
        async with self._connecting:
            if self._link is not None and self._link.is_alive:
                return self._link
            self._link = None
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    self._link = await _open(self._target, self._config)
            except TimeoutError as error:
                raise HostError(f"{self.name} gave no answer within {CONNECT_SECONDS:g} s.") from error
            except _failures() as error:
                raise HostError(_why_not(self.name, error)) from error
            return self._link

    async def _drop(self, link: _Link) -> None:
        if self._link is link:
            self._link = None
        await link.close()


class _Link:
    """One connection and its file channel."""

    def __init__(self, connection: asyncssh.SSHClientConnection, files: asyncssh.SFTPClient) -> None:
        self.connection = connection
        self.files = files

    @property
    def is_alive(self) -> bool:
        return not self.connection.is_closed()

    async def close(self) -> None:
        self.connection.close()
        with contextlib.suppress(TimeoutError, *_failures()):
            async with asyncio.timeout(2.0):
                await self.connection.wait_closed()


async def _open(target: str, config: Path | None) -> _Link:
    import asyncssh

    from yogo_tui.hosts import host_keys

    user, _, host = target.rpartition("@")
    options: dict[str, Any] = {"username": user} if user else {}
    if config is not None:
        options["config"] = [str(config)]
    keys = host_keys.Seen(target, host, options)
    try:
        connection, _ = await asyncssh.create_connection(
            keys.client,
            host,
            known_hosts=keys.known_hosts,
            keepalive_interval=KEEPALIVE_SECONDS,
            keepalive_count_max=3,
            **options,
        )
    except (
        asyncssh.HostKeyNotVerifiable,
        asyncssh.KeyExchangeFailed,
        asyncssh.ConnectionLost,
        ConnectionResetError,  # by a server that has no key of a kind that is known, where its last words are lost
    ) as error:
        raise HostError(await keys.refused(error)) from error
    return _Link(connection, await connection.start_sftp_client())


def _failures() -> tuple[type[Exception], ...]:
    import asyncssh

    return (asyncssh.Error, OSError)


def _why_not(name: str, error: Exception) -> str:
    import asyncssh

    match error:
        case asyncssh.PermissionDenied():
            return f"{name} did not let us in ({error.reason}): does `ssh {name}` work without a password?"
        case _:
            return f"{name} cannot be reached: {error}."


async def _run(connection: asyncssh.SSHClientConnection, command: str, stdin: bytes) -> asyncssh.SSHCompletedProcess:
    process = await connection.create_process(command, encoding=None)
    try:
        process.stdin.write(stdin)
        process.stdin.write_eof()
        return await process.wait()
    finally:
        process.close()  # also when the caller gives up: the server then ends what it can


async def _entry(files: asyncssh.SFTPClient, folder: PurePosixPath, found: asyncssh.SFTPName) -> Entry | None:
    import asyncssh

    name, status = _text(found.filename), found.attrs
    if status.type == asyncssh.FILEXFER_TYPE_SYMLINK:
        try:
            status = await files.stat(str(folder / name))
        except asyncssh.SFTPError:  # a link to nothing
            return None
    return Entry(name, status.type == asyncssh.FILEXFER_TYPE_DIRECTORY, status.size or 0, float(status.mtime or 0))


def _env(variables: Mapping[str, str]) -> list[str]:
    """Servers accept few variables over SSH itself, so `env` sets them there."""
    if not variables:
        return []
    removed = [word for name, value in variables.items() if not value for word in ("-u", name)]
    return ["env", *removed, *(f"{name}={value}" for name, value in variables.items() if value)]


def _text(data: bytes | str | None) -> str:
    return data.decode("utf-8", errors="replace") if isinstance(data, bytes) else data or ""
