"""Orbits of any eccentricity: positions and velocities at given times."""
from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np

import mathwork._workers as _workers
import mathwork.orbit.units as units
from mathwork._doors import door
from mathwork._levels import orbit as kernels
from mathwork.constants import MU
from mathwork.orbit.drawings import conics
from mathwork.orbit.elements import settled
from mathwork.orbit.plot import plot_orbits

if TYPE_CHECKING:
    from typing import Any, NoReturn, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatOrArray, Measures, Number
    from mathwork.orbit.drawings import Drawing
    from mathwork.orbit.units import Kind


@overload
def vis_viva(r: Number, a: Number, *, mu: Number) -> float: ...
@overload
def vis_viva(r: ArrayLike, a: ArrayLike, *, mu: ArrayLike) -> FloatArray | Any: ...
@door(kernels.vis_viva)
def vis_viva(r: ArrayLike, a: ArrayLike, *, mu: ArrayLike) -> Any:
    """The speed at a distance on any orbit, in m/s.

    Parameters
    ----------
    r : float or array_like
        The distance from the focus in m.
    a : float or array_like
        Semi-major axis in m: negative for a hyperbola, ``math.inf`` for a parabola.
    mu : float or array_like
        G M in m3/s2.

    Returns
    -------
    float or ndarray
        A float for numbers; float32 if all arrays are float32 or float16. If an argument carries
        units, so does the result.

    Raises
    ------
    TypeError
        For input that is not real numbers, masked arrays, and units of another dimension.
    ValueError
        For numbers of no orbit: an r that is not positive or is beyond ``2 a``, a negative mu, NaN.
        For shapes that do not broadcast. In arrays, such an element gives NaN.

    Warns
    -----
    UnitsWarning
        If plain numbers do not look like SI.

    Notes
    -----
    .. math:: v = \\sqrt{\\mu \\left(\\frac{2}{r} - \\frac{1}{a}\\right)}

    Examples
    --------
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.orbit import vis_viva
    >>> print(f"{vis_viva(AU, AU, mu=GM_SUN):.0f} m/s")
    29785 m/s
    """
    plain, kind = units.plain(r=(r, "m"), a=(a, "m"), mu=(mu, MU))
    speed = kernels.plain_vis_viva(*plain)
    if not kernels.speed_looks_like_si(speed, plain[0]):
        units.warn_of_units(plain[0], plain[2], False, "r", 3, only_light=kind is not None)
    return speed if kind is None else kind.wrap(speed, "m/s")


