"""The types that annotations share.

Only type checkers import this module: `numpy.typing` would cost time when mathwork starts.
"""
from datetime import timedelta
from os import PathLike
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = TypeVar("Array", bound=NDArray[Any])

# ---- arguments ----

# One real number, of Python or NumPy.
Number: TypeAlias = float | np.floating[Any] | np.integer[Any] | np.bool

NanPolicy: TypeAlias = Literal["raise", "omit", "propagate"]
Duration: TypeAlias = str | timedelta | np.timedelta64

Cov: TypeAlias = Literal["nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster", "HAC"]
RowCov: TypeAlias = Literal["nonrobust", "HC0", "HC1", "HC2", "HC3"]      # of groups, windows
Interval: TypeAlias = Literal["mean", "observation"] | None

StrPath: TypeAlias = str | PathLike[str]
Rng: TypeAlias = int | np.random.Generator | np.random.SeedSequence | None

WithParameter: TypeAlias = Literal["celu", "elu", "leaky_relu", "softplus"]
ActivationName: TypeAlias = WithParameter | Literal[
    "clip", "exp", "gelu", "gelu_tanh", "hardsigmoid", "hardswish", "hardtanh", "identity",
    "log_sigmoid", "log_softmax", "mish", "prelu", "relu", "relu6", "selu", "sigmoid", "silu",
    "softmax", "softsign", "tanh"]
Alias: TypeAlias = Literal["linear", "logistic", "swish"]
Activation: TypeAlias = (ActivationName | Alias | tuple[WithParameter, float]
                         | tuple[Literal["clip"], float, float]
                         | tuple[Literal["prelu"], ArrayLike])

# ---- results ----

FloatDType: TypeAlias = np.dtype[np.float32] | np.dtype[np.float64]
ComplexDType: TypeAlias = np.dtype[np.complex64] | np.dtype[np.complex128]
FloatArray: TypeAlias = NDArray[np.float32 | np.float64]
Float64Array: TypeAlias = NDArray[np.float64]
ComplexArray: TypeAlias = NDArray[np.complex64 | np.complex128]
Place: TypeAlias = FloatArray | ComplexArray        # for `out`
# Matrices of exact numbers, (count, m, n): int64, or objects.
Stack: TypeAlias = NDArray[Any]
ScalarOrArray: TypeAlias = np.float32 | np.float64 | FloatArray

# What one fit, matrix or orbit has, or each of many.
FloatOrArray: TypeAlias = float | NDArray[np.float64]
IntOrArray: TypeAlias = int | NDArray[np.int64]
CodeOrArray: TypeAlias = int | NDArray[np.int8]

SolutionWord: TypeAlias = Literal["unique", "infinite", "inconsistent", "nan"]

# Any beside another type is what else may come: a quantity with units, of astropy or pint, which
# need not be there; and one number where an ArrayLike turns out to be one.
Measure: TypeAlias = float | Any
Measures: TypeAlias = FloatOrArray | Any

# ---- elimination step by step ----

Rows: TypeAlias = list[list[Any]]       # of Fractions, ints or floats

# Entries whose value is known without their rounding: their rows, their column and the value.
KnownEntries: TypeAlias = tuple[list[int], int, float]
