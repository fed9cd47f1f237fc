"""One experiment, from settings to record; it knows neither Hydra nor files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import torch

from rnncompare.base.errors import require
from rnncompare.base.machine import OtherLoad, PeakMemory, find_device, hardware_name
from rnncompare.base.source import source_sha256
from rnncompare.models import cells, sizing
from rnncompare.models.architecture import Architecture, names
from rnncompare.models.network import Network, check_own
from rnncompare.models.reference import cell_name
from rnncompare.records import MemoryFields, Record, Run, SpeedFields, run_id
from rnncompare.records.provenance import provenance
from rnncompare.tasks.contract import Data, Task, metrics
from rnncompare.tasks.contract.consistency import check_data
from rnncompare.training.batches import Split
from rnncompare.training.decisions import Training
from rnncompare.training.kept_model import KeptModel
from rnncompare.training.loop import Checkpointer, check_optimizer, train
from rnncompare.training.run_fields import data_fields, model_fields, quality_fields, speed_fields, unscored
from rnncompare.training.settings import DEFAULT_HIDDEN_SIZE, ModelSettings, OwnModel, RunSettings


def check(settings: RunSettings, here: bool = True) -> tuple[RunSettings, str | None]:
    """The settings with the device found and the data pinned, if they can be met; nothing is trained.

    Args:
        settings: resolved.
        here: whether this machine trains; the devices of other machines are not known.

    Returns:
        The settings, and how a user's own data were read, in words.

    Raises:
        SettingError: they cannot.
        DataError: the data cannot be fetched or read.
    """
    device = find_device(settings.device) if here else settings.device
    task = settings.data.pinned()
    task.train_examples()
    data = dataclasses.replace(task, size=1).load(settings.seed)
    check_data(data, task.name)
    architecture = design(settings.model, data)
    if architecture.factory is not None:
        check_own(architecture)
    if settings.train.fused and isinstance(device, torch.device):
        check_optimizer(settings.train, device)
    return dataclasses.replace(settings, device=str(device), data=task), data.understood


def run_experiment(
    settings: RunSettings,
    progress: Callable[[int, float], None] = lambda update, metric: None,
    checkpointer: Checkpointer | None = None,
    keep: Callable[[KeptModel], None] | None = None,
) -> Run:
    """Load the data, build the network, train it, and score its best state; the test split is used only for that.

    Args:
        settings: resolved.
        progress: called with the update and the validation metric after each validation.
        checkpointer: keeps the state of the training, and gives it back to one that goes on; None to keep none.
        keep: called with the model in its best state, if the run completed; None where nobody wants it.

    Raises:
        SettingError: the settings cannot be met by the data or the machine.
        DataError: the data cannot be read.
    """
    torch.set_num_threads(settings.threads)
    experiment = Experiment.load(settings)
    memory, load = PeakMemory(experiment.device), OtherLoad()
    network = experiment.initialise()
    training = train(
        network,
        experiment.train,
        experiment.validation,
        experiment.data.objective,
        settings.train,
        settings.seed,
        experiment.device,
        progress,
        checkpointer,
    )
    used = MemoryFields(peak_mb=memory.peak_mb(), before_mb=memory.before_mb)
    speed = speed_fields(training, min(settings.train.batch_size, len(experiment.train)), load.cores())
    return experiment.finished(network, training, speed, used, keep)


@dataclass(frozen=True)
class Experiment:
    """A run's settings and data, ready to be trained.

    Attributes:
        settings: resolved, the data pinned.
        device: where it is trained.
        data: what the task gave for the run's seed.
        train: the training split, on the device.
        validation: the validation split, on the device.
    """

    settings: RunSettings
    device: torch.device
    data: Data
    train: Split
    validation: Split

    @classmethod
    def load(cls, settings: RunSettings) -> Experiment:
        """Find the device and load the data; errors are those of `run_experiment`."""
        device = find_device(settings.device)
        settings = dataclasses.replace(settings, data=settings.data.pinned())
        data = settings.data.load(settings.seed)
        if data.prepared is not None:
            metrics.load()  # after training, its many imports were seen to hang while garbage is collected
        splits = (Split(examples, data.objective.readout, device) for examples in (data.train, data.validation))
        return cls(settings, device, data, *splits)

    def initialise(self) -> Network:
        """The network before its first update."""
        return initialise(self.settings, self.data, self.device)

    def finished(
        self,
        network: Network,
        training: Training,
        speed: SpeedFields,
        memory: MemoryFields,
        keep: Callable[[KeptModel], None] | None = None,
    ) -> Run:
        """Score the network in the state that training left it in, and put the record together.

        Args:
            network: trained.
            training: how it went.
            speed: what it took.
            memory: what it took.
            keep: as in `run_experiment`.
        """
        settings, data = self.settings, self.data
        record = Record(
            run_id=run_id(settings.config()),
            status="completed" if training.diverged_at is None else "diverged",
            error=None if training.diverged_at is None else f"the loss diverged at update {training.diverged_at}",
            diverged_at=training.diverged_at,
            seed=settings.seed,
            device=settings.device,
            threads=settings.threads,
            config=settings.config(),
            model=model_fields(network, settings.train.batch_size, data),
            data=data_fields(settings, data),
            quality=dataclasses.replace(
                quality_fields(network, data, self.device) if training.best else unscored(data),
                converged=training.converged,
            ),
            speed=speed,
            memory=memory,
            provenance=provenance(hardware_name(self.device), source_of(settings.model.name, type(settings.data))),
        )
        if keep is not None and record.status == "completed":
            keep(KeptModel.of_run(network, data, record.run_id, record.config))
        return Run(record, training.curve)


def source_of(model: str, task: type[Task]) -> str | None:
    """The fingerprint of the code of a run's cell (for torch's modules, the one with their equations) and its task.

    None for a module of the user's own, whose code is part of the run's identity.
    """
    if model not in names():
        return None
    return source_sha256(cells.cell_class(cell_name(model)), task)


def initialise(settings: RunSettings, data: Data, device: torch.device) -> Network:
    """The network of a run as its training finds it, drawn from the run's seed.

    Raises:
        SettingError: no network can have these settings.
    """
    architecture = design(settings.model, data)
    torch.manual_seed(settings.seed)
    return Network(architecture).to(device)


def design(model: ModelSettings, data: Data) -> Architecture:
    """The network's plan for these data, its width solved where a budget is given.

    Raises:
        SettingError: no network can have these settings.
    """
    shared = {field.name for field in dataclasses.fields(ModelSettings)} - {"hidden_size", "parameters"}
    architecture = Architecture(
        outputs=data.objective.outputs,
        readout=data.objective.readout,
        features=data.features,
        vocabulary=data.vocabulary,
        categories=data.categories,
        hidden_size=model.hidden_size or DEFAULT_HIDDEN_SIZE,
        **{name: getattr(model, name) for name in shared},
        factory=model.factory if isinstance(model, OwnModel) else None,
    )
    if model.parameters is None:
        return architecture
    valid = "null: the width of a module of your own is model.hidden_size"
    require(architecture.factory is None, "model.parameters", model.parameters, valid)
    return dataclasses.replace(architecture, hidden_size=sizing.solve_hidden_size(architecture, model.parameters))
