"""States of bodies after a time, from their positions and velocities."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar, overload

import numpy as np

import mathwork._workers as _workers
import mathwork.orbit.units as units
from mathwork._arguments import flag
from mathwork._levels import orbit as kernels
from mathwork.constants import MU
from mathwork.orbit.times import duration
from mathwork.orbit.vectors import far_from_1, in_range, refusal, rows_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from mathwork.orbit.vectors import Rows

VectorT = TypeVar("VectorT")


class State(NamedTuple, Generic[VectorT]):
    """The result of :func:`propagate`; unpacks to its fields.

    Parameters
    ----------
    position : ndarray, shape (..., 3)
        In m.
    velocity : ndarray, shape (..., 3)
        In m/s.

    Examples
    --------
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.orbit import propagate
    >>> position, velocity = propagate([AU, 0, 0], [0, 3e4, 0], 86400, mu=GM_SUN)
    >>> position.round(-6) / 1e9
    array([149.576,   2.592,   0.   ])
    """

    position: VectorT
    velocity: VectorT


class Transition(NamedTuple, Generic[VectorT]):
    """The result of :func:`propagate` with ``stm=True``; unpacks to its fields.

    Parameters
    ----------
    position, velocity : ndarray, shape (..., 3)
        As in :class:`State`.
    stm : ndarray, shape (..., 6, 6)
        The state transition matrix: the derivatives of (position, velocity), the rows, by the
        position and velocity at the start, the columns. In SI units, and always without units.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.orbit import propagate
    >>> stm = propagate([AU, 0, 0], [0, 3e4, 0], 1e7, mu=GM_SUN, stm=True).stm
    >>> print(f"{np.linalg.det(stm):.9f}")
    1.000000000
    """

    position: VectorT
    velocity: VectorT
    stm: NDArray[np.float64]


@overload
def propagate(r: ArrayLike, v: ArrayLike, dt: ArrayLike, *, mu: ArrayLike,
              stm: Literal[False] = False, workers: int = 1) -> State[Any]: ...
@overload
def propagate(r: ArrayLike, v: ArrayLike, dt: ArrayLike, *, mu: ArrayLike,
              stm: Literal[True], workers: int = 1) -> Transition[Any]: ...
def propagate(r: ArrayLike, v: ArrayLike, dt: ArrayLike, *, mu: ArrayLike, stm: bool = False,
              workers: int = 1) -> State[Any] | Transition[Any]:
    """The state of a body after a time, from its position and velocity, on any conic.

    Parameters
    ----------
    r : array_like, shape (..., 3)
        Positions about the centre in m.
    v : array_like, shape (..., 3)
        Velocities in m/s.
    dt : float or array_like, shape (...)
        Times in s, positive or negative, of any number of revolutions; also ``timedelta64`` and
        astropy's ``TimeDelta``.
    mu : float or array_like, shape (...)
        G M in m3/s2; G (M + m) if both masses move.
    stm : bool, optional
        Also give the state transition matrix.
    workers : int, optional
        The number of threads that share the work.

    Returns
    -------
    State, or Transition with `stm`
        Positions and velocities of the broadcast shape of the arguments, in float64. They carry
        units if an argument does.

    Raises
    ------
    TypeError
        For input that is not real numbers, masked arrays, and units of another dimension.
    ValueError
        For shapes that do not broadcast. For one state: a position at the centre, a mu that is not
        positive, NaN and infinity. In arrays, such an element gives NaN.

    Notes
    -----
    With :math:`\\alpha = 2 / r - v^2 / \\mu` and Stumpff's functions in
    :math:`U_k = \\chi^k c_k(\\alpha \\chi^2)`,

    .. math:: \\sqrt\\mu\\, dt = r U_1 + \\frac{r \\cdot v}{\\sqrt\\mu} U_2 + U_3

    is solved for :math:`\\chi`, the universal anomaly. Ellipses, parabolas, hyperbolas and straight
    falls are one formula, in which nothing cancels. A start from Kepler's equation and a fixed
    number of corrections replace iterations, so no element waits for another. The error is about
    that of rounding r, v and dt to float64, propagated to the end of the arc.

    References
    ----------
    R. H. Battin, An Introduction to the Mathematics and Methods of Astrodynamics, revised ed.,
    AIAA 1999, sections 4.5, 4.6 and 9.7.

    Examples
    --------
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.orbit import propagate
    >>> days = [0, 30, -30]
    >>> state = propagate([AU, 0, 0], [0, 3e4, 0], [86400 * d for d in days], mu=GM_SUN)
    >>> (state.position / AU).round(3) + 0
    array([[ 1.   ,  0.   ,  0.   ],
           [ 0.87 ,  0.497,  0.   ],
           [ 0.87 , -0.497,  0.   ]])
    """
    workers, stm = _workers.checked_workers(workers), flag(stm, "stm")
    found, kind = units.plain(r=(r, "m"), v=(v, "m/s"), dt=(duration(dt), "s"), mu=(mu, MU))
    rows, shape = rows_of({"r": found[0], "v": found[1]}, {"dt": found[2], "mu": found[3]})
    count = int(np.prod(shape))
    position, velocity = np.empty((count, 3)), np.empty((count, 3))
    derivatives = np.empty((count, 36)) if stm else None

    def run(start: int, stop: int) -> None:
        kernels.propagate_rows(rows, position, velocity, derivatives, start, stop)

    _workers.over_rows(run, count, workers)
    lost = np.isnan(position[:, 0])
    if stm:
        lost |= far_from_1(rows)
    if lost.any():
        _again(rows, lost, position, velocity, derivatives)
    if shape == () and np.isnan(position[0, 0]):
        raise ValueError(refusal(rows, ("r", "v")))
    position, velocity = position.reshape(*shape, 3), velocity.reshape(*shape, 3)
    if kind is not None:
        position, velocity = kind.wrap(position, "m"), kind.wrap(velocity, "m/s")
    if derivatives is None:
        return State(position, velocity)
    return Transition(position, velocity, derivatives.reshape(*shape, 6, 6))


def _again(rows: Rows, lost: NDArray[np.bool], position: NDArray[np.float64],
           velocity: NDArray[np.float64], derivatives: NDArray[np.float64] | None) -> None:
    """Propagate the lost rows in units of their own, and put what is found in its place"""
    places, scaled, length, time = in_range(rows, lost)
    count = len(places)
    r, v = np.empty((count, 3)), np.empty((count, 3))
    slopes = None if derivatives is None else np.empty((count, 36))
    kernels.propagate_rows(scaled, r, v, slopes, 0, count)
    with np.errstate(all="ignore"):
        position[places] = np.ldexp(r, length[:, None])
        velocity[places] = np.ldexp(v, (length - time)[:, None])
        if derivatives is not None and slopes is not None:
            blocks = slopes.reshape(count, 2, 3, 2, 3)      # of r and v, by r and v
            powers = np.array([[0, 1], [-1, 0]])[:, None, :, None]
            powers = powers * time[:, None, None, None, None]
            derivatives[places] = np.ldexp(blocks, powers).reshape(count, 36)
