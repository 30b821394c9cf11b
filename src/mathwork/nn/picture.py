"""A network as a picture: columns of nodes, and the weights between them as lines."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import MOST_TEXTS, count, shown, texts
from mathwork._arrays import FLOAT64, in_dtype
from mathwork._extras import checked_axes, extra
from mathwork._html import legible, written
from mathwork.nn.dense import Dense
from mathwork.nn.residual import Residual

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from mathwork.nn.residual import AnyLayer

LEAST_NODES, MOST_NODES = 2, 64         # of a column that may be asked for
MOST_COLUMNS = 12                       # of a picture; the others are left out in the middle
POSITIVE, NEGATIVE, NODES = "C0", "C1", "0.5"       # on white and on black
WIDEST = 2.2                            # points, of the line of the largest weight of a layer
LEAST_HALF = 2.0                        # of the height: few nodes stand near each other
BELOW = 0.16                            # of the height, for what is said below the columns
NAMED_ACTIVATION = 14                   # letters below a column


class Column(NamedTuple):
    """The numbers between two layers, and the layer that gives them; None for the inputs."""

    size: int
    layer: AnyLayer | None


@np.errstate(all="ignore")      # also of what matplotlib computes
def draw_network(network: Any, ax: Any, inputs: Iterable[str] | None,
                 outputs: Iterable[str] | None, nodes: int) -> Any:
    """Draw the network; return the axes: see Network.plot."""
    nodes = count(nodes, "nodes", LEAST_NODES, MOST_NODES)
    names: list[Any] = [_checked_names(inputs, "inputs", network.sizes[0]),
                        _checked_names(outputs, "outputs", network.sizes[-1])]
    if names[1] is None and network.classes_ is not None and (
            len(network.classes_) == network.sizes[-1]):
        names[1] = network.classes_
    if ax is None:
        ax = extra("matplotlib.pyplot", "draw a network").subplots(layout="constrained")[1]
    checked_axes(ax)
    columns, skips = columns_of(network.layers)
    drawn = _shown_columns(len(columns))
    places = {column: float(x) for x, column in enumerate(drawn) if column is not None}
    heights = {column: _heights(columns[column].size, nodes) for column in places}
    for column, x in places.items():
        if column - 1 in places:
            _draw_weights(ax, columns[column], (x - 1, x), heights[column - 1], heights[column])
    for column, x in places.items():
        _draw_nodes(ax, x, heights[column], columns[column])
    if None in drawn:
        ax.text(drawn.index(None), 0.0, f"\u22ef\n{len(columns) - len(places):,}\nmore",
                ha="center", va="center")
    tops = {column: max(nodes.values()) for column, nodes in heights.items()}
    top = max(tops.values())
    for start, stop, activation in skips:
        if start in places and stop in places:
            over = max(tops[column] for column in places if start <= column <= stop) + 0.8
            for column in range(start, stop + 1):       # a shortcut around this one is above it
                tops[column] = over
            ends = (places[start], max(heights[start].values())), (
                places[stop], max(heights[stop].values()))
            _draw_shortcut(ax, ends, over, activation)
            top = max(top, over + 0.6)
    last = len(columns) - 1
    _draw_names(ax, 0.0, heights[0], names[0], -1)
    _draw_names(ax, places[last], heights[last], names[1], 1)
    bottom = min(min(nodes.values()) for nodes in heights.values())
    top, bottom = max(top, LEAST_HALF), min(bottom, -LEAST_HALF)
    ax.set_ylim(bottom - BELOW * (top - bottom), top + 0.04 * (top - bottom))
    _draw_legend(ax)
    ax.set_axis_off()
    return ax


def columns_of(layers: Sequence[AnyLayer]) -> tuple[list[Column], list[tuple[int, int, str]]]:
    """Return all columns in their order, and the shortcuts of residuals, inner ones first.

    A shortcut is (column where it begins, column where it ends, activation of the sum).
    """
    columns = [Column(layers[0]._n_in, None)]
    skips: list[tuple[int, int, str]] = []

    def walk(chain: Sequence[AnyLayer]) -> None:
        for layer in chain:
            if isinstance(layer, Residual):
                start = len(columns) - 1
                walk(layer.layers)
                skips.append((start, len(columns) - 1, layer._activation_text))
            else:
                columns.append(Column(layer._n_out, layer))

    walk(layers)
    return columns, skips


# ---- what is shown ----

def _checked_names(names: Iterable[str] | None, argument: str, size: int) -> list[str] | None:
    if names is None:
        return None
    wanted = "a sequence of str, one a node"
    if isinstance(names, str):
        raise TypeError(f"{argument} must be {wanted}, got {shown(names)}")
    found = texts(names, argument, wanted, max(size, MOST_TEXTS))
    if len(found) != size:
        raise ValueError(f"{argument} must be {size} names, one a node, got {len(found)}")
    return found


def _shown_columns(number: int) -> list[int | None]:
    """Return the columns to draw from left to right; None stands for those that are left out"""
    if number <= MOST_COLUMNS:
        return list(range(number))
    half = MOST_COLUMNS // 2
    return [*range(half), None, *range(number - half, number)]


def _heights(size: int, nodes: int) -> dict[int, float]:
    """Return {node: height} of the nodes to draw, about 0, the first on top

    If some are left out, there is a gap in the middle for their number.
    """
    if size <= nodes:
        return {node: (size - 1) / 2 - node for node in range(size)}
    half = nodes // 2
    chosen = [*range(half), *range(size - (nodes - half), size)]
    return {node: (nodes + 1) / 2 - place - 2 * (place >= half)
            for place, node in enumerate(chosen)}


# ---- drawing ----

def _draw_weights(ax: Any, column: Column, across: tuple[float, float], before: dict[int, float],
                  after: dict[int, float]) -> None:
    """Draw a line for each weight between nodes that are shown; its width goes with its size"""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba

    layer = column.layer
    assert layer is not None
    weight: NDArray[Any] = layer.weight     # type: ignore[union-attr]
    if isinstance(layer, Dense):
        pairs = [(i, j) for j in after for i in before]
        values = weight[np.ix_([*after], [*before])].ravel()
    else:       # a norm: each number by itself
        pairs = [(i, i) for i in after]
        values = weight[[*after]]
    values = in_dtype(values, FLOAT64)
    sizes = np.abs(values)
    finite = np.isfinite(values)
    largest = max(sizes[finite], default=0.0)
    share = np.where(finite, sizes / largest if largest else 0.0, 1.0)
    drawn = np.flatnonzero(share)
    lines: list[Any] = [[(across[0], before[pairs[k][0]]), (across[1], after[pairs[k][1]])]
                        for k in drawn]
    colors = [to_rgba(POSITIVE if values[k] > 0 else NEGATIVE, 0.15 + 0.75 * share[k])
              for k in drawn]
    ax.add_collection(LineCollection(
        lines, colors=colors, linewidths=0.2 + (WIDEST - 0.2) * share[drawn], zorder=1))


def _draw_nodes(ax: Any, x: float, heights: dict[int, float], column: Column) -> None:
    spots = [*heights.values()]
    ax.plot([x] * len(spots), spots, "o", color=NODES, markersize=7, zorder=2)
    left_out = column.size - len(heights)
    if left_out:
        ax.text(x, 0.0, f"{left_out:,}\nmore", ha="center", va="center", fontsize="small")
    below = f"{column.size:,}"
    if column.layer is not None:
        name = "" if isinstance(column.layer, Dense) else f"{column.layer._class_name}\n"
        below += f"\n{name}{column.layer._activation_text[:NAMED_ACTIVATION]}"
    else:
        below += "\ninputs"
    ax.annotate(below, (x, min(spots)), (0, -9), textcoords="offset points", ha="center", va="top",
                fontsize="small")


def _draw_shortcut(ax: Any, ends: Sequence[tuple[float, float]], over: float, activation: str
                   ) -> None:
    """Draw an arrow from the first end to the last one, at the height `over`"""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    (left, start), (right, stop) = ends
    path = Path([(left, start + 0.3), (left, over), (right, over), (right, stop + 0.3)])
    ax.add_patch(FancyArrowPatch(path=path, arrowstyle="->", mutation_scale=10, color=NODES))
    then = "" if activation == "identity" else f", {activation}"
    ax.annotate(f"+{then}", ((left + right) / 2, over), (0, 2), textcoords="offset points",
                ha="center", fontsize="small")


def _draw_names(ax: Any, x: float, heights: dict[int, float], names: Sequence[Any] | None,
                side: int) -> None:
    """Draw names to the left of the nodes, side -1, or to the right, side 1"""
    if names is None:
        return
    for node, height in heights.items():
        name = " ".join(legible(written(names[node])).split())
        ax.annotate(name.replace("$", r"\$"), (x, height), (8 * side, 0),
                    textcoords="offset points", ha="left" if side > 0 else "right", va="center",
                    fontsize="small")


def _draw_legend(ax: Any) -> None:
    from matplotlib.lines import Line2D

    ax.legend(handles=[Line2D([], [], color=color, label=f"{sign} weight") for sign, color in (
        ("positive", POSITIVE), ("negative", NEGATIVE))], loc="upper center", ncols=2,
        bbox_to_anchor=(0.5, 0.02), frameon=False, fontsize="small")
