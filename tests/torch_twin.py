"""The networks, losses and optimisers of mathwork in PyTorch: a second oracle of training.

torch_module        a network as a module in float64; its parameters are in mathwork's order
torch_loss          the mean loss of some rows
torch_gradient      (loss, flat gradient) by autograd
torch_optimizer     an optimiser with mathwork's name and options

Call `pytest.importorskip("torch")` first.
"""
import numpy as np
import torch
from torch import nn
from torch.nn import functional
from training_twin import as_answers, named

from mathwork.nn import Dense, LayerNorm, Residual

ACTIVATIONS = {
    "identity": lambda z: z, "relu": functional.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
    # PyTorch's own threshold of 20 would cut off 2e-9
    "softplus": lambda z, beta=1.0: functional.softplus(z, beta, 1e9), "silu": functional.silu,
    "mish": functional.mish, "gelu": functional.gelu, "selu": functional.selu,
    "leaky_relu": functional.leaky_relu, "elu": functional.elu, "celu": functional.celu,
    "clip": functional.hardtanh, "relu6": functional.relu6, "hardtanh": functional.hardtanh,
    "prelu": lambda z, slopes: functional.prelu(z, torch.tensor(slopes, dtype=z.dtype)),
    # the derivative of PyTorch's own has 1/6 in float32
    "hardsigmoid": lambda z: functional.relu6(z + 3) / 6, "hardswish": functional.hardswish,
    "softsign": functional.softsign, "log_sigmoid": functional.logsigmoid, "exp": torch.exp,
    "gelu_tanh": lambda z: functional.gelu(z, approximate="tanh"),
    "softmax": lambda z: torch.softmax(z, -1), "log_softmax": lambda z: torch.log_softmax(z, -1)}


def _activate(activation, z):
    name, parameters = named(activation)
    return ACTIVATIONS[name](z, *parameters)


class _Step(nn.Module):
    """One layer; `before` gives z, the call also applies the activation."""

    def __init__(self, layer):
        super().__init__()
        self.activation = layer.activation
        self.adds = isinstance(layer, Residual)
        if self.adds:
            self.inner = nn.Sequential(*map(_Step, layer.layers))
            return
        if isinstance(layer, Dense):
            self.inner = nn.Linear(layer._n_in, layer._n_out)
            arrays = {"weight": layer.weight, "bias": layer.bias}
        elif isinstance(layer, LayerNorm):
            self.inner = nn.LayerNorm(layer._n_in, layer.eps)
            arrays = {"weight": layer.weight, "bias": layer.bias}
        else:
            self.inner = nn.RMSNorm(layer._n_in, layer.eps)
            arrays = {"weight": layer.weight}
        for name, array in arrays.items():
            setattr(self.inner, name, nn.Parameter(torch.tensor(array.astype(float))))

    def before(self, x):
        return x + self.inner(x) if self.adds else self.inner(x)

    def forward(self, x):
        return _activate(self.activation, self.before(x))


class _Chain(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.steps = nn.Sequential(*map(_Step, layers))

    def before(self, x):
        """z of the last layer"""
        return self.steps[-1].before(self.steps[:-1](x))

    def forward(self, x):
        return self.steps(x)


def torch_module(layers):
    """The layers as a module in float64; `module.before(x)` is without the last activation."""
    return _Chain(layers).double()


def torch_loss(module, x, answers, loss="squared_error", *, weights=None, delta=1.0):
    """The mean over rows of weight * loss, as a tensor of one number."""
    x = torch.as_tensor(np.asarray(x, float))
    z = module.before(x)
    answers = torch.as_tensor(as_answers(answers, z.shape[-1], loss))
    last = named(module.steps[-1].activation)[0]
    if loss == "cross_entropy":
        if last == "sigmoid" or (last == "identity" and z.shape[-1] == 1):
            each = functional.binary_cross_entropy_with_logits(z, answers, reduction="none").sum(-1)
        else:
            each = functional.cross_entropy(z, answers, reduction="none")
    elif loss == "huber":
        each = functional.huber_loss(module(x), answers, reduction="none", delta=delta).sum(-1)
    else:
        each = functional.mse_loss(module(x), answers, reduction="none").sum(-1)
    return (each if weights is None else each * torch.as_tensor(weights)).mean()


def flat(tensors):
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).numpy()


def torch_gradient(layers, x, answers, loss="squared_error", **options):
    """(loss, gradient) as `training_twin.loss_and_gradient` gives them."""
    module = torch_module(layers)
    value = torch_loss(module, x, answers, loss, **options)
    return value.item(), flat(torch.autograd.grad(value, list(module.parameters())))


def torch_optimizer(module, optimizer, learning_rate, *, beta1=0.9, beta2=0.999, **options):
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    betas = {} if optimizer == "sgd" else {"betas": (beta1, beta2)}
    return kinds[optimizer](module.parameters(), lr=learning_rate, **betas, **options)


def torch_train(layers, inputs, answers, *, loss="squared_error", optimizer="adam",
                learning_rate=1e-3, batch_size=32, orders, weights=None, schedule=None, delta=1.0,
                **options):
    """(parameters, losses) as `training_twin.train` gives them."""
    module = torch_module(layers)
    steps = torch_optimizer(module, optimizer, learning_rate, **options)
    inputs, answers = np.asarray(inputs, float), np.asarray(answers)
    weights = np.ones(len(inputs)) if weights is None else np.asarray(weights, float)
    weights = weights / weights.mean()
    losses = []
    for epoch, order in enumerate(orders):
        for group in steps.param_groups:
            group["lr"] = learning_rate * (1.0 if schedule is None else schedule(epoch))
        total = 0.0
        for start in range(0, len(inputs), batch_size):
            rows = np.asarray(order)[start:start + batch_size]
            value = torch_loss(module, inputs[rows], answers[rows], loss, weights=weights[rows],
                               delta=delta)
            steps.zero_grad()
            value.backward()
            steps.step()
            total += value.item() * len(rows)
        losses.append(total / len(inputs))
    return flat(module.parameters()), np.array(losses)
