"""How a regression over Dask scales from one process to two.

    python -m bench.cluster

Rows are made block by block, and no block outlives its sums. Both clusters are there at once and
take turns, and a ratio is that of two runs which follow each other. It needs a machine with two
free cores: what else runs there takes from the two processes more than from the one.
"""

from __future__ import annotations

import argparse
import logging
import time
from contextlib import ExitStack

import numpy as np

COLUMNS = 4


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    options = _parser().parse_args(arguments)
    blocks = -(-options.rows // options.block)
    print(f"fit_linear, {blocks * options.block:,} rows of {COLUMNS} columns and y, in {blocks} "
          "blocks that are made as they are read")
    times = measured(blocks, options.block, options.pairs)
    ratios = times[:, 0] / times[:, 1]
    for (one, two), ratio in zip(times, ratios, strict=True):
        print(f"one process {one:.2f} s   two processes {two:.2f} s   ratio {ratio:.2f}")
    print(f"best: {times[:, 0].min():.2f} s and {times[:, 1].min():.2f} s, "
          f"ratio {times[:, 0].min() / times[:, 1].min():.2f}")
    print(f"median: {np.median(times[:, 0]):.2f} s and {np.median(times[:, 1]):.2f} s, "
          f"ratio of a pair {np.median(ratios):.2f}")


def measured(blocks: int, size: int, pairs: int) -> np.ndarray:
    """Return the seconds with one process and with two, shape (pairs, 2)."""
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
        return np.array([[_seconds(client, blocks, size) for client in clients]
                         for _ in range(pairs)])


def _seconds(client, blocks: int, size: int) -> float:
    """Return how long a fit takes, from its graph to its result."""
    import dask.array as da

    from mathwork.dask import fit_linear

    rows = da.map_blocks(_block, size=size, chunks=((size,) * blocks, (COLUMNS + 1,)), dtype=float,
                         meta=np.empty((0, 0)))
    start = time.perf_counter()
    fit = client.compute(fit_linear(rows[:, :COLUMNS], rows[:, COLUMNS])).result()
    elapsed = time.perf_counter() - start
    if fit.nobs != blocks * size or not np.allclose(fit.params[1:], 1, atol=0.1):
        raise RuntimeError(f"a wrong result: {fit}")
    return elapsed


def _block(block_id: tuple[int, int], size: int) -> np.ndarray:
    """Return rows whose last column is the sum of the others and noise."""
    rows = np.random.default_rng(block_id[0]).random((size, COLUMNS + 1))
    rows[:, COLUMNS] += rows[:, :COLUMNS].sum(axis=1)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10**8)
    parser.add_argument("--block", type=int, default=500_000, help="rows of a block")
    parser.add_argument("--pairs", type=int, default=5, help="how often both are measured")
    return parser


if __name__ == "__main__":
    main()
