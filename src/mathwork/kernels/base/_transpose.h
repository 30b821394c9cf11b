/* Columns of a row-major block, one register each: v[k][i] = p[i * ld + k] for all lanes i and for
   k < count; count is rounded up to whole 16 bytes.

   A register is put together from 16-byte pieces. Their rows lie as many rows apart as 16 bytes
   have lanes, so this costs loads only. Then each 16 bytes are transposed inside. */
#pragma once
#include <stddef.h>
#include "_simd.h"

#if defined(ONE_LANE)
static inline void load_columns_f32(f32v *v, const float *p, ptrdiff_t ld, ptrdiff_t count)
{ (void)ld; (void)count; *v = *p; }
static inline void load_columns_f64(f64v *v, const double *p, ptrdiff_t ld, ptrdiff_t count)
{ (void)ld; (void)count; *v = *p; }

#define load_columns_f32h load_columns_f32
#define load_columns_f64h load_columns_f64
static inline void store_quads_f32(const f32v *v, float *p)
{ for (int k = 0; k < 4; k++) p[k] = v[k] + 0; }

#else
#  if defined(__AVX512F__)
static inline __m256 half_pieces_f32(const float *p, ptrdiff_t ld)
{ return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + 4 * ld), 1); }
static inline __m256d half_pieces_f64(const double *p, ptrdiff_t ld)
{ return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p)), _mm_loadu_pd(p + 2 * ld), 1); }

static inline f32v pieces_f32(const float *p, ptrdiff_t ld)
{
    return (f32v)_mm512_insertf64x4(
        _mm512_castpd256_pd512((__m256d)half_pieces_f32(p, ld)),
        (__m256d)half_pieces_f32(p + 8 * ld, ld), 1);
}
static inline f64v pieces_f64(const double *p, ptrdiff_t ld)
{
    return _mm512_insertf64x4(_mm512_castpd256_pd512(half_pieces_f64(p, ld)),
                              half_pieces_f64(p + 4 * ld, ld), 1);
}
#    define LOW_F32(a, b)  _mm512_unpacklo_ps(a, b)
#    define HIGH_F32(a, b) _mm512_unpackhi_ps(a, b)
#    define LOW_F64(a, b)  _mm512_unpacklo_pd((__m512d)(a), (__m512d)(b))
#    define HIGH_F64(a, b) _mm512_unpackhi_pd((__m512d)(a), (__m512d)(b))
#  elif defined(__AVX2__)
static inline f32v pieces_f32(const float *p, ptrdiff_t ld)
{ return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + 4 * ld), 1); }
static inline f64v pieces_f64(const double *p, ptrdiff_t ld)
{ return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p)), _mm_loadu_pd(p + 2 * ld), 1); }
#    define LOW_F32(a, b)  _mm256_unpacklo_ps(a, b)
#    define HIGH_F32(a, b) _mm256_unpackhi_ps(a, b)
#    define LOW_F64(a, b)  _mm256_unpacklo_pd((__m256d)(a), (__m256d)(b))
#    define HIGH_F64(a, b) _mm256_unpackhi_pd((__m256d)(a), (__m256d)(b))
#  else
static inline f32v pieces_f32(const float *p, ptrdiff_t ld)  { (void)ld; return load_f32(p); }
static inline f64v pieces_f64(const double *p, ptrdiff_t ld) { (void)ld; return load_f64(p); }
#    if defined(__SSE4_1__)
#      define LOW_F32(a, b)  _mm_unpacklo_ps(a, b)
#      define HIGH_F32(a, b) _mm_unpackhi_ps(a, b)
#      define LOW_F64(a, b)  _mm_unpacklo_pd((__m128d)(a), (__m128d)(b))
#      define HIGH_F64(a, b) _mm_unpackhi_pd((__m128d)(a), (__m128d)(b))
#    else
#      define LOW_F32(a, b)  ((f32v){(a)[0], (b)[0], (a)[1], (b)[1]})
#      define HIGH_F32(a, b) ((f32v){(a)[2], (b)[2], (a)[3], (b)[3]})
#      define LOW_F64(a, b)  ((f64v){((f64v)(a))[0], ((f64v)(b))[0]})
#      define HIGH_F64(a, b) ((f64v){((f64v)(a))[1], ((f64v)(b))[1]})
#    endif
#  endif

