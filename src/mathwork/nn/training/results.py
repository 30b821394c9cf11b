"""What training gives: networks and their history."""
from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import count
from mathwork._extras import checked_axes, extra
from mathwork._status import DIVERGED, INTERRUPTED, TRAINED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Literal

    from numpy.typing import NDArray

    from mathwork.nn.network import Network
    from mathwork.nn.networks import Networks

    History = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, repr=False)
class Training:
    """A trained network and how it went: what :func:`train` returns.

    It unpacks: ``network, history = train(...)``.

    Parameters
    ----------
    network : Network
        With the parameters of the last step; with `patience`, those of the lowest loss.
    history : dict of str to ndarray, shape (epochs,)
        ``"loss"``: the mean over an epoch's rows of the loss before each step; of "lbfgs" and
        "levenberg_marquardt" the one after it. ``"learning_rate"``. ``"validation_loss"`` at the
        end of each epoch, if there was validation data.
    status : {"trained", "stopped", "interrupted"}, optional
        "trained": all epochs were done, or the optimiser found no way down. "stopped": `patience`
        ended, or `progress` returned True. "interrupted": by Ctrl-C.

    Attributes
    ----------
    epochs : int
        How many were done.

    Examples
    --------
    >>> from mathwork.nn import Network, train
    >>> net = Network.he((1, 4, 1), output="identity", rng=0)
    >>> result = train(net, [[0.0], [1.0]], [1.0, 3.0], epochs=5)
    >>> result.epochs, result.status
    (5, 'trained')
    >>> sorted(result.history)
    ['learning_rate', 'loss']
    """

    network: Network
    history: History
    status: Literal["trained", "stopped", "interrupted"] = "trained"

    @property
    def epochs(self) -> int:
        """The number of epochs that were done."""
        return len(self.history["loss"])

    def __iter__(self) -> Iterator[Any]:
        return iter((self.network, self.history))

    def _repr_html_(self) -> str:
        import mathwork.nn.displays as displays  # here: few programs run in a notebook

        return displays.training_html(self)

    def __repr__(self) -> str:
        losses = ", ".join(f"{name.replace('_', ' ')} {self.history[name][-1]:.6g}"
                           for name in ("loss", "validation_loss")
                           if name in self.history and self.epochs)
        return f"Training({self.network!r}, {self.status}, {self.epochs} epochs, {losses or '-'})"

    def plot(self, ax: Any = None) -> Any:
        """Draw the losses over the epochs, on a logarithmic scale where they are positive.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default a new figure's.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            Without the package matplotlib.

        Examples
        --------
        >>> from mathwork.nn import Network, train
        >>> net = Network.he((1, 4, 1), output="identity", rng=0)
        >>> axes = train(net, [[0.0], [1.0]], [1.0, 3.0], epochs=5).plot()
        """
        if ax is None:
            _, ax = extra("matplotlib.pyplot", "plot a training").subplots()
        checked_axes(ax)
        return drawn(ax, self.history)


@dataclass(frozen=True, repr=False)
class Trainings:
    """Trained networks and how it went: what :func:`train_many` returns.

    It unpacks: ``networks, history, status = train_many(...)``.

    Parameters
    ----------
    networks : Networks
        K of them, in their order. One that diverged is as the `DivergenceError` of `train` has it.
    history : dict of str to ndarray, shape (K, epochs)
        As of a `Training`; NaN where a network did not get so far.
    status : ndarray of int8, shape (K,)
        0: trained, to the end or until `patience` ended. 1: diverged. 2: interrupted.

    Examples
    --------
    >>> from mathwork.nn import Network, train_many
    >>> nets = [Network.he((1, 4, 1), output="identity", rng=seed) for seed in range(3)]
    >>> train_many(nets, [[0.0], [1.0]], [1.0, 3.0], epochs=5)
    Trainings(Networks(3 of 1-4-1, relu-identity, float32), 3 trained)
    """

    networks: Networks
    history: History
    status: NDArray[np.int8]

    def __iter__(self) -> Iterator[Any]:
        return iter((self.networks, self.history, self.status))

    def _repr_html_(self) -> str:
        import mathwork.nn.displays as displays  # here: few programs run in a notebook

        return displays.trainings_html(self)

    def __repr__(self) -> str:
        counts = [f"{count} {word}" for word, count in self._counts()]
        return f"Trainings({self.networks!r}, {', '.join(counts)})"

    def _counts(self) -> list[tuple[str, int]]:
        """Return (status as a word, how many networks have it), without those that none has"""
        return [(word, int((self.status == code).sum())) for code, word in
                ((TRAINED, "trained"), (DIVERGED, "diverged"), (INTERRUPTED, "interrupted"))
                if (self.status == code).any()]

    @np.errstate(all="ignore")      # also of what matplotlib computes
    def plot(self, ax: Any = None, *, most: int = 100) -> Any:
        """Draw the losses of the first networks over the epochs, and the median of all.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default a new figure's.
        most : int, optional
            How many networks have a line.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            Without the package matplotlib.

        Examples
        --------
        >>> from mathwork.nn import Network, train_many
        >>> nets = [Network.he((1, 4, 1), output="identity", rng=seed) for seed in range(3)]
        >>> axes = train_many(nets, [[0.0], [1.0]], [1.0, 3.0], epochs=5).plot()
        """
        if ax is None:
            _, ax = extra("matplotlib.pyplot", "plot trainings").subplots()
        checked_axes(ax)
        most = count(most, "most", 0)
        name = "validation_loss" if "validation_loss" in self.history else "loss"
        losses = self.history[name]
        epochs = range(1, losses.shape[1] + 1)
        ax.plot(epochs, losses[:most].T, color="0.7", linewidth=0.7)
        if losses.size:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)     # epochs that nobody reached
                ax.plot(epochs, np.nanmedian(losses, axis=0), color="C0", label="median")
            ax.legend()
            if np.fmin.reduce(losses, axis=None) > 0:
                ax.set_yscale("log")
        ax.set_xlabel("epoch")
        ax.set_ylabel(name.replace("_", " "))
        return ax


@np.errstate(all="ignore")
def drawn(ax: Any, history: History) -> Any:
    """Draw the losses of a history; return the axes."""
    for name in ("loss", "validation_loss"):
        if name in history and len(history[name]):
            losses = history[name]
            ax.plot(range(1, len(losses) + 1), losses, label=name.replace("_", " "),
                    marker="o" if len(losses) == 1 else None)
    if all((history[name] > 0).all() for name in history if name.endswith("loss")):
        ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss")
    if ax.has_data():
        ax.legend()
    return ax


class DivergenceError(ArithmeticError):
    """A loss or a parameter became infinite or NaN: raised by :func:`train`.

    Parameters
    ----------
    message : str
    network : Network
        With the parameters at the start of the last epoch whose first loss was finite. If the very
        first loss was not, those that were given.
    history : dict of str to ndarray
        Of the epochs before.
    epoch, row : int
        Where it happened, counted from 0: the first row of the batch.

    Examples
    --------
    >>> from mathwork.nn import Dense, DivergenceError, Network, train
    >>> net = Network([Dense([[1.0]])])
    >>> try:
    ...     train(net, [[1e15]], [[0.0]], optimizer="sgd", learning_rate=1.0)
    ... except DivergenceError as error:
    ...     print(error.epoch, error.network)
    1 Network(1-1, identity, float32)
    """

    def __init__(self, message: str, network: Network, history: History, epoch: int, row: int):
        super().__init__(message)
        self.network, self.history, self.epoch, self.row = network, history, epoch, row

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.args[0], self.network, self.history, self.epoch, self.row)
