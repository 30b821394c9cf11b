"""Kepler's equation: eccentric anomalies of every conic."""
from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, overload

import numpy as np

import mathwork.orbit.units as units
from mathwork._arguments import flag
from mathwork._arrays import FLOAT64, in_dtype
from mathwork._doors import door
from mathwork._levels import orbit as kernels
from mathwork._status import CONVERGED, INVALID, NOT_CONVERGED

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, Number
    from mathwork.orbit.units import Kind


AnomalyT = TypeVar("AnomalyT")
CodeT = TypeVar("CodeT")


class Anomaly(NamedTuple, Generic[AnomalyT, CodeT]):
    """The result of :func:`solve_kepler` with ``status=True``; unpacks to its fields.

    Parameters
    ----------
    anomaly : float or ndarray
        E, H or D in radians (D is a pure number); NaN unless the status is 0.
    status : int or ndarray of int8
        0 converged; 1 if the eccentricity is negative or an input is not finite; 2 not
        converged, which has never been seen.

    Examples
    --------
    >>> from mathwork.orbit import solve_kepler
    >>> solve_kepler([1, 1], [0, -1], status=True)
    Anomaly(anomaly=array([ 1., nan]), status=array([0, 1], dtype=int8))
    """

    anomaly: AnomalyT
    status: CodeT


class AnomalyParts(NamedTuple, Generic[AnomalyT, CodeT]):
    """The result of :func:`solve_kepler` with ``parts=True``; unpacks to its fields.

    Parameters
    ----------
    anomaly : float or ndarray
        As in :class:`Anomaly`. The other fields are NaN where it is.
    sin_true, cos_true : float or ndarray
        Sine and cosine of the true anomaly, the angle at the focus from the periapsis.
    by_mean_anomaly, by_eccentricity : float or ndarray
        The derivatives of E or H: of an ellipse ``1 / (1 - e cos E)`` and ``sin E / (1 - e cos
        E)``, of a hyperbola ``1 / (e cosh H - 1)`` and ``-sinh H / (e cosh H - 1)``. The D of a
        parabola has ``1 / (1 + D**2)`` and NaN: it is no limit of E or H.
    status : int or ndarray of int8
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from mathwork.orbit import solve_kepler
    >>> parts = solve_kepler(1.0, 0.5, parts=True)
    >>> round(parts.cos_true, 6), round(parts.by_mean_anomaly, 6)
    (-0.443957, 1.037362)
    """

    anomaly: AnomalyT
    sin_true: AnomalyT
    cos_true: AnomalyT
    by_mean_anomaly: AnomalyT
    by_eccentricity: AnomalyT
    status: CodeT


@overload
def solve_kepler(mean_anomaly: Number, eccentricity: Number, *, out: None = None,
                 status: Literal[False] = False, parts: Literal[False] = False) -> float: ...
@overload
def solve_kepler(mean_anomaly: Number, eccentricity: Number, *, out: None = None,
                 status: Literal[True], parts: Literal[False] = False) -> Anomaly[float, int]: ...
@overload
def solve_kepler(mean_anomaly: Number, eccentricity: Number, *, out: None = None,
                 status: bool = False, parts: Literal[True]) -> AnomalyParts[float, int]: ...
@overload
def solve_kepler(mean_anomaly: ArrayLike, eccentricity: ArrayLike, *, out: ArrayLike | None = None,
                 status: Literal[False] = False, parts: Literal[False] = False
                 ) -> FloatArray | Any: ...
@overload
def solve_kepler(mean_anomaly: ArrayLike, eccentricity: ArrayLike, *, out: ArrayLike | None = None,
                 status: Literal[True], parts: Literal[False] = False
                 ) -> Anomaly[FloatArray | Any, NDArray[np.int8] | Any]: ...
@overload
def solve_kepler(mean_anomaly: ArrayLike, eccentricity: ArrayLike, *, out: None = None,
                 status: bool = False, parts: Literal[True]
                 ) -> AnomalyParts[FloatArray | Any, NDArray[np.int8] | Any]: ...
@overload
def solve_kepler(mean_anomaly: ArrayLike, eccentricity: ArrayLike, *, out: ArrayLike | None = None,
                 status: bool = False, parts: bool = False) -> Any: ...
