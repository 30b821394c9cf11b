"""Modules of PyTorch with a forward of their own, followed call by call, and what is refused."""
import types
import warnings

import numpy as np
import pytest
from helpers import raises, same_bits
from random_networks import assert_agrees

from mathwork.nn import Dense, Network
from mathwork.nn.pytorch.modules import KNOWN

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn, F = torch.nn, torch.nn.functional

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning",
                                        "ignore::UserWarning")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def own(forward, **parts):
    """A module with these parts, and this function as its forward"""
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            for name, part in parts.items():
                if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                    self.register_buffer(name, part)
                else:
                    setattr(self, name, part)
    Own.forward = forward
    return Own()


def agree(module, *shape, dtype=torch.float32, net=None, **options):
    """Check the network of a module against it, and return it"""
    net = Network.from_torch(module, **options) if net is None else net
    x = 2 * torch.randn(17, *(shape or (net.sizes[0],)), dtype=dtype)
    module = module.eval() if hasattr(module, "eval") else module
    with torch.no_grad():
        expected = module(x).numpy().reshape(17, -1)
    if all(isinstance(layer, Dense) for layer in net.layers):
        assert_agrees(net, x.numpy().reshape(17, -1), expected)
    else:                       # a few sums of four numbers around 1
        np.testing.assert_allclose(net(x.numpy().reshape(17, -1)), expected, rtol=1e-5, atol=1e-5)
    return net


def linear(n_in=4, n_out=4, **options):
    return nn.Linear(n_in, n_out, **options)


# ---- what people write ----

class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([linear(6, 8), linear(8, 8)])
        self.named = nn.ModuleDict({"head": linear(8, 3)})
        self.drop = nn.Dropout(0.5)
        self.register_buffer("mean", torch.randn(6))
        self.register_buffer("std", torch.rand(6) + 0.5)

    def forward(self, x, scale: float = 2.0, mask=None):
        x = x.view(x.size(0), -1)
        x = (x - self.mean) / self.std
        for layer in self.layers:
            x = self.drop(F.relu(layer(x)))
        x = F.dropout(x, 0.5, self.training)
        return F.softmax(self.named["head"](x) * scale, dim=-1)


def test_a_classifier():
    module = Classifier()
    net = agree(module)
    assert repr(net) == "Network(6-8-8-3, relu-relu-softmax, float32)"
    module = Classifier()
    assert Network.from_torch(module) is not None and module.training and module.drop.training


