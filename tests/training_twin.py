"""The slow twin of training, in NumPy and float64: gradients and steps by definition.

parameters, rebuilt     a network as one flat vector, and back
outputs                 (z, y) of the last layer: before its activation, and after
loss_and_gradient       of some rows, as `nn.gradient` and a step of `nn.train` have it
SGD, Adam, AdamW        one step each, of a flat vector
train                   epochs of steps over rows in a given order

Layers are those of `mathwork.nn`; only their arrays and names are read. tests/torch_twin.py has
the same in PyTorch.
"""
import math

import numpy as np
from reference import FORMULAS

from mathwork.nn import Dense, LayerNorm, Residual, RMSNorm

# ---- activations ----

_ROOT = math.sqrt(2 / math.pi)


def _sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def _between(z, low, high):
    return ((z > low) & (z < high)).astype(float)


def _gelu(z):
    normal = np.vectorize(lambda t: math.erfc(-t / math.sqrt(2)) / 2)
    return normal(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _gelu_tanh(z):
    half = _sigmoid(2 * _ROOT * (z + 0.044715 * z ** 3))
    return half + z * half * (1 - half) * 2 * _ROOT * (1 + 3 * 0.044715 * z * z)


def _mish(z):
    inner = np.tanh(np.logaddexp(0, z))
    return inner + z * (1 - inner * inner) * _sigmoid(z)


def _elu(z, alpha):
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))


# dy/dz by z. At a kink it is the derivative below it, and 0 at the ends of an interval beyond which
# the activation is constant: so relu, leaky_relu and clip(0, inf) agree, and PyTorch does the same.
SLOPES = {
    "identity": np.ones_like,
    "relu": lambda z: (z > 0).astype(float),
    "sigmoid": lambda z: _sigmoid(z) * _sigmoid(-z),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "softplus": lambda z, beta=1.0: _sigmoid(beta * z),
    "silu": lambda z: _sigmoid(z) * (1 + z * _sigmoid(-z)),
    "mish": _mish,
    "gelu": _gelu,
    "selu": lambda z: 1.0507009873554805 * _elu(z, 1.6732632423543772),
    "leaky_relu": lambda z, slope: np.where(z > 0, 1.0, slope),
    "elu": _elu,
    "celu": lambda z, alpha: _elu(z / alpha, 1.0),
    "clip": _between,
    "prelu": lambda z, slope: np.where(z > 0, 1.0, np.asarray(slope)),
    "relu6": lambda z: _between(z, 0, 6),
    "hardtanh": lambda z: _between(z, -1, 1),
    "hardsigmoid": lambda z: _between(z, -3, 3) / 6,
    "hardswish": lambda z: np.where(z <= -3, 0.0, np.where(z >= 3, 1.0, (2 * z + 3) / 6)),
    "softsign": lambda z: 1 / (1 + abs(z)) ** 2,
    "log_sigmoid": lambda z: _sigmoid(-z),
    "exp": np.exp,
    "gelu_tanh": _gelu_tanh,
}


def named(activation):
    """(name, parameters) of an activation as a layer has it."""
    name, *parameters = [activation] if isinstance(activation, str) else activation
    return name, parameters


def activate(activation, z):
    name, parameters = named(activation)
    return FORMULAS[name](z, *parameters)


def pulled_back(activation, z, slope):
    """dL/dz[n, j] of dL/dy[n, j]."""
    name, parameters = named(activation)
    if name == "softmax":       # dy_i/dz_j = y_i (d_ij - y_j)
        y = FORMULAS[name](z)
        return y * (slope - (slope * y).sum(axis=-1, keepdims=True))
    if name == "log_softmax":   # dy_i/dz_j = d_ij - p_j
        return slope - np.exp(FORMULAS[name](z)) * slope.sum(axis=-1, keepdims=True)
    return slope * SLOPES[name](z, *parameters)


# ---- layers: forward gives (z, memory), backward (dL/dx, [dL/dparameter, ...]) of dL/dz ----

def _forward(layer, x):
    if isinstance(layer, Dense):
        return x @ layer.weight.astype(float).T + layer.bias, x
    if isinstance(layer, Residual):
        z, memory = _chain_forward(layer.layers, x)
        return x + activate(layer.layers[-1].activation, z), memory
    centred = x - x.mean(axis=-1, keepdims=True) if isinstance(layer, LayerNorm) else x
    width = np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + layer.eps)
    normal = centred / width
    return normal * layer.weight + layer.bias, (normal, width)


