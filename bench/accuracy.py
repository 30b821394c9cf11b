"""Measure the worst error of every activation, and print the table of docs/accuracy.md.

    python -m bench.accuracy [--float32] [--float64 N] [--only NAME] [--processes N]
    python -m bench.accuracy --rank [SHARE]

Without --float32 and --float64 it does both: all 2^32 float32 values, and 10^8 float64 samples.
Half of the samples are random bit patterns, so they have every exponent; the other half is dense
where the functions bend. The reference is NumPy's float64 for float32, and long double for
float64, through expm1, log1p and the C library's erfc. A few lines of C call erfc; without a C
compiler gelu is skipped.

An error is in units in the last place of the exact result. NaN must give NaN, and infinity the
limit of the function; any other result counts as an infinite error.

With --rank it counts wrong ranks of the sets of matrices in tests/rank_sets.py, or of a share of
them, for rref and NumPy's matrix_rank.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import ctypes
import functools
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.report import aligned
from mathwork import _levels, activations, matrix

CHUNK = 1 << 18  # a chunk's arrays stay in cache
SELU_SCALE, SELU_ALPHA = "1.0507009873554804934193349852946", "1.6732632423543772848170429916717"
PI = "3.14159265358979323846264338327950288"
SAMPLES = 1e8  # of float64, where nothing else is asked for

C_SOURCE = """
#include <math.h>
void erfc_double(long n, const double *x, double *y)
{ for (long i = 0; i < n; i++) y[i] = erfc(x[i]); }
void erfc_longdouble(long n, const long double *x, long double *y)
{ for (long i = 0; i < n; i++) y[i] = erfcl(x[i]); }
"""


class Worst(NamedTuple):
    """The largest error found, in units in the last place, and its argument."""

    error: float
    x: float


# ---- references, in the precision of their argument ----

@functools.cache
def c_library() -> ctypes.CDLL | None:
    """Compile and load `C_SOURCE`; return None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "erfc.c"), Path(folder, "erfc.so")
        source.write_text(C_SOURCE)
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", source, "-o", library, "-lm"],
                       check=True)
        return ctypes.CDLL(str(library))


