# The register types of _simd.h as Cython sees them, and one name for the float and the double
# version of each primitive. To Cython f32v is a float and f64v a double, so + - * / and unary minus
# work; the C compiler sees the register. fill() turns a literal into a register.
#
# Half registers are in `vectors` only. The members of a fused type must be different types to
# Cython. So f32h is declared as a long double and f64h as a long long, and they have no division.

cdef extern from "_simd.h" nogil:
    ctypedef float f32v
    ctypedef double f64v
    ctypedef long double f32h
    ctypedef long long f64h
    enum:
        F32_LANES
        F64_LANES
        F32_HALF_LANES
        F64_HALF_LANES
        TILE_ROWS
        TOTALS_STAY
        FUSED
        MOVES_QUADS_F32
        MOVES_QUADS_F64
    f32v load_f32(const float*)
    f64v load_f64(const double*)
    f32h load_f32h(const float*)
    f64h load_f64h(const double*)
    void store_f32(float*, f32v)
    void store_f64(double*, f64v)
    void store_f32h(float*, f32h)
    void store_f64h(double*, f64h)
    f32v fill_f32(float)
    f64v fill_f64(double)
    f32h fill_f32h(float)
    f64h fill_f64h(double)
    f32v abs_f32(f32v)
    f64v abs_f64(f64v)
    f32v with_sign_f32(f32v, f32v)
    f64v with_sign_f64(f64v, f64v)
    f32v power_of_two_f32(f32v)
    f64v power_of_two_f64(f64v)
    f32v lookup_f32(const float*, f32v)
    f32v mul_add_f32(f32v, f32v, f32v)
    f64v mul_add_f64(f64v, f64v, f64v)
    f32h mul_add_f32h(f32h, f32h, f32h)
    f64h mul_add_f64h(f64h, f64h, f64h)
    f32v minus_mul_f32(f32v, f32v, f32v)
    f64v minus_mul_f64(f64v, f64v, f64v)
    f32v larger_f32(f32v, f32v)
    f64v larger_f64(f64v, f64v)
    f32h larger_f32h(f32h, f32h)
    f64h larger_f64h(f64h, f64h)
    f32v pick_f32(f32v, f32v, f32v, f32v)
    f64v pick_f64(f64v, f64v, f64v, f64v)
    f32v place_f32(int)
    f64v place_f64(int)
    f32v reorder_f32(f32v, const float*)
    f64v reorder_f64(f64v, const double*)
    void prefetch(const void*)
    Py_ssize_t anew(Py_ssize_t)
    void clear_float_status()

cdef extern from "_tables.h" nogil:
    const float TANH_PIECES[9][8]
    const float GELU_PIECES[9][8]

cdef extern from "_roots.h" nogil:
    f32v sqrt_f32(f32v)
    f64v sqrt_f64(f64v)
    f64v sqrt_by_products_f64(f64v)
    f64v inverse_cbrt_guess_f64(f64v)
    f64v log_guess_f64(f64v)

cdef enum:
    MAX_LANES = 16          # the most that any register has

ctypedef fused real:
    float
    double

# A kernel over memory has both fused types. Only the two pairs that belong together are ever
# called. load and store do nothing for the other two pairs, and the C compiler drops them.
ctypedef fused lanes:
    f32v
    f64v

ctypedef fused vectors:
    f32v
    f64v
    f32h
    f64h


cdef inline Py_ssize_t lane_count(const real* like) noexcept nogil:
    return F32_LANES if real is float else F64_LANES


cdef inline Py_ssize_t lanes_in(vectors like) noexcept nogil:
    if vectors is f32v:
        return F32_LANES
    elif vectors is f64v:
        return F64_LANES
    elif vectors is f32h:
        return F32_HALF_LANES
    else:
        return F64_HALF_LANES


cdef inline void load(vectors* v, const real* p) noexcept nogil:
    if vectors is f32v and real is float:
        v[0] = load_f32(p)
    elif vectors is f64v and real is double:
        v[0] = load_f64(p)
    elif vectors is f32h and real is float:
        v[0] = load_f32h(p)
    elif vectors is f64h and real is double:
        v[0] = load_f64h(p)


cdef inline void store(real* p, vectors v) noexcept nogil:
    if vectors is f32v and real is float:
        store_f32(p, v)
    elif vectors is f64v and real is double:
        store_f64(p, v)
    elif vectors is f32h and real is float:
        store_f32h(p, v)
    elif vectors is f64h and real is double:
        store_f64h(p, v)


cdef inline vectors fill(vectors like, double s) noexcept nogil:
    """s in every lane"""
    if vectors is f32v:
        return fill_f32(<float>s)
    elif vectors is f64v:
        return fill_f64(s)
    elif vectors is f32h:
        return fill_f32h(<float>s)
    else:
        return fill_f64h(s)


cdef inline lanes absolute(lanes x) noexcept nogil:
    """|x|"""
    if lanes is f32v:
        return abs_f32(x)
    else:
        return abs_f64(x)


cdef inline lanes with_sign(lanes magnitude, lanes x) noexcept nogil:
    """magnitude with the sign of x; the sign bit of magnitude must be clear"""
    if lanes is f32v:
        return with_sign_f32(magnitude, x)
    else:
        return with_sign_f64(magnitude, x)


cdef inline lanes power_of_two(lanes t) noexcept nogil:
    """2^n for t = ROUNDER + bias + n: see _simd.h"""
    if lanes is f32v:
        return power_of_two_f32(t)
    else:
        return power_of_two_f64(t)


cdef inline vectors mul_add(vectors a, vectors b, vectors c) noexcept nogil:
    """a b + c, rounded once where the level has fused multiply-add"""
    if vectors is f32v:
        return mul_add_f32(a, b, c)
    elif vectors is f64v:
        return mul_add_f64(a, b, c)
    elif vectors is f32h:
        return mul_add_f32h(a, b, c)
    else:
        return mul_add_f64h(a, b, c)


cdef inline lanes minus_mul(lanes a, lanes b, lanes c) noexcept nogil:
    """c - a b, rounded once where the level has fused multiply-add"""
    if lanes is f32v:
        return minus_mul_f32(a, b, c)
    else:
        return minus_mul_f64(a, b, c)


cdef inline vectors larger(vectors a, vectors b) noexcept nogil:
    """a where a > b, else b: so b where either is NaN"""
    if vectors is f32v:
        return larger_f32(a, b)
    elif vectors is f64v:
        return larger_f64(a, b)
    elif vectors is f32h:
        return larger_f32h(a, b)
    else:
        return larger_f64h(a, b)


cdef inline lanes root(lanes x) noexcept nogil:
    """The square root, correctly rounded"""
    if lanes is f32v:
        return sqrt_f32(x)
    else:
        return sqrt_f64(x)


cdef inline lanes pick(lanes a, lanes b, lanes x, lanes y) noexcept nogil:
    """x where a > b, else y"""
    if lanes is f32v:
        return pick_f32(a, b, x, y)
    else:
        return pick_f64(a, b, x, y)


cdef inline lanes quad_place(lanes like, int c) noexcept nogil:
    """What says "number c of its quad" to reorder(); c itself where no instruction moves quads"""
    if lanes is f32v:
        return place_f32(c)
    else:
        return place_f64(c)


cdef inline lanes reorder(lanes x, const real* places) noexcept nogil:
    """The numbers of each quad of x that the four places say, in their order"""
    if lanes is f32v and real is float:
        return reorder_f32(x, places)
    elif lanes is f64v and real is double:
        return reorder_f64(x, places)
    else:
        return x
