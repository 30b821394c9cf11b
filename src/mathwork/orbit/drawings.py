"""Orbits as curves: paths of bodies and their places, in metres, and the scale of a picture.

An object of orbits has a method `_drawings()`. It returns a Drawing for each orbit, made by
`circles` or `conics` here.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

POINTS = 361            # points of a curve
FARTHEST = 10           # an open orbit is drawn to this many times its smallest distance
MOST_RINGS = 12         # of distances in a picture
LEAST = 5e-324          # the least float64 above 0
ROUND = 1e-3            # the periapsis of an orbit with a smaller eccentricity has no mark


class Drawing(NamedTuple):
    """One orbit in metres: paths (n, 3) in the order of the motion, places (3,)."""

    path: FloatArray
    planet: FloatArray | None           # None if it is farther away than the path
    star: FloatArray
    mu: float                           # of the star, m3/s2; 1 in canonical units
    periapsis: FloatArray | None = None         # None if the orbit is round
    planet_mu: float = 0.0                      # 0 if it is not known
    star_path: FloatArray | None = None         # None if the star is held fixed
    barycentre: FloatArray | None = None        # None if no masses are known

    @property
    def is_closed(self) -> bool:
        return bool(np.allclose(self.path[0], self.path[-1], rtol=0,
                                atol=1e-9 * np.abs(self.path).max()))

    @property
    def reach(self) -> float:
        """The largest coordinate of a path; NaN if there is one, also in a place."""
        paths = (self.path,) if self.star_path is None else (self.path, self.star_path)
        if self.planet is not None and np.isnan(self.planet).any():
            return math.nan
        return float(np.max([np.abs(path).max() for path in paths]))

    @property
    def nearest(self) -> float:
        """The least distance from the origin on the planet's path."""
        return float(np.hypot.reduce(self.path, axis=-1).min())


def share(mass: float, other: float) -> float:
    """Return mass / (mass + other), or one half if both are 0."""
    return mass / (mass + other) if mass + other else 0.5


def circles(radius: float, star_mu: float, planet_mu: float, fixed_star: bool) -> Drawing:
    """Return the Drawing of a circular orbit."""
    of_planet, of_star = share(planet_mu, star_mu), share(star_mu, planet_mu)
    turn = np.linspace(0, 2 * np.pi, POINTS)
    circle = radius * np.stack((np.cos(turn), np.sin(turn), 0 * turn), axis=-1)
    start, centre = circle[0], np.zeros(3)
    if fixed_star:
        return Drawing(circle, start, centre, star_mu, None, planet_mu, None,
                       of_planet * start)
    return Drawing(of_star * circle, of_star * start, -of_planet * start, star_mu, None,
                   planet_mu, -of_planet * circle, centre)


def conics(periapsis: FloatArray, e: FloatArray, i: FloatArray, Omega: FloatArray,
           omega: FloatArray, *, mu: FloatArray, places: FloatArray) -> list[Drawing]:
    """Return the Drawings of orbits.

    Elements are arrays of one shape (...), and `places` (..., 3) are the positions of the planets.
    """
    drawings = []
    places = places.reshape(-1, 3)
    columns = [np.ravel(column).tolist() for column in (periapsis, e, i, Omega, omega, mu)]
    for q, e_, i_, Omega_, omega_, mu_, place in zip(*columns, places, strict=True):
        turn = _turn(i_, Omega_, omega_)
        far = e_ >= 1 and not np.hypot.reduce(place) <= FARTHEST * q
        drawings.append(Drawing((turn @ _conic(q, e_)).T, None if far else place, np.zeros(3), mu_,
                                q * turn[:, 0] if e_ >= ROUND else None))
    return drawings


def _conic(q: float, e: float) -> FloatArray:
    """Return x and y of r = q (1 + e) / (1 + e cos nu)"""
    if e < 1:
        E = np.linspace(0, 2 * np.pi, POINTS)
        return q / (1 - e) * np.stack((np.cos(E) - e, np.sqrt(1 - e * e) * np.sin(E)))
    # r is FARTHEST q at the largest nu.
    largest = np.arccos(((1 + e) / FARTHEST - 1) / e)
    nu = np.linspace(-largest, largest, POINTS)
    return q * (1 + e) / (1 + e * np.cos(nu)) * np.stack((np.cos(nu), np.sin(nu)))


def _turn(i: float, Omega: float, omega: float) -> FloatArray:
    """Return the first two columns of Rz(Omega) Rx(i) Rz(omega)"""
    (sin_i, cos_i), (sin_node, cos_node), (sin_peri, cos_peri) = (
        (np.sin(angle), np.cos(angle)) for angle in (i, Omega, omega))
    return np.array([[cos_node * cos_peri - sin_node * sin_peri * cos_i,
                      -cos_node * sin_peri - sin_node * cos_peri * cos_i],
                     [sin_node * cos_peri + cos_node * sin_peri * cos_i,
                      -sin_node * sin_peri + cos_node * cos_peri * cos_i],
                     [sin_peri * sin_i, cos_peri * sin_i]])


class Scale(NamedTuple):
    """How points in metres are placed in a picture.

    With `inner`, directions are kept, and distances are logarithmic beyond 10^inner units: these
    are 1 away from the origin, ten times as much is 2. Within them the scale is linear.
    """

    metres: float           # in the unit of the axes
    unit: str               # "" for canonical units
    inner: int | None       # None for a linear scale

    @np.errstate(all="ignore")      # the origin has no direction
    def placed(self, points: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
        """Return points (..., 3) as (..., dimensions)."""
        flat = points[..., :dimensions]
        if self.inner is None:
            return flat / self.metres
        distance = np.hypot.reduce(flat, axis=-1, keepdims=True)    # its squares do not overflow
        decades = self._decades(distance)
        place = flat / distance * np.where(decades > 0, 1 + decades, 10**np.minimum(decades, 0))
        return np.where(distance == 0, 0.0, place)

    def rings(self, reach: float) -> dict[int, float]:
        """Return {k: radius in the picture of 10^k units}, for a few k; the last is at `reach`."""
        if self.inner is None:
            return {}
        decades = int(np.ceil(self._decades(reach) - 1e-9))
        step = 1 + decades // MOST_RINGS
        return {self.inner + k: 1.0 + k for k in range(0, decades + step, step)}

    def _decades(self, distance: Any) -> Any:
        return np.log10(distance) - np.log10(self.metres) - self.inner


def inner_of(drawings: list[Drawing], metres: float) -> int:
    """Return the k of the largest 10^k units that no planet's distance is below."""
    nearest = max(min(drawing.nearest for drawing in drawings), LEAST)
    return int(np.floor(np.log10(nearest) - np.log10(metres) + 1e-9))
