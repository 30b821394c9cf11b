"""HTML for notebooks: tables of escaped text, and curves.

Nothing here sets a colour: text and lines have those of the page, be it light or dark. What is long
is cut, and says how much is left out.
"""
from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

MOST_ROWS = 10
MOST_COLUMNS = 12
MOST_LETTERS = 60
MOST_OF_CAPTION = 160
MOST_POINTS = 200       # of a curve
WIDTH, HEIGHT = 360, 140
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 22, 20        # margins of a curve, for its labels
ILLEGIBLE = dict.fromkeys([*range(9), *range(14, 32), *range(127, 160), *range(0x202A, 0x202F),
                           *range(0x2066, 0x206A)], "\ufffd")
DASHES = ("none", "6 3", "2 3")                 # of the first curve and the next ones


# ---- text ----

def written(value: Any) -> str:
    """Return text that is not long: numbers with six digits, other values as they print.

    The methods of a label may raise anything.
    """
    try:
        text = _printed(value)
    except Exception:
        text = shown(value)
    return cut(text, MOST_LETTERS)


def _printed(value: Any) -> str:
    if isinstance(value, str):      # a subclass may have methods of its own
        return str.__getitem__(value, slice(MOST_LETTERS + 1))
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    if isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64):
        return f"{int(value):,}" if abs(int(value)) < 10**15 else shown(int(value))
    return str(value) if isinstance(value, np.generic | bool) else shown(value)


def cut(text: str, most: int) -> str:
    """Return text of at most `most` letters, and dots if there are more."""
    return text[:most] + "\u2026" if len(text) > most else text


def escaped(text: str) -> str:
    """Return legible text for HTML."""
    return html.escape(legible(text))


def legible(text: str) -> str:
    """Return text with U+FFFD for control characters and those that turn what follows.

    Half a surrogate pair, which no file can hold, is a question mark.
    """
    return text.translate(ILLEGIBLE).encode("utf-8", "replace").decode()


def listed(values: Sequence[Any] | np.ndarray[Any, Any], most: int = MOST_ROWS) -> str:
    """Return the first values as text, and how many there are more."""
    text = ", ".join(map(written, values[:most]))
    return text + (f" and {len(values) - most:,} more" if len(values) > most else "")


def more(count: int, most: int = MOST_ROWS) -> str:
    """Return how many are left out if only the first are shown; nothing if these are all."""
    return f"{count - most:,} more" if count > most else ""


def counted(count: int, noun: str) -> str:
    """Return 1 fit, or 2,000 fits."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def indices(shape: tuple[int, ...]) -> list[str]:
    """Return the first indices of an array as text: 3, or 0, 3 for two axes."""
    first = np.arange(min(math.prod(shape), MOST_ROWS))
    return [", ".join(map(str, at)) for at in zip(*np.unravel_index(first, shape), strict=True)]


# ---- tables ----

def cell(tag: str, value: Any) -> str:
    """Return a cell, <th> or <td>."""
    return f"<{tag}>{escaped(written(value))}</{tag}>"


def fields(rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """Return a table of rows that hold names and values by turns."""
    return "<table>" + _caption(caption) + "".join(
        "<tr>" + "".join(cell("td" if place % 2 else "th", value)
                         for place, value in enumerate(row)) + "</tr>" for row in rows) + "</table>"


def table(head: Sequence[Any], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """Return a table with names above its columns; the first value of a row is its name."""
    names = "".join(cell("th", name) for name in head)
    body = "".join("<tr>" + cell("th", name) + "".join(cell("td", value) for value in values)
                   + "</tr>" for name, *values in rows)
    return (f"<table>{_caption(caption)}<thead><tr>{names}</tr></thead>"
            f"<tbody>{body}</tbody></table>")


def notes(*texts: str) -> str:
    """Return a paragraph for each text that is not empty, whole."""
    return "".join(f"<p>{escaped(text)}</p>" for text in texts if text)


def _caption(text: str) -> str:
    return f"<caption>{escaped(cut(text, MOST_OF_CAPTION))}</caption>" if text else ""


# ---- curves ----

def places(count: int) -> np.ndarray[Any, Any]:
    """Return which of so many points a curve shows: MOST_POINTS, evenly."""
    if count <= MOST_POINTS:
        return np.arange(count)
    return np.linspace(0, count - 1, MOST_POINTS).round().astype(int)


def curves(series: Mapping[str, ArrayLike], count: int, across: str) -> str:
    """Return a picture (SVG) of series over 1 to `count`, each given at places(count).

    The scale is logarithmic if all finite numbers are positive. Gaps are left out. Without two
    finite numbers in a series there is no picture: "".
    """
    drawn = {name: _finite(values, count) for name, values in series.items()}
    drawn = {name: points for name, points in drawn.items() if len(points) > 1}
    if not drawn:
        return ""
    every = np.concatenate(list(drawn.values()))
    low, high = every.min(axis=0), every.max(axis=0)
    logarithmic = low[1] > 0
    parts = [_label(LEFT - 4, HEIGHT - BOTTOM, low[1], "end"), _label(LEFT - 4, TOP + 8, high[1],
                                                                     "end"),
             _label(LEFT, HEIGHT - 4, f"{across} {low[0]:.0f}", "start"),
             _label(WIDTH - RIGHT, HEIGHT - 4, f"{high[0]:.0f}", "end"),
             f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" opacity="0.4"/>']
    for place, (name, points) in enumerate(drawn.items()):
        x = LEFT + (WIDTH - LEFT - RIGHT) * _share(points[:, 0], low[0], high[0], False)
        y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * _share(points[:, 1], low[1], high[1],
                                                              logarithmic)
        dashes = f'stroke-dasharray="{DASHES[min(place, len(DASHES) - 1)]}"'
        line = " ".join(f"{left:.1f},{down:.1f}" for left, down in zip(x, y, strict=True))
        start = LEFT + place * (WIDTH - LEFT) // len(drawn)
        parts += [f'<polyline points="{line}" stroke-width="1.5" {dashes}/>',
                  f'<path d="M{start} 10h20" stroke-width="1.5" {dashes}/>',
                  _label(start + 24, 14, name, "start")]
    about = escaped(f"{', '.join(drawn)} by {across}")
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
            f'aria-label="{about}" fill="none" stroke="currentColor" '
            f'style="max-width: 100%; height: auto">{"".join(parts)}</svg>')


def _finite(values: ArrayLike, count: int) -> np.ndarray[Any, Any]:
    """Return (place, value) of the finite values, (n, 2)"""
    points = np.stack([places(count) + 1.0, np.asarray(values, np.float64)], axis=-1)
    return points[np.isfinite(points[:, 1])]


def _share(values: Any, low: float, high: float, logarithmic: bool) -> Any:
    """Return how far from low to high the values are, from 0 to 1"""
    if logarithmic:
        values, low, high = np.log(values), math.log(low), math.log(high)
    else:       # halves, as the distance of two numbers may leave the range
        values, low, high = values / 2, low / 2, high / 2
    return (values - low) / (high - low) if high > low else np.full(len(values), 0.5)


def _label(x: float, y: float, value: Any, anchor: str) -> str:
    text = f"{value:.3g}" if isinstance(value, float) else value
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="11" text-anchor="{anchor}" stroke="none" '
            f'fill="currentColor">{escaped(text)}</text>')
