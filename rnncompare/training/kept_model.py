"""A trained model to keep: the network in its best state, and what prepares its input and reads its output."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

import rnncompare
from rnncompare.base.errors import DataError, SettingError
from rnncompare.base.files import write_whole
from rnncompare.models.architecture import Architecture, names
from rnncompare.models.network import Network
from rnncompare.models.reference import MODULES
from rnncompare.records import MODEL
from rnncompare.tasks.contract import Data, Examples
from rnncompare.training.batches import Split

if TYPE_CHECKING:
    import pandas as pd

    from rnncompare.tasks.user.prepared import Prepared

FORMAT = "rnncompare model 1"
AT_ONCE = 256  # sequences that are read together


@contextlib.contextmanager
def _whatever_defaults() -> Iterator[None]:
    """Make networks in float32 on the CPU whatever torch's defaults are, and draw nothing from its generator."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(before)


@dataclass
class KeptModel:
    """A trained network that predicts for new data.

    Attributes:
        network: in its best state by validation.
        prepared: how new data are read and what outputs mean; None where the data are not a user's own.
        run_id: of the run that trained it.
        config: the settings of that run.
        test_outputs: outputs on the run's test split, ``(N, K)`` or ``(N, T, K)``.
        test_targets: what was to be predicted there.
        version: of rnncompare.
    """

    network: Network
    prepared: Prepared | None
    run_id: str
    config: dict[str, Any]
    test_outputs: Tensor
    test_targets: Tensor
    version: str = field(default_factory=lambda: rnncompare.__version__)

    @classmethod
    def of_run(cls, network: Network, data: Data, run_id: str, config: dict[str, Any]) -> KeptModel:
        """The model of a run that has ended, with its predictions on the test split."""
        outputs = torch.from_numpy(outputs_of(network, data.test))
        return cls(network, data.prepared, run_id, config, outputs, torch.from_numpy(np.asarray(data.test.targets)))

    def predict(self, data: Any, lengths: Any = None) -> pd.DataFrame:
        """Predictions for new data: for each sequence, text or step a row, for each series the steps that follow.

        Classes come with the probability of each, in columns ``p(CLASS)``; values are in the target's own units. Of a
        running text each character has a row, with the bits that it cost and the likeliest character after it.

        Args:
            data: a table with the columns that the model was trained on (the target is not needed), an array
                ``(N, T, F)``, a list of arrays ``(T, F)``, or the path of a file.
            lengths: ``(N,)`` steps of each sequence in an array; what follows them is padding.

        Raises:
            DataError: the data are not what the model reads.
        """
        examples, rows = self._read(data, lengths)
        assert self.prepared is not None
        with torch.device(next(self.network.parameters()).device):  # in place of the caller's default
            outputs = outputs_of(self.network, examples)
        return self.prepared.predictions(outputs, rows)

    def inputs(self, data: Any, lengths: Any = None) -> Examples:
        """New data as the network reads them, scaled and padded: the input of `to_torch` and of what `export` writes.

        Args:
            data: as for `predict`.
            lengths: as for `predict`.

        Raises:
            DataError: the data are not what the model reads.
        """
        return self._read(data, lengths)[0]

    def _read(self, data: Any, lengths: Any) -> tuple[Examples, pd.DataFrame]:
        """New data as inputs, and a row that says of what each prediction is."""
        import pandas as pd

        from rnncompare.tasks.user import new_data
        from rnncompare.tasks.user.files.frames import table_of

        if self.prepared is None:
            raise DataError("this model was trained on a task of rnncompare's own and predicts for no file")
        data = data.to_pandas() if hasattr(data, "to_pandas") else data
        if isinstance(data, pd.DataFrame):
            source: Any = table_of(data, "the frame")
            if data.empty:
                raise DataError("the frame: no rows to predict for")
        elif isinstance(data, str | Path):
            source = new_data.read_new(Path(data).expanduser(), self.prepared)
        elif hasattr(data, "__len__"):
            source = new_data.arrays_without_targets(data, lengths)
        else:
            raise DataError(f"{type(data).__name__}: no table, array, list of arrays or path of a file")
        return new_data.read(self.prepared, source)

    def to_torch(self) -> nn.Module:
        """The recurrent layers as `torch.nn.LSTM`, `GRU` or `RNN`, with the trained weights.

        `inputs` prepares their input, ``network.embedding`` what embeds it, ``network.readout`` what reads
        their output.

        Raises:
            SettingError: torch has no module with this cell's equations.
        """
        plan = self.network.architecture
        name = plan.name if plan.name in MODULES else f"torch_{plan.name}"
        if name not in MODULES:
            raise SettingError("model", plan.name, "one of lstm, gru, rnn: torch has no module with these equations")
        with _whatever_defaults():
            theirs = Network(dataclasses.replace(plan, name=name, implementation=None)).recurrent
        theirs.load_state_dict(self.network.recurrent.state_dict())
        return theirs

    def export(self, path: str | Path, steps: int | None = None) -> None:
        """Write the network for other programs: ``.pt2`` for `torch.export.load`, ``.onnx`` for ONNX runtimes.

        It reads what `inputs` gives, padded to ``steps``: ``inputs`` of ``(N, steps, F)`` floats or ``(N, steps)``
        integers and ``lengths`` of ``(N,)``, for any N. It gives ``outputs``, which `Prepared.predictions` puts in
        words.

        Args:
            path: of the file.
            steps: of the longest sequence; the window where the model forecasts or reads running text.

        Raises:
            SettingError: the format is not known, the steps are not said, or the network reads in both directions.
            DataError: ONNX is not installed (``pip install 'rnncompare[onnx]'``).
            OSError: the file cannot be written.
        """
        from rnncompare.training.export import export

        if steps is None and self.prepared is not None:
            steps = self.prepared.window or None
        if steps is None:
            raise SettingError("steps", None, "the steps of the longest sequence, since these can be of any length")
        with _whatever_defaults():
            export(self.network, Path(path), steps)

    def save(self, path: str | Path) -> None:
        """Write the model to ``path``, whole or not at all; `load_model` reads it. Its folder is made if absent.

        Raises:
            OSError: it cannot be written.
        """
        path = Path(path)
        plan = vars(self.network.architecture)
        content = {
            "format": FORMAT,
            "architecture": {name: value for name, value in plan.items() if name != "factory"},
            "weights": {name: value.cpu() for name, value in self.network.state_dict().items()},
            "prepared": None if self.prepared is None else self.prepared.state(),
            **{name: getattr(self, name) for name in ("run_id", "config", "test_outputs", "test_targets", "version")},
        }
        packed = io.BytesIO()  # torch's own writing to a file does not say why it fails
        torch.save(content, packed)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda file: file.write(packed.getbuffer()))