def _backward(layer, memory, slope):
    if isinstance(layer, Dense):
        return slope @ layer.weight.astype(float), [slope.T @ memory, slope.sum(axis=0)]
    if isinstance(layer, Residual):
        inner, gradient = _chain_backward(layer.layers, memory, slope)
        return slope + inner, gradient
    normal, width = memory
    own = [(slope * normal).sum(axis=0)]
    slope_of_normal = slope * layer.weight
    inner = slope_of_normal - normal * (slope_of_normal * normal).mean(axis=-1, keepdims=True)
    if isinstance(layer, LayerNorm):
        own.append(slope.sum(axis=0))
        inner = inner - slope_of_normal.mean(axis=-1, keepdims=True)
    return inner / width, own


def _chain_forward(layers, x):
    memories = []
    for layer in layers:
        z, memory = _forward(layer, x)
        memories.append((z, memory))
        x = activate(layer.activation, z)
    return z, memories


def _chain_backward(layers, memories, slope, *, at_z=False):
    """(dL/dx, [dL/dparameter, ...]) of dL/dy of the last layer, or of its dL/dz."""
    gradient = []
    for layer, (z, memory) in zip(reversed(layers), reversed(memories), strict=True):
        slope = slope if at_z else pulled_back(layer.activation, z, slope)
        at_z = False
        slope, own = _backward(layer, memory, slope)
        gradient = own + gradient
    return slope, gradient


def outputs(layers, x):
    """(z, y) of the last layer for rows x[n, n_in]."""
    z, _ = _chain_forward(layers, np.asarray(x, float))
    return z, activate(layers[-1].activation, z)


# ---- parameters ----

def _arrays(layer):
    if isinstance(layer, Residual):
        return [array for inner in layer.layers for array in _arrays(inner)]
    return [layer.weight] if isinstance(layer, RMSNorm) else [layer.weight, layer.bias]


def parameters(layers):
    """Weights by rows, then the bias, a layer after the other, as one float64 vector."""
    return np.concatenate([np.ravel(array) for layer in layers
                           for array in _arrays(layer)]).astype(float)


def rebuilt(layers, vector):
    """The layers in float64, with their parameters from the vector."""
    vector = np.asarray(vector, float)
    return _taken(layers, iter(np.split(vector, np.cumsum([
        array.size for layer in layers for array in _arrays(layer)])[:-1])))


def _taken(layers, arrays):
    made = []
    for layer in layers:
        if isinstance(layer, Residual):
            made.append(Residual(_taken(layer.layers, arrays), layer.activation))
        elif isinstance(layer, Dense):
            weight = next(arrays).reshape(layer.weight.shape)
            made.append(Dense(weight, next(arrays), layer.activation))
        elif isinstance(layer, LayerNorm):
            made.append(LayerNorm(next(arrays), next(arrays), layer.eps, layer.activation))
        else:
            made.append(RMSNorm(next(arrays), layer.eps, layer.activation))
    return tuple(made)


# ---- losses ----

def as_answers(answers, n_out, loss):
    """Answers as float64 (n, n_out): labels become one-hot, or a column for one output."""
    answers = np.asarray(answers)
    if answers.ndim == 1 and n_out > 1 and loss == "cross_entropy":
        return np.eye(n_out)[answers.astype(int)]
    return answers.reshape(len(answers), n_out).astype(float)


def row_losses(layers, z, answers, loss, delta=1.0):
    """(the loss of each row, dL/dz of each row, without weights and means)."""
    activation = layers[-1].activation
    y = activate(activation, z)
    if loss == "cross_entropy":
        return _cross_entropy(named(activation)[0], z, answers)
    difference = y - answers
    if loss == "squared_error":
        each, slope = difference ** 2, 2 * difference
    elif loss == "huber":
        within = abs(difference) <= delta
        each = np.where(within, difference ** 2 / 2, delta * (abs(difference) - delta / 2))
        slope = np.where(within, difference, delta * np.sign(difference))
    else:
        raise ValueError(f"no loss {loss!r}")
    return each.sum(axis=-1), pulled_back(activation, z, slope)


def _cross_entropy(name, z, answers):
    """-log p of the answer; of one number p = 1 / (1 + e^-z), else by the softmax of z.

    By the logits, also where the activation is softmax: -log p is finite where p rounds to 0.
    """
    if name == "sigmoid" or (name == "identity" and z.shape[-1] == 1):
        each = answers * np.logaddexp(0, -z) + (1 - answers) * np.logaddexp(0, z)
        return each.sum(axis=-1), _sigmoid(z) - answers
    if name not in ("softmax", "log_softmax", "identity"):
        raise ValueError(f"no cross_entropy after {name}")
    log_p = FORMULAS["log_softmax"](z)
    return (-(answers * log_p).sum(axis=-1),
            np.exp(log_p) * answers.sum(axis=-1, keepdims=True) - answers)


