"""What a network in C needs beside its formulas: primitives of one number, and loops over rows.

REAL stands for ``float`` or ``double``, BITS for the unsigned integer of that size, and F for the
suffix of a constant and of functions of <math.h>. The loops have the order of sums of docs/bits.md.
"""
from __future__ import annotations

HEAD = """\
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Products and sums must not be fused but where mw_mul_add says so. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize ("fp-contract=off")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

/* As in the package: fused multiply-add where the processor has it, else two roundings. */
#if defined(FP_FAST_FMA) && defined(FP_FAST_FMAF)
#define MW_FUSED 1
#else
#define MW_FUSED 0
#endif
"""

# Those that others need come first.
PRIMITIVES = {
    "mw_mul_add": """\
static REAL mw_mul_add(REAL a, REAL b, REAL c)
{
#if MW_FUSED
    return fmaF(a, b, c);
#else
    return a * b + c;
#endif
}
""",
    "mw_minus_mul": """\
static REAL mw_minus_mul(REAL a, REAL b, REAL c)
{
#if MW_FUSED
    return fmaF(-a, b, c);
#else
    return c - a * b;
#endif
}
""",
    "mw_larger": """\
static REAL mw_larger(REAL a, REAL b)
{
    return a > b ? a : b;
}
""",
    "mw_pick": """\
static REAL mw_pick(REAL a, REAL b, REAL x, REAL y)
{
    return a > b ? x : y;
}
""",
    "mw_bits": """\
static BITS mw_bits(REAL x)
{
    BITS bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
""",
    "mw_number": """\
static REAL mw_number(BITS bits)
{
    REAL x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
""",
    "mw_absolute": """\
static REAL mw_absolute(REAL x)
{
    return mw_number(mw_bits(x) & ~((BITS)1 << (8 * sizeof x - 1)));
}
""",
    "mw_with_sign": """\
static REAL mw_with_sign(REAL magnitude, REAL x)
{
    return mw_number(mw_bits(magnitude) | (mw_bits(x) & ((BITS)1 << (8 * sizeof x - 1))));
}
""",
    "mw_power_of_two": """\
static REAL mw_power_of_two(REAL t)
{
    return mw_number(mw_bits(t) << (sizeof t == 4 ? 23 : 52));
}
""",
    "mw_lookup_f32": """\
static float mw_lookup_f32(const float *table, float t)
{
    return table[mw_bits(t) >> 22 & 7];
}
""",
}

