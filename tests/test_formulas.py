"""Formulas: columns as formulaic makes them, names in every table, the same fit as statsmodels."""
import pickle

import numpy as np
import pytest
from helpers import raises, run_python

from mathwork.regression import fit_linear

pytest.importorskip("formulaic")
pandas = pytest.importorskip("pandas")


@pytest.fixture
def frame(rng):
    made = pandas.DataFrame({"a": rng.normal(size=40), "b": rng.choice(list("xyz"), 40),
                             "w": rng.uniform(1, 2, 40), "firm": rng.integers(0, 6, 40)})
    made["y"] = made.a + (made.b == "y") * (2 - made.a) + rng.normal(size=40)
    return made


@pytest.mark.parametrize("formula", ["y ~ a * C(b)", "y ~ a + np.exp(a) + b", "np.exp(y) ~ a:b",
                                     "y ~ a - 1", "y ~ 0 + a + firm", "y ~ 1"])
def test_fits_are_those_of_statsmodels(frame, formula):
    smf = pytest.importorskip("statsmodels.formula.api")
    theirs = smf.wls(formula, frame, weights=frame.w).fit(
        cov_type="cluster", cov_kwds={"groups": frame.firm}, use_t=True)
    ours = fit_linear(formula, frame, weights="w", cov="cluster", groups="firm")
    names = [name.replace("intercept", "Intercept") for name in ours.terms]
    assert sorted(names) == sorted(theirs.params.index)     # which has categories first
    np.testing.assert_allclose(ours.params, theirs.params[names], rtol=1e-9)
    np.testing.assert_allclose(ours.bse, theirs.bse[names], rtol=1e-9)
    np.testing.assert_allclose(ours.predict(frame.iloc[:5]), theirs.predict(frame.iloc[:5]),
                               rtol=1e-9)
    np.testing.assert_array_equal(fit_linear(formula, frame, weights=frame.w.to_numpy()).params,
                                  ours.params)


def test_names_are_in_every_table(frame):
    fit = fit_linear("y ~ a * C(b)", frame)
    wanted = ("intercept", "a", "C(b)[T.y]", "C(b)[T.z]", "a:C(b)[T.y]", "a:C(b)[T.z]")
    assert fit.terms == wanted and tuple(row[0] for row in fit.summary().tables[0]) == wanted
    test = fit.f_test("a:C(b)[T.y] = 0, a:C(b)[T.z] = 0")
    np.testing.assert_allclose(test.statistic, fit.f_test(np.eye(6)[4:]).statistic)
    np.testing.assert_allclose(fit.t_test("a + a:C(b)[T.y]").effect, fit.params[1] + fit.params[4])


def test_predictions_take_frames_and_keep_the_categories(frame):
    made = fit_linear("y ~ a * C(b)", frame)
    for fit in (made, pickle.loads(pickle.dumps(made))):
        new = pandas.DataFrame({"a": [1.0, 2.0, np.nan], "b": ["z", "y", "x"]})
        y, lower, upper = fit.predict(new, interval="mean")
        p = fit.params
        np.testing.assert_allclose(y[:2], [p[0] + p[1] + p[3] + p[5],
                                           p[0] + 2 * p[1] + p[2] + 2 * p[4]])
        assert (lower[:2] < y[:2]).all() and (y[:2] < upper[:2]).all() and np.isnan(y[2])
        np.testing.assert_array_equal(fit.predict({"a": [1.0], "b": ["z"]}), y[:1])
        with pytest.raises(ValueError, match=r"^formula 'y ~ a \* C\(b\)' does not fit the data: "
                                             ".*not seen in original dataset.*'q'"):
            fit.predict({"a": [1.0], "b": ["q"]})
        with pytest.raises(ValueError, match="`a` is not present"):
            fit.predict({"b": ["x"]})
        with raises(TypeError, "X must be a data frame or a dict of columns for a formula, got "
                               "ndarray"):
            fit.predict(np.ones((2, 5)))


def test_gaps_are_left_out_when_asked(frame):
    frame.index = range(100, 140)
    frame.loc[103, "a"], frame.loc[110, "b"], frame.loc[120, "y"] = np.nan, None, np.nan
    with raises(ValueError, "X and y must be finite, rows 3 and 2 more are not; "
                            "nan_policy='omit' leaves such rows out"):
        fit_linear("y ~ a * C(b)", frame)
    fit = fit_linear("y ~ a * C(b)", frame, nan_policy="omit", weights="w", cov="cluster",
                     groups="firm")
    clean = frame.dropna()
    expected = fit_linear("y ~ a * C(b)", clean, weights="w", cov="cluster", groups="firm")
    assert fit.n_omitted == 3 and fit.nobs == 37
    np.testing.assert_allclose(fit.params, expected.params, rtol=1e-12)
    np.testing.assert_allclose(fit.bse, expected.bse, rtol=1e-12)
    assert np.isnan(fit.resid[[3, 10, 20]]).all() and np.isfinite(fit.resid[:3]).all()
    assert np.isnan(fit_linear("y ~ a", frame, nan_policy="propagate").params).all()


def test_other_tables_and_several_targets(frame):
    expected = fit_linear("y ~ a + b", frame)
    for data in ({name: frame[name].to_list() for name in frame}, frame):
        np.testing.assert_array_equal(fit_linear("y ~ a + b", data).params, expected.params)
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    np.testing.assert_array_equal(fit_linear("y ~ a + b", polars.from_pandas(frame)).params,
                                  expected.params)
    both = fit_linear("y + w ~ a + b", frame)
    np.testing.assert_allclose(both.params[:, 0], expected.params)
    assert both.params.shape == (4, 2)


def test_what_is_refused(frame):
    a_local_of_the_test = frame.a
    for formula, reason in (("y ~ q", "`q` is not present"), ("y ~ (a", "formula 'y ~ (a'"),
                            ("y ~ a_local_of_the_test", "is not present")):
        with pytest.raises(ValueError) as caught:
            fit_linear(formula, frame)
        assert reason in str(caught.value) and formula in str(caught.value)
    assert len(a_local_of_the_test) == 40
    with pytest.raises(ValueError) as caught:       # without the colours of formulaic
        fit_linear("y ~ ~", frame)
    assert str(caught.value).isprintable()
    days = frame.assign(day=np.datetime64("2024-01-01") + np.arange(40))
    with pytest.raises(ValueError, match=r"; 'day' holds times: C\(day\) takes each as a cat"):
        fit_linear("y ~ a + day", days)
    with raises(ValueError, "formula must have one right side, without |, got 'y ~ a | b'"):
        fit_linear("y ~ a | b", frame)
    with raises(ValueError, "formula must have the explained variable before ~, got 'a + b'"):
        fit_linear("a + b", frame)
    with raises(ValueError, "intercept must be left out with a formula, which says '- 1' for none"):
        fit_linear("y ~ a", frame, intercept=False)
    with raises(ValueError, "weights must be numbers or a column of the data, 'v' is not among a, "
                            "b, w, firm, y"):
        fit_linear("y ~ a", frame, weights="v")
    with raises(TypeError, "the data of the formula X must be a data frame or a dict of columns "
                           "for a formula, got ndarray"):
        fit_linear("y ~ a", np.ones((3, 2)))


def test_without_formulaic():
    code = ("import sys; sys.modules['formulaic'] = None\n"
            "from mathwork.regression import fit_linear\n"
            "try:\n    fit_linear('y ~ a', {'y': [1, 2], 'a': [2, 4]})\n"
            "except ImportError as error:\n    print(error)")
    assert run_python(code) == (
        0, "to fit a formula, mathwork needs formulaic: pip install formulaic\n", "")
