"""Worst error of every activation: all 2^32 float32 values, and sampled float64 values.

    python -m bench.accuracy [--float32] [--float64 N] [--only NAME] [--processes N]

Without --float32 and --float64 it does both, with 10^8 float64 samples: half of them random bit
patterns (so every exponent), half dense where the functions bend. The reference is NumPy's
float64 for float32, and long double for float64, through expm1, log1p and the C library's erfc
(a few lines of C compiled on the spot: gelu is skipped where there is no compiler). Errors are
in units in the last place of the exact result. NaN must give NaN, and infinities the limits.
"""
import argparse
import concurrent.futures
import ctypes
import functools
import math
import os
import shutil
import subprocess
import tempfile
import time

import numpy as np

from mathwork import _levels, activations

CHUNK = 1 << 18     # a chunk's arrays stay in cache
SELU_SCALE, SELU_ALPHA = "1.0507009873554804934193349852946", "1.6732632423543772848170429916717"
C_SOURCE = """
#include <math.h>
void erfc_double(long n, const double *x, double *y)
{ for (long i = 0; i < n; i++) y[i] = erfc(x[i]); }
void erfc_longdouble(long n, const long double *x, long double *y)
{ for (long i = 0; i < n; i++) y[i] = erfcl(x[i]); }
"""


@functools.cache
def c_library():
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = os.path.join(folder, "erfc.c"), os.path.join(folder, "erfc.so")
        with open(source, "w") as file:
            file.write(C_SOURCE)
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", source, "-o", library, "-lm"],
                       check=True)
        return ctypes.CDLL(library)


def erfc(x):
    x = np.ascontiguousarray(x)
    result = np.empty_like(x)
    function = getattr(c_library(), f"erfc_{'double' if x.dtype == np.float64 else 'longdouble'}")
    function(ctypes.c_long(x.size), ctypes.c_void_p(x.ctypes.data),
             ctypes.c_void_p(result.ctypes.data))
    return result


def sigmoid(x):
    tail = np.exp(-np.abs(x))
    return np.where(x < 0, tail, 1) / (1 + tail)


def silu(x):
    return np.where(x == -np.inf, -0.0, x * sigmoid(x))


def gelu(x):
    root = np.sqrt(x.dtype.type(0.5))
    return np.where(x == -np.inf, -0.0, x * (erfc(-x * root) / 2))


def selu(x):
    scale, alpha = x.dtype.type(SELU_SCALE), x.dtype.type(SELU_ALPHA)
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


# name: (function, reference in the precision of its argument)
CASES = {
    "relu": (activations.relu, lambda x: np.maximum(x, 0)),
    "sigmoid": (activations.sigmoid, sigmoid),
    "tanh": (activations.tanh, np.tanh),
    "softplus": (activations.softplus, lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))),
    "silu": (activations.silu, silu),
    "gelu": (activations.gelu, gelu),
    "selu": (activations.selu, selu),
    "elu": (activations.elu, lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
    "leaky_relu": (functools.partial(activations.leaky_relu, slope=0.25),
                   lambda x: np.where(x > 0, x, x * x.dtype.type(0.25))),
}


def binade(x):
    """The power of two at or below |x|, 0 for 0."""
    if x.dtype == np.float64:
        return (x.view(np.int64) & 0x7FF0000000000000).view(np.float64)
    return np.ldexp(x.dtype.type(0.5), np.frexp(x)[1])


def errors_in_ulp(result, exact):
    """|result - exact| in units in the last place of the type of `result`; inf for a wrong NaN,
    infinity or limit."""
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


def float32_chunk(start):
    return np.arange(start, start + CHUNK, dtype=np.uint64).astype(np.uint32).view(np.float32)


def float64_chunk(seed):
    rng = np.random.default_rng(seed)
    quarter = CHUNK // 4
    x = np.empty(CHUNK)
    x[:2 * quarter] = rng.integers(0, 2**64, 2 * quarter, dtype=np.uint64).view(np.float64)
    x[2 * quarter:3 * quarter] = rng.standard_normal(quarter) * rng.choice([0.3, 3, 10])
    x[3 * quarter:] = rng.uniform(-750, 40, quarter)
    return x


def worst_of_chunk(dtype_name, start, names):
    """{name: (error, x, result)} of the worst value of one chunk."""
    worst = {}
    with np.errstate(all="ignore"):
        x = float32_chunk(start) if dtype_name == "float32" else float64_chunk(start)
        wide = x.astype(np.float64 if dtype_name == "float32" else np.longdouble)
        for name in names:
            function, reference = CASES[name]
            result = function(x)
            errors = errors_in_ulp(result, reference(wide))
            at = int(np.argmax(errors))
            worst[name] = float(errors[at]), x[at], result[at]
    return worst


def measure(dtype_name, starts, names, processes):
    began = time.perf_counter()
    worst = dict.fromkeys(names, (-1.0, math.nan, math.nan))
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        for chunk in pool.map(functools.partial(worst_of_chunk, dtype_name, names=names), starts,
                              chunksize=16):
            for name in names:
                worst[name] = max(worst[name], chunk[name], key=lambda entry: entry[0])
    print(f"\n{dtype_name}, level {_levels.level}, {len(starts) * CHUNK:,} values, "
          f"{time.perf_counter() - began:.0f} s")
    for name, (error, x, result) in worst.items():
        print(f"  {name:12} {error:7.4f} ulp at {x!r} -> {result!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--float32", action="store_true", help="every float32 value")
    parser.add_argument("--float64", type=float, metavar="N", help="N float64 samples")
    parser.add_argument("--only", action="append", choices=CASES, metavar="NAME")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    names = arguments.only or list(CASES)
    if "gelu" in names and c_library() is None:
        print("gelu skipped: no C compiler for its reference")
        names.remove("gelu")
    both = not arguments.float32 and arguments.float64 is None
    if arguments.float32 or both:
        measure("float32", range(0, 2**32, CHUNK), names, arguments.processes)
    if arguments.float64 or both:
        chunks = math.ceil((arguments.float64 or 1e8) / CHUNK)
        measure("float64", range(chunks), names, arguments.processes)


if __name__ == "__main__":
    main()
