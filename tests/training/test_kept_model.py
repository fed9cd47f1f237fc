"""A kept model predicts what it predicted, from its file alone, and files that are none are refused."""

import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

import rnncompare
from rnncompare.base.errors import DataError, SettingError
from rnncompare.models.network import Network
from rnncompare.predict import main
from rnncompare.tasks import from_frame, task_class
from rnncompare.training.experiment import design, run_experiment
from rnncompare.training.kept_model import KeptModel, load_model, outputs_of
from rnncompare.training.settings import ModelSettings, OwnModel, RunSettings, TrainSettings


def frame(count=40, steps=6):
    rows = count * steps
    x = np.random.default_rng(0).normal(size=rows)
    return pd.DataFrame(
        {"id": np.repeat(np.arange(count), steps), "x": x, "label": np.repeat(np.arange(count) % 2, steps)}
    )


def kept(task, name="gru", **settings):
    data = task.load(0)
    torch.manual_seed(0)
    network = Network(design(ModelSettings(name=name, hidden_size=8, **settings), data))
    return KeptModel.of_run(network, data, "0" * 16, {"seed": 0}), data


def test_a_model_predicts_the_same_after_it_was_saved_and_loaded(tmp_path):
    model, data = kept(from_frame(frame(), target="label"))
    model.save(tmp_path / "model.pt")
    again = load_model(tmp_path)
    said = model.predict(frame().drop(columns="label"))
    pd.testing.assert_frame_equal(said, again.predict(frame().drop(columns="label")))
    assert list(said) == ["id", "label", "p(0)", "p(1)"]
    np.testing.assert_array_equal(again.test_outputs, outputs_of(again.network, data.test))
    assert again.config == {"seed": 0}
    assert rnncompare.load_model(tmp_path).run_id == "0" * 16


@pytest.mark.parametrize("task", ["reverse", "jsb_like", "adding"])
def test_outputs_are_those_of_the_network_whatever_is_padded(task):
    if task == "jsb_like":
        steps = frame().assign(label=lambda f: f["x"] > 0).drop(index=[5, 11, 17])
        data = from_frame(steps, target="label").load(0)
    else:
        data = task_class(task)(size=300, sequence_length=12).load(0)
    torch.manual_seed(0)
    network = Network(design(ModelSettings(name="lstm", hidden_size=8), data)).eval()
    outputs = outputs_of(network, data.test)
    assert len(outputs) == len(data.test)
    one = data.test.take(np.array([3]))
    length = one.sequence_length if one.lengths is None else int(one.lengths[0])
    x = torch.from_numpy(np.asarray(one.inputs[0, :length]))[:, None]
    with torch.no_grad():
        alone = network(x if x.is_floating_point() else x.long())
    expected = alone[:, 0] if data.objective.readout == "every" else alone[0]
    np.testing.assert_allclose(outputs[3][:length] if expected.dim() == 2 else outputs[3], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn", "torch_gru"])
def test_the_layers_go_to_torch_with_their_weights(name):
    implementation = None if name.startswith("torch_") else "auto"
    model, _ = kept(from_frame(frame(), target="label"), name, implementation=implementation)
    theirs = model.to_torch()
    assert type(theirs) is getattr(torch.nn, name.removeprefix("torch_").upper())
    x = torch.randn(6, 3, 1)
    torch.testing.assert_close(theirs(x)[0], model.network.recurrent(x)[0])


def test_a_cell_that_torch_does_not_have_is_refused():
    model, _ = kept(from_frame(frame(), target="label"), "mgu")
    with pytest.raises(SettingError, match="model=mgu: one of lstm, gru, rnn"):
        model.to_torch()


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no such file; a run with keep=best leaves its model there"):
        load_model(tmp_path)
    (tmp_path / "model.pt").write_bytes(b"no zip")
    with pytest.raises(DataError, match="not a model that rnncompare kept"):
        load_model(tmp_path)
    torch.save({"format": "other"}, tmp_path / "model.pt")
    with pytest.raises(DataError, match="not a model that rnncompare kept"):
        load_model(tmp_path)


def test_a_changed_byte_in_a_model_is_seen(tmp_path):
    path = tmp_path / "model.pt"
    kept(from_frame(frame(), target="label"))[0].save(path)
    whole = path.read_bytes()
    place = whole.index(next(iter(load_model(path).network.parameters())).detach().numpy().tobytes()) + 3
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(DataError, match=r"damaged, .*data/\d+ is not as it was written"):
        load_model(path)


def test_numbers_of_numpy_in_how_data_are_read_are_kept_as_plain_ones(tmp_path):
    frame = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=120), "y": np.sin(np.arange(120))})
    task = from_frame(frame, target="y", window=np.int64(6), horizon=np.int64(2))
    data = task.load(0)
    assert (type(data.prepared.horizon), type(data.prepared.window), type(data.objective.outputs)) == (int, int, int)


