"""The training loop against a loop written out by hand, and what it does when things go wrong."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn

from rnncompare.base.errors import SettingError
from rnncompare.models.architecture import Architecture
from rnncompare.models.network import Network
from rnncompare.tasks.adding import Adding
from rnncompare.tasks.contract import Examples, stream
from rnncompare.training import loop
from rnncompare.training.batches import Split
from rnncompare.training.experiment import run_experiment
from rnncompare.training.loop import check_optimizer, evaluate, train
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings

CPU = torch.device("cpu")


def settings(model="gru", *, seed=0, size=64, **changed):
    changed = {"max_updates": 20, "validate_every": 5, **changed}
    return RunSettings(
        model=ModelSettings(name=model, hidden_size=8),
        data=Adding(size=size, sequence_length=10, validation_examples=50, test_examples=50),
        train=TrainSettings(**changed),
        seed=seed,
        device="cpu",
    ).resolved()


def prepared(run):
    data = run.data.load(run.seed)
    torch.manual_seed(run.seed)
    network = Network(Architecture(name=run.model.name, outputs=1, readout="last", features=2, hidden_size=8))
    return data, network, Split(data.train, "last", CPU), Split(data.validation, "last", CPU)


def test_the_loop_is_the_plain_loop():
    run = settings(max_updates=7, validate_every=7)
    data, network, train_split, validation_split = prepared(run)
    curve = train(network, train_split, validation_split, data.objective, run.train, 0, CPU).curve

    _, plain, *_ = prepared(run)
    optimizer = torch.optim.Adam(plain.parameters(), lr=run.train.learning_rate)
    order, losses = stream(0, "order"), []
    for _epoch in range(4):
        permutation = order.permutation(64)
        for index in (permutation[:32], permutation[32:]):
            if len(losses) == 7:
                break
            optimizer.zero_grad()
            inputs = torch.from_numpy(data.train.inputs[index]).transpose(0, 1)
            loss = ((plain(inputs) - torch.from_numpy(data.train.targets[index])) ** 2).mean()
            loss.backward()
            nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
    assert curve[0].train_loss == pytest.approx(np.mean(losses), rel=1e-6)
    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [("constant", [1, 1, 1, 1]), ("linear", [1, 0.75, 0.5, 0.25]), ("cosine", [1, 0.853553, 0.5, 0.146447])],
)
def test_a_schedule_scales_every_step(monkeypatch, schedule, shares):
    taken = []

    step = torch.optim.SGD.step

    def watched(optimizer):
        taken.append(optimizer.param_groups[0]["lr"])
        return step(optimizer)

    monkeypatch.setattr(torch.optim.SGD, "step", watched)
    run = settings(max_updates=4, validate_every=3, optimizer="sgd", learning_rate=0.5, schedule=schedule)
    data, network, train_split, validation_split = prepared(run)
    train(network, train_split, validation_split, data.objective, run.train, 0, CPU)
    assert taken == pytest.approx([0.5 * share for share in shares], rel=1e-5)


def test_a_partial_batch_waits_for_another_epoch():
    examples = Examples(np.arange(10, dtype=np.float32).reshape(10, 1, 1), np.arange(10))
    batches = Split(examples, "last", CPU).shuffled(4, stream(0, "order"))
    sizes = [len(next(batches).targets) for _ in range(6)]
    assert sizes == [4] * 6


def test_the_same_seed_shows_two_models_the_same_examples():
    examples = Examples(np.arange(10, dtype=np.float32).reshape(10, 1, 1), np.arange(10))
    first, second = (Split(examples, "last", CPU).shuffled(3, stream(5, "order")) for _ in range(2))
    for _ in range(9):
        torch.testing.assert_close(next(first).targets, next(second).targets)


def test_batches_are_cut_to_their_longest_sequence_and_masked():
    inputs = np.ones((3, 6, 1), np.float32)
    split = Split(Examples(inputs, np.zeros((3, 6), np.int64), np.array([2, 4, 6])), "every", CPU)
    batch = split.batch(torch.tensor([1, 0]))
    assert batch.inputs.shape == (4, 2, 1)
    assert batch.targets.shape == (4, 2)
    assert batch.steps.sum(0).tolist() == [4, 2]


def test_evaluation_pools_over_uneven_batches(monkeypatch):
    run = settings()
    data, network, train_split, _ = prepared(run)
    whole = evaluate(network, train_split, data.objective)
    monkeypatch.setattr("rnncompare.training.loop.SCORING_BATCH", 7)
    assert evaluate(network, train_split, data.objective).loss == pytest.approx(whole.loss, rel=1e-6)


def test_the_best_state_is_kept_and_scored():
    run = run_experiment(settings(max_updates=60, learning_rate=0.05))
    best = min(point.validation_metric for point in run.curve)
    assert run.record.quality.validation == pytest.approx(best, rel=1e-5)


def test_patience_ends_training():
    # so small a step changes no float32 weight: the first validation stays the best
    run = run_experiment(settings(learning_rate=1e-30, patience=2, max_updates=1000))
    assert run.record.speed.updates == 3 * 5
    assert run.record.status == "completed"


def scores(monkeypatch, metrics):
    """Let validation give these metrics one after the other, the last for ever; the smaller the better."""
    given = iter(metrics)
    last = metrics[-1]
    evaluate = loop.evaluate

    def scripted(network, split, objective):
        metric = next(given, last)
        return dataclasses.replace(evaluate(network, split, objective), metric=metric, loss=metric)

    monkeypatch.setattr(loop, "evaluate", scripted)


@pytest.mark.parametrize(
    ("metrics", "changed", "updates", "converged"),
    [
        ([9.0, 5.0, 4.9], {"settle": 0.5}, 20, True),  # the last that counts was at 10
        ([9.0, 5.0, 4.9, 4.8, 4.7], {"settle": 0.0}, 50, True),  # any improvement counts: the last was at 25
        ([9.0, 8.7, 8.4, 8.1, 7.8], {"settle": 0.5, "min_updates": 20}, 50, True),  # small ones add up: at 15, 25
        ([9.0, 9.5, 8.0, 8.6, 8.2], {"settle": 0.5, "min_updates": 15}, 30, True),  # worse ones do not
        ([9.0], {"settle": 0.5, "min_updates": 33}, 35, True),
        ([9.0], {"settle": 0.5}, 10, True),
        ([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0], {"settle": 0.5, "max_updates": 35}, 35, False),
        ([9.0, 5.0], {"settle": 0.5, "max_updates": 20}, 20, True),  # settled just where the budget ends
        ([9.0, 5.0], {"settle": 0.5, "patience": 1}, 15, True),
        ([9.0, 5.0], {"patience": 2}, 20, True),
        ([9.0, 5.0], {"patience": 2, "min_updates": 40}, 40, True),
        ([9.0, 5.0], {"max_updates": 30}, 30, False),
    ],
)
def test_training_ends_when_it_has_settled_and_says_whether_it_did(monkeypatch, metrics, changed, updates, converged):
    run = settings(**{"max_updates": 60, "patience": None, **changed})
    data, network, train_split, validation_split = prepared(run)
    scores(monkeypatch, metrics)
    trained = train(network, train_split, validation_split, data.objective, run.train, 0, CPU)
    assert (trained.updates, trained.converged) == (updates, converged)
    assert trained.best.validation_metric == min(metrics[: updates // 5])


def test_settling_does_not_choose_the_state_kept(monkeypatch):
    run = settings(max_updates=60, patience=None, settle=0.5)
    data, network, train_split, validation_split = prepared(run)
    scores(monkeypatch, [9.0, 5.0, 4.9, 5.0])
    assert train(network, train_split, validation_split, data.objective, run.train, 0, CPU).best.update == 15


def test_the_record_says_whether_training_converged():
    def converged(**changed):
        return run_experiment(settings(**changed)).record.quality.converged

    assert converged(learning_rate=1e-30, patience=2, max_updates=1000) is True
    assert converged(max_updates=10) is False
    assert converged(model="rnn", optimizer="sgd", learning_rate=1e6, clip_norm=None, max_updates=40) is False


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_fused_optimizer_makes_the_same_steps_but_for_rounding(optimizer):
    plain, fused = (run_experiment(settings(optimizer=optimizer, fused=fused)) for fused in (False, True))
    assert fused.record.config["train"]["fused"] is True
    assert fused.record.run_id != plain.record.run_id
    for a, b in zip(plain.curve, fused.curve, strict=True):
        assert a.validation_loss == pytest.approx(b.validation_loss, rel=1e-4)


def test_where_torch_cannot_fuse_the_setting_is_named():
    with pytest.raises(SettingError, match=r"train\.fused=True"):
        settings(optimizer="rmsprop", fused=True)
    check_optimizer(settings(fused=True).train, CPU)
    with pytest.raises(SettingError, match=r"train\.fused=True: false on meta"):
        check_optimizer(settings(fused=True).train, torch.device("meta"))


def test_a_target_is_timed_when_first_reached_and_null_if_never():
    reached = run_experiment(settings(target=1e6)).record.speed
    assert reached.updates_to_target == 5
    assert 0 < reached.seconds_to_target <= reached.training_seconds
    never = run_experiment(settings(target=-1.0)).record.speed
    assert (never.updates_to_target, never.seconds_to_target) == (None, None)


def test_divergence_is_recorded_with_its_update():
    run = run_experiment(settings(model="rnn", optimizer="sgd", learning_rate=1e6, clip_norm=None, max_updates=40))
    assert run.record.status == "diverged"
    assert 1 < run.record.diverged_at <= 40
    assert str(run.record.diverged_at) in run.record.error


def test_a_loss_that_is_not_finite_counts_at_its_own_update():
    run = settings(max_updates=8, validate_every=4)
    data, network, train_split, validation_split = prepared(run)
    calls = 0

    def poisoned(module, arguments, output):
        nonlocal calls
        calls += module.training
        return output * (math.nan if calls == 6 else 1.0)

    network.register_forward_hook(poisoned)
    assert train(network, train_split, validation_split, data.objective, run.train, 0, CPU).diverged_at == 6


@pytest.mark.parametrize(("ours", "torchs"), [("lstm", "torch_lstm"), ("gru", "torch_gru"), ("rnn", "torch_rnn")])
def test_hand_written_and_torch_models_learn_alike(ours, torchs):
    first, second = (run_experiment(settings(name, validate_every=1, max_updates=10)).curve for name in (ours, torchs))
    assert first[0].train_loss == pytest.approx(second[0].train_loss, rel=1e-6)
    for a, b in zip(first, second, strict=True):
        assert a.train_loss == pytest.approx(b.train_loss, rel=1e-4)
        assert a.validation_loss == pytest.approx(b.validation_loss, rel=1e-4)


def test_one_seed_gives_one_record():
    def comparable(record):
        return dataclasses.replace(record, speed=None, memory=None, provenance=None)

    first, second = run_experiment(settings(seed=3)), run_experiment(settings(seed=3))
    assert comparable(first.record) == comparable(second.record)
    assert [dataclasses.replace(p, seconds=0) for p in first.curve] == [
        dataclasses.replace(p, seconds=0) for p in second.curve
    ]


def test_every_field_of_a_completed_record_is_filled():
    record = dataclasses.asdict(run_experiment(settings(target=1e6)).record)
    may_be_null = {"error", "diverged_at", "by_length", "metrics", "stacked", "git_commit", "git_dirty"}
    for part in ("model", "data", "quality", "speed", "memory", "provenance"):
        nulls = {name for name, value in record[part].items() if value is None}
        assert nulls <= may_be_null, part
