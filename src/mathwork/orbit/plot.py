"""Orbits as pictures. matplotlib is imported when a picture is drawn."""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mathwork._arguments import choice, count, items, text, texts
from mathwork._extras import checked_axes, extra
from mathwork.constants import AU, GM_SUN, PARSEC, Constant
from mathwork.orbit.drawings import Scale, inner_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mathwork.orbit.drawings import Drawing

UNITS = {"m": 1.0, "km": 1e3, "au": float(AU), "pc": float(PARSEC)}
SMALLEST_IN_AU = 0.1    # a smaller picture is in km
WIDE = 50               # if orbits differ more in size, their distances are drawn logarithmically
LEAST_DRAWN = 1e-280    # units: matplotlib takes a smaller picture in a linear scale for nothing
CLOSE = 0.05            # part of the radius: a barycentre closer to the star is also shown enlarged
MOST = 100_000          # orbits in a picture
FEW = 10                # up to this many orbits get colours of their own, and marks
NARROWEST = 0.25        # shortest side of a picture, as a part of its longer side
MARGIN = 0.06           # of a picture beyond its orbits, as a part of its side
LEAST_SEEN = 1e-9       # part of the radius: a barycentre closer to the star is in the same place
MARKED = 12             # points: the path of a smaller orbit has no marks on it
ENLARGED = 220          # points: smaller axes have no picture within the picture
ROW, ENTRY, ROWS = 14, 90, 24       # points of a legend's row and entry, and rows of a column
LIGHTEST_STAR = 0.0124 * GM_SUN     # 13 masses of Jupiter, from which on deuterium burns
STAR, STAR_EDGE = "gold", "goldenrod"
PERIAPSIS = "periapsis"     # in the legend


class Orbits(Protocol):
    """One orbit or several, that can be drawn."""

    def _drawings(self) -> Iterable[Drawing]: ...


def plot_orbits(orbits: Orbits | Iterable[Orbits], ax: Axes | None = None, *,
                labels: Sequence[str] | None = None, centre: str | None = None,
                unit: str | Constant | None = None, scale: str = "auto",
                dimensions: int | None = None) -> Axes:
    """Draw orbits, as seen from the pole of the x-y plane or in three dimensions.

    Parameters
    ----------
    orbits : CircularOrbit, KeplerOrbit, or an iterable of them
        All of them about the same star. A KeplerOrbit may hold any number of orbits.
    ax : matplotlib.axes.Axes, optional
        Where to draw; new axes by default.
    labels : sequence of str, optional
        Names of the planets, one an orbit.
    centre : str, optional
        The name of the central body. By default it is "star", or "central body" if it is lighter
        than 13 masses of Jupiter.
    unit : {"m", "km", "au", "pc"} or Constant, optional
        The unit of the axes; a Constant is a length, such as ``R_EARTH``. By default au if the
        picture reaches 0.1 au or more, else km. Orbits with ``mu = 1`` are in canonical units, and
        their axes have none.
    scale : {"auto", "linear", "log"}, optional
        With "log" every body is in its direction, but its distance is logarithmic: rings with
        labels are a factor of ten apart, more if the picture spans more than 12. It shows orbits
        of 0.01 au and 40 au in one picture. "auto" takes it if one orbit is 50 times as large as
        another.
    dimensions : {2, 3}, optional
        By default 3 if `ax` has three dimensions, else 2.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib, the extra `plot`, is not installed.
    TypeError
        For an object that is not an orbit.
    ValueError
        For no orbits, an orbit that is not finite, another number of labels, an unknown unit or
        scale, and dimensions that `ax` does not have.

    Notes
    -----
    The star is at the origin. If both masses move, the barycentre is at the origin, and each body
    has its own circle; the star's is dashed. Bodies are marked at their places at t = 0; the marks
    do not show their size. Arrows point where the bodies go, a diamond is a periapsis, and a cross
    is the barycentre. If that is close to the centre of the only star, a picture within the picture
    shows both enlarged. Open orbits end at ten times their smallest distance, without a mark if the
    planet is farther away. More than 10 orbits have no marks. A circle is round and an ellipse is
    an ellipse in a linear scale alone. An orbit seen edge on is a line.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.orbit import KeplerOrbit, plot_orbits
    >>> planets = KeplerOrbit([0.387 * AU, AU, 5.2 * AU], [0.206, 0.017, 0.049], mu=GM_SUN)
    >>> ax = plot_orbits(planets, Figure().add_subplot(), centre="Sun",
    ...                  labels=["Mercury", "Earth", "Jupiter"])
    >>> ax.get_xlabel()
    'x (au)'
    """
    # an array of orbits is iterable too, and its own picture
    single = hasattr(orbits, "_drawings") or not isinstance(orbits, Iterable)
    given: list[Any] = [orbits]
    if not single:
        given = items(orbits, "orbits", "orbits or an iterable of them", MOST)
    with np.errstate(all="ignore"):         # also of what matplotlib computes
        return _drawn(given, ax, labels, centre, unit, scale, dimensions)


