"""A report on the terminal: by rich where it is installed, else in plain text."""

from __future__ import annotations

from bench.report import Report, Table, aligned, notes, tables


def show(report: Report) -> None:
    """Print the tables, what was missed and what failed."""
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
