"""Orbits as pictures, to scale. matplotlib is imported when a picture is drawn.

An object of orbits has a method `_drawings()`. It returns a Drawing for each orbit, made by
`circles` or `conics` here.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from mathwork._extras import extra
from mathwork.constants import AU

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

POINTS = 361            # points of a curve
SMALLEST_IN_AU = 0.1    # a smaller picture is in km
FARTHEST = 10           # an open orbit is drawn to this many times its smallest distance
CLOSE = 0.05            # part of the radius: a barycentre closer to the star is also shown enlarged
FEW = 10                # up to this many orbits get colours of their own, and marks for the planets
NARROWEST = 0.25        # shortest side of a picture, as a part of its longer side


class Drawing(NamedTuple):
    """One orbit in metres, in the x-y plane: paths of shape (n, 2), places of shape (2,)."""

    path: NDArray[np.float64]
    planet: NDArray[np.float64] | None      # None if it is farther away than the path
    star: NDArray[np.float64]
    star_path: NDArray[np.float64] | None = None        # None if the star is held fixed
    barycentre: NDArray[np.float64] | None = None       # None if no masses are known


class Orbits(Protocol):
    """One orbit or several, that can be drawn."""

    def _drawings(self) -> Iterable[Drawing]: ...


def plot_orbits(orbits: Orbits | Iterable[Orbits], ax: Axes | None = None, *,
                labels: Sequence[str] | None = None) -> Axes:
    """Draw orbits to scale, as seen from the pole of the x-y plane.

    Parameters
    ----------
    orbits : CircularOrbit, KeplerOrbit, or an iterable of them
        All of them about the same star. A KeplerOrbit may hold any number of orbits.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.
    labels : sequence of str, optional
        Names of the planets, one an orbit.

    Returns
    -------
    matplotlib.axes.Axes
        In au if the picture reaches 0.1 au or more, else in km.

    Raises
    ------
    ImportError
        If matplotlib, the extra `plot`, is not installed.
    TypeError
        For an object that is not an orbit.
    ValueError
        For no orbits, an orbit that is not finite, and another number of labels.

    Notes
    -----
    The star is at the origin. If both masses move, the barycentre is at the origin, and each body
    has its own circle. Bodies are marked at their places at t = 0; the marks do not show their
    size. The barycentre is a cross. If it is close to the centre of the only star, a picture within
    the picture shows both enlarged. Open orbits end at ten times their smallest distance, without a
    mark if the planet is farther away. An orbit seen edge on is a line.

    Examples
    --------
    >>> from mathwork.constants import AU, M_EARTH, M_SUN
    >>> from mathwork.orbit import CircularOrbit, plot_orbits
    >>> earth = CircularOrbit(M_SUN, M_EARTH, AU)
    >>> ax = plot_orbits(earth, labels=["Earth"])       # doctest: +SKIP
    """
    # an array of orbits is iterable too, and its own picture
    given = orbits if isinstance(orbits, Iterable) and not hasattr(orbits, "_drawings") else [orbits]
    with np.errstate(all="ignore"):
        drawings = [drawing for orbit in given for drawing in _drawings_of(orbit)]
    if not drawings:
        raise ValueError("orbits must hold at least one orbit")
    labels = None if labels is None else list(labels)
    if labels is not None and len(labels) != len(drawings):
        raise ValueError(f"labels must name {len(drawings)} orbits, got {len(labels)}")
    reach = np.max([np.abs(path).max() for drawing in drawings      # NaN if one is
                    for path in (drawing.path, drawing.star_path) if path is not None])
    if not 0 < reach < np.inf:
        raise ValueError("orbits must be finite to be drawn")
    if ax is None:
        pyplot = extra("matplotlib.pyplot", "draw orbits")
        _, ax = pyplot.subplots(figsize=(8, 6), layout="constrained")
    metres, unit = _unit_of(reach)
    few = len(drawings) <= FEW
    for k, drawing in enumerate(drawings):
        name = labels[k] if labels is not None else "planet" if len(drawings) == 1 else None
        _draw_planet(ax, drawing, metres, name, few)
    _draw_centre(ax, drawings, metres)
    _label_axes(ax, unit)
    _widen(ax)
    if len(drawings) == 1 and _is_close(drawings[0]):
        _draw_enlarged(ax, drawings[0])
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, frameon=False)
    return ax


# ---- from orbits to curves ----

def _drawings_of(orbit: Orbits) -> Iterable[Drawing]:
    if not hasattr(type(orbit), "_drawings"):
        raise TypeError("orbits must be CircularOrbit or KeplerOrbit objects, "
                        f"got {type(orbit).__name__}")
    return orbit._drawings()


def circles(radius: float, share: float, fixed_star: bool) -> Drawing:
    """Return the Drawing of a circular orbit; `share` is the planet's part of both masses."""
    turn = np.linspace(0, 2 * np.pi, POINTS)
    circle = radius * np.stack((np.cos(turn), np.sin(turn)), axis=-1)
    start, centre = circle[0], np.zeros(2)
    if fixed_star:
        return Drawing(circle, start, centre, None, share * start)
    return Drawing((1 - share) * circle, (1 - share) * start, -share * start, share * circle,
                   centre)