def _drawn(orbits: list[Any], ax: Any, labels: Any, centre: Any, unit: Any, scale: str,
           dimensions: int | None) -> Axes:
    """Draw a list of orbits, as plot_orbits"""
    drawings = [drawing for orbit in orbits for drawing in _drawings_of(orbit)]
    if not drawings:
        raise ValueError("orbits must hold at least one orbit")
    labels = None if labels is None else texts(labels, "labels")
    if labels is not None and len(labels) != len(drawings):
        raise ValueError(f"labels must name {len(drawings)} orbits, got {len(labels)}")
    reach = np.max([drawing.reach for drawing in drawings])     # NaN if one is
    if not 0 < reach < np.inf:
        raise ValueError("orbits must be finite to be drawn")
    chosen = _scale_of(drawings, reach, unit, scale)
    if ax is None:
        pyplot = extra("matplotlib.pyplot", "draw orbits")
        _, ax = pyplot.subplots(figsize=(8, 6), layout="compressed", subplot_kw={
            "projection": "3d" if dimensions == 3 else None})
    picture = Picture(ax, chosen, drawings, dimensions)
    for k, drawing in enumerate(drawings):
        alone = _name_of(drawing) if len(drawings) == 1 else None
        picture.draw_orbit(drawing, alone if labels is None else labels[k])
    picture.draw_centre(None if centre is None else text(centre, "centre"))
    picture.finish(reach)
    return ax


def _drawings_of(orbit: Orbits) -> Iterable[Drawing]:
    if not hasattr(type(orbit), "_drawings"):
        raise TypeError("orbits must be CircularOrbit or KeplerOrbit objects, "
                        f"got {type(orbit).__name__}")
    return orbit._drawings()


def _scale_of(drawings: list[Drawing], reach: float, unit: str | Constant | None, scale: str
              ) -> Scale:
    """Return the scale of a picture of this reach"""
    metres, name = _unit_of(reach, unit, all(drawing.mu == 1 for drawing in drawings))
    scale = choice(scale, "scale", ("auto", "linear", "log"))
    wide = reach > WIDE * min(drawing.reach for drawing in drawings)
    log = scale == "log" or (scale == "auto" and wide)
    if not log and not LEAST_DRAWN < reach / metres < 1 / LEAST_DRAWN:
        raise ValueError(f"orbits must reach {LEAST_DRAWN:g} to {1 / LEAST_DRAWN:g} of the unit "
                         f"{name!r} in a linear scale, got {reach:g} m: see unit and scale")
    return Scale(metres, name, inner_of(drawings, metres) if log else None)


def _unit_of(reach: float, unit: str | Constant | None = None, is_canonical: bool = False
             ) -> tuple[float, str]:
    """Return (metres in the unit of the axes, its name)"""
    if isinstance(unit, Constant) and unit.si_unit == "m":
        metres = float(unit)
        if not 0 < metres < np.inf:
            raise ValueError(f"unit must be a length above 0, got {unit!r}")
        return metres, unit.name
    if unit is not None:
        name = choice(unit, "unit", UNITS, " or a length of mathwork.constants")
        return UNITS[name], name
    if is_canonical:
        return 1.0, ""
    name = "au" if reach >= SMALLEST_IN_AU * AU else "km"
    return UNITS[name], name