LOOPS = {
    "mw_prelu": """\
/* y where y > 0, else slope y; in place */
static void mw_prelu(size_t n, const REAL *slope, REAL *y)
{
    size_t i;
    for (i = 0; i < n; i++)
        y[i] = mw_leaky_relu(y[i], slope[i]);
}
""",
    "mw_dense": """\
/* y[n] = bias[n] + x[k] weight[k][n]; the sums in parts of `part` terms, as docs/bits.md of
   mathwork has them. sum has room for n_out numbers. */
static void mw_dense(size_t n_in, size_t n_out, size_t part, const REAL *weight, const REAL *bias,
                     const REAL *x, REAL *y, REAL *sum)
{
    size_t k, n, start, stop;
    for (n = 0; n < n_out; n++)
        y[n] = bias[n];
    for (k = 0; k < part && k < n_in; k++)
        for (n = 0; n < n_out; n++)
            y[n] = mw_mul_add(x[k], weight[k * n_out + n], y[n]);
    for (start = part; start < n_in; start = stop) {
        stop = n_in - start < part ? n_in : start + part;
        for (n = 0; n < n_out; n++)
            sum[n] = 0;
        for (k = start; k < stop; k++)
            for (n = 0; n < n_out; n++)
                sum[n] = mw_mul_add(x[k], weight[k * n_out + n], sum[n]);
        for (n = 0; n < n_out; n++)
            y[n] = y[n] + sum[n];
    }
}
""",
    "mw_add": """\
/* y = x + held */
static void mw_add(size_t n, const REAL *x, const REAL *held, REAL *y)
{
    size_t i;
    for (i = 0; i < n; i++)
        y[i] = x[i] + held[i];
}
""",
    "mw_tree": """\
/* The sum, or the largest, of the lanes of a stripe. */
static REAL mw_tree(int largest, REAL *lane)
{
    size_t half, i;
    for (half = MW_STRIPE / 2; half > 0; half /= 2)
        for (i = 0; i < half; i++)
            lane[i] = largest ? (lane[i] > lane[i + half] ? lane[i] : lane[i + half])
                              : lane[i] + lane[i + half];
    return lane[0];
}
""",
    "mw_softmax": """\
/* y = e^(x - m) / sum of e^(x - m), or its logarithm; m = max x; in place */
static void mw_softmax(int logarithm, size_t n, REAL *y)
{
    REAL sum[MW_STRIPE], tie[MW_STRIPE], top, e, one, total;
    size_t i, whole = n - n % MW_STRIPE;
    for (i = 0; i < MW_STRIPE; i++) {
        sum[i] = whole + i < n ? y[whole + i] : (REAL)-INFINITY;
        tie[i] = 0;
    }
    for (i = 0; i < whole; i++)
        sum[i % MW_STRIPE] = mw_larger(sum[i % MW_STRIPE], y[i]);
    top = mw_tree(1, sum);
    for (i = 0; i < MW_STRIPE; i++)
        sum[i] = 0;
    for (i = 0; i < n; i++) {
        e = mw_exponential_below(y[i], top);
        if (logarithm) {
            one = mw_pick(top, y[i], 0, 1);
            tie[i % MW_STRIPE] += one;
            e = e - one;
        }
        else
            y[i] = e;
        sum[i % MW_STRIPE] += e;
    }
    total = mw_tree(0, sum);
    if (logarithm)
        total = (REAL)log1p((double)(total + (mw_tree(0, tie) - 1)));
    for (i = 0; i < n; i++) {
        if (total != total)
            y[i] = (REAL)NAN;
        else if (logarithm)
            y[i] = y[i] - top - total;
        else
            y[i] = y[i] / total;
    }
}
""",
    "mw_shifted": """\
/* y = factor x - shift; return the sum of y, or of y^2 */
static REAL mw_shifted(int squares, size_t n, REAL factor, REAL shift, const REAL *x, REAL *y)
{
    REAL sum[MW_STRIPE], total[MW_STRIPE];
    size_t i, j;
    for (j = 0; j < MW_STRIPE; j++)
        sum[j] = total[j] = 0;
    for (i = 0; i < n; i++) {
        if (i % (16 * MW_STRIPE) == 0)
            for (j = 0; j < MW_STRIPE; j++) {
                total[j] = total[j] + sum[j];
                sum[j] = 0;
            }
        j = i % MW_STRIPE;
        y[i] = factor * x[i] - shift;
        sum[j] = squares ? mw_mul_add(y[i], y[i], sum[j]) : sum[j] + y[i];
    }
    for (j = 0; j < MW_STRIPE; j++)
        total[j] = total[j] + sum[j];
    return mw_tree(0, total);
}
""",
    "mw_centred": """\
/* y = unit x, less its mean if `centre`; return the mean of y^2 */
static REAL mw_centred(int centre, size_t n, REAL unit, const REAL *x, REAL *y)
{
    REAL mean;
    if (!centre)
        return mw_shifted(1, n, unit, 0, x, y) / (REAL)n;
    mean = mw_shifted(0, n, unit, 0, x, y) / (REAL)n;
    mean = mw_shifted(0, n, 1, mean, y, y) / (REAL)n;
    return mw_shifted(1, n, 1, mean, y, y) / (REAL)n;
}
""",
    "mw_norm": """\
/* y = (x - mean) weight / sqrt(variance + eps) + bias; without `centre` the mean counts as 0 */
static void mw_norm(int centre, size_t n, double eps, const REAL *weight, const REAL *bias,
                    const REAL *x, REAL *y)
{
    double unit = 1;
    REAL square = mw_centred(centre, n, 1, x, y), slope;
    size_t i;
    if (!(square <= MW_LARGEST)) {          /* squares overflowed */
        unit = MW_DOWN;
        square = mw_centred(centre, n, (REAL)unit, x, y);
    }
    else if (square + eps < MW_SMALL) {     /* squares lost bits */
        unit = MW_UP;
        square = mw_shifted(1, n, (REAL)unit, 0, y, y) / (REAL)n;
    }
    slope = 1 / sqrtF(square + (REAL)(eps * unit * unit));
    for (i = 0; i < n; i++)
        y[i] = mw_mul_add(y[i] * slope, weight[i], bias[i]);
}
""",
}

# What the texts above call by a name in capitals; the kernels have the same in norms.pxi.
CONSTANTS = {
    "float": {"MW_STRIPE": "16", "MW_LARGEST": "FLT_MAX", "MW_DOWN": "0x1p-80",
              "MW_SMALL": "0x1p-90", "MW_UP": "0x1p64"},
    "double": {"MW_STRIPE": "8", "MW_LARGEST": "DBL_MAX", "MW_DOWN": "0x1p-600",
               "MW_SMALL": "0x1p-900", "MW_UP": "0x1p500"},
}
