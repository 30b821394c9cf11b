"""What GroupFits and RollingFits are as objects: entries, predictions, tables, copies."""
import copy
import pickle

import numpy as np
import pytest
from helpers import names_kernels, raises, same_bits

from mathwork.regression import GroupFits, LineFit, PlaneFit, RollingFits, fit_groups, fit_rolling


@pytest.fixture
def rows(rng):
    x, noise = rng.normal(size=(40, 2)), rng.normal(size=40)
    return np.array(list("badc") * 10), x, x @ [2.0, -1.0] + noise


def all_fits(rows):
    keys, X, y = rows
    return [fit_groups(keys, X[:, 0], y), fit_groups(keys, X, y),
            fit_groups(keys, X[:, 0], y, weights=np.ones(40)),
            fit_groups(keys, X[:, 0], y, intercept=False), fit_rolling(X[:, 0], y, 9),
            fit_rolling(X, y, 9), fit_rolling(X, y, halflife=4), fit_rolling(X[:, 0], y)]


def test_entries(rows):
    for fits in all_fits(rows):
        entries = list(fits)
        assert len(entries) == len(fits) == len(fits.status)
        line = len(fits.names) == 1 and fits.has_intercept
        for at in (0, 3, -1):
            entry = fits[at]
            assert type(entry) is (LineFit if line else PlaneFit)
            assert entry.nobs == fits.nobs[at] and entry.status == fits.status[at]
            if line:
                assert same_bits(np.array([entry.intercept, entry.slope]), fits.params[at])
                assert same_bits(np.float64(entry.stderr), fits.stderr[at])
            else:
                assert same_bits(entry.params, fits.params[at])
                assert same_bits(np.float64(entry.rsquared), fits.rsquared[at])
        for part in (slice(1, 4), [2, 0], np.arange(len(fits)) % 2 == 0):
            some = fits[part]
            assert type(some) is type(fits) and some.names == fits.names
            for name in ("params", "bse", "tvalues", "rsquared", "nobs", "status", "df_resid"):
                assert same_bits(getattr(some, name), getattr(fits, name)[part])
            assert len(some) == len(fits.status[part])
        with pytest.raises(IndexError):
            fits[len(fits)]
        with pytest.raises(TypeError, match="fits are indexed by integers, slices and arrays"):
            fits["a"]


def test_groups_by_key(rows):
    keys, X, y = rows
    for fits in (fit_groups(keys, X, y), fit_groups(keys, X[:, 0], y)):
        at = fits.keys.tolist().index("d")
        assert fits.of("d").nobs == fits.nobs[at] == 10
        assert fits[[at]].keys.tolist() == ["d"]
        with pytest.raises(KeyError, match="z"):
            fits.of("z")
    assert fit_groups([7, 3, 7], [1, 2, 3], [1, 2, 3]).of(7).slope == 1
    days = np.array(["2024-02-24", "2024-02-24", "2024-03-01"], "M8[D]")
    for unit in ("D", "ns"):
        fits = fit_groups(days.astype(f"M8[{unit}]"), [1, 2, 3], [1, 2, 3])
        for key in (days[0], days[0].astype("M8[us]"), days[0].item()):
            assert fits.of(key).nobs == 2
        assert fits.predict(days[:2], [5, 6]).tolist() == [5, 6]
    tuples = np.empty(3, object)
    tuples[:] = [(1, 2), (1, 2), (3, 4)]
    assert fit_groups(tuples, [1, 2, 3], [1, 2, 3]).of((1, 2)).slope == 1


def test_predictions(rows):
    keys, X, y = rows
    for x in (X, X[:, 0]):
        fits = fit_groups(keys, x, y)
        found = fits.predict(keys, x)
        for key in "abcd":
            part = keys == key
            expected = np.column_stack([np.ones(10), x[part]]) @ fits.params[
                fits.keys.tolist().index(key)]
            np.testing.assert_allclose(found[part], expected, rtol=1e-12)
        assert np.isnan(fits.predict(["z"], x[:1])).all()
        windows = fit_rolling(x, y, 9)
        expected = windows.params[:, 0] + (windows.params[:, 1:] * x.reshape(40, -1)).sum(axis=1)
        np.testing.assert_allclose(windows.predict(x)[8:], expected[8:], rtol=1e-12)
    with raises(ValueError, "keys must have shape (2,) to match x, got (1,)"):
        fits.predict(["a"], [1, 2])
    with raises(ValueError, "x must have 40 rows, one for each window, got 3"):
        windows.predict([1, 2, 3])


def test_rows_to_predict_have_the_columns_of_the_fit(rows):
    pandas = pytest.importorskip("pandas")
    keys, X, y = rows
    frame = pandas.DataFrame(X, columns=["column 0", "column 1"])
    fits, windows = fit_groups(keys, frame, y), fit_rolling(frame, y, 9)
    np.testing.assert_array_equal(fits.predict(keys, frame), fits.predict(keys, X))
    turned = frame[frame.columns[::-1]]
    message = ("x must have the columns 'column 0', 'column 1' as the fit has, "
               "got 'column 1', 'column 0'")
    with raises(ValueError, message):
        fits.predict(keys, turned)
    with raises(ValueError, message):
        windows.predict(turned)
    unnamed = fit_groups(keys, X, y)
    np.testing.assert_array_equal(unnamed.predict(keys, frame), unnamed.predict(keys, X))


