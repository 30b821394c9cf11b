"""How a regression over Dask scales from one process to two.

    python -m bench.cluster

Rows are made block by block, and no block outlives its sums. Both clusters are there at once and
take turns, and a ratio is that of two runs which follow each other. The time needs a machine with
two free cores. The processor time of the busiest process does not: it says how evenly the work is
divided and what dividing it costs, but not how long a process waits for the other.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np

COLUMNS = 4


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    options = _parser().parse_args(arguments)
    blocks = -(-options.rows // options.block)
    print(f"fit_linear, {blocks * options.block:,} rows of {COLUMNS} columns and y, in {blocks} "
          "blocks that are made as they are read")
    found = []
    for pair in measured(blocks, options.block, options.pairs):
        found.append(pair)
        _print("pair", *pair.T)
    times = np.array(found)
    _print("best", *times.min(axis=0).T)
    _print("median", *np.median(times, axis=0).T)
    print("median of the ratios of pairs: time {:.2f}, busiest process {:.2f}".format(
        *np.median(times[:, 0] / times[:, 1], axis=0)))


def _print(name: str, elapsed: np.ndarray, busiest: np.ndarray) -> None:
    for what, (one, two) in (("time", elapsed), ("busiest process", busiest)):
        print(f"{name:7}{what:16}one process {one:6.2f} s   two processes {two:6.2f} s   "
              f"ratio {one / two:.2f}", flush=True)


def measured(blocks: int, size: int, pairs: int) -> Iterator[np.ndarray]:
    """Yield (seconds, those of the busiest process) with one process and with two, in pairs."""
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        clients = []
        for count in (1, 2):
            cluster = stack.enter_context(LocalCluster(
                n_workers=count, threads_per_worker=1, processes=True, host="127.0.0.1",
                dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False},
                silence_logs=logging.ERROR))
            clients.append(stack.enter_context(Client(cluster, set_as_default=False)))
        for client in clients:
            _seconds(client, 4, 1000)           # imports
        for _ in range(pairs):
            yield np.array([_seconds(client, blocks, size) for client in clients])


def _seconds(client, blocks: int, size: int) -> tuple[float, float]:
    """Return how long a fit takes, from its graph to its result, and its busiest process."""
    import dask.array as da

    from mathwork.dask import fit_linear

    rows = da.map_blocks(_block, size=size, chunks=((size,) * blocks, (COLUMNS + 1,)), dtype=float,
                         meta=np.empty((0, 0)))
    before = client.run(time.process_time)
    start = time.perf_counter()
    fit = client.compute(fit_linear(rows[:, :COLUMNS], rows[:, COLUMNS])).result()
    elapsed = time.perf_counter() - start
    if fit.nobs != blocks * size or not np.allclose(fit.params[1:], 1, atol=0.1):
        raise RuntimeError(f"a wrong result: {fit}")
    after = client.run(time.process_time)
    return elapsed, max(after[worker] - before[worker] for worker in after)


def _block(block_id: tuple[int, int], size: int) -> np.ndarray:
    """Return rows whose last column is the sum of the others and noise."""
    rows = np.random.default_rng(block_id[0]).random((size, COLUMNS + 1))
    rows[:, COLUMNS] += rows[:, :COLUMNS].sum(axis=1)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10**8)
    parser.add_argument("--block", type=int, default=1_000_000, help="rows of a block")
    parser.add_argument("--pairs", type=int, default=5, help="how often both are measured")
    return parser


if __name__ == "__main__":
    main()
