"""All checks, in their order: they run at the same time, and each is told once those before it are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from pathlib import Path, PurePosixPath

from yogo.errors import YogoError
from yogo.files.places import told
from yogo_tui.cluster.site import Site
from yogo_tui.cluster.table import CLUSTERS
from yogo_tui.doctor import console_checks, fitting
from yogo_tui.doctor.console_checks import TerminalFacts
from yogo_tui.doctor.finding import Finding, bad, doubt, good, none
from yogo_tui.doctor.trainer import of_trainer
from yogo_tui.errors import ConsoleError, SettingsError
from yogo_tui.hosts.base import Tell, silent
from yogo_tui.launch.questions import RenderWrapper
from yogo_tui.questions.paths import FindPath
from yogo_tui.questions.surroundings import LookAtMachine, LookedAtMachine
from yogo_tui.session import Session
from yogo_tui.settings import PinnedSettings, Settings

CheckKeys = Callable[[Settings], object]
Check = Callable[[], Awaitable[Iterable[Finding]]]


class Examination:
    """Checks a session. It changes nothing: the files that it writes have no name and are gone at once."""

    def __init__(self, session: Session, terminal: TerminalFacts, keys: CheckKeys, *, with_job: bool = False) -> None:
        """`keys` raises SettingsError where keys of the settings cannot be given, which only the console knows.
        `with_job`: a job is asked as well (see JobProbe)."""
        self._keys = keys
        self._session = session
        self._with_job = with_job
        self._terminal = terminal

    async def findings(self, tell: Tell = silent) -> AsyncGenerator[Finding, None]:
        """Each line as soon as it is known; raises nothing that a person can act upon. Leaving it ends the checks."""
        site = asyncio.create_task(self._session.cluster.site())
        machine = asyncio.create_task(self._look())
        checks = self._checks(site, machine)
        running = [(about, asyncio.create_task(_answered(about, check))) for about, check in checks]
        try:
            for number, (about, task) in enumerate(running):
                tell(f"checking {about}", number, len(running))
                for finding in await task:
                    yield finding
        finally:
            for left in (site, machine, *(task for _, task in running)):
                left.cancel()
            await asyncio.gather(site, machine, *(task for _, task in running), return_exceptions=True)

    def _checks(self, site: asyncio.Task[Site], machine: asyncio.Task[LookedAtMachine]) -> list[tuple[str, Check]]:
        host, settings = self._session.host, self._session.settings
        about = CLUSTERS[settings.cluster].about if settings.cluster in CLUSTERS else "cluster"

        async def programs() -> Iterable[Finding]:
            return console_checks.of_programs(host, await machine)

        async def terminal() -> Iterable[Finding]:
            return console_checks.of_terminal(self._terminal)

        async def places() -> Iterable[Finding]:
            return console_checks.of_places(await machine, console_checks.named(host))

        return [
            ("yogo-tui", programs),
            ("terminal", terminal),
            ("machine", lambda: console_checks.of_host(host)),
            ("settings", self._of_settings),
            (about, lambda: self._of_cluster(about, site)),
            ("scripts", self._of_scripts),
            ("yogo", lambda: of_trainer(self._session, with_job=self._with_job)),
            ("W&B", self._of_wandb),
            ("places", places),
            ("quota", lambda: console_checks.of_quota(host)),
        ]

    async def _look(self) -> LookedAtMachine:
        settings = self._session.settings
        places = (
            ("workspace", settings.workspace_folder),
            ("runs", settings.own_runs_folder),
            ("recipes", settings.own_presets_folder),
        )
        return await self._session.host.ask(LookAtMachine(places))

    async def _of_settings(self) -> Iterable[Finding]:
        settings = self._session.settings
        found = await self._session.host.ask(FindPath(str(settings.file), Path("/")))
        of_file = tuple(console_checks.of_settings(settings, is_there=found.is_there))
        try:
            self._keys(settings)
        except SettingsError as error:
            return (bad("settings", str(error)), *of_file[1:])
        return of_file

    async def _of_cluster(self, about: str, asked: asyncio.Task[Site]) -> Iterable[Finding]:
        if machine := self._session.machine:
            notice = await self._session.cluster.notice()
            found = good("jobs", str(machine))
            return (found, doubt("logout", f"{notice}.")) if notice else (found,)
        site = await asked
        answers = good(about, f"{site.version or self._session.cluster.name} answers")
        if not site.partitions:
            return (answers,)
        settings = self._session.settings
        return (answers, *fitting.of_accounts(settings, site), *fitting.of_sizes(settings, site))

    async def _of_scripts(self) -> Iterable[Finding]:
        """Whether the job script of each size can be made, and bash can read it."""
        settings, host = self._session.settings, self._session.host
        pinned = PinnedSettings.of(settings)
        scripts = await asyncio.gather(*(host.ask(RenderWrapper(pinned, size)) for size in settings.sizes))
        done = await host.run(["bash", "-n"], stdin="\n".join(scripts), only_looks=True)
        if done.status:
            return (bad("scripts", f"bash cannot read them: {done.stderr.strip()}.", "See the setting setup."),)
        own = (
            f", with templates in {settings.templates_folder}" if await self._has_own(settings.templates_folder) else ""
        )
        return (good("scripts", f"one for each size{own}"),)

    async def _has_own(self, folder: Path) -> bool:
        try:
            entries = await self._session.host.list(PurePosixPath(folder))
        except FileNotFoundError:
            return False
        return any(entry.name.endswith(self._session.settings.header.suffix) for entry in entries)

    async def _of_wandb(self) -> Iterable[Finding]:
        mode, why = self._session.settings.wandb_mode
        return (none("W&B", f"off: {why}") if mode == "disabled" else good("W&B", f"{mode}: {why}"),)


async def _answered(about: str, check: Check) -> tuple[Finding, ...]:
    try:
        return tuple(await check())
    except (ConsoleError, YogoError, OSError) as error:
        return (bad(about, told(error)),)
