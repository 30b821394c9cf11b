# The register types of _simd.h as Cython sees them, and one name for the float and the double
# of each primitive. To Cython f32v is a float and f64v a double, so + - * / and unary minus
# work; what the C compiler sees is the register. A literal becomes a register by fill().

cdef extern from "_simd.h" nogil:
    ctypedef float f32v
    ctypedef double f64v
    enum:
        F32_LANES
        F64_LANES
        TILE_ROWS
        FUSED
    f32v load_f32(const float*)
    f64v load_f64(const double*)
    void store_f32(float*, f32v)
    void store_f64(double*, f64v)
    f32v fill_f32(float)
    f64v fill_f64(double)
    f32v abs_f32(f32v)
    f64v abs_f64(f64v)
    f32v with_sign_f32(f32v, f32v)
    f64v with_sign_f64(f64v, f64v)
    f32v power_of_two_f32(f32v)
    f64v power_of_two_f64(f64v)
    f32v lookup_f32(const float*, f32v)
    f32v mul_add_f32(f32v, f32v, f32v)
    f64v mul_add_f64(f64v, f64v, f64v)
    f32v minus_mul_f32(f32v, f32v, f32v)
    f64v minus_mul_f64(f64v, f64v, f64v)
    f32v larger_f32(f32v, f32v)
    f64v larger_f64(f64v, f64v)
    f32v pick_f32(f32v, f32v, f32v, f32v)
    f64v pick_f64(f64v, f64v, f64v, f64v)
    void prefetch(const void*)
    void clear_float_status()

cdef extern from "_tables.h" nogil:
    const float TANH_PIECES[9][8]
    const float GELU_PIECES[9][8]

cdef extern from "_roots.h" nogil:
    f64v sqrt_f64(f64v)
    f64v sqrt_by_products_f64(f64v)
    f64v inverse_cbrt_guess_f64(f64v)
    f64v log_guess_f64(f64v)

ctypedef fused real:
    float
    double

# A kernel over memory has both fused types. Only the two pairs that belong together are ever
# called; load and store do nothing for the other two, which the C compiler then drops.
ctypedef fused lanes:
    f32v
    f64v


cdef inline Py_ssize_t lane_count(const real* like) noexcept nogil:
    return F32_LANES if real is float else F64_LANES


cdef inline void load(lanes* v, const real* p) noexcept nogil:
    if lanes is f32v and real is float:
        v[0] = load_f32(p)
    elif lanes is f64v and real is double:
        v[0] = load_f64(p)


cdef inline void store(real* p, lanes v) noexcept nogil:
    if lanes is f32v and real is float:
        store_f32(p, v)
    elif lanes is f64v and real is double:
        store_f64(p, v)


cdef inline lanes fill(lanes like, double s) noexcept nogil:
    """s in every lane"""
    if lanes is f32v:
        return fill_f32(<float>s)
    else:
        return fill_f64(s)


cdef inline lanes absolute(lanes x) noexcept nogil:
    """|x|"""
    if lanes is f32v:
        return abs_f32(x)
    else:
        return abs_f64(x)


cdef inline lanes with_sign(lanes magnitude, lanes x) noexcept nogil:
    """magnitude, whose sign bit is clear, with the sign of x"""
    if lanes is f32v:
        return with_sign_f32(magnitude, x)
    else:
        return with_sign_f64(magnitude, x)


cdef inline lanes power_of_two(lanes t) noexcept nogil:
    """2^n, t = ROUNDER + bias + n: see _simd.h"""
    if lanes is f32v:
        return power_of_two_f32(t)
    else:
        return power_of_two_f64(t)


cdef inline lanes mul_add(lanes a, lanes b, lanes c) noexcept nogil:
    """a b + c, rounded once where the level has fused multiply-add"""
    if lanes is f32v:
        return mul_add_f32(a, b, c)
    else:
        return mul_add_f64(a, b, c)


cdef inline lanes minus_mul(lanes a, lanes b, lanes c) noexcept nogil:
    """c - a b, rounded once where mul_add is"""
    if lanes is f32v:
        return minus_mul_f32(a, b, c)
    else:
        return minus_mul_f64(a, b, c)


cdef inline lanes larger(lanes a, lanes b) noexcept nogil:
    """a where a > b, else b (so b where either is NaN)"""
    if lanes is f32v:
        return larger_f32(a, b)
    else:
        return larger_f64(a, b)


cdef inline lanes pick(lanes a, lanes b, lanes x, lanes y) noexcept nogil:
    """x where a > b, else y"""
    if lanes is f32v:
        return pick_f32(a, b, x, y)
    else:
        return pick_f64(a, b, x, y)
