"""The result of a fit of a straight line, or of a stack of lines."""
from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np

from mathwork._arguments import count, real, shown
from mathwork._arrays import FLOAT64, as_array, for_each, in_dtype, plain_in
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork._status import FITTED
from mathwork.regression.bases import ColumnBasis, line_rows, log_weights
from mathwork.regression.columns import as_column, distance, pair_of
from mathwork.regression.exports import AsTable
from mathwork.regression.inference import t_pvalue, t_statistic
from mathwork.regression.members import FitMembers, copied
from mathwork.regression.robust import SCORES, finished
from mathwork.regression.rows import to_base
from mathwork.regression.statistics import Known

if TYPE_CHECKING:
    from typing import Any, Literal, Self

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import (
        CodeOrArray,
        FloatArray,
        FloatOrArray,
        Interval,
        IntOrArray,
    )
    from mathwork.regression.bases import LineRows
    from mathwork.regression.columns import Pairs
    from mathwork.regression.members import Prediction
    from mathwork.regression.robust import Asked, Covariance

FIELDS = ("slope", "intercept", "rvalue", "stderr", "intercept_stderr", "nobs", "status")


@public
@kernels.lines
class LineFit(kernels.Line, FitMembers, AsTable):
    """The result of :func:`fit_line`. Immutable; unpacks to ``(slope, intercept)``.

    Parameters
    ----------
    slope, intercept, rvalue, stderr, intercept_stderr : float, or ndarray for a stack
    nobs : int, or ndarray of int64 for a stack
    status : int, or ndarray of int8 for a stack, optional
        By default 0.

    Attributes
    ----------
    slope, intercept : float, or ndarray for a stack
        Of the line ``y = slope x + intercept``.
    rvalue : float, or ndarray for a stack
        The correlation coefficient; 0 if y is constant.
    stderr, intercept_stderr : float, or ndarray for a stack
        The standard errors of slope and intercept; NaN for only two points.
    pvalue : float, or ndarray for a stack
        Of a two-sided test of slope 0 by Student's t; computed on access, with SciPy.
    nobs : int, or ndarray of int64 for a stack
        The number of points with a weight other than 0.
    status : int, or ndarray of int8 for a stack
        A code of `mathwork.regression.status`: 0, or the reason for NaN in all other fields.
    n_omitted : int, or ndarray of int64 for a stack
        The number of points that ``nan_policy="omit"`` left out.
    ssr, scale : float, or ndarray for a stack
        The weighted sum of squared residuals, and the same for each degree of freedom.
    rsquared, rsquared_adj, fvalue, f_pvalue, llf, aic, bic, condition_number
        As of a :class:`LinearFit` with one column.
    params, bse, tvalues, pvalues : ndarray, shape (2,), or (2, ...) for a stack
        Of intercept and slope.
    resid, fittedvalues, leverage, cooks_distance : ndarray, shape (n,) or (..., n)
        As of a :class:`LinearFit`. The fit keeps x and y without copying, so they should not be
        changed.
    df_model, df_resid, rank, terms, cov_type
        As of a :class:`LinearFit`.

    Examples
    --------
    >>> from mathwork.regression import fit_line
    >>> fit = fit_line([1, 2, 3, 4], [2, 1, 4, 3])
    >>> fit.slope, fit.intercept, fit.rvalue, round(fit.stderr, 6), fit.nobs
    (0.6, 1.0, 0.6, 0.565685, 4)
    >>> slope, intercept = fit
    >>> stack = fit_line([0, 1, 2], [[1, 3, 5], [0, 1, 2]])
    >>> stack[1].slope, stack.to_dict()["slope"].tolist()
    (1.0, [2.0, 1.0])
    """

    __slots__ = ()

    def __new__(cls, slope: FloatOrArray, intercept: FloatOrArray, rvalue: FloatOrArray,
                stderr: FloatOrArray, intercept_stderr: FloatOrArray, nobs: IntOrArray,
                status: CodeOrArray | None = None) -> Self:
        numbers = {"slope": slope, "intercept": intercept, "rvalue": rvalue, "stderr": stderr,
                   "intercept_stderr": intercept_stderr}
        status = FITTED if status is None else status
        shape = () if isinstance(slope, float) else as_array(slope, "slope").shape
        if not shape:
            return kernels.make_line(cls, *(real(value, name) for name, value in numbers.items()),
                                     count(nobs, "nobs", 0), count(status, "status", 0, 127))
        fields = [for_each(value, name, shape, np.float64) for name, value in numbers.items()]
        fields += [for_each(nobs, "nobs", shape, np.int64),
                   for_each(status, "status", shape, np.int8)]
        for field in fields:
            field.flags.writeable = False
        return kernels.make_line(cls, *fields)

    @property
    def n_omitted(self) -> IntOrArray:
        omitted = self._details.n_omitted if self._details else 0
        return omitted if np.ndim(self.slope) == 0 else np.broadcast_to(
            np.int64(omitted), np.shape(self.slope))

    # ---- the lines of a stack ----

    def __getitem__(self, at: Any) -> LineFit:
        if np.ndim(self.slope) == 0:
            raise TypeError("one line has no entries: slope, intercept = fit unpacks it, and the "
                            "fit of a stack is indexed by its lines")
        try:
            fields = [np.asarray(getattr(self, name))[at] for name in FIELDS]
        except OverflowError:
            raise IndexError(f"at must be within a stack of shape {np.shape(self.slope)}, "
                             f"got {shown(at)}") from None
        return LineFit(*(field.copy() if isinstance(field, np.ndarray) else field.item()
                         for field in fields))

    def to_dict(self) -> dict[str, NDArray[Any]]:
        """The fields as columns of a table, one row a line.

        Returns
        -------
        dict of str to ndarray
            Of a stack of more than one axis, the lines in the order of its memory.

        Examples
        --------
        >>> from mathwork.regression import fit_line
        >>> fit_line([0, 1, 2], [[1, 3, 5], [0, 1, 2]]).to_dict()["intercept"].tolist()
        [1.0, 0.0]
        """
        return {name: np.ravel(getattr(self, name)) for name in FIELDS}

    # ---- what other fits have as fields ----

    @property
    def params(self) -> NDArray[np.float64]:
        return np.stack([np.asarray(self.intercept), np.asarray(self.slope)])

    @property
    def bse(self) -> NDArray[np.float64]:
        return np.stack([np.asarray(self.intercept_stderr), np.asarray(self.stderr)])

    @property
    def pvalue(self) -> FloatOrArray:
        return t_pvalue(t_statistic(self.slope, self.stderr), self._df)

    @property
    def rank(self) -> int:
        return 2

    @property
    def terms(self) -> tuple[str, str]:
        names = self._details.names if self._details else None
        return "intercept", names[0] if names else "slope"

    @property
    def rsquared(self) -> FloatOrArray:
        return self.rvalue * self.rvalue

    @property
    def fvalue(self) -> FloatOrArray:
        with np.errstate(all="ignore"):
            F = np.square(t_statistic(self.slope, self.stderr))
        return float(F) if np.ndim(F) == 0 else F

    @property
    def ssr(self) -> FloatOrArray:
        ssr = self._known().ssr
        assert ssr is not None
        return ssr

    @property
    def resid(self) -> NDArray[np.float64]:
        return self._line_rows().resid

    @property
    def fittedvalues(self) -> NDArray[np.float64]:
        self._points("fitted values")
        return self._own_y() - self.resid

    @overload
    def predict(self, x: ArrayLike, *, interval: None = None, alpha: float = 0.05
                ) -> FloatOrArray: ...
    @overload
    def predict(self, x: ArrayLike, *, interval: Literal["mean", "observation"],
                alpha: float = 0.05) -> Prediction: ...
    def predict(self, x: ArrayLike, *, interval: Interval = None, alpha: float = 0.05
                ) -> FloatOrArray | Prediction:
        """The y of the lines at x, ``slope x + intercept``, and an interval for it.

        Parameters
        ----------
        x : array_like
            Numbers or times, as for the fit. Any shape for one fit. For a stack of shape ``(...)``:
            ``(..., k)`` or ``(k,)``, k points for each line, or one number for all lines.
        interval, alpha
            As for :meth:`LinearFit.predict`.

        Returns
        -------
        float or ndarray of float64
            In the shape of x for one fit, else ``(..., k)``, or ``(...)`` for one number. With an
            interval, a Prediction of three of these.

        Raises
        ------
        TypeError
            If x does not hold real numbers, or is masked.
        ValueError
            If x has another shape.

        Examples
        --------
        >>> from mathwork.regression import fit_line
        >>> fit_line([0, 1], [1, 3]).predict(10)
        21.0
        """
        if interval is not None:
            return self._interval(x, interval, alpha)
        y = self._height(self._distance(x))
        return float(y) if np.ndim(y) == 0 else y

    def _distance(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return x, from its base if the fit has one, in a shape that goes with the lines"""
        column = as_column(x, "x")
        shape, lines = column.high.shape, np.shape(self.slope)
        base = self._details.x_base if self._details else None
        if lines and shape:
            if len(shape) > 1 and shape[:-1] != lines:
                wanted = (*lines, "k")
                raise ValueError("x must be one number or have shape (k,) or "
                                 f"({', '.join(map(str, wanted))}), got shape {shape}")
        elif base is not None:
            base = base.each()
        return in_dtype(column.rounded(), FLOAT64) if base is None else distance(column, base)

    def _height(self, x: NDArray[Any]) -> FloatOrArray:
        """Return y at x as the fit counts it, (...,), or (..., k) for lines (...)"""
        slope, (high, low) = np.asarray(self.slope), self._there()
        if slope.ndim and (x.ndim > slope.ndim or x.ndim == 1):
            slope, high, low = (np.expand_dims(part, -1) for part in (slope, high, low))
        with np.errstate(all="ignore"):     # NaN for a slope of 0 and an infinite x
            return slope * x + low + high

    def _there(self) -> Pairs:
        """Return y of the line at the base of x as a pair"""
        if self._details and self._details.level:
            return self._details.level
        return np.asarray(self.intercept), np.zeros(np.shape(self.intercept))

    # ---- what the shared members are made of ----

    @property
    def _has_constant(self) -> int:
        return 1

    def _points(self, what: str) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        if self._x is None or self._y is None:
            raise ValueError(f"this fit has no points for {what}: it was made by hand, is one of "
                             "a stack, or came from a pickle")
        return self._x, self._y, self._weights

    def _own_y(self) -> NDArray[np.float64]:
        """Return y of the points, also where the fit counts it from a base"""
        base = self._details.y_base if self._details else None
        return to_base(self._points("its inference")[1], base).astype(np.float64, copy=False)

    def _line_rows(self) -> LineRows:
        return line_rows(*self._points("residuals"), np.asarray(self.slope))

    def _known(self) -> Known:
        if self._basis is None:
            one = self._as_plane(0) if np.ndim(self.slope) == 0 else None
            if one is None:
                rows = self._line_rows()
                self._basis = self._known_of(rows.basis, rows.ssr)
            else:
                self._basis = one[0]
        return self._basis

    def _known_of(self, basis: ColumnBasis, ssr: Any) -> Known:
        """Return what is known from a basis that counts x from its base"""
        origin = self._details.x_base if self._details else None
        if origin is not None:              # the intercept is that at 0
            far = pair_of(origin.each(), np.shape(self.slope))[0]
            factor = basis.factor.copy()
            factor[..., 0, 1] -= far * factor[..., 1, 1]
            basis = basis._replace(factor=factor)
        return Known(basis, log_weights(self._weights), float(ssr) if np.ndim(ssr) == 0 else ssr)

    def _as_plane(self, scores: int) -> tuple[Known, NDArray[np.float64]] | None:
        """Return what is known of one line, and sums of its scores, by the kernel of planes

        None where that has no fit: it scales in another way.
        """
        x, y, weights = self._points("its inference")
        if self.status != FITTED:
            return None
        w = None if weights is None else plain_in(weights, FLOAT64)
        made = kernels.fit_rows(x[:, None], y, True, w, -1.0, scores=scores)
        if made.status != FITTED:
            return None
        kept, (centre, low), factor, total = made._basis
        return self._known_of(ColumnBasis(kept, centre, low, factor, True), made.ssr), total

    def _with_asked(self, wanted: Asked) -> LineFit:
        one = self._as_plane(SCORES[wanted.kind]) if (
            wanted.kind in SCORES and np.ndim(self.slope) == 0) else None
        if one is None:
            return super()._with_asked(wanted)
        self._basis = one[0]
        return self._with_errors(finished(wanted, one[1][0], self.nobs, 2, self._weights))

    def _row_count(self) -> int:
        return self._points("its inference")[0].shape[-1]

    def _rows_in_basis(self) -> tuple[NDArray[np.float64], NDArray[np.float64],
                                      NDArray[np.float64] | None]:
        rows, weights = self._line_rows(), self._weights
        if weights is None:
            return rows.z, rows.resid, None
        weights = weights.astype(np.float64)
        return rows.z, np.where(weights > 0, rows.resid, 0.0), weights

    def _drawn_points(self) -> tuple[FloatArray, FloatArray]:
        x, _, _ = self._points("a picture")
        return to_base(x, self._details.x_base if self._details else None), self._own_y()

    def _features(self, x: ArrayLike, name: str = "x") -> NDArray[np.float64]:
        x = self._distance(x)
        return x.reshape(-1, 1) if np.ndim(self.slope) == 0 else np.atleast_1d(x)[..., None]

    def _of_points(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values

    def _like_prediction(self, values: NDArray[np.float64], x: ArrayLike) -> FloatOrArray:
        shape = np.shape(x)
        if np.ndim(self.slope) == 0:
            return values.reshape(shape) if shape else float(values[0])
        return values if shape else values[..., 0]

    def _with_errors(self, robust: Covariance) -> LineFit:
        factor = self._known().basis.factor
        with np.errstate(all="ignore"):
            covariance = factor @ robust.scores @ np.swapaxes(factor, -1, -2)
            bse = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
        return self._replaced(stderr=bse[..., 1], intercept_stderr=bse[..., 0], _robust=robust)

    def _replaced(self, **changes: Any) -> LineFit:
        return _rebuilt(type(self), *({name: changes.get(name, getattr(self, name))
                                       for name in names} for names in (FIELDS, PARTS)))

    def _repr_html_(self) -> str:
        import mathwork.regression.displays as displays  # here: few run in a notebook

        one = np.ndim(self.slope) == 0
        return self.summary()._repr_html_() if one else displays.lines_html(self)

    def __repr__(self) -> str:
        shown = [*FIELDS] if np.any(self.status != FITTED) else [*FIELDS[:-1]]
        shown += ["n_omitted"] * bool(np.any(self.n_omitted))
        fields = (f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__name__}({', '.join(fields)})"

    def __deepcopy__(self, memo: dict[int, Any]) -> LineFit:
        return self._replaced(**{name: copied(getattr(self, name)) for name in POINTS})

    def __reduce__(self) -> tuple[Any, ...]:
        made = self if self._carries_data else self._replaced(
            _basis=self._known_or_none(), **dict.fromkeys(POINTS))
        return _rebuilt, (type(self), *({name: getattr(made, name) for name in names
                                         if getattr(made, name) is not None}
                                        for names in (FIELDS, PARTS)))


POINTS = "_x", "_y", "_weights"
PARTS = (*POINTS, "_basis", "_robust", "_details")


def _rebuilt(cls: type[LineFit], fields: dict[str, Any], parts: dict[str, Any]) -> LineFit:
    made = cls(**fields)
    for name, part in parts.items():
        if name != "_details":
            setattr(made, name, part)
    return kernels.with_details(made, parts.get("_details"))
