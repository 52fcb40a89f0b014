"""W&B in a separate process, so that its output, delays and crashes do not affect the training.

One JSON object per line in both directions: first `begin`, then what is to be logged, then `finish`. Output of W&B and
Python goes to a file in the run's folder `wandb`. Signals are blocked: the trainer, or its end, ends this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from typing import Any

from yogo import signals
from yogo.errors import first_line

REACH_SECONDS = 4.0
"""W&B's own library tries for minutes to reach a server that is not there."""


class WandbService:
    def __init__(self, replies: int) -> None:
        self._replies = replies
        self._run: Any = None

    def reply(self, **message: object) -> None:
        os.write(self._replies, json.dumps(message).encode() + b"\n")

    def do(self, message: dict[str, Any]) -> None:
        match message:
            case {"begin": settings}:
                self._begin(settings)
            case {"log": values, "step": step}:
                self._run.log(values, step=step)
            case {"metrics": text}:
                from yogo.run.metrics import Metrics
                from yogo.training.listeners.charts import charts

                self._run.log(charts(Metrics.model_validate_json(text)))
            case {"finish": status}:
                self._run.finish(exit_code=status)
                self.reply(finished=True)

    def _begin(self, settings: dict[str, Any]) -> None:
        import wandb

        self.reply(imported=True)
        trouble = _unreachable(wandb) if settings["mode"] == "online" else ""
        if settings["mode"] == "online" and not trouble:
            try:
                self._run = _init(wandb, settings)
            # W&B raises many kinds of errors, also of other libraries.
            except Exception as error:
                trouble = first_line(error)
                # A service that could not reach W&B holds on to the run's id.
                wandb.teardown()
        if self._run is None:
            settings |= {"mode": "offline", "resume": None}
            self._run = _init(wandb, settings)
        self.reply(
            begun=settings["mode"],
            id=str(self._run.id),
            url=str(self._run.url or "") if settings["mode"] == "online" else "",
            folder=str(self._run.settings.sync_dir),
            trouble=trouble,
        )


def _init(wandb: Any, settings: dict[str, Any]) -> Any:
    known = wandb.Settings.model_fields
    own = {name: value for name, value in settings["settings"].items() if name in known}
    return wandb.init(**{**settings, "settings": own})


def _unreachable(wandb: Any) -> str:
    """Why the server cannot be reached; empty if it gives any answer."""
    url = str(wandb.setup().settings.base_url)  # those alone know what the environment says
    try:
        urllib.request.urlopen(url, timeout=REACH_SECONDS).close()
    except urllib.error.HTTPError:
        return ""
    except urllib.error.URLError as error:
        reason = error.reason
        # A certificate that only W&B's library knows is not our concern, and the server did answer.
        return "" if "certificate" in str(reason).lower() else f"{url} cannot be reached: {_words(reason)}"
    except (OSError, ValueError) as error:
        return f"{url} cannot be reached: {_words(error)}"
    return ""


def _words(error: object) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def main() -> None:
    # W&B's own process inherits that: what ends a job's processes would end it before it has written everything.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals.HANDLED)
    replies = os.dup(1)
    os.dup2(2, 1)
    service = WandbService(replies)
    for line in sys.stdin.buffer:
        try:
            service.do(json.loads(line))
        except Exception as error:
            with contextlib.suppress(BrokenPipeError):
                service.reply(error=first_line(error))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # W&B's own end has no time limit, and everything was said
