"""Data frames and columns of pandas, polars and pyarrow as input, as scikit-learn takes them."""
import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from helpers import raises

from mathwork._arrays import as_array, as_plain, unmasked
from mathwork.activations import softmax
from mathwork.matrix import matmul, solve
from mathwork.nn import Dense, Network
from mathwork.regression import fit_line, fit_linear

NAN = np.nan


def same(array, expected, dtype):
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, np.array(expected))


@pytest.mark.parametrize(("column", "numbers"), [
    ([True, False], [1, 0]), ([True, None], [1, NAN]), ([None, None], [NAN, NAN]),
    ([1, None], [1, NAN]), ([0.5, None], [0.5, NAN]), ([2, 3], [2, 3]),
    ([Decimal("1.5"), None], [1.5, NAN])])
@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_columns_beside_floats(request, library, column, numbers):
    module = request.getfixturevalue(library)
    make = module.table if library == "pyarrow" else module.DataFrame
    frame = make({"a": column, "x": [2.5, 3.5]})
    same(as_plain(frame, "x"), np.column_stack([numbers, [2.5, 3.5]]), np.float64)
    assert as_plain(frame, "x").flags.c_contiguous


@pytest.mark.parametrize(("dtype", "column", "own"), [
    ("Int64", [1, None], "f8"), ("Int8", [1, 2], "f8"), ("UInt16", [1, None], "f8"),
    ("boolean", [True, None], "f8"), ("boolean", [True, False], "f8"),
    ("Float64", [0.5, None], "f8"), ("Float32", [0.5, None], "f4"), ("Float32", [0.5, 2], "f4"),
    ("int64[pyarrow]", [1, None], "f8"), ("double[pyarrow]", [0.5, None], "f8"),
    ("float[pyarrow]", [0.5, 2], "f4"), ("bool[pyarrow]", [True, None], "f8"),
    ("category", [3, 4], "f8")])
def test_dtypes_of_pandas(pandas, dtype, column, own):
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    series = pandas.Series(column, dtype=dtype)
    numbers = np.array([NAN if each is None else each for each in column])
    same(as_plain(series, "x"), numbers, own)
    same(as_plain(series.array, "x"), numbers, own)
    same(as_plain(series.to_frame(), "x"), numbers[:, None], own)
    beside = pandas.DataFrame({"a": series, "b": [True, False], "c": [0.5, 1.5]})
    same(as_plain(beside, "x"), np.column_stack([numbers, [1, 0], [0.5, 1.5]]), np.float64)


def test_get_dummies_names_that_repeat_and_subclasses(pandas):
    class Frame(pandas.DataFrame):
        pass

    frame = pandas.get_dummies(pandas.DataFrame({"x": [1.0, 2.0], "kind": ["a", "b"]}))
    same(as_plain(frame, "x"), [[1, 1, 0], [2, 0, 1]], np.float64)
    frame.columns = ["a", "a", "a"]
    same(as_plain(Frame(frame), "x"), [[1, 1, 0], [2, 0, 1]], np.float64)


def test_frames_are_taken_as_scikit_learn_takes_them(pandas):
    check_array = pytest.importorskip("sklearn.utils").check_array
    for columns in ({"a": [True, None], "b": [1.0, 2.0]}, {"a": ["1.5", "2"], "b": [1, 2]},
                    {"a": [1, None], "b": [True, False]}, {"a": np.array([1, 2], object)},
                    {"a": pandas.array([True, None], dtype="boolean")},
                    {"a": pandas.Categorical([1, 2]), "b": [True, False]}):
        frame = pandas.DataFrame(columns)
        np.testing.assert_array_equal(as_plain(frame, "x"),
                                      check_array(frame, ensure_all_finite=False))


def test_series_and_arrays_with_gaps(polars, pyarrow):
    for column in (polars.Series([True, None]), pyarrow.array([True, None]),
                   pyarrow.chunked_array([[True], [None]])):
        same(as_plain(column, "x"), [1, NAN], np.float64)
    batch = pyarrow.record_batch({"a": pyarrow.array([True, None]), "b": pyarrow.array([1, 2])})
    same(as_plain(batch, "x"), [[1, 1], [NAN, 2]], np.float64)