def test_no_column_of_a_table_takes_the_place_of_another():
    pandas = pytest.importorskip("pandas")
    x = pandas.DataFrame([[0.0, 1, 5], [1, 0, 2], [2, 2, 3], [3, 1, 4], [1, 4, 1]])
    x.columns = ["nobs", "status", "nobs"]
    fits = fit_groups([7] * 5, x, [2, 5, 5, 8, 1])
    table = fits.to_dict()
    assert [*table] == ["keys", "nobs", "intercept", "nobs_", "status_", "nobs__",
                        "intercept_stderr", "nobs_stderr", "status_stderr", "nobs_stderr_",
                        "rsquared", "status"]
    assert table["nobs"].tolist() == [5] and table["status"].tolist() == [0]
    names = "intercept", "nobs_", "status_", "nobs__"
    assert [table[name][0] for name in names] == fits.params[0].tolist()


def test_fields_of_one_x_are_those_of_many(rows):
    keys, X, y = rows
    line, weighted = fit_groups(keys, X[:, 0], y), fit_groups(keys, X[:, 0], y, weights=[1] * 40)
    for name in ("slope", "intercept", "rvalue", "stderr", "intercept_stderr", "pvalue", "params",
                 "bse", "tvalues", "pvalues", "rsquared", "nobs", "df_resid"):
        np.testing.assert_allclose(getattr(line, name), getattr(weighted, name), rtol=1e-12)
    through = fit_groups(keys, X[:, 0], y, intercept=False)
    assert (through.intercept == 0).all() and through.params.shape == (4, 1)
    assert same_bits(through.slope, np.ascontiguousarray(through.params[:, 0]))
    many = fit_groups(keys, X, y)
    for name in ("slope", "rvalue", "pvalue"):
        with raises(AttributeError, f"{name} is a field of fits with one x, these have 2: see "
                                    "params, bse, tvalues and pvalues"):
            getattr(many, name)
    with raises(AttributeError, "'GroupFits' object has no attribute 'slopes'"):
        _ = many.slopes


def test_tables(rows):
    keys, X, y = rows
    table = fit_groups(keys, X[:, 0], y).to_dict()
    assert list(table) == ["keys", "nobs", "slope", "intercept", "rvalue", "stderr",
                           "intercept_stderr", "status"]
    assert list(fit_groups(keys, X, y).to_dict()) == [
        "keys", "nobs", "intercept", "x1", "x2", "intercept_stderr", "x1_stderr", "x2_stderr",
        "rsquared", "status"]
    assert "nobs_effective" in fit_rolling(X, y, halflife=4).to_dict()
    assert list(fit_rolling(X, y, 9, intercept=False).to_dict())[:3] == ["nobs", "x1", "x2"]


def test_frames(rows):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    keys, X, y = rows
    for frame in (pandas.DataFrame({"cm": X[:, 0], "kg": X[:, 1]}),
                  polars.DataFrame({"cm": X[:, 0], "kg": X[:, 1]})):
        fits = fit_groups(keys, frame, y)
        assert fits.names == ("cm", "kg")
        assert same_bits(fits.params, fit_groups(keys, X, y).params)
        assert fits.to_pandas()["kg_stderr"].tolist() == fits.bse[:, 2].tolist()
        assert fits.to_polars()["cm"].to_list() == fits.params[:, 1].tolist()
        assert fit_rolling(frame["cm"], y, 5).names == ("cm",)
    assert len(fit_rolling(X, y, 9).to_polars()) == 40


def test_copies_and_pickles(rows):
    for fits in all_fits(rows):
        text = pickle.dumps(fits)
        assert b"mathwork.regression" in text and not names_kernels(text)
        for other in (pickle.loads(text), copy.copy(fits), copy.deepcopy(fits)):
            assert type(other) is type(fits) and repr(other) == repr(fits)
            for name in ("params", "bse", "rsquared", "nobs", "status", "tvalues"):
                assert same_bits(getattr(other, name), getattr(fits, name))


def test_nothing_can_be_changed(rows):
    for fits in all_fits(rows):
        for name in ("params", "bse", "tvalues", "rsquared", "nobs", "status", "df_resid"):
            with pytest.raises(ValueError, match="read-only"):
                getattr(fits, name)[0] = 1
        with pytest.raises(AttributeError, match="is immutable, params cannot be set"):
            fits.params = 1
    for kind in (GroupFits, RollingFits):
        with raises(TypeError, f"{kind.__name__} are made by the functions that fit them"):
            kind()


def test_repr_of_several_x():
    fits = fit_groups([5] * 4, [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 2])
    assert repr(fits).startswith("GroupFits(\n    keys=array([5]),\n    nobs=array([4]),\n"
                                 "    params=array([[")
    assert "n_omitted" not in repr(fits)
    assert repr(fit_groups([5] * 3, [0, 1, np.nan], [0, 1, 1], nan_policy="omit")).endswith(
        "    n_omitted=1)")
