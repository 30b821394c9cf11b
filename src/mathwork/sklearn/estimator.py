"""What classifier and regressor share: parameters, their checks, and the call of `train`."""
from __future__ import annotations

import math
import warnings
from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

from mathwork.init import glorot_normal, he_normal, lecun_normal
from mathwork.nn import Dense, Network, Training, train
from mathwork.sklearn.library import base, checks, exceptions, model_selection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, Self

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import Activation, FloatArray

SOLVERS = ("adam", "adamw", "sgd", "lbfgs")
# The variance of first weights that keeps a signal's size: He et al. 2015 for what is 0 below 0,
# Klambauer et al. 2017 for selu, Glorot and Bengio 2010 for what is nearly the identity at 0.
DRAWS = {"selu": lecun_normal, **dict.fromkeys(
    ("hardsigmoid", "hardtanh", "identity", "log_softmax", "sigmoid", "softmax", "softsign",
     "tanh"), glorot_normal)}
# (parameter, its least value, the value that it must stay below)
RANGES = (("alpha", 0, np.inf), ("learning_rate_init", 0, np.inf), ("tol", 0, np.inf),
          ("momentum", 0, 1), ("beta_1", 0, 1), ("beta_2", 0, 1), ("epsilon", 0, np.inf),
          ("validation_fraction", 0, 1))


def goes_on(estimator: Any) -> bool:
    """Whether an estimator may train on a part of the rows at a time: lbfgs needs all of them."""
    return bool(estimator.solver != "lbfgs")


