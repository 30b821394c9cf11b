"""Network.to_c: the files compile without a warning, and compute the bits of the kernels."""
import ctypes
import itertools
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import ACTIVATIONS, every_activation, network_of, raises, same_bits
from levels import all_kernels
from test_bits import is_fused
from test_norms import norm_of, random_block

from mathwork.nn import Dense, LayerNorm, Network, RMSNorm
from mathwork.nn.formats.c import identifier

CC = shutil.which(os.environ.get("CC", "cc"))
CXX = shutil.which("c++")
STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
needs_cc = pytest.mark.skipif(CC is None or sys.platform == "win32", reason="needs a C compiler")
COUNTER = itertools.count()
TOOL = Path(__file__).parents[1] / "tools" / "c_formulas.py"


def levels_to_compare():
    """{flag: kernels}: a level with fused multiply-add, and a level without, as far as they exist

    The flag lets the compiler use what the level uses.
    """
    x86 = platform.machine() in ("x86_64", "AMD64")
    found = {is_fused(kernels): kernels for kernels in all_kernels().values()}
    flags = {True: "-mfma" if x86 else "-O2", False: "-mno-fma" if x86 else "-O2"}
    return {flags[fused]: kernels for fused, kernels in found.items()}


def compiled(net, folder, *flags, name="net"):
    """The function of the network in C: from an array of rows to an array of rows"""
    net.to_c(folder / name)
    function = identifier(name)
    library = folder / f"{name}-{next(COUNTER)}.so"     # a name that was loaded is not loaded again
    subprocess.run([CC, "-std=c99", *STRICT, "-shared", "-fPIC", *flags, "-o", library,
                    folder / f"{name}.c", "-lm"], check=True)
    row = ctypes.CDLL(library)[function]
    row.restype = None
    pointer = ctypes.POINTER(ctypes.c_float if net.dtype == np.float32 else ctypes.c_double)

    def call(x):
        x = np.ascontiguousarray(x, net.dtype)
        y = np.empty((len(x), net.sizes[-1]), net.dtype)
        for before, after in zip(x, y, strict=True):
            row(before.ctypes.data_as(pointer), after.ctypes.data_as(pointer))
        return y
    return call


def assert_same_bits(layers, x, folder, level="-O3"):
    for flags, kernels in levels_to_compare().items():
        net = Network(layers, dtype=x.dtype)
        found = compiled(net, folder, level, flags)(x)
        expected = network_of(kernels, net.layers, net.dtype)(x)
        nan = np.isnan(expected)            # of a NaN, the sign and the payload are not promised
        assert (nan == np.isnan(found)).all()
        assert same_bits(np.where(nan, 0, found), np.where(nan, 0, expected)), (flags, net)


def hostile_rows(rng, rows, n, dtype):
    x = rng.normal(size=(rows, n), scale=5).astype(dtype)
    x[::5] *= dtype.type(1e4)
    x[1::5] *= dtype.type(1e-6)
    x[2, 0], x[3, -1], x[4, 0] = np.nan, np.inf, -np.inf
    x[5], x[6] = 0, -0.0
    return x


@needs_cc
@every_activation
def test_activations_have_the_bits_of_the_kernels(dtype, rng, tmp_path, activation):
    n = 40
    x = hostile_rows(rng, 60, n, dtype)
    x[10:20] = np.linspace(-30, 30, 10 * n).reshape(10, n)
    x[20:30] = np.linspace(-800, 800, 10 * n).reshape(10, n)
    x[30:40] = np.geomspace(1e-30, 1e30, 10 * n).reshape(10, n)
    x[40:50] = -x[30:40]
    assert_same_bits([Dense(np.eye(n), None, activation)], x, tmp_path, "-O1")


@needs_cc
def test_random_networks_have_the_bits_of_the_kernels(dtype, tmp_path):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        sizes = np.exp(rng.uniform(0, np.log(400), rng.integers(2, 6))).astype(int).tolist()
        layers = [Dense(rng.normal(size=(n_out, n_in), scale=n_in ** -0.5).astype(dtype),
                        rng.normal(size=n_out).astype(dtype),
                        ACTIVATIONS[rng.integers(len(ACTIVATIONS))])
                  for n_in, n_out in itertools.pairwise(sizes)]
        assert_same_bits(layers, rng.normal(size=(7, sizes[0])).astype(dtype), tmp_path)


@needs_cc
def test_norms_and_residuals_have_the_bits_of_the_kernels(dtype, tmp_path):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 60))
        x = rng.normal(size=(9, n)).astype(dtype)
        assert_same_bits(random_block(rng, n, dtype), x, tmp_path)
    for n in (1, 7, 16, 17, 300, 1000):
        top = dtype.type(np.finfo(dtype).max)
        x = np.concatenate([hostile_rows(rng, 7, n, dtype), rng.normal(size=(2, n)) / 64 * top,
                            rng.normal(size=(2, n)) / top]).astype(dtype)
        for kind in (LayerNorm, RMSNorm):
            for eps in (0, 1e-5):
                assert_same_bits([norm_of(kind, n, dtype, rng, eps=eps)], x, tmp_path)


