"""Test many normal numbers, and measure the error of their quantiles.

    python -m bench.normals [--draws N] [--errors]

N numbers of each dtype (10^9 by default) are compared with the normal distribution: mean, variance,
skewness and kurtosis, each in standard deviations of its estimate; Kolmogorov's distance times
sqrt(N), which is above 1.95 once in a thousand times; chi squared over 4,096 parts of equal
chance, in standard deviations; and how many lie beyond 3, 4 and 5 standard deviations, beside how
many should.

With --errors it measures the error of all 2^31 float32 quantiles instead, and of some of float64,
in units in the last place. The references are SciPy's erfinv and erfcinv in float64, which is no
reference for float64: there it compares 20,000 numbers with 40 digits.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from mathwork._levels import core as kernels

CHUNK = 1 << 22
BINS = 1 << 12      # float32 numbers lie too far apart for many more
INSIDE = math.erf(math.sqrt(2))  # of N(0, 1), between -2 and 2


def draw(dtype: str, draws: int) -> None:
    """Print how far N draws are from the normal distribution."""
    from scipy.special import ndtr

    counts = np.zeros(BINS, np.int64)
    powers = np.zeros(4)
    beyond = dict.fromkeys((3, 4, 5), 0)
    done = 0
    while done < draws:
        # Every chunk has its own stream, as every array of weights has.
        seed = [int(word) for word in np.random.SeedSequence([18, done]).generate_state(4)]
        x = kernels.fill_random(np.empty(min(CHUNK, draws - done), dtype), 1, seed, 1.0)
        x = x.astype(float)
        powers += [(x**k).sum() for k in (1, 2, 3, 4)]
        for limit in beyond:
            beyond[limit] += int((np.abs(x) > limit).sum())
        counts += np.bincount((ndtr(x) * BINS).astype(int), minlength=BINS)[:BINS]
        done += len(x)
    mean, second, third, fourth = powers / draws
    deviations = [mean * math.sqrt(draws), (second - 1) * math.sqrt(draws / 2),
                  third * math.sqrt(draws / 15), (fourth - 3) * math.sqrt(draws / 96)]
    expected = draws / BINS
    distance = np.abs(np.cumsum(counts) - expected * np.arange(1, BINS + 1)).max()
    chi = (((counts - expected) ** 2 / expected).sum() - BINS + 1) / math.sqrt(2 * BINS - 2)
    print(f"{dtype}, {draws:,} draws")
    print("  moments 1 to 4, deviations:", *(f"{d:+.2f}" for d in deviations))
    print(f"  Kolmogorov {distance / math.sqrt(draws):.3f}, chi squared {chi:+.2f} deviations")
    for limit, found in beyond.items():
        wanted = draws * math.erfc(limit / math.sqrt(2))
        print(f"  beyond {limit}: {found:,} of {wanted:,.1f}, "
              f"{(found - wanted) / math.sqrt(wanted):+.2f} deviations", flush=True)


def measure_float32() -> None:
    """Print the worst error of all float32 quantiles, normal and truncated."""
    from scipy.special import erfcinv, erfinv

    worst = {1: (0.0, 0.0), 2: (0.0, 0.0)}
    for start in range(0, 2**31, CHUNK):
        bits = np.arange(start, start + CHUNK, dtype=np.uint32)
        share = (bits + 0.5) * 2.0**-31
        for distribution, part in ((1, share), (2, share * INSIDE)):
            exact = math.sqrt(2) * np.where(part < 0.5, erfinv(part), erfcinv(1 - part))
            found = kernels.numbers_of_bits(bits, distribution)
            error = np.abs(found - exact) / np.spacing(exact.astype(np.float32)).astype(float)
            at = int(error.argmax())
            worst[distribution] = max(worst[distribution], (float(error[at]), float(found[at])))
    for name, (error, x) in zip(("normal", "truncated"), worst.values(), strict=True):
        print(f"float32 {name}: {error:.2f} ulp at {x:.6g}", flush=True)


def measure_float64(samples: int = 20_000) -> None:
    """Print the worst error of some float64 quantiles."""
    import mpmath

    mpmath.mp.dps = 40
    rng = np.random.default_rng(18)
    places = np.concatenate([
        rng.integers(2**52, size=samples // 2, dtype=np.uint64),
        (2.0 ** rng.uniform(0, 52, samples // 4)).astype(np.uint64),
        np.uint64(2**52 - 1) - (2.0 ** rng.uniform(0, 52, samples // 4)).astype(np.uint64)])
    found = kernels.numbers_of_bits(places, 1)
    worst = (0.0, 0.0)
    for place, x in zip(places.tolist(), found.tolist(), strict=True):
        share = mpmath.mpf(2 * place + 1) / 2**53
        # One step of Newton's method from x, whose error is below 1e-15, squares it.
        size = mpmath.mpf(x)
        miss = (mpmath.erfc(size / mpmath.sqrt(2)) - (1 - share)) if share > 0.5 else (
            share - mpmath.erf(size / mpmath.sqrt(2)))
        step = miss * mpmath.exp(size * size / 2) * mpmath.sqrt(mpmath.pi / 2)
        worst = max(worst, (float(abs(step) / float(np.spacing(x))), x))
    print(f"float64 normal: {worst[0]:.2f} ulp at {worst[1]:.6g}, {samples:,} samples")


def main() -> None:
    """Test or measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=float, default=1e9, metavar="N")
    parser.add_argument("--errors", action="store_true")
    options = parser.parse_args()
    if options.errors:
        measure_float32()
        measure_float64()
        return
    for dtype in ("float32", "float64"):
        draw(dtype, int(options.draws))


if __name__ == "__main__":
    main()
