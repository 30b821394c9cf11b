"""Fuzz the readers of files and text, guided by the lines of mathwork that an input reaches.

    python -m tests.fuzz [--minutes 30] [TARGET ...]

Guidance is by atheris (pip install atheris). The targets are in targets.py; without names all of
them run, one after the other, each for as many minutes of processor time, which a busy machine does
not shorten. The corpus grows from run to run. What is found is an input and a text in
fuzz-failures; the exit code is 1 if there is any.
"""
import argparse
import importlib.util
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def main():
    from targets import TARGETS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz",
                                     description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET",
                        help=f"{', '.join(TARGETS)}; all of them by default")
    parser.add_argument("--minutes", type=float, default=30, help="of each target")
    parser.add_argument("--seconds", type=int, default=20, help="that an input may take")
    parser.add_argument("--megabytes", type=int, default=1500, help="that the process may take")
    parser.add_argument("--corpus", type=Path, default=Path("fuzz-corpus"), metavar="FOLDER")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), metavar="FOLDER")
    options = parser.parse_args()
    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown:
        parser.error(f"there is no target {', '.join(unknown)}, but {', '.join(TARGETS)}")
    if importlib.util.find_spec("atheris") is None:
        parser.error("guidance needs atheris: pip install atheris. Without it, "
                     "tests/fuzz/fuzz_formats.py damages files of networks")
    options.keep.mkdir(parents=True, exist_ok=True)
    before = set(options.keep.iterdir())
    for name in options.targets or TARGETS:
        runs, crashes, minutes = fuzz(name, options)
        print(f"{name}: {runs:,} executions in {minutes:.1f} minutes of processor time, "
              f"{crashes} crashes", flush=True)
    found = sorted(set(options.keep.iterdir()) - before)
    print(f"{len(found)} files of failures in {options.keep}", *found, sep="\n")
    sys.exit(bool(found))


def fuzz(name, options):
    """(executions, crashes, minutes of processor time) of one target"""
    corpus = options.corpus / name
    corpus.mkdir(parents=True, exist_ok=True)
    begin = processor_seconds()
    runs = crashes = 0
    while (left := round(60 * options.minutes - (processor_seconds() - begin))) > 0:
        done = subprocess.run(
            [sys.executable, HERE / "guided.py", name, corpus, options.keep,
             f"-max_total_time={left}", f"-timeout={options.seconds}",
             f"-rss_limit_mb={options.megabytes}", "-print_final_stats=1"],
            capture_output=True, text=True, errors="replace", check=False)
        counts = re.findall(r"(?:stat::number_of_executed_units: |^#)(\d+)", done.stderr, re.M)
        runs += max(map(int, counts), default=0)
        if done.returncode:
            crashes += 1
            log = options.keep / f"{name}-crash-{int(time.time())}.txt"
            log.write_text(done.stderr[-20_000:])
            if not counts:      # it could not even begin
                raise SystemExit(f"{name}: see {log}")
    return runs, crashes, (processor_seconds() - begin) / 60


def processor_seconds():
    """Of the processes that this one started and that have ended"""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
