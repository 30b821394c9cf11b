"""A report in Markdown: the pages docs/benchmarks.md and docs/levels.md, and README's table."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bench import reasons, report
from bench.harness import Comparison
from bench.report import Report, aligned

# The rows that README.md shows, those that lose like those that win.
EXCERPT = (
    ("forward 4-32-32-2 relu, one row", "ONNX Runtime"),
    ("forward 4-32-32-2 relu, in the kernel", "C++ fixed sizes (for RTNeural)"),
    ("forward 256-256-256-256 relu, batch 1024", "OpenVINO"),
    ("matvec 32x32, float32", "NumPy"),
    ("matvec 1024x1024, float32", "NumPy"),
    ("matmul 1000x1000, float64", "NumPy"),
    ("leaky_relu, 1e5 float64", "torch"),
    ("rref 3x4", "NumPy"),
    ("exact rref 8x9", "python-flint"),
    ("fit_line, n = 10", "SciPy"),
    ("fit_groups, 1000 groups", "DuckDB"),
    ("solve_kepler, 1e6, one eccentricity", "fast_kepler"),
)
SHOWN = ("work", "peer", "mathwork", "peer takes", "ratio", "processor")
BEGIN, END = "<!-- measured: written by python -m bench -->\n", "<!-- end of measured -->\n"


def page(found: Report) -> str:
    """Return the page of a run beside peers, or of a run of levels."""
    words = reasons.PEERS if found.ratio == report.PEER_RATIO else reasons.LEVELS
    parts = [
        f"# {words.title}\n",
        "*`python -m bench` writes this page. Its words are in `bench/reasons.py`.*\n",
        words.intro,
        *_short_rows(found.comparisons, words),
        words.notes,
        "## Every row\n",
        *(f"**{title}**\n\n{aligned(*content)}\n" for title, content in report.tables(found)),
        "## What was measured, and where\n",
        "".join(f"- {line}\n" for line in report.notes(found)),
    ]
    return "\n".join(parts)


def short(comparison: Comparison) -> bool:
    """Say whether a row misses its target, or loses where it has none."""
    return comparison.paired.ratio < (comparison.target or 1)


def _short_rows(comparisons: Iterable[Comparison], words: reasons.Page) -> list[str]:
    """Return a section for every reason that has rows: a row goes to the first that matches it."""
    rows = {reason: [] for reason in (*words.reasons, reasons.UNEXPLAINED)}
    for row in filter(short, comparisons):
        rows[next(reason for reason in rows if re.match(reason.rows, row.work))].append(row)
    sections = [
        f"### {reason.title}\n\n{aligned(*report.table(found, ('mathwork', 'peer takes')))}\n\n"
        f"{reason.text.rstrip()}\n"
        for reason, found in rows.items()
        if found
    ]
    return ["## Rows that fall short, and why\n", *sections] if sections else []


def with_excerpt(text: str, found: Report) -> str:
    """Return README's text with the table between its markers anew.

    `ValueError` says what is missing: a marker, or a row of the table.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"there is no {BEGIN.strip()} with a {END.strip()} behind it")
    return "".join((before, begin, excerpt(found), end, after))


def excerpt(found: Report) -> str:
    """Return README's table and the machine that it is from."""
    rows = {(row.work, row.peer): row for row in found.comparisons}
    if missing := [f"{work} beside {peer}" for work, peer in EXCERPT if (work, peer) not in rows]:
        raise ValueError(f"the report has no row of {', '.join(missing)}")
    unnamed = report.unnamed_processor(rows[key] for key in EXCERPT)
    shown = [heading for heading in SHOWN if heading not in unnamed]
    lines = [[report.cells(rows[key])[heading] for heading in shown] for key in EXCERPT]
    return (
        f"{aligned(shown, lines)}\n\n"
        f"One thread; {found.machine['cpu']}{'' if unnamed else ' where none is named'}, "
        f"level {found.package['level']}, {found.machine['date']}.\n"
    )