class KeplerOrbit:
    """An orbit about one centre by its elements, or an array of orbits.

    Parameters
    ----------
    a : float or array_like
        Semi-major axis in m: positive for an ellipse, negative for a hyperbola. A parabola has
        none; :meth:`from_periapsis` makes it.
    e : float or array_like
        Eccentricity.
    i : float or array_like, optional
        Inclination in radians.
    Omega : float or array_like, optional
        Longitude of the ascending node in radians.
    omega : float or array_like, optional
        Argument of the periapsis in radians.
    M0 : float or array_like, optional
        Mean anomaly at time 0 in radians.
    mu : float or array_like
        G M in m3/s2; G (M + m) if both masses move.

    Attributes
    ----------
    shape : tuple of int
        The broadcast shape of the elements; ``()`` for one orbit. Orbits are immutable. They are
        equal if all elements and their units are equal.
    a, e, i, Omega, omega, M0, mu : float or ndarray
        The elements. A quantity with a dimension carries units if the given elements did.

    Raises
    ------
    TypeError
        For input that is not real numbers, masked arrays, and units of another dimension.
    ValueError
        For numbers of no orbit: an e that is negative or not finite, an a of the wrong sign, a
        mu that is not positive. For shapes that do not broadcast. In arrays, such an element makes
        an orbit with NaN for every quantity.

    Warns
    -----
    UnitsWarning
        If plain numbers do not look like SI.

    Notes
    -----
    Results are computed in float64. Positions are those of :func:`solve_kepler` at
    ``M0 + mean_motion t``. The rounding of the mean motion alone moves a body by 1e-16 of the
    distance that it has travelled.

    Examples
    --------
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.orbit import KeplerOrbit
    >>> halley = KeplerOrbit(17.834 * AU, 0.96714, mu=GM_SUN)
    >>> print(f"{halley.period / 365.25 / 86400:.1f} years, {halley.periapsis / AU:.3f} au")
    75.3 years, 0.586 au
    >>> halley.position([0, halley.period / 2]).shape
    (2, 3)
    """

    _coefficients: NDArray[np.float64]
    _elements: dict[str, NDArray[np.float64]]
    _kind: Kind | None
    shape: tuple[int, ...]

    def __init__(self, a: ArrayLike, e: ArrayLike, i: ArrayLike = 0.0, Omega: ArrayLike = 0.0,
                 omega: ArrayLike = 0.0, M0: ArrayLike = 0.0, *, mu: ArrayLike) -> None:
        self._settle("a", a, e, i, Omega, omega, M0, mu)

    @classmethod
    def from_periapsis(cls, periapsis: ArrayLike, e: ArrayLike, i: ArrayLike = 0.0,
                       Omega: ArrayLike = 0.0, omega: ArrayLike = 0.0, M0: ArrayLike = 0.0, *,
                       mu: ArrayLike) -> Self:
        """Make an orbit from its least distance, which a parabola has too.

        Near e = 1 it keeps digits that a would lose.

        Parameters
        ----------
        periapsis : float or array_like
            The least distance in m.
        e, i, Omega, omega, M0, mu
            As for the class.

        Returns
        -------
        KeplerOrbit

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> comet = KeplerOrbit.from_periapsis(AU, 1, mu=GM_SUN)
        >>> comet.a, comet.period
        (inf, inf)
        """
        orbit = cls.__new__(cls)
        orbit._settle("periapsis", periapsis, e, i, Omega, omega, M0, mu)
        return orbit

    def _settle(self, given: str, length: ArrayLike, e: ArrayLike, i: ArrayLike, Omega: ArrayLike,
                omega: ArrayLike, M0: ArrayLike, mu: ArrayLike) -> None:
        found, kind = units.plain(**{given: (length, "m"), "e": (e, ""), "i": (i, "rad"),
                                     "Omega": (Omega, "rad"), "omega": (omega, "rad"),
                                     "M0": (M0, "rad"), "mu": (mu, MU)})
        names = (given, "e", "i", "Omega", "omega", "M0", "mu")
        elements, coefficients = settled(dict(zip(names, found, strict=True)))
        self.__setstate__({"_elements": elements, "_kind": kind, "shape": elements["e"].shape,
                           "_coefficients": coefficients})
        # stacklevel counts this function, __init__ or from_periapsis, and the caller
        units.look_at_elements(elements, kind, 4)

    def __setstate__(self, state: dict[str, Any]) -> None:
        for array in (*state["_elements"].values(), state["_coefficients"]):
            array.flags.writeable = False
        self.__dict__.update(state)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("an orbit cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("an orbit cannot be changed")

    def __copy__(self) -> Self:
        return self         # it never changes

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeplerOrbit):
            return NotImplemented
        return self._kind == other._kind and all(
            np.array_equal(value, other._elements[name], equal_nan=True)
            for name, value in self._elements.items())

    def __hash__(self) -> int:
        return hash((self.shape, float(np.nansum(self._elements["periapsis"]))))

    def __repr__(self) -> str:
        given = "a" if np.all(self._elements["e"] != 1) else "periapsis"
        with np.printoptions(threshold=4, edgeitems=1, floatmode="unique"):
            texts = ", ".join(f"{name}={getattr(self, name)}"
                              for name in (given, "e", "i", "Omega", "omega", "M0", "mu"))
        name = type(self).__name__
        return f"{name}({texts})" if given == "a" else f"{name}.from_periapsis({texts})"

    def _out(self, value: Any, unit: str | None, kind: Kind | None = None) -> Any:
        """Return a float for one orbit, with the units of `kind` or else of the elements"""
        value = float(value) if np.ndim(value) == 0 else value
        kind = kind or self._kind
        return value if kind is None or unit is None else kind.wrap(value, unit)

    # ---- elements ----

    @property
    def a(self) -> Measures:
        """Semi-major axis in m."""
        return self._out(self._elements["a"], "m")

    @property
    def e(self) -> FloatOrArray:
        """Eccentricity."""
        return self._out(self._elements["e"], None)

    @property
    def i(self) -> Measures:
        """Inclination in rad."""
        return self._out(self._elements["i"], "rad")

    @property
    def Omega(self) -> Measures:        # noqa: N802
        """Longitude of the ascending node in rad."""
        return self._out(self._elements["Omega"], "rad")

    @property
    def omega(self) -> Measures:
        """Argument of the periapsis in rad."""
        return self._out(self._elements["omega"], "rad")

    @property
    def M0(self) -> Measures:           # noqa: N802
        """Mean anomaly at time 0 in rad."""
        return self._out(self._elements["M0"], "rad")

    @property
    def mu(self) -> Measures:
        """G M in m3/s2."""
        return self._out(self._elements["mu"], MU)

    # ---- results of the elements ----

    @property
    def periapsis(self) -> Measures:
        """Least distance in m."""
        return self._out(self._elements["periapsis"], "m")

    @property
    def apoapsis(self) -> Measures:
        """Greatest distance in m, infinite for a parabola and a hyperbola."""
        e = self._elements["e"]
        with np.errstate(all="ignore"):
            apoapsis = np.where(e >= 1, np.inf, self._elements["periapsis"] * (1 + e) / (1 - e))
        return self._out(apoapsis, "m")

    @property
    def mean_motion(self) -> Measures:
        """Mean motion in rad/s: sqrt(mu / |a|^3), for a parabola sqrt(mu / (2 q^3))."""
        return self._out(self._mean_motions(), "rad/s")

    @property
    def period(self) -> Measures:
        """Time of one revolution in s, infinite for a parabola and a hyperbola."""
        e = self._elements["e"]
        with np.errstate(all="ignore"):
            return self._out(np.where(e >= 1, np.inf, 2 * np.pi / self._mean_motions()), "s")

    @property
    def energy(self) -> Measures:
        """Energy in J for each kg of the orbiting body: -mu / (2 a)."""
        mu, e, q = (self._elements[name] for name in ("mu", "e", "periapsis"))
        with np.errstate(all="ignore"):
            return self._out(mu * (e - 1) / (2 * q), "m**2/s**2")

    @property
    def angular_momentum(self) -> NDArray[np.float64] | Any:
        """Angular momentum in m2/s, for each kg of the orbiting body, shape (..., 3)."""
        mu, e, q, i, Omega = (self._elements[name]
                              for name in ("mu", "e", "periapsis", "i", "Omega"))
        with np.errstate(all="ignore"):
            size = np.sqrt(mu * q * (1 + e))
            vector = np.stack([size * np.sin(i) * np.sin(Omega),
                               -size * np.sin(i) * np.cos(Omega), size * np.cos(i)], axis=-1)
        return self._out(vector, "m**2/s")

    def _mean_motions(self) -> NDArray[np.float64]:
        """Return a copy, in the shape of the orbits"""
        return self._coefficients[:, 1].copy().reshape(self.shape)

    def speed_at(self, r: ArrayLike) -> Measures:
        """The speed at a distance, by :func:`vis_viva`.

        Parameters
        ----------
        r : float or array_like
            The distance in m; it broadcasts with the orbits.

        Returns
        -------
        float or ndarray
            In m/s.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> round(KeplerOrbit(AU, 0.5, mu=GM_SUN).speed_at(AU / 2))
        51589
        """
        (distance,), kind = units.plain(r=(r, "m"))
        kind = units.kind_beside(self._kind, kind, "r")
        a, mu = (float(value) if value.ndim == 0 else value
                 for value in (self._elements["a"], self._elements["mu"]))
        # without a look at the units: the elements were looked at
        return self._out(kernels.plain_vis_viva(distance, a, mu), "m/s", kind)

    # ---- in time ----

    def position(self, t: ArrayLike, *, workers: int = 1) -> NDArray[np.float64] | Any:
        """Positions at the times t.

        Parameters
        ----------
        t : float or array_like, any shape
            Times in s; ``M0`` is the mean anomaly at 0.
        workers : int, optional
            The number of threads that share the work.

        Returns
        -------
        ndarray, shape of the orbits + shape of t + (3,)
            Cartesian coordinates in m about the centre. Omega and omega are counted from the x
            axis. An orbit of inclination 0 has its angular momentum along z.

        Raises
        ------
        TypeError
            For times that are not real numbers, or of another dimension or kind of units.
        ValueError
            For `workers` below 1.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> orbits = KeplerOrbit([AU, 2 * AU], 0.5, mu=GM_SUN)
        >>> (orbits.position([0, 1e6, 2e6]) / AU).round(3)[0]
        array([[0.5  , 0.   , 0.   ],
               [0.425, 0.328, 0.   ],
               [0.243, 0.579, 0.   ]])
        """
        return self._states(False, t, "m", workers)

    def velocity(self, t: ArrayLike, *, workers: int = 1) -> NDArray[np.float64] | Any:
        """Velocities at the times t.

        Parameters
        ----------
        t, workers
            As for :meth:`position`, with the same errors.

        Returns
        -------
        ndarray, shape of the orbits + shape of t + (3,)
            In m/s.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> KeplerOrbit(AU, 0.5, mu=GM_SUN).velocity(0).round() + 0
        array([    0., 51589.,     0.])
        """
        return self._states(True, t, "m/s", workers)

    def _states(self, moving: bool, t: Any, unit: str, workers: int) -> Any:
        if self._kind is None and type(workers) is int and workers == 1:
            found = kernels.states_at(moving, self._coefficients, self.shape, t)
            if found is not NotImplemented:
                return found
        workers = _workers.checked_workers(workers)
        (t,), kind = units.plain(t=(t, "s"))
        kind = units.kind_beside(self._kind, kind, "t")
        times = np.ascontiguousarray(t, np.float64).reshape(-1)
        out = np.empty((len(self._coefficients) * len(times), 3))

        def run(start: int, stop: int) -> None:
            kernels.orbit_states(moving, self._coefficients, times, out, start, stop)

        _workers.over_rows(run, len(out), workers)
        return self._out(out.reshape(*self.shape, *np.shape(t), 3), unit, kind)

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the orbit, or the orbits.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; new axes by default.
        **options
            `labels`, `centre`, `unit`, `scale` and `dimensions`, as for :func:`plot_orbits`.

        Returns
        -------
        matplotlib.axes.Axes
            Drawn as by :func:`plot_orbits`, with the same errors.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> ax = KeplerOrbit(17.834 * AU, 0.96714, mu=GM_SUN).plot(Figure().add_subplot())
        >>> ax.get_xlabel()
        'x (au)'
        """
        return plot_orbits(self, ax, **options)

    def _drawings(self) -> list[Drawing]:
        """Return the Drawings for plot_orbits, one for each orbit"""
        (places,), _ = units.plain(places=(self.position(0.0), "m"))
        elements = (self._elements[name] for name in ("periapsis", "e", "i", "Omega", "omega"))
        return conics(*elements, mu=self._elements["mu"], places=places)