def test_doors_take_frames(pandas):
    frame = pandas.DataFrame({"a": [1.0, 2.0, 4.0], "b": [True, False, True]})
    plain = np.array([[1, 1], [2, 0], [4, 1]], float)
    net = Network([Dense([[1.0, 3.0]])], dtype=np.float64)
    assert net(frame).tolist() == net(plain).tolist()
    assert net.trace(frame)[0].tolist() == net(plain).tolist()
    assert matmul(frame, [[1.0], [1.0]]).tolist() == [[2], [2], [5]]
    assert softmax(frame).tolist() == softmax(plain).tolist()
    assert solve(frame.iloc[:2], [1.0, 2.0]).x.tolist() == solve(plain[:2], [1.0, 2.0]).x.tolist()
    X = np.column_stack([np.arange(5.0), [1, 0, 0, 1, 1]])
    table = pandas.DataFrame({"x": X[:, 0], "b": X[:, 1] > 0})
    y = [1.0, 2, 2, 5, 7]
    assert fit_linear(table, y).params.tolist() == (
        fit_linear(X, y).params.tolist())
    nullable = pandas.Series([0, 1, 2], dtype="Int64")
    assert fit_line(nullable, [1.0, 3.0, 5.0]).slope == 2


@pytest.mark.parametrize(("column", "complaint"), [
    (["Paris", "Rome"], "'Paris'"), (["1", "two"], "'two'"), ([1.0, "1/2"], "'1/2'"),
    ([None, "Rome"], "'Rome'"), ([1, [2]], "[2]"), ([1 + 2j, 2], "complex128"),
    (np.array(["2020-01-01", "2020-01-02"], "M8[s]"), "datetime64[s]"),
    (np.array([1, 2], "m8[s]"), "timedelta64[s]"), ([10**400, 1], "10000000"),
    ([datetime.date(2020, 1, 1), None], "datetime.date(2020, 1, 1)")])
def test_a_column_that_cannot_be_a_number_is_named(pandas, column, complaint):
    try:
        pandas.Series(column)
    except OverflowError:
        pytest.skip("this pandas makes no column of these numbers with this NumPy")
    for columns in ({"x": [1.0, 2.0], "city": column}, {"city": column}):
        frame = pandas.DataFrame(columns)
        with pytest.raises(TypeError) as caught:
            as_array(frame, "X")
        assert str(caught.value).startswith("X must hold real numbers, its column 'city' holds "
                                            f"{complaint}")
    with pytest.raises(TypeError) as caught:
        as_array(pandas.Series(column), "y")
    assert str(caught.value).startswith(f"y must hold real numbers, it holds {complaint}")


def test_columns_of_text_in_polars_and_pyarrow(polars, pyarrow):
    for frame in (polars.DataFrame({"n": [1, 2], "city": ["Paris", "Rome"]}),
                  pyarrow.table({"n": [1, 2], "city": ["Paris", "Rome"]})):
        with raises(TypeError, "x must hold real numbers, its column 'city' holds 'Paris'"):
            Network.he((2, 1), rng=0)(frame)
    with raises(TypeError, "x must hold real numbers, got a LazyFrame: call its collect first"):
        as_array(polars.LazyFrame({"a": [1]}), "x")


def test_exact_objects_stay_objects(pandas):
    frame = pandas.DataFrame({"a": [Fraction(1, 3), Fraction(2, 3)], "b": [True, False]})
    assert unmasked(frame, "A").dtype == object
    assert matmul(frame, frame).tolist()[0][0] == Fraction(1, 9) + Fraction(2, 3)
    same(as_plain(frame, "A"), [[1 / 3, 1], [2 / 3, 0]], np.float64)


def test_empty_frames(pandas):
    for frame in (pandas.DataFrame(), pandas.DataFrame({"a": [], "b": []}),
                  pandas.DataFrame({"a": np.array([], bool), "b": np.array([], float)}),
                  pandas.DataFrame(index=[1, 2])):
        assert as_plain(frame, "x").shape == frame.shape


def test_arrays_of_objects_are_still_refused():
    for value in ([1.0, None], np.array([1, 2], object), [["a", 1.0]]):
        with pytest.raises(TypeError, match="x must hold real numbers, got dtype"):
            as_array(value, "x")