FORWARDS = {
    "tanh": lambda s, x: torch.tanh(s.a(x)),
    "method": lambda s, x: s.b(s.a(x).relu()).sigmoid(),
    "in place": lambda s, x: s.b(F.relu(s.a(x), inplace=True)),
    "silu gelu": lambda s, x: F.gelu(s.b(F.silu(s.a(x)))),
    "silu by hand": lambda s, x: s.b(s.a(x) * torch.sigmoid(s.a(x))),
    "elu": lambda s, x: F.elu(s.b(F.leaky_relu(s.a(x), 0.2)), 0.5),
    "selu mish": lambda s, x: F.selu(s.b(F.mish(s.a(x)))),
    "softplus": lambda s, x: F.softplus(s.a(x), beta=2.0),
    "log_softmax": lambda s, x: F.log_softmax(s.a(x), 1),
    "log of softmax": lambda s, x: torch.log(torch.softmax(s.a(x), dim=-1)),
    "log_sigmoid": lambda s, x: F.logsigmoid(s.a(x)),
    "matrix": lambda s, x: x @ s.w.T + s.v,
    "matmul": lambda s, x: torch.matmul(x, s.w).add(s.v),
    "addmm": lambda s, x: torch.addmm(s.v, x, s.w, beta=2, alpha=0.5),
    "from the left": lambda s, x: (s.w @ x.T).T,
    "linear": lambda s, x: F.linear(x, s.w, s.v),
    "vector": lambda s, x: torch.tanh(x @ s.v),
    "scaled": lambda s, x: 3 * s.a((x - 1) / 2) - s.v,
    "from one": lambda s, x: 1 - s.a(1 - x),
    "negative": lambda s, x: -s.a(-x),
    "squeeze": lambda s, x: s.one(x).squeeze(-1),
    "flatten": lambda s, x: s.a(torch.flatten(x, 1)),
    "reshape": lambda s, x: s.a(x.reshape(x.shape[0], -1)),
    "view": lambda s, x: s.a(x.view(-1, 4)),
    "unsqueeze": lambda s, x: s.a(x.unsqueeze(1)).squeeze(1),
    "transposes": lambda s, x: s.a(x.t().transpose(0, 1).permute(0, 1)),
    "cast": lambda s, x: s.a(x.float().to(torch.float32).contiguous().detach().clone()),
    "clamp": lambda s, x: torch.clamp(s.a(x), -0.5, 0.5),
    "clip": lambda s, x: s.a(x).clip(max=0.25),
    "hardtanh": lambda s, x: s.b(F.hardtanh(s.a(x), -0.2, 0.4)),
    "relu6": lambda s, x: F.relu6(3 * s.a(x)),
    "abs": lambda s, x: s.a(x).abs(),
    "maximum": lambda s, x: torch.maximum(s.a(x), s.v),
    "residual": lambda s, x: x + s.b(F.relu(s.a(x))),
    "residual relu": lambda s, x: s.b(F.relu(x + F.relu(s.a(x)))),
    "cat": lambda s, x: torch.cat([s.a(x), s.b(x)], 1),
    "branches": lambda s, x: s.a(torch.relu(s.a(x))) + s.b(torch.relu(s.b(x))),
    "chunk": lambda s, x: s.two(x).chunk(2, dim=-1)[0],
    "split": lambda s, x: torch.cat(s.a(x).split([1, 3], 1)[::-1], -1),
    "index": lambda s, x: s.a(x)[:, 1:3],
    "number": lambda s, x: s.a(x)[:, 2],
    "ellipsis": lambda s, x: s.a(x)[..., [2, 0]],
    "mean": lambda s, x: s.a(x).mean(dim=1, keepdim=True),
    "sum": lambda s, x: s.a(x).sum(-1),
    "dueling": lambda s, x: s.one(x) + s.a(x) - s.a(x).mean(dim=1, keepdim=True),
    "exp of a parameter": lambda s, x: s.a(x) * torch.exp(s.v),
    "norm by hand": lambda s, x: s.b((x - x.mean(-1, keepdim=True)) / torch.sqrt(
        x.var(-1, unbiased=False, keepdim=True) + 0.1)),
    "norm by hand, unbiased": lambda s, x: s.b(
        (x - x.mean(1, keepdim=True)) * torch.rsqrt(x.var(1, keepdim=True) + 0.1)),
    "rms norm by hand": lambda s, x: s.v * (x * torch.rsqrt(
        x.pow(2).mean(-1, keepdim=True) + 1e-6)),
    "operators in place": lambda s, x: in_place(s, x),
    "aliases": lambda s, x: alias(s, x),
}


def in_place(s, x):
    h = s.a(x)
    h += 1
    h *= s.v
    torch.relu_(h)
    h.sub_(0.1)
    return s.b(h)


def alias(s, x):
    h = s.a(x)
    same = s.drop(h)                # in evaluation it is h itself
    F.relu_(h)
    copy = same.clone()
    copy.add_(5)
    return s.b(same)


@pytest.mark.parametrize("name", FORWARDS)
def test_forwards(name):
    parts = {"a": linear(), "b": linear(), "one": linear(4, 1), "two": linear(4, 8),
             "w": nn.Parameter(torch.randn(4, 4)), "v": nn.Parameter(torch.randn(4)),
             "drop": nn.Dropout()}
    agree(own(FORWARDS[name], **parts), 4)


@pytest.mark.parametrize("name", ["changed_view", "changed_part", "copied_columns", "copied_cast"])
def test_what_shares_memory_is_not_changed_unseen(name):
    module = own(lambda s, x: globals()[name](s.a(x)), a=linear())
    with pytest.raises(ValueError, match="changes in place what other values share"):
        Network.from_torch(module)


