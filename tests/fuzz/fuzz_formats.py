"""Load damaged files until time is up, and keep every one that is neither read nor refused.

    python tests/fuzz/fuzz_formats.py --minutes 10 [--seed N] [--format npz|safetensors|onnx]

A file depends on seed, format and number alone. Kept are the file and what came of it.
"""
import argparse
import collections
import itertools
import random
import sys
import tempfile
import time
from pathlib import Path

import mutations
import sandbox
import seeds

AT_ONCE = 50            # files in one process


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--files", type=int, help="of each format, instead of minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=seeds.MAKERS, action="append")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=10, help="that a file may take")
    parser.add_argument("--megabytes", type=float, default=600,
                        help="that a file may take, and twenty times its size")
    options = parser.parse_args()
    names = options.format or list(seeds.MAKERS)
    counts = {name: collections.Counter() for name in names}
    try:
        fuzz(counts, options)
    finally:
        for name, count in counts.items():
            print(f"{name}: {count.total()} files, {count['network']} networks, "
                  f"{count['refused']} refusals, {count['failed']} failures")
    sys.exit(any(count["failed"] for count in counts.values()))


def fuzz(counts, options):
    """Count what comes of files of each format in turn, until there were enough."""
    sandbox.import_formats()
    good = {name: seeds.seeds(name) for name in counts}
    end = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder:
        for beside, content in seeds.BESIDE.items():
            Path(folder, beside).write_bytes(content)
        for first in itertools.count(0, AT_ONCE):
            if first >= options.files if options.files else time.monotonic() > end:
                break
            for name, count in counts.items():
                paths = [Path(folder, f"{options.seed}-{number}.{name}")
                         for number in range(first, first + AT_ONCE)]
                for number, path in enumerate(paths, first):
                    rng = random.Random(f"{options.seed} {name} {number}")
                    path.write_bytes(mutations.mutate(rng, name, rng.choice(good[name]),
                                                      good[name]))
                for path, result in tried(paths, options):
                    count[result["outcome"]] += 1
                    if result["outcome"] == "failed":
                        keep(path, result, options.keep)
                    path.unlink()


def tried(paths, options):
    """(path, what came of it); too much memory is a failure"""
    for path, result in zip(paths, sandbox.outcomes(paths, seconds=options.seconds,
                                                    at_once=AT_ONCE), strict=True):
        limit = options.megabytes + 20 * path.stat().st_size / 1e6
        if result["megabytes"] > limit:         # alone, because those before it count, too
            result, = sandbox.outcomes([path], seconds=options.seconds)
            if result["megabytes"] > limit:
                result["outcome"], result["message"] = "failed", f"took more than {limit} MB"
        yield path, result


def keep(path, result, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / path.name).write_bytes(path.read_bytes())
    (folder / f"{path.name}.txt").write_text("\n".join(f"{key}: {value}"
                                                      for key, value in result.items()))
    print(f"{folder / path.name}: {result['message'].strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
