"""What `mathwork._levels.core` offers, at every level."""
from collections.abc import Iterable, Iterator
from typing import Any, Self, SupportsIndex, TypeAlias, TypeVar, final, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from typing_extensions import disjoint_base

from mathwork._types import (
    CodeOrArray,
    FloatArray,
    FloatDType,
    FloatOrArray,
    Number,
    ScalarOrArray,
)

_Class = TypeVar("_Class")
_Network = TypeVar("_Network", bound=ForwardPass)
_Reduced = TypeVar("_Reduced", bound=Reduction)

activation_codes: dict[str, int]
engines: dict[str, int]
geometry: dict[str, int]

@final
class Maker:
    def __init__(self, kernel: type) -> None: ...
    def __call__(self, cls: type[_Class]) -> type[_Class]: ...

# ---- products ----

def matvec(W: ArrayLike, x: ArrayLike, bias: ArrayLike | None = None, *,
           out: FloatArray | None = None) -> FloatArray: ...
def matmul(A: ArrayLike, B: ArrayLike, *, out: FloatArray | None = None) -> FloatArray: ...

# ---- activations and networks ----

class _Elementwise(np.ufunc):  # type: ignore[misc]  # final, but NumPy types its own ufuncs so, too
    """A ufunc of one real argument."""

    @overload
    def __call__(self, x: Number, /, out: None = None, **options: Any
                 ) -> np.float32 | np.float64: ...
    @overload       # Any comes of what has an __array_ufunc__ of its own
    def __call__(self, x: Any, /, out: Any = None, **options: Any) -> FloatArray | Any: ...

def activation_ufunc(name: str, doc: str) -> _Elementwise: ...
def activate_in_place(name: str, parameter: float, y: NDArray[Any]) -> None: ...

@disjoint_base
class ForwardPass:
    @property
    def layers(self) -> tuple[Any, ...]: ...
    @property
    def sizes(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> FloatDType: ...
    def __new__(cls, layers: Iterable[Any], dtype: DTypeLike) -> Self: ...
    def __call__(self, x: ArrayLike, *, out: FloatArray | None = None, workers: int = 1
                 ) -> FloatArray: ...
    def _trace(self, x: ArrayLike) -> tuple[FloatArray, ...]: ...
    def _addresses(self) -> tuple[int, int | None, int]: ...
    def _repeat(self, x: FloatArray, out: FloatArray, times: int) -> None: ...

def call_without_tuple(cls: type[_Network]) -> type[_Network]: ...

# ---- rows of matrices ----

def swap_rows(A: ArrayLike, i: SupportsIndex, j: SupportsIndex, *, out: FloatArray | None = None
              ) -> FloatArray: ...
def scale_row(A: ArrayLike, i: SupportsIndex, factor: float, *, out: FloatArray | None = None
              ) -> FloatArray: ...
def add_multiple(A: ArrayLike, target: SupportsIndex, source: SupportsIndex, factor: float, *,
                 out: FloatArray | None = None) -> FloatArray: ...

# ---- row reduction of floats ----

# rank, accepted, rejected, status, parity
_Verdict: TypeAlias = tuple[int | NDArray[np.intp], FloatOrArray, FloatOrArray, CodeOrArray,
                            CodeOrArray]

@disjoint_base
class Reduction:
    @property
    def matrix(self) -> NDArray[Any]: ...
    @property
    def pivots(self) -> tuple[int, ...] | NDArray[np.intp]: ...
    @property
    def _columns(self) -> int: ...
    @property
    def _verdict(self) -> _Verdict: ...
    def __iter__(self) -> Iterator[Any]: ...

units: dict[str, float]
close_accepted: int
reductions: Maker

def reduction(cls: type[_Reduced], matrix: NDArray[Any], pivots: tuple[int, ...] | NDArray[np.intp],
              columns: SupportsIndex, verdict: _Verdict) -> _Reduced: ...
def reduce_plain(A: FloatArray, columns: int, tol: float, reduced: bool, workers: int = 1,
                 engine: str = "any", atol: float = 0.0) -> Any: ...
def ref(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0,
        columns: SupportsIndex | None = None, exact: bool = False,
        modulus: int | None = None, workers: int = 1) -> Any: ...
def rref(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0,
         columns: SupportsIndex | None = None, exact: bool = False,
         modulus: int | None = None, workers: int = 1) -> Any: ...
def solve_regular(A: object, b: object) -> tuple[FloatArray, FloatArray, float] | None: ...
def invert_regular(A: object) -> tuple[FloatArray, float] | None: ...
def determinants(echelon: Reduction) -> ScalarOrArray: ...
