"""What an orbit tells of itself without a time: its elements, and what follows from them."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import mathwork.orbit.units as units
from mathwork._arguments import shown
from mathwork._levels import orbit as kernels
from mathwork.constants import MU
from mathwork.orbit.masks import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import CodeOrArray, FloatOrArray, Measures
    from mathwork.orbit.times import Epoch
    from mathwork.orbit.units import Kind


class Elements(NamedTuple):
    """The result of :meth:`KeplerOrbit.elements`; unpacks to the arguments of ``KeplerOrbit``.

    Parameters
    ----------
    a : float or ndarray
        Semi-major axis in m: negative for a hyperbola, infinite for a parabola.
    e : float or ndarray
        Eccentricity.
    i, Omega, omega, M0 : float or ndarray
        Inclination, longitude of the ascending node, argument of the periapsis and mean anomaly at
        time 0, in radians or degrees.

    Examples
    --------
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.orbit import KeplerOrbit
    >>> a, e, i, *_ = KeplerOrbit(AU, 0.1, 0.5, mu=GM_SUN).elements()
    >>> e, i
    (0.1, 0.5)
    """

    a: Measures
    e: FloatOrArray
    i: Measures
    Omega: Measures
    omega: Measures
    M0: Measures


ROUNDED = 2.0**-46       # of |1 - e|: less than that is no more than its own rounding
GROSS = 2.0**-20         # of a periapsis: up to that it is the one that fits the rounded e


class OrbitMembers:
    """The members of orbits that need no more than these, which the class of orbits has:

    _elements       the elements by their names, arrays of one shape
    _coefficients   those of the kernel of positions, a row for each orbit
    _kind, _mask    the units and the mask that the elements were given with, or None
    _codes, _epoch  the codes of the status, and the date of time 0
    shape
    _keep           makes an object without any the one of these
    """

    _coefficients: NDArray[np.float64]
    _elements: dict[str, NDArray[np.float64]]
    _kind: Kind | None
    _mask: NDArray[np.bool] | None
    _codes: NDArray[np.int8]
    _epoch: Epoch | None
    shape: tuple[int, ...]
    _keep: Callable[..., None]

    def _out(self, value: Any, unit: str | None, kind: Kind | None = None) -> Any:
        """Return a float for one orbit, with the units of `kind` or else of the elements"""
        value = float(value) if np.ndim(value) == 0 else value
        kind = kind or self._kind
        value = value if kind is None or unit is None else kind.wrap(value, unit)
        return value if self._mask is None else masked(value, self._mask)

    def __repr__(self) -> str:
        given = "a" if np.all(self._elements["e"] != 1) else "periapsis"
        length = self._elements[given]
        values = {given: self._out(length, "m")} | {
            name: getattr(self, name) for name in ("e", "i", "Omega", "omega", "M0", "mu")}
        with np.printoptions(threshold=4, edgeitems=1, floatmode="unique"):
            texts = ", ".join(f"{name}={value}" for name, value in values.items())
        if self._epoch is not None:
            texts += f", epoch={str(self._epoch)!r}"
        name = type(self).__name__
        return f"{name}({texts})" if given == "a" else f"{name}.from_periapsis({texts})"

    # ---- as a sequence ----

    def __bool__(self) -> bool:
        return not self.shape or self.shape[0] > 0

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("one orbit has no length")
        return self.shape[0]

    def __getitem__(self, index: Any) -> Self:
        if not self.shape:
            raise TypeError("one orbit has no index")
        try:
            rows = np.arange(len(self._coefficients)).reshape(self.shape)[index]
        except OverflowError:
            raise IndexError(f"index must be within the shape {self.shape}, "
                             f"got {shown(index)}") from None
        orbit = type(self).__new__(type(self))
        elements = np.stack([value.reshape(-1)[rows] for value in self._elements.values()])
        codes = np.asarray(self._codes.reshape(-1)[rows])
        mask = self._mask.reshape(-1)[rows] if self._mask is not None and codes.ndim else None
        orbit._keep(elements, self._coefficients[rows].reshape(-1, self._coefficients.shape[1]),
                    codes, self._kind, mask, self._epoch)
        return orbit

    def __iter__(self) -> Iterator[Self]:
        return map(self.__getitem__, range(len(self)))

    # ---- elements ----

    @property
    def epoch(self) -> Epoch | None:
        """The date of time 0, or None."""
        return self._epoch

    @property
    def status(self) -> CodeOrArray:
        """0 for an orbit; else the reason why there is none, and its numbers are NaN.

        1: NaN or infinity among the elements, or elements beyond the range of float64. 2: a
        negative eccentricity. 3: an `a` of another sign than e asks for, or of a parabola, or a
        periapsis that is not positive. 4: a `mu` that is not positive. 5: a state with no plane, at
        the centre or straight to or from it.
        """
        return self._codes.copy() if self.shape else int(self._codes[()])

    def elements(self, *, unit: str = "rad") -> Elements:
        """All six elements: the arguments of ``KeplerOrbit``, in its order.

        Parameters
        ----------
        unit : {"rad", "deg"}, optional
            The unit of the angles. Elements that carry units are in radians.

        Returns
        -------
        Elements
            A named tuple. A parabola has an infinite `a`: pass its :attr:`periapsis` to
            :meth:`KeplerOrbit.from_periapsis` instead.

        Raises
        ------
        ValueError
            For another `unit`.

        Notes
        -----
        An angle that is undefined is 0: Omega of an orbit in the x-y plane, and omega of a circle.

        The elements fit each other. So where the e of a state must be rounded near a parabola,
        their a, which makes up for it, may differ from :attr:`a`.

        Examples
        --------
        >>> from mathwork.orbit import KeplerOrbit
        >>> orbit = KeplerOrbit.from_state([3e9, 0, 0], [0, 1e3, 1e3], mu=1.2e16)
        >>> [round(x, 6) for x in orbit.elements(unit="deg")]
        [2000000000.0, 0.5, 45.0, 0.0, 180.0, 180.0]
        """
        factor = angle_factor(unit)
        with np.errstate(all="ignore"):
            angles = [self._out(self._elements[name] * factor if factor != 1 and self._kind is None
                                else self._elements[name], "rad")
                      for name in ("i", "Omega", "omega", "M0")]
        return Elements(self._out(self._elements["a"], "m"), self.e, *angles)

    @property
    def a(self) -> Measures:
        """Semi-major axis in m."""
        return self._out(self._own_shape()[0], "m")

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
        """Least distance in m: it fits `e`, unless it would be wrong by more than a millionth."""
        own, fitting = self._own_shape()[1], self._elements["periapsis"]
        with np.errstate(all="ignore"):
            return self._out(np.where(np.abs(own - fitting) > GROSS * own, own, fitting), "m")

    @property
    def apoapsis(self) -> Measures:
        """Greatest distance in m, infinite for a parabola and a hyperbola."""
        e = self._elements["e"]
        with np.errstate(all="ignore"):
            apoapsis = np.where(e >= 1, np.inf, self._own_shape()[0] * (1 + e))
        return self._out(apoapsis, "m")

    @property
    def mean_motion(self) -> Measures:
        """Mean motion in rad/s: ``sqrt(mu / |a|^3)``, for a parabola ``sqrt(mu / (2 q^3))``."""
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
        _, q, left = self._own_shape()
        with np.errstate(all="ignore"):
            return self._out(self._elements["mu"] * -left / (2 * q) + 0.0, "m**2/s**2")

    @property
    def angular_momentum(self) -> NDArray[np.float64] | Any:
        """Angular momentum in m2/s, for each kg of the orbiting body, shape (..., 3)."""
        mu, e, i, Omega = (self._elements[name] for name in ("mu", "e", "i", "Omega"))
        q = self._own_shape()[1]
        with np.errstate(all="ignore"):
            size = np.sqrt(mu * q * (1 + e))
            vector = np.stack([size * np.sin(i) * np.sin(Omega),
                               -size * np.sin(i) * np.cos(Omega), size * np.cos(i)], axis=-1)
        return self._out(vector, "m**2/s")

    def _own_shape(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return a, the periapsis distance, and 1 - e of the orbits: the elements fit a rounded e

        Near a parabola these differ for an orbit through a state, whose coefficients have |1 - e|.
        """
        a, e, q = (self._elements[name] for name in ("a", "e", "periapsis"))
        x, y, z, excess = (self._coefficients[:, at].reshape(self.shape) for at in (4, 5, 6, 3))
        with np.errstate(all="ignore"):
            lost = np.abs(excess - np.abs(1 - e)) > ROUNDED * excess
            if lost.any():
                size = np.hypot(np.hypot(x, y), z)
                a = np.where(lost, np.copysign(size, a), a)
                q = np.where(lost, size * excess, q)
            return a, q, np.where(lost, np.copysign(excess, 1 - e), 1 - e)

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

        Raises
        ------
        TypeError
            For distances that are not real numbers, and units of another dimension.
        ValueError
            For one distance that is negative or NaN, and for shapes that do not broadcast.

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
                 for value in (self._own_shape()[0], self._elements["mu"]))
        # without a look at the units: the elements were looked at
        return self._out(kernels.plain_vis_viva(distance, a, mu), "m/s", kind)


def angle_factor(unit: str) -> float:
    """Return how many of the unit a radian is; raise for other units than rad and deg."""
    if not isinstance(unit, str) or unit not in ("rad", "deg"):
        raise ValueError(f"unit must be 'rad' or 'deg', got {shown(unit)}")
    return 1.0 if unit == "rad" else 180 / np.pi
