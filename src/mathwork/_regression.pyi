"""What `mathwork._levels.regression` offers, at every level."""
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Line = TypeVar("_Line", bound="Line")
_Fit = TypeVar("_Fit", bound="LeastSquares")

class Line:
    slope: Any
    intercept: Any
    rvalue: Any
    stderr: Any
    intercept_stderr: Any
    nobs: Any
    status: Any
    def __iter__(self) -> Iterator[Any]: ...

def lines(cls: type[_Line]) -> type[_Line]: ...
def make_line(cls: type[Line], *fields: Any) -> Line: ...
def fit_line(x: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None,
             workers: int = 1) -> Any: ...
def fit_checked_line(x: NDArray[Any], y: NDArray[Any], weights: NDArray[Any] | None,
                     workers: int) -> Any: ...

pair_operations: list[str]

def on_pairs(name: str, a: NDArray[Any], b: NDArray[Any], registers: bool) -> NDArray[Any]: ...
def polynomial_fit(x: NDArray[Any], y: NDArray[Any], weights: NDArray[Any] | None, degree: int
                   ) -> tuple[Any, ...]: ...
def differentiate_polynomial(basis: NDArray[Any], mapping: tuple[Any, ...]
                             ) -> tuple[NDArray[Any], tuple[Any, ...]]: ...
def evaluate_polynomial(basis: NDArray[Any], mapping: tuple[Any, ...], x: NDArray[Any]
                        ) -> NDArray[Any]: ...

ways: dict[str, int]

class LeastSquares:
    params: NDArray[Any]
    bse: NDArray[Any]
    ssr: Any
    rsquared: Any
    fvalue: Any
    nobs: int
    rank: int
    status: int
    intercept: bool
    _correlation: NDArray[Any]
    _X: Any
    _y: Any
    _way: str | None
    _steps: int

def fits(cls: type[_Fit]) -> type[_Fit]: ...
def least_squares(params: Any, bse: Any, ssr: Any, rsquared: Any, fvalue: Any, correlation: Any,
                  nobs: int, rank: int, status: int, intercept: bool, X: Any, y: Any) -> Any: ...
def fit_rows(X: NDArray[Any], y: NDArray[Any], intercept: bool, weights: NDArray[Any] | None,
             rank_tol: float, way: str = "any") -> Any: ...
def finite_rows(X: NDArray[Any], y: NDArray[Any], weights: NDArray[Any]) -> None: ...
def residual_rows(X: NDArray[Any], y: NDArray[Any] | None, params: NDArray[Any],
                  intercept: bool) -> NDArray[Any]: ...
def fit_linear(X: ArrayLike, y: ArrayLike, *, intercept: bool = True,
               weights: ArrayLike | None = None, rank_tol: float | None = None,
               nan_policy: str = "raise") -> Any: ...

def moments_of(X: NDArray[Any], y: NDArray[Any], weights: NDArray[np.float64] | None
               ) -> NDArray[np.float64]: ...
def merged_moments(a: NDArray[np.float64], b: NDArray[np.float64], q: int
                   ) -> NDArray[np.float64]: ...
def fit_of_moments(numbers: NDArray[np.float64], q: int, chosen: NDArray[np.intp], k: int,
                   single: bool, intercept: bool, rank_tol: float) -> Any: ...

key_kinds: dict[str, int]

class GroupedRows:
    def __init__(self, keys: NDArray[Any], kind: int, low: int, span: int,
                 x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> None: ...
    def fits(self) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int8],
                            NDArray[np.float64]]: ...

def rolling_fits(x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]], window: int,
                 least: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]: ...
