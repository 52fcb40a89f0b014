"""Tells somebody elsewhere that a run, or a job that uses one, has ended: by the user's command, and by a webhook."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from yogo.files.places import NoHome, expanded, told
from yogo_tui.errors import SettingsError
from yogo_tui.hosts.base import Tell

_COMMAND_SECONDS = 30.0
_WEBHOOK_SECONDS = 10.0
_TRIES, _PAUSE_SECONDS = 3, 2.0
_ON_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_LONGEST = 4096


@dataclass(frozen=True)
class RunEnd:
    """How a run has ended, or a job that uses one."""

    name: str
    state: str
    why: str = ""
    folder: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.name}: {self.state}{f', {self.why}' if self.why else ''}"


@dataclass(frozen=True)
class AnnounceEnd:
    """Run the command and call the webhook of the settings. Answers what went wrong, a sentence each."""

    end: RunEnd
    command: str = ""
    """Its words; it gets YOGO_RUN, YOGO_STATE, YOGO_WHY and YOGO_FOLDER in its environment, and no shell reads them."""

    webhook: str = ""
    """Where its URL is: $VARIABLE, or a file. The URL itself is a secret, which is neither sent nor told."""

    changes: ClassVar = "the end of the run was told"

    def answer(self, tell: Tell) -> tuple[str, ...]:
        return (*self._run(), *self._call())

    def _run(self) -> Iterator[str]:
        if not self.command:
            return
        end = self.end
        said = {"YOGO_RUN": end.name, "YOGO_STATE": end.state, "YOGO_WHY": end.why, "YOGO_FOLDER": end.folder}
        try:
            done = subprocess.run(
                shlex.split(self.command),
                env=os.environ | said,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            yield f"notify_command was ended: it took more than {_COMMAND_SECONDS:g} s."
        except OSError as error:
            yield f"notify_command could not be run: {told(error)}."
        else:
            if done.returncode:
                lines = done.stderr.decode(errors="replace").strip().splitlines()
                yield f"notify_command ended with status {done.returncode}{f': {lines[-1]}' if lines else ''}."

    def _call(self) -> Iterator[str]:
        if not self.webhook:
            return
        why = ""
        try:
            url = secret_url(self.webhook)
        except SettingsError as error:
            yield str(error)
            return
        for number in range(_TRIES):
            if number:
                time.sleep(_PAUSE_SECONDS)
            why = _post(url, {"text": self.end.sentence, **asdict(self.end)})
            if not why or why.startswith("it was refused"):
                break
        if why:
            yield f"The webhook that notify_webhook ({self.webhook}) names did not take it: {why}."


def secret_url(where: str) -> str:
    """The URL in $VARIABLE or in a file. Raises SettingsError, which does not tell it."""
    try:
        is_variable = where.startswith("$")
        url = os.environ.get(where[1:], "") if is_variable else expanded(Path(where)).read_text()[:_LONGEST]
    except (OSError, NoHome, UnicodeDecodeError) as error:
        raise SettingsError(f"notify_webhook: {where} cannot be read: {told(error)}.") from None
    parts = urllib.parse.urlsplit(url.strip())
    if (parts.scheme == "https" and parts.hostname) or (parts.scheme == "http" and parts.hostname in _ON_THIS_MACHINE):
        return url.strip()
    raise SettingsError(f"notify_webhook: {where} holds no https:// address.")


def _post(url: str, said: dict[str, str]) -> str:
    """Why it did not go through; empty if it did. It is not sent on to where the address may redirect it."""
    request = urllib.request.Request(
        url, json.dumps(said).encode(), {"Content-Type": "application/json", "User-Agent": "yogo-tui"}, method="POST"
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_WEBHOOK_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"{'it was refused' if error.code < 500 else 'it failed there'}, with status {error.code}"
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return "there was no answer in time" if isinstance(reason, TimeoutError) else type(reason).__name__


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None
