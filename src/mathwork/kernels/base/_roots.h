/* Square roots of registers, and first guesses of cube roots and logarithms.

   sqrt_f32(x), sqrt_f64(x)   correctly rounded, by the processor's divider
   sqrt_by_products_f64(x)    the same bits by multiplications, while the divider is busy
   inverse_cbrt_guess_f64(x)  x^(-1/3) within 4 %, for normal positive x
   log_guess_f64(x)           the natural logarithm within 0.03, for normal positive x */
#pragma once
#include "_simd.h"

#if defined(ONE_LANE)
static inline f32v sqrt_f32(f32v x) { return sqrtf(x); }
static inline f64v sqrt_f64(f64v x) { return sqrt(x); }
#elif defined(__AVX512F__)
static inline f32v sqrt_f32(f32v x) { return _mm512_sqrt_ps(x); }
static inline f64v sqrt_f64(f64v x) { return _mm512_sqrt_pd(x); }
#elif defined(__AVX2__)
static inline f32v sqrt_f32(f32v x) { return _mm256_sqrt_ps(x); }
static inline f64v sqrt_f64(f64v x) { return _mm256_sqrt_pd(x); }
#elif defined(__x86_64__)
static inline f32v sqrt_f32(f32v x) { return _mm_sqrt_ps(x); }
static inline f64v sqrt_f64(f64v x) { return _mm_sqrt_pd(x); }
#elif defined(__aarch64__)
static inline f32v sqrt_f32(f32v x) { return (f32v)vsqrtq_f32((float32x4_t)x); }
static inline f64v sqrt_f64(f64v x) { return (f64v)vsqrtq_f64((float64x2_t)x); }
#else
static inline f32v sqrt_f32(f32v x)
{ for (int i = 0; i < F32_LANES; i++) x[i] = sqrtf(x[i]); return x; }
static inline f64v sqrt_f64(f64v x)
{ for (int i = 0; i < F64_LANES; i++) x[i] = sqrt(x[i]); return x; }
#endif

/* A constant less half of the bits of x is x^(-1/2) within 3.5 % (Lomont 2003, for float64). The
   first step is a minimax fit in e = 1 - x y^2 from -0.070 to 0.068; it leaves an error of 2.7e-5.
   The second step, the series, leaves a few units of the last place. The last step has only its
   rounding and an error of 2^-100 before it. Only some 1460 numbers from 1 to 4 have a root so near
   to the middle between two float64 that it could fall to the wrong side: tests/test_circular.py
   has them all. */
#if FUSED && defined(__x86_64__) && !defined(ONE_LANE)
static inline int outside_f64(f64v x, f64v low, f64v high)
{
#  if defined(__AVX512F__)
    return _mm512_cmp_pd_mask(x, low, _CMP_NGE_UQ) | _mm512_cmp_pd_mask(x, high, _CMP_NLE_UQ);
#  else
    return _mm256_movemask_pd(_mm256_or_pd(_mm256_cmp_pd(x, low, _CMP_NGE_UQ),
                                           _mm256_cmp_pd(x, high, _CMP_NLE_UQ)));
#  endif
}

static inline f64v sqrt_by_products_f64(f64v x)
{
    const f64v one = fill_f64(1), half = fill_f64(0.5);
    f64v y, s, e, p;
    if (__builtin_expect(outside_f64(x, fill_f64(0x1p-900), fill_f64(0x1p1000)), 0))
        return sqrt_f64(x);     /* x is zero, subnormal, infinite or NaN, or would lead to it */
    y = float_f64(UINT64_C(0x5fe6eb50c7b537a9) - (bits_f64(x) >> 1));
    e = minus_mul_f64(x * y, y, one);
    y = mul_add_f64(y * e, mul_add_f64(fill_f64(0.37573), e, fill_f64(0.501092)), y);
    e = minus_mul_f64(x * y, y, one);
    p = mul_add_f64(mul_add_f64(fill_f64(5.0 / 16), e, fill_f64(3.0 / 8)), e, half);
    y = mul_add_f64(y * e, p, y);
    s = x * y;
    return mul_add_f64(minus_mul_f64(s, s, x), y * half, s);
}
#else
static inline f64v sqrt_by_products_f64(f64v x) { return sqrt_f64(x); }
#endif

/* Exponent and fraction, taken as one number, are nearly a logarithm. So a third of that number is
   a third of the logarithm within a few percent. 1431655766 is 2^32 / 3. 0x553ef0ff is 4/3 of the
   exponent's bias, less a correction that halves the worst error (Moroz, Samotyy, Kokosinski and
   Gepner 2021). */
static inline f64v inverse_cbrt_guess_f64(f64v x)
{
    u64v third = ((bits_f64(x) >> 32) * UINT64_C(1431655766)) >> 32;
    return float_f64((UINT64_C(0x553ef0ff) - third) << 32);
}

/* Exponent and fraction, taken as one number, are the binary logarithm, 0 to 0.086 too small. The
   upper half of x, put under the exponent of 2^52, is an integer: 2^20 times that logarithm. */
static inline f64v log_guess_f64(f64v x)
{
    f64v upper = float_f64((bits_f64(x) >> 32) | (UINT64_C(0x433) << 52)) - 4503599627370496.0;
    return (upper * 0x1p-20 - 1022.957) * 0.6931471805599453;
}
