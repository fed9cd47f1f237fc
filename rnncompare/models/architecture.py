"""The plan of a network, checked when it is made; `network` builds from it and `sizing` counts by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from inspect import formatannotation
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from rnncompare.base.errors import require
from rnncompare.models import cells
from rnncompare.models.cell import Cell
from rnncompare.models.implementations import IMPLEMENTATIONS, has_fast_path
from rnncompare.models.initialisation import INITIALISATIONS
from rnncompare.models.reference import MODULES, cell_name

if TYPE_CHECKING:
    from torch import nn

LARGEST_DEFAULT_EMBEDDING = 64


def names() -> list[str]:
    """The names of all models: the hand-written cells, then torch's modules."""
    return [*cells.names(), *MODULES]


@dataclass(frozen=True)
class Architecture:
    """A recurrent network between given inputs and outputs.

    Attributes:
        name: one of `names`.
        outputs: size of the readout (K).
        readout: ``last``: one output per sequence; ``every``: one output per step.
        features: real numbers per step (F); None for integer inputs.
        vocabulary: number of distinct symbols; None for real inputs.
        categories: number of distinct values of each categorical column; these columns come before the real ones, and
            each has its own embedding.
        hidden_size: width of a layer and direction (H).
        num_layers: layers stacked (L).
        bidirectional: whether every layer also reads from the end.
        dropout: share of values dropped between layers and before the readout.
        input_dropout: share of values dropped from the features or embedded symbols.
        embedding_size: size of the embedding of a symbol or categorical value; None for the number of distinct ones, at
            most 64.
        forget_bias: the forget gate's initial bias, if the cell has one; None leaves it to `initialisation`.
        initialisation: of the recurrent layers, one of `INITIALISATIONS`.
        implementation: for hand-written cells one of `IMPLEMENTATIONS`, None meaning auto; None for torch's modules.
        options: further settings of the cell, by name.
        factory: makes the recurrent layers in the place of a cell, as `own_module.make` calls it; None for the models
            that there are.

    Raises:
        SettingError: an impossible value; it is named as on the command line.
        ValueError: not exactly one of features and vocabulary, or categories beside a vocabulary.
    """

    name: str
    outputs: int
    readout: Literal["last", "every"]
    features: int | None = None
    vocabulary: int | None = None
    categories: tuple[int, ...] = ()
    hidden_size: int = 64
    num_layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0
    input_dropout: float = 0.0
    embedding_size: int | None = None
    forget_bias: float | None = None
    initialisation: str = "torch"
    implementation: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    factory: Callable[..., nn.Module] | None = None

    def __post_init__(self) -> None:
        if (self.features is None) == (self.vocabulary is None):
            raise ValueError("inputs are either real, with features, or integers, with a vocabulary")
        if self.categories and self.features is None:
            raise ValueError("categories stand beside features, of which there may be 0")
        known = self.name in names()
        if self.factory is None:
            require(known, "model.name", self.name, f"one of {', '.join(names())}")
        else:
            require(not known, "models", self.name, "a name of its own: there is a model that is called so")
        for size in ("hidden_size", "num_layers"):
            require(getattr(self, size) >= 1, f"model.{size}", getattr(self, size), "a whole number from 1")
        for share in ("dropout", "input_dropout"):
            require(0 <= getattr(self, share) < 1, f"model.{share}", getattr(self, share), "at least 0 and below 1")
        self._check_embedding()
        if self.factory is None:
            self._check_cell()
            self._check_implementation()
        else:
            self._check_own()

    def _check_embedding(self) -> None:
        size = self.embedding_size
        require(
            size is None or self.vocabulary is not None or bool(self.categories),
            "model.embedding_size",
            size,
            "null, since the data are real numbers, which are not embedded",
        )
        require(size is None or size >= 1, "model.embedding_size", size, "null or a whole number from 1")

    def _check_cell(self) -> None:
        cell = cells.cell_class(cell_name(self.name))
        hints, known = get_type_hints(cell), [field.name for field in fields(cell)]
        require(
            self.forget_bias is None or "forget_bias" in known,
            "model.forget_bias",
            self.forget_bias,
            f"null, since {self.name} has no forget gate whose bias could be set",
        )
        options = [name for name in known if name != "forget_bias"]
        there_are = f"only {', '.join(options)}" if options else "none"
        for name, value in self.options.items():
            setting = f"model.options.{name}"
            require(name in options, setting, value, f"{self.name} has no such option; there are {there_are}")
            require(_fits(value, hints[name]), setting, value, _describe(hints[name]))

    def _check_own(self) -> None:
        valid = f"what it is by default, since {self.name} is a module of your own"
        plain: dict[str, Any] = {"forget_bias": None, "initialisation": "torch", "implementation": None, "options": {}}
        for name, usual in plain.items():
            require(getattr(self, name) == usual, f"model.{name}", getattr(self, name), valid)

    def _check_implementation(self) -> None:
        valid = f"one of {', '.join(INITIALISATIONS)}"
        require(self.initialisation in INITIALISATIONS, "model.initialisation", self.initialisation, valid)
        wanted = self.implementation
        if self.name in MODULES:
            require(wanted is None, "model.implementation", wanted, f"null, since {self.name} is torch's own")
        else:
            valid = f"one of {', '.join(IMPLEMENTATIONS)}"
            require(wanted is None or wanted in IMPLEMENTATIONS, "model.implementation", wanted, valid)
            valid = f"loop or auto, since {self.name} has no fast path"
            require(wanted != "fused" or has_fast_path(self.cell), "model.implementation", wanted, valid)

    @property
    def cell(self) -> Cell:
        """The cell with its settings; for torch's modules, the cell with the same equations."""
        cell = cells.cell_class(cell_name(self.name))
        has_bias = any(field.name == "forget_bias" for field in fields(cell))
        return cell(**self.options, **({"forget_bias": self.forget_bias} if has_bias else {}))

    @property
    def directions(self) -> int:
        """1, or 2 if bidirectional (D)."""
        return 1 + self.bidirectional

    @property
    def embedded_size(self) -> int:
        """Size of the first layer's input (I)."""
        return (self.features or 0) + sum(size for _, size in self.embeddings)

    @property
    def embeddings(self) -> list[tuple[int, int]]:
        """For each embedding table, its number of distinct values and its embedding size."""
        distinct = self.categories if self.vocabulary is None else (self.vocabulary,)
        return [(count, self.embedding_size or min(count, LARGEST_DEFAULT_EMBEDDING)) for count in distinct]

    @property
    def input_sizes(self) -> list[int]:
        """Size of each layer's input: I for the first, D H for the others."""
        return [self.embedded_size] + [self.directions * self.hidden_size] * (self.num_layers - 1)


def _fits(value: Any, hint: Any) -> bool:
    """Whether ``hint`` allows the type of ``value`` or ``value`` itself; a whole number passes as a float."""
    return any(
        type(value) is kind or (kind is float and type(value) is int) or (not isinstance(kind, type) and value == kind)
        for kind in _alternatives(hint)
    )


def _alternatives(hint: Any) -> Iterator[Any]:
    """The types and literal values that ``hint`` allows."""
    if get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _alternatives(part)
    elif get_origin(hint) is Literal:
        yield from get_args(hint)
    else:
        yield hint


def _describe(hint: Any) -> str:
    words = {type(None): "null", float: "a number", int: "a whole number", bool: "true or false", str: "a text"}
    return " or ".join(words.get(kind) or formatannotation(kind).strip("'") for kind in _alternatives(hint))
