"""A function of a request as one of the request's own arguments, which are declared in the request alone."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from pydantic import ValidationError

from yogo.deprecation import warn_once
from yogo.errors import InferenceError
from yogo.recipe import docstrings
from yogo.text.wording import sentences

P = ParamSpec("P")
R = TypeVar("R")
Asked = TypeVar("Asked")


def taking(
    request: Callable[P, Asked], *, outdated: tuple[str, ...] = ()
) -> Callable[[Callable[[Asked], R]], Callable[P, R]]:
    """Makes `f(request)` a function that is called as the request is, a pydantic dataclass; its help tells of each.

    What is wrong with an argument is an InferenceError. Of `outdated` ones it says that they have no effect.
    """
    model: Any = request
    signature, hints, texts = inspect.signature(model), typing.get_type_hints(model), docstrings(model)
    parameters = [one.replace(annotation=hints[one.name]) for one in signature.parameters.values()]

    def decorated(function: Callable[[Asked], R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in outdated:
                if name in kwargs:
                    warn_once(f"{function.__name__}() knows {name} no longer: it has no effect", stacklevel=2)
            try:
                bound = signature.bind(*args, **kwargs)
                asked = model(**{name: _plain(value) for name, value in bound.arguments.items()})
            except TypeError as error:
                raise TypeError(f"{function.__name__}() {error}") from None
            except ValidationError as error:
                raise InferenceError("; ".join(map(str, sentences(error)))) from error
            return function(asked)

        returned = typing.get_type_hints(function)["return"]
        call.__signature__ = inspect.Signature(parameters, return_annotation=returned)  # type: ignore[attr-defined]
        call.__doc__ = "\n".join(
            (function.__doc__ or "", *(f"    {name}: {texts[name]}" for name in signature.parameters))
        )
        return call

    return decorated


def _plain(value: Any) -> Any:
    """Python's own number, of one of numpy's or torch's."""
    return value.item() if getattr(value, "shape", None) == () else value
