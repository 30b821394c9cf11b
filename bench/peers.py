"""The libraries that mathwork is measured against."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import ModuleType


@dataclass(frozen=True)
class Peer:
    """A peer: what it needs to be importable, and the line that installs it."""

    name: str
    modules: tuple[str, ...]
    install: str
    compiler: bool = False

    @property
    def installed(self) -> bool:
        """Whether everything the peer needs is present."""
        if self.compiler and shutil.which(compiler()) is None:
            return False
        return all(find_spec(module) is not None for module in self.modules)


NUMPY = "NumPy"
ONNX_RUNTIME = "ONNX Runtime"
OPENVINO = "OpenVINO"
HEYOKA = "heyoka"
TORCH = "torch"
TORCH_COMPILED = "torch.compile"
JAX = "JAX"
SKLEARN = "scikit-learn"
SCIPY = "SciPy"
SYMPY = "SymPy"
FLINT = "python-flint"
GALOIS = "galois"
STATSMODELS = "statsmodels"
POLARS = "polars"
POLARS_DS = "polars-ds"
POLARS_OLS = "polars-ols"
DUCKDB = "DuckDB"
ASTROPY = "astropy"
REBOUND = "rebound"
FAST_KEPLER = "fast_kepler"
NUMBA = "numba, loops by hand"
NUMBA_TUNED = "numba, tuned"
FIXED_SIZES = "C++ fixed sizes (for RTNeural)"

# Where the default build is the one for GPUs, it brings gigabytes that are of no use here.
TORCH_VERSION = "2.13.0"
TORCH_BUILD = "a CPU build is enough: pytorch.org/get-started/locally"

PEERS = {
    peer.name: peer
    for peer in (
        Peer(NUMPY, ("numpy",), "python -m pip install numpy"),
        Peer(ONNX_RUNTIME, ("onnxruntime", "onnx"), "python -m pip install onnxruntime onnx"),
        Peer(OPENVINO, ("openvino", "onnx"), "python -m pip install openvino onnx"),
        Peer(HEYOKA, ("heyoka",), "python -m pip install heyoka"),
        Peer(TORCH, ("torch",), f"python -m pip install torch=={TORCH_VERSION}  # {TORCH_BUILD}"),
        Peer(TORCH_COMPILED, ("torch",),
             f"python -m pip install torch=={TORCH_VERSION}  # {TORCH_BUILD}", compiler=True),
        Peer(JAX, ("jax",), "python -m pip install jax"),
        Peer(NUMBA, ("numba",), "python -m pip install numba"),
        Peer(NUMBA_TUNED, ("numba",), "python -m pip install numba"),
        Peer(FIXED_SIZES, (), "apt-get install g++", compiler=True),
        Peer(SKLEARN, ("sklearn",), "python -m pip install scikit-learn"),
        Peer(SCIPY, ("scipy",), "python -m pip install scipy"),
        Peer(SYMPY, ("sympy",), "python -m pip install sympy"),
        Peer(FLINT, ("flint",), "python -m pip install python-flint"),
        Peer(GALOIS, ("galois",), "python -m pip install galois"),
        Peer(STATSMODELS, ("statsmodels",), "python -m pip install statsmodels"),
        Peer(POLARS, ("polars",), "python -m pip install polars"),
        Peer(POLARS_DS, ("polars", "polars_ds"), "python -m pip install polars-ds"),
        Peer(POLARS_OLS, ("polars", "polars_ols"), "python -m pip install polars-ols"),
        Peer(DUCKDB, ("duckdb",), "python -m pip install duckdb"),
        Peer(ASTROPY, ("astropy",), "python -m pip install astropy"),
        Peer(REBOUND, ("rebound",), "python -m pip install rebound"),
        Peer(FAST_KEPLER, ("fast_kepler",), "python -m pip install fast-kepler"),
    )
}

# Packages that are imported under another name.
PACKAGES = {"sklearn": "scikit-learn", "flint": "python-flint",
            "fast_kepler": "fast-kepler", "polars_ds": "polars-ds", "polars_ols": "polars-ols"}

NOTES = {
    ONNX_RUNTIME: (
        "the nodes of net.to_onnx(), each activation in one node with its product, gelu in a "
        "Gelu node of its own (opset 20, by erf)"
    ),
    OPENVINO: (
        "net.to_onnx() compiled for its one batch size, float32, one stream, arrays shared; "
        "every activation, gelu by erf too, is part of the node of its product"
    ),
    HEYOKA: (
        "a cfunc in compact mode of ffnn with the weights as constants, one row a column; "
        "a cfunc of kepE"
    ),
    NUMBA: "a function that returns a new array; all steps of a training, products by BLAS",
    NUMBA_TUNED: "compiled for the one network, weights and scratch passed in one workspace",
    FIXED_SIZES: (
        "a stand-in for RTNeural, which has no package to install: bench/fixed_sizes.cpp, "
        "layer sizes known to the compiler, built for the machine it runs on; "
        "both sides are timed inside the kernel"
    ),
    SYMPY: "DomainMatrix.rref over QQ",
    FLINT: "fmpz_mat.rref and nmod_mat.rref, results left in C",
    SCIPY: "linalg.lu, a factorisation alone, where rref also solves; stats.linregress",
    STATSMODELS: "OLS(y, X).fit() with its .bse; RollingOLS",
    FAST_KEPLER: "one eccentricity a call",
    REBOUND: "M_to_E, one element a call",
    DUCKDB: "GROUP BY with regr_slope alone, from a table of its own, one thread",
    POLARS_DS: "lin_reg, coefficients alone; lin_reg_report with all tests; one thread",
    POLARS_OLS: "ols in the mode coefficients, and in the mode statistics; one thread",
    POLARS: "group_by of the sums for the slope alone, one thread",
    SKLEARN: "predict_proba of an MLPClassifier, which checks its input in every call; its fit",
    TORCH_COMPILED: "the loss and its gradient compiled, Adam fused",
    JAX: (
        "jit of a scan over steps, Adam by its formula; vmap of that over networks; jit of "
        "jacrev and hessian, and vmap of them over rows"
    ),
}


def compiler() -> str:
    """Return the C++ compiler's command."""
    return os.environ.get("CXX", "c++")


def versions() -> dict[str, str]:
    """Return the version of every library a peer is made of, of those installed."""
    found = {}
    modules = {module for peer in PEERS.values() for module in peer.modules}
    for package in sorted(PACKAGES.get(module, module) for module in modules):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@cache
def jax() -> ModuleType:
    """Import jax; bench/__init__.py has held it to one thread."""
    import jax
    import jax.numpy

    return jax


@cache
def torch() -> ModuleType:
    """Import torch and hold it to one thread."""
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    return torch
