"""What the fits of many small sets of rows share: their fields, entries, predictions and tables."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arrays import FLOAT64, in_dtype
from mathwork._doors import public
from mathwork._status import FITTED
from mathwork.regression.batch_rows import names_of_array
from mathwork.regression.columns import as_table
from mathwork.regression.exports import AsTable
from mathwork.regression.inference import checked_alpha, t_pvalue, t_quantile, t_statistic
from mathwork.regression.line_fit import LineFit
from mathwork.regression.robust import unkept
from mathwork.regression.rows import check_same_columns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, ClassVar, NoReturn, Self

    from numpy.typing import ArrayLike, NDArray

FIELDS = ("slope", "intercept", "rvalue", "stderr", "intercept_stderr")
OF_PLANES = ("params", "bse", "rsquared")


@public
class PlaneFit(NamedTuple):
    """One fit of several x out of :class:`GroupFits` or :class:`RollingFits`.

    Parameters
    ----------
    params, bse, rsquared, nobs, status, has_intercept, names
        The attributes of these names.

    Attributes
    ----------
    params, bse : ndarray of float64, shape (P,)
        The parameters, the intercept first if there is one, and their standard errors.
    rsquared : float
        The share of y's squares that is explained.
    nobs : int
        The number of rows.
    status : int
        A code of ``mathwork.regression.status``; if it is not 0, all but `nobs` is NaN.
    has_intercept : bool
    names : tuple of str
        The names of the columns of x.

    Examples
    --------
    >>> from mathwork.regression import fit_groups
    >>> fits = fit_groups([7, 7, 7], [[0, 0], [1, 0], [0, 1]], [1, 3, 2])
    >>> fits[0].params
    array([1., 2., 1.])
    """

    params: NDArray[np.float64]
    bse: NDArray[np.float64]
    rsquared: float
    nobs: int
    status: int
    has_intercept: bool
    names: tuple[str, ...] | None = None

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The fitted y for rows of X.

        Parameters
        ----------
        X : array_like, shape (m, k)

        Returns
        -------
        ndarray of float64, shape (m,)

        Raises
        ------
        TypeError
            For X that is not real numbers.
        ValueError
            For another shape, and for a data frame with other columns than the fit, or with the
            same in another order.

        Examples
        --------
        >>> from mathwork.regression import fit_groups
        >>> fits = fit_groups([7, 7, 7], [[0, 0], [1, 0], [0, 1]], [1, 3, 2])
        >>> fits[0].predict([[2, 2]])
        array([7.])
        """
        rows = as_rows(X, len(self.params) - self.has_intercept, self.names, name="X")
        return on_planes(self.params[None], self.has_intercept, rows)

    def _repr_html_(self) -> str:
        import mathwork.regression.displays as displays  # here: few run in a notebook

        return displays.plane_html(self)


