"""The settings of a run: typed, checked, and hashed into the run's identity."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf

from rnncompare.base.errors import require
from rnncompare.base.wording import is_utf8
from rnncompare.records import flat
from rnncompare.tasks.contract import Task, setting

DEFAULT_HIDDEN_SIZE = 128
SCHEDULES = ("constant", "linear", "cosine")
OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd")
FUSED = ("adam", "adamw", "sgd")  # those with a fused step in torch
KEEP = ("none", "best")


@dataclass
class ModelSettings:
    """Which cell, and how large."""

    name: str = setting(MISSING, "the cell; chosen with model=NAME")
    hidden_size: int | None = setting(None, f"units a layer and direction; null: {DEFAULT_HIDDEN_SIZE}, or by budget")
    parameters: int | None = setting(None, "budget for all trainable parameters, in place of hidden_size")
    num_layers: int = setting(1, "recurrent layers, from 1")
    bidirectional: bool = setting(False, "read the sequence in both directions")
    dropout: float = setting(0.0, "dropout between layers and before the readout, from 0 to below 1")
    input_dropout: float = setting(0.0, "dropout on the inputs, from 0 to below 1")
    embedding_size: int | None = setting(None, "numbers that embed a symbol; null: the vocabulary's size, at most 64")
    forget_bias: float | None = setting(None, "initial bias of the forget gate; null: as model.initialisation has it")
    initialisation: str = setting("torch", "what the recurrent layers start from: torch's defaults, or keras")
    implementation: str | None = setting("auto", "auto, loop or fused; null for torch's own modules")
    options: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "the cell's own settings, such as model.options.nonlinearity=relu"}
    )

    def check(self) -> None:
        """Raise `SettingError` for settings that no data could meet."""
        if self.hidden_size is not None:
            require(
                self.parameters is None,
                "model.parameters",
                self.parameters,
                f"give either this or model.hidden_size, which is {self.hidden_size}; the other null",
            )
        for name in ("hidden_size", "parameters", "num_layers", "embedding_size"):
            value = getattr(self, name)
            require(value is None or value >= 1, f"model.{name}", value, "a whole number from 1")
        for name in ("dropout", "input_dropout"):
            value = getattr(self, name)
            require(0 <= value < 1, f"model.{name}", value, "a number from 0 to below 1")

    def config(self) -> dict[str, Any]:
        """The settings as plain values."""
        return dataclasses.asdict(self)


@dataclass
class OwnModel(ModelSettings):
    """A module of the user's own in the place of a cell, given from Python.

    It travels to the processes that train by value, so that a class of a script or notebook is known there.

    Attributes:
        source: SHA-256 of its code, by which its runs are known.
        factory: a class, or a function that makes a module.
    """

    source: str = ""
    factory: Callable[..., Any] = field(default=lambda *_: None, repr=False, compare=False)

    @classmethod
    def in_place_of(cls, model: ModelSettings, factory: Callable[..., Any]) -> OwnModel:
        """The module in the place of the cell of ``model``, with its width, layers and dropout."""
        from rnncompare.models.own_module import fingerprint, name_of

        own: dict[str, Any] = {"name": name_of(factory), "source": fingerprint(factory), "factory": factory}
        own |= {"forget_bias": None, "initialisation": "torch", "implementation": None, "options": {}}
        return cls(**{**vars(model), **own})

    def config(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "factory"}

    def __getstate__(self) -> dict[str, Any]:
        import cloudpickle

        return {**vars(self), "factory": cloudpickle.dumps(self.factory)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        import cloudpickle

        vars(self).update(state, factory=cloudpickle.loads(state["factory"]))


@dataclass
class TrainSettings:
    """How a run is trained."""

    optimizer: str = setting("adam", f"one of {', '.join(OPTIMIZERS)}")
    learning_rate: float = setting(0.002, "step size of the optimizer, above 0")
    schedule: str = setting("constant", f"how the step size falls over max_updates: {', '.join(SCHEDULES)}")
    batch_size: int = setting(32, "sequences an update, from 1")
    max_updates: int = setting(1000, "updates after which training ends, from 1")
    min_updates: int = setting(0, "updates before which neither patience nor settle ends training")
    validate_every: int = setting(50, "updates between validations, from 1")
    patience: int | None = setting(20, "validations without improvement after which training ends; null: none")
    settle: float | None = setting(
        None,
        "training ends once it has gone as long as before without improving the metric by more than this; null: never",
    )
    clip_norm: float | None = setting(1.0, "largest norm of the whole gradient; null: no clipping")
    fused: bool = setting(False, "use torch's fused optimizer step: faster for small updates; rounds differently")
    target: float | None = setting(None, "validation metric whose first reaching is timed; null: none")

    def check(self) -> None:
        """Raise `SettingError` for values out of range."""
        require(self.optimizer in OPTIMIZERS, "train.optimizer", self.optimizer, f"one of {', '.join(OPTIMIZERS)}")
        require(self.schedule in SCHEDULES, "train.schedule", self.schedule, f"one of {', '.join(SCHEDULES)}")
        for name in ("batch_size", "max_updates", "validate_every", "patience"):
            value = getattr(self, name)
            require(value is None or value >= 1, f"train.{name}", value, "a whole number from 1")
        for name in ("learning_rate", "clip_norm"):
            value = getattr(self, name)
            require(value is None or 0 < value < math.inf, f"train.{name}", value, "a finite number above 0")
        most = self.max_updates
        require(
            0 <= self.min_updates <= most, "train.min_updates", self.min_updates, f"a whole number from 0 to {most}"
        )
        settle = self.settle
        require(settle is None or 0 <= settle < math.inf, "train.settle", settle, "a finite number from 0, or null")
        steady = settle is None or self.schedule == "constant"
        require(steady, "train.schedule", self.schedule, "constant where train.settle is set")
        fusible = not self.fused or self.optimizer in FUSED
        require(fusible, "train.fused", self.fused, f"false for {self.optimizer}; torch fuses {', '.join(FUSED)}")
        target = self.target
        require(target is None or math.isfinite(target), "train.target", target, "a finite number or null")


@dataclass
class RunSettings:
    """One training run."""

    model: ModelSettings = field(default_factory=ModelSettings)
    data: Task = MISSING
    train: TrainSettings = field(default_factory=TrainSettings)
    seed: int = setting(0, "fixes data draw, order and initialisation; from 0")
    device: str = setting("auto", "auto, cpu, cuda or cuda:N")
    threads: int = setting(1, "CPU threads of a run, from 1")
    results_dir: str = setting("results/runs", "folder for the records")
    force: bool = setting(False, "train again what is already recorded")
    stale: str = setting("rerun", "what was recorded by other code of its cell or task: rerun or keep")
    keep: str = setting("none", "none, or best: the network in its best state is kept beside the record, in model.pt")
    run_timeout: float | None = setting(None, "seconds after which a run is ended and recorded as failed; null: none")
    checkpoint_seconds: float | None = setting(60.0, "seconds between the states kept to go on from; null: keep none")

    def resolved(self) -> RunSettings:
        """A copy in which settings that mean the same are the same.

        Raises:
            SettingError: a value is out of range.
        """
        self.model.check()
        self.data.check()
        self.train.check()
        require(0 <= self.seed < 2**63, "seed", self.seed, f"a whole number from 0 to {2**63 - 1}")
        require(self.threads >= 1, "threads", self.threads, "a whole number from 1")
        require(self.keep in KEEP, "keep", self.keep, " or ".join(KEEP))
        require(self.run_timeout is None or self.run_timeout > 0, "run_timeout", self.run_timeout, "seconds, or null")
        require(self.stale in ("rerun", "keep"), "stale", self.stale, "rerun or keep")
        every = self.checkpoint_seconds
        require(every is None or every >= 0, "checkpoint_seconds", every, "seconds from 0, or null")
        model = self.model
        if model.hidden_size is None and model.parameters is None:
            model = dataclasses.replace(model, hidden_size=DEFAULT_HIDDEN_SIZE)
        if model.name.startswith("torch_") and model.implementation == "auto":
            model = dataclasses.replace(model, implementation=None)
        data = dataclasses.replace(self.data, size=self.data.sizes.get(str(self.data.size), self.data.size))
        folder = os.path.expanduser(self.results_dir)
        settings = dataclasses.replace(self, model=model, data=data, results_dir=folder)
        for name, value in flat(settings.config()):
            _require_recordable(name, value)
        return settings

    def config(self) -> dict[str, Any]:
        """The settings as plain nested values, the task named."""
        config = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return config | {
            "model": self.model.config(),
            "data": self.data.config(),
            "train": dataclasses.asdict(self.train),
        }


def from_config(config: DictConfig) -> RunSettings:
    """The settings of a composed configuration, checked and resolved.

    Raises:
        SettingError: a setting is unknown or out of range.
    """
    settings = OmegaConf.to_object(config)
    assert isinstance(settings, RunSettings)
    for prefix, node, part in (
        ("", config, settings),
        ("model.", config.model, settings.model),
        ("data.", config.data, settings.data),
        ("train.", config.train, settings.train),
    ):
        known = [entry.name for entry in dataclasses.fields(part)]
        for key in node:
            require(key in known, f"{prefix}{key!s}", node[key], f"no such setting; there are {', '.join(known)}")
    return settings.resolved()


def _require_recordable(name: str, value: Any) -> None:
    """Raise `SettingError` for what a record, which is JSON in UTF-8, could not hold."""
    if isinstance(value, float):
        require(math.isfinite(value), name, value, "a finite number")
    if isinstance(value, str):
        require(is_utf8(value), name, value, "text in UTF-8")