static inline void load_columns_f32(f32v *v, const float *p, ptrdiff_t ld, ptrdiff_t count)
{
    for (ptrdiff_t k = 0; k < count; k += 4) {
        f32v r0 = pieces_f32(p + k, ld), r1 = pieces_f32(p + k + ld, ld);
        f32v r2 = pieces_f32(p + k + 2 * ld, ld), r3 = pieces_f32(p + k + 3 * ld, ld);
        f32v low01 = LOW_F32(r0, r1), low23 = LOW_F32(r2, r3);
        f32v high01 = HIGH_F32(r0, r1), high23 = HIGH_F32(r2, r3);
        v[k] = (f32v)LOW_F64(low01, low23);
        v[k + 1] = (f32v)HIGH_F64(low01, low23);
        v[k + 2] = (f32v)LOW_F64(high01, high23);
        v[k + 3] = (f32v)HIGH_F64(high01, high23);
    }
}
static inline void load_columns_f64(f64v *v, const double *p, ptrdiff_t ld, ptrdiff_t count)
{
    for (ptrdiff_t k = 0; k < count; k += 2) {
        f64v r0 = pieces_f64(p + k, ld), r1 = pieces_f64(p + k + ld, ld);
        v[k] = (f64v)LOW_F64(r0, r1);
        v[k + 1] = (f64v)HIGH_F64(r0, r1);
    }
}

/* p[4 i + k] = v[k][i] for all lanes i: the quads of four registers; -0.0 becomes 0.0 */
static inline void store_quads_f32(const f32v *v, float *p)
{
    const f32v low01 = LOW_F32(v[0], v[1]), low23 = LOW_F32(v[2], v[3]), zero = {0};
    const f32v high01 = HIGH_F32(v[0], v[1]), high23 = HIGH_F32(v[2], v[3]);
    const f32v quads[4] = {
        (f32v)LOW_F64(low01, low23) + zero, (f32v)HIGH_F64(low01, low23) + zero,
        (f32v)LOW_F64(high01, high23) + zero, (f32v)HIGH_F64(high01, high23) + zero};
    for (int i = 0; i < F32_LANES; i++)
        memcpy(p + 4 * i, (const float *)(quads + i % 4) + i / 4 * 4, 4 * sizeof(float));
}

/* the same for half registers */
#  if defined(__AVX512F__)
static inline void load_columns_f32h(f32h *v, const float *p, ptrdiff_t ld, ptrdiff_t count)
{
    for (ptrdiff_t k = 0; k < count; k += 4) {
        __m256 r0 = half_pieces_f32(p + k, ld), r1 = half_pieces_f32(p + k + ld, ld);
        __m256 r2 = half_pieces_f32(p + k + 2 * ld, ld), r3 = half_pieces_f32(p + k + 3 * ld, ld);
        __m256d low01 = (__m256d)_mm256_unpacklo_ps(r0, r1), low23 = (__m256d)_mm256_unpacklo_ps(r2, r3);
        __m256d high01 = (__m256d)_mm256_unpackhi_ps(r0, r1), high23 = (__m256d)_mm256_unpackhi_ps(r2, r3);
        v[k] = (f32h)_mm256_unpacklo_pd(low01, low23);
        v[k + 1] = (f32h)_mm256_unpackhi_pd(low01, low23);
        v[k + 2] = (f32h)_mm256_unpacklo_pd(high01, high23);
        v[k + 3] = (f32h)_mm256_unpackhi_pd(high01, high23);
    }
}
static inline void load_columns_f64h(f64h *v, const double *p, ptrdiff_t ld, ptrdiff_t count)
{
    for (ptrdiff_t k = 0; k < count; k += 2) {
        __m256d r0 = half_pieces_f64(p + k, ld), r1 = half_pieces_f64(p + k + ld, ld);
        v[k] = (f64h)_mm256_unpacklo_pd(r0, r1);
        v[k + 1] = (f64h)_mm256_unpackhi_pd(r0, r1);
    }
}
#  else
#    define load_columns_f32h load_columns_f32
#    define load_columns_f64h load_columns_f64
#  endif
#endif
