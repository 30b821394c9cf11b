# State vectors in registers: the conic through a position r0 with a velocity v0.
#
#   Vectors    where the rows of positions, velocities, times and mu are
#   gather     some rows as columns of whole registers
#   conic_of   what propagation.pxi and elements.pxi need of the conic
#
# The unit of length is |r0|, that of time sqrt(|r0|^3 / mu). So
#
#   beta = 2 - v0^2 = 1 / a      s = r0 . v0      p = |r0 x v0|^2      1 - e^2 = beta p
#   e cos E = C = 1 - beta       e sin E = S = s sqrt(beta)
#
# and cosh H, sinh H, sqrt(-beta) where beta < 0. Close to a parabola, |1 - e| = |beta| p / (1 + e)
# keeps digits that 1 - e loses. beta is never 0 here: a parabola is an ellipse of beta = 1e-32,
# nearer to it than any rounding.
#
# Squares leave the range of float64 long before their roots do. Where |r0|^2 or mu |r0| comes near
# its ends, r0 is NaN, and so is the result. mathwork.orbit.vectors asks again in other units.

cdef enum:
    VECTOR_BLOCK = 64       # rows at a time
    POSITION = 0            # columns of a block of states
    VELOCITY = 3
    DELAY = 6
    STATE_MU = 7
    STATE_INPUTS = 8
    CONIC_FIELDS = 12


cdef struct Vectors:
    const double* position      # (N, 3), and so on; a step of 0 repeats one row
    const double* velocity
    const double* delay
    const double* mu
    Py_ssize_t position_step
    Py_ssize_t velocity_step
    Py_ssize_t delay_step
    Py_ssize_t mu_step


cdef struct Conic:
    f64v r0
    f64v beta
    f64v s
    f64v p
    f64v e
    f64v f              # |1 - e|
    f64v root           # sqrt(|beta|)
    f64v S
    f64v C
    f64v hx             # the angular momentum, in the units of the state
    f64v hy
    f64v hz


cdef void gather(const Vectors* rows, Py_ssize_t start, Py_ssize_t n,
                 double* columns) noexcept nogil:
    """columns[8, VECTOR_BLOCK] = rows start to start + n; the last row fills up a register"""
    cdef Py_ssize_t whole = (n + F64_LANES - 1) // F64_LANES * F64_LANES, i, k, row
    cdef const double* r
    cdef const double* v
    for i in range(whole):
        row = start + min(i, n - 1)
        r = rows.position + row * rows.position_step
        v = rows.velocity + row * rows.velocity_step
        for k in range(3):
            columns[(POSITION + k) * VECTOR_BLOCK + i] = r[k]
            columns[(VELOCITY + k) * VECTOR_BLOCK + i] = v[k]
        columns[DELAY * VECTOR_BLOCK + i] = rows.delay[row * rows.delay_step]
        columns[STATE_MU * VECTOR_BLOCK + i] = rows.mu[row * rows.mu_step]


cdef inline f64v dot(f64v x, f64v y, f64v z, f64v u, f64v v, f64v w) noexcept nogil:
    """x u + y v + z w"""
    return mul_add(x, u, mul_add(y, v, z * w))


cdef inline f64v cross(f64v a, f64v b, f64v c, f64v d) noexcept nogil:
    """a b - c d within 1.5 ulp where FUSED: Kahan's way, with the rounding error of c d"""
    cdef f64v product = c * d
    return mul_add(a, b, -product) + minus_mul(c, d, product)


cdef inline void conic_of(f64v x, f64v y, f64v z, f64v u, f64v v, f64v w, f64v mu,
                          Conic* conic) noexcept nogil:
    """The conic through (x, y, z) with the velocity (u, v, w)"""
    cdef f64v one = fill(x, 1), half = fill(x, 0.5), tiny = fill(x, 1e-32)
    cdef f64v square = dot(x, y, z, x, y, z), r0 = sqrt_f64(square), product = mu * r0
    cdef f64v least = fill(x, 1e-280), most = fill(x, 1e280), none = fill(x, NAN), scale
    r0 = pick(square, least, pick(most, square, r0, none), none)
    r0 = pick(product, least, pick(most, product, r0, none), none)
    scale = r0 / mu
    cdef f64v beta = minus_mul(scale, dot(u, v, w, u, v, w), fill(x, 2)), size, wide
    beta = pick(absolute(beta), tiny, beta, tiny)
    size = absolute(beta)
    conic.r0 = r0
    conic.beta = beta
    conic.root = sqrt_f64(size)
    conic.hx = cross(y, w, z, v)
    conic.hy = cross(z, u, x, w)
    conic.hz = cross(x, v, y, u)
    conic.s = dot(x, y, z, u, v, w) / sqrt_f64(mu * r0)
    conic.p = dot(conic.hx, conic.hy, conic.hz, conic.hx, conic.hy, conic.hz) / (mu * r0)
    conic.S = conic.s * conic.root
    conic.C = 1 - beta
    # e^2 is C^2 + S^2 of an ellipse, and 1 - beta p. The second cancels where e is small.
    wide = minus_mul(beta, conic.p, one)
    wide = pick(beta, half, mul_add(conic.C, conic.C, conic.S * conic.S), wide)
    conic.e = sqrt_f64(wide)
    conic.f = size * conic.p / (1 + conic.e)
