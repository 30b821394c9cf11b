"""Where bodies on orbits are at given times, and when they are at given places."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import mathwork._workers as _workers
import mathwork.orbit.units as units
from mathwork._arguments import flag
from mathwork._arrays import FLOAT64, check_axes, in_dtype, joint_shape, plain_in
from mathwork._levels import orbit as kernels
from mathwork.orbit.members import OrbitMembers
from mathwork.orbit.times import is_date, moment, since

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TURN = 2 * np.pi


class Motion(OrbitMembers):
    """The members of orbits in time"""

    def position(self, t: ArrayLike, *, paired: bool = False, workers: int = 1
                 ) -> NDArray[np.float64] | Any:
        """Positions at the times t.

        Parameters
        ----------
        t : float or array_like, any shape
            Times in s; ``M0`` is the mean anomaly at 0. Also durations: ``timedelta64``, or
            astropy's ``TimeDelta``. With an :attr:`epoch`, which is time 0, also dates:
            ``datetime64``, Python's ``datetime``, ISO text, or astropy's ``Time``.
        paired : bool, optional
            Take one time for each orbit: t broadcasts with the orbits.
        workers : int, optional
            The number of threads that share the work.

        Returns
        -------
        ndarray, shape of the orbits + shape of t + (3,)
            Cartesian coordinates in m about the centre. Omega and omega are counted from the x
            axis. An orbit of inclination 0 has its angular momentum along z. If `paired`, the shape
            is the broadcast shape of the orbits and t, + (3,).

        Raises
        ------
        TypeError
            For times that are not real numbers, or of another dimension or kind of units; for dates
            if the orbit has no epoch.
        ValueError
            For `workers` below 1; for paired times that do not broadcast.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> orbits = KeplerOrbit([AU, 2 * AU], 0.5, mu=GM_SUN)
        >>> (orbits.position([0, 1e6, 2e6]) / AU).round(3)[0]
        array([[0.5  , 0.   , 0.   ],
               [0.425, 0.328, 0.   ],
               [0.243, 0.579, 0.   ]])
        >>> (orbits.position([1e6, 2e6], paired=True) / AU).round(3)
        array([[0.425, 0.328, 0.   ],
               [0.923, 0.475, 0.   ]])
        """
        return self._at("position", t, "m", paired, workers)

    def velocity(self, t: ArrayLike, *, paired: bool = False, workers: int = 1
                 ) -> NDArray[np.float64] | Any:
        """Velocities at the times t.

        Parameters
        ----------
        t, paired, workers
            As for :meth:`position`.

        Returns
        -------
        ndarray, shape of the orbits + shape of t + (3,)
            In m/s.

        Raises
        ------
        TypeError, ValueError
            As :meth:`position`.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> KeplerOrbit(AU, 0.5, mu=GM_SUN).velocity(0).round() + 0
        array([    0., 51589.,     0.])
        """
        return self._at("velocity", t, "m/s", paired, workers)

    def distance(self, t: ArrayLike, *, paired: bool = False, workers: int = 1) -> Any:
        """Distances from the centre at the times t.

        Parameters
        ----------
        t, paired, workers
            As for :meth:`position`.

        Returns
        -------
        float or ndarray, shape of the orbits + shape of t
            In m.

        Raises
        ------
        TypeError, ValueError
            As :meth:`position`.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> orbit = KeplerOrbit(AU, 0.5, mu=GM_SUN)
        >>> print(f"{orbit.distance(orbit.period / 2) / AU:.3f} au")
        1.500 au
        """
        return self._at("distance", t, "m", paired, workers)

    def true_anomaly(self, t: ArrayLike, *, paired: bool = False, workers: int = 1) -> Any:
        """True anomalies at the times t: angles at the centre, from the periapsis.

        Parameters
        ----------
        t, paired, workers
            As for :meth:`position`.

        Returns
        -------
        float or ndarray, shape of the orbits + shape of t
            In radians, from -pi to pi.

        Raises
        ------
        TypeError, ValueError
            As :meth:`position`.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> orbit = KeplerOrbit(AU, 0.5, mu=GM_SUN)
        >>> round(orbit.true_anomaly(orbit.period / 4), 6)
        2.446561
        """
        return self._at("true_anomaly", t, "rad", paired, workers)

    def eccentric_anomaly(self, t: ArrayLike, *, paired: bool = False, workers: int = 1) -> Any:
        """Eccentric anomalies at the times t: what :func:`solve_kepler` gives.

        Parameters
        ----------
        t, paired, workers
            As for :meth:`position`.

        Returns
        -------
        float or ndarray, shape of the orbits + shape of t
            E of an ellipse in radians, from -pi to pi; H of a hyperbola; D of a parabola.

        Raises
        ------
        TypeError, ValueError
            As :meth:`position`.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> orbit = KeplerOrbit(AU, 0.5, mu=GM_SUN)
        >>> round(orbit.eccentric_anomaly(orbit.period / 4), 6)
        2.02098
        """
        return self._at("eccentric_anomaly", t, "rad", paired, workers)

    def mean_anomaly(self, t: ArrayLike, *, paired: bool = False, workers: int = 1) -> Any:
        """Mean anomalies at the times t.

        Parameters
        ----------
        t, paired, workers
            As for :meth:`position`.

        Returns
        -------
        float or ndarray, shape of the orbits + shape of t
            In radians, for an ellipse from -pi to pi.

        Raises
        ------
        TypeError, ValueError
            As :meth:`position`.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> orbit = KeplerOrbit(AU, 0.5, M0=0.25, mu=GM_SUN)
        >>> round(orbit.mean_anomaly(7 * orbit.period), 6)
        0.25
        """
        return self._at("mean_anomaly", t, "rad", paired, workers)

    def _at(self, name: str, t: Any, unit: str, paired: bool, workers: int) -> Any:
        """Return one of kernels.state_codes at the times t"""
        code = kernels.state_codes[name]
        if (self._kind is None and self._mask is None and paired is False and type(workers) is int
                and workers == 1):
            found = kernels.states_at(code, self._coefficients, self.shape, t)
            if found is not NotImplemented:
                return found if found.ndim else float(found)
        workers, paired = _workers.checked_workers(workers), flag(paired, "paired")
        (t,), kind = units.plain(t=(since(t, self._epoch), "s"))
        kind = units.kind_beside(self._kind, kind, "t")
        coefficients, times = self._coefficients, plain_in(t, FLOAT64)
        check_axes(len(self.shape) + times.ndim, "orbits and t", 1)
        shape = (*self.shape, *times.shape)
        if paired:
            shape = joint_shape({"t of paired orbits": times.shape, "orbits": self.shape}, 1)
            times = np.broadcast_to(times, shape)
            rows = np.arange(len(coefficients)).reshape(self.shape)
            coefficients = coefficients[np.broadcast_to(rows, shape).reshape(-1)]
        times = np.ascontiguousarray(times).reshape(-1)
        count = len(coefficients) * (1 if paired else len(times))
        tail = (3,) if name in ("position", "velocity") else ()
        out = np.empty((count, *(tail or (1,))))

        def run(start: int, stop: int) -> None:
            kernels.orbit_states(code, paired, coefficients, times, out, start, stop)

        _workers.over_rows(run, count, workers)
        return self._out(out.reshape((*shape, *tail)), unit, kind)

    # ---- when ----

    def time_at(self, true_anomaly: ArrayLike, *, after: ArrayLike = 0.0) -> Any:
        """The next time at which a body is at a true anomaly.

        Parameters
        ----------
        true_anomaly : float or array_like
            In radians, any number of turns; it broadcasts with the orbits.
        after : float or array_like, optional
            The time to count from, as for :meth:`position`; it broadcasts with the orbits.

        Returns
        -------
        float or ndarray
            The first time from `after` on, in s, infinite if a parabola or a hyperbola has passed
            the place already; NaN for an angle that a hyperbola never reaches. A date, of the kind
            of the epoch, if `after` is one: NaT, or a masked Time, where the time is not finite;
            in seconds, not microseconds, if one is more than 292,000 years from 1970.

        Raises
        ------
        TypeError
            As for :meth:`position`.
        ValueError
            For shapes that do not broadcast.

        Examples
        --------
        >>> import math
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> earth = KeplerOrbit(AU, 0.0167, M0=1.0, mu=GM_SUN)
        >>> print(f"{earth.time_at(math.pi / 2) / 86400:.2f} days")
        31.24 days
        """
        return self._next(true_anomaly, after)

    def next_periapsis(self, after: ArrayLike = 0.0) -> Any:
        """The next time at which a body is nearest to the centre.

        Parameters
        ----------
        after : float or array_like, optional
            As for :meth:`time_at`.

        Returns
        -------
        float or ndarray
            As of :meth:`time_at`: infinite if an open orbit is past its periapsis.

        Raises
        ------
        TypeError, ValueError
            As :meth:`time_at`.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> halley = KeplerOrbit(17.834 * AU, 0.96714, mu=GM_SUN, epoch="1986-02-09T11")
        >>> print(halley.next_periapsis("2026-01-01").astype("M8[Y]"))
        2061
        """
        return self._next(0.0, after)

    def next_apoapsis(self, after: ArrayLike = 0.0) -> Any:
        """The next time at which a body is farthest from the centre.

        Parameters
        ----------
        after : float or array_like, optional
            As for :meth:`time_at`.

        Returns
        -------
        float or ndarray
            As of :meth:`time_at`: infinite for an open orbit, which has no apoapsis.

        Raises
        ------
        TypeError, ValueError
            As :meth:`time_at`.

        Examples
        --------
        >>> from mathwork.constants import AU, GM_SUN
        >>> from mathwork.orbit import KeplerOrbit
        >>> orbit = KeplerOrbit(AU, 0.5, mu=GM_SUN)
        >>> round(orbit.next_apoapsis() / orbit.period, 12)
        0.5
        """
        return self._next(None, after)

    def _next(self, true_anomaly: ArrayLike | None, after: Any) -> Any:
        """Return the time of a true anomaly, or of the apoapsis (None)"""
        dated = is_date(after)
        found, kind = units.plain(true_anomaly=(np.pi if true_anomaly is None else true_anomaly,
                                                "rad"),
                                  after=(since(after, self._epoch, "after"), "s"))
        kind = units.kind_beside(self._kind, kind, "after")
        nu, start = (in_dtype(value, FLOAT64) for value in found)
        e = self._elements["e"]
        M0, motion = (self._coefficients[:, at].reshape(self.shape) for at in (0, 1))
        shape = joint_shape({"orbits": self.shape, "true_anomaly": nu.shape,
                             "after": start.shape})
        M: Any = np.pi if true_anomaly is None else np.asarray(kernels.plain_mean_anomaly(nu, e))
        with np.errstate(all="ignore"):
            ahead = M - (M0 + motion * start)
            bound = start + np.remainder(ahead, TURN) / motion
            free = start + ahead / motion
            free = np.where(ahead < 0, np.inf, free)
            if true_anomaly is None:
                free = np.where(np.isnan(motion), np.nan, np.inf)
            time = np.broadcast_to(np.where(e < 1, bound, free), shape)
        if dated:
            return moment(time, self._epoch)
        return self._out(time.copy(), "s", kind)
