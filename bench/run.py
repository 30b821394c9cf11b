"""One run: every work compared and timed, and what fails noted while the rest goes on."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bench import absolute, levels, machine, peers, report
from bench.absolute import Limit
from bench.harness import Comparison, DisagreementError, Effort, Work, compare, measure, noise_floor
from bench.report import Report


def against_peers(works: list[Work], limits: list[Limit], effort: Effort, found: Report) -> None:
    """Measure every work beside its peers, then the numbers with a limit."""
    print(f"measuring {machine.kernel_file()}")
    for work in works:
        with _recorded(found, work.name):
            _run(work, effort, found)
    for limit in limits:
        with _recorded(found, limit.name):
            found.readings.append(absolute.read(limit, effort))
    _clear_line()


def against_levels(works: list[Work], names: list[str], effort: Effort, found: Report) -> None:
    """Measure every work at each of these levels against each lower one."""
    found.ratio = report.LEVEL_RATIO
    with levels.team(names) as team:
        found.package = team.package()
        print(f"measuring {found.package['kernel']}, in a process each")
        for work in works:
            if not _missing(work.needs, found):
                with _recorded(found, work.name):
                    found.comparisons.extend(team.comparisons(work, effort))
    _clear_line()


def _run(work: Work, effort: Effort, found: Report) -> None:
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


def _missing(names: Iterable[str], found: Report) -> bool:
    """Note which of the peers are not installed, and say whether there are any."""
    missing = [peers.PEERS[name] for name in names if not peers.PEERS[name].installed]
    found.skipped.update({peer.name: peer.install for peer in missing})
    return bool(missing)


@contextmanager
def _recorded(found: Report, name: str) -> Iterator[None]:
    """Say what is being measured; note what fails."""
    if sys.stderr.isatty():
        _clear_line()
        print(name, end="", file=sys.stderr, flush=True)
    try:
        yield
    except DisagreementError as error:
        found.failures.append(f"{name}: {error}")
    except Exception as error:
        traceback.print_exc()
        found.failures.append(f"{name}: {type(error).__name__}: {error}")


def _clear_line() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
