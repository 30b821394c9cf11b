"""Linear restrictions on parameters: as matrices, as text, and their tests.

Scheffe, The Analysis of Variance, Wiley, 1959, section 2.3.
"""
from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import shown
from mathwork._arrays import as_plain
from mathwork._doors import public
from mathwork._extras import extra
from mathwork.regression.inference import PURPOSE, f_pvalue, t_pvalue, t_quantile, t_statistic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    _Floats = NDArray[np.float64]

DEPENDENT = 1e-12       # of a restriction: what the others leave of it, if only rounding


@public
class Contrast(NamedTuple):
    """Linear combinations of parameters, each tested by itself: arrays, one number for each.

    For several targets or lines they have an axis (or more) behind the first for these.

    Parameters
    ----------
    effect, stderr : ndarray, shape (q,)
        The estimate of the combination, and its standard error.
    tvalue, pvalue : ndarray, shape (q,)
        Of the difference from that value.
    lower, upper : ndarray, shape (q,)
        The confidence interval of the effect.

    Examples
    --------
    >>> from mathwork.regression import fit_line
    >>> fit_line([1, 2, 3, 4], [1, 3, 2, 4]).t_test("intercept + 2 slope").effect
    array([2.1])
    """

    effect: _Floats
    stderr: _Floats
    tvalue: _Floats
    pvalue: _Floats
    lower: _Floats
    upper: _Floats


@public
class JointTest(NamedTuple):
    """A test of several restrictions together.

    Parameters
    ----------
    statistic, pvalue : float, or ndarray for several targets or lines
    df_num : int
        The number of restrictions.
    df_denom : int or float, or ndarray
        The degrees of freedom of F; infinite for chi-square.

    Examples
    --------
    >>> from mathwork.regression import fit_line
    >>> fit_line([1, 2, 3, 4], [1, 3, 2, 4]).f_test("slope = 1").df_denom
    2
    """

    statistic: Any
    pvalue: Any
    df_num: int
    df_denom: Any


def restrictions_of(restrictions: Any, value: ArrayLike | None, terms: Sequence[str]
                    ) -> tuple[_Floats, _Floats]:
    """Return restrictions as a matrix (q, P) and their values (q,).

    Raises
    ------
    ValueError
        For another shape, numbers that are not finite, and text that cannot be read.
    """
    if isinstance(restrictions, (list, tuple)) and len(restrictions) and all(
            isinstance(each, str) for each in restrictions):
        restrictions = ", ".join(restrictions)
    if isinstance(restrictions, str):
        if value is not None:
            raise ValueError("value must be part of the text, as in 'x = 2', where restrictions "
                             "are text")
        matrix, wanted = _read(restrictions, [str(term) for term in terms])
    else:
        given = as_plain(restrictions, "restrictions", np.float64)
        matrix = np.atleast_2d(given)
        if matrix.ndim != 2 or matrix.shape[1] != len(terms) or not len(matrix):
            raise ValueError(f"restrictions must have shape ({len(terms)},) or (q, {len(terms)}), "
                             f"one column a parameter, got {given.shape}")
        wanted = np.zeros(len(matrix)) if value is None else as_plain(
            value, "value", np.float64)
        if wanted.ndim > 1 or wanted.size not in (1, len(matrix)):
            raise ValueError(f"value must be one number or {len(matrix)}, one a restriction, "
                             f"got shape {wanted.shape}")
        wanted = np.broadcast_to(wanted, len(matrix))
    if not (np.isfinite(matrix).all() and np.isfinite(wanted).all()):
        raise ValueError("restrictions and their value must be finite")
    return matrix, wanted


# ---- tests ----

def contrast(fit: Any, matrix: _Floats, wanted: _Floats, alpha: float) -> Contrast:
    """Return the tests of the rows of a matrix, each by itself."""
    with np.errstate(all="ignore"):
        rows, effect = _applied(fit, matrix)
        variance = np.diagonal(fit._sandwich(rows), axis1=-2, axis2=-1)
        stderr = np.moveaxis(np.sqrt(variance), -1, 0)
        ends = wanted.reshape(-1, *[1] * (effect.ndim - 1))
        tvalue = np.asarray(t_statistic(effect - ends, stderr))
        reach = t_quantile(alpha / 2, fit._df) * stderr
        return Contrast(effect, stderr, tvalue, np.asarray(t_pvalue(tvalue, fit._df)),
                        effect - reach, effect + reach)


def joint_test(fit: Any, matrix: _Floats, wanted: _Floats, *, use_f: bool) -> JointTest:
    """Return the test of all rows of a matrix together."""
    count = len(matrix)
    with np.errstate(all="ignore"):
        _check_independent(matrix)
        F = wald(fit, matrix, wanted)
    df = fit._df
    if use_f:
        return JointTest(F, f_pvalue(F, count, df), count, df)
    statistic = F * count
    chance = extra("scipy.special", PURPOSE).chdtrc(count, statistic)
    return JointTest(statistic, float(chance) if np.ndim(chance) == 0 else chance, count, np.inf)


