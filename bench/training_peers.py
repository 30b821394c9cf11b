"""The same training in other libraries: from the same parameters, over the same rows in order.

Adam has the rate of the case and otherwise what all libraries take: 0.9, 0.999, 1e-8.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

from bench import peers
from bench.harness import DisagreementError, Side

COMPARED = 256  # rows whose outputs are compared
BETA_1, BETA_2, EPS = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Case:
    """A network and how it is trained: `epochs` times over `rows` rows in batches of `batch`."""

    sizes: tuple[int, ...]
    activation: str = "relu"
    loss: str = "squared_error"
    rows: int = 64 * 32
    batch: int = 32
    epochs: int = 4
    rate: float = 0.001

    @property
    def label(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def passes(self) -> int:
        """Steps in all"""
        return self.epochs * -(-self.rows // self.batch)


@cache
def problem(case: Case) -> tuple:
    """Return a network, inputs, and answers: numbers that depend on the inputs, or labels."""
    from mathwork.nn import Network

    output = "softmax" if case.loss == "cross_entropy" else "identity"
    net = Network.he(case.sizes, activation=case.activation, output=output, rng=0)
    if case.loss == "cross_entropy":
        images, labels, _, _ = digit_parts()
        return net, images, labels
    random = np.random.default_rng(1)
    x = random.standard_normal((case.rows, case.sizes[0]), dtype=np.float32)
    mixed = x @ random.standard_normal((case.sizes[0], case.sizes[-1]), dtype=np.float32)
    return net, x, np.tanh(mixed / np.float32(np.sqrt(case.sizes[0])))


@cache
def many_problem(case: Case, count: int) -> tuple:
    """Return networks, inputs (count, rows, n_in) and answers."""
    from mathwork.nn import Network

    random = np.random.default_rng(1)
    nets = [Network.he(case.sizes, activation=case.activation, output="identity", rng=seed)
            for seed in range(count)]
    x = random.standard_normal((count, case.rows, case.sizes[0]), dtype=np.float32)
    return nets, x, np.tanh(x[..., :case.sizes[-1]] * x[..., 1:1 + case.sizes[-1]])


@dataclass(frozen=True)
class Run:
    """One training: a statement, its names, and the flat parameters in what it returns."""

    statement: str
    names: dict[str, Any]
    parameters: Callable[[Any], np.ndarray] = np.asarray

    def steps(self, case: Case) -> Side:
        """A side that is timed by its steps and compared by outputs of the trained network."""
        net, x, _ = problem(case)

        def outputs(value: Any) -> np.ndarray:
            return net.with_parameters(self.parameters(value))(x[:COMPARED])

        return Side(self.statement, self.names, outputs, case.passes)

    def digits(self, case: Case) -> Side:
        """A side without a result, as sides may err on other digits: each must read 97 %."""
        net, _, _ = problem(case)
        _, _, images, labels = digit_parts()

        def reads(value: Any) -> np.ndarray:
            told = net.with_parameters(self.parameters(value)).classify(images)
            if np.mean(told == labels) < 0.97:
                raise DisagreementError(f"{np.mean(told == labels):.1%} of the digits are right")
            return np.zeros(0)

        return Side(self.statement, self.names, reads)


@cache
def digit_parts() -> tuple:
    """Return images and labels to learn from, and those of the fifth that is held out."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = (images[order] / 16).astype(np.float32), labels[order]
    held = len(images) // 5 + 1
    return images[held:], labels[held:], images[:held], labels[:held]


def estimator(module: str) -> Side:
    """A call of fit as its user writes it; each must read 95 % of unseen digits."""
    from sklearn.exceptions import ConvergenceWarning

    kind = importlib.import_module(module).MLPClassifier
    x, y, images, labels = digit_parts()
    # tol and n_iter_no_change: neither stops before max_iter
    model = kind((64,), batch_size=32, learning_rate_init=0.003, max_iter=20, tol=0,
                 n_iter_no_change=100, random_state=0)

    def fit():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(x, y)

    def reads(fitted: Any) -> np.ndarray:
        if fitted.score(images, labels) < 0.95:
            raise DisagreementError(f"{fitted.score(images, labels):.1%} of the digits are right")
        return np.zeros(0)

    return Side("fit()", {"fit": fit}, reads)


def answers(case: Case, y: np.ndarray) -> np.ndarray:
    """Return the answers as float32 (n, n_out)."""
    return np.eye(case.sizes[-1], dtype=np.float32)[y] if case.loss == "cross_entropy" else y


def batches(case: Case, *arrays: Any) -> list[tuple]:
    """Return the arrays of each batch."""
    return [tuple(array[start:start + case.batch] for array in arrays)
            for start in range(0, case.rows, case.batch)]


# ---- NumPy ----

