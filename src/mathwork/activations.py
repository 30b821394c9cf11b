"""Activation functions: NumPy ufuncs where they take no parameter, functions where they do.

Errors are the largest seen, in units in the last place (ulp) of the exact result. They are from 356
million float32 values, among them every one with ``2^-13 <= abs(x) < 2^8``, and from 10^8 samples
of float64. Levels without fused multiply-add stay within the same bounds unless a function says
otherwise, over 356 million and 2 * 10^7. For `mish`, and all that came after it, there were fewer:
see docs/accuracy.md. ``python -m bench.accuracy`` measures them. Results that underflow keep their
relative accuracy down to the subnormal numbers. NaN gives NaN. A ufunc has loops for float32 and
float64, and NumPy casts other types by its own rule: the result is float32 where that holds every
value of the type (bool, integers of 8 and 16 bits, float16, float32), and float64 for wider
integers. A function makes float64 of all bools and integers.
"""
from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.exceptions import AxisError

from mathwork._arguments import real, shown, whole
from mathwork._arrays import as_array, real_dtype
from mathwork._levels import core as kernels
from mathwork._parameters import numbers, slopes

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, Number, ScalarOrArray

__all__ = ["celu", "clip", "elu", "exp", "gelu", "gelu_tanh", "hardsigmoid", "hardswish",
           "hardtanh", "identity", "leaky_relu", "log_sigmoid", "log_softmax", "mish", "prelu",
           "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "tanh"]


def _ufunc(name: str, doc: str) -> kernels._Elementwise:
    ufunc = kernels.activation_ufunc(name, doc)
    with contextlib.suppress(AttributeError):   # older NumPy: pickle searches for the module
        ufunc.__module__ = __name__
        ufunc.__qualname__ = name       # type: ignore[misc]  # NumPy's types call it read-only
    return ufunc


relu = _ufunc("relu", """Rectified linear unit, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    ``0`` for ``x <= 0`` and ``x`` for ``x > 0``: float32 for types that fit into it, else float64.

Notes
-----
.. math:: \\operatorname{relu}(x) = \\max(x, 0)

Exact. ``relu(-0.0)`` is ``0.0`` and ``relu(nan)`` is ``nan``.

References
----------
V. Nair and G. E. Hinton, "Rectified linear units improve restricted Boltzmann machines",
ICML 2010.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import relu
>>> relu(np.array([-1.5, 0.0, 2.5]))
array([0. , 0. , 2.5])
""")

sigmoid = _ufunc("sigmoid", """Logistic sigmoid, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    Numbers from 0 to 1: float32 for types that fit into it, else float64.

Notes
-----
.. math:: \\sigma(x) = \\frac{1}{1 + e^{-x}}

evaluated through :math:`e^{-|x|}`, so that both tails are accurate: ``sigmoid(-80)`` is not 0 in
float32. Error below 1.7 ulp, and 1.9 where there is no fused multiply-add.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import sigmoid
>>> sigmoid(np.array([-1.0, 0.0, 1.0]))
array([0.26894142, 0.5       , 0.73105858])
>>> sigmoid(np.float32(-80))
np.float32(1.8048513e-35)
""")

tanh = _ufunc("tanh", """Hyperbolic tangent, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    Numbers from -1 to 1: float32 for types that fit into it, else float64.

Notes
-----
.. math:: \\tanh x = -\\frac{v}{2 + v}, \\quad v = e^{-2|x|} - 1, \\quad x \\ge 0

with :math:`v` accurate near 0; in float32 by polynomials on eight intervals. Error below 1.1 ulp
in float32 and 1.5 in float64; ``tanh(-0.0)`` is ``-0.0``.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import tanh
>>> tanh(np.array([-1.0, 0.0, 1.0]))
array([-0.76159416,  0.        ,  0.76159416])
""")

softplus = _ufunc("softplus", """Smooth form of relu, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    Positive numbers: float32 for types that fit into it, else float64.

Notes
-----
.. math:: \\log(1 + e^x) = \\max(x, 0) + \\log(1 + v), \\quad v = e^{-|x|}

with a polynomial for the logarithm. Error below 1.9 ulp.

References
----------
C. Dugas et al., "Incorporating second-order functional knowledge for better option pricing",
NIPS 2000.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import softplus
>>> softplus(np.array([-1.0, 0.0, 1.0]))
array([0.31326169, 0.69314718, 1.31326169])
""")

silu = _ufunc("silu", """Sigmoid linear unit (also: swish), elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    float32 for types that fit into it, else float64.

Notes
-----
.. math:: \\operatorname{silu}(x) = x \\, \\sigma(x) = \\frac{x}{1 + e^{-x}}

Error below 1.2 ulp. ``silu(-0.0)`` is ``-0.0``, and so is ``silu(-inf)``: the limit, with the
sign of the values before it.

References
----------
S. Elfwing, E. Uchibe and K. Doya, "Sigmoid-weighted linear units for neural network function
approximation in reinforcement learning", Neural Networks 107, 2018.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import silu
>>> silu(np.array([-1.0, 0.0, 1.0]))
array([-0.26894142,  0.        ,  0.73105858])
""")

mish = _ufunc("mish", """Self-regularized non-monotonic unit, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    float32 for types that fit into it, else float64.

Notes
-----
.. math:: \\operatorname{mish}(x) = x \\tanh \\log(1 + e^x)
    = x \\frac{n}{2 + n}, \\quad n = e^x (2 + e^x)

evaluated through :math:`e^{-|x|}`. Error below 1.2 ulp, over 2.5 * 10^8 of float32 and 4 * 10^6 of
float64. ``mish(-0.0)`` is ``-0.0``, and so is ``mish(-inf)``: the limit, with the sign of the
values before it.

References
----------
D. Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import mish
>>> mish(np.array([-1.0, 0.0, 1.0]))
array([-0.30340146,  0.        ,  0.86509839])
""")

gelu = _ufunc("gelu", """Gaussian error linear unit, exact (no tanh approximation), elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    float32 for types that fit into it, else float64.

Notes
-----
.. math:: \\operatorname{gelu}(x) = x \\, \\Phi(x)
    = \\frac{x}{2} \\left(1 + \\operatorname{erf} \\frac{x}{\\sqrt 2}\\right)

evaluated through the scaled tail :math:`e^{x^2/2} \\Phi(-|x|)`, which is smooth: in float32 by
polynomials on eight intervals. Error below 2.4 ulp in float32 and 2.6 in float64 (2.6 and 4
where there is no fused multiply-add). ``gelu(-0.0)`` and ``gelu(-inf)`` are ``-0.0``.

References
----------
D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import gelu
>>> gelu(np.array([-1.0, 0.0, 1.0]))
array([-0.15865525,  0.        ,  0.84134475])
""")

selu = _ufunc("selu", """Scaled exponential linear unit, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    float32 for types that fit into it, else float64.

Notes
-----
.. math:: \\operatorname{selu}(x) = \\lambda \\begin{cases} x & x > 0 \\\\
    \\alpha (e^x - 1) & x \\le 0 \\end{cases}

with :math:`\\lambda` = 1.0507009873554805 and :math:`\\alpha` = 1.6732632423543772, the fixed
point of mean 0 and variance 1. Error below 2 ulp.

References
----------
G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, "Self-normalizing neural networks",
NIPS 2017.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import selu
>>> selu(np.array([-1.0, 0.0, 1.0]))
array([-1.11133074,  0.        ,  1.05070099])
""")

gelu_tanh = _ufunc("gelu_tanh", """Approximation of :func:`gelu` through tanh, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    float32 for float32, float64 for float64.

Notes
-----
.. math:: \\operatorname{gelu\\_tanh}(x) = \\frac{x}{2} \\left(1 + \\tanh u\\right)
    = \\frac{x}{1 + e^{-2u}}, \\quad u = \\sqrt{2 / \\pi} \\, (x + 0.044715 \\, x^3)

with :math:`u` in two parts, so that the tail is accurate. It differs from :func:`gelu` by up to
4.8e-4. Error below 1.4 ulp in float32 and 1.6 in float64. ``gelu_tanh(-0.0)`` and
``gelu_tanh(-inf)`` are ``-0.0``.

References
----------
D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import gelu_tanh
>>> gelu_tanh(np.array([-1.0, 0.0, 1.0]))
array([-0.15880801,  0.        ,  0.84119199])
""")

log_sigmoid = _ufunc("log_sigmoid", """Logarithm of the logistic sigmoid, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    Numbers of at most 0: float32 for float32, float64 for float64.

Notes
-----
.. math:: \\log \\sigma(x) = -\\log(1 + e^{-x}) = \\min(x, 0) - \\log(1 + v), \\quad v = e^{-|x|}

with a polynomial for the logarithm, as in :func:`softplus`. Error below 1.7 ulp, and 1.9 where
there is no fused multiply-add.
``log_sigmoid(inf)`` is ``-0.0``: the limit, with the sign of the values before it.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import log_sigmoid
>>> log_sigmoid(np.array([-1.0, 0.0, 1.0]))
array([-1.31326169, -0.69314718, -0.31326169])
>>> log_sigmoid(np.float32(100))
np.float32(-3.8e-44)
""")

exp = _ufunc("exp", """Exponential function, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    Numbers of at least 0: float32 for float32, float64 for float64.

Notes
-----
.. math:: \\exp(x) = e^x

Error below 1.1 ulp. Overflow gives infinity, without a warning.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import exp
>>> exp(np.array([-1.0, 0.0, 1.0]))
array([0.36787944, 1.        , 2.71828183])
""")

softsign = _ufunc("softsign", """Softsign, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    Numbers from -1 to 1: float32 for float32, float64 for float64.

Notes
-----
.. math:: \\operatorname{softsign}(x) = \\frac{x}{1 + |x|}

Error at most 1.5 ulp; ``softsign(-0.0)`` is ``-0.0``.

References
----------
X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
networks", AISTATS 2010.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import softsign
>>> softsign(np.array([-1.0, 0.0, 3.0]))
array([-0.5 ,  0.  ,  0.75])
""")

hardsigmoid = _ufunc("hardsigmoid", """Sigmoid of three straight lines, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    Numbers from 0 to 1: float32 for float32, float64 for float64.

Notes
-----
.. math:: \\operatorname{hardsigmoid}(x) = \\frac{\\min(\\max(x + 3, 0), 6)}{6}

as PyTorch, Keras 3 and MobileNetV3 have it. Error at most 1 ulp.

References
----------
A. Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import hardsigmoid
>>> hardsigmoid(np.array([-4.0, 0.0, 1.5]))
array([0.  , 0.5 , 0.75])
""")

hardswish = _ufunc("hardswish", """Swish with :func:`hardsigmoid` as its gate, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    float32 for float32, float64 for float64.

Notes
-----
.. math:: \\operatorname{hardswish}(x) = x \\, \\frac{\\min(\\max(x + 3, 0), 6)}{6}

Error below 1.9 ulp. It is ``-0.0`` for ``-0.0`` and for ``x <= -3``, minus infinity
included.

References
----------
A. Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import hardswish
>>> hardswish(np.array([-1.5, 0.0, 1.5]))
array([-0.375,  0.   ,  1.125])
""")

relu6 = _ufunc("relu6", """Rectified linear unit with a bound of 6, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    Numbers from 0 to 6: float32 for float32, float64 for float64.

Notes
-----
.. math:: \\operatorname{relu6}(x) = \\min(\\max(x, 0), 6)

Exact. ``relu6(-0.0)`` is ``0.0``, as for :func:`relu`.

References
----------
A. Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import relu6
>>> relu6(np.array([-1.5, 2.5, 7.5]))
array([0. , 2.5, 6. ])
""")

hardtanh = _ufunc("hardtanh", """Numbers bounded to the interval from -1 to 1, elementwise.

Parameters
----------
x : array_like
    Real numbers of any shape.

Returns
-------
ndarray or scalar
    Numbers from -1 to 1: float32 for float32, float64 for float64.

Notes
-----
.. math:: \\operatorname{hardtanh}(x) = \\min(\\max(x, -1), 1)

Exact; ``hardtanh(-0.0)`` is ``-0.0``. :func:`clip` takes other bounds.

References
----------
R. Collobert, "Large scale machine learning", thesis, Paris 6, 2004.

Examples
--------
>>> import numpy as np
>>> from mathwork.activations import hardtanh
>>> hardtanh(np.array([-1.5, 0.5, 7.5]))
array([-1. ,  0.5,  1. ])
""")


@overload
def leaky_relu(x: Number, slope: float = 0.01) -> np.float32 | np.float64: ...
@overload
def leaky_relu(x: ArrayLike, slope: float = 0.01) -> FloatArray | Any: ...
def leaky_relu(x: ArrayLike, slope: float = 0.01) -> ScalarOrArray:
    """Rectified linear unit that lets a fraction of negative numbers through.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape.
    slope : float
        Factor of negative numbers.

    Returns
    -------
    ndarray or scalar
        ``slope * x`` for ``x <= 0`` and ``x`` for ``x > 0``: float32 for float32 and float16,
        else float64.

    Raises
    ------
    TypeError
        For complex numbers, objects, strings, structures and masked arrays.

    Notes
    -----
    One rounding; two for float32, because its slope is rounded first.

    References
    ----------
    A. L. Maas, A. Y. Hannun and A. Y. Ng, "Rectifier nonlinearities improve neural network
    acoustic models", ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.activations import leaky_relu
    >>> leaky_relu(np.array([-2.0, 0.0, 2.0]), 0.25)
    array([-0.5,  0. ,  2. ])
    """
    return _elementwise("leaky_relu", x, real(slope, "slope"))


@overload
def elu(x: Number, alpha: float = 1.0) -> np.float32 | np.float64: ...
@overload
def elu(x: ArrayLike, alpha: float = 1.0) -> FloatArray | Any: ...
def elu(x: ArrayLike, alpha: float = 1.0) -> ScalarOrArray:
    """Exponential linear unit.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape.
    alpha : float
        Minus the limit at minus infinity.

    Returns
    -------
    ndarray or scalar
        ``alpha * (exp(x) - 1)`` for ``x <= 0`` and ``x`` for ``x > 0``: float32 for float32 and
        float16, else float64.

    Raises
    ------
    TypeError
        For complex numbers, objects, strings, structures and masked arrays.

    Notes
    -----
    Error below 1.5 ulp for ``alpha=1``, and 2 ulp otherwise (for float32 with `alpha` rounded).

    References
    ----------
    D.-A. Clevert, T. Unterthiner and S. Hochreiter, "Fast and accurate deep network learning by
    exponential linear units (ELUs)", ICLR 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.activations import elu
    >>> elu(np.array([-1.0, 0.0, 1.0]))
    array([-0.63212056,  0.        ,  1.        ])
    """
    return _elementwise("elu", x, real(alpha, "alpha"))


@overload
def celu(x: Number, alpha: float = 1.0) -> np.float32 | np.float64: ...
@overload
def celu(x: ArrayLike, alpha: float = 1.0) -> FloatArray | Any: ...
def celu(x: ArrayLike, alpha: float = 1.0) -> ScalarOrArray:
    """Continuously differentiable exponential linear unit.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape.
    alpha : float
        Minus the limit at minus infinity; positive and finite.

    Returns
    -------
    ndarray or scalar
        ``alpha * (exp(x / alpha) - 1)`` for ``x <= 0`` and ``x`` for ``x > 0``: float32 for
        float32 and float16, else float64.

    Raises
    ------
    TypeError
        For complex numbers, objects, strings, structures and masked arrays.
    ValueError
        For an alpha that is not one positive finite number.

    Notes
    -----
    Error below 1.8 ulp (for float32 with `alpha` rounded).

    References
    ----------
    J. T. Barron, "Continuously differentiable exponential linear units", arXiv:1704.07483.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.activations import celu
    >>> celu(np.array([-2.0, 0.0, 1.0]), 2.0)
    array([-1.26424112,  0.        ,  1.        ])
    """
    return _elementwise("celu", x, *numbers("celu", (real(alpha, "alpha"),)))


@overload
def clip(x: Number, low: float, high: float) -> np.float32 | np.float64: ...
@overload
def clip(x: ArrayLike, low: float, high: float) -> FloatArray | Any: ...
def clip(x: ArrayLike, low: float, high: float) -> ScalarOrArray:
    """Numbers bounded to an interval.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape.
    low, high : float
        The bounds, which may be infinite.

    Returns
    -------
    ndarray or scalar
        ``low`` for ``x < low``, ``high`` for ``x > high``, else ``x``: float32 for float32 and
        float16, else float64.

    Raises
    ------
    TypeError
        For complex numbers, objects, strings, structures and masked arrays.
    ValueError
        For bounds that are not real numbers, and for a low above high.

    Notes
    -----
    Exact (for float32 with the bounds rounded). NaN gives NaN. :func:`relu6` and
    :func:`hardtanh` are ufuncs with bounds of their own.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.activations import clip
    >>> clip(np.array([-1.5, 0.5, 7.5]), -1.0, 2.0)
    array([-1. ,  0.5,  2. ])
    """
    bounds = real(low, "low"), real(high, "high")
    return _elementwise("clip", x, *numbers("clip", bounds))


@overload
def prelu(x: Number, slope: ArrayLike) -> np.float32 | np.float64: ...
@overload
def prelu(x: ArrayLike, slope: ArrayLike) -> FloatArray | Any: ...
def prelu(x: ArrayLike, slope: ArrayLike) -> ScalarOrArray:
    """Rectified linear unit with a learned slope of negative numbers for each channel.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape.
    slope : array_like
        Factor of negative numbers: one number, or shape (n,) for `x` of shape (..., n).

    Returns
    -------
    ndarray or scalar
        ``slope * x`` for ``x <= 0`` and ``x`` for ``x > 0``: float32 for float32 and float16,
        else float64.

    Raises
    ------
    TypeError
        For complex numbers, objects, strings, structures and masked arrays.
    ValueError
        For a slope of another shape.

    Notes
    -----
    One rounding; two for float32, because its slope is rounded first. Channels are the last axis,
    as in a batch of rows.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", ICCV 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.activations import prelu
    >>> prelu(np.array([[-2.0, -2.0], [3.0, -4.0]]), [0.5, 0.25])
    array([[-1. , -0.5],
           [ 3. , -1. ]])
    """
    result = _own_copy(as_array(x, "x"))
    count = result.shape[-1] if result.ndim else 1
    kernels.activate_in_place("prelu", (slopes(slope, count, result.dtype),), result)
    return result[()]


@overload
def identity(x: Number) -> np.float32 | np.float64: ...
@overload
def identity(x: ArrayLike) -> FloatArray | Any: ...
def identity(x: ArrayLike) -> ScalarOrArray:
    """The numbers themselves, as floats.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape.

    Returns
    -------
    ndarray or scalar
        A copy of `x`: float32 for float32 and float16, else float64.

    Raises
    ------
    TypeError
        For complex numbers, objects, strings, structures and masked arrays.

    Examples
    --------
    >>> from mathwork.activations import identity
    >>> identity([1, 2, 3])
    array([1., 2., 3.])
    """
    return _elementwise("identity", x)


def softmax(x: ArrayLike, axis: SupportsIndex = -1) -> FloatArray:
    """Positive numbers that sum to 1 along an axis, in the ratios of the exponentials of `x`.

    Parameters
    ----------
    x : array_like
        Real numbers of at least one dimension.
    axis : int
        The axis along which the results sum to 1.

    Returns
    -------
    ndarray
        The shape of `x`: float32 for float32 and float16, else float64.

    Raises
    ------
    TypeError
        For complex numbers, objects, strings, structures and masked arrays.
    numpy.exceptions.AxisError
        For an axis that `x` does not have.

    Notes
    -----
    .. math:: y_i = \\frac{e^{x_i - m}}{\\sum_j e^{x_j - m}}, \\quad m = \\max_j x_j

    so that nothing overflows; :math:`x_i - m` is not rounded. The error grows with the sum: below
    3 ulp for rows of 20 numbers and 7 ulp for rows of 1000, as measured. The order of the sum
    depends on the length alone, so a row has the same bits alone and in any array. NaN and plus
    infinity make their whole row NaN; minus infinity gives 0.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.activations import softmax
    >>> softmax(np.log([1.0, 2.0, 5.0]))
    array([0.125, 0.25 , 0.625])
    """
    return _along_axis("softmax", x, axis)


def log_softmax(x: ArrayLike, axis: SupportsIndex = -1) -> FloatArray:
    """Logarithm of :func:`softmax`.

    Parameters
    ----------
    x : array_like
        Real numbers of at least one dimension.
    axis : int
        The axis along which the exponentials of the results sum to 1.

    Returns
    -------
    ndarray
        The shape of `x`: float32 for float32 and float16, else float64.

    Raises
    ------
    TypeError
        For complex numbers, objects, strings, structures and masked arrays.
    numpy.exceptions.AxisError
        For an axis that `x` does not have.

    Notes
    -----
    .. math:: y_i = (x_i - m) - \\log \\sum_j e^{x_j - m}, \\quad m = \\max_j x_j

    with the largest term kept apart from the sum of the others, so that a result near 0 is
    accurate too. NaN and plus infinity make their whole row NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.activations import log_softmax
    >>> log_softmax(np.array([0.0, -50.0]))
    array([-1.92874985e-22, -5.00000000e+01])
    """
    return _along_axis("log_softmax", x, axis)


def _own_copy(array: NDArray[Any]) -> FloatArray:
    # A float64 of an extended type beyond float64 becomes infinity without NumPy's warning.
    with np.errstate(all="ignore"):
        return np.array(array, real_dtype(array.dtype), order="C")


def _elementwise(name: str, x: ArrayLike, *parameters: Any) -> ScalarOrArray:
    result = _own_copy(as_array(x, "x"))
    kernels.activate_in_place(name, parameters, result)
    return result[()]


def _along_axis(name: str, x: ArrayLike, axis: SupportsIndex) -> FloatArray:
    x = as_array(x, "x")
    axis = whole(axis, "axis")
    if not -x.ndim <= axis < x.ndim:
        raise AxisError(f"axis {shown(axis)} is out of bounds for x of dimension {x.ndim}")
    result = _own_copy(np.moveaxis(x, axis, -1))
    kernels.activate_in_place(name, (), result)
    return np.moveaxis(result, -1, axis)
