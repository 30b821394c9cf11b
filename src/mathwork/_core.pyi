"""What `mathwork._levels.core` offers, at every level."""
from collections.abc import Iterable, Iterator, Sequence
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
_Factors = TypeVar("_Factors", bound=Factorization)

activation_codes: dict[str, int]
step_kinds: dict[str, int]
engines: dict[str, int]
geometry: dict[str, int]

@final
class Maker:
    def __init__(self, kernel: type) -> None: ...
    def __call__(self, cls: type[_Class]) -> type[_Class]: ...

# ---- products ----

def matvec(W: ArrayLike, x: ArrayLike, bias: ArrayLike | None = None, *,
           out: FloatArray | None = None, workers: int = 1) -> FloatArray: ...
def matmul(A: ArrayLike, B: ArrayLike, *, out: FloatArray | None = None, workers: int = 1
           ) -> FloatArray: ...

@final
class StackProduct:
    def __call__(self, start: int, stop: int) -> None: ...

# ---- activations and networks ----

class _Elementwise(np.ufunc):  # type: ignore[misc]  # final, but NumPy types its own ufuncs so, too
    """A ufunc of one real argument."""

    @overload
    def __call__(self, x: Number, /, out: None = None, **options: Any
                 ) -> np.float32 | np.float64: ...
    @overload       # Any comes of what has an __array_ufunc__ of its own
    def __call__(self, x: Any, /, out: Any = None, **options: Any) -> FloatArray | Any: ...

def activation_ufunc(name: str, doc: str) -> _Elementwise: ...
def activate_in_place(name: str, parameters: tuple[Any, ...], y: NDArray[Any]) -> None: ...

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
    def _steps(self) -> list[tuple[int, int, int, int, int]]: ...
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
def augment(A: ArrayLike, b: ArrayLike) -> Any: ...
def is_ref(A: ArrayLike) -> bool | NDArray[np.bool]: ...
def is_rref(A: ArrayLike) -> bool | NDArray[np.bool]: ...

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
cancelled: int
close_contradiction: int
close_agreement: float
close_rejected: dict[str, float]
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

# ---- systems ----

solutions: Maker

def solve_plain(A: FloatArray, b: FloatArray, tol: float, atol: float) -> Any: ...
def solve_stack(A: FloatArray, B: FloatArray, groups: int, tol: float, atol: float, workers: int
                ) -> tuple[NDArray[np.int8], FloatArray, FloatArray, NDArray[np.bool]]: ...
def invert_plain(A: FloatArray, tol: float, atol: float, workers: int, stacklevel: int
                 ) -> FloatArray: ...
def determinant_of_plain(A: FloatArray, tol: float, atol: float, workers: int, stacklevel: int
                         ) -> ScalarOrArray: ...
def rank_of_plain(A: FloatArray, tol: float, atol: float, workers: int, stacklevel: int
                  ) -> int | NDArray[np.intp]: ...
def null_space_of_plain(A: FloatArray, tol: float, atol: float, workers: int, stacklevel: int
                        ) -> FloatArray: ...
def solve(A: ArrayLike, b: ArrayLike, *, tol: float | None = None, atol: float = 0.0,
          exact: bool = False, modulus: int | None = None, workers: int = 1) -> Any: ...
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: int | None = None, workers: int = 1) -> Any: ...
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: int | None = None, workers: int = 1) -> Any: ...
def rank(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
         modulus: int | None = None, workers: int = 1) -> Any: ...
def null_space(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
               modulus: int | None = None, integer: bool = False, workers: int = 1) -> Any: ...

@final
class Slices:
    def __call__(self, start: int, stop: int) -> None: ...

# ---- factors of a matrix ----

# rank, accepted, rejected, status, parity
_Verdicts: TypeAlias = tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64],
                             NDArray[np.int8], NDArray[np.int8]]

@disjoint_base
class Factorization:
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def _single(self) -> bool: ...
    @property
    def _verdict(self) -> _Verdicts: ...
    @property
    def _parts(self) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64],
                              NDArray[np.intp]]: ...
    def _solve_plain(self, b: object) -> FloatArray | None: ...
    def _solve_stack(self, sides: FloatArray, workers: int) -> FloatArray: ...

@final
class SidesJob:
    def __call__(self, start: int, stop: int) -> None: ...

factorizations: Maker

def factorization(cls: type[_Factors], single: bool, triangles: Any, rows: Any, undo: Any,
                  pivots: Any, verdicts: tuple[Any, ...]) -> _Factors: ...
def factor_plain(A: FloatArray, tol: float, atol: float = 0.0, workers: int = 1, engine: str = "any"
                 ) -> Any: ...
def determinant_parts(factors: Factorization) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...

# ---- random weights ----

distributions: dict[str, int]

def fill_random(out: FloatArray, distribution: int, seed: Sequence[int], scale: float,
                workers: int = 1) -> FloatArray: ...

# for tests
def numbers_of_bits(bits: NDArray[np.uint32] | NDArray[np.uint64], distribution: int
                    ) -> FloatArray: ...
def philox_block(block: int, key: tuple[int, int], high: tuple[int, int]) -> list[int]: ...