def _name_of(drawing: Drawing) -> str:
    """Return what the orbiting body is called"""
    if drawing.planet_mu >= LIGHTEST_STAR:
        return "companion"
    return "planet" if drawing.mu >= LIGHTEST_STAR else "satellite"


class Picture:
    """Axes with orbits, in two dimensions or three."""

    def __init__(self, ax: Axes, scale: Scale, drawings: list[Drawing], dimensions: int | None
                 ) -> None:
        own = 3 if checked_axes(ax).name == "3d" else 2
        if dimensions is not None and count(dimensions, "dimensions", 2, 3) != own:
            raise ValueError(f"dimensions is {dimensions}, but ax has {own}: 3 takes "
                             "add_subplot(projection='3d')")
        self.ax: Any = ax
        paper: Any = self.ax.get_facecolor()
        self.paper = paper if paper[3] else "none"      # a clear face would hide a marker's edge
        self.ink = self.ax.xaxis.label.get_color()
        self.scale, self.drawings, self.dimensions = scale, drawings, own
        self.few = len(drawings) <= FEW
        self.box = [self._box()] if ax.has_data() else []     # corners of what is drawn

    # ---- orbits and bodies ----

    def draw_orbit(self, drawing: Drawing, name: str | None) -> None:
        """Draw a planet's path and marks on it"""
        line, = self._plot(drawing.path, linewidth=1.2 if self.few else 0.6, label=name, zorder=2)
        if not self.few:
            return
        colour, size = line.get_color(), self._points(drawing)
        if size >= MARKED:
            self._draw_arrow(drawing, colour)
            if drawing.periapsis is not None:
                self._plot(drawing.periapsis[None], marker="d", markersize=5, color=colour,
                           markerfacecolor=self.paper, linestyle="none", zorder=3, label=PERIAPSIS)
        if drawing.planet is not None:
            self._plot(drawing.planet[None], marker="o", markersize=6 if size >= MARKED else 3,
                       color=colour, linestyle="none", zorder=4)

    def draw_centre(self, name: str | None) -> None:
        """Draw stars, their paths and barycentres, each place once"""
        if name is None:
            is_star = max(drawing.mu for drawing in self.drawings) >= LIGHTEST_STAR
            name = "star" if is_star else "central body"
        stars, crosses = {}, {}
        for drawing in self.drawings:
            stars[tuple(drawing.star)] = drawing
            moves = drawing.star_path is not None
            if drawing.barycentre is not None and (moves or len(self.drawings) == 1):
                crosses[tuple(drawing.barycentre)] = drawing
            if moves:
                self._plot(drawing.star_path, linewidth=1.2, color=STAR_EDGE, linestyle="--",
                           zorder=2.5)
        # under the planets' paths, and not larger than the smallest of them
        size = np.clip(min(map(self._points, self.drawings)), 2, 10)
        self._plot(np.array([*stars]), marker="o", markersize=size, color=STAR,
                   markeredgecolor=STAR_EDGE, linestyle="none", label=name, zorder=1.5)
        if crosses:
            self._plot(np.array([*crosses]), marker="+", markersize=9, markeredgewidth=1.4,
                       color=self.ink, linestyle="none", label="barycentre", zorder=5)

    def _plot(self, points: Any, **how: Any) -> Any:
        placed = self.scale.placed(points, self.dimensions)
        self.box.append(np.stack((placed.min(axis=0), placed.max(axis=0))))
        return self.ax.plot(*placed.T, **how)

    def _draw_arrow(self, drawing: Drawing, colour: Any) -> None:
        """Draw the head of an arrow on the path, where it does not meet the planet's mark"""
        places = len(drawing.path) - 1
        k = places // 6 if drawing.is_closed else 3 * places // 4
        back, front = self.scale.placed(drawing.path[[k - 2, k + 2]], self.dimensions)
        if self.dimensions == 2:
            self.ax.annotate("", xy=front, xytext=back, zorder=3, arrowprops={
                "arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0,
                "mutation_scale": 11, "linewidth": 0.8})
        else:
            size = np.ptp(self.scale.placed(drawing.path, 3), axis=0).max()
            forward = (front - back) / np.linalg.norm(front - back)
            self.ax.quiver(*front, *forward, length=0.06 * size, arrow_length_ratio=1,
                           color=colour, linewidth=1.2)

    def _points(self, drawing: Drawing) -> float:
        """Return the radius of an orbit in the picture in points, about"""
        own, *others = (np.abs(self.scale.placed(one.path, self.dimensions)).max()
                        for one in (drawing, *self.drawings))
        return float(min(self._sides()) / 2 * own / max(others))

    def _sides(self) -> tuple[float, float]:
        """Return width and height of the axes in points"""
        figure = self.ax.get_figure(root=True)
        position = self.ax.get_position(original=True)
        width, height = 72 * position.size * figure.get_size_inches()
        return float(width), float(height)

    # ---- axes ----

    def finish(self, reach: float) -> None:
        """Set limits, labels, rings and the legend"""
        rings = self.scale.rings(reach)
        self._draw_rings(rings)
        self._set_limits()
        self._draw_legend()
        if rings:
            self._label_distances()
        else:
            self._label_axes()
        if (len(self.drawings) == 1 and not rings and self.dimensions == 2
                and min(self._sides()) >= ENLARGED and _is_close(self.drawings[0])):
            self._draw_enlarged(self.drawings[0])

    def _draw_legend(self) -> None:
        """Draw it beside the axes if a layout makes room for it there, else above the orbits"""
        found = dict(zip(*reversed(self.ax.get_legend_handles_labels()), strict=True))
        if PERIAPSIS in found:
            del found[PERIAPSIS]            # once, last and of no planet's colour
            found[PERIAPSIS] = extra("matplotlib.lines", "draw orbits").Line2D(
                [], [], marker="d", markersize=5, color="grey", markerfacecolor=self.paper,
                linestyle="none")
        entries = {"labels": [*found], "handles": [*found.values()], "fontsize": "small"}
        if self.ax.get_figure(root=True).get_layout_engine() is not None:
            self.ax.legend(**entries, loc="upper left", bbox_to_anchor=(1.01, 1),
                           borderaxespad=0, frameon=False, ncols=-(-len(found) // ROWS))
            return
        columns = self._make_room(len(found)) if self.dimensions == 2 else 3
        self.ax.legend(**entries, loc="upper center", ncols=columns, frameon=False,
                       columnspacing=1, handletextpad=0.5, labelspacing=0.3)

    def _make_room(self, entries: int) -> int:
        """Raise the upper limit for a legend of so many entries; return its number of columns"""
        width, height = self._sides()
        (left, right), (bottom, top) = self.ax.get_xlim(), self.ax.get_ylim()
        across, up = right - left, top - bottom
        columns = int(np.clip(min(width, height * across / up) // ENTRY, 1, entries))
        needed = min(ROW * -(-entries // columns) + 8, 0.6 * height)
        higher = up + needed * across / width       # if the width sets the scale
        if higher * width > height * across:
            higher = up / (1 - needed / height)     # if the height does
        self.ax.set_ylim(bottom, bottom + higher)
        return columns

    def _draw_rings(self, rings: dict[int, float]) -> None:
        turn = np.linspace(0, 2 * np.pi, 181)
        for decade, radius in rings.items():
            circle = radius * np.stack((np.cos(turn), np.sin(turn), 0 * turn))[:self.dimensions]
            self.ax.plot(*circle, linewidth=0.6, linestyle=":", color="grey", zorder=1)
            self.box.append(np.stack((circle.min(axis=1), circle.max(axis=1))))
            at = circle[:, 113]     # below on the left
            distance = f"{10.0**decade:g}" if abs(decade) < 300 else f"1e{decade:+}"
            text = f"{distance} {self.scale.unit}".strip()
            self.ax.text(*at, text, color="grey", fontsize="x-small", ha="center", va="center",
                         zorder=6, bbox={"facecolor": self.paper, "edgecolor": "none", "pad": 0.8})

    def _box(self) -> NDArray[np.float64]:
        limits = [self.ax.get_xlim(), self.ax.get_ylim()]
        if self.dimensions == 3:
            limits.append(self.ax.get_zlim())
        return np.array(limits).T

    def _set_limits(self) -> None:
        """Set equal scales around all that is drawn, which is not a line even for a line"""
        corners = np.concatenate(self.box)
        low, high = corners.min(axis=0), corners.max(axis=0)
        side = (high - low).max()
        half = np.maximum(high - low, NARROWEST * side) / 2 + MARGIN * side
        low, high = (low + high) / 2 - half, (low + high) / 2 + half
        self.ax.set_xlim(low[0], high[0])
        self.ax.set_ylim(low[1], high[1])
        if self.dimensions == 3:
            self.ax.set_zlim(low[2], high[2])
            self.ax.set_box_aspect(half)
            return
        shared = all(len(axes.get_siblings(self.ax)) > 1 for axes in (
            self.ax.get_shared_x_axes(), self.ax.get_shared_y_axes()))
        self.ax.set_aspect("equal", adjustable="datalim" if shared else "box")

    def _label_axes(self) -> None:
        """Label axes with their unit; ticks are numbers with commas, never times 1e6"""
        ticker = extra("matplotlib.ticker", "draw orbits")
        left, right = self.ax.get_xlim()
        bottom, top = self.ax.get_ylim()
        longest = len(tick_text(float(f"{-max(abs(left), abs(right)):.1g}")))
        width, height = self._sides()
        bins = min(width, height * (right - left) / (top - bottom)) / (6 * longest + 12)
        for name in "xyz"[:self.dimensions]:
            unit = self.scale.unit
            getattr(self.ax, f"set_{name}label")(f"{name} ({unit})" if unit else name)
            axis = getattr(self.ax, f"{name}axis")
            most = int(np.clip(bins, 1, 5)) if name == "x" else 5
            axis.set_major_locator(ticker.MaxNLocator(most, steps=(1, 2, 5, 10), min_n_ticks=1))
            axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: tick_text(value)))

    def _label_distances(self) -> None:
        self.ax.set_xticks([])
        self.ax.set_yticks([])
        unit = f" in {self.scale.unit}" if self.scale.unit else ""
        text = f"distance{unit}, logarithmic"
        if self.dimensions == 3:
            self.ax.set_zticks([])
            self.ax.set_title(text, fontsize="medium")
        else:
            self.ax.set_xlabel(text)

    def _draw_enlarged(self, drawing: Drawing) -> None:
        """Draw the surroundings of the star, in a picture below it"""
        barycentre: Any = drawing.barycentre        # which there is, because it is close
        distance = abs(barycentre - drawing.star)[0]
        scale = Scale(*_unit_of(distance, None, drawing.mu == 1), None)
        middle = (barycentre[0] if drawing.star_path is not None else distance / 2) / scale.metres
        reach = 1.3 * distance / scale.metres
        inset = self.ax.inset_axes((0.37, 0.15, 0.26, 0.26))
        Picture(inset, scale, [drawing], 2).draw_centre(None)
        inset.set_aspect("equal")
        inset.set_xlim(middle - reach, middle + reach)
        inset.set_ylim(-reach, reach)
        inset.set_xticks([])
        inset.set_yticks([])
        apart = tick_text(float(f"{distance / scale.metres:.3g}"))
        inset.set_xlabel(f"{apart} {scale.unit} apart".replace("  ", " "), fontsize="x-small")


def tick_text(value: float) -> str:
    """1234567.0 as 1,234,567, and 1e-12 as 1e-12."""
    text = f"{value:,.10g}"
    return f"{value:.4g}" if "e" in text else text.replace("-", "\N{MINUS SIGN}")


def _is_close(drawing: Drawing) -> bool:
    if drawing.barycentre is None:
        return False
    distance = abs(drawing.barycentre - drawing.star)[0]
    return bool(LEAST_SEEN * drawing.reach < distance < CLOSE * drawing.reach)
