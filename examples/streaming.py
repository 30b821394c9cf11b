"""A regression of more rows than fit in memory.

A file has 5 columns, and the fit explains the last one by the others. It is read in three ways:
mapped by numpy.memmap, so that the operating system brings its pages and drops them; chunk by
chunk, as from a database or a socket; and in parts by other processes, each of which sends back its
moments, a few hundred bytes. All three ways give the same fit. A fit of fewer columns needs no
further reading.

    pip install scipy
    python examples/streaming.py
"""
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from mathwork.regression import Moments

CHUNK = 100_000
COLUMNS = 5
SLOPES = np.array([1.0, -2.0, 0.5, 0.0])


def make_file(path, n_rows):
    """Write rows of 4 columns x and y = 3 + slopes . x + noise, in float64, a chunk at a time"""
    rng = np.random.default_rng(0)
    with open(path, "wb") as file:
        for start in range(0, n_rows, CHUNK):
            rows = np.empty((min(CHUNK, n_rows - start), COLUMNS))
            rows[:, :4] = rng.normal(loc=[0, 1e6, -3, 50], size=(len(rows), 4))
            rows[:, 4] = 3 + rows[:, :4] @ SLOPES + rng.normal(size=len(rows))
            rows.tofile(file)


def mapped(path):
    """Return the file as an array that is not in memory"""
    return np.memmap(path, np.float64, "r").reshape(-1, COLUMNS)


def chunks(path):
    """Yield the rows as a stream does"""
    with open(path, "rb") as file:
        while len(rows := np.fromfile(file, np.float64, CHUNK * COLUMNS)):
            yield rows.reshape(-1, COLUMNS)


def of_part(path, start, stop):
    """Return the moments of some rows: the part of another process, or of another machine"""
    rows = mapped(path)[start:stop]
    return Moments.of(rows[:, :4], rows[:, 4])


def from_map(path):
    rows = mapped(path)
    return Moments.of(rows[:, :4], rows[:, 4])


def from_stream(path):
    moments = Moments()
    for rows in chunks(path):
        moments.update(rows[:, :4], rows[:, 4])
    return moments


def from_processes(path, n_parts=4):
    bounds = np.linspace(0, len(mapped(path)), n_parts + 1).astype(int)
    with ProcessPoolExecutor(2) as pool:
        return sum(pool.map(of_part, [path] * n_parts, bounds[:-1], bounds[1:]))


def timed(name, read, path):
    begin = time.perf_counter()
    moments = read(path)
    print(f"{name:15} {(time.perf_counter() - begin) / moments.nobs * 1e9:5.1f} ns a row")
    return moments


def main(n_rows=2_000_000):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.bin"
        make_file(path, n_rows)
        print(f"{n_rows} rows, {path.stat().st_size / 1e6:.0f} MB")
        found = [timed("mapped", from_map, path), timed("a stream", from_stream, path),
                 timed("processes", from_processes, path)]
    fits = [moments.fit() for moments in found]
    print("the same parameters:", all((fit.params == fits[0].params).all() for fit in fits))
    print(fits[0].summary())
    print("Of the first two columns alone:", found[0].fit([0, 1]).params)


if __name__ == "__main__":
    main()