class Fits(AsTable):
    """The fields of many fits, arrays of one length. Immutable, and so are the arrays.

    A fit of one x has the fields of a line, FIELDS; a fit of several x has those of OF_PLANES.
    """

    __slots__ = ("_planes", "_pvalue", *FIELDS, "cov_type", "has_intercept", "n_omitted", "names",
                 "nobs", "status")

    _before: ClassVar[tuple[str, ...]]      # what is shown before the fields
    _after: ClassVar[tuple[str, ...]] = ("status",)
    _pvalue: Any                            # None until it is asked for
    _planes: Any                            # (params, bse, rsquared), or None for lines
    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]
    rvalue: NDArray[np.float64]
    stderr: NDArray[np.float64]
    intercept_stderr: NDArray[np.float64]
    nobs: NDArray[np.int64]
    status: NDArray[np.int8]
    n_omitted: int
    has_intercept: bool
    names: tuple[str, ...]
    cov_type: str

    def _set(self, **fields: Any) -> Self:
        give = object.__setattr__
        for name, value in fields.items():
            give(self, name, _frozen(value) if type(value) is np.ndarray else value)
        return self

    @classmethod
    def _made(cls, **fields: Any) -> Self:
        """Return the object with these fields"""
        return cls.__new__(cls)._set(_pvalue=None)._set(**fields)

    def __init__(self) -> None:
        raise TypeError(f"{type(self).__name__} are made by the functions that fit them")

    def __getattr__(self, name: str) -> Any:
        if name in (*FIELDS, "pvalue"):
            raise AttributeError(f"{name} is a field of fits with one x, these have "
                                 f"{len(self.names)}: see params, bse, tvalues and pvalues")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable, {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable, {name} cannot be deleted")

    def __len__(self) -> int:
        return len(self.status)

    def _repr_html_(self) -> str:
        import mathwork.regression.displays as displays  # here: few run in a notebook

        return displays.fits_html(self)

    def __repr__(self) -> str:
        parts = []
        for name in self._shown():
            head = f"    {name}="
            value = repr(getattr(self, name)).replace("\n", "\n" + " " * len(head))
            parts.append(f"{head}{value}")
        return f"{type(self).__name__}(\n" + ",\n".join(parts) + ")"

    def _shown(self) -> tuple[str, ...]:
        also = (*(("n_omitted",) if self.n_omitted else ()),
                *(("cov_type",) if self.cov_type != "nonrobust" else ()))
        return (*self._before, *(FIELDS if len(self.names) == 1 else OF_PLANES), *self._after,
                *also)

    def _state(self) -> dict[str, Any]:
        """Return all fields by their names"""
        lines = FIELDS if len(self.names) == 1 else ()
        return {name: getattr(self, name) for name in (
            "_planes", *lines, "cov_type", "has_intercept", "n_omitted", "names", "nobs", "status",
            *type(self).__slots__)}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self._state())

    # ---- fields that follow from others ----

    @property
    def params(self) -> NDArray[np.float64]:
        if self._planes is None:
            return _frozen(np.stack([self.intercept, self.slope], axis=-1))
        return self._planes[0]

    @property
    def bse(self) -> NDArray[np.float64]:
        if self._planes is None:
            return _frozen(np.stack([self.intercept_stderr, self.stderr], axis=-1))
        return self._planes[1]

    @property
    def rsquared(self) -> NDArray[np.float64]:
        return _frozen(self.rvalue ** 2) if self._planes is None else self._planes[2]

    @property
    def df_resid(self) -> NDArray[np.float64]:
        return _frozen(self._observations() - float(len(self.names) + self.has_intercept))

    def _observations(self) -> NDArray[Any]:
        """Return how many observations each fit is worth"""
        return self.nobs

    @property
    def tvalues(self) -> NDArray[np.float64]:
        return _frozen(np.asarray(t_statistic(self.params, self.bse)))

    @property
    def pvalues(self) -> NDArray[np.float64]:
        return _frozen(np.asarray(t_pvalue(self.tvalues, self.df_resid[:, None])))

    @property
    def pvalue(self) -> NDArray[np.float64]:
        if self._pvalue is None:
            t = t_statistic(self.slope, self.stderr)
            self._set(_pvalue=np.asarray(t_pvalue(t, self.df_resid)))
        return self._pvalue

    def conf_int(self, alpha: float = 0.05) -> NDArray[np.float64]:
        """Confidence intervals of the parameters.

        Parameters
        ----------
        alpha : float
            The chance that an interval misses: 0.05 for intervals of 95 %.

        Returns
        -------
        ndarray of float64, shape (fits, P, 2)
            Lower and upper ends.

        Raises
        ------
        ValueError
            If alpha is not between 0 and 1.
        ImportError
            If SciPy is missing.

        Examples
        --------
        >>> from mathwork.regression import fit_groups
        >>> fits = fit_groups([7, 7, 7, 7], [1, 2, 3, 4], [1, 3, 2, 4])
        >>> fits.conf_int().round(2)
        array([[[-4.5 ,  5.5 ],
                [-1.03,  2.63]]])
        """
        params = self.params
        with np.errstate(all="ignore"):
            reach = t_quantile(checked_alpha(alpha) / 2, self.df_resid[:, None]) * self.bse
            return np.stack([params - reach, params + reach], axis=-1)

    # ---- entries ----

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, (int, np.integer)):
            return self._entry(range(len(self))[at])
        at = at if isinstance(at, slice) else np.asarray(at)
        if isinstance(at, np.ndarray) and at.dtype.kind not in "bi":
            raise TypeError("fits are indexed by integers, slices and arrays of integers or bools, "
                            f"got dtype {at.dtype}")
        return self._made(**{name: self._part(value, at) for name, value in self._state().items()})

    def _part(self, value: Any, at: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value[at]
        if isinstance(value, tuple) and value and isinstance(value[0], np.ndarray):
            return tuple(_frozen(part[at]) for part in value)
        return value

    def __iter__(self) -> Iterator[LineFit | PlaneFit]:
        return (self._entry(at) for at in range(len(self)))

    def _entry(self, at: int) -> LineFit | PlaneFit:
        nobs, status = int(self.nobs[at]), int(self.status[at])
        if len(self.names) == 1 and self.has_intercept and self._observations() is self.nobs:
            slope, intercept, rvalue, stderr, intercept_stderr = (
                float(getattr(self, name)[at]) for name in FIELDS)
            fit = LineFit(slope, intercept, rvalue, stderr, intercept_stderr, nobs, status)
            if self.cov_type != "nonrobust":
                fit._robust = unkept(self.cov_type, nobs - 2)
            return fit
        params, bse, rsquared = self._planes
        return PlaneFit(params[at], bse[at], float(rsquared[at]), nobs, status,
                        self.has_intercept, self.names)

    # ---- tables ----

    def to_dict(self) -> dict[str, NDArray[Any]]:
        """The fields as columns of a table.

        Returns
        -------
        dict of str to ndarray
            One entry a fit in each. For several x there is a column for each parameter, named as
            the column of x, and one for its standard error, such as ``x1_stderr``. If that name is
            taken, as ``nobs`` is, an underscore follows it.

        Examples
        --------
        >>> from mathwork.regression import fit_groups
        >>> fits = fit_groups(["a", "a", "b", "b"], [0, 1, 0, 1], [1, 3, 5, 4])
        >>> fits.to_dict()["slope"]
        array([ 2., -1.])
        """
        columns = {name: getattr(self, name) for name in self._before if
                   isinstance(getattr(self, name), np.ndarray)}
        columns["nobs"] = self.nobs
        if self._observations() is not self.nobs:
            columns["nobs_effective"] = self._observations()
        if len(self.names) == 1:
            columns |= {name: getattr(self, name) for name in FIELDS}
        else:
            names = ("intercept", *self.names) if self.has_intercept else self.names
            taken = {*columns, "rsquared", "status"}
            for values, ending in ((self.params, ""), (self.bse, "_stderr")):
                for at, name in enumerate(names):
                    name += ending
                    while name in taken:
                        name += "_"
                    taken.add(name)
                    columns[name] = values[:, at]
            columns["rsquared"] = self.rsquared
        return columns | {"status": self.status}


def fields_of(nobs: NDArray[np.int64], status: NDArray[np.int8], numbers: NDArray[np.float64],
              has_intercept: bool) -> dict[str, Any]:
    """Return the fields of fits by their numbers from a kernel: (2 P + 1, fits)."""
    P = len(numbers) // 2
    planes = numbers[:P].T, numbers[P:-1].T, numbers[-1]
    found: dict[str, Any] = {"_planes": tuple(map(_frozen, planes)), "nobs": nobs,
                             "status": status, "has_intercept": has_intercept}
    if has_intercept == P - 1:      # one x
        slope = numbers[P - 1]
        none = np.where(status != FITTED, math.nan, 0.0)
        found |= {"slope": slope, "intercept": numbers[0] if has_intercept else none,
                  "rvalue": np.copysign(np.sqrt(numbers[-1]), slope),
                  "stderr": numbers[-2], "intercept_stderr": numbers[P] if has_intercept else none}
    return found


def as_rows(X: ArrayLike, k: int, names: tuple[str, ...] | None = None, name: str = "x"
            ) -> NDArray[np.float64]:
    """Return X, the argument `name`, as float64 of shape (m, k); one x may be a vector.

    A frame must have the columns `names`. After a fit of an array it may have any others.
    """
    column, given = as_table(X, name)
    rows = in_dtype(column.rounded(), FLOAT64)
    if rows.ndim == 2 and given is not None and names is not None and (
            names != names_of_array(k) or set(given) == set(names)):
        check_same_columns(given, names, "as the fit has", name)
    if rows.ndim == 1 and k == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.shape[1] != k:
        wanted = "(m,)" if k == 1 else f"(m, {k})"
        raise ValueError(f"{name} must have shape {wanted} as the fit has, got {rows.shape}")
    return rows


def on_planes(params: NDArray[np.float64], has_intercept: bool, rows: NDArray[np.float64]
              ) -> NDArray[np.float64]:
    """Return the fitted y of each row, by its own parameters or those of all."""
    with np.errstate(all="ignore"):
        found = (params[:, has_intercept:] * rows).sum(axis=-1)
        return found + params[:, 0] if has_intercept else found


def _rebuilt(cls: type[Fits], state: dict[str, Any]) -> Fits:
    return cls._made(**state)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = array.view()        # its giver may go on writing to it
    array.setflags(write=False)
    return array
