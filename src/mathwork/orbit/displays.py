"""What a notebook shows of orbits, in HTML: SI units, and larger ones where these say more."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import mathwork._html as html
from mathwork.constants import AU, DAY, JULIAN_YEAR, M_EARTH, M_SUN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# For a unit of SI larger ones, the largest first: (name, size, the least number of it that is said)
LARGER = {
    "kg": (("solar masses", M_SUN, 0.01), ("Earth masses", M_EARTH, 0.001)),
    "m": (("au", AU, 0.01), ("km", 1e3, 1.0)),
    "s": (("years", JULIAN_YEAR, 2.0), ("days", DAY, 2.0), ("hours", 3600.0, 2.0)),
    "m/s": (("km/s", 1e3, 1.0),),
    "rad": (("deg", math.pi / 180, 0.0),),
}
ANGLES = ("i", "Omega", "omega", "M0")


@np.errstate(all="ignore")
def circular_html(orbit: Any, units: Any) -> str:
    """Return a table of what is given, and of what follows."""
    star, planet, radius = orbit._plain
    rows = [_row("star_mass", star, "kg"), _row("planet_mass", planet, "kg"),
            _row("radius", radius, "m")]
    rows += [_row(name, getattr(orbit._table, name), getattr(units, name))
             for name in ("period", "speed", "escape_speed", "hill_radius", "force", "energy")]
    held = "The star is held fixed." if orbit.fixed_star else "Both move about their barycentre."
    return html.table(("", "SI", ""), rows, type(orbit).__name__) + html.notes(held)


@np.errstate(all="ignore")
def kepler_html(orbit: Any) -> str:
    """Return a table of the elements of one orbit, or of the first orbits of an array."""
    first = _first(orbit, html.MOST_ROWS)
    elements = {name: first._elements[name] for name in ("a", "e", *ANGLES, "periapsis")}
    elements |= {"a": first._own_shape()[0], "periapsis": first._own_shape()[1]}
    elements |= {"apoapsis": first.apoapsis, "period": first.period, "mu": first._elements["mu"]}
    units = {"a": "m", "e": "", **dict.fromkeys(ANGLES, "rad"), "periapsis": "m", "apoapsis": "m",
             "period": "s", "mu": "m3/s2"}
    epoch = orbit.epoch
    if not orbit.shape:
        rows = [_row(name, float(values[0]), units[name]) for name, values in elements.items()]
        return html.table(("", "SI", ""), rows, type(orbit).__name__) + html.notes(
            "" if epoch is None else f"Time 0 is {html.written(epoch)}.", _why(orbit.status))
    names = ["a", "e", *ANGLES, "period"]
    columns: dict[str, Iterable[Any]] = {}
    for name in names:
        unit, size = _unit(elements[name], units[name])
        columns[f"{name} ({unit})" if unit else name] = elements[name] / size
    if orbit._mask is not None:
        masked = orbit._mask.reshape(-1)[:html.MOST_ROWS]
        columns = {name: ["--" if gap else value for gap, value in zip(masked, values, strict=True)]
                   for name, values in columns.items()}
    columns["status"] = first._codes
    count = math.prod(orbit.shape)
    of_orbits = zip(html.indices(orbit.shape), *columns.values(), strict=True)
    return html.table(("", *columns), of_orbits, html.counted(count, "orbit")) + html.notes(
        html.more(count), "" if epoch is None or np.ndim(epoch) else
        f"Time 0 is {html.written(epoch)}.")


@np.errstate(all="ignore")
def table_html(table: Any, units: Any) -> str:
    """Return a table of the quantities, of arrays a row for each of the first orbits."""
    quantities = {"radius": table.radius, **table._asdict()}
    heads = [f"{name} ({getattr(units, name)})" for name in quantities]
    shape = np.shape(table.period)
    columns = [np.ravel(getattr(values, "flat", values)[:html.MOST_ROWS] if shape else values)
               for values in quantities.values()]
    count = math.prod(shape)
    rows = zip(html.indices(shape) if shape else [""], *columns, strict=True)
    caption = f"{type(table).__name__}: {html.counted(count, 'orbit')}"
    return html.table(("", *heads), rows, caption) + html.notes(html.more(count))


# ---- parts ----

def _first(orbit: Any, most: int) -> Any:
    """Return the first orbits as a vector, without units, mask and epoch"""
    cls: Any = type(orbit)
    made = cls.__new__(cls)
    elements = np.stack([values.reshape(-1)[:most] for values in orbit._elements.values()])
    made._keep(elements, orbit._coefficients[:most].copy(), orbit._codes.reshape(-1)[:most],
               None, None, None)
    return made


def _unit(values: Any, unit: str) -> tuple[str, float]:
    """Return name and size of the largest unit that is said of the largest finite value"""
    sizes = np.abs(np.asarray(values, np.float64))
    largest = max(sizes[np.isfinite(sizes)].flat, default=0.0)
    for name, size, least in LARGER.get(unit, ()):
        if largest >= least * size:
            return name, size
    return unit, 1.0


def _row(name: str, value: float, unit: str) -> tuple[str, str, str]:
    """Return a name, the value in SI and the value in a larger unit"""
    larger, size = _unit(value, unit)
    said = larger != unit and math.isfinite(value)
    return (name.replace("_", " "), f"{html.written(value)} {unit}".rstrip(),
            f"{html.written(value / size)} {larger}" if said else "")


def _why(status: Any) -> str:
    return f"There is no such orbit: status {status}." if status else ""