@pytest.mark.parametrize("name", ["changed_twice", "changed_rows", "added_rows"])
def test_what_shares_memory_is_changed_with_it(name):
    agree(own(lambda s, x: globals()[name](s.a(x)), a=linear()), 4)


def changed_twice(h):
    same = h
    h = h.add_(1)
    h *= 2
    return same


def changed_rows(h):
    rows = h.view(-1, 4)
    h.relu_()
    return rows


def added_rows(h):
    rows = h.reshape(-1, 4)
    h += 1
    return rows


def copied_columns(h):
    copy = h[:, [0, 1, 2, 3]]
    h.relu_()
    return copy


def copied_cast(h):
    copy = h.double().float()
    h.relu_()
    return copy


def changed_view(h):
    flat = h.view(-1, 2, 2)
    h.relu_()
    return flat.flatten(1)


def changed_part(h):
    h[:, :2].relu_()
    return h


def test_buffers_of_the_module_keep_their_numbers():
    module = own(lambda s, x: s.a(x) + s.count.add_(1), a=linear(), count=torch.zeros(1))
    Network.from_torch(module)
    assert module.count.item() == 0


def test_modules_inplace_whose_result_is_not_taken():
    def forward(s, x):
        h = s.a(x)
        s.act(h)
        return s.b(h)
    agree(own(forward, a=linear(), b=linear(), act=nn.ReLU(inplace=True)))


@pytest.mark.parametrize("make", [
    lambda: type("Mine", (nn.Linear,), {"forward": lambda self, x: 2 * F.linear(x, self.weight)})(
        4, 4),
    lambda: type("Mine", (nn.Sequential,), {"forward": lambda self, x: 2 * x})(),
    lambda: type("Mine", (nn.ReLU,), {"__call__": lambda self, x: 2 * x})()])
def test_overridden_methods_are_followed(make):
    agree(nn.Sequential(linear(), make()))
    replaced = make()
    replaced.forward = types.MethodType(lambda self, x: 3 * x, replaced)
    if "__call__" not in vars(type(replaced)):
        agree(nn.Sequential(linear(), replaced))


# ---- normalization ----

def test_batch_norm_is_folded():
    norm = nn.BatchNorm1d(5, eps=1e-3)
    for tensor in (norm.running_mean, norm.weight.data, norm.bias.data):
        tensor.normal_()
    norm.running_var.uniform_(0.1, 4)
    plain = nn.BatchNorm1d(4, affine=False)
    plain.running_mean.normal_()
    module = nn.Sequential(plain, linear(4, 5), norm, nn.ReLU(), norm, linear(5, 2),
                           nn.BatchNorm1d(2))
    net = agree(module)
    assert repr(net) == "Network(4-5-2, relu-identity, float32)"
    # Rounded once: each weight is as near as float32 can be to the product in float64.
    scale = 1 / np.sqrt(plain.running_var.double().numpy() + plain.eps)
    after = norm.weight.detach().double().numpy() / np.sqrt(
        norm.running_var.double().numpy() + norm.eps)
    exact = module[1].weight.detach().double().numpy() * scale * after[:, None]
    assert same_bits(net.layers[0].weight, exact.astype(np.float32))


@pytest.mark.parametrize("make", [
    lambda: nn.LayerNorm(5), lambda: nn.LayerNorm(5, eps=0.1),
    lambda: nn.LayerNorm(5, elementwise_affine=False), lambda: nn.LayerNorm(5, bias=False),
    lambda: nn.RMSNorm(5), lambda: nn.RMSNorm(5, eps=0.1)])
def test_layer_norms(make):
    norm = make()
    for parameter in norm.parameters():
        parameter.data.normal_()
    net = agree(nn.Sequential(linear(4, 5), norm, nn.GELU(), linear(5, 2)))
    assert [type(layer).__name__ for layer in net.layers] == [
        "Dense", type(norm).__name__, "Dense"]


def test_weights_that_are_computed():
    normed = nn.utils.parametrizations.weight_norm(linear())
    spectral = nn.utils.parametrizations.spectral_norm(linear())
    before = {name: value.clone() for name, value in spectral.state_dict().items()}
    agree(own(lambda s, x: s.b(F.relu(s.a(x))), a=normed, b=spectral))
    Network.from_torch(nn.Sequential(spectral.train()))
    assert all((spectral.state_dict()[name] == value).all() for name, value in before.items())


