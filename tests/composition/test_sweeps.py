"""The runs that a sweep's command line stands for."""

import sys

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra

from rnncompare.cli.application import run_hydra
from rnncompare.composition.compose import compose
from rnncompare.run import COMMAND


@pytest.fixture
def swept(monkeypatch, tmp_path):
    """A function that gives the settings of the runs of ``-m WORDS``, and how often Hydra composed for them."""

    def swept(*words):
        found, composed = [], []
        load = ConfigLoaderImpl.load_sweep_config

        def counted(*arguments):
            composed.append(arguments)
            return load(*arguments)

        with monkeypatch.context() as patched:
            patched.chdir(tmp_path)
            patched.setenv("HYDRA_FULL_ERROR", "0")
            patched.setattr(ConfigLoaderImpl, "load_sweep_config", counted)
            patched.setattr(sys, "argv", ["run", "-m", *words])
            GlobalHydra.instance().clear()
            run_hydra(COMMAND, lambda settings: pytest.fail("not a sweep"), lambda runs, *_: found.extend(runs))
        return found, len(composed)

    return swept


def test_runs_that_differ_in_their_seed_alone_are_composed_once_and_as_if_each_had_been(swept):
    words = [["model=lstm,gru", "seed=range(0,5)"], ["seed=3,1,2", "data.size=20,40", "++train.max_updates=7"]]
    for sweep, others in zip(words, (2, 2), strict=True):
        found, composed = swept("data=adding", *sweep)
        assert composed == others
        assert len({(run.seed, run.model.name, str(run.data.size)) for run in found}) == len(found)
        for run in found:
            plain = [f"model={run.model.name}", "data=adding", f"data.size={run.data.size}", f"seed={run.seed}"]
            (alone,) = compose([[*plain, f"train.max_updates={run.train.max_updates}"]])
            assert run == alone


def test_what_depends_on_the_seed_is_composed_for_each(swept, tmp_path):
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "odd.yaml").write_text("name: gru\nhidden_size: ${seed}\n")
    found, composed = swept("--config-dir=mine", "model=odd", "data=adding", "seed=3,4,5")
    assert [run.model.hidden_size for run in found] == [3, 4, 5]
    assert composed == 3