def load_model(path: str | Path, module: Callable[..., nn.Module] | None = None) -> KeptModel:
    """The model at ``path``, or that of the run whose folder it is; on the CPU. No code in the file is run.

    Args:
        path: of the file or folder.
        module: the class or function that made the recurrent layers, where they are a module of your own.

    Raises:
        DataError: there is no such file, it holds no model, or its module is wanted.
    """
    from rnncompare.tasks.user.prepared import Prepared

    path = Path(path).expanduser()
    path = path / MODEL if path.is_dir() else path
    if not path.is_file():
        raise DataError(f"{path}: no such file; a run with keep=best leaves its model there")
    try:
        with zipfile.ZipFile(path) as packed:  # torch does not look at the checksums
            damaged = packed.testzip()
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whose message may advise to load it unsafely
        raise DataError(f"{path}: not a model that rnncompare kept") from error
    if damaged is not None:
        raise DataError(f"{path}: damaged, {damaged} is not as it was written")
    try:
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}, not {FORMAT!r}")
        plan = content["architecture"]
        own = plan["name"] not in names()
        if own and module is None:
            raise ValueError(f"it holds a module of your own: load_model(path, module={plan['name']})")
        given = {"categories": tuple(plan["categories"]), "factory": module if own else None}
        with _whatever_defaults():
            network = Network(Architecture(**plan | given))
        network.load_state_dict(content["weights"])
        prepared = None if content["prepared"] is None else Prepared.from_state(content["prepared"])
        facts = {name: content[name] for name in ("run_id", "config", "test_outputs", "test_targets", "version")}
        return KeptModel(network.eval(), prepared, **facts)
    except Exception as error:  # whatever a torn or foreign file makes the reader raise
        raise DataError(f"{path}: not a model that rnncompare kept ({str(error).splitlines()[0][:200]})") from error


@torch.no_grad()
def outputs_of(network: Network, examples: Examples) -> np.ndarray:
    """What the network gives out for all examples, ``(N, K)``, or ``(N, T, K)`` where it gives an output a step."""
    network.eval()
    readout = network.architecture.readout
    device = next(network.parameters()).device
    parts = []
    for batch in Split(examples, "last", device).in_order(AT_ONCE):
        outputs = network(batch.inputs, batch.lengths)
        if readout == "every":
            outputs = outputs.transpose(0, 1)
            missing = examples.sequence_length - outputs.shape[1]
            outputs = nn.functional.pad(outputs, (0, 0, 0, missing))
        parts.append(outputs.cpu())
    return torch.cat(parts).numpy()
