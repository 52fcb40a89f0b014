"""What the console and `yogo-tui serve` on a far machine say to each other: lines of JSON.

console  {"id": 3, "ask": "Survey", "of": {"path": "/data/cells.yml"}}      a question, and its fields
         {"cancel": 3}                                                      nobody waits for it any more
         {"id": 0, "ask": "", "of": {}}                                     is it still there? An error says so
serve    yogo-answers {"version": "2.0.0", "protocol": 1}                   first, behind whatever the login prints
         {"id": 3, "tell": ["reading labels", 200, 0]}
         {"id": 3, "answer": "eJyLVspITcwpyahU0lFQKsrMS1eKBQA/EwYs"}    see packed
         {"id": 3, "error": ["DefinitionError", "/data/cells.yml, line 3: ..."]}
"""

from __future__ import annotations

import base64
import functools
import json
import typing
import zlib
from typing import Any

from pydantic import TypeAdapter

import yogo.errors
import yogo_tui.errors
from yogo.errors import YogoError
from yogo.files.places import told
from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.hosts.base import A, Question

MARK = b"yogo-answers "
PROTOCOL = 1

_PLAIN = {
    name: kind
    for module in (yogo.errors, yogo_tui.errors)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, YogoError | ConsoleError) and "__init__" not in vars(kind)
}
"""The errors that are made of their sentence alone."""


def asked(question: Question[Any]) -> dict[str, Any]:
    """A question for the line: its name and its fields. A name that is not UTF-8 keeps its bytes."""
    fields = _adapter(type(question)).dump_python(question, mode="json")
    return {"ask": type(question).__name__, "of": fields}


def question_of(kind: type[Question[Any]], fields: object) -> Question[Any]:
    """The question that was asked. Raises ValueError where the fields are others."""
    question: Question[Any] = _adapter(kind).validate_python(fields)
    return question


def packed(kind: type[Question[Any]], answer: object) -> str:
    """An answer for the line. The names of many files are much alike, and images are grey."""
    said = json.dumps(_answer_adapter(kind).dump_python(answer, mode="json"))
    return base64.b64encode(zlib.compress(said.encode())).decode()


def unpacked(kind: type[Question[A]], text: str) -> A:
    """The answer. Raises ValueError."""
    try:
        answer: A = _answer_adapter(kind).validate_python(json.loads(zlib.decompress(base64.b64decode(text))))
    except zlib.error as error:
        raise ValueError(str(error)) from error
    return answer


@functools.cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@functools.cache
def _answer_adapter(kind: type[Question[Any]]) -> TypeAdapter[Any]:
    return TypeAdapter(typing.get_type_hints(kind.answer)["return"])


def error_of(error: Exception) -> tuple[str, str]:
    """The nearest kind of error that is made of its sentence, and the sentence."""
    if isinstance(error, OSError) and not isinstance(error, YogoError):
        return "HostError", told(error)
    kind = next((one.__name__ for one in type(error).__mro__ if _PLAIN.get(one.__name__) is one), "")
    return kind or "HostError", str(error) if kind else f"{type(error).__name__}: {error}"


def raised(kind: str, sentence: str) -> Exception:
    """The error that was told. One that is not known here is a HostError."""
    return _PLAIN.get(kind, HostError)(sentence)
