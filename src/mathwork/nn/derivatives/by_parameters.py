"""Derivatives of losses by the parameters of a network, as one flat vector."""
from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mathwork._arguments import number, shown
from mathwork._arrays import as_plain
from mathwork._levels import training as kernels
from mathwork.nn.derivatives.by_inputs import rows_of, units
from mathwork.nn.derivatives.steps import Chain
from mathwork.nn.training.answers import kernel_loss, lesson

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from numpy.typing import ArrayLike

    from mathwork._types import Float64Array, FloatArray
    from mathwork.nn.network import Network

    _Loss: TypeAlias = (Literal["squared_error", "cross_entropy", "huber"]
                        | Callable[[Float64Array, Float64Array],
                                   tuple[Any, ArrayLike | None, ArrayLike | None]])


def gradient(net: Network, x: ArrayLike, answer: ArrayLike | None = None,
             loss: _Loss = "squared_error", *, delta: float = 1.0) -> FloatArray:
    """The derivatives of a loss by all weights and biases of a network.

    Parameters
    ----------
    net : Network
    x : array_like, shape (n, n_in)
        For a function as `loss`, any shape ``(..., n_in)``.
    answer : array_like, shape (n, n_out) or (n,), optional
        As for :func:`train`: numbers, or labels for a cross entropy. None for a function as `loss`,
        which may know them itself.
    loss : {"squared_error", "cross_entropy", "huber"} or callable, optional
        As for :func:`train`, the mean over the rows. Or a function ``loss(y, jacobian)`` of the
        outputs ``(..., n_out)`` and their derivatives by the inputs ``(..., n_out, n_in)``, both in
        float64. It returns ``(value, d_y, d_jacobian)``: a number, and its derivatives by `y` and
        by `jacobian`, in their shapes; None for one that is 0 everywhere.
    delta : float, optional
        Where the Huber loss becomes a line.

    Returns
    -------
    ndarray, shape (n_parameters,)
        In the order of :meth:`Network.parameters`, in the network's dtype.

    Raises
    ------
    TypeError
        For what is not real numbers, and an answer for a function.
    ValueError
        For an unknown loss, shapes that do not fit, and answers that :func:`train` refuses.

    See Also
    --------
    value_and_gradient : Both in one pass, for optimisers.

    Notes
    -----
    A loss with derivatives by the inputs is what Sobolev training has, which knows the slopes of
    its answers, and what physics-informed networks have: the residual of a differential equation of
    first order. The parameters' gradient is one reverse pass over the pass that computes outputs
    and derivatives. For functions it is in float64, and rounded once; all rows are in memory
    together, with ``n_in`` vectors of the width of each layer. Derivatives at kinks are those of
    PyTorch: 0 for relu at 0.

    References
    ----------
    Czarnecki, Osindero, Jaderberg, Swirszcz, Pascanu, "Sobolev Training for Neural Networks", NIPS
    2017. Raissi, Perdikaris, Karniadakis, "Physics-informed neural networks", J. Comput. Phys. 378,
    2019.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.nn import Dense, Network, gradient
    >>> net = Network([Dense([[2.0]], [1.0])], dtype=float)
    >>> gradient(net, [[1.0], [3.0]], [[2.0], [6.0]])       # errors 1 and 1: 2 e x and 2 e, means
    array([4., 2.])
    >>> def slope_of_three(y, jacobian):
    ...     error = jacobian - 3
    ...     return (error ** 2).sum(), None, 2 * error
    >>> gradient(net, [[1.0]], loss=slope_of_three)         # the slope is the weight
    array([-2.,  0.])
    """
    return value_and_gradient(net, x, answer, loss, delta=delta)[1]


def value_and_gradient(net: Network, x: ArrayLike, answer: ArrayLike | None = None,
                       loss: _Loss = "squared_error", *, delta: float = 1.0
                       ) -> tuple[float, FloatArray]:
    """The value of a loss, and its derivatives by all weights and biases of a network.

    Parameters
    ----------
    net, x, answer, loss, delta
        As for :func:`gradient`.

    Returns
    -------
    value : float
    gradient : ndarray, shape (n_parameters,)

    Raises
    ------
    TypeError, ValueError
        As :func:`gradient` does.

    Examples
    --------
    A minimum by SciPy; networks for it are float64:

    >>> import numpy as np
    >>> from scipy.optimize import minimize
    >>> from mathwork.nn import Network, value_and_gradient
    >>> net = Network.he((1, 8, 1), activation="tanh", output="identity", dtype=float, rng=0)
    >>> x = np.linspace(-2, 2, 50)[:, None]
    >>> found = minimize(lambda v: value_and_gradient(net.with_parameters(v), x, np.sin(x)),
    ...                  net.parameters(), jac=True, method="L-BFGS-B")
    >>> bool(found.fun < 1e-4)
    True
    """
    if callable(loss):
        if answer is not None:
            raise TypeError("answer must be None for a function as loss, which has the answers "
                            f"itself, got {type(answer).__name__}")
        return _by_function(net, x, loss)
    kind = kernel_loss(net, loss, "net")
    if answer is None:
        raise TypeError(f"answer must be given for the loss {shown(loss)}, got None")
    delta = number(delta, "delta", above=0.0)
    learned = lesson(net, x, answer, loss, names=("x", "answer"))
    trainer = kernels.Trainer(net.layers, net.dtype, kind, delta, len(learned.inputs), 1)
    trainer.set_parameters(net.parameters())
    value, found = trainer.loss_and_gradient(kernels.Samples(trainer, *learned))
    return float(value), found


def _by_function(net: Network, x: ArrayLike, loss: Callable[..., Any]
                 ) -> tuple[float, FloatArray]:
    rows, before = rows_of(net, x)
    n_in, n_out = net.sizes[0], net.sizes[-1]
    changes = units(len(rows), n_in)
    with np.errstate(all="ignore"):
        chain = Chain(rows, net.layers)
        slopes = chain.push(changes)                        # (rows, n_in, n_out)
    value, by_y, by_slopes = _parts(loss(
        chain.y.reshape(*before, n_out),
        np.ascontiguousarray(slopes.transpose(0, 2, 1)).reshape(*before, n_out, n_in)))
    u = _derivative(by_y, "d_y", (*before, n_out)).reshape(-1, n_out)
    u_first = None
    if by_slopes is not None:
        u_first = np.ascontiguousarray(_derivative(
            by_slopes, "d_jacobian", (*before, n_out, n_in)).reshape(-1, n_out, n_in
                                                                     ).transpose(0, 2, 1))
    with np.errstate(all="ignore"):
        found = np.concatenate(chain.gradient(u, u_first, changes))
        return value, found.astype(net.dtype)


def _parts(returned: Any) -> tuple[float, Any, Any]:
    """Return (value, d_y, d_jacobian) as a loss returned them."""
    if not isinstance(returned, tuple) or len(returned) != 3:
        raise TypeError("loss must return (value, d_y, d_jacobian), got "
                        f"{type(returned).__name__}"
                        + (f" of {len(returned)}" if isinstance(returned, tuple) else ""))
    value, by_y, by_slopes = returned
    try:
        return float(value), by_y, by_slopes
    except TypeError:
        raise TypeError("loss must return a number as its value, got "
                        f"{type(value).__name__}") from None


def _derivative(given: Any, name: str, shape: tuple[int, ...]) -> Any:
    if given is None:
        return np.zeros(shape)
    array = as_plain(given, name, np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} of loss must have shape {shape}, got {array.shape}")
    return array
