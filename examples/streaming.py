"""
A regression of more rows than fit in memory
============================================

``Moments`` keeps a few hundred bytes instead of the rows. A file is read in three ways: mapped,
chunk by chunk, and in parts by threads.
"""
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mathwork.regression import Moments

ROWS, CHUNK = 1_000_000, 50_000
rng = np.random.default_rng(0)
path = Path(tempfile.mkdtemp()) / "rows.bin"
with path.open("wb") as file:               # four columns x, and y
    for _ in range(ROWS // CHUNK):
        x = rng.normal([0, 100, -3, 50], size=(CHUNK, 4))
        np.column_stack([x, 3 + x @ [1, -2, 0.5, 0] + rng.normal(size=CHUNK)]).tofile(file)


def mapped(start=0, stop=ROWS):
    rows = np.memmap(path, np.float64, "r").reshape(-1, 5)[start:stop]
    return Moments.of(rows[:, :4], rows[:, 4])


def streamed():
    moments, so_far = Moments(), []
    with path.open("rb") as file:
        while len(rows := np.fromfile(file, np.float64, CHUNK * 5).reshape(-1, 5)):
            moments.update(rows[:, :4], rows[:, 4])
            so_far.append(moments.fit())    # at any time
    return so_far


def in_parts():
    bounds = range(0, ROWS, ROWS // 4)
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda start: mapped(start, start + ROWS // 4), bounds))


found = {}
for way in (mapped, in_parts, streamed):
    begin = time.perf_counter()
    found[way] = way()
    print(f"{way.__name__:9} {(time.perf_counter() - begin) / ROWS * 1e9:5.1f} ns a row")
path.unlink()
print(found[mapped].fit().params, found[in_parts].fit().params, sep="\n")
so_far = np.array([(fit.params[1], fit.bse[1]) for fit in found[streamed]])
figure, axis = plt.subplots(figsize=(7, 3.4))
axis.errorbar(np.arange(1, len(so_far) + 1) * CHUNK, so_far[:, 0], 2 * so_far[:, 1], fmt="o")
axis.axhline(1, color="grey", linestyle=":")
axis.set(xlabel="rows so far", ylabel="slope of the first column, 95 %")
plt.show()
