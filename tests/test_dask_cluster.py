"""A cluster of two processes: the results of one, whatever happens to a worker."""
import logging
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import run_python, same_bits

pytest.importorskip("distributed", reason="distributed is not installed")
pytest.importorskip("pandas", reason="pandas is not installed")
import dask
import dask.array as da
import dask.dataframe as dd
import distributed
from cluster_blocks import ending_once, made_rows, peak_memory

import mathwork.dask as lazy
from mathwork import nn, regression

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="processes are killed by a POSIX signal"),
    pytest.mark.filterwarnings("default"),      # a killed process leaves sockets open
]

# Bytes of a worker. From 80 % on Dask gives it no work, and a process of Python 3.13 that has only
# imported pandas 3 and pyarrow 26 has 260 MB.
LIMIT = 450_000_000
WAIT = 300                  # seconds, after which a result has been lost


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The client of two processes of one thread each, on this machine alone."""
    with (dask.config.set({"distributed.comm.timeouts.connect": "120s",
                           "distributed.scheduler.worker-ttl": None,
                           "distributed.admin.tick.limit": "1h"}),
          distributed.LocalCluster(
              n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1",
              dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False},
              memory_limit=LIMIT, silence_logs=logging.CRITICAL,
              local_directory=tmp_path_factory.mktemp("cluster")) as cluster,
          distributed.Client(cluster, timeout="120s") as client):
        yield client


def rows(blocks, size, columns=5):
    """A Dask array of rows that are made block by block"""
    return da.map_blocks(made_rows, rows=size, columns=columns,
                         chunks=((size,) * blocks, (columns,)), dtype=float,
                         meta=np.empty((0, 0)))


def result(client, collection):
    return client.compute(collection).result(timeout=WAIT)


def here(collection):
    return collection.compute(scheduler="threads")


def test_there_are_two_processes(client):
    processes = set(client.run(os.getpid).values())
    assert len(processes) == 2 and os.getpid() not in processes


def test_a_regression_has_the_bits_of_one_process(client):
    data = rows(40, 1000)
    fit = lazy.fit_linear(data[:, :4], data[:, 4])
    found, wanted = result(client, fit), here(fit)
    assert type(found) is regression.LinearFit and found.nobs == 40_000
    assert same_bits(found.params, wanted.params) and same_bits(found.bse, wanted.bse)
    in_memory = data.compute(scheduler="threads")
    np.testing.assert_allclose(
        found.params, regression.fit_linear(in_memory[:, :4], in_memory[:, 4]).params, rtol=1e-12)


def test_moments_stay_on_the_cluster(client):
    data = rows(10, 1000)
    moments = lazy.Moments.of(data[:, :4], data[:, 4]).persist()
    distributed.wait(moments, timeout=WAIT)
    assert same_bits(result(client, moments.fit([0])).params, here(
        lazy.Moments.of(data[:, :4], data[:, 4]).fit([0])).params)


def test_groups_and_windows(client):
    frame = dd.from_dask_array(rows(8, 500), columns=list("abcdy"))
    frame["key"] = (frame["d"] * 20).astype(int)
    fits = lazy.fit_groups(frame["key"], frame[["a", "b"]], frame["y"])
    found, wanted = result(client, fits), here(fits)
    assert len(found) == 20 and same_bits(found.params, wanted.params)
    windows = lazy.fit_rolling(frame["a"], frame["y"], 300)
    memory = frame.compute(scheduler="threads")
    assert same_bits(result(client, windows)["slope"].to_numpy(), regression.fit_rolling(
        memory["a"], memory["y"], 300).slope)


def test_blocks(client):
    data = rows(6, 1000, 4)
    network = nn.Network.he((4, 8, 2), rng=0)
    matrices = data.reshape((1500, 4, 4))
    sides = da.ones((1500, 4), chunks=(matrices.chunks[0], 4))
    factors = lazy.lu(matrices)
    for collection in (lazy.forward(network, data), lazy.rref(matrices[:, :3]).matrix,
                       lazy.solve(matrices, sides).x, factors.solve(sides), factors.det(),
                       lazy.orbit_table(2e30, radius=1e11 + data).speed,
                       lazy.solve_kepler(data[:, 0], 0.3),
                       lazy.propagate(1e11 * data[:, :3], [0, 3e4, 0], 1e6, mu=1.3e20).position):
        assert same_bits(result(client, collection), here(collection))


def test_the_page_is_true(tmp_path):
    page = Path(__file__).parent.parent / "docs" / "larger.md"
    if not page.exists():
        pytest.skip("not in a source tree")
    code, = re.findall(r"<!-- run by \S+ -->\n```python\n(.*?)```", page.read_text("utf-8"),
                       re.DOTALL)
    program = tmp_path / "program.py"
    program.write_text(code, "utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=WAIT,
                          check=False)
    assert (done.returncode, done.stdout) == (0, "[1. 1. 1. 1.]\n"), done.stderr


def test_scaling_is_printed():
    checkout = Path(__file__).parent.parent
    if not (checkout / "bench").is_dir():
        pytest.skip("not in a source tree")
    paths = [str(Path(lazy.__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "bench.cluster", "--rows", "4000", "--block", "1000", "--pairs",
         "1"], capture_output=True, text=True, timeout=WAIT, cwd=checkout, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))})
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"one process +[\d.]+ s +two processes +[\d.]+ s +ratio [\d.]+",
                          done.stdout)) == 6


def test_training_from_futures(client):
    x = np.random.default_rng(0).normal(size=(200, 4))
    nets = nn.Networks([nn.Network.he((4, 8, 1), rng=seed) for seed in range(6)])
    inputs, answers = client.scatter([x, x[:, :1]], broadcast=True)
    options = {"epochs": 2, "rng": range(6)}
    found = result(client, lazy.train_many(nets, inputs, answers, pieces=4, **options))
    assert found.networks == nn.train_many(nets, x, x[:, :1], **options).networks


# ---- what a worker needs, and sends ----

def test_what_is_sent_is_small_and_names_no_kernel():
    data = rows(2, 5000)
    moments, fit = dask.compute(lazy.Moments.of(data[:, :4], data[:, 4]),
                                lazy.fit_linear(data[:, :4], data[:, 4]), scheduler="sync")
    assert len(pickle.dumps(moments)) < 1000
    assert len(pickle.dumps(fit)) < 2000
    net = nn.Network.he((64, 32, 10), rng=0)
    assert len(pickle.dumps(net)) < 4 * net.n_parameters + 2000


def test_a_worker_reads_what_is_sent_with_mathwork_and_numpy_alone(tmp_path):
    data = rows(2, 500)
    moments = here(lazy.Moments.of(data[:, :4], data[:, 4]))
    sent = tmp_path / "sent"
    sent.write_bytes(pickle.dumps([moments, moments.fit(), nn.Network.he((2, 2), rng=0)]))
    code = f"""
