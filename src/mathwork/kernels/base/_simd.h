/* Register types and the few primitives that Cython cannot say.

   f32v, f64v      one register of this build's level. Cython declares them as float and double,
                   so kernels write their arithmetic with + - * /
   *_LANES         the lanes of a register
   f32h, f64h      half a register where registers have 512 bits: some products are faster with it.
                   Elsewhere the same as f32v and f64v
   TILE_ROWS       rows of the product tile: TILE_ROWS x 2 accumulators, two weights and one
                   broadcast stay in registers
   TOTALS_STAY     1 if as many totals of finished parts stay in registers too

   With MATHWORK_PORTABLE, or a compiler that has no vector types, a register is one scalar, and
   everything above this file is the same. Only this file knows instruction sets. */
#pragma once
#include <fenv.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(MATHWORK_PORTABLE) || !(defined(__GNUC__) || defined(__clang__))
#  define ONE_LANE
#elif defined(__x86_64__)
#  include <immintrin.h>
#elif defined(__aarch64__)
#  include <arm_neon.h>
#endif

#if defined(ONE_LANE)
#  define F32_LANES 1
#  define F64_LANES 1
#  define TILE_ROWS 4
#  define TOTALS_STAY 0
typedef float f32v;
typedef double f64v;
typedef uint32_t u32v;
typedef uint64_t u64v;
typedef float f32u;
typedef double f64u;
#else
#  if defined(__AVX512F__)
#    define LANE_BYTES 64
#    define TILE_ROWS 6
#    define TOTALS_STAY 1
#  elif defined(__AVX2__)
#    define LANE_BYTES 32
#    define TILE_ROWS 6
#  elif defined(__aarch64__)
#    define LANE_BYTES 16
#    define TILE_ROWS 12
#  else
#    define LANE_BYTES 16
#    define TILE_ROWS 4
#  endif
#  ifndef TOTALS_STAY
#    define TOTALS_STAY 0
#  endif
#  define F32_LANES (LANE_BYTES / 4)
#  define F64_LANES (LANE_BYTES / 8)
typedef float    f32v __attribute__((vector_size(LANE_BYTES)));
typedef double   f64v __attribute__((vector_size(LANE_BYTES)));
typedef uint32_t u32v __attribute__((vector_size(LANE_BYTES)));
typedef uint64_t u64v __attribute__((vector_size(LANE_BYTES)));
/* the same for memory that is only aligned to its elements */
typedef float   f32u __attribute__((vector_size(LANE_BYTES), aligned(4), may_alias));
typedef double  f64u __attribute__((vector_size(LANE_BYTES), aligned(8), may_alias));
#endif

/* ---- memory ---- */
static inline f32v load_f32(const float *p)  { return *(const f32u *)p; }
static inline f64v load_f64(const double *p) { return *(const f64u *)p; }
static inline void store_f32(float *p, f32v v)  { *(f32u *)p = v; }
static inline void store_f64(double *p, f64v v) { *(f64u *)p = v; }

/* Bring the cache line at p nearer; p may point anywhere. */
static inline void prefetch(const void *p)
{
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(p);
#else
    (void)p;
#endif
}

/* Return n, but hide its value from the compiler. So everything computed from n is computed where
   it is used, and not before a loop, where it would have to be kept. */
static inline ptrdiff_t anew(ptrdiff_t n)
{
#if defined(__GNUC__) || defined(__clang__)
    __asm__("" : "+r"(n));
#endif
    return n;
}

/* ---- bits ---- */
#if defined(ONE_LANE)
static inline u32v bits_f32(f32v x) { u32v b; memcpy(&b, &x, sizeof b); return b; }
static inline u64v bits_f64(f64v x) { u64v b; memcpy(&b, &x, sizeof b); return b; }
static inline f32v float_f32(u32v b) { f32v x; memcpy(&x, &b, sizeof x); return x; }
static inline f64v float_f64(u64v b) { f64v x; memcpy(&x, &b, sizeof x); return x; }
static inline f32v fill_f32(float s)  { return s; }
static inline f64v fill_f64(double s) { return s; }
#else
static inline u32v bits_f32(f32v x) { return (u32v)x; }
static inline u64v bits_f64(f64v x) { return (u64v)x; }
static inline f32v float_f32(u32v b) { return (f32v)b; }
static inline f64v float_f64(u64v b) { return (f64v)b; }
/* s - 0, not s + 0: the sum would lose the sign of -0.0 */
static inline f32v fill_f32(float s)  { f32v zero = {0}; return s - zero; }
static inline f64v fill_f64(double s) { f64v zero = {0}; return s - zero; }
#endif

