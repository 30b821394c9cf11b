"""For every test file: the levels to run at, and Hypothesis made repeatable."""
import gc
import os
import re

import hypothesis
import numpy as np
import pytest
from levels import kernels_of

from mathwork import _levels

os.environ.setdefault("KERAS_BACKEND", "torch")     # Keras reads it at import

hypothesis.settings.register_profile(
    "suite", deadline=None, derandomize=True, database=None, max_examples=60,
    # A loaded machine is no failure.
    suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")


def pytest_collection_modifyitems(items):
    """Mark what runs at every level by itself: a second run, at another level, may leave it out."""
    for item in items:
        if "kernels" in getattr(item, "fixturenames", ()):
            item.add_marker("every_level")


def pytest_collection_finish():
    """Let collections pass over the tests themselves: there are more of them than of anything."""
    gc.collect()
    gc.freeze()


@pytest.fixture(params=_levels.LEVELS)
def kernels(request):
    """The kernels compiled for one level: the test runs once for each that exists here."""
    if request.param not in _levels.supported():
        pytest.skip(f"level {request.param} is not built, or this machine cannot run it")
    return kernels_of(request.param)


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return np.dtype(request.param)


@pytest.fixture
def rng(request):
    """Return a generator seeded by the name of the test, so that every test has its own numbers.

    The numbers are the same at every level: a fault of all levels shows at all of them.
    """
    name = request.node.name
    if "kernels" in request.fixturenames:
        level = request.node.callspec.params["kernels"]
        name = re.sub(rf"(?<=[\[-]){level}(?=[\]-])", "", name, count=1)
    return np.random.default_rng(list(name.encode()))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory, so that messages name files without a path."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---- libraries that need not be there ----

@pytest.fixture(scope="session")
def pandas():
    return pytest.importorskip("pandas", reason="pandas is not installed")


@pytest.fixture(scope="session")
def polars():
    return pytest.importorskip("polars", reason="polars is not installed")


@pytest.fixture(scope="session")
def pyarrow():
    return pytest.importorskip("pyarrow", reason="pyarrow is not installed")
