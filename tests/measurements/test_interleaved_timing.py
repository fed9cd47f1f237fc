"""The parts of a benchmark: what is admitted, how it is timed, and what the figures mean. No time is asserted."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

import rnncompare
from rnncompare.base.errors import SettingError
from rnncompare.base.isolation import call_isolated
from rnncompare.measurements import contenders, overhead, product_peak
from rnncompare.measurements import interleaved_timing as turns
from rnncompare.measurements.bench_tables import Results, means, ratio, text, to_frame
from rnncompare.measurements.cases import BASE, IMPLEMENTATIONS, BenchSettings, Case, cases
from rnncompare.models import sizing
from rnncompare.models.recurrent import Recurrent

HAND = [name for name in IMPLEMENTATIONS if name != "compiled_loop"]  # compiling takes ten seconds
TINY = Case("grid", (3, 2, 4, 5), 1, cells=["gru"], implementations=HAND, seconds=1e-6, repeats=4)


pytestmark = pytest.mark.usefixtures("process_as_before")


def test_every_implementation_is_timed_in_every_way_with_the_figures_that_follow_from_its_times():
    measured = turns.measure(dataclasses.replace(TINY, cells=["lstm", "gru", "rnn", "mgu"]))
    assert (measured.disagreements, measured.notices) == ([], [])
    assert len(measured.rows) == len(measured.laps)
    timed = {(row["cell"], row["implementation"], row["measure"]) for row in measured.rows}
    for measure in ("forward", "forward_backward", "update"):
        for cell in ("lstm", "gru", "rnn"):
            assert {(cell, name, measure) for name in ("torch", "loop", "cell_loop")} <= timed
        assert ("mgu", "loop", measure) in timed
        assert not {("mgu", "torch", measure), ("mgu", "cell_loop", measure)} & timed
    for row, laps in zip(measured.rows, measured.laps, strict=True):
        median = sorted(laps)[len(laps) // 2] if len(laps) % 2 else sum(sorted(laps)[len(laps) // 2 - 1 :][:2]) / 2
        assert row["repeats"] == len(laps) >= 4
        assert row["ms_median"] == pytest.approx(1000 * median)
        assert row["ms_p10"] <= row["ms_median"] <= row["ms_p90"]
        assert row["sequences_per_second"] == pytest.approx(2 / median)
        plan = contenders.architecture(row["cell"], "loop", 4, 5)
        count = sizing.flops_per_forward if row["measure"] == "forward" else sizing.flops_per_update
        assert row["gflops"] == pytest.approx(count(plan, 2, 3) / median / 1e9)
        assert row["peak_share"] == pytest.approx(row["gflops"] / measured.peak.gflops)


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_other_types_are_computed_in(dtype):
    case = dataclasses.replace(TINY, dtype=dtype, cells=["lstm", "gru"])
    measured = turns.measure(case)
    assert measured.disagreements == []
    assert {"torch", "loop"} <= {row["implementation"] for row in measured.rows}
    input = torch.randn(3, 2, 4, dtype=torch.float64 if dtype == "float64" else torch.float32)
    network = contenders.reference("gru", 5, input, getattr(torch, dtype))
    assert network.recurrent(input)[0].dtype == input.dtype
    looped = contenders.build("gru", "loop", network, input, getattr(torch, dtype))
    assert looped.layer(input)[0].dtype == getattr(torch, dtype)


def test_all_contenders_have_the_weights_of_the_reference():
    input = torch.randn(3, 2, 4)
    weights = contenders.reference("lstm", 5, input, torch.float32)
    for name in ("torch", "loop", "cell_loop"):
        built = contenders.build("lstm", name, weights, input, torch.float32)
        for own, given in zip(built.network.parameters(), weights.parameters(), strict=True):
            assert torch.equal(own, given)
            assert own is not given


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_loop_over_torchs_steps_gives_what_torchs_module_gives(cell):
    input = torch.randn(6, 2, 4, dtype=torch.float64)
    weights = contenders.reference(cell, 5, input, torch.float64)
    loop = contenders.build(cell, "cell_loop", weights, input, torch.float64).layer
    (output, final), (expected, expected_final) = loop(input), weights.recurrent(input)
    torch.testing.assert_close(output, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(final, expected_final, rtol=1e-12, atol=1e-12)


class Scaled(nn.Module):
    """A layer whose results are off: the output, the state, or only what flows back."""

    def __init__(self, layer, what, by):
        super().__init__()
        self.layer, self.what, self.by = layer, what, by

    def forward(self, input):
        output, final = self.layer(input)
        if self.what == "the gradient":
            return output + self.by * (output - output.detach()), final
        return (output * (1 + self.by), final) if self.what == "the output" else (output, final * (1 + self.by))


@pytest.mark.parametrize("what", ["the output", "final state", "the gradient"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_layer_that_is_off_by_more_than_the_tolerance_is_found_and_named(what, dtype):
    layer = nn.GRU(4, 5, dtype=dtype)
    input, allowed = torch.randn(3, 2, 4, dtype=dtype), contenders.tolerance(dtype, 3)
    assert contenders.disagreement(layer, layer, input, dtype) is None
    assert contenders.disagreement(Scaled(layer, what, 0.01 * allowed), layer, input, dtype) is None
    assert what in contenders.disagreement(Scaled(layer, what, 30 * allowed), layer, input, dtype)


def test_in_float32_what_is_as_near_to_the_exact_result_as_torch_is_right(monkeypatch):
    """As for long sums in another order, where both differ by more than the tolerance."""
    monkeypatch.setattr(contenders, "tolerance", lambda dtype, steps: 0.0)
    ours, torchs = rnncompare.GRU(4, 16, implementation="loop"), nn.GRU(4, 16)
    torchs.load_state_dict(ours.state_dict())
    input = torch.randn(40, 8, 4)
    assert contenders.disagreement(ours, torchs, input, torch.float32) is None
    assert "the output" in contenders.disagreement(Scaled(torchs, "the output", 1e-5), torchs, input, torch.float32)
    assert contenders.disagreement(ours.double(), torchs.double(), input.double(), torch.float64) is not None


def test_not_a_number_and_another_shape_disagree():
    layer, wide = nn.GRU(4, 5), nn.GRU(4, 6)
    input = torch.randn(3, 2, 4)
    assert "off by nan" in contenders.disagreement(Scaled(layer, "the output", float("nan")), layer, input, input.dtype)
    assert "shape (3, 2, 6)" in contenders.disagreement(wide, layer, input, input.dtype)


def test_what_disagrees_is_named_and_not_timed(monkeypatch):
    right = nn.GRUCell.forward
    monkeypatch.setattr(nn.GRUCell, "forward", lambda self, x, h=None: right(self, x, h) * 1.001)
    measured = turns.measure(TINY)
    (line,) = measured.disagreements
    assert line.startswith("gru cell_loop, T=3 B=2 I=4 H=5, 1 thread: the output: off by")
    timed = {row["implementation"] for row in measured.rows}
    assert "cell_loop" not in timed
    assert {"torch", "loop"} <= timed
    results = Results("a processor", [(TINY, measured)])
    assert f"disagrees, not timed: {line}" in text(results)


def test_a_compiler_that_does_not_work_is_a_notice(monkeypatch):
    def broken(layer):
        raise RuntimeError("no compiler\nand a long story")

    monkeypatch.setattr(contenders, "compile_step", broken)
    measured = turns.measure(dataclasses.replace(TINY, implementations=["torch", "compiled_loop"]))
    assert measured.notices == ["gru compiled_loop: RuntimeError: no compiler"]
    assert {row["implementation"] for row in measured.rows} == {"torch"}


def test_turns_are_taken_a_b_a_b_after_a_warm_up():
    taken = []
    calls = [lambda: taken.append("A"), lambda: taken.append("B")]
    laps = turns.in_turns(calls, torch.device("cpu"), seconds=1e-9, repeats=3)
    assert [len(each) for each in laps] == [3, 3]
    assert "".join(taken) == "AB" * (3 + turns.WARM_UP)


def test_turns_go_on_until_the_time_is_spent():
    laps = turns.in_turns([lambda: None], torch.device("cpu"), seconds=0.1, repeats=1)
    assert len(laps[0]) > 10


def memory(case, send):
    return turns.memory(case, "gru", "loop")


def test_memory_is_that_of_a_forward_and_backward_pass():
    """The loop keeps at least every gate of every step for the way back."""
    case = dataclasses.replace(TINY, shape=(100, 32, 16, 64))
    at_least = 100 * 32 * 3 * 64 * 4 / 2**20
    assert at_least < call_isolated(memory, case) < 20 * at_least  # a process of its own has nothing freed to use again


def test_the_product_peak_names_what_reached_it():
    for dtype in (torch.float32, torch.float64):
        peak = product_peak.product_peak(8, 16, torch.device("cpu"), dtype)
        assert peak.gflops > 0
        assert peak.by in ("torch.mm", "torch.mm, transposed", "oneDNN linear")


def test_all_ways_to_multiply_give_the_same_product():
    h, weight = torch.randn(8, 16), torch.randn(64, 16)
    for name, product in product_peak.products(h, weight).items():
        torch.testing.assert_close(product(), h @ weight.T, msg=name)


def test_both_training_loops_are_timed_and_the_bare_one_trains():
    (row,) = overhead.measure(dataclasses.replace(TINY, part="training_loop", shape=(4, 3, 1, 5), repeats=2))
    assert row["updates"] == 2 * (overhead.UPDATES - 1)
    assert row["ratio_p10"] <= row["ratio"] <= row["ratio_p90"]
    assert row["train_ms"] > 0


def test_forward_operations_by_hand():
    plan = contenders.architecture("lstm", "loop", 4, 5)
    assert sizing.flops_per_forward(plan, 2, 3) == 2 * (3 * 2 * (20 * 4 + 20 * 5) + 2 * 5)


def rows(times):
    """Rows of one case and measure from ``{(cell, implementation, H): ms}``."""
    shared = {"part": "grid", "T": 3, "B": 2, "I": 4, "threads": 1, "measure": "update"}
    return [
        shared | dict(zip(("cell", "implementation", "H"), key, strict=True), ms_median=ms) for key, ms in times.items()
    ]


def test_ratios_compare_rows_that_are_alike_in_all_else():
    times = {("lstm", "torch", 8): 2.0, ("lstm", "loop", 8): 6.0, ("gru", "torch", 8): 4.0, ("mgu", "loop", 8): 3.0}
    times |= {("lstm", "loop", 16): 5.0, ("lstm", "torch", 16): 20.0}
    frame = to_frame(rows(times))
    assert frame["to_torch"].tolist() == pytest.approx([1, 3, 1, np.nan, 0.25, 1], nan_ok=True)
    assert frame["to_lstm"].tolist() == pytest.approx([1, 1, 2, 0.5, 1, 1])
    assert ratio(frame, "H", 16).tolist() == pytest.approx([0.1, 1.2, np.nan, np.nan, 1, 1], nan_ok=True)


def test_means_are_geometric_and_over_the_grid_alone():
    times = {("gru", "torch", 8): 1.0, ("gru", "loop", 8): 4.0, ("gru", "torch", 16): 1.0, ("gru", "loop", 16): 9.0}
    found = rows(times)
    found += [row | {"part": "width", "ms_median": 1000.0} for row in found if row["implementation"] == "loop"]
    loop = means(to_frame(found), "to_torch", ["implementation"]).loc["loop"]
    assert loop["mean"] == pytest.approx(6)
    assert (loop["worst"], loop["shapes"]) == (9, 2)


def test_settings_take_a_single_value_for_a_list_and_make_the_cases():
    settings = BenchSettings(
        cell="gru", implementation="torch", shapes=[5, 2, 3, 4], threads=[2, 1], widths=[8], lengths=7
    )
    made = cases(dataclasses.replace(settings.checked(), device="cpu"))
    assert [case.part for case in made] == ["grid", "grid", "width", "length", "training_loop"]
    assert [(case.shape, case.threads, case.memory) for case in made[:2]] == [
        ((5, 2, 3, 4), 2, True),
        ((5, 2, 3, 4), 1, False),
    ]
    assert made[2].shape == (*BASE[:3], 8)
    assert made[3].shape == (7, *BASE[1:])
    assert {case.threads for case in made[2:]} == {2}
    assert (made[0].cells, made[0].implementations) == (["gru"], ["torch"])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"implementation": ["nothing"]}, "implementation=nothing"),
        ({"cell": []}, r"cell=\[\]"),
        ({"shapes": [[1, 2, 3]]}, r"shapes=\[1, 2, 3\]"),
        ({"shapes": [3]}, r"shapes=\[3\]"),
        ({"shapes": [[1, 2, 0, 3]]}, "shapes="),
        ({"shapes": [[1, 2, True, 3]]}, "shapes="),
        ({"threads": [0]}, "threads=0"),
        ({"widths": ["wide"]}, "widths=wide"),
        ({"dtype": "float16"}, "dtype=float16"),
        ({"seconds": float("inf")}, "seconds=inf"),
        ({"repeats": 0}, "repeats=0"),
    ],
)
def test_settings_that_nothing_could_meet_are_refused_by_name(wrong, named):
    with pytest.raises(SettingError, match=f"^{named}"):
        BenchSettings(**wrong).checked()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_case_on_cuda():
    measured = turns.measure(dataclasses.replace(TINY, device="cuda", cells=["lstm", "gru", "rnn"]))
    assert measured.disagreements == []
    assert {"torch", "loop"} <= {row["implementation"] for row in measured.rows}
    assert turns.memory(dataclasses.replace(TINY, device="cuda"), "gru", "loop") > 0


def test_a_step_is_compiled_for_one_layer_alone(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function, **settings: lambda *given: function(*given))
    input = torch.randn(3, 2, 4)
    weights = contenders.reference("gru", 5, input, torch.float32)
    compiled = contenders.build("gru", "compiled_loop", weights, input, torch.float32)
    plain = contenders.build("gru", "loop", weights, input, torch.float32)
    assert isinstance(compiled.layer, Recurrent)
    assert "step" in vars(compiled.layer.cell)
    assert "step" not in vars(plain.layer.cell)
    assert contenders.disagreement(compiled.layer, plain.layer, input, torch.float32) is None
