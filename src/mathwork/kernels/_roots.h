/* Square and cube roots of registers: what _simd.h has no use for elsewhere.

   sqrt_f64(x)                correctly rounded
   inverse_cbrt_guess_f64(x)  x^(-1/3) within 4 %, for normal positive x
   log_guess_f64(x)           the natural logarithm within 0.03, for normal positive x */
#pragma once
#include "_simd.h"

#if defined(ONE_LANE)
static inline f64v sqrt_f64(f64v x) { return sqrt(x); }
#elif defined(__AVX512F__)
static inline f64v sqrt_f64(f64v x) { return _mm512_sqrt_pd(x); }
#elif defined(__AVX2__)
static inline f64v sqrt_f64(f64v x) { return _mm256_sqrt_pd(x); }
#elif defined(__x86_64__)
static inline f64v sqrt_f64(f64v x) { return _mm_sqrt_pd(x); }
#elif defined(__aarch64__)
static inline f64v sqrt_f64(f64v x) { return (f64v)vsqrtq_f64((float64x2_t)x); }
#else
static inline f64v sqrt_f64(f64v x)
{ for (int i = 0; i < F64_LANES; i++) x[i] = sqrt(x[i]); return x; }
#endif

/* A third of the exponent and fraction, taken as one number, is a third of the logarithm within
   a few percent: 1431655766 is 2^32 / 3, and 0x553ef0ff stands for 4/3 of the exponent's bias
   less what halves the worst error (Moroz, Samotyy, Kokosinski and Gepner 2021). */
static inline f64v inverse_cbrt_guess_f64(f64v x)
{
    u64v third = ((bits_f64(x) >> 32) * UINT64_C(1431655766)) >> 32;
    return float_f64((UINT64_C(0x553ef0ff) - third) << 32);
}

/* Exponent and fraction taken as one number are the binary logarithm, 0 to 0.086 too small.
   Under the exponent of 2^52 the upper half of x is an integer that many times 2^20. */
static inline f64v log_guess_f64(f64v x)
{
    f64v upper = float_f64((bits_f64(x) >> 32) | (UINT64_C(0x433) << 52)) - 4503599627370496.0;
    return (upper * 0x1p-20 - 1022.957) * 0.6931471805599453;
}
