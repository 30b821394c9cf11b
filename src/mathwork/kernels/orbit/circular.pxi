# Quantities of circular orbits: one pass over memory, in float64 for arrays of any dtype.
#
#   before_root, ...  one quantity in registers, in two steps or in one
#   *_block           over blocks of whole registers
#
# A star's mass and its mu = G M are one operand; `to_mu` (G or 1) is the factor to mu.

from libc.float cimport DBL_MAX

cdef enum:
    CIRCULAR_SPEED
    PERIOD
    ANGULAR_SPEED
    ESCAPE_SPEED
    ORBITAL_ENERGY
    HILL_RADIUS
    SEMIMAJOR_AXIS
    GRAVITATIONAL_FORCE
    CENTRIPETAL_FORCE
    ORBIT_TABLE
    VIS_VIVA
    ORBIT_KERNELS

# Newtonian constant of gravitation, m^3 / (kg s^2): CODATA 2022
cdef double GRAVITATION = 6.67430e-11

orbit_codes = {
    "circular_speed": CIRCULAR_SPEED, "period": PERIOD, "angular_speed": ANGULAR_SPEED,
    "escape_speed": ESCAPE_SPEED, "orbital_energy": ORBITAL_ENERGY, "hill_radius": HILL_RADIUS,
    "semimajor_axis": SEMIMAJOR_AXIS,
    "gravitational_force": GRAVITATIONAL_FORCE, "centripetal_force": CENTRIPETAL_FORCE,
    "orbit_table": ORBIT_TABLE,
}

cdef BlockKernel orbit_kernels[ORBIT_KERNELS]


# ---- over registers ----

cdef inline f64v cube_root(f64v x) noexcept nogil:
    """x^(1/3) for x >= 0"""
    # near the ends of the range, the root of 2^300 x or 2^-300 x
    cdef f64v small = fill(x, 1.1830521861667747e-271), large = fill(x, 8.452712498170644e+270)
    cdef f64v up = fill(x, 2.037035976334486e+90), down = fill(x, 4.909093465297727e-91)
    cdef f64v wide = pick(small, x, x * up, pick(x, large, x * down, x))
    cdef f64v y = inverse_cbrt_guess_f64(wide)
    cdef f64v h, root
    cdef int step
    for step in range(2):       # the error h^4 a step: 4 % becomes 2e-5 and then less than an ulp
        h = minus_mul(wide * y, y * y, fill(x, 1))
        root = mul_add(fill(x, 14.0 / 81), h, fill(x, 2.0 / 9))
        root = mul_add(root, h, fill(x, 1.0 / 3))
        y = mul_add(y * h, root, y)
    root = wide * y * y
    h = minus_mul(root * root, root, wide)
    root = mul_add(h * fill(x, 1.0 / 3), y * y, root)
    # back by 2^-100 or 2^100
    root = pick(small, x, root * fill(x, 7.888609052210118e-31), root)
    root = pick(x, large, root * fill(x, 1.2676506002282294e+30), root)
    return pick(x, fill(x, DBL_MAX), x, pick(x, fill(x, 0), root, x))


cdef inline f64v valid(f64v value, f64v positive, f64v mass, f64v other) noexcept nogil:
    """Return value, or NaN unless positive > 0 and no mass is below 0"""
    value = pick(positive, fill(value, 0), value, fill(value, NAN))
    value = pick(fill(value, 0), mass, fill(value, NAN), value)
    return pick(fill(value, 0), other, fill(value, NAN), value)


cdef inline f64v before_root(const int code, f64v r, f64v mu, f64v both,
                             f64v planet) noexcept nogil:
    """Return a quantity, or the radicand if the quantity is a square root

    mu = G M of the star, both = mu, or G (M + m) if both masses move. For the semi-major axis r is
    the period.
    """
    cdef f64v half, radian
    if code == CIRCULAR_SPEED or code == ANGULAR_SPEED:
        return both / r
    if code == PERIOD:
        return r / both
    if code == ESCAPE_SPEED:
        return (both + both) / r
    if code == ORBITAL_ENERGY:              # -G M m / (2 r)
        half = fill(r, -0.5) * planet
        return mu / r * half
    if code == SEMIMAJOR_AXIS:              # t (both / t)^(1/3), t the time of a radian
        radian = r * fill(r, 0.15915494309189535)
        return pick(radian, fill(r, DBL_MAX), radian, radian * cube_root(both / radian))
    return r * cube_root(fill(r, GRAVITATION / 3) * planet / mu)     # r (m / (3 M))^(1/3)


