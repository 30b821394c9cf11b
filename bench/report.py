"""What one run found: as an object, as JSON, and as tables of text."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from bench.absolute import Reading
from bench.harness import Comparison, Paired
from bench.peers import NOTES

TARGETS = "Against the targets"
PEER_RATIO = "peer's time / mathwork's"
LEVEL_RATIO = "time at the lower level / time at the higher; A/A is one level in two processes"

Row = TypeVar("Row", Comparison, Reading)

# Headings and rows.
Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


@dataclass
class Report:
    """Everything one run found."""

    package: dict[str, str]
    machine: dict[str, Any]
    peers: dict[str, str]
    effort: str = "full"
    ratio: str = PEER_RATIO
    left_out: int = 0
    comparisons: list[Comparison] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Return the report that `to_json` wrote."""
        found = json.loads(text)
        for record in (*found["comparisons"], *found["readings"]):
            del record["verdict"]  # the objects know it
        for record in found["comparisons"]:
            record["paired"] = Paired(**record["paired"])
            record["statements"] = tuple(record["statements"])
        found["comparisons"] = [Comparison(**record) for record in found["comparisons"]]
        found["readings"] = [Reading(**record) for record in found["readings"]]
        return cls(**found)

    def to_json(self) -> str:
        """Return everything, times in seconds; no folder of this machine is named."""
        found = asdict(self)
        for rows, records in ((self.comparisons, found["comparisons"]),
                              (self.readings, found["readings"])):
            for row, record in zip(rows, records, strict=True):
                record["verdict"] = row.verdict
                if not row.processor:
                    del record["processor"]
        return json.dumps(found, indent=1) + "\n"

    def take_over(self, other: Report) -> None:
        """Take the rows of another run in the place of those of the same work, and new ones.

        They name their processor, if it is not that of this report.
        """
        machine = other.machine
        processor = ""
        if machine["cpu"] != self.machine["cpu"]:
            processor = f"family {machine['family']}, model {machine['model']}"
        self.comparisons = _replaced(self.comparisons, other.comparisons, processor,
                                     lambda row: (row.work, row.peer))
        self.readings = _replaced(self.readings, other.readings, processor, lambda row: row.name)
        self.peers = self.peers | other.peers

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
            f"{number(comparison.paired.ratio)}, target {comparison.target:g}, "
            f"{comparison.verdict}"
            for comparison in self.comparisons
            if comparison.verdict.startswith("short")
        ]
        return lines + [
            f"{reading.name}: {reading.value:.3g} {reading.unit}, limit {reading.limit:g}, "
            f"{reading.verdict}"
            for reading in self.readings
            if reading.verdict.startswith("over")
        ]


def _replaced(rows: list[Row], others: list[Row], processor: str,
              key: Callable[[Row], Any]) -> list[Row]:
    """Return the rows, with others in the place of those of the same key, and the rest of these"""
    marked = {key(row): replace(row, processor=processor) for row in others}
    return [marked.pop(key(row), row) for row in rows] + list(marked.values())


# ---- text ----

def number(value: float) -> str:
    """Write a number with three digits and without an exponent, 1110 as 1,110."""
    text = f"{value:.3g}"
    return f"{float(text):,.0f}" if "e+" in text else text


def duration(seconds: float) -> str:
    """Write a time with three digits and its unit."""
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def cells(comparison: Comparison) -> dict[str, str]:
    """Return what a table may show of a comparison, by heading."""
    paired = comparison.paired
    return {
        "work": comparison.work,
        "peer": comparison.peer,
        "mathwork": duration(paired.ours),
        "peer takes": duration(paired.theirs),
        "ratio": number(paired.ratio),
        "95 %": f"{number(paired.low)} to {number(paired.high)}",
        "A/A": f"{comparison.noise:.1%}",
        "target": "" if comparison.target is None else f"{comparison.target:g}",
        "verdict": comparison.verdict,
        "processor": comparison.processor,
    }


def table(comparisons: Iterable[Comparison], left_out: Sequence[str] = ()) -> Table:
    """Return the comparisons as text; target, verdict and processor only where there is one."""
    comparisons = list(comparisons)
    if all(row.target is None for row in comparisons):
        left_out = (*left_out, "target", "verdict")
    left_out = (*left_out, *unnamed_processor(comparisons))
    rows = [cells(comparison) for comparison in comparisons]
    headings = tuple(heading for heading in rows[0] if heading not in left_out)
    return headings, [tuple(row[heading] for heading in headings) for row in rows]


def unnamed_processor(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the heading of the processors, which a table leaves out where no row names one."""
    return () if any(row.processor for row in rows) else ("processor",)


def limits(readings: Sequence[Reading]) -> Table:
    """Return the numbers that have a limit as text."""
    rows = [
        {
            "quantity": reading.name,
            "measured": f"{reading.value:.3g} {reading.unit}",
            "limit": f"{reading.limit:g} {reading.unit}",
            "verdict": reading.verdict,
            "processor": reading.processor,
        }
        for reading in readings
    ]
    left_out = unnamed_processor(readings)
    headings = tuple(heading for heading in rows[0] if heading not in left_out)
    return headings, [tuple(row[heading] for heading in headings) for row in rows]


def tables(report: Report) -> list[tuple[str, Table]]:
    """Return every table with its title: targets, limits, then what has neither."""
    sections: dict[str, list[Comparison]] = {TARGETS: []}
    for row in report.comparisons:
        sections.setdefault(row.section, []).append(row)
    titled = [(title, table(rows)) for title, rows in sections.items() if rows]
    if report.readings:
        titled.insert(TARGETS in dict(titled), ("Numbers with a limit", limits(report.readings)))
    return titled


def notes(report: Report) -> list[str]:
    """Return the lines that the tables cannot be read without."""
    package, machine = report.package, report.machine
    libraries = ", ".join(f"{name} {version}" for name, version in report.peers.items())
    used = {row.peer for row in report.comparisons}
    lines = [
        f"mathwork {package['version']}, level {package['level']} ({package['kernel']} of "
        f"{package['built']})",
        f"{machine['cpu']}, CPUs: {machine['cpus']}; {machine['system']}",
        f"Python {machine['python']}; {libraries}; NumPy's BLAS: {machine['blas']}; "
        f"C++ compiler: {machine['compiler']}",
        f"one thread, {machine['clock']}; ratio = {report.ratio}; {report.noise()}",
    ]
    if any(row.processor for row in (*report.comparisons, *report.readings)):
        lines.append("a row that names a processor was measured on that one, with the same level "
                     "and libraries")
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


def aligned(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Lay out a table that is Markdown and reads well as plain text too."""
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in (headings, *cells)]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
