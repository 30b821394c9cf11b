"""Slow, obvious twins of the kernels: the oracle of the tests."""
import math
from fractions import Fraction

import numpy as np

# ---- fused multiply-add ----

def fma_exact(a, b, c):
    """a b + c of three NumPy floats, in exact arithmetic and rounded once, to nearest even."""
    dtype = np.asarray(a).dtype
    info = np.finfo(dtype)
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return dtype.type(0)
    magnitude = abs(exact)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** exponent > magnitude:
        exponent -= 1
    quantum = Fraction(2) ** (max(exponent, int(info.minexp)) - int(info.nmant))
    return dtype.type(float(round(exact / quantum) * quantum))


def _two_sum(a, b):
    """a + b = high + low exactly: Knuth, TAOCP volume 2, section 4.2.2, theorem B."""
    high = a + b
    virtual = high - a
    return high, (a - (high - virtual)) + (b - virtual)


def _two_product(a, b):
    """a b = high + low exactly: Veltkamp and Dekker 1971."""
    def split(x):
        big = x * 134217729.0       # 2^27 + 1
        head = big - (big - x)
        return head, x - head
    high = a * b
    (a_head, a_tail), (b_head, b_tail) = split(a), split(b)
    return high, a_tail * b_tail - (((high - a_head * b_head) - a_tail * b_head)
                                    - a_head * b_tail)


def _sum_rounded_to_odd(a, b):
    """a + b in float64; if inexact, the neighbour with the last bit 1.

    A second rounding, to fewer bits, then gives the result of one rounding (Boldo and Melquiond,
    "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd",
    IEEE Transactions on Computers 57(4), 2008).
    """
    high, low = _two_sum(a, b)
    high = np.asarray(high)
    even = high.view(np.int64) & 1 == 0
    return np.where((low != 0) & even, np.nextafter(high, np.copysign(np.inf, low)), high)


def fma(a, b, c):
    """a b + c of arrays, rounded once, far from overflow and underflow."""
    dtype = np.result_type(a, b, c)
    a, b, c = (np.asarray(value, np.float64) for value in (a, b, c))
    if dtype == np.float32:
        return _sum_rounded_to_odd(a * b, c).astype(np.float32)     # a b is exact in float64
    high, low = _two_product(a, b)
    tail_high, tail_low = _two_sum(c, low)
    head, rest = _two_sum(high, tail_high)
    return head + _sum_rounded_to_odd(tail_low, rest)


# ---- products ----

def part_length(terms):
    """Return the number of terms in each part but the last of a sum: docs/bits.md."""
    return max(terms, 1) if terms < 32 else min(256, 8 * math.ceil(terms / 32))


def chain(x, weight, start, *, fused=True):
    """start[m, n] + x[m, 0] weight[n, 0] + x[m, 1] weight[n, 1] + ... in this order.

    One rounding a term with `fused`, else two.
    """
    y = start
    for k in range(x.shape[1]):
        column, row = x[:, k, None], weight[None, :, k]
        y = fma(column, row, y) if fused else column * row + y
    return y


def product_in_parts(x, weight, bias=None, *, fused=True):
    """x weight' + bias, summed in parts: the bits that mathwork documents."""
    terms = x.shape[1]
    zero = np.zeros((len(x), len(weight)), x.dtype)
    total = zero if bias is None else np.broadcast_to(bias, zero.shape)     # -0.0 is not changed
    for start in range(0, terms, part_length(terms)):
        part = slice(start, start + part_length(terms))
        if start == 0:
            total = chain(x[:, part], weight[:, part], total, fused=fused)
        else:
            total = total + chain(x[:, part], weight[:, part], zero, fused=fused)
    return total


def product_and_bound(x, weight, bias=None):
    """x weight' + bias in extended precision, and the bound on the error of computing it.

    The bound is gamma_(k+1) (|x| |weight|' + |bias|): Higham, Accuracy and Stability of
    Numerical Algorithms, 2nd ed., section 3.1.
    """
    wide = [np.asarray(value, np.longdouble) for value in (x, weight)]
    start = np.longdouble(0) if bias is None else np.asarray(bias, np.longdouble)
    rounding = np.finfo(np.result_type(x, weight)).eps / 2 * (wide[0].shape[-1] + 1)
    value = wide[0] @ wide[1].T + start
    bound = np.abs(wide[0]) @ np.abs(wide[1]).T + np.abs(start)
    return value, rounding / (1 - rounding) * bound