@needs_cc
@pytest.mark.parametrize("standard", ["c99", "c11", "gnu17"])
@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3"])
def test_every_standard_compiles_without_a_warning(tmp_path, standard, level, rng, dtype):
    net = Network([norm_of(LayerNorm, 5, dtype, rng), *random_block(rng, 5, dtype)], dtype=dtype)
    x = rng.normal(size=(5, 5)).astype(dtype)
    for flag in levels_to_compare():        # GCC's own dialect would fuse what is not to be fused
        expected = compiled(net, tmp_path, "-O2", flag)(x)
        found = compiled(net, tmp_path, level, f"-std={standard}", flag)(x)
        assert same_bits(found, expected)


@needs_cc
@pytest.mark.skipif(CXX is None, reason="needs a C++ compiler")
def test_the_files_are_also_c_plus_plus(tmp_path, rng, dtype):
    layers = [Dense(rng.normal(size=(5, 5)), None, each) for each in ACTIVATIONS]
    Network([*layers, *random_block(rng, 5, dtype)], dtype=dtype).to_c(tmp_path / "net.c")
    subprocess.run([CXX, "-std=c++17", *STRICT, "-x", "c++", "-c", tmp_path / "net.c", "-o",
                    tmp_path / "net.o"], check=True)
    (tmp_path / "main.cpp").write_text('#include "net.h"\n#include "net.h"\n'
                                       "int main() { return NET_N_IN - NET_N_OUT; }\n")
    subprocess.run([CXX, "-std=c++98", *STRICT, tmp_path / "main.cpp", "-o", tmp_path / "main"],
                   check=True)


@needs_cc
def test_a_program_with_its_own_memory(tmp_path):
    net = Network([Dense([[1, 1], [1, -1]], [0, 0], "relu"), Dense([[1, 1], [2, 0]])])
    net.to_c(tmp_path / "my net-2.c")
    (tmp_path / "main.c").write_text("""
        #include <stdio.h>
        #include "my net-2.h"
        int main(void)
        {
            float x[MY_NET_2_N_IN] = {3, 5}, scratch[MY_NET_2_SCRATCH];
            my_net_2_in(x, x, scratch);         /* y may be x */
            printf("%g %g\\n", x[0], x[1]);
            return 0;
        }
    """)
    subprocess.run([CC, "-std=c99", *STRICT, tmp_path / "main.c", tmp_path / "my net-2.c", "-lm",
                    "-o", tmp_path / "main"], check=True)
    assert subprocess.run([tmp_path / "main"], capture_output=True, check=True
                          ).stdout == b"8 16\n"


@needs_cc
def test_weights_that_are_not_ordinary(tmp_path, dtype):
    info = np.finfo(dtype)
    numbers = np.array([0.0, -0.0, info.tiny, info.smallest_subnormal, -info.max, info.eps, 0.1,
                        np.inf, -np.inf, np.nan, 1, 123456789, 2 ** 24 + 1], dtype)
    # -0.0 + -0.0 is -0.0, so nothing is lost
    net = Network([Dense(np.full((len(numbers), 1), -0.0), numbers)], dtype=dtype)
    found = compiled(net, tmp_path)([[0.0]])[0]
    nan = np.isnan(numbers)
    assert np.isnan(found[nan]).all()
    assert same_bits(found[~nan], numbers[~nan])


def test_the_formulas_are_those_of_the_kernels():
    assert subprocess.run([sys.executable, TOOL, "--check"], check=False).returncode == 0


def test_it_writes_nothing_but_two_files(tmp_path):
    Network([Dense([[1.0]])]).to_c(tmp_path / "net")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["net.c", "net.h"]
    first = (tmp_path / "net.c").read_text()
    Network([Dense([[1.0]])]).to_c(str(tmp_path / "net.C"))
    assert (tmp_path / "net.c").read_text() == first
    assert str(tmp_path) not in first


@pytest.mark.parametrize(("stem", "name"), [
    ("net", "net"), ("my net-2", "my_net_2"), ("2nd", "net_2nd"), ("double", "net_double"),
    ("_x", "net_x"), ("größe", "gr__e"), ("a.b", "a_b"), ("class", "net_class"), ("", "net_"),
    ("exp", "net_exp"), ("sqrtf", "net_sqrtf"), ("memcpy", "net_memcpy"), ("x", "net_x"),
    ("weight_0", "net_weight_0"), ("mw_dense", "net_mw_dense"), ("linux", "net_linux")])
def test_names_of_functions(stem, name):
    assert identifier(stem) == name


@needs_cc
@pytest.mark.parametrize("name", ["exp", "y", "row_0", "mw_dense", "double", "2", "main", "sum",
                                  "printf", "log1p", "policy"])
def test_names_that_c_has_already(tmp_path, name):
    net = Network([Dense([[2.0, 1.0]], None, "log_softmax"), Dense([[1.0]], None, "exp")])
    assert compiled(net, tmp_path, name=name)([[1, 2]]).tolist() == [[1.0]]


def test_names_that_cannot_be_included(tmp_path):
    for name in ('a"b', "a\\b", "a\nb", ".c"):
        with pytest.raises(ValueError, match="path must end in the name of a file, without quotes"):
            Network([Dense([[1.0]])]).to_c(tmp_path / name)
    with raises(FileNotFoundError, f"[Errno 2] No such file or directory: "
                                   f"'{tmp_path / 'no' / 'net.h'}'"):
        Network([Dense([[1.0]])]).to_c(tmp_path / "no" / "net.c")
