"""Answers the questions of a console on another machine: `yogo-tui serve`, on standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import IO, Any

from pydantic import ValidationError

from yogo.distribution import VERSION
from yogo_tui.errors import HostError
from yogo_tui.hosts.answering import answer
from yogo_tui.hosts.messages import MARK, PROTOCOL, error_of, packed, question_of
from yogo_tui.serving.table import kind_of


async def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer until `source` ends; then whatever is still under way is left."""
    hello = json.dumps({"version": VERSION, "protocol": PROTOCOL}).encode()
    _write(sink, MARK + hello)
    running: dict[int, asyncio.Task[None]] = {}
    while line := await asyncio.to_thread(source.readline):
        message = json.loads(line)
        if (number := message.get("cancel")) is not None:
            if number in running:
                running[number].cancel()
            continue
        number = message["id"]
        running[number] = task = asyncio.create_task(_answer(sink, message))
        task.add_done_callback(lambda _, number=number: running.pop(number, None))  # type: ignore[misc]


async def _answer(sink: IO[bytes], message: dict[str, Any]) -> None:
    number = message["id"]

    def tell(what: str, done: int, total: int) -> None:
        _write(sink, json.dumps({"id": number, "tell": [what, done, total]}).encode())

    try:
        kind = await asyncio.to_thread(kind_of, message["ask"])
        if kind is None:
            raise HostError(
                f"yogo {VERSION} there has no answer to {message['ask']}: install the same version on both."
            )
        said = await answer(question_of(kind, message["of"]), tell)
        _write(sink, json.dumps({"id": number, "answer": await asyncio.to_thread(packed, kind, said)}).encode())
    except ValidationError as error:
        sentence = f"yogo {VERSION} there does not understand the question {message['ask']}: {error}"
        _write(sink, json.dumps({"id": number, "error": ["HostError", sentence]}).encode())
    except Exception as error:  # told to whoever asked, whatever it is
        _write(sink, json.dumps({"id": number, "error": error_of(error)}).encode())


def _write(sink: IO[bytes], line: bytes) -> None:
    sink.write(line + b"\n")
    sink.flush()


def main() -> int:
    """Serve on this process's standard input and output. What an answer prints goes to standard error instead."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asyncio.run(serve(sys.stdin.buffer, sink))
    return 0