def test_a_kept_model_is_the_same_under_other_defaults_of_torch_and_draws_nothing(tmp_path):
    model, _ = kept(from_frame(frame(), target="label"))
    model.save(tmp_path / "model.pt")
    expected, state = model.predict(frame()), torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        loaded = load_model(tmp_path)
        pd.testing.assert_frame_equal(loaded.predict(frame()), expected)
        assert {p.dtype for p in loaded.to_torch().parameters()} == {torch.float32}
        loaded.export(tmp_path / "model.pt2", steps=6)
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device("cpu")
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (frame().iloc[:0], "no rows"),
        (None, "NoneType: no table"),
        (3, "int: no table"),
        (np.zeros((2, 6, 1)), "by name, x"),
    ],
    ids=["empty", "none", "number", "array"],
)
def test_what_is_no_new_data_is_refused_in_words(data, says):
    model, _ = kept(from_frame(frame(), target="label"))
    with pytest.raises(DataError, match=says):
        model.predict(data)


def test_a_model_of_a_generated_task_says_that_it_reads_no_file(tmp_path):
    model, _ = kept(task_class("adding")(size=30, sequence_length=5))
    with pytest.raises(DataError, match="a task of rnncompare's own"):
        model.predict(frame())


def test_the_command_writes_predictions_and_refuses_what_the_model_cannot_read(tmp_path, capsys):
    model, _ = kept(from_frame(frame(), target="label"))
    model.save(tmp_path / "model.pt")
    frame().to_csv(tmp_path / "new.csv", index=False)
    assert main([str(tmp_path), str(tmp_path / "new.csv"), "--output", str(tmp_path / "out.csv")]) == 0
    assert len(pd.read_csv(tmp_path / "out.csv")) == 40
    assert main([str(tmp_path / "model.pt"), str(tmp_path / "new.csv")]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "id,label,p(0),p(1)"
    frame().drop(columns="x").to_csv(tmp_path / "new.csv", index=False)
    assert main([str(tmp_path), str(tmp_path / "new.csv"), "--output", str(tmp_path / "none.csv")]) == 2
    assert "no column x, which the model reads; it reads id, x" in capsys.readouterr().err
    assert not (tmp_path / "none.csv").exists()


def test_predictions_never_take_the_place_of_what_is_read_or_may_not_be_written(tmp_path, capsys):
    model, _ = kept(from_frame(frame(), target="label"))
    model.save(tmp_path / "model.pt")
    frame().to_csv(tmp_path / "new.csv", index=False)
    (tmp_path / "link.csv").symlink_to(tmp_path / "new.csv")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for output in ("new.csv", "link.csv", "model.pt"):
        with pytest.raises(SystemExit) as end:
            main([str(tmp_path), str(tmp_path / "new.csv"), "--output", str(tmp_path / output)])
        assert end.value.code == 2
        assert "a file that is read" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / "mine.csv").touch(mode=0o600)
    assert main([str(tmp_path), str(tmp_path / "new.csv"), "--output", str(tmp_path / "mine.csv")]) == 0
    assert (tmp_path / "mine.csv").stat().st_mode & 0o777 == 0o600


def test_predictions_go_into_devices_and_through_links_and_are_refused_in_a_line(tmp_path, capsys):
    model, _ = kept(from_frame(frame(), target="label"))
    model.save(tmp_path / "model.pt")
    frame().to_csv(tmp_path / "new.csv", index=False)
    words = [str(tmp_path), str(tmp_path / "new.csv"), "--output"]
    assert main([words[1], words[1]]) == 2
    assert capsys.readouterr().err == f"error: {words[1]}: not a model that rnncompare kept\n"
    (tmp_path / "full").symlink_to("/dev/full")
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    before = set(tmp_path.iterdir())
    assert main([*words, str(tmp_path / "full")]) == 1
    assert f"{tmp_path / 'full'}: No space left on device" in capsys.readouterr().err
    assert (tmp_path / "full").is_char_device()
    assert main([*words, str(tmp_path / "link.csv")]) == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert len(pd.read_csv(tmp_path / "real.csv")) == 40
    with pytest.raises(SystemExit) as end:
        main([*words, str(tmp_path / "nowhere" / "x.csv")])
    assert end.value.code == 2
    assert "nowhere/x.csv: a file in a folder that exists" in capsys.readouterr().err
    assert set(tmp_path.iterdir()) == before
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rnncompare.predict", *words[:2]], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr.strip() == "stopped: standard output is on a full disk; nothing was written"


