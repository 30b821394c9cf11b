"""Regressions by formula, ``y ~ a * C(b)``: formulaic makes the columns of X from those of a frame.

A formula is Python code, which formulaic runs: it must not come from somebody else.
"""
from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import flag
from mathwork._extras import extra

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

PURPOSE = "fit a formula"
CONSTANT = "Intercept"      # formulaic's name for it
COLOURS = re.compile(r"\x1b\[[\d;]*m")       # formulaic marks with them where it could not read on


class Formula(NamedTuple):
    """The right side of a formula as it was fitted: it keeps categories, means and such."""

    text: str
    spec: Any

    def rows(self, data: Any) -> Any:
        """Return the columns of X for other data as a frame: NaN in rows with gaps.

        Raises
        ------
        TypeError
            If `data` is no frame.
        ValueError
            If a column is missing, or holds a category that the fit has not seen.
        """
        frame = _as_frame(data, "X")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            made = _made(lambda: self.spec.get_model_matrix(frame, na_action="drop", context=None),
                         self.text, frame)
        return _numbers(made, len(frame))


class Read(NamedTuple):
    """The arguments of a fit as a formula and its data give them."""

    X: Any
    y: Any
    intercept: bool
    weights: Any
    groups: Any
    formula: Formula


def read_formula(text: str, data: Any, intercept: bool, weights: ArrayLike | str | None,
                 groups: ArrayLike | str | None) -> Read:
    """Return the columns that a formula makes of data. Rows with gaps are NaN.

    Parameters
    ----------
    text : str
    data : pandas, polars or Arrow table, or dict of columns
    weights, groups : array_like, or the name of a column

    Raises
    ------
    ImportError
        If formulaic is missing.
    TypeError
        If `data` is no frame.
    ValueError
        If the formula cannot be read or has no left side, a column is missing, or `intercept` is
        given beside it.
    """
    if not flag(intercept, "intercept"):
        raise ValueError("intercept must be left out with a formula, which says '- 1' for none")
    matrix = extra("formulaic", PURPOSE).model_matrix
    frame = _as_frame(data, "the data of the formula X")
    made = _made(lambda: matrix(text, frame, na_action="drop", context=None), text, frame)
    if not hasattr(made, "lhs"):
        raise ValueError(f"formula must have the explained variable before ~, got {text!r}")
    if isinstance(made.rhs, tuple):
        raise ValueError(f"formula must have one right side, without |, got {text!r}")
    X, y = _numbers(made.rhs, len(frame)), _numbers(made.lhs, len(frame))
    constant = CONSTANT in X.columns
    X = X.drop(columns=CONSTANT) if constant else X
    return Read(X, y.iloc[:, 0] if y.shape[1] == 1 else y, constant,
                _column(weights, frame, "weights"), _column(groups, frame, "groups"),
                Formula(text, made.rhs.model_spec))


def design_of(data: Any, formula: Formula) -> Any:
    """Return the columns of X, without the constant, that a fitted formula makes of other data."""
    X = formula.rows(data)
    return X.drop(columns=CONSTANT) if CONSTANT in X.columns else X


def _as_frame(data: Any, name: str) -> Any:
    """Return a pandas frame whose rows are numbered"""
    pandas = extra("pandas", PURPOSE)
    if isinstance(data, Mapping):
        data = pandas.DataFrame(dict(data))
    elif hasattr(data, "to_pandas"):
        data = data.to_pandas()
    if not isinstance(data, pandas.DataFrame):
        raise TypeError(f"{name} must be a data frame or a dict of columns for a formula, got "
                        f"{type(data).__name__}")
    return data.reset_index(drop=True)


def _made(make: Any, text: str, frame: Any) -> Any:
    """Return what `make` makes; errors of formulaic name the formula"""
    try:
        return make()
    except Exception as error:
        what = " ".join(COLOURS.sub("", str(error)).split())
        times = [name for name in frame.columns if getattr(frame[name].dtype, "kind", "") in "mM"
                 and re.search(rf"(?<!\w){re.escape(str(name))}(?!\w)", text)]
        if times:
            what += f"; {times[0]!r} holds times: C({times[0]}) takes each as a category, and a " \
                    "column of numbers, such as days since the first, takes them as x"
        raise ValueError(f"formula {text!r} does not fit the data: {what}") from error


def _numbers(made: Any, n: int) -> Any:
    """Return a model matrix as a frame of float64 with all n rows, NaN where one was dropped"""
    pandas = extra("pandas", PURPOSE)
    whole = np.full((n, made.shape[1]), np.nan)
    whole[made.index.to_numpy()] = made.to_numpy(dtype=np.float64)
    return pandas.DataFrame(whole, columns=[str(name) for name in made.columns])


def _column(value: Any, frame: Any, name: str) -> Any:
    """Return the column that `value` names, or `value` itself"""
    if not isinstance(value, str):
        return value
    if value not in frame.columns:
        raise ValueError(f"{name} must be numbers or a column of the data, {value!r} is not among "
                         f"{', '.join(map(str, frame.columns))}")
    return frame[value].to_numpy()