def erfc(x: np.ndarray) -> np.ndarray:
    """Return the complementary error function by the C library."""
    x = np.ascontiguousarray(x)
    result = np.empty_like(x)
    function = getattr(c_library(), f"erfc_{'double' if x.dtype == np.float64 else 'longdouble'}")
    function(ctypes.c_long(x.size), ctypes.c_void_p(x.ctypes.data),
             ctypes.c_void_p(result.ctypes.data))
    return result


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0)"""
    return np.maximum(x, 0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x), by e^-|x|"""
    tail = np.exp(-np.abs(x))
    return np.where(x < 0, tail, 1) / (1 + tail)


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + e^x), by e^-|x|"""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def silu(x: np.ndarray) -> np.ndarray:
    """x / (1 + e^-x)"""
    return np.where(x == -np.inf, -0.0, x * sigmoid(x))


def mish(x: np.ndarray) -> np.ndarray:
    tail = np.exp(-np.abs(x))
    above = (1 + 2 * tail) / (1 + 2 * tail * (1 + tail))
    below = tail * (2 + tail) / (2 + tail * (2 + tail))
    return np.where(x == -np.inf, -0.0, x * np.where(x > 0, above, below))


def gelu(x: np.ndarray) -> np.ndarray:
    """x erfc(-x / sqrt 2) / 2"""
    root = np.sqrt(x.dtype.type(0.5))
    return np.where(x == -np.inf, -0.0, x * (erfc(-x * root) / 2))


def elu(x: np.ndarray) -> np.ndarray:
    """x above 0, e^x - 1 below"""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def selu(x: np.ndarray) -> np.ndarray:
    """scale x above 0, scale alpha (e^x - 1) below"""
    scale, alpha = x.dtype.type(SELU_SCALE), x.dtype.type(SELU_ALPHA)
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def leaky_relu(x: np.ndarray) -> np.ndarray:
    """x above 0, x / 4 below"""
    return np.where(x > 0, x, x * x.dtype.type(0.25))


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """x / (1 + e^-z), z = (8 / pi)^(1/2) (x + 0.044715 x^3), by e^-|z|"""
    kind = x.dtype.type
    near = np.clip(x, -1e3, 1e3)
    z = np.sqrt(8 / kind(PI)) * (near + kind("0.044715") * near**3)
    tail = np.exp(-np.abs(z))
    return np.where(x == -np.inf, -0.0, x * (np.where(z < 0, tail, 1) / (1 + tail)))


def log_sigmoid(x: np.ndarray) -> np.ndarray:
    """-log(1 + e^-x), by e^-|x|"""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def softsign(x: np.ndarray) -> np.ndarray:
    """x / (1 + |x|)"""
    return np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x)))


def hardsigmoid(x: np.ndarray) -> np.ndarray:
    """min(max(x + 3, 0), 6) / 6"""
    return np.minimum(np.maximum(x + 3, 0), 6) / 6


def hardswish(x: np.ndarray) -> np.ndarray:
    """x hardsigmoid(x)"""
    return np.where(x == -np.inf, -0.0, x * hardsigmoid(x))


def celu(x: np.ndarray) -> np.ndarray:
    """x above 0, 3/2 (e^(x / (3/2)) - 1) below"""
    alpha = x.dtype.type(1.5)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def softplus_with_beta(x: np.ndarray) -> np.ndarray:
    """log(1 + e^(5 x / 2)) / (5 / 2)"""
    beta = x.dtype.type(2.5)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(beta * x))) / beta


def apply(name: str, parameters: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """Return the activation of a layer, which need not be a public function."""
    y = x.copy()
    _levels.core.activate_in_place(name, parameters, y)
    return y


# name: (function, reference)
CASES = {
    "sigmoid": (activations.sigmoid, sigmoid),
    "tanh": (activations.tanh, np.tanh),
    "softplus": (activations.softplus, softplus),
    "silu": (activations.silu, silu),
    "mish": (activations.mish, mish),
    "gelu": (activations.gelu, gelu),
    "selu": (activations.selu, selu),
    "elu": (activations.elu, elu),
    "relu": (activations.relu, relu),
    "leaky_relu": (functools.partial(activations.leaky_relu, slope=0.25), leaky_relu),
    "gelu_tanh": (activations.gelu_tanh, gelu_tanh),
    "log_sigmoid": (activations.log_sigmoid, log_sigmoid),
    "exp": (activations.exp, np.exp),
    "softsign": (activations.softsign, softsign),
    "hardsigmoid": (activations.hardsigmoid, hardsigmoid),
    "hardswish": (activations.hardswish, hardswish),
    "relu6": (activations.relu6, lambda x: np.minimum(relu(x), 6)),
    "hardtanh": (activations.hardtanh, lambda x: np.minimum(np.maximum(x, -1), 1)),
    "celu": (functools.partial(activations.celu, alpha=1.5), celu),
    "softplus(2.5)": (functools.partial(apply, "softplus", (2.5,)), softplus_with_beta),
}


# ---- errors ----

def binade(x: np.ndarray) -> np.ndarray:
    """Return the power of two at or below |x|, 0 for 0."""
    if x.dtype == np.float64:
        return (x.view(np.int64) & 0x7FF0000000000000).view(np.float64)
    return np.ldexp(x.dtype.type(0.5), np.frexp(x)[1])


def errors_in_ulp(result: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Return |result - exact| in units in the last place of the type of `result`.

    It is infinite for a wrong NaN, infinity or limit.
    """
    info = np.finfo(result.dtype)
    ulp = np.maximum(binade(exact) * info.eps.astype(exact.dtype),
                     exact.dtype.type(info.smallest_subnormal))
    errors = np.abs(result.astype(exact.dtype) - exact) / ulp
    rounded = exact.astype(result.dtype)
    special = np.flatnonzero(~(np.isfinite(rounded) & np.isfinite(errors)))
    result, rounded = result[special], rounded[special]
    errors[special] = np.where((result == rounded) | (np.isnan(result) & np.isnan(rounded)),
                               0, np.inf)
    return errors


def float32_chunk(start: int) -> np.ndarray:
    """Return the `CHUNK` float32 values whose bit patterns begin at `start`."""
    return np.arange(start, start + CHUNK, dtype=np.uint64).astype(np.uint32).view(np.float32)


