"""A fit of least squares for every group of rows.

The sums are compiled: keys.pxi, groups.pxi, group_planes.pxi and the files that they name, in
mathwork/kernels/regression.
"""
from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import flag, shown
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork.regression.batch_errors import checked_cov, groups_of, robust_errors
from mathwork.regression.batch_rows import checked_rows
from mathwork.regression.batches import FIELDS, Fits, as_rows, fields_of, on_planes
from mathwork.regression.keys import NO_KEYS, as_keys, not_hashed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import NanPolicy, RowCov
    from mathwork.regression.batch_rows import Rows
    from mathwork.regression.batches import PlaneFit
    from mathwork.regression.line_fit import LineFit


OF_COLUMNS = "; keys of several columns are tuples: list(zip(a, b))"


@public
class GroupFits(Fits):
    """The result of :func:`fit_groups`. Immutable; every field has one entry a group.

    ``fits[i]`` is the fit of one group: a :class:`LineFit` for one x and an intercept, else a
    :class:`PlaneFit`. A slice, or an array of integers or bools, gives the fits of some groups.
    There are P parameters: the intercept if there is one, then one for each x.

    Attributes
    ----------
    keys : ndarray, shape (groups,)
        The key of each group, in the order of their first rows.
    nobs : ndarray of int64, shape (groups,)
        The number of rows with this key and a positive weight.
    slope, intercept : ndarray of float64, shape (groups,)
        For one x: the line ``y = slope x + intercept`` of least squares.
    rvalue : ndarray of float64, shape (groups,)
        For one x: the correlation of x and y; 0 if y is constant.
    stderr, intercept_stderr : ndarray of float64, shape (groups,)
        For one x: the standard errors of slope and intercept; NaN for two points.
    pvalue : ndarray of float64, shape (groups,)
        For one x: the chance of a slope at least as far from 0 if the true slope is 0, by
        Student's t with `df_resid` degrees of freedom. Needs SciPy (extra ``stats``), as do
        `pvalues` and `conf_int`.
    params, bse : ndarray of float64, shape (groups, P)
        The parameters and their standard errors; these are NaN if there are P rows.
    tvalues, pvalues : ndarray of float64, shape (groups, P)
        ``params / bse``, and the chance of a t at least as far from 0.
    rsquared : ndarray of float64, shape (groups,)
        ``1 - ssr / tss``; tss is about the mean with an intercept, and about 0 without one. 0 if
        tss is 0.
    df_resid : ndarray of float64, shape (groups,)
        ``nobs - P``
    status : ndarray of int8, shape (groups,)
        A code of ``mathwork.regression.status``: 0 for a fit; 1 for fewer rows than parameters, 2
        if x is constant or one x depends on the others, 3 if x or y holds NaN or infinity, 4 for a
        weight that is negative or infinite. If it is not 0, the fields are NaN.
    n_omitted : int
        The number of rows that ``nan_policy="omit"`` left out.
    has_intercept : bool
    names : tuple of str
        The names of the columns of x: those of a data frame, else ``x`` or ``x1``, ``x2``, ...
    cov_type : str
        The `cov` of the fit.

    Examples
    --------
    >>> from mathwork.regression import fit_groups
    >>> fits = fit_groups(["b", "a", "b", "a"], [0, 1, 2, 3], [1, 1, 5, 2])
    >>> fits.keys, fits.slope
    (array(['b', 'a'], dtype='<U1'), array([2. , 0.5]))
    >>> len(fits)
    2
    >>> fits.of("a").predict(4)
    2.5
    """

    __slots__ = ("keys",)
    _before = ("keys", "nobs")

    keys: NDArray[Any]

    def of(self, key: Any) -> LineFit | PlaneFit:
        """The fit of the group with this key.

        Parameters
        ----------
        key : object

        Returns
        -------
        LineFit or PlaneFit

        Raises
        ------
        KeyError
            If no group has this key.

        Examples
        --------
        >>> from mathwork.regression import fit_groups
        >>> fit_groups(["b", "a", "b", "a"], [0, 1, 2, 3], [1, 1, 5, 2]).of("a").slope
        0.5
        """
        wanted = np.empty(1, object)
        wanted[0] = key
        at = int(self._places(wanted)[0])
        if at < 0:
            raise KeyError(f"key must be that of a group, got {shown(key)}")
        return self._entry(at)

    def predict(self, keys: ArrayLike | Sequence[Any], x: ArrayLike) -> NDArray[np.float64]:
        """The fitted y for rows, each by the fit of its group.

        Parameters
        ----------
        keys : array_like, shape (m,)
        x : array_like, shape (m,) or (m, k)

        Returns
        -------
        ndarray of float64, shape (m,)
            NaN for a key that no group has.

        Raises
        ------
        ValueError
            For shapes that do not fit.

        Notes
        -----
        x and the intercept are rounded to float64. So for integers beyond 2^53, and for times far
        from 1970 by their steps, subtract a first x before the fit.

        Examples
        --------
        >>> from mathwork.regression import fit_groups
        >>> fits = fit_groups(["b", "a", "b", "a"], [0, 1, 2, 3], [1, 1, 5, 2])
        >>> fits.predict(["a", "b", "c"], [4, 4, 4])
        array([2.5, 9. , nan])
        """
        rows = as_rows(x, len(self.names), self.names)
        wanted = as_keys(keys)[0]
        if wanted.shape != rows.shape[:1]:
            raise ValueError(f"keys must have shape {rows.shape[:1]} to match x, "
                             f"got {wanted.shape}")
        at = self._places(wanted)
        params = np.append(self.params, np.full((1, self.params.shape[1]), math.nan), axis=0)
        return on_planes(params[at], self.has_intercept, rows)

    def _places(self, wanted: NDArray[Any]) -> NDArray[np.intp]:
        """Return where the groups of these keys are; -1 for a key that no group has"""
        if self.keys.dtype.kind in "mM":        # Python has other objects for each of their units
            wanted = wanted.astype(self.keys.dtype)
        places = {key: at for at, key in enumerate(self.keys.tolist())}
        try:
            return np.array([places.get(key, -1) for key in wanted.tolist()], np.intp)
        except NO_KEYS as error:
            raise TypeError("a key, or one of the keys, cannot be hashed and compared: "
                            f"{error}") from None