# ---- other things than modules ----

def test_compiled_parallel_and_scripted():
    module = Classifier().eval()
    expected = Network.from_torch(module)
    x = torch.randn(9, 6)
    plain = nn.Sequential(linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.ReLU(inplace=True),
                          nn.Flatten(), linear(8, 2), nn.Softmax(-1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        agree(torch.jit.script(plain), 6, shape=6)
        for given in (torch.compile(module), nn.DataParallel(module),
                      torch.jit.trace(module, torch.zeros(3, 6))):
            np.testing.assert_allclose(Network.from_torch(given)(x.numpy()), expected(x.numpy()),
                                       rtol=1e-5, atol=1e-6)


def test_exported_programs():
    module = Classifier().eval()
    expected = Network.from_torch(module)
    x = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    n = torch.export.Dim("n")
    for options in ({}, {"dynamic_shapes": {"x": {0: n}}}):
        exported = torch.export.export(module, (torch.zeros(3, 6),), **options)
        np.testing.assert_allclose(Network.from_torch(exported)(x), expected(x), rtol=1e-5,
                                   atol=1e-6)
        lower = exported.run_decompositions()
        np.testing.assert_allclose(Network.from_torch(lower)(x), expected(x), rtol=1e-5, atol=1e-6)
    assert agree(torch.fx.symbolic_trace(own(lambda s, x: s.a(x).relu(), a=linear()))).sizes == (
        4, 4)


def test_code_that_asks_for_lengths_is_traced_by_an_example():
    def forward(s, x):
        if x.dim() == 1:
            x = x[None]
        assert x.shape[-1] == 4
        for _ in range(len(x.shape)):
            x = F.relu(s.a(x))
        return s.b(x)
    assert repr(agree(own(forward, a=linear(), b=linear(4, 2)), 4)) == (
        "Network(4-4-4-2, relu-relu-identity, float32)")


# ---- dtypes and shapes ----

def test_float64_and_dtype():
    module = own(lambda s, x: torch.tanh(s.a(x / 3)), a=linear()).double()
    assert agree(module, dtype=torch.float64).dtype == np.float64
    assert Network.from_torch(module, dtype=np.float32).dtype == np.float32
    assert Network.from_torch(own(lambda s, x: s.a(x), a=linear().bfloat16())).dtype == np.float32


def test_a_shape_that_weights_do_not_tell():
    module = own(lambda s, x: s.a(x[:, 1:5]) + x[:, :1], a=linear())
    with raises(ValueError, "getitem (getitem) takes a part of the input, whose number of columns "
                            "is not known: give shape="):
        Network.from_torch(module)
    assert agree(module, shape=7).sizes == (7, 4, 4) or agree(module, shape=7).sizes[0] == 7
    images = nn.Sequential(nn.Flatten(), linear(12, 2))
    assert agree(images, 3, 4).sizes == (12, 2)
    assert agree(images, 3, 4, shape=(3, 4)).sizes == (12, 2)
    for shape in (0, "4", (), (3, -1), 2.0, True):
        with pytest.raises(ValueError, match="shape must be the number of columns"):
            Network.from_torch(images, shape=shape)
    with raises(ValueError, "shape must be of a sample of at most 4194304 numbers, got (4096, 1025)"
                ):
        Network.from_torch(images, shape=(4096, 1025))
    with raises(ValueError, "Linear '1' takes samples of 12 numbers, they have 8, with shape = "
                            "(2, 4)"):
        Network.from_torch(images, shape=(2, 4))


def test_scales_that_overflow_are_refused():
    module = own(lambda s, x: s.a(x * 1e30 * 1e30), a=linear())
    with pytest.raises(ValueError, match=r"too large for float32 .* dtype=numpy\.float64"):
        Network.from_torch(module)
    assert Network.from_torch(module, dtype=np.float64).dtype == np.float64


# ---- refused ----

def with_hook(module, register):
    getattr(module, register)(lambda *arguments: None)
    return module


HOOKS = "has no counterpart in mathwork: it has forward hooks, which are not kept"
UNKNOWN = f"has no counterpart in mathwork: {KNOWN}"


@pytest.mark.parametrize(("make", "message"), [
    (lambda: nn.Conv2d(1, 1, 1), f"Conv2d '1' {UNKNOWN}"),
    (lambda: nn.Module(), f"Module '1' {UNKNOWN}"),
    (lambda: nn.Sequential(nn.ReLU(), nn.Bilinear(4, 4, 4)), f"Bilinear '1.1' {UNKNOWN}"),
    (lambda: nn.LSTM(4, 4),
     f"LSTM '1' has no counterpart in mathwork: it is recurrent; {KNOWN}"),
    (lambda: with_hook(nn.ReLU(), "register_forward_hook"), f"ReLU '1' {HOOKS}"),
    (lambda: with_hook(linear(), "register_forward_pre_hook"), f"Linear '1' {HOOKS}"),
    (lambda: with_hook(nn.Sequential(), "register_forward_hook"), f"Sequential '1' {HOOKS}"),
    (lambda: nn.Softmax(0), "Softmax '1' works along axis 0, where the samples lie"),
    (lambda: nn.Sequential(nn.LogSoftmax(2)),
     "LogSoftmax '1.0' has axis 2, and its input 2 axes"),
    (lambda: nn.Flatten(0),
     "Flatten '1' with start_dim=0, end_dim=-1 does not leave one row a sample"),
    (lambda: nn.Softplus(threshold=5),
     "Softplus '1' has beta=1.0, threshold=5; known are thresholds from 20 on"),
    (lambda: nn.BatchNorm1d(4, track_running_stats=False),
     "BatchNorm1d '1' normalizes by the mean of each batch, so a row depends on the others"),
    (lambda: linear(3, 4), "Linear '1' takes samples of 3 numbers, they have 4")])
def test_refused_modules(make, message):
    with raises(ValueError, message):
        Network.from_torch(nn.Sequential(linear(), make()))


@pytest.mark.parametrize(("forward", "message"), [
    (lambda s, x: F.dropout(s.a(x)), "dropout (dropout) drops numbers at random, also in "
     "evaluation: with training=self.training it does not"),
    (lambda s, x: (s.a(x), s.a(x)), "its forward gives 2 results, not one tensor: wrap it in a "
     "module that returns one of them"),
    (lambda s, x: {"mean": s.a(x), "std": x}, "its forward gives the results 'mean', 'std', not "
     "one tensor: wrap it in a module that returns one of them"),
    (lambda s, x: s.a.bias + 1, "its forward does not depend on the input"),
    (lambda s, x: s.a(x) * s.a(x + 1), "mul (mul) multiplies two values of the samples, which is "
     "no activation that mathwork knows: SiLU is x Sigmoid(x), Mish x Tanh(Softplus(x)), Gelu x (1 "
     "+ Erf(x / sqrt(2))) / 2"),
    (lambda s, x: torch.sin(s.a(x)), "sin (sin) has no counterpart in mathwork"),
    (lambda s, x: torch.sort(s.a(x)).values, "sort (sort) has no counterpart in mathwork"),
    (lambda s, x: s.a(x).long(), "long (long) makes whole numbers of the samples"),
    (lambda s, x: s.a(x).to(torch.int32), "to (to) makes torch.int32 of the samples"),
    (lambda s, x: s.a(x) / 0, "truediv (truediv) divides by zero"),
    (lambda s, x: s.a(x) @ s.a(x).T, "matmul (matmul) multiplies the samples by what depends on "
     "them"),
    (lambda s, x: s.a(x).sum(0), "sum (sum_1) works along axis 0, where the samples lie")])
def test_refused_forwards(forward, message):
    with raises(ValueError, message):
        Network.from_torch(own(forward, a=linear()))


@pytest.mark.parametrize(("module", "call", "count"), [
    (lambda: nn.MultiheadAttention(4, 2), lambda s, x: s.a(x, x, x)[0], 3),
    (lambda: nn.Bilinear(4, 4, 2), lambda s, x: s.a(x, input2=x), 2),
    (lambda: nn.GRUCell(4, 4), lambda s, x: s.a(x, x), 2),
    (lambda: nn.MSELoss(), lambda s, x: s.a(x, x + 1), 2)])
def test_modules_of_several_inputs_are_refused(module, call, count):
    with pytest.raises(ValueError, match=rf"^\w+ 'a' has no counterpart in mathwork: it is called "
                                         rf"with {count} inputs; known of torch\.nn are "):
        Network.from_torch(own(call, a=module()))


def test_modules_called_by_keyword():
    """Also one that changes its input in place"""
    def forward(s, x):
        h = s.a(input=x)
        s.r(input=h)
        return s.b(h)
    module = own(forward, a=linear(4, 3), r=nn.ReLU(inplace=True), b=linear(3, 2))
    x = torch.randn(5, 4)
    np.testing.assert_allclose(Network.from_torch(module)(x.numpy()), module(x).detach(), rtol=1e-5,
                               atol=1e-6)


def test_a_width_that_is_guessed_wrong_asks_for_shape(capfd):
    def forward(s, x):
        return s.a(torch.cat([x, torch.ones(x.shape[0], 1)], 1))
    module = own(forward, a=linear(5, 3))
    with pytest.raises(ValueError, match=r"\. Give shape=, the number of columns of its input, if "
                                         r"no Linear takes these as they are\. "):
        Network.from_torch(module)
    assert capfd.readouterr().err == ""         # torch logs what fails, with tracebacks
    assert Network.from_torch(module, shape=4).sizes == (4, 3)


def test_choices_by_numbers_are_refused():
    module = own(lambda s, x: s.a(x) if x.sum() > 0 else -s.a(x), a=linear())
    with pytest.raises(ValueError, match=r"^Own cannot be traced: .* must not depend on the "
                                         r"numbers in its input"):
        Network.from_torch(module)


def test_several_inputs_are_refused():
    module = own(lambda s, x, y: s.a(x) + y, a=linear())
    message = "takes the inputs x, y, a network one: wrap it in a module that takes one tensor"
    with pytest.raises(ValueError, match=f"^Own has no counterpart in mathwork: .*{message}"):
        Network.from_torch(module)
    exported = torch.export.export(module, (torch.zeros(3, 4), torch.zeros(3, 4)))
    with pytest.raises(ValueError, match=message):
        Network.from_torch(exported)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor.* are deprecated:UserWarning")
def test_refused_weights():
    def with_weight(weight):
        module = linear(1, 1, bias=False)
        del module.weight
        module.weight = nn.Parameter(weight, requires_grad=False)
        return module

    for weight, dtype in ((torch.ones(2, 2, dtype=torch.complex64), "torch.complex64"),
                          (torch.ones(2, 2, dtype=torch.int8), "torch.int8"),
                          (torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8),
                           "torch.qint8")):
        with raises(ValueError, f"Linear has parameters of dtype {dtype}"):
            Network.from_torch(with_weight(weight))
    with raises(ValueError, "Linear '0' is on the meta device, without numbers"):
        Network.from_torch(nn.Sequential(linear(device="meta")))
    with pytest.raises(ValueError, match="Linear has a parameter that cannot be read"):
        Network.from_torch(with_weight(torch.eye(2).to_sparse()))
    with raises(ValueError, "LazyLinear '0' has no weights yet: call the module first"):
        Network.from_torch(nn.Sequential(nn.LazyLinear(2)))


def test_quantized_modules_say_so():
    quantize = pytest.importorskip("torch.ao.quantization").quantize_dynamic
    module = quantize(nn.Sequential(linear(), nn.ReLU()), {nn.Linear})
    with raises(ValueError, "Linear '0' has no counterpart in mathwork: it is quantized: give the "
                            "module as it was before, whose weights are floating point"):
        Network.from_torch(module)


def test_refused_as_a_whole():
    endless = nn.Sequential(linear())
    endless.append(nn.Sequential(endless))
    with raises(ValueError, "Sequential '1.0' contains itself"):
        Network.from_torch(endless)
    for empty in (nn.Sequential(), nn.ReLU(), nn.Sequential(nn.ReLU(), nn.Flatten())):
        with raises(ValueError, "the network has no linear layer"):
            Network.from_torch(empty)
    with raises(ValueError, f"Conv2d {UNKNOWN}"):
        Network.from_torch(nn.Conv2d(1, 1, 1))
    with raises(ValueError, "ModuleList has no counterpart in mathwork: it has no forward; in the "
                            "order of its modules it is nn.Sequential(*modules)"):
        Network.from_torch(nn.ModuleList([linear()]))
    for other, name in ((torch.ones(2, 2), "Tensor"), (nn.Parameter(torch.ones(2)), "Parameter"),
                        (nn.Linear, "type")):
        with raises(TypeError, f"module must be a torch.nn.Module, got {name}"):
            Network.from_torch(other)
    with raises(TypeError, "module must be a torch.nn.Module, got a dict: a state_dict does not "
                           "say what is computed; mathwork.nn.load(state_dict, activations=...) "
                           "takes it"):
        Network.from_torch(dict(linear().state_dict()))


# ---- policies of Stable-Baselines3 ----

@pytest.fixture(scope="module")
def baselines():
    return pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed")


def environment(space):
    gymnasium = pytest.importorskip("gymnasium")

    class Environment(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-1, 1, (5,), np.float32)
        action_space = space(gymnasium.spaces)

        def reset(self, seed=None, options=None):
            return self.observation_space.sample(), {}

        def step(self, action):
            return self.observation_space.sample(), 0.0, False, False, {}
    return Environment()


def box(spaces):
    return spaces.Box(np.array([-2, -0.01], np.float32), np.array([1, 0.01], np.float32))


def even_box(spaces):
    return spaces.Box(-0.01, 0.01, (2,), np.float32)


def discrete(spaces):
    return spaces.Discrete(3)


@pytest.mark.parametrize(("algorithm", "space", "options"), [
    ("PPO", box, {}), ("PPO", even_box, {}), ("PPO", discrete, {}), ("A2C", discrete, {}),
    ("A2C", box, {"use_sde": True}), ("PPO", box, {"policy_kwargs": {
        "share_features_extractor": False}}),
    ("SAC", box, {}), ("SAC", even_box, {"use_sde": True}), ("TD3", box, {}),
    ("DDPG", even_box, {}), ("DQN", discrete, {})])
def test_policies(baselines, algorithm, space, options):
    model = getattr(baselines, algorithm)("MlpPolicy", environment(space), seed=0, device="cpu",
                                          **options)
    net = Network.from_torch(model.policy)
    x = 3 * np.random.default_rng(0).normal(size=(50, 5)).astype(np.float32)
    actions, _ = model.predict(x, deterministic=True)
    if space is discrete:
        assert (net.classify(x) == actions).all()
    else:
        np.testing.assert_allclose(net(x), actions, rtol=1e-5, atol=1e-6)
    with raises(TypeError, f"module must be a torch.nn.Module, got {algorithm}: give its policy"):
        Network.from_torch(model)


def test_parts_of_policies(baselines):
    model = baselines.PPO("MlpPolicy", environment(box), seed=0, device="cpu")
    policy = model.policy
    x = torch.randn(9, 5)
    module = nn.Sequential(policy.mlp_extractor.policy_net, policy.action_net)
    agree(module, 5)
    with torch.no_grad():
        expected = policy.predict_values(x).numpy()
    value = nn.Sequential(policy.mlp_extractor.value_net, policy.value_net)
    np.testing.assert_allclose(Network.from_torch(value)(x.numpy()), expected, atol=1e-5)


def test_observations_that_are_no_row(baselines):
    gymnasium = pytest.importorskip("gymnasium")
    env = environment(discrete)
    env.observation_space = gymnasium.spaces.Dict({"a": gymnasium.spaces.Box(-1, 1, (2,))})
    model = baselines.PPO("MultiInputPolicy", env, device="cpu")
    with pytest.raises(ValueError, match="its observations are a Dict"):
        Network.from_torch(model.policy)
