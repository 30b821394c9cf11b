"""Summaries hold what the fit holds, in text that lines up and in HTML that parses."""
import math
import re
import warnings
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import raises

from mathwork.regression import LineFit, Moments, RankWarning, fit_line, fit_linear, fit_polynomial
from mathwork.regression.summary import NO_SCIPY, Summary, linear_summary, linear_summary_html


@pytest.fixture
def fit(rng):
    X = rng.normal(size=(50, 3))
    return fit_linear(X, X @ [1, 0, 1e-5] + rng.normal(size=50))


@pytest.fixture
def no_scipy(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name="scipy")
    monkeypatch.setattr("mathwork._extras.import_module", missing)


class Cells(HTMLParser):
    """The texts of cells, row by row; fails on tags that are not closed in order"""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_the_numbers_are_those_of_the_fit(fit):
    pytest.importorskip("scipy")
    summary = linear_summary(fit)
    assert isinstance(summary, Summary) and str(fit.summary()) == str(summary)
    assert summary.columns == ("coef", "std err", "t", "P>|t|", "[0.025", "0.975]")
    expected = np.column_stack([fit.params, fit.bse, fit.tvalues, fit.pvalues, fit.conf_int()])
    (table,) = summary.tables
    assert [row[0] for row in table] == ["intercept", "X[0]", "X[1]", "X[2]"]
    for row, numbers in zip(table, expected, strict=True):
        np.testing.assert_allclose(list(map(float, row[1:])), numbers, rtol=6e-6, atol=6e-4)
    ((left, right),) = summary.heads
    head = {name: float(value) for name, value in left + right}
    assert (head["nobs"], head["df resid"], head["df model"]) == (50, 46, 3)
    for name, number in (("ssr", fit.ssr), ("sigma", math.sqrt(fit.scale)),
                         ("R-squared", fit.rsquared), ("adj. R-squared", fit.rsquared_adj),
                         ("F", fit.fvalue), ("Prob(F)", fit.f_pvalue)):
        assert head[name] == pytest.approx(number, rel=6e-6, abs=6e-4), name


def test_text_lines_up(fit):
    head, table = str(linear_summary(fit)).split("\n\n")
    lines = table.split("\n")
    assert len(lines) == 5 and len({len(line) for line in lines}) == 1
    ends = [[match.end() for match in re.finditer(r"\S+(?: err)?", line)] for line in lines]
    assert ends[0] == ends[1][1:] == ends[4][1:]
    assert all(line == line.rstrip() for line in head.split("\n"))
    assert max(map(len, lines)) < 100
    assert repr(linear_summary(fit)) == str(linear_summary(fit))


def test_html_has_the_same_cells(fit):
    summary = linear_summary(fit, names=["<a>", "b&c", "d", "e"])
    cells = Cells(summary._repr_html_())
    assert cells.rows[-5] == ["", *summary.columns]
    assert cells.rows[-4:] == [list(row) for row in summary.tables[0]]
    assert cells.rows[-4][0] == "<a>"
    assert linear_summary_html(fit) == linear_summary(fit)._repr_html_() == fit._repr_html_()


def test_a_level_of_its_own(fit):
    pytest.importorskip("scipy")
    summary = linear_summary(fit, alpha=0.1)
    assert summary.columns[-2:] == ("[0.05", "0.95]")
    assert float(summary.tables[0][1][-1]) == pytest.approx(fit.conf_int(0.1)[1, 1], rel=6e-6)


def test_several_targets(rng):
    X, y = rng.normal(size=(20, 2)), rng.normal(size=(20, 3))
    summary = linear_summary(fit_linear(X, y))
    single = linear_summary(fit_linear(X, y[:, 2]))
    assert len(summary.tables) == 3
    assert summary.tables[2] == single.tables[0] and summary.heads[2] == single.heads[0]
    assert [line for line in str(summary).split("\n") if line.startswith("y")] == [
        "y[0]", "y[1]", "y[2]"]
    assert summary._repr_html_().count("<caption>") == 3
    Cells(summary._repr_html_())


def test_without_intercept_and_of_moments(rng):
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    fit = fit_linear(X, y, intercept=False)
    assert [row[0] for row in linear_summary(fit).tables[0]] == ["X[0]", "X[1]"]
    assert str(Moments.of(X, y).fit(intercept=False).summary()) == str(fit.summary())


def test_polynomials_have_their_terms():
    fit = fit_polynomial([0, 1, 2, 3, 4], [1, 3, 7, 13, 22], 2)
    (table,) = linear_summary(fit).tables
    assert [row[0] for row in table] == ["1", "x", "x^2"]
    assert float(table[2][1]) == pytest.approx(fit.coef[2], rel=6e-6)


