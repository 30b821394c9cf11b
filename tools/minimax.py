"""The polynomials of src/mathwork/kernels: exponential.pxi, activations.pxi, kepler.pxi,
angles.pxi, propagation.pxi and _quantile.h.

    python tools/minimax.py [NAME ...]

Fits each by the Remez exchange in 60-digit arithmetic, rounds the coefficients to the type
that evaluates them, and prints them, highest power first, with the interval and the largest
relative error that the rounded polynomial leaves in its function. Then it prints the tables of
src/mathwork/kernels/_tables.h, whose functions are cut into eight pieces. Needs mpmath.
"""
import functools
import itertools
import sys

import mpmath as mp
import numpy as np

mp.mp.dps = 60


def remez(function, weight, low, high, degree, rounds=30):
    """Coefficients, lowest power first, that minimise max |weight (function - polynomial)|."""
    low, high = mp.mpf(low), mp.mpf(high)

    def chebyshev(count):
        return [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * k / (count - 1))
                for k in range(count)]

    grid = chebyshev(24 * (degree + 2) + 1)
    values = [(function(x), weight(x)) for x in grid]
    nodes = chebyshev(degree + 2)
    for _ in range(rounds):
        system = mp.matrix(degree + 2, degree + 2)
        wanted = mp.matrix(degree + 2, 1)
        for i, x in enumerate(nodes):
            for k in range(degree + 1):
                system[i, k] = x**k
            system[i, degree + 1] = (-1)**i / weight(x)
            wanted[i] = function(x)
        solution = mp.lu_solve(system, wanted)
        coefficients, level = list(solution[:degree + 1]), abs(solution[degree + 1])
        errors = [w * (f - mp.polyval(coefficients[::-1], x))
                  for x, (f, w) in zip(grid, values, strict=True)]
        extrema = alternating_extrema(errors)
        if len(extrema) < degree + 2:
            raise ArithmeticError(f"{len(extrema)} extrema for degree {degree}")
        while len(extrema) > degree + 2:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        nodes = [refined(grid, errors, i) for i in extrema]
        if max(abs(e) for e in errors) < level * (1 + mp.mpf("1e-3")):
            break
    return coefficients


def alternating_extrema(errors):
    """Indices of the largest |error| of each run of one sign."""
    extrema = [0]
    for i in range(1, len(errors)):
        if errors[i] * errors[extrema[-1]] < 0:
            extrema.append(i)
        elif abs(errors[i]) > abs(errors[extrema[-1]]):
            extrema[-1] = i
    return extrema


def refined(grid, errors, i):
    """The vertex of the parabola through the errors at grid points i - 1, i, i + 1."""
    if i in (0, len(grid) - 1):
        return grid[i]
    left, here, right = grid[i - 1:i + 2]
    slope_left = (errors[i] - errors[i - 1]) / (here - left)
    slope_right = (errors[i + 1] - errors[i]) / (right - here)
    if slope_left == slope_right:
        return here
    return (left + here) / 2 - slope_left * (right - left) / 2 / (slope_right - slope_left)


def series_near_zero(function, series, bound="1e-8"):
    """function, but series where function would cancel."""
    return lambda x: series(x) if abs(x) < mp.mpf(bound) else function(x)


def exponential(degree, first):
    """e^r - 1 = r [+ r^2 / 2] + r^first P(r), |r| <= 0.3467 (ln 2 / 2 and what rounding adds).

    Relative to e^r - 1 where first is 3, to e^r where it is 2.
    """
    def function(r):
        return mp.nsum(lambda k: r**int(k) / mp.factorial(first + int(k)), [0, 30])
    weight = {2: lambda r: r**2 / mp.exp(r) + mp.mpf("1e-9"),
              3: lambda r: r**2 * mp.mpf("1.2") + mp.mpf("1e-12")}[first]
    return function, weight, -mp.mpf("0.3467"), mp.mpf("0.3467"), degree


def logarithm(degree):
    """log(1 + w) = w - w^2 / 2 + w^3 P(w), 0 <= w <= 1."""
    function = series_near_zero(lambda w: (mp.log1p(w) - w + w**2 / 2) / w**3,
                                lambda w: mp.mpf(1) / 3 - w / 4, "1e-10")
    return (function, lambda w: w**3 / mp.log1p(w) + mp.mpf("1e-12") if w else mp.mpf("1e-12"),
            0, mp.mpf(1), degree)


def normal_tail(degree, centre, reach):
    """(a + c) e^(a^2 / 2) Phi(-a) = P(t), t = (a - c) / (a + c), 0 <= a <= reach."""
    centre, reach = mp.mpf(centre), mp.mpf(reach)

    def function(t):
        a = centre * (1 + t) / (1 - t)
        return (a + centre) * mp.exp(a**2 / 2) * mp.erfc(a / mp.sqrt(2)) / 2
    return (function, lambda t: 1 / function(t), mp.mpf(-1),
            (reach - centre) / (reach + centre), degree)


