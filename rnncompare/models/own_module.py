"""A user's own recurrent module in the place of a cell: any class or factory with the interface of torch's modules."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from types import CellType, FunctionType
from typing import Any

import torch
from torch import Tensor, nn

from rnncompare.base.errors import SettingError, require
from rnncompare.base.source import is_plain, source_sha256, stamp_of, text_of

INTERFACE = "called with (input_size, hidden_size), a module that reads (T, B, input_size) and gives (T, B, D H)"


def name_of(factory: Callable[..., nn.Module]) -> str:
    """What a module is called: the name of its class or function.

    Raises:
        SettingError: it has none, as a lambda.
    """
    name = getattr(factory, "__name__", "")
    require(name.isidentifier(), "models", factory, "the name of a model, or a class or function that has a name")
    return name


def make(factory: Callable[..., nn.Module], input_size: int, hidden_size: int, **layers: Any) -> nn.Module:
    """The module that ``factory`` makes.

    Args:
        factory: a class, or a function that gives a module.
        input_size: I.
        hidden_size: H.
        layers: ``num_layers``, ``dropout`` and ``bidirectional``; only what differs from one plain layer is handed on,
            so that a module need not know them.
    """
    usual = {"num_layers": 1, "dropout": 0.0, "bidirectional": False}
    return factory(input_size, hidden_size, **{name: value for name, value in layers.items() if value != usual[name]})


def check(name: str, module: Callable[[], nn.Module], input_size: int, output_size: int) -> None:
    """Make a module and let it read two sequences of three steps; nothing is drawn from torch's generator.

    Args:
        name: of the model, for messages.
        module: makes it.
        input_size: I.
        output_size: D H.

    Raises:
        SettingError: it cannot be made, or its output is not ``(T, B, D H)``.
    """
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            said = module()(torch.zeros(3, 2, input_size))
    except Exception as error:  # whatever the user's code raises
        reason = str(error).splitlines()[0][:200] if str(error) else ""
        raise SettingError("models", name, f"{INTERFACE}; {type(error).__name__}: {reason}") from error
    output = said[0] if isinstance(said, tuple) else None
    fits = isinstance(output, Tensor) and output.shape == (3, 2, output_size)
    seen = tuple(output.shape) if isinstance(output, Tensor) else type(said).__name__
    require(fits, "models", name, f"{INTERFACE} and a state; it gave {seen} in place of {(3, 2, output_size)}")


def fingerprint(factory: Callable[..., nn.Module]) -> str:
    """SHA-256 of the code of a class or function, by which its runs are known.

    In an interactive session, where there may be no source, it is that of the compiled functions.

    Raises:
        SettingError: its file has changed since it was imported, so runs would load other code than is loaded here.
    """
    module = factory.__module__
    if module != "__main__":  # of which runs are sent the code itself
        valid = f"what its file holds, which has changed since: importlib.reload({module}), and import it again"
        require(_stamp_when_seen(factory) == stamp_of(module), "models", name_of(factory), valid)
    known = source_sha256(factory)  # type: ignore[arg-type]  # of functions, too
    classes = [one for one in getattr(factory, "__mro__", [factory]) if not one.__module__.startswith("torch.")]
    held = [text for one in classes for text in _held(one, set())]
    if known is not None and not held:
        return known
    code = [known] if known is not None else [text for one in classes for text in _compiled(one)]
    return hashlib.sha256("\0".join([*code, *held]).encode()).hexdigest()


@functools.cache
def _stamp_when_seen(factory: Callable[..., nn.Module]) -> object:
    return stamp_of(factory.__module__)


def _functions(code: Any) -> Iterator[tuple[str, Any]]:
    """The functions of a class by name, those of its properties and static and class methods too; or the function."""
    members = sorted(vars(code).items()) if isinstance(code, type) else [("", code)]
    for name, member in members:
        for part in ("fget", "fset") if isinstance(member, property) else ("__func__",):
            function = getattr(member, part, member)
            if isinstance(function, FunctionType):
                yield name, function


def _held(code: Any, seen: set[int]) -> Iterator[str]:
    """The values that a class or function holds and its source may not show: attributes, defaults, what it captured."""
    if id(code) in seen:
        return
    seen.add(id(code))
    if isinstance(code, type):
        for name, value in sorted(vars(code).items()):
            if not name.startswith("__") and is_plain(value):
                yield f"{name} = {text_of(value)}"
    for name, function in _functions(code):
        captured = [cell.cell_contents for cell in function.__closure__ or () if cell != CellType()]
        kept = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), *captured]
        for value in kept:
            if is_plain(value):
                yield f"{name}: {text_of(value)}"
            elif isinstance(value, type | FunctionType) and not value.__module__.startswith("torch."):
                yield from _held(value, seen)


def _compiled(code: Any) -> Iterator[str]:
    """The functions of a class or a function, as text that holds no address."""
    for name, function in _functions(code):
        yield name
        yield from _texts(function.__code__)


def _texts(code: Any) -> Iterator[str]:
    yield f"{code.co_code.hex()} {code.co_names} {code.co_varnames}"
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield from _texts(constant)
        else:
            yield repr(constant)