def test_a_line_is_the_regression_on_one_column():
    x, y = [1, 2, 3, 4, 6], [2, 1, 4, 3, 7]
    line, linear = linear_summary(fit_line(x, y)), linear_summary(
        fit_linear(np.reshape(x, (5, 1)), y))
    assert [row[0] for row in line.tables[0]] == ["intercept", "slope"]
    assert [row[1:] for row in line.tables[0]] == [row[1:] for row in linear.tables[0]]
    left, right = line.heads[0]
    assert (left, right) == linear.heads[0]
    bare = LineFit(1.0, 2.0, 0.5, 0.1, 0.2, 5).summary().heads[0]
    assert [name for name, _ in bare[0]] == ["nobs", "df resid", "df model"]
    with raises(ValueError, "a summary is of one line, got a stack of shape (2,)"):
        linear_summary(fit_line([x, x], [y, y]))


def test_what_is_missing_is_shown():
    X = np.array([[1, 2, 0], [2, 4, 1], [3, 6, 0], [4, 8, 5], [5, 10, 2]])
    with pytest.warns(RankWarning):
        fit = fit_linear(X, [1, 2, 2, 4, 9])
    text = str(fit.summary())
    assert text.endswith("\nLeft out, as they depend on the columns before them: X[1]")
    assert fit.summary().tables[0][2][1:3] == ("nan", "nan")
    two = str(fit_linear([[1], [2]], [1, 3]).summary())
    assert re.search(r"^X\[0\] +2 +nan +nan", two, re.M)
    unknown = fit_linear([[1], [2], [math.nan]], [1, 3, 2], nan_policy="propagate")
    assert str(unknown.summary()).endswith("\nX or y was not finite.")


def test_small_chances_keep_their_power_of_ten():
    x = np.arange(50.0)
    fit = fit_linear(x[:, None], x + np.sin(x))
    pytest.importorskip("scipy")
    assert float(linear_summary(fit).tables[0][1][4]) == pytest.approx(fit.pvalues[1], rel=5e-3)


def test_without_scipy_the_rest_is_there(fit, no_scipy):
    summary = linear_summary(fit)
    assert summary.columns == ("coef", "std err", "t") and summary.notes == [NO_SCIPY]
    assert str(summary).endswith("\n\n" + NO_SCIPY)
    assert "Prob(F)" not in str(summary)
    assert f"<p>{NO_SCIPY.replace('>', '&gt;')}</p>" in summary._repr_html_()


def test_what_is_refused(fit):
    with raises(ValueError, "names must be 4, one a term, got 1"):
        linear_summary(fit, names=["a"])
    for alpha in (0, 1, -0.1, math.nan):
        with raises(ValueError, f"alpha must be above 0 and below 1, got {alpha}"):
            linear_summary(fit, alpha=alpha)


def test_other_kinds_of_fits_need_a_few_fields():
    fit = SimpleNamespace(params=np.array([1.0, 2.0]), bse=np.array([0.5, 0.25]), intercept=True,
                          nobs=10, df_resid=8, df_model=1, ssr=2.0, scale=0.25, rsquared=0.5,
                          rsquared_adj=0.4, fvalue=64.0, terms=("1", "log x"), status=0)
    (table,) = linear_summary(fit).tables
    assert table[1][:4] == ("log x", "2", "0.25", "8.000")


def test_a_constant_y_is_no_evidence():
    made = fit_line([1, 2, 3, 4], [3, 3, 3, 3])
    assert made.pvalue == 1
    (table,) = made.summary().tables
    assert table[1][3:5] == ("0.000", "1.000")


def test_columns_of_zeros_are_not_called_infinite():
    with pytest.warns(RankWarning):
        made = fit_linear(np.zeros((4, 1)), [1, 2, 3, 4], intercept=False)
    assert made.summary().notes == ["Left out, as they depend on the columns before them: X[0]"]


def test_odd_arguments():
    made = fit_line([1, 2, 3, 4], [1, 3, 2, 4])
    with raises(TypeError, "names must be a sequence of str, one a term, got 'ab'"):
        made.summary(names="ab")
    assert made.summary(alpha=1e-6).columns[-2:] == ("[5e-07", "0.9999995]")
    assert made._repr_html_() == made.summary()._repr_html_()


def test_the_end_of_the_range_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = str(fit_line([1, 2, 3, 4], np.array([1, 2, 4, 3]) * 1e307).summary())
    assert "8e+306" in text