def conics(periapsis: NDArray[np.float64], e: NDArray[np.float64], i: NDArray[np.float64],
           Omega: NDArray[np.float64], omega: NDArray[np.float64], *, places: NDArray[np.float64]
           ) -> list[Drawing]:
    """Return the Drawings of orbits.

    Elements are arrays of one shape (...), and `places` (..., 3) are the positions of the planets.
    """
    elements = [np.ravel(element) for element in (periapsis, e, i, Omega, omega)]
    places = places.reshape(-1, 3)
    return [Drawing(_conic(q, e, *angles), None if e >= 1 and not near else place[:2], np.zeros(2))
            for q, e, *angles, place, near in zip(
                *elements, places, np.linalg.norm(places, axis=-1) <= FARTHEST * elements[0],
                strict=True)]


def _conic(q: float, e: float, i: float, Omega: float, omega: float) -> NDArray[np.float64]:
    """Return x and y of r = q (1 + e) / (1 + e cos nu), turned into space by the three angles"""
    if e < 1:
        E = np.linspace(0, 2 * np.pi, POINTS)
        flat = q / (1 - e) * np.stack((np.cos(E) - e, np.sqrt(1 - e * e) * np.sin(E)))
    else:
        # r is FARTHEST q at the largest nu.
        largest = np.arccos(((1 + e) / FARTHEST - 1) / e)
        nu = np.linspace(-largest, largest, POINTS)
        flat = q * (1 + e) / (1 + e * np.cos(nu)) * np.stack((np.cos(nu), np.sin(nu)))
    cos_i = np.cos(i)
    (sin_node, cos_node), (sin_peri, cos_peri) = (
        (np.sin(angle), np.cos(angle)) for angle in (Omega, omega))
    # Rz(Omega) Rx(i) Rz(omega): its first two rows and columns
    turn = np.array([[cos_node * cos_peri - sin_node * sin_peri * cos_i,
                      -cos_node * sin_peri - sin_node * cos_peri * cos_i],
                     [sin_node * cos_peri + cos_node * sin_peri * cos_i,
                      -sin_node * sin_peri + cos_node * cos_peri * cos_i]])
    return (turn @ flat).T


# ---- on the axes ----

def _unit_of(reach: float) -> tuple[float, str]:
    """Return (metres in the unit of the axes, its name) for a picture of this size"""
    return (AU, "au") if reach >= SMALLEST_IN_AU * AU else (1e3, "km")


def _draw_planet(ax: Axes, drawing: Drawing, metres: float, name: str | None, few: bool) -> None:
    line, = ax.plot(*drawing.path.T / metres, linewidth=1.2 if few else 0.6, label=name)
    if few and drawing.planet is not None:
        ax.plot(*drawing.planet / metres, "o", markersize=6, color=line.get_color())


def _draw_centre(ax: Axes, drawings: list[Drawing], metres: float) -> None:
    """Draw stars and barycentres, each place once"""
    stars, crosses = {}, {}
    for drawing in drawings:
        stars[tuple(drawing.star)] = drawing
        if drawing.barycentre is not None:
            crosses[tuple(drawing.barycentre)] = drawing
        if drawing.star_path is not None:
            ax.plot(*drawing.star_path.T / metres, linewidth=1.2, color="goldenrod")
    ax.plot(*np.transpose([*stars]) / metres, "o", markersize=10, color="gold",
            markeredgecolor="goldenrod", linestyle="none", label="star")
    if crosses:
        ax.plot(*np.transpose([*crosses]) / metres, "+", markersize=9, markeredgewidth=1.4,
                color="black", linestyle="none", label="barycentre")


def _label_axes(ax: Axes, unit: str) -> None:
    ax.set_aspect("equal")
    ax.locator_params(nbins=5)
    ax.set_xlabel(f"x ({unit})")
    ax.set_ylabel(f"y ({unit})")


def _widen(ax: Axes) -> None:
    """Widen axes of equal scale, so that they are not a line even for a line"""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    least = NARROWEST * max(right - left, top - bottom)
    if right - left < least:
        ax.set_xlim((left + right - least) / 2, (left + right + least) / 2)
    if top - bottom < least:
        ax.set_ylim((bottom + top - least) / 2, (bottom + top + least) / 2)


def _is_close(drawing: Drawing) -> bool:
    return (drawing.barycentre is not None
            and 0 < abs(drawing.barycentre - drawing.star)[0] < CLOSE * np.abs(drawing.path).max())


def _draw_enlarged(ax: Axes, drawing: Drawing) -> None:
    """Draw the surroundings of the star, in a picture below it"""
    barycentre: Any = drawing.barycentre        # which there is, because it is close to the star
    distance = abs(barycentre - drawing.star)[0]
    metres, unit = _unit_of(distance)
    middle = (barycentre[0] if drawing.star_path is not None else distance / 2) / metres
    inset = ax.inset_axes((0.37, 0.13, 0.26, 0.26))
    _draw_centre(inset, [drawing], metres)
    _label_axes(inset, unit)
    inset.locator_params(nbins=3)
    inset.set_xlim(middle - 1.3 * distance / metres, middle + 1.3 * distance / metres)
    inset.set_ylim(-1.3 * distance / metres, 1.3 * distance / metres)
    inset.tick_params(labelsize="x-small")
    inset.xaxis.label.set_fontsize("x-small")
    inset.yaxis.label.set_fontsize("x-small")