@public
def fit_groups(keys: ArrayLike | Sequence[Any], x: ArrayLike, y: ArrayLike, *,
               weights: ArrayLike | None = None, intercept: bool = True,
               nan_policy: NanPolicy = "propagate", cov: RowCov = "nonrobust") -> GroupFits:
    """A fit of least squares to the rows of every group. A group is the rows of one key.

    Parameters
    ----------
    keys : array_like, shape (n,)
        The group of each row, in any order: integers, bools, strings, bytes, times, floats, or
        objects that can be keys of a dict. Rows without a key (None, NaN, NaT, ``pandas.NA``)
        belong to no group and are left out.
    x : array_like, shape (n,) or (n, k)
        What explains y: one x, or up to ten columns. Integers count exactly, also beyond 2^53.
        ``datetime64`` and ``timedelta64`` are numbers of seconds, dates since 1970-01-01.
    y : array_like, shape (n,)
        What is explained, of the same kinds.
    weights : array_like, shape (n,), optional
        The factors of the squared residuals. A row of weight 0 is left out, whatever its x and y.
    intercept : bool
        Whether the fits have a constant, their first parameter.
    nan_policy : {"propagate", "omit", "raise"}
        What to do if x or y is NaN, NaT or infinite, or a weight is NaN. By default the groups of
        such rows have status 3 and the others are fitted. "omit" leaves these rows out.
    cov : {"nonrobust", "HC0", "HC1", "HC2", "HC3"}
        The standard errors: the usual ones, or those of White (HC0) and MacKinnon and White (HC1 to
        HC3), which hold if the variance of y is not the same in all rows, as for
        :func:`fit_linear`. All but `bse` and what follows from it stay as they are.

    Returns
    -------
    GroupFits
        One entry a group, in the order of their first rows. By default no group raises: a group
        without a fit has NaN and a `status` with the reason.

    Raises
    ------
    TypeError
        If x or y does not hold real numbers or times, an argument is a masked array, or the keys
        cannot be told apart (unhashable objects, complex numbers, structures).
    ValueError
        If the shapes do not fit, x has no or more than ten columns, `cov` is another one, or a
        number is not finite and the policy is "raise".

    Notes
    -----
    The rows pass once, in their order, into centred sums of each group (Welford 1962, West 1979),
    counted from the group's first row. So the errors are relative to the distances between its
    rows: about ``eps sqrt(nobs)`` and at most ``eps nobs`` of the spreads of x and y, for any
    offset. Some groups take a second pass: rows so near a line or plane that the standard errors
    would lose digits, squares beyond the range of float64, and columns that nearly depend on each
    other. With several x these are gathered and fitted in doubled precision (32 digits). A column
    is dependent (status 2) if less than ``2^-50`` of it is left. A group has the same bits beside
    any other groups and at every level with fused multiply-add; with one x alone and no weights at
    level baseline, too. The last digits of robust errors may depend on what stands beside a group.

    Beside the result one x takes up to 400 bytes a group and the bytes of its key. Integers from a
    range of at most two for each row take a third of that, and up to 12 bytes for each integer of
    the range. Rows are neither sorted nor copied, except arrays that are not contiguous. With
    several x it is ``4 (k + 2)^2 + 24 (k + 3)`` bytes a group, and ``32 (k + 7)^2`` more for each
    group of more than 64 rows; x of another dtype than float64 is copied. With `cov` the rows are
    copied, sorted by their groups, in parts of 65536 rows or of one group: about 0.5 us a row.
    While keys are objects, other threads have a turn every few milliseconds; other keys do not hold
    them up at all.

    References
    ----------
    B. P. Welford, "Note on a method for calculating corrected sums of squares and products",
    Technometrics 4(3), 1962.
    D. H. D. West, "Updating mean and variance estimates: an improved method", Communications of the
    ACM 22(9), 1979.

    Examples
    --------
    >>> from mathwork.regression import fit_groups
    >>> fits = fit_groups([7, 3, 7, 7, 3, 5], [0, 0, 1, 2, 1, 9], [1, 5, 3, 5, 2, 9])
    >>> fits.keys
    array([7, 3, 5])
    >>> fits.slope
    array([ 2., -3., nan])
    >>> fits.status
    array([0, 0, 1], dtype=int8)
    >>> x = [[0, 1], [1, 0], [2, 2], [3, 1]]
    >>> fit_groups([7, 7, 7, 7], x, [2, 5, 5, 8]).params
    array([[ 3.,  2., -1.]])
    """
    cov = checked_cov(cov, "groups")
    intercept = flag(intercept, "intercept")
    given, plain, kind = as_keys(keys)
    rows = checked_rows(x, y, weights, nan_policy, keys=keys, of_keys=plain.shape,
                        hint=OF_COLUMNS if plain.ndim == 2 else "")
    names: dict[str, Any] = {"names": rows.names, "n_omitted": rows.n_omitted, "cov_type": cov}
    robust = partial(_robust_errors, cov, plain, kind, rows, intercept)
    points = rows.are_points(intercept)
    groups = (kernels.GroupedRows(plain, kind, *rows.points()) if points else
              kernels.PlaneGroups(plain, kind, *rows.planes(intercept), intercept))
    try:
        first, nobs, status, numbers = groups.fits()
    except NO_KEYS as error:
        raise not_hashed("keys", error) from None
    if points:
        if cov != "nonrobust":
            numbers[-1], numbers[-2] = robust(status)
        fields: dict[str, Any] = dict(zip(FIELDS, numbers, strict=True))
        fields |= {"nobs": nobs, "status": status, "has_intercept": True, "_planes": None}
    else:
        if cov != "nonrobust":
            numbers[len(numbers) // 2:-1] = robust(status)
        fields = fields_of(nobs, status, rows.in_units(numbers, intercept), intercept)
    found = given[first] if hasattr(keys, "__array__") else _regular(given[first])
    return GroupFits._made(keys=found, **names, **fields)


def _robust_errors(cov: str, keys: NDArray[Any], kind: int, rows: Rows, intercept: bool,
                   status: NDArray[np.int8]) -> NDArray[np.float64]:
    sets = groups_of(kernels.key_numbers(keys, kind), len(status))
    return robust_errors(cov, rows.planes(intercept), intercept, sets, status)


def _regular(keys: NDArray[Any]) -> NDArray[Any]:
    """Return keys from a list; if all are strings, bytes or floats, as an array of these"""
    if keys.dtype == object and set(map(type, keys)) in ({str}, {bytes}, {float}):
        regular = np.array(keys.tolist())
        if regular.tolist() == keys.tolist():       # False if a string ends in NUL
            return regular
    return keys