class Estimator(base.BaseEstimator):
    """What classifier and regressor share: parameters, checks, the call of `train`."""

    _loss: Literal["squared_error", "cross_entropy"]
    network_: Network
    loss_curve_: list[float]

    def __init__(self, hidden_layer_sizes: int | Sequence[int] = (100,),
                 activation: Activation = "relu", *,
                 solver: Literal["adam", "adamw", "sgd", "lbfgs"] = "adam", alpha: float = 0.0001,
                 batch_size: int | Literal["auto"] = "auto", learning_rate_init: float = 0.001,
                 max_iter: int = 200, shuffle: bool = True, random_state: Any = None,
                 tol: float = 1e-4, verbose: bool = False, warm_start: bool = False,
                 momentum: float = 0.9, nesterovs_momentum: bool = True,
                 early_stopping: bool = False, validation_fraction: float = 0.1,
                 beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
                 n_iter_no_change: int = 10):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change

    # ---- what is fitted ----

    @property
    def coefs_(self) -> list[FloatArray]:
        """The weights of each layer, of shape (n_in, n_out) as scikit-learn has them."""
        return [layer.weight.T for layer in self._fitted().layers]

    @property
    def intercepts_(self) -> list[FloatArray]:
        """The bias of each layer."""
        return [layer.bias for layer in self._fitted().layers]

    def _fitted(self) -> Any:
        if not hasattr(self, "network_"):
            raise AttributeError(f"this {type(self).__name__} is not fitted yet")
        return self.network_

    def _outputs(self, X: ArrayLike) -> FloatArray:
        """The network's outputs for X, (n, n_out)"""
        checks.check_is_fitted(self, "network_")
        return self.network_(checks.validate_data(self, X, dtype=[np.float64, np.float32],
                                                  reset=False))

    # ---- fitting ----

    def _check_partial(self) -> None:
        if self.early_stopping:
            raise ValueError("partial_fit takes one epoch, so it cannot stop early: early_stopping "
                             "must be False")

    def _continues(self, incremental: bool) -> bool:
        """Whether training goes on with the network that is there."""
        if not hasattr(self, "network_") or not (incremental or self.warm_start):
            return False
        if self.network_.sizes[1:-1] != self._hidden():
            raise ValueError(f"to go on with {self.network_!r}, hidden_layer_sizes must be its own,"
                             f" got {self.hidden_layer_sizes!r}")
        return True

    def _hidden(self) -> tuple[int, ...]:
        hidden = self.hidden_layer_sizes
        sizes: tuple[Any, ...] = tuple(hidden) if hasattr(hidden, "__iter__") else (hidden,)
        if not all(isinstance(size, Integral) and int(size) > 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be integers above 0, got {hidden!r}")
        return tuple(map(int, sizes))

    def _trained(self, X: FloatArray, answers: NDArray[Any], weights: NDArray[Any] | None,
                 first: Network | None, *, epochs: int, strata: NDArray[Any] | None = None) -> Self:
        """Train `first`, or the network that is there, on checked rows for at most `epochs`."""
        if weights is not None:
            kept = weights > 0          # a row of weight 0 is as if it were not there
            if not kept.any():
                raise ValueError("sample_weight and class_weight give every row a weight of 0")
            X, answers, weights = X[kept], answers[kept], weights[kept]
            strata = None if strata is None else strata[kept]
        self._check_parameters()
        held_out = None
        if self.early_stopping:
            train_rows, held = self._split(len(X), strata)
            held_out = X[held], answers[held]
            X, answers = X[train_rows], answers[train_rows]
            weights = None if weights is None else weights[train_rows]
        trained = self._run(self.network_ if first is None else first, X, answers, weights,
                            held_out, epochs)
        if first is not None:
            self.loss_curve_, self.t_ = [], 0
        self._keep(trained, epochs)
        self.t_ += self.n_iter_ * len(X)
        self.n_layers_ = len(self.network_.layers) + 1
        self.n_outputs_ = self.network_.sizes[-1]
        self.out_activation_ = self.network_.layers[-1].activation
        return self

    def _split(self, n: int, strata: NDArray[Any] | None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return which of n rows to train on, and which to hold out: of each class if it can be"""
        held = math.ceil(self.validation_fraction * n)
        if not 0 < held < n:
            raise ValueError("validation_fraction must leave rows to train on and to hold out, got "
                             f"{self.validation_fraction!r} of {n} rows")
        if strata is not None:
            counts = np.unique(strata, return_counts=True)[1]
            if counts.min() < 2 or min(held, n - held) < len(counts):
                strata = None       # there is not a row of each class for both
        train_rows, held_out = model_selection.train_test_split(
            np.arange(n), test_size=held, stratify=strata,
            random_state=int(self._rng.integers(2 ** 31)))
        return train_rows, held_out

    def _run(self, network: Network, X: FloatArray, answers: NDArray[Any],
             weights: NDArray[Any] | None, held_out: tuple[FloatArray, NDArray[Any]] | None,
             epochs: int) -> Training:
        count = len(X)
        batch = min(200 if self.batch_size == "auto" else self.batch_size, count)
        batch = count if self.solver == "lbfgs" else batch
        options: dict[str, Any] = {"beta1": self.beta_1, "beta2": self.beta_2, "eps": self.epsilon}
        rate, decay = self.learning_rate_init, self.alpha
        # scikit-learn minimises half of the squares, and alpha w^2 / 2 beside the sum of a batch.
        half = self._scale
        if self.solver == "sgd":
            options = {"momentum": self.momentum,
                       "nesterov": self.nesterovs_momentum and self.momentum > 0}
            rate = rate / half
        if self.solver != "adamw":
            decay = decay * half / (batch * (1.0 if weights is None else float(weights.mean())))
        return train(
            network, X, answers, loss=self._loss, optimizer=self.solver, learning_rate=rate,
            batch_size=batch, epochs=epochs, weights=weights, validation=held_out,
            patience=None if held_out is None else self.n_iter_no_change, rng=self._rng,
            shuffle=self.shuffle, weight_decay=decay, progress=_Watch(self, epochs),
            **options)

    @property
    def _scale(self) -> float:
        return 2.0 if self._loss == "squared_error" else 1.0

    def _keep(self, trained: Training, epochs: int) -> None:
        """Set what a call of `train` gave, and warn if it was cut short."""
        with np.errstate(all="ignore"):
            losses = {name: (losses / self._scale).tolist()
                      for name, losses in trained.history.items() if name.endswith("loss")}
        self.network_ = trained.network
        self.n_iter_ = trained.epochs
        self.loss_curve_ = self.loss_curve_ + losses["loss"]
        # lbfgs may find no way down from the start
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_ = min(self.loss_curve_, default=np.nan)
        self.validation_losses_ = losses.get("validation_loss")
        if trained.status == "interrupted":
            warnings.warn("training was interrupted: the network has what it had learned by then",
                          stacklevel=5)
        elif 1 < epochs == self.n_iter_ and trained.status == "trained":
            warnings.warn(f"training ended after max_iter={epochs} epochs, and the loss still fell",
                          exceptions.ConvergenceWarning, stacklevel=5)

    def _first_network(self, X: FloatArray, n_out: int, out: Activation,
                       classes: NDArray[Any] | None = None, *, multilabel: bool = False) -> Network:
        """A network that nothing has trained yet, of the dtype of X"""
        self._rng = np.random.default_rng(
            checks.check_random_state(self.random_state).randint(2 ** 31, size=4))
        hidden = self._hidden()
        sizes = (X.shape[1], *hidden, n_out)
        activations = [self.activation] * len(hidden) + [out]
        layers = []
        for (n_in, n_next), activation in zip(pairwise(sizes), activations, strict=True):
            layer = Dense(np.zeros((n_next, n_in), X.dtype), None, activation)
            name, _ = layer._activation
            draw = DRAWS.get(name, he_normal)
            layers.append(Dense(draw((n_next, n_in), dtype=X.dtype, rng=self._rng), layer.bias,
                                layer.activation))
        return Network(layers, dtype=X.dtype, classes=classes, multilabel=multilabel)

    def _check_parameters(self) -> None:
        """Raise for a parameter that `train` would not refuse by the name it has here."""
        if self.solver not in SOLVERS:
            raise ValueError(f"solver must be one of {', '.join(SOLVERS)}, got {self.solver!r}")
        if self.batch_size != "auto" and not (isinstance(self.batch_size, Integral)
                                              and self.batch_size > 0):
            raise ValueError(f"batch_size must be 'auto' or an integer above 0, got "
                             f"{self.batch_size!r}")
        for name in ("max_iter", "n_iter_no_change"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name} must be an integer above 0, got {value!r}")
        for name, low, high in RANGES:
            value = getattr(self, name)
            if not (isinstance(value, Real) and low <= float(value) < high):
                raise ValueError(f"{name} must be at least {low:g} and below {high:g}, "
                                 f"got {value!r}")
        if not self.learning_rate_init > 0:
            raise ValueError(f"learning_rate_init must be above 0, got {self.learning_rate_init!r}")


class _Watch:
    """Sees the loss of each epoch, and ends training where it falls no longer, as scikit-learn."""

    def __init__(self, estimator: Estimator, epochs: int):
        self.verbose, self.tol = estimator.verbose, estimator.tol
        # a single epoch, and one with rows held out, end otherwise
        self.patience = (np.inf if epochs == 1 or estimator.early_stopping
                         else estimator.n_iter_no_change)
        self.scale, self.best, self.idle = estimator._scale, np.inf, 0

    def __call__(self, report: Any) -> bool:
        loss = report.loss / self.scale
        if self.verbose:
            print(f"Iteration {report.epoch}, loss = {loss:.8f}")
        self.idle = self.idle + 1 if loss > self.best - self.tol else 0
        self.best = min(self.best, loss)
        return self.idle > self.patience
