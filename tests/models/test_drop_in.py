"""What "drop-in for torch.nn" covers: every use here is run with torch's module and with ours, and must give the same.

Rows of the table in docs/modules.md name the tests of this file.
"""

import copy
import io
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounter
from torch.nn.utils import parametrize, prune
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.optim.swa_utils import AveragedModel
from torch.utils.checkpoint import checkpoint

import rnncompare
from rnncompare.models.fast import build
from tests.models.parity import CELLS, IMPLEMENTATIONS, pair

X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(3))
LENGTHS = torch.tensor([3, 5])
Use = Callable[[nn.RNNBase], object]


def loss(module: nn.Module, x: Tensor = X) -> Tensor:
    return module(x)[0].square().sum()


def gradients(module: nn.Module) -> list[Tensor]:
    return [p.grad for p in module.parameters() if p.grad is not None]


def trained(module: nn.Module, x: Tensor = X) -> object:
    loss(module, x).backward()
    return gradients(module)


def duplicated(duplicate: Callable[[nn.Module], nn.Module]) -> Use:
    def use(module):
        twin = duplicate(module)
        return twin(X), trained(twin), list(twin.state_dict()), twin._flat_weights

    return use


def through_file(module):
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def packed(module, x=X, sort=False):
    return pack_padded_sequence(x, LENGTHS, module.batch_first, enforce_sorted=sort)


def padded(module):
    output, final = module(packed(module))
    return pad_packed_sequence(output, module.batch_first), final


def packed_under_another_device(module):
    sequences = packed(module)
    with torch.device("meta"):
        output, final = module(sequences)
        output.data.sum().backward()
    return output, final, gradients(module)


def checkpointed(module):
    x = X.clone().requires_grad_()
    output, _ = checkpoint(module, x, use_reentrant=False)
    output.square().sum().backward()
    return x.grad, gradients(module)


def checkpointed_reentrant(module):
    x = X.clone().requires_grad_()
    checkpoint(module, x, use_reentrant=True)[0].square().sum().backward()
    return x.grad, gradients(module)


def written_in_place(module):
    output, final = module(X)
    doubled = nn.ReLU(inplace=True)(output.mul_(2))
    final = final if isinstance(final, tuple) else (final,)
    (doubled.sum() + sum(s.add_(1).square().sum() for s in final)).backward()
    return doubled, gradients(module)


def written_in_place_below(module):
    x = X.clone().requires_grad_() * 1
    output, _ = module(x)
    with torch.no_grad():
        return output.add_(1)


def input_written_in_place(module):
    x = torch.ones(5, 2, 4, requires_grad=True) * 1
    output, _ = module(x)
    x += output
    x.square().sum().backward()
    return gradients(module)


def initialised(module):
    """The loop of many training scripts."""
    for part in nn.Sequential(module).modules():
        if isinstance(part, nn.RNNBase):
            for name, parameter in part.named_parameters():
                if "weight_hh" in name:
                    nn.init.orthogonal_(parameter)
                elif "bias" in name:
                    nn.init.constant_(parameter, 0.5)
    return [p.detach().clone() for p in module.parameters()], module(X)


def initialised_through_all_weights(module):
    for weights in module.all_weights:
        for parameter in weights:
            nn.init.constant_(parameter, 0.1)
    return module._all_weights, module(X)


def flat_weights(module):
    same = all(a is b for a, b in zip(module._flat_weights, module.parameters(), strict=True))
    moved = module.double()
    same_moved = all(a is b for a, b in zip(moved._flat_weights, moved.parameters(), strict=True))
    assigned = nn.Parameter(torch.zeros_like(module.weight_hh_l0))
    module.weight_hh_l0 = assigned
    return same, same_moved, module._flat_weights[1] is assigned, module._flat_weights_names, module(X.double())


