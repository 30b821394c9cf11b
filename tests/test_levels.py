"""The choice of a level at import."""
import platform
import sys

import numpy as np
import pytest
import reference
from helpers import run_python

from mathwork import _levels
from mathwork._cpu import x86_64_level

ON_X86_64 = platform.machine() in ("x86_64", "AMD64")


def test_the_best_supported_level_is_taken():
    code = "from mathwork import _levels; print(_levels.level, _levels.core.__name__)"
    for environment in ({"MATHWORK_LEVEL": ""}, {"MATHWORK_LEVEL": _levels.supported()[0]}):
        exit_code, out, err = run_python(code, **environment)
        assert (exit_code, err) == (0, "")
        level, module = out.split()
        assert level == _levels.supported()[0]
        assert module == _levels.module_name("core", level)


@pytest.mark.parametrize("level", _levels.LEVELS)
def test_mathwork_level_forces_a_level(level):
    code = "import mathwork; mathwork.show_runtime()"
    exit_code, out, err = run_python(code, MATHWORK_LEVEL=level)
    if level in _levels.supported():
        shown = dict(line.split(maxsplit=1) for line in out.splitlines())
        assert (exit_code, err) == (0, "") and shown["level"] == level
    else:
        assert exit_code == 1 and not out
        assert err.splitlines()[-1] == (
            f"ImportError: MATHWORK_LEVEL must be one of {', '.join(_levels.supported())} "
            f"on this machine and build, got {level!r}")


@pytest.mark.parametrize("wrong", ["v5", "V3", "avx2", "baseline ", "_core", "0"])
def test_a_misspelt_level_is_an_import_error_that_names_the_others(wrong):
    exit_code, out, err = run_python("import mathwork", MATHWORK_LEVEL=wrong)
    assert exit_code == 1 and not out
    assert err.splitlines()[-1] == (
        f"ImportError: MATHWORK_LEVEL must be one of {', '.join(_levels.supported())} "
        f"on this machine and build, got {wrong!r}")


def test_only_one_level_is_loaded():
    code = ("import sys, mathwork; from mathwork import _levels; "
            "print(*sorted(set(sys.modules) & {_levels.module_name(topic, level) "
            "for topic in _levels.TOPICS for level in _levels.LEVELS}))")
    for level in _levels.supported():
        assert run_python(code, MATHWORK_LEVEL=level)[1].split() == sorted(
            _levels.module_name(topic, level) for topic in _levels.TOPICS)


def test_levels_are_named_best_first():
    assert list(_levels.LEVELS) == ["v4", "v3", "baseline"]
    assert _levels.supported() == [name for name in _levels.LEVELS
                                   if name in _levels.supported()]
    assert "baseline" in _levels.supported()


@pytest.mark.skipif(not (ON_X86_64 and sys.platform == "linux"), reason="reads /proc/cpuinfo")
def test_the_processor_s_level_is_what_linux_says():
    with open("/proc/cpuinfo") as file:
        flags = next(set(line.split(":")[1].split()) for line in file if line.startswith("flags"))
    # x86-64 psABI, table 3.1, in the names of Linux; lzcnt is called abm there.
    v2 = {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"}
    v3 = v2 | {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}
    v4 = v3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    expected = 4 if v4 <= flags else 3 if v3 <= flags else 2 if v2 <= flags else 1
    assert x86_64_level() == expected


@pytest.mark.skipif(ON_X86_64, reason="has levels")
def test_there_is_one_level_elsewhere():
    assert x86_64_level() == 0 and _levels.supported() == ["baseline"]


def test_geometry_is_that_of_the_level(kernels):
    lanes = kernels.geometry["F32_LANES"]
    assert lanes in (1, 2 * kernels.geometry["F64_LANES"])
    if lanes > 1 and ON_X86_64:
        assert lanes == {"v4": 16, "v3": 8, "baseline": 4}[kernels.level]


def test_levels_agree_to_rounding(kernels, dtype, rng):
    # What fuses and what does not differ by at most the sum of their bounds (see reference).
    left, right = rng.normal(size=(40, 90)).astype(dtype), rng.normal(size=(50, 90)).astype(dtype)
    bound = reference.product_and_bound(left, right)[1]
    difference = np.abs(kernels.matmul(left, right.T.copy()).astype(np.longdouble)
                        - _levels.core.matmul(left, right.T.copy()))
    assert (difference <= 2 * bound).all()
