"""The polynomials of src/mathwork/kernels/exponential.pxi, activations.pxi and kepler.pxi.

    python tools/minimax.py [NAME ...]

Fits each by the Remez exchange in 60-digit arithmetic, rounds the coefficients to the type
that evaluates them, and prints them, highest power first, with the interval and the largest
relative error that the rounded polynomial leaves in its function. Needs mpmath.
"""
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


def exponential(degree):
    """e^r - 1 = r + r^2 / 2 + r^3 P(r), |r| <= 0.3467 (ln 2 / 2 and what rounding adds)."""
    function = series_near_zero(lambda r: (mp.expm1(r) - r - r**2 / 2) / r**3,
                                lambda r: mp.mpf(1) / 6 + r / 24 + r**2 / 120, "1e-6")
    return (function, lambda r: r**2 * mp.mpf("1.2") + mp.mpf("1e-12"),
            -mp.mpf("0.3467"), mp.mpf("0.3467"), degree)


def logarithm(degree):
    """2 atanh(s) = 2 s + s^3 P(s^2), 0 <= s^2 <= 1/9."""
    def function(square):
        s = mp.sqrt(square)
        if s < mp.mpf("1e-8"):
            return mp.mpf(2) / 3 + square * 2 / 5
        return (2 * mp.atanh(s) - 2 * s) / s**3
    return function, lambda square: square / 2 + mp.mpf("1e-12"), 0, mp.mpf(1) / 9, degree


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


QUARTER = (mp.pi / 2)**2 * mp.mpf("1.0000001")

FITS = {
    "exponential float32": (np.float32, exponential(4)),
    "exponential float64": (np.float64, exponential(9)),
    "logarithm float32": (np.float32, logarithm(4)),
    "logarithm float64": (np.float64, logarithm(9)),
    "normal tail float32": (np.float32, normal_tail(11, 5, 15)),
    "normal tail float64": (np.float64, normal_tail(23, 3.5, 40)),
    "slope of it float32": (np.float32, normal_tail_slope(2, 5, 15)),
    "slope of it float64": (np.float64, normal_tail_slope(2, 3.5, 40)),
    "arc less its sine": (np.float64, power_series(-1, 3, QUARTER, 7)),
    "one less cosine": (np.float64, power_series(-1, 2, QUARTER, 7)),
    "sinh less its argument": (np.float64, power_series(1, 3, "6.26", 9)),
    "cosh less one": (np.float64, power_series(1, 2, "6.26", 9)),
}


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


if __name__ == "__main__":
    main(sys.argv[1:])