def weight_dropped(module):
    """Weight drop as in AWD-LSTM (Merity et al. 2018): the parameter is moved away, a masked one set for each pass."""
    raw = module.weight_hh_l0
    del module._parameters["weight_hh_l0"]
    module.register_parameter("weight_hh_l0_raw", nn.Parameter(raw.detach()))
    mask = (torch.arange(raw.numel()).view_as(raw) % 2).to(raw)
    module.weight_hh_l0 = module.weight_hh_l0_raw * mask
    loss(module).backward()
    return module.weight_hh_l0_raw.grad


def weight_normalised(module):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        nn.utils.weight_norm(module, "weight_hh_l0")
    return module(X), trained(module)


def parametrised(module):
    nn.utils.parametrizations.orthogonal(module, "weight_hh_l0", orthogonal_map="cayley")
    with parametrize.cached():
        return module(X), trained(module)


def pruned(module):
    prune.l1_unstructured(module, "weight_hh_l0", amount=0.5)
    return module(X), trained(module)


def replicated(module):
    """What DataParallel does on each device: a shallow copy whose parameters are plain tensors."""
    replica = module._replicate_for_data_parallel()
    for name, parameter in module.named_parameters():
        setattr(replica, name, parameter.clone())
    loss(replica).backward()
    return gradients(module)


def data_parallel(module):
    parallel = nn.DataParallel(module, dim=1)
    return parallel(X), trained(parallel)


def as_one_vector(module):
    found = torch.autograd.grad(loss(module), list(module.parameters()))
    return nn.utils.parameters_to_vector(found), [gradient.stride() for gradient in found]


def autocast(module, dtype=torch.bfloat16, hx=None):
    with torch.autocast("cpu", dtype):
        output, final = module(X, hx)
        output.float().sum().backward()
    finals = final if isinstance(final, tuple) else (final,)
    return output.dtype, [s.dtype for s in finals], [g.dtype for g in gradients(module)]


def autocast_half_input(module):
    with torch.autocast("cpu", torch.bfloat16):
        return module(X.bfloat16())[0].dtype


def autocast_packed(module):
    with torch.autocast("cpu", torch.bfloat16):
        results = [module(packed(module, x)) for x in (X, X.bfloat16())]
    return [tensor.dtype for tensor in _flat(results)]


def scaled(module):
    scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
    optimiser = torch.optim.SGD(module.parameters(), 0.1)
    scaler.scale(loss(module)).backward()
    scaler.step(optimiser)
    scaler.update()
    return list(module.parameters())


def stepped(make: Callable[..., torch.optim.Optimizer]) -> Use:
    def use(module):
        optimiser = make(module.parameters(), 0.1)
        for _ in range(3):
            optimiser.zero_grad()
            loss(module).backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimiser.step()
        return module(X)

    return use


def accumulated(module):
    for _ in range(2):
        loss(module).backward()
    return gradients(module)


def twice_through_one_graph(module):
    value = loss(module)
    value.backward(retain_graph=True)
    value.backward()
    return gradients(module)


def truncated(module):
    hx, outputs = None, []
    for part in X.split(2):
        output, hx = module(part, hx)
        hx = tuple(s.detach() for s in hx) if isinstance(hx, tuple) else hx.detach()
        output.square().sum().backward()
        outputs.append(output)
    return outputs, gradients(module)


def frozen(module):
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    x = X.clone().requires_grad_()
    module(x)[0].sum().backward()
    module.weight_ih_l0.requires_grad_(True)
    return x.grad, trained(module)


def second_order(module):
    x = X.clone().requires_grad_()
    (first,) = torch.autograd.grad(loss(module, x), x, create_graph=True)
    first.square().sum().backward()
    return gradients(module)


def functional_call(module):
    doubled = {name: 2 * p for name, p in module.named_parameters()}
    return torch.func.functional_call(module, doubled, (X,))


def hooked(module):
    seen = []
    module.register_forward_hook(lambda _, inputs, outputs: seen.append((inputs[0], outputs[0])))
    module.register_full_backward_hook(lambda *arguments: seen.append(arguments[2][0]))
    loss(module, X.clone().requires_grad_()).backward()
    return seen


def inference(module):
    with torch.inference_mode():
        return module(X)


