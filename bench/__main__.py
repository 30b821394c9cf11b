"""Measure the installed mathwork beside its peers, or its levels beside each other: one thread,
results compared first.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import absolute, cases, chart, levels, machine, peers, report
from bench.harness import (
    FULL,
    QUICK,
    Comparison,
    DisagreementError,
    Effort,
    Work,
    compare,
    measure,
    noise_floor,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; a missed target is no failure, a wrong result is."""
    options = _options(arguments)
    works = list(cases.chosen(options.only))
    limits = [limit for limit in absolute.LIMITS if cases.matches(limit.name, options.only)]
    if options.levels is not None:
        limits = []
    # Who names a work wants it measured.
    measured = [work for work in works if work.quick or options.only or not options.quick]
    if options.list:
        for work in works:
            print(work.name, *(f"  against {rival.peer}" for rival in work.rivals), sep="\n")
        for limit in limits:
            print(f"{limit.name}\n  limit {limit.limit:g} {limit.unit}")
        return 0
    if not works and not limits:
        print(f"no work or peer is named like {' or '.join(options.only)}", file=sys.stderr)
        return 2
    needed = ["mathwork"] + ["matplotlib"] * bool(options.chart)
    for module in needed:
        if importlib.util.find_spec(module) is None:
            source = "." if module == "mathwork" else module
            print(f"{module} is not installed: python -m pip install {source}", file=sys.stderr)
            return 2
    if options.levels is not None:
        here = levels.supported()
        asked = [level for level in here if level in (options.levels or here)]  # best first
        if len(asked) < 2 or not set(options.levels) <= set(here):
            print(f"--levels compares two or more levels of those built and supported here, "
                  f"{', '.join(here)}; got {', '.join(options.levels) or 'no choice'}",
                  file=sys.stderr)
            return 2

    cpu = machine.pin()
    effort = QUICK if options.quick else FULL
    found = report.Report(
        machine.package(),
        machine.describe(cpu),
        peers.versions(),
        "quick" if options.quick else "full",
        left_out=len(works) - len(measured),
    )
    if options.levels is None:
        print(f"measuring {machine.kernel_file()}")
        for work in measured:
            with _recorded(found, work.name):
                _run(work, effort, found)
    else:
        _run_levels(measured, asked, effort, found)
    for limit in limits:
        with _recorded(found, limit.name):
            found.readings.append(absolute.read(limit, effort))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    report.show(found)
    for path, content in ((options.json, report.to_json), (options.markdown, report.markdown)):
        if path:
            path.write_text(content(found))
    if options.chart and found.comparisons:
        chart.draw(found, options.chart)
    return 1 if found.failures else 0


def _run(work: Work, effort: Effort, found: report.Report) -> None:
    """Compare and time one work against each of its peers that is installed."""
    if _missing(work.needs, found):
        return
    ours, noise = work.ours(), None
    for rival in work.rivals:
        if _missing((rival.peer,), found):
            continue
        with _recorded(found, f"{work.name}, {rival.peer}"):
            theirs = rival.side()
            compare(ours, theirs, rtol=work.rtol, atol=work.atol)
            if noise is None:
                noise = noise_floor(ours, effort)
            found.comparisons.append(
                Comparison(
                    work.name,
                    work.section if rival.target is None else report.TARGETS,
                    rival.peer,
                    rival.target,
                    measure(ours, theirs, effort),
                    noise,
                    (ours.statement, theirs.statement),
                )
            )


def _run_levels(works: list[Work], names: list[str], effort: Effort, found: report.Report) -> None:
    """Compare and time every work at each of these levels against each lower one."""
    found.ratio = "time at the lower level / time at the higher; A/A is one level in two processes"
    with levels.team(names) as team:
        found.package = team.package()
        print(f"measuring {found.package['kernel']}, in a process each")
        for work in works:
            if not _missing(work.needs, found):
                with _recorded(found, work.name):
                    found.comparisons.extend(team.comparisons(work, effort))


def _missing(names: Iterable[str], found: report.Report) -> bool:
    """Note which of the peers are not installed, and say whether there are any."""
    missing = [peers.PEERS[name] for name in names if not peers.PEERS[name].installed]
    found.skipped.update({peer.name: peer.install for peer in missing})
    return bool(missing)


@contextmanager
def _recorded(found: report.Report, name: str) -> Iterator[None]:
    """Say what is being measured; note what fails and let the rest go on."""
    if sys.stderr.isatty():
        print(f"\r\033[K{name}", end="", file=sys.stderr, flush=True)
    try:
        yield
    except DisagreementError as error:
        found.failures.append(f"{name}: {error}")
    except Exception as error:
        traceback.print_exc()
        found.failures.append(f"{name}: {type(error).__name__}: {error}")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="finish in minutes: short samples, and without --only a part of the networks",
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="works or peers with NAME in their name (may be repeated)",
    )
    parser.add_argument(
        "--levels",
        metavar="LEVEL",
        nargs="*",
        help="measure mathwork at each level against the lower ones (all, or those named) "
        "instead of against peers",
    )
    parser.add_argument("--list", action="store_true", help="name the works and their peers")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write everything as JSON")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the tables")
    parser.add_argument("--chart", metavar="FILE.png", type=Path, help="draw the ratios")
    options = parser.parse_args(arguments)
    if options.levels is not None and options.chart:
        parser.error("--chart draws ratios against peers, and --levels measures none")
    return options


if __name__ == "__main__":
    sys.exit(main())
