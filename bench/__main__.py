"""Measure the installed mathwork beside its peers, or its levels beside each other, on one thread;
or write pages and pictures from stored results.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

from bench import absolute, cases, chart, levels, machine, page, peers, run, terminal
from bench.absolute import Limit
from bench.harness import FULL, QUICK, Work
from bench.report import Report


class RefusedError(Exception):
    """What was asked for cannot be done here."""


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; a missed target is no failure, a wrong result is."""
    options = _options(arguments)
    try:
        if options.list:
            _list(*_chosen(options))
            return 0
        found = _measured(options) if options.stored is None else _stored(options)
        _write(found, options)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if found.failures else 0


def _chosen(options: argparse.Namespace) -> tuple[list[Work], list[Limit]]:
    works = list(cases.chosen(options.only))
    limits = [limit for limit in absolute.LIMITS if cases.matches(limit.name, options.only)]
    return works, [] if options.levels is not None else limits


def _list(works: list[Work], limits: list[Limit]) -> None:
    for work in works:
        print(work.name, *(f"  against {rival.peer}" for rival in work.rivals), sep="\n")
    for limit in limits:
        print(f"{limit.name}\n  limit {limit.limit:g} {limit.unit}")


def _measured(options: argparse.Namespace) -> Report:
    """Measure what is asked for, show it, and return the report."""
    works, limits = _chosen(options)
    if not works and not limits:
        raise RefusedError(f"no work or peer is named like {' or '.join(options.only)}")
    _require("mathwork", ".")
    if options.chart:
        _require("matplotlib")
    names = None if options.levels is None else _levels_to_compare(options.levels)
    # Who names a work wants it measured.
    measured = [work for work in works if work.quick or options.only or not options.quick]
    found = Report(
        machine.package(),
        machine.describe(machine.pin()),
        peers.versions(),
        "quick" if options.quick else "full",
        left_out=len(works) - len(measured),
    )
    effort = QUICK if options.quick else FULL
    if names is None:
        run.against_peers(measured, limits, effort, found)
    else:
        run.against_levels(measured, names, effort, found)
    terminal.show(found)
    return found


def _require(module: str, source: str | None = None) -> None:
    if importlib.util.find_spec(module) is None:
        raise RefusedError(f"{module} is not installed: python -m pip install {source or module}")


def _levels_to_compare(asked: list[str]) -> list[str]:
    """Return the levels that are asked for, or all of them, best first."""
    here = levels.supported()
    chosen = [level for level in here if level in (asked or here)]
    if len(chosen) < 2 or not set(asked) <= set(here):
        raise RefusedError("--levels compares two or more levels of those built and supported "
                           f"here, {', '.join(here)}; got {', '.join(asked) or 'no choice'}")
    return chosen


def _stored(options: argparse.Namespace) -> Report:
    """Return the report of a JSON file."""
    if options.chart:
        _require("matplotlib")
    return Report.from_json(options.stored.read_text("utf-8"))


def _write(found: Report, options: argparse.Namespace) -> None:
    """Write the files that are asked for."""
    if options.json:
        options.json.write_text(found.to_json(), "utf-8")
    if options.markdown:
        options.markdown.write_text(page.page(found), "utf-8")
    if options.readme:
        try:
            text = page.with_excerpt(options.readme.read_text("utf-8"), found)
        except ValueError as error:
            raise RefusedError(f"{options.readme}: {error}") from None
        options.readme.write_text(text, "utf-8")
    if options.chart and found.comparisons:
        chart.draw(found, options.chart)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.levels is not None and (options.chart or options.readme):
        parser.error("--chart and --readme show ratios against peers, and --levels measures none")
    if options.stored and (options.quick or options.only or options.levels is not None
                           or options.list or options.json):
        parser.error("--from measures nothing: it goes with --markdown, --readme and --chart")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    what = parser.add_argument_group("what is measured")
    what.add_argument(
        "--quick",
        action="store_true",
        help="finish in minutes: short samples, and without --only a part of the networks",
    )
    what.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="works or peers with NAME in their name (may be repeated)",
    )
    what.add_argument(
        "--levels",
        metavar="LEVEL",
        nargs="*",
        help="measure mathwork at each level against the lower ones (all, or those named) "
        "instead of against peers",
    )
    what.add_argument("--list", action="store_true", help="name the works and their peers")
    what.add_argument("--from", dest="stored", metavar="FILE", type=Path,
                      help="measure nothing: read the results that --json wrote")
    results = parser.add_argument_group("what is written")
    results.add_argument("--json", metavar="FILE", type=Path, help="write everything as JSON")
    results.add_argument("--markdown", metavar="FILE", type=Path,
                         help="write the page of docs/: reasons and tables")
    results.add_argument("--readme", metavar="FILE", type=Path,
                         help="write README's table between its markers")
    results.add_argument("--chart", metavar="FILE.png", type=Path, help="draw the ratios")
    return parser


if __name__ == "__main__":
    sys.exit(main())