def test_a_loaded_model_is_plain_data(tmp_path):
    model, _ = kept(from_frame(frame(), target="label"))
    model.save(tmp_path / "model.pt")
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    assert content["prepared"]["classes"] == ["0", "1"]
    assert {**content["architecture"], "factory": None} == dataclasses.asdict(model.network.architecture)


def test_a_record_of_a_users_own_data_has_the_usual_metrics_of_validation_and_test():
    task = from_frame(frame(), target="label")
    settings = RunSettings(ModelSettings(name="gru", hidden_size=4), task, TrainSettings(max_updates=5)).resolved()
    record = run_experiment(settings).record
    assert set(record.quality.metrics) == {"validation", "test"}
    assert record.quality.metrics["test"]["accuracy"] == record.quality.test
    assert record.quality.metrics["validation"]["accuracy"] == record.quality.validation
    generated = dataclasses.replace(settings, data=task_class("adding")(size=30, sequence_length=5))
    assert run_experiment(generated.resolved()).record.quality.metrics is None


class Halved(torch.nn.Module):
    """Keeps half of its state at each step."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = torch.nn.RNNCell(input_size, hidden_size)

    def forward(self, x):
        h, outputs = x.new_zeros(x.shape[1], self.cell.hidden_size), []
        for step in x:
            h = (h + self.cell(step, h)) / 2
            outputs.append(h)
        return torch.stack(outputs), h


def uneven(target="label"):
    return from_frame(frame().drop(index=[4, 5, 11]), target=target, group="id")


def of_own(task):
    settings = RunSettings(ModelSettings(name="rnn", hidden_size=8), task, TrainSettings(max_updates=5))
    kept = []
    own = dataclasses.replace(settings, model=OwnModel.in_place_of(settings.model, Halved)).resolved()
    run_experiment(own, keep=kept.append)
    return kept[0]


@pytest.mark.parametrize("name", ["lstm", "torch_gru", "mgu", "Halved"])
def test_an_exported_program_gives_what_the_network_gives_for_any_number_of_sequences(tmp_path, name):
    task = uneven()
    implementation = None if name.startswith("torch_") else "auto"
    model = of_own(task) if name == "Halved" else kept(task, name, implementation=implementation)[0]
    model.export(tmp_path / "model.pt2", steps=6)
    examples = model.inputs(frame().drop(index=[2]).iloc[:40])
    program = torch.export.load(tmp_path / "model.pt2").module()
    said = program(torch.from_numpy(examples.inputs), torch.from_numpy(examples.lengths))
    np.testing.assert_allclose(said.detach(), outputs_of(model.network, examples), atol=1e-5)


@pytest.mark.parametrize("kind", ["sequences", "texts"])
def test_an_onnx_runtime_gives_what_the_network_gives(tmp_path, kind):
    runtime = pytest.importorskip("onnxruntime")
    if kind == "texts":
        texts = pd.DataFrame({"text": ["good film", "a bad film indeed"] * 30, "label": [1, 0] * 30})
        model, new, steps = kept(from_frame(texts, target="label"), "gru")[0], texts, 20
    else:
        model, new, steps = kept(from_frame(frame(), target="label"), "lstm")[0], frame(), 6
    model.export(tmp_path / "model.onnx", steps)
    examples = model.inputs(new)
    lengths = np.full(len(examples), steps) if examples.lengths is None else examples.lengths
    inputs = np.zeros((len(examples), steps, *examples.inputs.shape[2:]), examples.inputs.dtype)
    inputs[:, : examples.sequence_length] = examples.inputs
    inputs = inputs.astype(np.int64) if kind == "texts" else inputs
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    (said,) = session.run(["outputs"], {"inputs": inputs, "lengths": lengths.astype(np.int64)})
    np.testing.assert_allclose(said, outputs_of(model.network, examples), atol=1e-5)


def test_what_cannot_be_exported_is_refused_and_leaves_no_file(tmp_path):
    model, _ = kept(from_frame(frame(), target="label"))
    with pytest.raises(SettingError, match=r"ends in \.pt2 or \.onnx"):
        model.export(tmp_path / "model.h5", steps=6)
    with pytest.raises(SettingError, match="steps"):
        model.export(tmp_path / "model.pt2")
    both, _ = kept(from_frame(frame(), target="label"), bidirectional=True)
    with pytest.raises(SettingError, match="bidirectional"):
        both.export(tmp_path / "model.pt2", steps=6)
    assert not list(tmp_path.iterdir())


def test_a_module_of_ones_own_is_loaded_with_its_class_alone(tmp_path):
    model = of_own(from_frame(frame(), target="label"))
    model.save(tmp_path / "model.pt")
    with pytest.raises(DataError, match=r"load_model\(path, module=Halved\)"):
        load_model(tmp_path)
    again = load_model(tmp_path, Halved)
    pd.testing.assert_frame_equal(again.predict(frame()), model.predict(frame()))