# ---- normalisation ----

def _in_stripes(values, add=None):
    """The sum of v, or of v^2 by `add`(v, v, sum): docs/bits.md"""
    lanes = 64 // values.itemsize
    padded = np.zeros(-(-len(values) // lanes) * lanes, values.dtype)
    padded[:len(values)] = values
    total = np.zeros(lanes, values.dtype)
    for start in range(0, len(padded), 16 * lanes):
        sums = np.zeros(lanes, values.dtype)
        for stripe in padded[start:start + 16 * lanes].reshape(-1, lanes):
            sums = sums + stripe if add is None else add(stripe, stripe, sums)
        total = total + sums
    while len(total) > 1:
        total = total[:len(total) // 2] + total[len(total) // 2:]
    return total[0]


def norm_in_stripes(x, weight, bias, eps, *, centre, fused=True):
    """LayerNorm of a row, or RMSNorm without `centre`, in the documented order."""
    add = fma if fused else lambda a, b, c: a * b + c
    count = x.dtype.type(len(x))
    if centre:
        for _ in range(2):
            x = x - _in_stripes(x) / count
    slope = 1 / np.sqrt(_in_stripes(x, add) / count + x.dtype.type(eps))
    return add(x * slope, weight, bias)


def norm_exact(x, eps, *, centre):
    """(x - mean) / sqrt(variance + eps) of exact numbers, rounded to float64."""
    x = [Fraction(float(value)) for value in x]
    mean = sum(x) / len(x) if centre else 0
    square = sum((value - mean) ** 2 for value in x) / len(x) + Fraction(float(eps))
    # the integer root of square 2^(2 k): 100 bits of the root at least
    k = 200 + max(0, square.denominator.bit_length() - square.numerator.bit_length())
    root = Fraction(math.isqrt(int(square * 4 ** k)), 2 ** k)
    return [float((value - mean) / root) for value in x]


# ---- row reduction ----

UNITS = {np.float32: 2 * 2.0 ** -23, np.float64: 7 * 2.0 ** -52}    # the rounding of the data
CLOSE_ACCEPTED = 64


def rref_by_policy(A, columns=None, tol=None, *, reduced=True, fused=True):
    """(matrix, pivots, accepted, rejected) of finite A, step by step as mathwork documents it.

    One rounding a multiply-add with `fused`, else two: the bits of one small matrix.
    """
    unit = UNITS[A.dtype.type]
    found = _rref_by_unit(A, columns, tol, unit, reduced, fused)
    _, _, accepted, rejected = found
    if A.dtype == np.float64 or tol is not None or (accepted >= CLOSE_ACCEPTED and rejected == 0):
        return found
    first = A[:, :columns]
    if (np.rint(first) == first).all() and np.abs(first).max(initial=0) < 2 ** 24:
        unit = UNITS[np.float64]
    matrix, *rest = _rref_by_unit(A.astype(float), columns, None, unit, reduced, fused)
    return matrix.astype(np.float32) + np.float32(0), *rest


def _rref_by_unit(A, columns, tol, unit, reduced, fused):
    dtype = A.dtype.type
    m, n = A.shape
    columns = n if columns is None else columns
    largest = np.abs(A[:, :columns]).max(axis=1, initial=0)
    exponents = np.where(largest > 0, np.frexp(largest)[1] - 1, 0)
    R = np.ldexp(A, -exponents[:, None])
    if tol is None:
        sums = [_sum_in_order(np.abs(row[:columns])) for row in R]
        tol = dtype(unit) * np.sqrt(max(sums, default=dtype(0)))
    echelon, pivots, accepted, rejected = R.copy(), [], math.inf, 0.0
    for c in range(columns):
        r = len(pivots)
        if r == m:
            break
        at = r + int(np.argmax(np.abs(R[r:, c])))
        best, bound = abs(R[at, c]), dtype(tol) * (dtype(1) + _sum_in_order(np.abs(R[:r, c])))
        if not best > bound:
            rejected = max(rejected, float(best / bound) if best else 0.0)
            R[r:, c] = 0
            continue
        accepted = min(accepted, float(best / bound) if bound else math.inf)
        for rows in (R, exponents):
            rows[[r, at]] = rows[[at, r]]
        echelon[r] = R[r]
        others = np.arange(m) != r
        row = R[r, c + 1:] / R[r, c]
        factors, rest = -R[others, c][:, None], R[others, c + 1:]
        R[others, c + 1:] = fma(factors, row, rest) if fused else factors * row + rest
        R[:, c], R[r, c], R[r, c + 1:] = 0, 1, row
        pivots.append(c)
    if not reduced:
        echelon[len(pivots):] = R[len(pivots):]
        R = np.ldexp(echelon, exponents[:, None])
    return R + dtype(0), tuple(pivots), accepted, rejected


def _sum_in_order(values):
    return np.add.accumulate(values)[-1] if len(values) else values.dtype.type(0)


# ---- networks ----

def _elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _log_softmax(x):
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


# In NumPy and float64, by definition. alpha and lambda of selu: Klambauer, Unterthiner, Mayr,
# Hochreiter, "Self-Normalizing Neural Networks", NeurIPS 2017, equation 14.
FORMULAS = {
    "identity": lambda x: x,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softplus": lambda x, beta=1.0: np.logaddexp(0, beta * x) / beta,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "gelu": lambda x: x * np.vectorize(lambda t: math.erfc(-t / math.sqrt(2)) / 2)(x),
    "selu": lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772),
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    "elu": _elu,
    "celu": lambda x, alpha: _elu(x / alpha, 1.0) * alpha,
    "clip": lambda x, low, high: np.where(x < low, low, np.where(x > high, high, x)),
    "prelu": lambda x, slope: np.where(x > 0, x, np.asarray(slope) * x),
    "relu6": lambda x: np.where(x > 0, np.where(x > 6, 6.0, x), 0.0),
    "hardtanh": lambda x: np.where(x < -1, -1.0, np.where(x > 1, 1.0, x)),
    "hardsigmoid": lambda x: np.clip((x + 3) / 6, 0, 1),
    "hardswish": lambda x: x * np.clip((x + 3) / 6, 0, 1),
    "softsign": lambda x: x / (1 + abs(x)),
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "exp": np.exp,
    "gelu_tanh": lambda x: x / (1 + np.exp(np.minimum(
        700, -math.sqrt(8 / math.pi) * (x + 0.044715 * x ** 3)))),
    "softmax": lambda x: np.exp(_log_softmax(x)),
    "log_softmax": _log_softmax,
}


def forward(layers, x):
    """Every layer's activation in float64: [act(x W' + b), ...] of (weight, bias, activation)."""
    activations = []
    for weight, bias, activation in layers:
        name, *parameter = [activation] if isinstance(activation, str) else activation
        x = np.asarray(x, np.float64) @ np.asarray(weight, np.float64).T + bias
        x = FORMULAS[name](x, *parameter)
        activations.append(x)
    return activations


# ---- random numbers ----

def philox(counter, key):
    """Philox 4x32-10: four random words from four words of a counter and two of a key.

    Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11, 2011.
    """
    mask = 2 ** 32 - 1
    for turn in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        keys = [(key[0] + turn * 0x9E3779B9) & mask, (key[1] + turn * 0xBB67AE85) & mask]
        counter = [second >> 32 ^ counter[1] ^ keys[0], second & mask,
                   first >> 32 ^ counter[3] ^ keys[1], first & mask]
    return counter


# ---- distributions ----

def kolmogorov_distance(sample, cdf):
    """Largest distance between the empirical distribution of `sample` and `cdf`."""
    expected = cdf(np.sort(np.asarray(sample, np.float64), axis=None))
    n = len(expected)
    return max(np.max(np.arange(1, n + 1) / n - expected), np.max(expected - np.arange(n) / n))