@door(kernels.solve_kepler)
def solve_kepler(mean_anomaly: ArrayLike, eccentricity: ArrayLike, *, out: ArrayLike | None = None,
                 status: bool = False, parts: bool = False) -> Any:
    """The eccentric anomaly of a conic, by Kepler's equation.

    Parameters
    ----------
    mean_anomaly : float or array_like
        M in radians, any number of turns; for a parabola ``sqrt(mu / (2 q**3)) (t - T)``.
    eccentricity : float or array_like
        e, 0 or more. In an array each element may be of another conic.
    out : ndarray, optional
        Where to put the result; its shape is the broadcast shape of the arguments. After an
        interrupt it may be partly written.
    status : bool, optional
        Return :class:`Anomaly`, the result with a code for each element.
    parts : bool, optional
        Return :class:`AnomalyParts`: the same with the sine and cosine of the true anomaly and the
        derivatives by M and e, from the same pass.

    Returns
    -------
    float or ndarray, or Anomaly, or AnomalyParts
        E for e < 1, as many turns from 0 as M; H for e > 1; D = tan(nu / 2) for e = 1. A float
        for numbers. Arrays broadcast. The result is float32 if all arrays are float32 or float16,
        but it is computed in float64. If an argument carries units, so does the result, in radians;
        then it is float64.

    Raises
    ------
    TypeError
        For input that is not real numbers, masked arrays, and units of another dimension; for `out`
        with `parts`.
    ValueError
        For a number that is not finite, and for a negative eccentricity. For shapes that do not
        broadcast. In an array, such an element gives NaN.

    Notes
    -----
    .. math:: E - e \\sin E = M, \\qquad e \\sinh H - H = M, \\qquad D + D^3 / 3 = M

    The result satisfies its equation to the last digits of M, e and itself. For an ellipse the
    residual is at most 1.25 times ``ulp(M) + |sin E| ulp(e) + (1 - e cos E) ulp(E)``: twice the
    effect of rounding the three to float64. The same holds for a hyperbola with the derivatives of
    its equation, ``|sinh H|`` and ``e cosh H - 1``, and for a parabola with ``1 + D**2`` (there 2
    times, for M beyond 1e100). Near e = 1 nothing cancels: M is :math:`(1 - e) E + e (E - \\sin E)`
    there. Whole turns are taken from M with 2 pi in three parts: exactly up to 1.3e10, and to an
    ulp of M beyond.

    A starter (Markley's for ellipses) is followed by a fixed number of corrections of fifth order.
    So no element waits for another, and its bits do not depend on the others.

    References
    ----------
    F. L. Markley, "Kepler equation solver", Celestial Mechanics and Dynamical Astronomy 63, 1995.

    R. H. Battin, An Introduction to the Mathematics and Methods of Astrodynamics, revised ed.,
    AIAA 1999, sections 4.2 to 4.4.

    Examples
    --------
    >>> from mathwork.orbit import solve_kepler
    >>> solve_kepler(1.0, 0.5)
    1.4987011335178484
    >>> solve_kepler([1.0, 1.0, 1.0], [0.0, 1.0, 2.0]).round(6)
    array([1.      , 0.817732, 0.814097])
    """
    (M, e), kind = units.plain(mean_anomaly=(mean_anomaly, "rad"), eccentricity=(eccentricity, ""))
    status = flag(status, "status")
    if flag(parts, "parts"):
        return _parts(M, e, kind, out)
    anomaly: Any = kernels.plain_solve_kepler(M, e, units.plain_out(out, kind, "rad"))
    codes = _status(anomaly, M, e) if status else None
    if kind is not None:
        anomaly = kind.wrap(anomaly, "rad") if out is None else out
    return Anomaly(anomaly, codes) if status else anomaly


def _parts(M: Any, e: Any, kind: Kind | None, out: object) -> AnomalyParts[Any, Any]:
    """Return AnomalyParts of plain numbers and arrays, the angle with units of `kind`"""
    if out is not None:
        raise TypeError("out takes one array; with parts=True there are five")
    anomaly, sine, cosine, by_M, by_e = kernels.plain_anomaly_parts(M, e)
    codes: Any = _status(anomaly, M, e)
    angle: Any = anomaly if kind is None else kind.wrap(anomaly, "rad")
    return AnomalyParts(angle, sine, cosine, by_M, by_e, codes)


def _status(anomaly: Any, mean_anomaly: ArrayLike, eccentricity: ArrayLike
            ) -> int | NDArray[np.int8]:
    """Return the codes of Anomaly: the kernel gives NaN for all but a converged value"""
    M, e = (in_dtype(value, FLOAT64) for value in (mean_anomaly, eccentricity))
    valid = np.isfinite(M) & np.isfinite(e) & (e >= 0)
    codes = np.where(np.isnan(anomaly), np.where(valid, NOT_CONVERGED, INVALID), CONVERGED)
    return codes.astype(np.int8) if codes.ndim else int(codes)