def wald(fit: Any, matrix: _Floats, wanted: _Floats) -> Any:
    """Return F of restrictions: NaN where their covariance has not their rank."""
    rows, effect = _applied(fit, matrix)
    with np.errstate(all="ignore"):
        gap = np.moveaxis(effect - wanted.reshape(-1, *[1] * (effect.ndim - 1)), 0, -1)
        if fit._robust is None:
            # rows = R'Q' with orthonormal Q: the covariance is scale R'R, which need not be made.
            root = np.linalg.qr(np.swapaxes(rows, -1, -2), mode="r") if np.isfinite(
                rows).all() else np.full((len(matrix), len(matrix)), np.nan)
            turned = np.swapaxes(root, -1, -2)
            part = _solved(turned, gap)
            total = (part * part).sum(-1) / np.asarray(fit.scale)
        else:
            covariance = fit._sandwich(rows)
            size = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
            gap = gap / size
            total = (gap * _solved(covariance / (size[..., None] * size[..., None, :]), gap)
                     ).sum(-1)
            total = np.where(np.asarray(fit._df) >= len(matrix), total, np.nan)
        total = total / len(matrix)
    return float(total) if np.ndim(total) == 0 else total


def _applied(fit: Any, matrix: _Floats) -> tuple[_Floats, _Floats]:
    """Return a matrix times the factor of the basis, (..., q, R), and times the parameters (q, ...)
    """
    factor, params = fit._known().basis.factor, np.asarray(fit.params)
    used = (matrix != 0).any(axis=0)        # NaN is of a parameter that is left out
    with np.errstate(all="ignore"):
        effect = np.tensordot(matrix[:, used], params[used], 1)
        return matrix[:, used] @ factor[..., used, :], np.asarray(effect, np.float64)


def _solved(matrix: _Floats, right: _Floats) -> _Floats:
    """Return matrix^-1 right for stacks; NaN where there is none"""
    try:
        return np.asarray(np.linalg.solve(matrix, right[..., None])[..., 0], np.float64)
    except np.linalg.LinAlgError:
        return np.full(right.shape, np.nan)


def _check_independent(matrix: _Floats) -> None:
    sizes = np.linalg.norm(matrix, axis=1, keepdims=True)
    if len(matrix) > matrix.shape[1] or not sizes.all() or (
            np.linalg.svd(matrix / sizes, compute_uv=False)[-1] < DEPENDENT):
        raise ValueError("restrictions must not follow from each other, got "
                         f"{len(matrix)} that do")


# ---- text ----

OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv}


class _Form:
    """A constant plus a linear form in the parameters."""

    def __init__(self, factors: Any, constant: float = 0.0) -> None:
        self.factors, self.constant = factors, constant

    def __add__(self, other: _Form) -> _Form:
        return _Form(self.factors + other.factors, self.constant + other.constant)

    def __sub__(self, other: _Form) -> _Form:
        return self + other * _Form(0.0 * other.factors, -1.0)

    def __mul__(self, other: _Form) -> _Form:
        if np.any(self.factors) and np.any(other.factors):
            raise ValueError("a product of parameters is not linear")
        return _Form(self.factors * other.constant + other.factors * self.constant,
                     self.constant * other.constant)

    def __truediv__(self, other: _Form) -> _Form:
        if np.any(other.factors):
            raise ValueError("a quotient of parameters is not linear")
        return self * _Form(0.0 * other.factors, 1.0 / float(other.constant))


def _read(text: str, terms: Sequence[str]) -> tuple[_Floats, _Floats]:
    """Return factors and values of restrictions such as "x + 2 z = 1, y"; without = it is 0"""
    code, used = _with_places(text, terms)
    forms = []
    try:
        for part in code.split(","):
            sides = part.split("=")
            if len(sides) > 2:
                raise ValueError("it has more than one =")
            left, right = (_form(side, used, len(terms)) for side in (*sides, "0")[:2])
            forms.append(left - right)
            if not np.any(forms[-1].factors):
                raise ValueError("a restriction names no parameter")
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"restrictions must be like '{terms[-1]} = 2', of {', '.join(terms)}, "
                         f"got {shown(text)}: {error}") from None
    return np.array([form.factors for form in forms]), -np.array([form.constant for form in forms])


def _with_places(text: str, terms: Sequence[str]) -> tuple[str, list[int]]:
    """Return text with a place, ``_0_``, for each name of a parameter, and which these are

    Names may hold anything, as "C(group)[T.b]" does. A number is never a name: the constant of a
    polynomial is called intercept.
    """
    numbers = {name: at for at, name in enumerate(terms) if not name.isdecimal()}
    if terms[0] == "1":
        numbers.setdefault("intercept", 0)
    used: list[int] = []

    def placed(match: re.Match[str]) -> str:
        used.append(numbers[match.group()])
        return f" _{len(used) - 1}_ "

    longest_first = sorted(numbers, key=len, reverse=True)
    code = re.sub("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first), placed,
                  text) if numbers else text
    return re.sub(r"([\d.)])\s+(?=_\d+_)", r"\1 * ", code), used       # "2 x" is a product


def _form(code: str, used: Sequence[int], count: int) -> _Form:
    """Return one side of a restriction as a form in `count` parameters"""
    try:
        tree = ast.parse(code.strip(), mode="eval").body
    except SyntaxError:
        raise ValueError("it is no sum of parameters") from None

    def value(node: ast.expr) -> _Form:
        factors = np.zeros(count)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            return value(node.operand) * _Form(
                factors, -1.0 if isinstance(node.op, ast.USub) else 1.0)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return _Form(factors, float(node.value))      # type: ignore[arg-type]
        if isinstance(node, ast.Name) and re.fullmatch(r"_\d+_", node.id):
            factors[used[int(node.id.strip("_"))]] = 1.0
            return _Form(factors)
        raise ValueError(f"{ast.unparse(node)} is no parameter and no number")

    return value(tree)
