"""Whatever a command line or a file holds: exit code 0 or 2, a line or two, no code run, nothing written elsewhere."""

import os
import random
import signal
import sys

import pytest
from hydra.core.global_hydra import GlobalHydra

from rnncompare.base.wording import safe
from rnncompare.cli.application import Command, run_hydra
from rnncompare.training.settings import RunSettings, from_config

KEYS = [
    "model", "data", "train", "seed", "device", "threads", "results_dir", "force", "run_timeout", "model.name",
    "model.hidden_size", "model.parameters", "model.num_layers", "model.dropout", "model.forget_bias", "model.options",
    "model.implementation", "data.size", "data.sequence_length", "data.longer", "data.path", "train.learning_rate",
    "train.batch_size", "train.patience", "train.optimizer", "checkpoint_seconds", "+model.options.nonlinearity",
    "hydra", "hydra/launcher", "hydra.launcher.n_jobs", "hydra.run.dir", "hydra.callbacks.x._target_", "hydra/output",
    "_target_", "+_target_", "model._target_", "+model._target_", "+data._target_", "+hydra.callbacks.x._target_",
    "hydra.launcher._target_", "hydra.sweeper._target_", "hydra.job_logging.handlers.f.class", "hydra.output_subdir",
    "~model", "~hydra", "++seed", "model@hydra.launcher", "defaults", "schema/data", "é", "a.b.c", "", ".", "model.",
]  # fmt: skip
VALUES = [
    "", "0", "1", "-1", "null", "true", "nan", "inf", "-inf", "1e400", "9" * 40, "0.5", "gru", "lstm", "adding",
    "parity", "tiny", "full", "../../etc/passwd", "/etc/passwd", "..", "os.system", "builtins.exec", "posix.system",
    "[]", "{}", "[1,2", "{a:", "{_target_: os.system, command: 'touch harmed'}", "${oc.env:HOME}", "${seed}", "${.x}",
    "${", "'", '"', "'\\x1b[31m'", "\x1b[31mred\x1b[0m", "a\0b", "\x07", "\u202e", "\ud800", "😀" * 50,
    "<script>alert(1)</script>", "x" * 5000, "[" * 300, "range(0,3)", "choice(1,2)", "interval(0,1)", "glob(*)",
    "int('3')", "str([1])", "a b", "a=b", "a,b", "1,2", "$(touch harmed)", "`touch harmed`",
    "!!python/object/apply:os.system ['touch harmed']", "%s%n", "cuda:9",
]  # fmt: skip
FLAGS = ["-m", "--multirun", "--experimental-rerun=x.pickle", "--config-path=/etc", "-cn=evil", "--info", "-x"]
CHEAP = ["data=adding", "data.size=10"]


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """A function that calls the command in this process with words; its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def call_with(words):
        monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
        monkeypatch.setattr(sys, "argv", ["run", *words])
        GlobalHydra.instance().clear()
        try:
            # to train what is valid would take hours
            run_hydra(Command("run", "", RunSettings, from_config), lambda settings: None, lambda *runs: None)
            code = 0
        except SystemExit as end:
            code = end.code or 0
        except Exception as error:
            pytest.fail(f"{words!r}: {type(error).__name__}: {error}")
        return code, *capfd.readouterr()

    yield call_with
    for number, handler in handlers.items():
        signal.signal(number, handler)


def adversarial(draw):
    words = [f"{draw.choice(KEYS)}={draw.choice(VALUES)}" for _ in range(draw.choice([1, 1, 2, 3]))]
    if draw.random() < 0.15:
        words.append(draw.choice(FLAGS))
    if draw.random() < 0.2:  # noise
        position = draw.randrange(len(words))
        letters = list(words[position])
        for _ in range(draw.randrange(1, 4)):
            letters.insert(draw.randrange(len(letters) + 1), chr(draw.choice([*range(1, 127), 0x85, 0x202E, 0x1F600])))
        words[position] = "".join(letters)
    return words


@pytest.mark.parametrize(("seed", "count"), [(6, 75), pytest.param(7, 1000, marks=pytest.mark.nightly)])
def test_no_command_line_ends_in_a_traceback_or_runs_what_it_names(call, tmp_path, seed, count):
    draw = random.Random(seed)
    codes = {0: 0, 2: 0}
    for _ in range(count):
        words = adversarial(draw)
        code, output, errors = call([*CHEAP, *words])
        assert code in codes, words
        assert "Traceback" not in errors
        assert all(character.isprintable() or character in "\n" for character in output + errors), words
        assert len(errors.strip().splitlines()) <= 2, (words, errors)
        codes[code] += 1
    assert min(codes.values()) >= count // 50
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "words",
    [
        ["hydra.callbacks.x._target_=os.system"],
        ["+hydra.callbacks.x={_target_: os.system}"],
        ["+hydra/callbacks=evil"],
        ["hydra.launcher._target_=os.system", "-m"],
        ["hydra.sweeper._target_=os.system", "-m"],
        ["hydra/launcher=basic", "-m"],
        ["hydra.job_logging.handlers.f.filename=/tmp/evil"],
        ["hydra.run.dir=../elsewhere"],
        ["hydra.output_subdir=.hydra"],
        ["hydra.searchpath=[file:///tmp]"],
        ["+model@hydra.launcher=gru"],
        ["+model@_global_.hydra.callbacks=gru"],
        ["--experimental-rerun=config.pickle"],
        ["--config-path=/tmp"],
        ["--config-n", "evil"],
    ],
)
def test_what_hydra_would_make_or_write_is_refused_in_a_line(call, tmp_path, words):
    code, _, errors = call([*CHEAP, *words])
    assert code == 2
    assert len(errors.splitlines()) == 1
    assert words[0].lstrip("+").partition("=")[0] in errors
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        "hydra: {callbacks: {x: {_target_: os.system, command: touch harmed}}}",
        "# @package hydra.callbacks\nx: {_target_: os.system}",
        "defaults:\n  - override hydra/launcher: basic",
        "defaults:\n  - override /hydra/launcher: basic",
        "defaults:\n  - /model/other@_global_.hydra.callbacks",
        "defaults:\n  - /model@hydra.callbacks: other",
        "model: {options: {_target_: os.system}}",
        "x: \"${oc.create:{_target_: os.system, command: 'touch harmed'}}\"",
        "options: ['${oc.env:HOME}']",
        "${x:1}: 1",
        "x: ${${y}:1}",
        "a: !!python/object/apply:os.system ['touch harmed']",
        "{",
    ],
)
def test_a_folder_of_configurations_cannot_name_what_is_to_be_made(call, tmp_path, text):
    (tmp_path / "theirs" / "model").mkdir(parents=True)
    (tmp_path / "theirs" / "model" / "mine.yaml").write_text(text)
    code, _, errors = call([*CHEAP, "--config-dir=theirs", "model=mine"])
    assert code == 2
    assert "theirs/model/mine.yaml" in errors
    assert os.listdir(tmp_path) == ["theirs"]


def test_a_folder_of_configurations_cannot_hide_files_behind_a_link(call, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.yaml").write_text("# @package hydra.callbacks\nx: {_target_: os.system}")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "model").symlink_to(tmp_path / "elsewhere")
    code, _, errors = call([*CHEAP, "--config-dir=theirs", "model=mine"])
    assert code == 2
    assert "theirs/model: no link" in errors


def test_a_folder_of_configurations_can_bring_settings(call, tmp_path):
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "wide.yaml").write_text("name: gru\nhidden_size: 300\n")
    (tmp_path / "mine" / "fn.yield.html").write_text("{")  # no configuration
    code, _, errors = call([*CHEAP, "--config-dir=mine", "model=wide"])
    assert code == 0, errors


def test_terminal_text_is_literal():
    assert safe("a\x1b[31m\x07\u202e\ud800\n<b> ü") == "a\\x1b[31m\\x07\\u202e\\ud800\n<b> ü"
