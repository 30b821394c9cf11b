"""The results as a terminal table, Markdown and JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.absolute import Reading
from bench.harness import Comparison
from bench.peers import NOTES

TARGETS = "Against the targets"

# Headings and rows.
Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


@dataclass
class Report:
    """Everything one run found."""

    package: dict[str, str]
    machine: dict[str, Any]
    peers: dict[str, str]
    effort: str = "full"
    ratio: str = "peer's time / mathwork's"
    left_out: int = 0
    comparisons: list[Comparison] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def noise(self) -> str:
        """Summarise mathwork against itself."""
        by_work = {comparison.work: comparison.noise for comparison in self.comparisons}
        floors = sorted(by_work.values())
        if not floors:
            return "nothing was measured"
        return (
            f"mathwork against itself deviates from 1 by {statistics.median(floors):.1%} "
            f"(median over the works), at most {floors[-1]:.1%}"
        )

    def targets(self) -> int:
        """Return how many of the results have a target or a limit."""
        return sum(row.target is not None for row in self.comparisons) + len(self.readings)

    def missed(self) -> list[str]:
        """Return a line for every target that was not reached."""
        lines = [
            f"{comparison.work} against {comparison.peer}: "
            f"{comparison.paired.ratio:.3g}, target {comparison.target:g}, {comparison.verdict}"
            for comparison in self.comparisons
            if comparison.verdict.startswith("short")
        ]
        return lines + [
            f"{reading.name}: {reading.value:.3g} {reading.unit}, limit {reading.limit:g}, "
            f"{reading.verdict}"
            for reading in self.readings
            if reading.verdict.startswith("over")
        ]


def duration(seconds: float) -> str:
    """Write a time with three digits and its unit."""
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def table(comparisons: Iterable[Comparison]) -> Table:
    """Return the comparisons as text; target and verdict only where there is one."""
    comparisons = list(comparisons)
    shown = slice(None) if any(row.target is not None for row in comparisons) else slice(-2)
    headings = (
        "work",
        "peer",
        "mathwork",
        "peer takes",
        "ratio",
        "95 %",
        "A/A",
        "target",
        "verdict",
    )
    return headings[shown], [
        (
            comparison.work,
            comparison.peer,
            duration(comparison.paired.ours),
            duration(comparison.paired.theirs),
            f"{comparison.paired.ratio:.3g}",
            f"{comparison.paired.low:.3g} to {comparison.paired.high:.3g}",
            f"{comparison.noise:.1%}",
            "" if comparison.target is None else f"{comparison.target:g}",
            comparison.verdict,
        )[shown]
        for comparison in comparisons
    ]


def limits(readings: Iterable[Reading]) -> Table:
    """Return the numbers that have a limit as text."""
    return ("quantity", "measured", "limit", "verdict"), [
        (
            reading.name,
            f"{reading.value:.3g} {reading.unit}",
            f"{reading.limit:g} {reading.unit}",
            reading.verdict,
        )
        for reading in readings
    ]


def tables(report: Report) -> list[tuple[str, Table]]:
    """Return every table with its title: targets first, then what is there to compare."""
    titles = dict.fromkeys((TARGETS, *(row.section for row in report.comparisons)))
    titled = [
        (title, table(row for row in report.comparisons if row.section == title))
        for title in titles
    ]
    titled.insert(1, ("Numbers with a limit", limits(report.readings)))
    return [(title, content) for title, content in titled if content[1]]


def notes(report: Report) -> list[str]:
    """Return the lines that the tables cannot be read without."""
    package, machine = report.package, report.machine
    libraries = ", ".join(f"{name} {number}" for name, number in report.peers.items())
    used = {row.peer for row in report.comparisons}
    lines = [
        f"mathwork {package['version']}, level {package['level']} ({package['kernel']} of "
        f"{package['built']})",
        f"{machine['cpu']}, CPUs: {machine['cpus']}; {machine['system']}",
        f"Python {machine['python']}; {libraries}; NumPy's BLAS: {machine['blas']}; "
        f"C++ compiler: {machine['compiler']}",
        f"one thread, {machine['clock']}; ratio = {report.ratio}; {report.noise()}",
    ]
    if report.left_out:
        lines.append(
            f"quick: {report.left_out} works left out (networks of other batches, sizes and "
            "activations); a full run has them, and so has --only with their name"
        )
    lines += [f"{peer}: {note}" for peer, note in NOTES.items() if peer in used]
    lines += [
        f"skipped, not installed: {peer} (to install: {line})"
        for peer, line in report.skipped.items()
    ]
    return lines


def markdown(report: Report) -> str:
    """Return the tables and the notes; no folder of this machine is named."""
    parts = [f"**{title}**\n\n{aligned(*content)}" for title, content in tables(report)]
    return "\n\n".join([*parts, "\n".join(f"- {line}" for line in notes(report))]) + "\n"


def to_json(report: Report) -> str:
    """Return everything, times in seconds; no folder of this machine is named."""
    found = asdict(report)
    for row, record in zip(report.comparisons, found["comparisons"], strict=True):
        record["verdict"] = row.verdict
    for reading, record in zip(report.readings, found["readings"], strict=True):
        record["verdict"] = reading.verdict
    return json.dumps(found, indent=1) + "\n"


def show(report: Report) -> None:
    """Print the tables, what was missed and what failed: by rich where it is installed."""
    for title, content in tables(report):
        _show_table(title, content)
    for line in notes(report):
        print(line)
    missed = report.missed()
    print(f"\n{len(missed)} of {report.targets()} targets missed" + (":" if missed else ""))
    for line in missed:
        print(f"  {line}")
    for line in report.failures:
        print(f"FAILED: {line}")


def aligned(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Lay out a table that is Markdown and reads well as plain text too."""
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in (headings, *cells)]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _show_table(title: str, content: Table) -> None:
    try:
        from rich.console import Console
        from rich.table import Table as RichTable
    except ImportError:
        print(f"\n{title}\n\n{aligned(*content)}\n")
        return
    headings, cells = content
    columns = zip(headings, *cells, strict=True)
    needed = 1 + sum(max(map(len, column)) + 3 for column in columns)
    # Wider than the terminal rather than with cells cut off.
    console = Console(width=max(needed, Console().width))
    drawn = RichTable(title=title, title_justify="left")
    for heading in headings:
        drawn.add_column(heading, no_wrap=True)
    for line in cells:
        *most, last = line
        judged = headings[-1] == "verdict" and last
        colour = "green" if last == "met" else "red"
        drawn.add_row(*most, f"[{colour}]{last}[/]" if judged else last)
    console.print(drawn)