cdef inline f64v after_root(const int code, f64v r, f64v root) noexcept nogil:
    """v = sqrt(both / r), v / r, 2 pi r / v or sqrt(2 both / r)"""
    if code == ANGULAR_SPEED:
        return root / r
    if code == PERIOD:
        return fill(r, 6.283185307179586) * r * root
    return root


cdef inline f64v quantity(const int code, f64v r, f64v mu, f64v both, f64v planet) noexcept nogil:
    cdef f64v before = before_root(code, r, mu, both, planet)
    if code == ORBITAL_ENERGY or code == HILL_RADIUS or code == SEMIMAJOR_AXIS:
        return before
    return after_root(code, r, sqrt_f64(before))


# ---- over blocks ----

cdef inline void circular_loop(const int code, const bint fixed, Py_ssize_t n, const double** x,
                               double* y) noexcept nogil:
    """y = before_root of x = (radius or period, star, to_mu, planet, to_planet_mu)

    Beside a fixed star the planet's mass may be NaN, if the quantity does not need it.
    """
    cdef bint needs_planet = not fixed or code == ORBITAL_ENERGY or code == HILL_RADIUS
    cdef f64v r, star, to_mu, planet, to_planet, mu, both
    cdef Py_ssize_t i
    for i in range(n // F64_LANES):
        load(&r, x[0] + i * F64_LANES)
        load(&star, x[1] + i * F64_LANES)
        load(&to_mu, x[2] + i * F64_LANES)
        both = mu = star * to_mu
        planet = fill(r, 0)
        if needs_planet:
            load(&planet, x[3] + i * F64_LANES)
        if not fixed:
            load(&to_planet, x[4] + i * F64_LANES)
            both = mu + planet * to_planet
        store(y + i * F64_LANES, valid(before_root(code, r, mu, both, planet), r, star, planet))


cdef inline void rooted_loop(const int code, const bint fixed, Py_ssize_t n, const double** x,
                             double** y) noexcept nogil:
    """Speeds and periods: first all radicands, then their roots

    Divisions and roots wait for the one divider of a core. So it takes the root of every other
    register only. Multiplications take the others while it works.
    """
    cdef double memory[STEP + 8]
    cdef double* radicands = <double*>aligned(<size_t>memory)
    cdef f64v r, root
    cdef Py_ssize_t i
    circular_loop(code, fixed, n, x, radicands)
    for i in range(n // F64_LANES):
        load(&r, x[0] + i * F64_LANES)
        load(&root, radicands + i * F64_LANES)
        root = sqrt_by_products_f64(root) if i % 2 else sqrt_f64(root)
        store(y[0] + i * F64_LANES, after_root(code, r, root))


cdef inline void one_loop(const int code, Py_ssize_t n, const double** x,
                          double** y) noexcept nogil:
    """The loop of one quantity; to_planet_mu is one number for all elements, 0 for a fixed star"""
    cdef bint fixed = x[4][0] == 0
    if code == ORBITAL_ENERGY or code == HILL_RADIUS:
        circular_loop(code, True, n, x, y[0])
    elif code == SEMIMAJOR_AXIS:
        if fixed:
            circular_loop(code, True, n, x, y[0])
        else:
            circular_loop(code, False, n, x, y[0])
    elif fixed:
        rooted_loop(code, True, n, x, y)
    else:
        rooted_loop(code, False, n, x, y)


cdef void circular_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    # one loop for each quantity: inside it the code is a constant
    if code == CIRCULAR_SPEED:
        one_loop(CIRCULAR_SPEED, n, x, y)
    elif code == PERIOD:
        one_loop(PERIOD, n, x, y)
    elif code == ANGULAR_SPEED:
        one_loop(ANGULAR_SPEED, n, x, y)
    elif code == ESCAPE_SPEED:
        one_loop(ESCAPE_SPEED, n, x, y)
    elif code == ORBITAL_ENERGY:
        one_loop(ORBITAL_ENERGY, n, x, y)
    elif code == HILL_RADIUS:
        one_loop(HILL_RADIUS, n, x, y)
    else:
        one_loop(SEMIMAJOR_AXIS, n, x, y)


cdef inline f64v gravity(f64v mu, f64v planet, f64v r) noexcept nogil:
    """G M m / r^2, without r^2 and the product of the masses: they would overflow"""
    return (mu / r) * (planet / r)


cdef void force_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    """y = G m1 m2 / r^2 of x = (m1, m2, r), or m v^2 / r of x = (m, v, r)"""
    cdef f64v first, second, r
    cdef Py_ssize_t i
    for i in range(n // F64_LANES):
        load(&first, x[0] + i * F64_LANES)
        load(&second, x[1] + i * F64_LANES)
        load(&r, x[2] + i * F64_LANES)
        if code == GRAVITATIONAL_FORCE:
            second = valid(gravity(fill(r, GRAVITATION) * first, second, r), r, first, second)
        else:
            second = valid((first * second) * (second / r), r, first, first)
        store(y[0] + i * F64_LANES, second)


cdef void vis_viva_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    """y = sqrt(mu (2 / r - 1 / a)) of x = (r, a, mu)"""
    cdef f64v r, a, mu, left, speed
    cdef Py_ssize_t i
    for i in range(n // F64_LANES):
        load(&r, x[0] + i * F64_LANES)
        load(&a, x[1] + i * F64_LANES)
        load(&mu, x[2] + i * F64_LANES)
        # 2 - r / a. Near the apoapsis 2 / r - 1 / a cancels; here only the division is rounded.
        left = pick(absolute(a), fill(a, DBL_MAX), fill(a, 2), ((a - r) + a) / a)
        speed = valid(sqrt_f64(mu / r * left), r, left, mu)
        store(y[0] + i * F64_LANES, valid(speed, absolute(a), r, mu))


cdef void table_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    """y = force, speed, period, angular speed, escape speed, energy, Hill radius

    x is as in circular_loop. The bits are those of one quantity at a time. Without the planet's
    mass, only what needs it is NaN.
    """
    cdef f64v r, star, to_mu, planet, to_planet, mu, both, moving
    cdef Py_ssize_t i
    for i in range(n // F64_LANES):
        load(&r, x[0] + i * F64_LANES)
        load(&star, x[1] + i * F64_LANES)
        load(&to_mu, x[2] + i * F64_LANES)
        load(&planet, x[3] + i * F64_LANES)
        load(&to_planet, x[4] + i * F64_LANES)
        mu = star * to_mu
        moving = pick(to_planet, fill(planet, 0), planet, fill(planet, 0))
        both = mu + moving * to_planet
        store(y[0] + i * F64_LANES, valid(gravity(mu, planet, r), r, star, planet))
        store(y[1] + i * F64_LANES,
              valid(quantity(CIRCULAR_SPEED, r, mu, both, moving), r, star, moving))
        store(y[2] + i * F64_LANES, valid(quantity(PERIOD, r, mu, both, moving), r, star, moving))
        store(y[3] + i * F64_LANES,
              valid(quantity(ANGULAR_SPEED, r, mu, both, moving), r, star, moving))
        store(y[4] + i * F64_LANES,
              valid(quantity(ESCAPE_SPEED, r, mu, both, moving), r, star, moving))
        store(y[5] + i * F64_LANES,
              valid(quantity(ORBITAL_ENERGY, r, mu, both, planet), r, star, planet))
        store(y[6] + i * F64_LANES,
              valid(quantity(HILL_RADIUS, r, mu, both, planet), r, star, planet))


# ---- as ufuncs ----

# A ufunc's pointers must stay valid as long as the process.
cdef void* orbit_data[ORBIT_KERNELS]
cdef list orbit_ufuncs = []

for _code in range(ORBIT_KERNELS):
    if _code == ORBIT_TABLE:
        orbit_kernels[_code] = BlockKernel(table_block, _code, 5, 7)
    elif _code == VIS_VIVA:
        orbit_kernels[_code] = BlockKernel(vis_viva_block, _code, 3, 1)
    elif _code in (GRAVITATIONAL_FORCE, CENTRIPETAL_FORCE):
        orbit_kernels[_code] = BlockKernel(force_block, _code, 3, 1)
    else:
        orbit_kernels[_code] = BlockKernel(circular_block, _code, 5, 1)
    orbit_ufuncs.append(block_ufunc(&orbit_kernels[_code], &orbit_data[_code], b"orbit"))