def normal_tail_slope(degree, centre, reach):
    """How a relative error of 1 / (a + c) grows in P(t) / (a + c): 1 - (1 - t) P'(t) / P(t)."""
    def function(t):
        a = mp.mpf(centre) * (1 + t) / (1 - t)
        tail = mp.exp(a**2 / 2) * mp.erfc(a / mp.sqrt(2)) / 2
        return (a + centre) * (1 / (mp.sqrt(2 * mp.pi) * tail) - a)
    return (function, lambda t: 1 / function(t), mp.mpf(-1),
            mp.mpf(reach - centre) / (reach + centre), degree)


def power_series(sign, first, reach, degree):
    """The terms from x^first on of sine or cosine (sign 1: hyperbolic) over x^first, in x^2."""
    def function(square):
        return mp.nsum(lambda k: (sign * square)**int(k) / mp.factorial(first + 2 * int(k)),
                       [0, 40])
    return function, lambda square: 1 / function(square), 0, mp.mpf(reach), degree


@functools.cache
def scaled_quantile(w):
    """x / s, where s = sqrt(1 - e^-w) is the chance that |N(0, 1)| <= x."""
    rest = mp.exp(-w)               # 1 - s^2
    if rest == 1:
        return mp.sqrt(mp.pi / 2)
    share = mp.sqrt(1 - rest)
    chance = rest / (1 + share)     # 1 - s
    x = mp.sqrt(-2 * mp.log(chance)) if chance < 0.5 else share
    while True:                     # Halley's method
        step = (mp.erfc(x / mp.sqrt(2)) - chance) * mp.exp(x * x / 2) * mp.sqrt(mp.pi / 2)
        step /= 1 - step * x / 2
        x += step
        if abs(step) < mp.mpf(10)**-50 * x:
            return x / share


def quantile(high, middle, degree):
    """The same for w <= high, in w less a middle; a small one keeps the terms from cancelling."""
    high, middle = mp.mpf(high), mp.mpf(middle)
    return (lambda z: scaled_quantile(z + middle), lambda z: 1 / scaled_quantile(z + middle),
            -middle, high - middle, degree)


def quantile_tail(low, high, middle, degree):
    """The same for low <= sqrt(w) <= high, in sqrt(w) less a middle."""
    return (lambda z: scaled_quantile((z + middle)**2),
            lambda z: 1 / scaled_quantile((z + middle)**2),
            mp.mpf(low) - middle, mp.mpf(high) - middle, degree)


def ratio_logarithm(degree, reach="0.02945"):
    """(log((1 + z) / (1 - z)) - 2 z) / z^3 in z^2, z <= 0.1716 (from sqrt(1/2) to sqrt(2))."""
    function = series_near_zero(lambda t: (mp.log((1 + mp.sqrt(t)) / (1 - mp.sqrt(t)))
                                           / mp.sqrt(t) - 2) / t,
                                lambda t: mp.mpf(2) / 3 + 2 * t / 5, "1e-12")
    return (function, lambda t: mp.sqrt(t)**3 + mp.mpf("1e-12"), 0, mp.mpf(reach), degree)


def arctangent(degree):
    """(t - atan t) / t^3 in t^2, t <= tan(pi / 8) and what rounding adds."""
    function = series_near_zero(lambda s: (mp.sqrt(s) - mp.atan(mp.sqrt(s))) / mp.sqrt(s)**3,
                                lambda s: mp.mpf(1) / 3 - s / 5, "1e-12")
    return function, lambda s: s + mp.mpf("1e-12"), 0, mp.mpf("0.1716"), degree


def late_term(sign, reach, degree):
    """(y (2 + cos y) - 3 sin y) / y^5 in y^2 (sign 1: the same of hyperbolic ones, negated)."""
    def function(square):
        # the term of y^(2 k + 1): 1 / (2 k)! - 3 / (2 k + 1)!
        return mp.nsum(lambda k: (sign * square)**(int(k) - 2) * (2 * int(k) - 2)
                       / mp.factorial(2 * int(k) + 1), [2, 40])
    return function, lambda square: 1 / function(square), 0, mp.mpf(reach), degree


QUARTER = (mp.pi / 2)**2 * mp.mpf("1.0000001")

FITS = {
    "exponential float32": (np.float32, exponential(4, 2)),
    "exponential float64": (np.float64, exponential(9, 3)),
    "logarithm float32": (np.float32, logarithm(8)),
    "logarithm float64": (np.float64, logarithm(19)),
    "normal tail float64": (np.float64, normal_tail(23, 3.5, 40)),
    "slope of it float64": (np.float64, normal_tail_slope(2, 3.5, 40)),
    "arc less its sine": (np.float64, power_series(-1, 3, QUARTER, 7)),
    "one less cosine": (np.float64, power_series(-1, 2, QUARTER, 7)),
    "sinh less its argument": (np.float64, power_series(1, 3, "6.26", 9)),
    "cosh less one": (np.float64, power_series(1, 2, "6.26", 9)),
    "logarithm of a ratio float32": (np.float32, ratio_logarithm(2)),
    "logarithm of a ratio float64": (np.float64, ratio_logarithm(6)),
    "its wider logarithm": (np.float64, ratio_logarithm(7, "0.0365")),
    "arctangent": (np.float64, arctangent(10)),
    "late term of ellipses": (np.float64, late_term(-1, QUARTER, 7)),
    "late term of hyperbolas": (np.float64, late_term(1, "6.26", 8)),
    "quantile float32": (np.float32, quantile(5, 0.5, 9)),
    "its tail float32": (np.float32, quantile_tail(mp.sqrt(5), "4.637", 3.5, 10)),
    "quantile float64": (np.float64, quantile(6.25, 0.5, 24)),
    "its tail float64": (np.float64, quantile_tail(2.5, 4, 3.25, 19)),
    "its far tail float64": (np.float64, quantile_tail(4, "6.004", 5, 16)),
}


