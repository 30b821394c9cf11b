"""Orbits of any eccentricity, from their elements or a state."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import mathwork._workers as _workers
import mathwork.orbit.units as units
from mathwork._levels import orbit as kernels
from mathwork.constants import MU
from mathwork.orbit.drawings import conics
from mathwork.orbit.elements import ANGLES, NAMES, from_tables, in_radians, settled
from mathwork.orbit.masks import common, unmasked
from mathwork.orbit.motion import Motion
from mathwork.orbit.plot import plot_orbits
from mathwork.orbit.times import checked_epoch
from mathwork.orbit.vectors import codes_of, elements_again, refusal, rows_of

if TYPE_CHECKING:
    from typing import Any, NoReturn, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from mathwork.orbit.drawings import Drawing
    from mathwork.orbit.times import Epoch


class KeplerOrbit(Motion):
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
    epoch : datetime64, datetime, str or astropy Time, optional
        The date of time 0. With it, times may be dates.
    unit : {"rad", "deg"}, optional
        The unit of the angles that carry none.

    Attributes
    ----------
    shape : tuple of int
        The broadcast shape of the elements; ``()`` for one orbit. Orbits are immutable. They are
        equal if all elements, their units and their epochs are equal. An array of orbits has a
        length, an index and an iterator, like an array of numbers.
    status : int or ndarray of int8
        0 for an orbit, else the reason why there is none: a code for each element of an array.
    a, e, i, Omega, omega, M0, mu : float or ndarray
        The elements. A quantity with a dimension carries units if the given elements did.

    Raises
    ------
    TypeError
        For input that is not real numbers, and units of another dimension.
    ValueError
        For numbers of no orbit: an e that is negative or not finite, an a of the wrong sign, a
        mu that is not positive. For shapes that do not broadcast. In arrays, such an element makes
        an orbit with NaN for every quantity, and its `status` says why.

    Warns
    -----
    UnitsWarning
        If plain numbers do not look like SI.

    Notes
    -----
    Results are computed in float64. Positions are those of :func:`solve_kepler` at
    ``M0 + mean_motion t``. The rounding of the mean motion alone moves a body by 1e-16 of the
    distance that it has travelled.

    Masked arrays are taken, also astropy's masked columns and quantities: what is masked in one
    element is masked in all results of arrays.

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

    def __init__(self, a: ArrayLike, e: ArrayLike, i: ArrayLike = 0.0, Omega: ArrayLike = 0.0,
                 omega: ArrayLike = 0.0, M0: ArrayLike = 0.0, *, mu: ArrayLike,
                 epoch: Epoch | None = None, unit: str = "rad") -> None:
        self._settle("a", a, e, i, Omega, omega, M0, mu, epoch, unit)

    @classmethod
    def from_periapsis(cls, periapsis: ArrayLike, e: ArrayLike, i: ArrayLike = 0.0,
                       Omega: ArrayLike = 0.0, omega: ArrayLike = 0.0, M0: ArrayLike = 0.0, *,
                       mu: ArrayLike, epoch: Epoch | None = None, unit: str = "rad") -> Self:
        """Make an orbit from its least distance, which a parabola has too.

        Near e = 1 it keeps digits that a would lose.

        Parameters
        ----------
        periapsis : float or array_like
            The least distance in m.
        e, i, Omega, omega, M0, mu, epoch, unit
            As for the class.

        Returns
        -------
        KeplerOrbit

        Raises
        ------
        TypeError, ValueError
            As from the class.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> comet = KeplerOrbit.from_periapsis(AU, 1, mu=GM_SUN)
        >>> comet.a, comet.period
        (inf, inf)
        """
        orbit = cls.__new__(cls)
        orbit._settle("periapsis", periapsis, e, i, Omega, omega, M0, mu, epoch, unit)
        return orbit

    @classmethod
    def from_degrees(cls, a: ArrayLike, e: ArrayLike, i: ArrayLike = 0.0, Omega: ArrayLike = 0.0,
                     omega: ArrayLike = 0.0, M0: ArrayLike = 0.0, *, mu: ArrayLike,
                     epoch: Epoch | None = None) -> Self:
        """Make an orbit whose angles are in degrees: the class with ``unit="deg"``.

        Parameters
        ----------
        a, e
            As for the class.
        i, Omega, omega, M0 : float or array_like, optional
            Angles in degrees.
        mu, epoch
            As for the class.

        Returns
        -------
        KeplerOrbit

        Raises
        ------
        TypeError, ValueError
            As from the class.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> mars = KeplerOrbit.from_degrees(1.523679 * AU, 0.0934, 1.85, 49.6, 286.5, mu=GM_SUN)
        >>> round(mars.i, 6)
        0.032289
        """
        orbit = cls.__new__(cls)
        orbit._settle("a", a, e, i, Omega, omega, M0, mu, epoch, "deg")
        return orbit

    @classmethod
    def from_table(cls, *, e: ArrayLike, mu: ArrayLike, a: ArrayLike | None = None,
                   periapsis: ArrayLike | None = None, period: ArrayLike | None = None,
                   i: ArrayLike = 0.0, Omega: ArrayLike = 0.0, omega: ArrayLike | None = None,
                   longitude_of_periapsis: ArrayLike | None = None, M0: ArrayLike | None = None,
                   mean_longitude: ArrayLike | None = None,
                   time_of_periapsis: ArrayLike | None = None, epoch: Epoch | None = None,
                   unit: str = "rad") -> Self:
        """Make an orbit from the elements that a table has.

        Parameters
        ----------
        e, mu
            As for the class.
        a, periapsis, period : float or array_like
            Exactly one of the semi-major axis in m, the least distance in m, and the time of one
            revolution in s, which gives a by Kepler's third law.
        i, Omega
            As for the class.
        omega, longitude_of_periapsis : float or array_like, optional
            At most one of the argument of the periapsis and its longitude, ``Omega + omega``.
        M0, mean_longitude, time_of_periapsis : float or array_like, optional
            At most one of the mean anomaly at time 0, the mean longitude there, ``Omega + omega +
            M0``, and a time or date at the periapsis.
        epoch, unit
            As for the class.

        Returns
        -------
        KeplerOrbit

        Raises
        ------
        TypeError
            For none or two of what one is needed of, beside the errors of the class.

        References
        ----------
        Tables like the Jet Propulsion Laboratory's "Approximate Positions of the Planets" (E. M.
        Standish) have a, e, i, L, the longitude of the perihelion and Omega.

        Examples
        --------
        The Earth and Mars at J2000, by that table:

        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> planets = KeplerOrbit.from_table(
        ...     a=[1.00000261 * AU, 1.52371034 * AU], e=[0.01671123, 0.0933941],
        ...     i=[-0.00001531, 1.84969142], Omega=[0, 49.55953891], mu=GM_SUN, unit="deg",
        ...     longitude_of_periapsis=[102.93768193, -23.94362959],
        ...     mean_longitude=[100.46457166, -4.55343205], epoch="2000-01-01T12:00")
        >>> (planets.position("2000-01-01T12:00") / AU).round(3) + 0
        array([[-0.177,  0.967,  0.   ],
               [ 1.391, -0.013, -0.034]])
        """
        return from_tables(
            cls, {"a": a, "periapsis": periapsis, "period": period},
            {"omega": omega, "longitude_of_periapsis": longitude_of_periapsis},
            {"M0": M0, "mean_longitude": mean_longitude, "time_of_periapsis": time_of_periapsis},
            {"e": e, "i": i, "Omega": Omega, "mu": mu}, epoch, unit)

    @classmethod
    def from_state(cls, position: ArrayLike, velocity: ArrayLike, *, mu: ArrayLike,
                   epoch: Epoch | None = None, workers: int = 1) -> Self:
        """Make an orbit from a position and a velocity at time 0.

        Parameters
        ----------
        position : array_like, shape (..., 3)
            About the centre, in m.
        velocity : array_like, shape (..., 3)
            In m/s.
        mu : float or array_like, shape (...)
            G M in m3/s2; G (M + m) if both masses move.
        epoch
            As for the class.
        workers : int, optional
            The number of threads that share the work.

        Returns
        -------
        KeplerOrbit
            Of the broadcast shape. Its Omega and omega are from 0 to 2 pi; its M0 is the least, for
            an ellipse from -pi to pi.

        Raises
        ------
        TypeError
            For input that is not real numbers, masked arrays, and units of another dimension.
        ValueError
            For shapes that do not broadcast. For one state: a position at the centre, a velocity
            straight to or from it, a mu that is not positive, NaN and infinity. In arrays, such an
            element gives NaN, and `status` says why.

        Warns
        -----
        UnitsWarning
            If plain numbers do not look like SI.

        Notes
        -----
        An angle that is undefined within rounding is 0. Omega is 0 where sin i is below 2**-52, and
        then i is 0 or pi; omega is 0 where e is below 2**-51, and then e is 0. So omega is counted
        from the x axis for an orbit in the x-y plane, and M0 from the node for a circle.

        Nothing cancels near e = 0, e = 1, i = 0 and i = pi. The orbit goes through the position
        within 12 units in the last place. Its velocity there is within 12 units in the last place
        of the larger of the velocity and the circular speed. A body much slower than that is near
        its apoapsis, where half a unit of M0 changes its speed by more. :meth:`elements` fit each
        other as well as a rounded e lets them.

        References
        ----------
        R. H. Battin, An Introduction to the Mathematics and Methods of Astrodynamics, revised ed.,
        AIAA 1999, chapter 3.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> orbit = KeplerOrbit.from_state([AU, 0, 0], [0, 36e3, 0], mu=GM_SUN)
        >>> print(f"a = {orbit.a / AU:.3f} au, e = {orbit.e:.3f}")
        a = 1.855 au, e = 0.461
        """
        workers = _workers.checked_workers(workers)
        found, kind = units.plain(position=(position, "m"), velocity=(velocity, "m/s"),
                                  mu=(mu, MU))
        rows, shape = rows_of({"position": found[0], "velocity": found[1]},
                              {"dt": 0.0, "mu": found[2]})
        count = int(np.prod(shape))
        elements, coefficients = np.empty((len(NAMES), count)), np.empty((count, 10))

        def run(start: int, stop: int) -> None:
            kernels.elements_of(rows, elements, coefficients, start, stop)

        _workers.over_rows(run, count, workers)
        lost = np.isnan(elements[0])
        if lost.any():
            lost = elements_again(rows, lost, elements, coefficients)
        codes = codes_of(rows, lost)
        if not shape and codes[0]:
            raise ValueError(refusal(rows, ("position", "velocity")))
        orbit = cls.__new__(cls)
        orbit._keep(elements.reshape(len(NAMES), *shape), coefficients, codes.reshape(shape), kind,
                    None, checked_epoch(epoch))
        units.look_at_elements(orbit._elements, kind, 3)
        return orbit

    def _settle(self, given: str, length: ArrayLike, e: ArrayLike, i: ArrayLike, Omega: ArrayLike,
                omega: ArrayLike, M0: ArrayLike, mu: ArrayLike, epoch: Epoch | None, unit: str
                ) -> None:
        names = (given, "e", *ANGLES, "mu")
        values = [unmasked(value) for value in (length, e, i, Omega, omega, M0, mu)]
        parts = in_radians({name: value for name, (value, _) in zip(names, values, strict=True)},
                           unit)
        dimensions = {given: "m", "e": "", "mu": MU, **dict.fromkeys(ANGLES, "rad")}
        found, kind = units.plain(**{name: (parts[name], dimensions[name]) for name in names})
        elements, coefficients, codes = settled(dict(zip(names, found, strict=True)))
        shape = codes.shape
        self._keep(elements, coefficients, codes, kind, common([mask for _, mask in values], shape),
                   checked_epoch(epoch))
        # stacklevel counts this function, __init__ or from_periapsis, and the caller
        units.look_at_elements(self._elements, kind, 4)

    def _keep(self, elements: NDArray[np.float64], coefficients: NDArray[np.float64],
              codes: NDArray[np.int8], kind: Any, mask: NDArray[np.bool] | None,
              epoch: Epoch | None) -> None:
        """Become the orbits in elements (8, ...), with their coefficients (N, 10)"""
        self.__setstate__({"_elements": {name: elements[k, ...] for k, name in enumerate(NAMES)},
                           "_kind": kind, "shape": codes.shape, "_coefficients": coefficients,
                           "_codes": codes, "_mask": mask, "_epoch": epoch})

    def __setstate__(self, state: dict[str, Any]) -> None:
        for array in (*state["_elements"].values(), state["_coefficients"], state["_codes"]):
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
        return (self._kind == other._kind and type(self._epoch) is type(other._epoch)
                and bool(np.all(self._epoch == other._epoch))
                and all(np.array_equal(value, other._elements[name], equal_nan=True)
                        for name, value in self._elements.items()))

    @np.errstate(all="ignore")
    def __hash__(self) -> int:
        return hash((self.shape, float(np.nansum(self._elements["periapsis"]))))

    # ---- as a picture ----

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
            Drawn as by :func:`plot_orbits`.

        Raises
        ------
        ImportError, TypeError, ValueError
            As from :func:`plot_orbits`.

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

    def _repr_html_(self) -> str:
        import mathwork.orbit.displays as displays  # here: few programs run in a notebook

        return displays.kepler_html(self)

    def _drawings(self) -> list[Drawing]:
        """Return the Drawings for plot_orbits, one for each orbit"""
        places = kernels.states_at(kernels.state_codes["position"], self._coefficients, self.shape,
                                   0.0)
        elements = (self._elements[name] for name in ("periapsis", "e", "i", "Omega", "omega"))
        return conics(*elements, mu=self._elements["mu"], places=places)