def loss_and_gradient(layers, x, answers, loss="squared_error", *, weights=None, delta=1.0):
    """(mean loss of the rows, its gradient in the order of `parameters`).

    `weights` has one factor for each row, as it is; `train` scales them to mean 1.
    """
    x = np.asarray(x, float)
    z, memories = _chain_forward(layers, x)
    each, slope = row_losses(layers, z, as_answers(answers, z.shape[-1], loss), loss, delta)
    weights = np.ones(len(x)) if weights is None else np.asarray(weights, float)
    _, gradient = _chain_backward(layers, memories, slope * weights[:, None] / len(x), at_z=True)
    return (weights * each).sum() / len(x), np.concatenate([np.ravel(g) for g in gradient])


# ---- steps: optimiser(rate) is made once and changes the vector that step gets ----

class SGD:
    """v = momentum v + g; theta -= rate v, or with Nesterov theta -= rate (g + momentum v).

    Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep
    learning", ICML 2013, in the form of PyTorch: the rate is outside of v.
    """

    def __init__(self, *, momentum=0.0, nesterov=False, weight_decay=0.0):
        self.momentum, self.nesterov, self.decay = momentum, nesterov, weight_decay
        self.velocity = 0.0

    def step(self, theta, gradient, rate):
        gradient = gradient + self.decay * theta
        self.velocity = self.momentum * self.velocity + gradient
        ahead = gradient + self.momentum * self.velocity if self.nesterov else self.velocity
        return theta - rate * ahead


class Adam:
    """theta -= rate m' / (sqrt(v') + eps) of the corrected moments m' and v'.

    Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1.
    """

    decoupled = False

    def __init__(self, *, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
        self.beta1, self.beta2, self.eps, self.decay = beta1, beta2, eps, weight_decay
        self.first = self.second = 0.0
        self.steps = 0

    def step(self, theta, gradient, rate):
        self.steps += 1
        if self.decoupled:
            theta = theta - rate * self.decay * theta
        else:
            gradient = gradient + self.decay * theta
        self.first = self.beta1 * self.first + (1 - self.beta1) * gradient
        self.second = self.beta2 * self.second + (1 - self.beta2) * gradient ** 2
        first = self.first / (1 - self.beta1 ** self.steps)
        second = self.second / (1 - self.beta2 ** self.steps)
        return theta - rate * first / (np.sqrt(second) + self.eps)


class AdamW(Adam):
    """Adam, and beside it theta -= rate weight_decay theta.

    Loshchilov, Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2.
    """

    decoupled = True

    def __init__(self, *, weight_decay=0.01, **options):
        super().__init__(weight_decay=weight_decay, **options)


OPTIMIZERS = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


def train(layers, inputs, answers, *, loss="squared_error", optimizer="adam", learning_rate=1e-3,
          batch_size=32, orders=None, epochs=1, weights=None, schedule=None, delta=1.0, **options):
    """(the trained vector of parameters, the mean loss of each epoch).

    `orders` has the order of rows for each epoch; without it, it is theirs in all of `epochs`. The
    last batch of an epoch may be smaller. The loss of an epoch is the mean over its rows, each at
    the parameters before its step. `schedule(epoch)` is a factor of the rate.
    """
    inputs, answers = np.asarray(inputs, float), np.asarray(answers)
    count = len(inputs)
    orders = [np.arange(count)] * epochs if orders is None else orders
    weights = np.ones(count) if weights is None else np.asarray(weights, float)
    weights = weights / weights.mean()
    steps, theta, losses = OPTIMIZERS[optimizer](**options), parameters(layers), []
    for epoch, order in enumerate(orders):
        rate = learning_rate * (1.0 if schedule is None else schedule(epoch))
        total = 0.0
        for start in range(0, count, batch_size):
            rows = np.asarray(order)[start:start + batch_size]
            value, gradient = loss_and_gradient(rebuilt(layers, theta), inputs[rows], answers[rows],
                                                loss, weights=weights[rows], delta=delta)
            total += value * len(rows)
            theta = steps.step(theta, gradient, rate)
        losses.append(total / count)
    return theta, np.array(losses)