def threads(module):
    found: dict[int, Tensor] = {}
    workers = [threading.Thread(target=lambda i=i: found.update({i: module(X)[0]})) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [found[i] for i in range(3)]


def shared_weights(module):
    twin = copy.deepcopy(module)
    twin.weight_ih_l0 = module.weight_ih_l0
    (loss(module) + loss(twin)).backward()
    return module.weight_ih_l0.grad


def in_containers(module):
    model = nn.ModuleDict({"a": nn.ModuleList([module]), "b": nn.Linear(1, 1, bias=False)})
    return list(model.state_dict()), [name for name, _ in model.named_modules()]


def on_meta(module):
    return [o.shape for o in _flat(module.to("meta")(X.to("meta")))]


def to_empty(module):
    empty = module.to("meta").to_empty(device="cpu")
    return [p.shape for p in empty.parameters()], [p.shape for p in empty._flat_weights]


def averaged(module):
    average = AveragedModel(module)
    average.update_parameters(module)
    return average(X)


def anomaly(module):
    with warnings.catch_warnings(), torch.autograd.set_detect_anomaly(True):
        return trained(module)


def per_sample(module):
    return torch.autograd.functional.jacobian(lambda x: module(x)[0].sum((0, 2)), X)


def jacobian_at_once(module):
    return torch.autograd.functional.jacobian(lambda x: module(x)[0].sum((0, 2)), X, vectorize=True)


def hessian_at_once(module):
    return torch.autograd.functional.hessian(lambda x: loss(module, x), X, vectorize=True)


def batched_gradients(module):
    x = X.clone().requires_grad_()
    sums = module(x)[0].sum((0, 2))
    return torch.autograd.grad(sums, x, torch.eye(2), is_grads_batched=True)


def gradient_penalty(module):
    x = X.clone().requires_grad_()
    (first,) = torch.autograd.grad(module(x)[0].sum(), x, create_graph=True)
    first.square().sum().backward()
    return x.grad, gradients(module)


def forward_mode(module):
    return torch.func.jvp(lambda x: module(x)[0], (X,), (X,))


def functional_gradient(module):
    return torch.func.grad(lambda x: loss(module, x))(X), torch.func.jacrev(lambda x: module(x)[0].sum((0, 2)))(X)


def mapped(module):
    return torch.func.vmap(lambda x: module(x)[0])(torch.stack([X, 2 * X]))


DERIVATIVES = [
    jacobian_at_once,
    hessian_at_once,
    batched_gradients,
    gradient_penalty,
    functional_gradient,
]


def saved_on_cpu(module):
    with torch.autograd.graph.save_on_cpu():
        value = loss(module)
    value.backward()
    return gradients(module)


def strided_input(module):
    return module(X.transpose(0, 1).contiguous().transpose(0, 1)), module(X.expand(5, 2, 3))


def empty_batch(module):
    return [o.shape for o in _flat(module(X[:, :0]))]


def nan_input(module):
    x = X.clone()
    x[2, 0] = torch.nan
    return module(x)[0].isnan()


def traced(module, steps=5):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = torch.jit.trace(module, (X,))
    other = torch.randn(steps, 3, 3, generator=torch.Generator().manual_seed(0))
    return graph(other), trained(graph, other)


def as_trace(module, x=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(module, (x,), check_trace=False)


def as_program(module, x=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.export.export(module, (x,)).module()


def as_compiled(module):
    torch._dynamo.reset()  # else what other tests compiled counts towards its limit, beyond which all runs eagerly
    return torch.compile(module, backend="eager")


def exported(module):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of _flat_weights, with torch's modules too
        program = torch.export.export(module, (X,), dynamic_shapes=({1: torch.export.Dim("batch")},))
    other = torch.randn(5, 6, 3, generator=torch.Generator().manual_seed(0))
    return program.module()(other)


def generator_state(module):
    before = torch.get_rng_state()
    module(X)
    return torch.equal(torch.get_rng_state(), before)


USES: list[Use] = [
    initialised,
    initialised_through_all_weights,
    flat_weights,
    weight_dropped,
    weight_normalised,
    parametrised,
    pruned,
    replicated,
    data_parallel,
    as_one_vector,
    autocast,
    autocast_half_input,
    autocast_packed,
    scaled,
    accumulated,
    twice_through_one_graph,
    truncated,
    frozen,
    second_order,
    functional_call,
    hooked,
    inference,
    threads,
    shared_weights,
    in_containers,
    on_meta,
    to_empty,
    averaged,
    anomaly,
    per_sample,
    *DERIVATIVES,
    saved_on_cpu,
    strided_input,
    empty_batch,
    nan_input,
    padded,
    packed_under_another_device,
    checkpointed,
    checkpointed_reentrant,
    traced,
    exported,
    written_in_place_below,
    generator_state,
]
NAMED_USES: dict[str, Use] = {
    "copy": duplicated(copy.copy),
    "deepcopy": duplicated(copy.deepcopy),
    "pickle": duplicated(lambda module: pickle.loads(pickle.dumps(module))),
    "torch.save of the module": duplicated(through_file),
    "shared memory": duplicated(lambda module: module.share_memory()),
    "train and eval": lambda module: (module.eval()(X), module.train()(X)),
    "zero_grad": lambda module: (trained(module), module.zero_grad(), gradients(module)),
    "half of a batch": lambda module: module(X[:, :1]),
    "one sequence": lambda module: module(X[:, 0]),
    "flatten_parameters": lambda module: (module.flatten_parameters(), module(X)),
    "bfloat16 weights": lambda module: module.bfloat16()(X.bfloat16())[0].dtype,
    "double weights": lambda module: module.double()(X.double()),
    "SGD": stepped(torch.optim.SGD),
    "Adam, fused": stepped(lambda parameters, rate: torch.optim.Adam(parameters, rate, fused=True)),
    "requires_grad_": lambda module: loss(module.requires_grad_(False)).requires_grad,
    "apply": lambda module: [type(part) is type(module) for part in (module.apply(lambda part: None),)],
    "no_grad": lambda module: torch.no_grad()(module)(X),
}


def _flat(result: object) -> Iterator[object]:
    """The parts of nested tuples and lists, packed sequences included."""
    if isinstance(result, PackedSequence):
        yield from (result.data, result.batch_sizes)
    elif isinstance(result, (tuple, list)):
        for part in result:
            yield from _flat(part)
    else:
        yield result


def same(use: Use, name: str, implementation: str, **settings) -> None:
    """Fail unless ``use`` gives the same for our module and torch's."""
    ours, theirs = pair(name, implementation, input_size=3, hidden_size=4, **settings)
    torch.manual_seed(1)
    expected = list(_flat(use(theirs)))
    torch.manual_seed(1)
    found = list(_flat(use(ours)))
    assert expected
    for a, b in zip(found, expected, strict=True):
        if isinstance(b, Tensor):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
        else:
            assert a == b


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("use", [*USES, *NAMED_USES.values()], ids=[*(use.__name__ for use in USES), *NAMED_USES])
def test_as_torch(use, name, implementation):
    same(use, name, implementation, num_layers=2)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("stack", [{}, {"num_layers": 2, "bidirectional": True}, {"batch_first": True}], ids=str)
@pytest.mark.parametrize("use", [written_in_place, autocast], ids=lambda use: use.__name__)
def test_results_as_torch(use, name, implementation, stack):
    if use is written_in_place and name == "LSTM" and "bidirectional" not in stack:
        ours, theirs = pair(name, implementation, input_size=3, hidden_size=4, **stack)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            use(theirs)
        use(ours)  # more than torch's LSTM allows
    else:
        same(use, name, implementation, **stack)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", CELLS)
def test_autocast_with_states_of_their_own(name, implementation):
    hx = torch.zeros(1, 2, 4)
    hx = (hx, hx) if name == "LSTM" else hx
    same(lambda module: autocast(module, hx=hx), name, implementation)
    same(autocast_half_input, name, implementation)


def test_states_are_permuted_and_checked_as_torchs_are():
    x, order = torch.randn(5, 3, 6), torch.tensor([2, 0, 1])
    for name in ("LSTM", "GRU", "RNN"):
        ours, theirs = getattr(rnncompare, name)(6, 8), getattr(nn, name)(6, 8)
        one = torch.randn(1, 3, 8)
        state = (one, one + 1) if name == "LSTM" else one
        torch.testing.assert_close(ours.permute_hidden(state, order), theirs.permute_hidden(state, order))
        ours.check_forward_args(x, state, None)


@pytest.mark.parametrize("name", CELLS)
def test_what_our_classes_are(name):
    """`torch.compile` refuses whatever is an instance of torch's three classes, so ours are instances of their base."""
    ours, theirs = getattr(rnncompare, name)(3, 4), getattr(nn, name)
    assert isinstance(ours, nn.RNNBase)
    assert not isinstance(ours, theirs)
    with pytest.raises(torch._dynamo.exc.Unsupported, match="does not support RNN"):
        torch.compile(theirs(3, 4), backend="eager", fullgraph=True)(X)
    assert ours.mode == theirs(3, 4).mode


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("implementation", ["auto", "fused"])
def test_graphs_hold_one_node_a_layer_and_direction(name, implementation):
    module = getattr(rnncompare, name)(3, 4, 2, bidirectional=True, implementation=implementation)
    steps, batch = torch.export.Dim("steps"), torch.export.Dim("batch")
    program = torch.export.export(module, (X,), dynamic_shapes=({0: steps, 1: batch},))
    assert sum(node.target is torch.ops.rnncompare.layer.default for node in program.graph.nodes) == 4
    for shape in ((9, 3, 3), (5, 2, 3), (2, 7, 3)):
        x = torch.randn(shape)
        torch.testing.assert_close(program.module()(x), module(x))


@pytest.mark.parametrize("name", CELLS)
def test_compiled_whole(name):
    """Forward and backward of one graph, for any length and batch."""
    module = getattr(rnncompare, name)(3, 4)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True, dynamic=True)
    for shape in ((5, 2, 3), (9, 4, 3), (3, 7, 3)):
        x, y = (torch.ones(shape, requires_grad=True) for _ in range(2))
        expected = [*_flat(module(x))]
        with torch._dynamo.config.patch(error_on_recompile=shape[0] != 5):
            found = [*_flat(compiled(y))]
        torch.testing.assert_close(found, expected)
        for wanted, results in ((x, expected), (y, found)):
            sum(result.square().sum() for result in results).backward()
            wanted.weights = [wanted.grad, *(p.grad for p in module.parameters())]
            module.zero_grad()
        torch.testing.assert_close(y.weights, x.weights)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_compiled_once(name, implementation):
    """What a call notes down does not have the next one compiled again, nor break the graph."""
    module = getattr(rnncompare, name)(3, 4, implementation=implementation)
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = torch.compile(lambda x: checkpoint(module, x, use_reentrant=False)[0], backend=counter, fullgraph=True)
    for _ in range(2):
        torch.testing.assert_close(compiled(X), module(X)[0])
    assert counter.frame_count == 1


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("implementation", ["auto", "fused"])
def test_a_trace_serves_other_lengths(name, implementation):
    same(lambda module: traced(module, steps=8), name, implementation)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf Tensor")
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # by the first `torch.func.jvp`
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("graph", [as_trace, as_program, as_compiled], ids=lambda graph: graph.__name__)
@pytest.mark.parametrize("use", [*DERIVATIVES, forward_mode, mapped], ids=lambda use: use.__name__)
def test_derivatives_of_graphs(use, graph, name):
    module, plain = (pair(name, i, input_size=3, hidden_size=4)[0] for i in ("auto", "loop"))
    found = [*_flat(use(graph(module)))]
    torch.testing.assert_close(found, [*_flat(use(plain))], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # by the first `torch.func.jvp`
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("use", [forward_mode, functional_gradient, mapped], ids=lambda use: use.__name__)
def test_compiled_transforms(use, name):
    module, plain = (pair(name, i, input_size=3, hidden_size=4)[0] for i in ("auto", "loop"))
    torch._dynamo.reset()
    found = [*_flat(torch.compile(lambda: use(module), backend="aot_eager")())]
    torch.testing.assert_close(found, [*_flat(use(plain))], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("graph", [as_trace, as_program, as_compiled], ids=lambda graph: graph.__name__)
def test_results_of_graphs_can_be_written_to(graph, name):
    module = getattr(rnncompare, name)(3, 4)
    expected = [*_flat(written_in_place(module))]
    module.zero_grad()
    torch.testing.assert_close([*_flat(written_in_place(graph(module)))], expected)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("graph", [lambda module, x: module, as_trace, as_program], ids=["eager", "trace", "program"])
def test_input_may_be_written_to_after_batch_first(graph, implementation, name):
    ours, theirs = pair(name, implementation, input_size=4, hidden_size=4, batch_first=True)
    found = input_written_in_place(graph(ours, torch.ones(5, 2, 4)))
    torch.testing.assert_close(found, input_written_in_place(theirs))


@pytest.mark.parametrize(("name", "settings"), [*((name, {}) for name in CELLS), ("RNN", {"nonlinearity": "relu"})])
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("value", [torch.inf, torch.nan])
def test_gradients_of_input_that_is_not_finite(value, implementation, name, settings):
    """An infinite number makes NaN or infinite what it is multiplied by, and nothing else."""
    x = torch.ones(20, 2, 3)
    x[2, 0, 1] = value
    modules = pair(name, implementation, input_size=3, hidden_size=5, **settings)
    ours, theirs = (trained(module, x) for module in modules)
    for found, expected in zip(ours, theirs, strict=True):
        assert torch.equal(found.isfinite(), expected.isfinite())
        torch.testing.assert_close(found[found.isfinite()], expected[found.isfinite()], rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_packed_sequences_stay_outside_graphs():
    module, readout = rnncompare.GRU(3, 4), nn.Linear(4, 1)

    def model(x, lengths):
        output, _ = module(pack_padded_sequence(x, lengths, enforce_sorted=False))
        return readout(pad_packed_sequence(output)[0])

    compiled = torch.compile(model, backend="eager")
    for lengths in (torch.tensor([3, 5]), torch.tensor([5, 1])):
        torch.testing.assert_close(compiled(X, lengths), model(X, lengths))
    assert module.implementation_used != "operator"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RuntimeError, match="packed sequences cannot be traced or exported"):
            torch.jit.trace(lambda x: module(packed(module, x))[0].data, (X,))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
@pytest.mark.skipif(build.kernels() is None, reason="needs a C compiler")
def test_compiled_by_inductor():
    module = nn.Sequential()
    module.gru, module.readout = rnncompare.GRU(3, 4, 2), nn.Linear(4, 1)

    def loss(gru, x):
        return module.readout(gru(x)[0]).square().sum()

    compiled = torch.compile(loss, fullgraph=True, dynamic=True)
    for shape in ((5, 2, 3), (9, 4, 3)):
        x = torch.randn(shape)
        results = []
        for function in (loss, compiled):
            module.zero_grad()
            function(module.gru, x).backward()
            results.append(gradients(module))
        torch.testing.assert_close(*results)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_a_traced_graph_has_the_module_as_a_leaf(name):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.readout = getattr(rnncompare, name)(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            output, _ = self.layer(x)
            return self.readout(output[-1])

    model = Model()
    traced = torch.fx.symbolic_trace(model)
    assert "layer" in [node.target for node in traced.graph.nodes if node.op == "call_module"]
    torch.testing.assert_close(traced(X), model(X))


@pytest.mark.parametrize("name", CELLS)
def test_not_covered_goes_through_the_state_dict(name):
    ours, theirs = getattr(rnncompare, name)(3, 4), getattr(nn, name)(3, 4)
    theirs.load_state_dict(ours.state_dict())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RuntimeError):
            torch.jit.script(nn.Sequential(ours))
        scripted = torch.jit.script(nn.Sequential(theirs))
    torch.testing.assert_close(scripted(X), ours(X))
