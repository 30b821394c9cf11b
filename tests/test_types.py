"""The types that a user sees: what mypy makes of calls, and that the values are of these types."""
import re
import runpy
import site
import sys
import types
import typing
from pathlib import Path

import numpy as np
import pytest

import mathwork

CASES = Path(__file__).parent / "typing_cases.py"


# ---- to mypy ----

@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """A function that gives what mypy says of a file of user code."""
    api = pytest.importorskip("mypy.api", reason="types are checked by mypy")
    folder = tmp_path_factory.mktemp("mypy")
    config = folder / "mypy.ini"
    home = Path(mathwork.__file__).parents[1]
    # An installed package is found without this, and mypy refuses to be told of its folder.
    path = "" if str(home) in site.getsitepackages() else f"mypy_path = {home}\n"
    config.write_text(f"[mypy]\nstrict = true\n{path}")

    def check(file):
        report, errors, _ = api.run(["--config-file", str(config), "--cache-dir", str(folder),
                                     "--python-executable", sys.executable, str(file)])
        assert errors == ""
        return report

    return check


def test_mypy_sees_these_types(mypy):
    assert mypy(CASES) == "Success: no issues found in 1 source file\n"


def test_mypy_would_tell_if_a_result_were_another_or_any(mypy, tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text("""
from typing import Any, assert_type
from mathwork.orbit import circular_speed
speed: Any = circular_speed(1e11, mu=1e20)
assert_type(circular_speed(1e11, mu=1e20), int)
assert_type(speed, float)
""")
    assert re.findall(r'wrong.py:(\d): error: .* "(\w+)", not "\w+"', mypy(file)) == [
        ("5", "float"), ("6", "Any")]


def test_mypy_tells_of_wrong_arguments(mypy, tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text("""
from mathwork.nn import Dense, Network
from mathwork.regression import fit_linear, fit_line
Dense([[1]], activation="sigmoidal")
Network([Dense([[1]])], dtyp=float)
fit_linear([[1]], [1], nan_policy="ignore")
fit_line([1], [1]).slop
""")
    lines = re.findall(r"wrong.py:(\d): error", mypy(file))
    assert sorted(set(lines)) == ["4", "5", "6", "7"]


# ---- in fact ----

ALIAS = getattr(typing, "TypeAliasType", ())     # of Python 3.12 and newer


def is_of(value, kind):
    """Whether a value is of a type, as an annotation has it."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if kind is typing.Any:
        return True
    if isinstance(origin or kind, ALIAS):       # of the statement `type`, also with parameters
        meant = (origin or kind).__value__
        return is_of(value, meant[parts] if parts else meant)
    if kind is None:
        return value is None
    if origin in (typing.Union, types.UnionType):
        return any(is_of(value, part) for part in parts)
    if origin is typing.Literal:
        return value in parts
    if origin is np.dtype:
        return is_of(value.type(), parts[0])
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and is_of(value.dtype, parts[1])
    if origin is tuple and isinstance(value, tuple):
        wanted = [parts[0]] * len(value) if parts[-1] is ... else parts
        return len(value) == len(wanted) and all(map(is_of, value, wanted))
    return isinstance(value, origin or kind)


def test_values_are_of_these_types(monkeypatch):
    checked = []

    def check(value, kind):
        assert is_of(value, kind), (value, kind)
        checked.append(kind)
        return value

    monkeypatch.setattr(typing, "assert_type", check)
    runpy.run_path(str(CASES))
    assert len(checked) == CASES.read_text(encoding="utf-8").count("\ntyping.assert_type(")
    assert typing.Any not in checked


@pytest.mark.parametrize(("value", "kind"), [
    (1, float), (np.float64(1), np.float32), (None, float | str), ("often", typing.Literal["once"]),
    ((1, 2.0), tuple[int, ...]), ((1,), tuple[int, int]),
    (np.ones(2), np.ndarray[typing.Any, np.dtype[np.int8]])])
def test_another_type_is_told(value, kind):
    assert not is_of(value, kind)
