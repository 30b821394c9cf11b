"""What `mathwork._levels.regression` offers, at every level."""
from collections.abc import Iterator
from typing import Any, Self, SupportsIndex, TypeAlias, TypeVar, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import disjoint_base

from mathwork._types import CodeOrArray, Float64Array, FloatArray, FloatOrArray, IntOrArray

_Class = TypeVar("_Class")
_Line = TypeVar("_Line", bound=Line)
_Fit = TypeVar("_Fit", bound=Line | LeastSquares)

@final
class Maker:
    def __init__(self, kernel: type) -> None: ...
    def __call__(self, cls: type[_Class]) -> type[_Class]: ...

# ---- lines ----

@disjoint_base
class Line:
    @property
    def slope(self) -> FloatOrArray: ...
    @property
    def intercept(self) -> FloatOrArray: ...
    @property
    def rvalue(self) -> FloatOrArray: ...
    @property
    def stderr(self) -> FloatOrArray: ...
    @property
    def intercept_stderr(self) -> FloatOrArray: ...
    @property
    def nobs(self) -> IntOrArray: ...
    @property
    def status(self) -> CodeOrArray: ...
    @property
    def _details(self) -> Any: ...
    _x: Any
    _y: Any
    _weights: Any
    _basis: Any
    _robust: Any
    def __iter__(self) -> Iterator[FloatOrArray]: ...

lines: Maker

def make_line(cls: type[_Line], *fields: Any) -> _Line: ...
def with_details(made: _Fit, details: Any) -> _Fit: ...
def fit_line(x: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None, workers: int = 1,
             nan_policy: str = "raise", cov: str = "nonrobust", groups: ArrayLike | None = None,
             maxlags: SupportsIndex | None = None) -> Any: ...
def fit_checked_line(x: FloatArray, y: FloatArray, weights: FloatArray | None, workers: int
                     ) -> Any: ...

# ---- arithmetic of pairs ----

pair_operations: list[str]

def on_pairs(name: str, a: NDArray[np.float64], b: NDArray[np.float64], registers: bool
             ) -> NDArray[np.float64]: ...

# ---- polynomials ----

# shift, centre, factor, y_shift
_Mapping: TypeAlias = tuple[int, float, float, int]

# status, count, mapping, basis, spread, factor, coef, covariance, bse, ssr, unexplained
def polynomial_fit(x: NDArray[np.float64], y: NDArray[np.float64],
                   weights: NDArray[np.float64] | None, degree: int,
                   base: NDArray[np.float64] | None = None
                   ) -> tuple[int, int, _Mapping, NDArray[np.float64], NDArray[np.float64],
                              NDArray[np.float64], NDArray[np.float64], NDArray[np.float64],
                              NDArray[np.float64], float, float]: ...
def differentiate_polynomial(basis: NDArray[np.float64], mapping: _Mapping
                             ) -> tuple[NDArray[np.float64], _Mapping]: ...
def evaluate_polynomial(basis: NDArray[np.float64], mapping: _Mapping, x: NDArray[np.float64]
                        ) -> NDArray[np.float64]: ...

# ---- any number of columns ----

ways: dict[str, int]

@disjoint_base
class LeastSquares:
    @property
    def params(self) -> NDArray[np.float64]: ...
    @property
    def bse(self) -> NDArray[np.float64]: ...
    @property
    def ssr(self) -> FloatOrArray: ...
    @property
    def rsquared(self) -> FloatOrArray: ...
    @property
    def fvalue(self) -> FloatOrArray: ...
    @property
    def nobs(self) -> int: ...
    @property
    def rank(self) -> int: ...
    @property
    def status(self) -> int: ...
    @property
    def intercept(self) -> bool: ...
    @property
    def _correlation(self) -> NDArray[np.float64]: ...
    @property
    def _X(self) -> FloatArray | None: ...
    @property
    def _y(self) -> FloatArray | None: ...
    @property
    def _weights(self) -> NDArray[np.float64] | None: ...
    _basis: Any
    _robust: Any
    @property
    def _way(self) -> str | None: ...
    @property
    def _steps(self) -> int: ...
    @property
    def _details(self) -> Any: ...