def numpy_steps(case: Case) -> Run:
    """Gradients by hand, in place where NumPy can; parameters in one vector for one Adam."""
    net, x, y = problem(case)
    parts = batches(case, x, answers(case, y))
    names = {"fit": partial(_numpy_fit, case, parts), "initial": net.parameters()}
    return Run("fit(initial)", names)


def _numpy_fit(case: Case, parts: list[tuple], start: np.ndarray) -> np.ndarray:
    theta = start.copy()
    first, second, gradient = np.zeros_like(theta), np.zeros_like(theta), np.empty_like(theta)
    layers, slopes = _views(case, theta), _views(case, gradient)
    step = 0
    for _ in range(case.epochs):
        for x, y in parts:
            _numpy_gradient(case, layers, slopes, x, y)
            step += 1
            first *= np.float32(BETA_1)
            first += np.float32(1 - BETA_1) * gradient
            second *= np.float32(BETA_2)
            second += np.float32(1 - BETA_2) * np.square(gradient)
            rate = np.float32(case.rate / (1 - BETA_1 ** step))
            width = np.sqrt(second)
            width *= np.float32(1 / np.sqrt(1 - BETA_2 ** step))
            width += np.float32(EPS)
            theta -= rate * first / width
    return theta


def _views(case: Case, vector: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (weight, bias) of each layer as views of a flat vector."""
    found, at = [], 0
    for n_in, n_out in pairwise(case.sizes):
        weight = vector[at:at + n_in * n_out].reshape(n_out, n_in)
        at += n_in * n_out + n_out
        found.append((weight, vector[at - n_out:at]))
    return found


def _numpy_gradient(case: Case, layers: list, slopes: list, x: np.ndarray, y: np.ndarray) -> None:
    values = [x]
    for weight, bias in layers[:-1]:
        z = values[-1] @ weight.T
        z += bias
        values.append(np.maximum(z, 0, out=z) if case.activation == "relu" else np.tanh(z, out=z))
    weight, bias = layers[-1]
    d = values[-1] @ weight.T + bias
    if case.loss == "cross_entropy":
        d -= d.max(axis=1, keepdims=True)
        np.exp(d, out=d)
        d /= d.sum(axis=1, keepdims=True)
        d -= y
    else:
        d -= y
        d *= 2
    d /= np.float32(len(x))
    for index in range(len(layers) - 1, -1, -1):
        value, (weight, bias) = values[index], slopes[index]
        np.matmul(d.T, value, out=weight)
        d.sum(axis=0, out=bias)
        if index:
            d = d @ layers[index][0]
            d *= value > 0 if case.activation == "relu" else 1 - value * value


# ---- torch ----

def torch_eager(case: Case) -> Run:
    """A Sequential, autograd, and Adam(fused=True)."""
    return _torch_run(case, compiled=False)


def torch_compiled(case: Case) -> Run:
    """The same, with the loss of the module compiled; its gradient is then compiled, too."""
    return _torch_run(case, compiled=True)


def _torch_run(case: Case, *, compiled: bool) -> Run:
    torch = peers.torch()
    net, x, y = problem(case)
    y = torch.from_numpy(y if case.loss == "squared_error" else y.astype(np.int64))
    fit = _torch_fit(torch, case, batches(case, torch.from_numpy(x), y), compiled)
    return Run("fit(initial)", {"fit": fit, "initial": torch.from_numpy(net.parameters())},
               lambda parameters: torch.cat([each.detach().ravel() for each in parameters]).numpy())


def _torch_fit(torch: Any, case: Case, parts: list[tuple], compiled: bool) -> Callable:
    module = _torch_module(torch, case)
    parameters = list(module.parameters())
    optimizer = torch.optim.Adam(parameters, lr=case.rate, betas=(BETA_1, BETA_2), eps=EPS,
                                 fused=True)
    function = torch.nn.functional

    def loss_of(x, y):
        if case.loss == "cross_entropy":
            return function.cross_entropy(module(x), y)
        return function.mse_loss(module(x), y, reduction="sum") / x.shape[0]

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def fit(start):
        with torch.no_grad():
            pieces = torch.split(start, [each.numel() for each in parameters])
            for each, piece in zip(parameters, pieces, strict=True):
                each.copy_(piece.view_as(each))
            for state in optimizer.state.values():
                for each in state.values():
                    each.zero_()
        for _ in range(case.epochs):
            for x, y in parts:
                optimizer.zero_grad()
                loss_of(x, y).backward()
                optimizer.step()
        return parameters

    return fit


def _torch_module(torch: Any, case: Case) -> Any:
    kind = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[case.activation]
    steps = []
    for n_in, n_out in pairwise(case.sizes):
        steps += [torch.nn.Linear(n_in, n_out), kind()]
    return torch.nn.Sequential(*steps[:-1])


def torch_each(case: Case, count: int) -> Side:
    """A loop over networks; of many it trains the first two."""
    torch = peers.torch()
    nets, x, y = many_problem(case, count)
    names = {
        f"fit_{k}": _torch_fit(torch, case, batches(
            case, torch.from_numpy(x[k]), torch.from_numpy(y[k])), compiled=False)
        for k in (0, 1)} | {f"initial_{k}": torch.from_numpy(nets[k].parameters()) for k in (0, 1)}

    def result(trained):
        return np.array([nets[0].with_parameters(torch.cat([
            each.detach().ravel() for each in parameters]).numpy())(x[0, :COMPARED])
            for parameters in trained])

    return Side("(fit_0(initial_0), fit_1(initial_1))", names, result, passes=2)


# ---- JAX ----

def jax_scan(case: Case) -> Run:
    """All steps of an epoch in one scan, all epochs in one more, and Adam by its formula."""
    jax = peers.jax()
    net, x, y = problem(case)
    fit = jax.jit(_jax_fit(jax, case))
    names = {"fit": fit, "initial": jax.numpy.asarray(net.parameters()),
             "x": jax.numpy.asarray(_in_batches(case, x)),
             "y": jax.numpy.asarray(_in_batches(case, answers(case, y)))}
    return Run("fit(initial, x, y).block_until_ready()", names)


def jax_vmap(case: Case, count: int) -> Side:
    """The same for each of many networks, by vmap."""
    jax = peers.jax()
    nets, x, y = many_problem(case, count)
    fit = jax.jit(jax.vmap(_jax_fit(jax, case)))
    names = {"fit": fit, "initial": jax.numpy.asarray(np.array([net.parameters() for net in nets])),
             "x": jax.numpy.asarray(np.array([_in_batches(case, each) for each in x])),
             "y": jax.numpy.asarray(np.array([_in_batches(case, each) for each in y]))}

    def result(trained):
        return np.array([nets[0].with_parameters(np.asarray(each))(x[0, :COMPARED])
                         for each in trained[:2]])

    return Side("fit(initial, x, y).block_until_ready()", names, result, passes=count)


def _in_batches(case: Case, rows: np.ndarray) -> np.ndarray:
    """Return the rows as (steps, batch, n); all batches are full."""
    return rows.reshape(-1, case.batch, rows.shape[-1])


def _jax_fit(jax: Any, case: Case) -> Callable:
    jnp = jax.numpy

    def loss_of(theta, x, y):
        at = 0
        for index, (n_in, n_out) in enumerate(pairwise(case.sizes)):
            weight = theta[at:at + n_in * n_out].reshape(n_out, n_in)
            at += n_in * n_out + n_out
            if index:
                x = jax.nn.relu(x) if case.activation == "relu" else jnp.tanh(x)
            x = x @ weight.T + theta[at - n_out:at]
        if case.loss == "cross_entropy":
            return -(y * jax.nn.log_softmax(x)).sum() / len(x)
        return ((x - y) ** 2).sum() / len(x)

    def step(state, batch):
        theta, first, second, count = state
        gradient = jax.grad(loss_of)(theta, *batch)
        count = count + 1
        first = BETA_1 * first + (1 - BETA_1) * gradient
        second = BETA_2 * second + (1 - BETA_2) * gradient ** 2
        theta = theta - case.rate * (first / (1 - BETA_1 ** count)) / (
            jnp.sqrt(second / (1 - BETA_2 ** count)) + EPS)
        return (theta, first, second, count), None

    def fit(start, x, y):
        def epoch(state, _):
            return jax.lax.scan(step, state, (x, y))[0], None

        state = (start, jnp.zeros_like(start), jnp.zeros_like(start), jnp.float32(0))
        return jax.lax.scan(epoch, state, length=case.epochs)[0][0]

    return fit


# ---- scikit-learn ----

def sklearn_fit(case: Case) -> Run:
    """An estimator that starts at the same parameters; it halves the squares, and has no tol."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    net, x, y = problem(case)
    kind = MLPClassifier if case.loss == "cross_entropy" else MLPRegressor
    estimator = kind(hidden_layer_sizes=case.sizes[1:-1], activation=case.activation, alpha=0,
                     batch_size=case.batch, tol=0, learning_rate_init=case.rate,
                     max_iter=case.epochs, shuffle=False, warm_start=True,
                     n_iter_no_change=10 ** 9, random_state=0)

    def fit(start):
        if hasattr(estimator, "coefs_"):
            layers = _views(case, start)
            estimator.coefs_ = [weight.T.copy() for weight, _ in layers]
            estimator.intercepts_ = [bias.copy() for _, bias in layers]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return estimator.fit(x, y)

    def flat(estimator):
        return np.concatenate([part for pair in zip(estimator.coefs_, estimator.intercepts_,
                                                    strict=True)
                               for part in (pair[0].T.ravel(), pair[1])])

    fit(net.parameters())       # makes the arrays that the next fits begin with
    return Run("fit(initial)", {"fit": fit, "initial": net.parameters()}, flat)