def float64_chunk(seed: int) -> np.ndarray:
    """Return `CHUNK` float64 samples: bit patterns, around 0, and the tails of exponentials."""
    rng = np.random.default_rng(seed)
    quarter = CHUNK // 4
    x = np.empty(CHUNK)
    x[:2 * quarter] = rng.integers(0, 2**64, 2 * quarter, dtype=np.uint64).view(np.float64)
    x[2 * quarter:3 * quarter] = rng.standard_normal(quarter) * rng.choice([0.3, 3, 10])
    x[3 * quarter:] = rng.uniform(-750, 40, quarter)
    return x


# dtype: (what makes a chunk, the dtype of its reference)
CHUNKS = {"float32": (float32_chunk, np.float64), "float64": (float64_chunk, np.longdouble)}


def worst_of_chunk(dtype: str, start: int, names: list[str]) -> list[Worst]:
    """Return the worst value of one chunk, for each function."""
    make, wide = CHUNKS[dtype]
    x = make(start)
    found = []
    with np.errstate(all="ignore"):
        for name in names:
            function, reference = CASES[name]
            errors = errors_in_ulp(function(x), reference(x.astype(wide)))
            at = int(np.argmax(errors))
            found.append(Worst(float(errors[at]), x[at]))
    return found


def measure(dtype: str, starts: range, names: list[str], processes: int) -> list[Worst]:
    """Return the worst value of all chunks, for each function."""
    worst = [Worst(-1.0, math.nan)] * len(names)
    work = functools.partial(worst_of_chunk, dtype, names=names)
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        for found in pool.map(work, starts, chunksize=16):
            worst = [max(pair, key=lambda one: one.error)
                     for pair in zip(worst, found, strict=True)]
    return worst


# ---- the command ----

def table(names: list[str], worst: dict[str, list[Worst]]) -> str:
    """Return the Markdown table of errors: a line for each dtype."""
    return aligned(("", *names), [
        (dtype, *(f"{error:.2f}" if error else "0" for error, _ in found))
        for dtype, found in worst.items()
    ])


def arguments(names: list[str], worst: dict[str, list[Worst]]) -> str:
    """Return a line for each dtype: the arguments of the errors."""
    return "\n".join(
        f"{dtype}: " + ", ".join(f"{name} at {x}" for name, (error, x)
                                 in zip(names, found, strict=True) if error)
        for dtype, found in worst.items()
    )


def count_ranks(share: float) -> None:
    """Print how many ranks are wrong, wrong without a flag, and flagged, set by set."""
    sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests"))
    import rank_sets

    print(f"{'set':38}{'cases':>8}{'wrong':>8}{'unflagged':>11}{'flagged':>9}{'NumPy':>8}")
    for name, make in (*rank_sets.every(share), *rank_sets.every_complex(share)):
        cases = list(make(rng=np.random.default_rng(16)))
        found = rank_sets.counts(matrix.rref, cases)
        found_ranks = [(np.linalg.matrix_rank(A), len(A), rank) for A, rank, _ in cases]
        peer = sum(found == n if rank is None else found != rank for found, n, rank in found_ranks)
        print(f"{name:38}{found[0]:8}{found[1]:8}{found[2]:11}{found[3]:9}{peer:8}", flush=True)


def main() -> None:
    """Measure what is asked for and print the table."""
    options = _options()
    if options.rank is not None:
        count_ranks(options.rank)
        return
    names = options.only or list(CASES)
    if "gelu" in names and c_library() is None:
        print("gelu skipped: no C compiler for its reference", file=sys.stderr)
        names.remove("gelu")
    both = not options.float32 and options.float64 is None
    starts = {}
    if options.float32 or both:
        starts["float32"] = range(0, 2**32, CHUNK)
    if options.float64 or both:
        starts["float64"] = range(math.ceil((options.float64 or SAMPLES) / CHUNK))
    worst = {dtype: measure(dtype, chunks, names, options.processes)
             for dtype, chunks in starts.items()}
    values = " and ".join(f"{len(chunks) * CHUNK:,} {dtype} values"
                          for dtype, chunks in starts.items())
    print(f"Level {_levels.level}, {values}:\n\n{table(names, worst)}\n\n"
          f"{arguments(names, worst)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--float32", action="store_true", help="every float32 value")
    parser.add_argument("--float64", type=float, metavar="N", help="N float64 samples")
    parser.add_argument("--only", action="append", choices=CASES, metavar="NAME")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--rank", type=float, nargs="?", const=1.0, metavar="SHARE",
                        help="ranks of matrices instead, of this share of the sets")
    return parser.parse_args()


if __name__ == "__main__":
    main()