def hyperbolic_tangent(a):
    """tanh a."""
    return mp.tanh(a)


def scaled_gelu(a):
    """a Phi(a) e^(a^2 / 2)."""
    return a * mp.exp(a**2 / 2) * mp.erfc(-a / mp.sqrt(2)) / 2


# Tables of _tables.h: (function of a <= 0, the factor of a that makes the pieces).
TABLES = {"TANH": (hyperbolic_tangent, 1.625), "GELU": (scaled_gelu, 1.0)}
STEPS = [1, 1.5, 2, 3, 4, 6, 8, 12, 16]      # of 1 - factor a


def piece(function, low, high, degree=7):
    """(centre, coefficients, relative error) of the polynomial in a - centre on [low, high].

    The piece next to 0 has the centre 0, so that it is relatively accurate there. The others
    have one, near the middle, whose function value float32 happens to hold to 2^-33.
    """
    if high == 0:
        def quotient(a):
            return function(a) / a if a else mp.diff(function, 0)
        fit = quotient, lambda a: 1 / quotient(a), low, mp.mpf(0), degree - 1
        found = [np.float32(mp.nstr(c, 40)) for c in remez(*fit)]
        centre, coefficients = np.float32(0), [np.float32(0), *found]
    else:
        middle, step = float((low + high) / 2), float(high - low) / 20000
        for k in range(1000):
            centre = np.float32(middle + k * step)
            value = function(mp.mpf(float(centre)))
            found = [np.float32(mp.nstr(value, 40))]
            if abs(mp.mpf(float(found[0])) / value - 1) < mp.mpf(2)**-33:
                break
        centre_value = mp.mpf(float(centre))
        fit = (lambda z: function(centre_value + z), lambda z: 1 / function(centre_value + z),
               low - centre_value, high - centre_value, degree)
        coefficients = found = [np.float32(mp.nstr(c, 40)) for c in remez(*fit)]
    return centre, coefficients, largest_error([mp.mpf(float(c)) for c in found], *fit[:4])


def print_table(name, function, factor):
    edges = [(1 - mp.mpf(step)) / mp.mpf(factor) for step in STEPS]
    pieces = [piece(function, low, high) for high, low in itertools.pairwise(edges)]
    pieces = pieces[2:] + pieces[:2]        # by the entry that lookup_f32 finds
    error = max(error for _, _, error in pieces)
    print(f"{name}: {function.__doc__[:-1]}, {mp.nstr(edges[-1], 6)} <= a <= 0, "
          f"relative error 2^{mp.nstr(mp.log(error, 2), 4)}")
    rows = [[centre for centre, _, _ in pieces],
            *zip(*(coefficients for _, coefficients, _ in pieces), strict=True)]
    for row in rows:
        numbers = [f"{c!s}f" if "." in str(c) or "e" in str(c) else f"{c!s}.0f" for c in row]
        print(f"    {{{', '.join(numbers[:4])},\n     {', '.join(numbers[4:])}}},")


def largest_error(coefficients, function, weight, low, high):
    """Largest weighted error of the rounded coefficients, over 4001 points."""
    points = [low + (mp.mpf(high) - low) * k / 4000 for k in range(4001)]
    return max(abs(weight(x) * (function(x) - mp.polyval(coefficients[::-1], x))) for x in points)


def main(names):
    for name, (dtype, (function, weight, low, high, degree)) in FITS.items():
        if names and not any(wanted in name for wanted in names):
            continue
        coefficients = [dtype(mp.nstr(c, 40)) for c in remez(function, weight, low, high, degree)]
        exact = [mp.mpf(float(c)) for c in coefficients]
        error = largest_error(exact, function, weight, low, high)
        print(f"{name}: [{mp.nstr(mp.mpf(low), 6)}, {mp.nstr(mp.mpf(high), 6)}], degree {degree}, "
              f"relative error {mp.nstr(error, 2)} = 2^{mp.nstr(mp.log(error, 2), 4)}")
        for c in reversed(coefficients):
            print(f"    {c!r}")
    for name, (function, factor) in TABLES.items():
        if not names or any(wanted in name for wanted in names):
            print_table(name, function, factor)


if __name__ == "__main__":
    main(sys.argv[1:])