#define SIGN_F32 (UINT32_C(1) << 31)
#define SIGN_F64 (UINT64_C(1) << 63)

/* |x| */
static inline f32v abs_f32(f32v x) { return float_f32(bits_f32(x) & ~SIGN_F32); }
static inline f64v abs_f64(f64v x) { return float_f64(bits_f64(x) & ~SIGN_F64); }

/* magnitude (its sign bit clear) with the sign of x */
static inline f32v with_sign_f32(f32v magnitude, f32v x)
{ return float_f32(bits_f32(magnitude) | (bits_f32(x) & SIGN_F32)); }
static inline f64v with_sign_f64(f64v magnitude, f64v x)
{ return float_f64(bits_f64(magnitude) | (bits_f64(x) & SIGN_F64)); }

/* 2^n, for n of normal numbers. t = 1.5 * 2^23 + 127 + n (float) or 1.5 * 2^52 + 1023 + n (double):
   the low bits of that sum are the exponent's bits of 2^n. */
static inline f32v power_of_two_f32(f32v t) { return float_f32(bits_f32(t) << 23); }
static inline f64v power_of_two_f64(f64v t) { return float_f64(bits_f64(t) << 52); }

/* ---- tables of eight ----
   lookup_f32(table, t)    one of eight numbers. The exponent of t and the first bit after its
                           leading one choose it: [1, 1.5), [1.5, 2), [2, 3) ... give the
                           entries 6, 7, 0 ... */
#if defined(ONE_LANE)
static inline f32v lookup_f32(const float *table, f32v t) { return table[bits_f32(t) >> 22 & 7]; }
#elif defined(__AVX512F__)
static inline f32v lookup_f32(const float *table, f32v t)
{ return _mm512_permutexvar_ps((__m512i)(bits_f32(t) >> 22),
                               (__m512)_mm512_broadcast_f64x4(_mm256_loadu_pd((void *)table))); }
#elif defined(__AVX2__)
static inline f32v lookup_f32(const float *table, f32v t)
{ return _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), (__m256i)(bits_f32(t) >> 22)); }
#elif defined(__SSE4_1__) || defined(__aarch64__)
/* the positions in the table of the bytes of each lane's entry */
static inline u32v places(f32v t)
{ return (bits_f32(t) >> 22 & 7) * UINT32_C(0x04040404) + UINT32_C(0x03020100); }
#  if defined(__SSE4_1__)
static inline f32v lookup_f32(const float *table, f32v t)
{
    const __m128i at = (__m128i)places(t);
    const __m128i first = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)table), at);
    const __m128i last = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(table + 4)), at);
    return (f32v)_mm_blendv_ps((__m128)first, (__m128)last, (__m128)(bits_f32(t) << 7));
}
#  else
static inline f32v lookup_f32(const float *table, f32v t)
{
    const uint8x16x2_t bytes = {{vreinterpretq_u8_f32(vld1q_f32(table)),
                                 vreinterpretq_u8_f32(vld1q_f32(table + 4))}};
    return (f32v)vqtbl2q_u8(bytes, (uint8x16_t)places(t));
}
#  endif
#else
static inline f32v lookup_f32(const float *table, f32v t)
{
    f32v entry;
    for (int i = 0; i < F32_LANES; i++) entry[i] = table[bits_f32(t)[i] >> 22 & 7];
    return entry;
}
#endif