import pathlib, pickle, sys
for name in ("dask", "distributed", "pandas", "scipy", "cloudpickle"):
    sys.modules[name] = None
moments, fit, net = pickle.loads(pathlib.Path({str(sent)!r}).read_bytes())
print(moments.nobs, fit.nobs, net([1.0, 2.0]).shape)
"""
    assert run_python(code) == (0, "1000 1000 (2,)\n", "")


# ---- memory, and a worker that is lost ----

@pytest.mark.skipif(not Path("/proc/self/status").exists(),
                    reason="only Linux says what a process has had")
def test_memory_is_bounded_on_four_times_the_limit_of_a_worker(client):
    before = client.run(os.getpid)
    data = rows(230, 200_000)
    assert data.nbytes >= 4 * LIMIT
    fit = result(client, lazy.fit_linear(data[:, :4], data[:, 4]))
    assert fit.nobs == 46_000_000
    # y = x0 + u with u uniform on [0, 1]: the parameters are 1/2 and 1, 0, 0, 0 but for errors of
    # about sqrt(12 / nobs) / sqrt(12) = 1.5e-4, of which 6 are allowed
    np.testing.assert_allclose(fit.params, [0.5, 1, 0, 0, 0], atol=6 * 1.48e-4)
    assert client.run(os.getpid) == before      # no worker was ended for its memory
    peaks = client.run(peak_memory)
    assert len(peaks) == 2 and max(peaks.values()) < LIMIT, peaks


def test_a_worker_killed_at_work_loses_nothing(client, tmp_path):
    def collections(data):
        return (lazy.fit_linear(data[:, :4], data[:, 4]),
                lazy.fit_groups((data[:, 3] * 5).astype(int), data[:, 0], data[:, 4]))

    for at in range(2):
        died = tmp_path / f"died {at}"
        data = rows(20, 20_000).map_blocks(ending_once, str(died), dtype=float)
        before = set(client.run(os.getpid).values())
        found = result(client, collections(data)[at])
        wanted = here(collections(rows(20, 20_000))[at])
        assert died.exists()
        assert same_bits(found.params, wanted.params) and same_bits(found.bse, wanted.bse)
        client.wait_for_workers(2, timeout=WAIT)
        assert set(client.run(os.getpid).values()) != before


def test_training_goes_on_without_a_killed_worker(client, tmp_path):
    died = tmp_path / "died"
    x = rows(8, 50, 4)
    nets = nn.Networks([nn.Network.he((4, 8, 4), rng=seed) for seed in range(6)])
    options = {"epochs": 2, "rng": np.random.default_rng(1)}
    found = result(client, lazy.train_many(
        nets, x.map_blocks(ending_once, str(died), dtype=float), x, pieces=6, **options))
    assert died.exists()
    x, options = here(x), options | {"rng": np.random.default_rng(1)}
    assert found.networks == nn.train_many(nets, x, x, **options).networks
