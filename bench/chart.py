"""The ratios as a picture: a bar for every row with a target, or for every row if none has."""

from __future__ import annotations

from itertools import accumulate, groupby
from pathlib import Path

from bench.harness import Comparison
from bench.report import Report, number

# From Okabe and Ito's palette: colour-blind readers tell them apart too.
FASTER, SLOWER = "#56b4e9", "#e69f00"
BAR = 0.19  # inches from one bar to the next
GAP = 0.6  # bars left free between two works
TORN = 10  # bars by which columns may differ rather than part works of one kind
TALLEST = 100  # bars in a column, beyond which it is broken in two
TICKS = (0.01, 0.1, 1, 10, 100, 1000, 10000)

Group = tuple[str, list[Comparison]]


def draw(report: Report, path: Path) -> None:
    """Write a PNG: horizontal bars on a logarithmic axis, 1 and the targets marked."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in report.comparisons if row.target is not None] or report.comparisons
    columns = _columns([(name, list(group)) for name, group in groupby(rows, lambda row: row.work)])
    tallest = max(sum(len(rows) + GAP for _, rows in column) for column in columns)
    figure, panels = pyplot.subplots(
        ncols=len(columns),
        figsize=(6.5 * len(columns), 1.3 + BAR * tallest),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    marks = [mark for row in rows for mark in (row.paired.ratio, row.target) if mark is not None]
    for axes, column in zip(panels[0], columns, strict=True):
        _draw_column(axes, column)
        axes.set_ylim(tallest, -GAP)
        # Room for the number and the name behind the longest bar.
        axes.set_xlim(min(0.7, min(marks) / 1.2), max(2.0, max(marks) * 60))
    figure.legend(handles=_keys(rows), loc="outside lower center", ncols=2 * len(columns),
                  frameon=False)
    figure.suptitle(
        f"mathwork {report.package['version']} ({report.package['level']}): how many times as "
        f"fast as the peer, one thread\n{report.machine['cpu']}",
        fontsize=11,
    )
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def _keys(rows: list[Comparison]) -> list:
    """Return what the legend explains."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys = [Patch(color=FASTER, label="mathwork is faster"),
            Patch(color=SLOWER, label="the peer is")]
    if any(row.target is not None for row in rows):
        keys.append(Line2D([], [], color="black", linewidth=2, label="target"))
    return keys


def _columns(groups: list[Group], most: int = 20) -> list[list[Group]]:
    """Break a list of more than `most` bars into two columns, between two kinds of work if it can
    be. Columns that are still too tall are broken again.
    """
    if len(groups) == 1 or sum(len(rows) for _, rows in groups) < most:
        return [groups]
    heights = [0.0, *accumulate(len(rows) + GAP for _, rows in groups)]
    kinds = [name.partition(" ")[0] for name, _ in groups]

    def badness(index: int) -> float:
        torn = kinds[index - 1] == kinds[index]
        return abs(2 * heights[index] - heights[-1]) + TORN * torn

    middle = min(range(1, len(groups)), key=badness)
    return _columns(groups[:middle], TALLEST) + _columns(groups[middle:], TALLEST)


def _draw_column(axes, groups: list[Group]) -> None:
    place, middles = 0.0, []
    for _, rows in groups:
        middles.append(place + (len(rows) - 1) / 2)
        for row in rows:
            ratio = row.paired.ratio
            # From 1: to the right mathwork is faster, to the left the peer is.
            colour = FASTER if ratio >= 1 else SLOWER
            axes.barh(place, ratio - 1, left=1, height=0.8, color=colour)
            end = max(ratio, row.target or 1, 1)
            axes.text(end * 1.1, place, f"{number(ratio)}  {row.peer}", va="center", fontsize=7)
            if row.target is not None:
                axes.vlines(row.target, place - 0.5, place + 0.5, color="black", linewidth=2)
            place += 1
        place += GAP
    axes.set_yticks(middles, [name for name, _ in groups], fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set_xscale("log")
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()
    axes.axvline(1, color="black", linewidth=0.8)
    axes.grid(axis="x", color="0.88", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