/* ---- arithmetic and choice ----
   mul_add(a, b, c)    a * b + c, rounded once where the level has fused multiply-add
   minus_mul(a, b, c)  c - a * b: mul_add(-a, b, c) without the negation
   FUSED               1 where mul_add rounds once, else 0
   larger(a, b)        a where a > b, else b: so b where either is NaN
   pick(a, b, x, y)    x where a > b, else y */
#if defined(ONE_LANE)
#  if defined(FP_FAST_FMA) && defined(FP_FAST_FMAF)
#    define FUSED 1
static inline f32v mul_add_f32(f32v a, f32v b, f32v c) { return fmaf(a, b, c); }
static inline f64v mul_add_f64(f64v a, f64v b, f64v c) { return fma(a, b, c); }
static inline f32v minus_mul_f32(f32v a, f32v b, f32v c) { return fmaf(-a, b, c); }
static inline f64v minus_mul_f64(f64v a, f64v b, f64v c) { return fma(-a, b, c); }
#  else
#    define FUSED 0
static inline f32v mul_add_f32(f32v a, f32v b, f32v c) { return a * b + c; }
static inline f64v mul_add_f64(f64v a, f64v b, f64v c) { return a * b + c; }
static inline f32v minus_mul_f32(f32v a, f32v b, f32v c) { return c - a * b; }
static inline f64v minus_mul_f64(f64v a, f64v b, f64v c) { return c - a * b; }
#  endif
static inline f32v pick_f32(f32v a, f32v b, f32v x, f32v y) { return a > b ? x : y; }
static inline f64v pick_f64(f64v a, f64v b, f64v x, f64v y) { return a > b ? x : y; }
static inline f32v larger_f32(f32v a, f32v b) { return a > b ? a : b; }
static inline f64v larger_f64(f64v a, f64v b) { return a > b ? a : b; }
#elif defined(__AVX512F__)
#  define FUSED 1
static inline f32v mul_add_f32(f32v a, f32v b, f32v c) { return _mm512_fmadd_ps(a, b, c); }
static inline f64v mul_add_f64(f64v a, f64v b, f64v c) { return _mm512_fmadd_pd(a, b, c); }
static inline f32v minus_mul_f32(f32v a, f32v b, f32v c) { return _mm512_fnmadd_ps(a, b, c); }
static inline f64v minus_mul_f64(f64v a, f64v b, f64v c) { return _mm512_fnmadd_pd(a, b, c); }
static inline f32v pick_f32(f32v a, f32v b, f32v x, f32v y)
{ return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), y, x); }
static inline f64v pick_f64(f64v a, f64v b, f64v x, f64v y)
{ return _mm512_mask_blend_pd(_mm512_cmp_pd_mask(a, b, _CMP_GT_OQ), y, x); }
static inline f32v larger_f32(f32v a, f32v b) { return _mm512_max_ps(a, b); }
static inline f64v larger_f64(f64v a, f64v b) { return _mm512_max_pd(a, b); }
#elif defined(__AVX2__) && defined(__FMA__)
#  define FUSED 1
static inline f32v mul_add_f32(f32v a, f32v b, f32v c) { return _mm256_fmadd_ps(a, b, c); }
static inline f64v mul_add_f64(f64v a, f64v b, f64v c) { return _mm256_fmadd_pd(a, b, c); }
static inline f32v minus_mul_f32(f32v a, f32v b, f32v c) { return _mm256_fnmadd_ps(a, b, c); }
static inline f64v minus_mul_f64(f64v a, f64v b, f64v c) { return _mm256_fnmadd_pd(a, b, c); }
static inline f32v pick_f32(f32v a, f32v b, f32v x, f32v y)
{ return _mm256_blendv_ps(y, x, (__m256)(a > b)); }
static inline f64v pick_f64(f64v a, f64v b, f64v x, f64v y)
{ return _mm256_blendv_pd(y, x, (__m256d)(a > b)); }
static inline f32v larger_f32(f32v a, f32v b) { return _mm256_max_ps(a, b); }
static inline f64v larger_f64(f64v a, f64v b) { return _mm256_max_pd(a, b); }
#elif defined(__SSE4_1__)
#  define FUSED 0
static inline f32v mul_add_f32(f32v a, f32v b, f32v c) { return a * b + c; }
static inline f64v mul_add_f64(f64v a, f64v b, f64v c) { return a * b + c; }
static inline f32v minus_mul_f32(f32v a, f32v b, f32v c) { return c - a * b; }
static inline f64v minus_mul_f64(f64v a, f64v b, f64v c) { return c - a * b; }
static inline f32v pick_f32(f32v a, f32v b, f32v x, f32v y)
{ return _mm_blendv_ps(y, x, (__m128)(a > b)); }
static inline f64v pick_f64(f64v a, f64v b, f64v x, f64v y)
{ return _mm_blendv_pd(y, x, (__m128d)(a > b)); }
static inline f32v larger_f32(f32v a, f32v b) { return _mm_max_ps(a, b); }
static inline f64v larger_f64(f64v a, f64v b) { return _mm_max_pd(a, b); }
#else
#  if defined(__aarch64__)
#    define FUSED 1
static inline f32v mul_add_f32(f32v a, f32v b, f32v c)
{ return (f32v)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
static inline f64v mul_add_f64(f64v a, f64v b, f64v c)
{ return (f64v)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
static inline f32v minus_mul_f32(f32v a, f32v b, f32v c)
{ return (f32v)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
static inline f64v minus_mul_f64(f64v a, f64v b, f64v c)
{ return (f64v)vfmsq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
#  else
#    define FUSED 0
static inline f32v mul_add_f32(f32v a, f32v b, f32v c) { return a * b + c; }
static inline f64v mul_add_f64(f64v a, f64v b, f64v c) { return a * b + c; }
static inline f32v minus_mul_f32(f32v a, f32v b, f32v c) { return c - a * b; }
static inline f64v minus_mul_f64(f64v a, f64v b, f64v c) { return c - a * b; }
#  endif
static inline f32v pick_f32(f32v a, f32v b, f32v x, f32v y)
{ u32v m = (u32v)(a > b); return (f32v)((m & (u32v)x) | (~m & (u32v)y)); }
static inline f64v pick_f64(f64v a, f64v b, f64v x, f64v y)
{ u64v m = (u64v)(a > b); return (f64v)((m & (u64v)x) | (~m & (u64v)y)); }
static inline f32v larger_f32(f32v a, f32v b) { return pick_f32(a, b, a, b); }
static inline f64v larger_f64(f64v a, f64v b) { return pick_f64(a, b, a, b); }
#endif

/* ---- quads: each four numbers of a register, in another order ----
   MOVES_QUADS_F32, _F64    1 where one instruction can move the numbers of all quads
   place_f32(c)             what says "number c of its quad"; it is a normal number
   reorder_f32(x, places)   the numbers of each quad of x that the four places say, in their order */
#if !defined(ONE_LANE) && defined(__AVX2__)
#  define MOVES_QUADS_F32 1
#  define MOVES_QUADS_F64 1
static inline f32v place_f32(int c) { return float_f32(bits_f32(fill_f32(1)) + (uint32_t)c); }
#  if defined(__AVX512F__)
static inline f64v place_f64(int c) { return float_f64(bits_f64(fill_f64(1)) + (uint64_t)c); }
static inline f32v reorder_f32(f32v x, const float *places)
{ return _mm512_permutevar_ps(x, (__m512i)_mm512_broadcast_f32x4(_mm_loadu_ps(places))); }
static inline f64v reorder_f64(f64v x, const double *places)
{
    const u64v in_quad = {0, 0, 0, 0, 4, 4, 4, 4};
    const u64v all = (u64v)_mm512_broadcast_f64x4(_mm256_loadu_pd(places));
    return _mm512_permutexvar_pd((__m512i)(all + in_quad), x);
}
#  else
/* two numbers of 32 bits make one of 64 */
static inline f64v place_f64(int c)
{ return float_f64(bits_f64(fill_f64(1)) + ((uint64_t)(2 * c + 1) << 32) + (uint64_t)(2 * c)); }
static inline f32v reorder_f32(f32v x, const float *places)
{ return _mm256_permutevar_ps(x, (__m256i)_mm256_broadcast_ps((const __m128 *)places)); }
static inline f64v reorder_f64(f64v x, const double *places)
{ return (f64v)_mm256_permutevar8x32_ps((__m256)x, (__m256i)_mm256_loadu_pd(places)); }
#  endif
#else
#  define MOVES_QUADS_F64 0
static inline f64v place_f64(int c) { return fill_f64(c); }
static inline f64v reorder_f64(f64v x, const double *places) { (void)places; return x; }
#  if !defined(ONE_LANE) && defined(__SSE4_1__)
#    define MOVES_QUADS_F32 1
/* four bytes make a number; of each byte the low four bits count, and the highest must be 0 */
static inline f32v place_f32(int c)
{ return float_f32(bits_f32(fill_f32(0)) + UINT32_C(0x33323130) + (uint32_t)c * UINT32_C(0x04040404)); }
static inline f32v reorder_f32(f32v x, const float *places)
{ return (f32v)_mm_shuffle_epi8((__m128i)x, _mm_loadu_si128((const __m128i *)places)); }
#  else
#    define MOVES_QUADS_F32 0
static inline f32v place_f32(int c) { return fill_f32((float)c); }
static inline f32v reorder_f32(f32v x, const float *places) { (void)places; return x; }
#  endif
#endif

/* ---- half registers, as far as products need them ---- */
#if !defined(ONE_LANE) && defined(__AVX512F__)
#  define F32_HALF_LANES (F32_LANES / 2)
#  define F64_HALF_LANES (F64_LANES / 2)
typedef float  f32h __attribute__((vector_size(LANE_BYTES / 2)));
typedef double f64h __attribute__((vector_size(LANE_BYTES / 2)));
typedef float  f32hu __attribute__((vector_size(LANE_BYTES / 2), aligned(4), may_alias));
typedef double f64hu __attribute__((vector_size(LANE_BYTES / 2), aligned(8), may_alias));
static inline f32h load_f32h(const float *p)  { return *(const f32hu *)p; }
static inline f64h load_f64h(const double *p) { return *(const f64hu *)p; }
static inline void store_f32h(float *p, f32h v)  { *(f32hu *)p = v; }
static inline void store_f64h(double *p, f64h v) { *(f64hu *)p = v; }
static inline f32h fill_f32h(float s)  { f32h zero = {0}; return s - zero; }
static inline f64h fill_f64h(double s) { f64h zero = {0}; return s - zero; }
static inline f32h mul_add_f32h(f32h a, f32h b, f32h c) { return _mm256_fmadd_ps(a, b, c); }
static inline f64h mul_add_f64h(f64h a, f64h b, f64h c) { return _mm256_fmadd_pd(a, b, c); }
static inline f32h larger_f32h(f32h a, f32h b) { return _mm256_max_ps(a, b); }
static inline f64h larger_f64h(f64h a, f64h b) { return _mm256_max_pd(a, b); }
#else
#  define F32_HALF_LANES F32_LANES
#  define F64_HALF_LANES F64_LANES
typedef f32v f32h;
typedef f64v f64h;
#  define load_f32h load_f32
#  define load_f64h load_f64
#  define store_f32h store_f32
#  define store_f64h store_f64
#  define fill_f32h fill_f32
#  define fill_f64h fill_f64
#  define mul_add_f32h mul_add_f32
#  define mul_add_f64h mul_add_f64
#  define larger_f32h larger_f32
#  define larger_f64h larger_f64
#endif

/* ---- the floating-point status word ----
   NumPy reads it after a ufunc's loop. It would warn of steps on the way to a right answer, such
   as the underflow of e^-200. */
static inline void clear_float_status(void)
{
#if defined(__x86_64__) && !defined(ONE_LANE)
    _mm_setcsr(_mm_getcsr() & ~(unsigned)_MM_EXCEPT_MASK);
#else
    feclearexcept(FE_ALL_EXCEPT);
#endif
}