fits: Maker

def least_squares(params: NDArray[np.float64], bse: NDArray[np.float64], ssr: FloatOrArray,
                  rsquared: FloatOrArray, fvalue: FloatOrArray, correlation: NDArray[np.float64],
                  nobs: int, rank: int, status: int, intercept: bool, X: FloatArray | None,
                  y: FloatArray | None, weights: NDArray[np.float64] | None = None,
                  basis: Any = None, robust: Any = None) -> Any: ...
def fit_rows(X: FloatArray, y: FloatArray, intercept: bool, weights: NDArray[np.float64] | None,
             rank_tol: float, way: str = "any", bases: NDArray[np.float64] | None = None,
             level: NDArray[np.float64] | None = None, scores: int = -1) -> Any: ...
def finite_rows(X: FloatArray, y: FloatArray, weights: NDArray[np.float64]) -> None: ...
def residual_rows(X: FloatArray, y: FloatArray | None, params: NDArray[np.float64],
                  intercept: bool) -> NDArray[np.float64]: ...
def fit_linear(X: ArrayLike, y: ArrayLike, *, intercept: bool = True,
               weights: ArrayLike | None = None, rank_tol: float | None = None,
               nan_policy: str = "raise", cov: str = "nonrobust", groups: ArrayLike | None = None,
               maxlags: SupportsIndex | None = None) -> Any: ...

def moments_of(X: FloatArray, y: FloatArray, weights: NDArray[np.float64] | None
               ) -> NDArray[np.float64]: ...
def merged_moments(a: NDArray[np.float64], b: NDArray[np.float64], q: int
                   ) -> NDArray[np.float64]: ...
def parted_moments(a: NDArray[np.float64], b: NDArray[np.float64], q: int
                   ) -> NDArray[np.float64]: ...
def fit_of_moments(numbers: NDArray[np.float64], q: int, chosen: NDArray[np.intp], k: int,
                   single: bool, intercept: bool, rank_tol: float) -> Any: ...

# ---- many lines at once ----

key_kinds: dict[str, int]

@final
class KeyTable:
    def __new__(cls, keys: NDArray[Any], kind: int) -> Self: ...

def key_numbers(keys: NDArray[Any], kind: int) -> NDArray[np.intp]: ...

@final
class GroupedRows:
    def __new__(cls, keys: NDArray[Any], kind: int, x: FloatArray, y: FloatArray) -> Self: ...
    def fits(self) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int8],
                            NDArray[np.float64]]: ...

def rolling_fits(x: FloatArray, y: FloatArray, window: int, least: int
                 ) -> tuple[NDArray[np.int8], NDArray[np.float64]]: ...

# ---- many planes at once ----

_Windows: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64]]

@final
class PlaneGroups:
    def __new__(cls, keys: NDArray[Any], kind: int, X: Float64Array, y: Float64Array,
                X_low: Float64Array | None, y_low: Float64Array | None,
                weights: Float64Array | None, intercept: bool) -> Self: ...
    def fits(self) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int8],
                            NDArray[np.float64]]: ...

def rolling_planes(X: Float64Array, y: Float64Array, X_low: Float64Array | None,
                   y_low: Float64Array | None, weights: Float64Array | None, window: int,
                   least: int, intercept: bool) -> _Windows: ...
def span_planes(X: Float64Array, y: Float64Array, X_low: Float64Array | None,
                y_low: Float64Array | None, weights: Float64Array | None,
                begins: NDArray[np.intp], least: int, intercept: bool) -> _Windows: ...
def growing_planes(X: Float64Array, y: Float64Array, X_low: Float64Array | None,
                   y_low: Float64Array | None, weights: Float64Array | None,
                   decay: Float64Array | None, least: int, intercept: bool
                   ) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64],
                              NDArray[np.float64]]: ...
