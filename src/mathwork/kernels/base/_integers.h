/* Registers of integers, as far as random numbers need them.

   u64v                      one register of 64-bit integers: + ^ & >> << work
   fill_u64(n), count_u64()  n in every lane; 0, 1, 2, ...
   product_u64(a, b)         the product of the low halves of each lane, all 64 bits of it
   BLOCK_REGISTERS           registers of 64 bits a lane that make one of 32 bits a lane
   join_u32(even, odd)       the low halves of even and odd lanes; the portable build has no odd
   centred(bits, rest)       2 u - 1 for u uniform in (0, 1), and rest = 1 - |2 u - 1|
   stepped(bits)             2 u - 1 for u uniform in [0, 1), with as many digits as are exact */
#pragma once
#include "_simd.h"

static inline u64v fill_u64(uint64_t n) { u64v zero = {0}; return zero + n; }

static inline u64v count_u64(void)
{
#if defined(ONE_LANE)
    return 0;
#else
    u64v lanes = {0};
    for (int i = 0; i < F64_LANES; i++) lanes[i] = (uint64_t)i;
    return lanes;
#endif
}

static inline u64v product_u64(u64v a, u64v b)
{
#if defined(ONE_LANE)
    return (uint64_t)(uint32_t)a * (uint32_t)b;
#elif defined(__AVX512F__)
    return (u64v)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (u64v)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
    return (u64v)_mm_mul_epu32((__m128i)a, (__m128i)b);
#elif defined(__aarch64__)
    return (u64v)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
#else
    const uint64_t low = UINT32_MAX;
    return (a & low) * (b & low);
#endif
}

#if defined(ONE_LANE)
#  define BLOCK_REGISTERS 1
typedef int32_t s32v;
static inline u32v join_u32(u64v even, u64v odd) { (void)odd; return (u32v)even; }
static inline f32v rounded_s32(u32v n) { return (float)(int32_t)n; }
#else
#  define BLOCK_REGISTERS 2
typedef int32_t s32v __attribute__((vector_size(LANE_BYTES)));
static inline u32v join_u32(u64v even, u64v odd)
{ const uint64_t low = UINT32_MAX; return (u32v)((even & low) | odd << 32); }
/* signed integers as floats, rounded to the nearest */
static inline f32v rounded_s32(u32v n)
{
#  if defined(__AVX512F__)
    return _mm512_cvtepi32_ps((__m512i)n);
#  elif defined(__AVX2__)
    return _mm256_cvtepi32_ps((__m256i)n);
#  elif defined(__x86_64__)
    return (f32v)_mm_cvtepi32_ps((__m128i)n);
#  elif defined(__aarch64__)
    return (f32v)vcvtq_f32_s32((int32x4_t)n);
#  else
    f32v x;
    for (int i = 0; i < F32_LANES; i++) x[i] = (float)(int32_t)n[i];
    return x;
#  endif
}
#endif

/* The first bit is the sign. The other 31 are the integer k of |2 u - 1| = (k + 1/2) 2^-31. */
static inline f32v centred_f32(u32v bits, f32v *rest)
{
    const uint32_t digits = INT32_MAX;
    const f32v half = fill_f32(0.5f), unit = fill_f32(0x1p-31f);
    u32v k = bits & digits;
    *rest = (rounded_s32(k ^ digits) + half) * unit;
    return with_sign_f32((rounded_s32(k) + half) * unit, float_f32(bits));
}
/* The first bit is the sign. The last 52 are k of |2 u - 1| = (k + 1/2) 2^-52, without error. */
static inline f64v centred_f64(u64v bits, f64v *rest)
{
    const f64v one = fill_f64(1);
    const f64v size = float_f64(bits << 12 >> 12 | UINT64_C(0x3ff0000000000000)) - one
        + fill_f64(0x1p-53);
    *rest = one - size;
    return with_sign_f64(size, float_f64(bits));
}

/* The first 24 bits as a signed integer; the first 52. */
static inline f32v stepped_f32(u32v bits)
{ return rounded_s32(bits & ~UINT32_C(255)) * fill_f32(0x1p-31f); }
static inline f64v stepped_f64(u64v bits)
{
    return (float_f64(bits >> 12 | UINT64_C(0x3ff0000000000000)) - fill_f64(1.5)) * fill_f64(2);
}

/* m and exponent with y = m 2^exponent and m from sqrt(1/2) to sqrt(2), for 2^-60 < y < 2^60 */
static inline f32v split_f32(f32v y, f32v *exponent)
{
    const u32v above = bits_f32(y) - UINT32_C(0x3f3504f3);
    *exponent = float_f32((above + (UINT32_C(64) << 23)) >> 23 | UINT32_C(0x4b000000))
        - fill_f32(8388608.0f + 64);
    return float_f32(bits_f32(y) - (above & UINT32_C(0xff800000)));
}
static inline f64v split_f64(f64v y, f64v *exponent)
{
    const u64v above = bits_f64(y) - UINT64_C(0x3fe6a09e667f3bcd);
    *exponent = float_f64((above + (UINT64_C(64) << 52)) >> 52 | UINT64_C(0x4330000000000000))
        - fill_f64(4503599627370496.0 + 64);
    return float_f64(bits_f64(y) - (above & UINT64_C(0xfff0000000000000)));
}

/* Whether a > b in any lane */
#if defined(ONE_LANE)
static inline int any_above_f32(f32v a, f32v b) { return a > b; }
static inline int any_above_f64(f64v a, f64v b) { return a > b; }
#elif defined(__AVX512F__)
static inline int any_above_f32(f32v a, f32v b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0; }
static inline int any_above_f64(f64v a, f64v b) { return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ) != 0; }
#elif defined(__AVX2__)
static inline int any_above_f32(f32v a, f32v b)
{ return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0; }
static inline int any_above_f64(f64v a, f64v b)
{ return _mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_GT_OQ)) != 0; }
#elif defined(__x86_64__)
static inline int any_above_f32(f32v a, f32v b) { return _mm_movemask_ps(_mm_cmpgt_ps(a, b)) != 0; }
static inline int any_above_f64(f64v a, f64v b) { return _mm_movemask_pd(_mm_cmpgt_pd(a, b)) != 0; }
#else
static inline int any_above_f32(f32v a, f32v b)
{
    int found = 0;
    for (int i = 0; i < F32_LANES; i++) found |= a[i] > b[i];
    return found;
}
static inline int any_above_f64(f64v a, f64v b)
{
    int found = 0;
    for (int i = 0; i < F64_LANES; i++) found |= a[i] > b[i];
    return found;
}
#endif
