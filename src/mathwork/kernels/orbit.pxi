# Quantities of circular orbits: one pass over memory, in float64 whatever the arrays hold.
#
#   before_root, ...  one quantity of registers, in two steps or in one
#   *_block           over blocks of whole registers
#   over_blocks       blocks out of operands that lie any distance apart (0: one value for all)
#   block_loop        a NumPy ufunc of a kernel: broadcasting, casting and overlap are NumPy's
#   circular, ...     the doors: Python floats straight into the kernel, plain arrays to the ufunc
#
# A star's mass and its mu = G M are one operand, with `to_mu` (G or 1) beside it.

from cpython.float cimport PyFloat_Check
from cpython.long cimport PyLong_CheckExact
from libc.float cimport DBL_MAX

cdef extern from "_roots.h" nogil:
    f64v sqrt_f64(f64v)
    f64v sqrt_by_products_f64(f64v)
    f64v inverse_cbrt_guess_f64(f64v)

cdef enum:
    STEP = 256              # elements of a block: 2 KB an operand, in cache
    OPERANDS = 12           # the most that a kernel has, inputs and outputs

cdef enum:
    CIRCULAR_SPEED
    PERIOD
    ANGULAR_SPEED
    ESCAPE_SPEED
    ORBITAL_ENERGY
    HILL_RADIUS
    GRAVITATIONAL_FORCE
    CENTRIPETAL_FORCE
    ORBIT_TABLE
    ORBIT_KERNELS

# Newtonian constant of gravitation, m^3 / (kg s^2): CODATA 2022
cdef double GRAVITATION = 6.67430e-11

orbit_codes = {
    "circular_speed": CIRCULAR_SPEED, "period": PERIOD, "angular_speed": ANGULAR_SPEED,
    "escape_speed": ESCAPE_SPEED, "orbital_energy": ORBITAL_ENERGY, "hill_radius": HILL_RADIUS,
    "gravitational_force": GRAVITATIONAL_FORCE, "centripetal_force": CENTRIPETAL_FORCE,
    "orbit_table": ORBIT_TABLE,
}

# y of x, n a multiple of the lane count
ctypedef void (*block_kernel)(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil

cdef struct BlockKernel:
    block_kernel run
    int code
    int n_in
    int n_out

cdef BlockKernel orbit_kernels[ORBIT_KERNELS]


# ---- over registers ----

cdef inline f64v cube_root(f64v x) noexcept nogil:
    """x^(1/3) for x >= 0"""
    # near the ends of the range by way of 2^300 or 2^-300 times x
    cdef f64v small = fill(x, 1.1830521861667747e-271), large = fill(x, 8.452712498170644e+270)
    cdef f64v up = fill(x, 2.037035976334486e+90), down = fill(x, 4.909093465297727e-91)
    cdef f64v wide = pick(small, x, x * up, pick(x, large, x * down, x))
    cdef f64v y = inverse_cbrt_guess_f64(wide)
    cdef f64v h, root
    cdef int step
    for step in range(2):       # h^4 a step: 4 % becomes 2e-5 and then less than an ulp
        h = minus_mul(wide * y, y * y, fill(x, 1))
        root = mul_add(fill(x, 14.0 / 81), h, fill(x, 2.0 / 9))
        root = mul_add(root, h, fill(x, 1.0 / 3))
        y = mul_add(y * h, root, y)
    root = wide * y * y
    h = minus_mul(root * root, root, wide)
    root = mul_add(h * fill(x, 1.0 / 3), y * y, root)
    # back by 2^-100 and 2^100
    root = pick(small, x, root * fill(x, 7.888609052210118e-31), root)
    root = pick(x, large, root * fill(x, 1.2676506002282294e+30), root)
    return pick(x, fill(x, DBL_MAX), x, pick(x, fill(x, 0), root, x))


cdef inline f64v valid(f64v value, f64v positive, f64v mass, f64v other) noexcept nogil:
    """value, or NaN unless positive > 0 and no mass is below 0"""
    value = pick(positive, fill(value, 0), value, fill(value, NAN))
    value = pick(fill(value, 0), mass, fill(value, NAN), value)
    return pick(fill(value, 0), other, fill(value, NAN), value)


cdef inline f64v before_root(const int code, f64v r, f64v mu, f64v both,
                             f64v planet) noexcept nogil:
    """A quantity, or the radicand where it is a root

    mu = G M of the star, both = mu, or G (M + m) where both masses move
    """
    cdef f64v half
    if code == CIRCULAR_SPEED or code == ANGULAR_SPEED:
        return both / r
    if code == PERIOD:
        return r / both
    if code == ESCAPE_SPEED:
        return (both + both) / r
    if code == ORBITAL_ENERGY:              # -G M m / (2 r)
        half = fill(r, -0.5) * planet
        return mu / r * half
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
    if code == ORBITAL_ENERGY or code == HILL_RADIUS:
        return before
    return after_root(code, r, sqrt_f64(before))


# ---- over blocks ----

cdef inline void circular_loop(const int code, Py_ssize_t n, const double** x,
                               double* y) noexcept nogil:
    """y = before_root of x = radius, star, to_mu, planet, to_planet_mu"""
    cdef f64v r, star, to_mu, planet, to_planet, mu
    cdef Py_ssize_t i
    for i in range(n // F64_LANES):
        load(&r, x[0] + i * F64_LANES)
        load(&star, x[1] + i * F64_LANES)
        load(&to_mu, x[2] + i * F64_LANES)
        load(&planet, x[3] + i * F64_LANES)
        load(&to_planet, x[4] + i * F64_LANES)
        mu = star * to_mu
        store(y + i * F64_LANES, valid(before_root(code, r, mu, mu + planet * to_planet, planet),
                                       r, star, planet))


cdef inline void rooted_loop(const int code, Py_ssize_t n, const double** x,
                             double** y) noexcept nogil:
    """Speeds and periods: all radicands, and then their roots

    Divisions and roots queue for the one divider of a core. So it takes the root of every other
    register only, and multiplications, which it leaves idle, take those between.
    """
    cdef double radicands[STEP]
    cdef f64v r, root
    cdef Py_ssize_t i
    circular_loop(code, n, x, radicands)
    for i in range(n // F64_LANES):
        load(&r, x[0] + i * F64_LANES)
        load(&root, radicands + i * F64_LANES)
        root = sqrt_by_products_f64(root) if i % 2 else sqrt_f64(root)
        store(y[0] + i * F64_LANES, after_root(code, r, root))


cdef void circular_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    # one loop for each: inside it the code is a constant
    if code == CIRCULAR_SPEED:
        rooted_loop(CIRCULAR_SPEED, n, x, y)
    elif code == PERIOD:
        rooted_loop(PERIOD, n, x, y)
    elif code == ANGULAR_SPEED:
        rooted_loop(ANGULAR_SPEED, n, x, y)
    elif code == ESCAPE_SPEED:
        rooted_loop(ESCAPE_SPEED, n, x, y)
    elif code == ORBITAL_ENERGY:
        circular_loop(ORBITAL_ENERGY, n, x, y[0])
    else:
        circular_loop(HILL_RADIUS, n, x, y[0])


cdef inline f64v gravity(f64v mu, f64v planet, f64v r) noexcept nogil:
    """G M m / r^2, without r^2 and the product of the masses, which would overflow"""
    return (mu / r) * (planet / r)


cdef void force_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    """y = G m1 m2 / r^2 of x = m1, m2, r, or m v^2 / r of x = m, v, r"""
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


cdef void table_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    """y = force, speed, period, angular speed, escape speed, energy, Hill radius of x as in
    circular_block; the bits are those of one quantity at a time"""
    cdef f64v r, star, to_mu, planet, to_planet, mu, both
    cdef Py_ssize_t i
    for i in range(n // F64_LANES):
        load(&r, x[0] + i * F64_LANES)
        load(&star, x[1] + i * F64_LANES)
        load(&to_mu, x[2] + i * F64_LANES)
        load(&planet, x[3] + i * F64_LANES)
        load(&to_planet, x[4] + i * F64_LANES)
        mu = star * to_mu
        both = mu + planet * to_planet
        store(y[0] + i * F64_LANES, valid(gravity(mu, planet, r), r, star, planet))
        store(y[1] + i * F64_LANES,
              valid(quantity(CIRCULAR_SPEED, r, mu, both, planet), r, star, planet))
        store(y[2] + i * F64_LANES, valid(quantity(PERIOD, r, mu, both, planet), r, star, planet))
        store(y[3] + i * F64_LANES,
              valid(quantity(ANGULAR_SPEED, r, mu, both, planet), r, star, planet))
        store(y[4] + i * F64_LANES,
              valid(quantity(ESCAPE_SPEED, r, mu, both, planet), r, star, planet))
        store(y[5] + i * F64_LANES,
              valid(quantity(ORBITAL_ENERGY, r, mu, both, planet), r, star, planet))
        store(y[6] + i * F64_LANES,
              valid(quantity(HILL_RADIUS, r, mu, both, planet), r, star, planet))


cdef void over_blocks(const BlockKernel* kernel, char** args, Py_ssize_t n,
                      const cnp.npy_intp* steps) noexcept nogil:
    """The kernel over n elements of every operand, which lie steps[k] bytes apart

    Operands that are not contiguous go through a block of their own, and so does a last block
    that is no whole number of registers, which repeats its last element.
    """
    cdef double blocks[OPERANDS][STEP]
    cdef double* at[OPERANDS]
    cdef int n_in = kernel.n_in, operands = kernel.n_in + kernel.n_out, k
    cdef Py_ssize_t done = 0, part, whole, i
    cdef char* p
    while done < n:
        part = min(n - done, STEP)
        whole = (part + F64_LANES - 1) // F64_LANES * F64_LANES
        for k in range(operands):
            p = args[k] + done * steps[k]
            at[k] = blocks[k]
            if steps[k] == sizeof(double) and whole == part:
                at[k] = <double*>p
            elif k < n_in and (steps[k] != 0 or done == 0):
                for i in range(whole):
                    blocks[k][i] = (<double*>(p + min(i, part - 1) * steps[k]))[0]
        kernel.run(kernel.code, whole, <const double**>at, at + n_in)
        for k in range(n_in, operands):
            if at[k] == blocks[k]:
                p = args[k] + done * steps[k]
                for i in range(part):
                    (<double*>(p + i * steps[k]))[0] = blocks[k][i]
        done += part


# ---- as ufuncs ----

cdef void block_loop(char** args, const cnp.npy_intp* n, const cnp.npy_intp* steps,
                     void* kernel) noexcept nogil:
    if n[0] > 0:
        over_blocks(<const BlockKernel*>kernel, args, n[0], steps)
    clear_float_status()


# What a ufunc points at must live as long as the process: see ufuncs.pxi.
cdef ufunc_loop block_loops[1]
cdef char block_types[OPERANDS]
cdef void* orbit_data[ORBIT_KERNELS]
cdef list orbit_ufuncs = []

block_loops[0] = block_loop
memset(block_types, cnp.NPY_DOUBLE, OPERANDS)


cdef object block_ufunc(const BlockKernel* kernel, void** data, const char* name):
    """The kernel as a NumPy ufunc over float64"""
    data[0] = <void*>kernel
    return cnp.PyUFunc_FromFuncAndData(
        <cnp.PyUFuncGenericFunction*>block_loops, data, block_types, 1, kernel.n_in,
        kernel.n_out, cnp.PyUFunc_None, name, b"", 0)


for _code in range(ORBIT_KERNELS):
    if _code == ORBIT_TABLE:
        orbit_kernels[_code] = BlockKernel(table_block, _code, 5, 7)
    elif _code in (GRAVITATIONAL_FORCE, CENTRIPETAL_FORCE):
        orbit_kernels[_code] = BlockKernel(force_block, _code, 3, 1)
    else:
        orbit_kernels[_code] = BlockKernel(circular_block, _code, 5, 1)
    orbit_ufuncs.append(block_ufunc(&orbit_kernels[_code], &orbit_data[_code], b"orbit"))


# ---- doors ----

cdef inline bint is_number(object value) noexcept:
    """A Python float (or a subclass of it) or an exact int"""
    return PyFloat_Check(value) or PyLong_CheckExact(value)


cdef inline bint is_real(object value) noexcept:
    """A number, or an exact array: what needs no conversion of units"""
    return is_number(value) or cnp.PyArray_CheckExact(value)


cdef inline double positive(double value, str name) except? -1:
    if not value > 0:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return value


cdef inline double not_negative(double value, str name) except? -1:
    if not value >= 0:
        raise ValueError(f"{name} must not be negative, got {value!r}" if value == value
                         else f"{name} must be a number, got nan")
    return value


cdef void one_element(const BlockKernel* kernel, const double* x, double* y) noexcept nogil:
    """The kernel on one element, with the bits that it has in any array"""
    cdef double blocks[OPERANDS][F64_LANES]
    cdef double* at[OPERANDS]
    cdef int n_in = kernel.n_in, k, i
    for k in range(n_in + kernel.n_out):
        at[k] = blocks[k]
        for i in range(F64_LANES):
            blocks[k][i] = x[k] if k < n_in else 0
    kernel.run(kernel.code, F64_LANES, <const double**>at, at + n_in)
    for k in range(kernel.n_out):
        y[k] = blocks[n_in + k][0]


cdef object call_ufunc(object ufunc, int n_out, tuple values, tuple names, object out):
    """ufunc(*values), with the package's rule of dtypes

    The result is float32 where every array is float32 or float16; Python's numbers adapt.
    """
    cdef list arrays = []
    cdef bint narrow = True
    for value, name in zip(values, names):
        if not is_number(value):
            dtype = _arrays.real_dtype(value.dtype)
            if dtype is None:
                raise TypeError(f"{name} must hold real numbers, got dtype {value.dtype}")
            narrow = narrow and dtype == np.float32
            arrays.append(value)
    narrow = narrow and len(arrays) > 0
    # A ufunc refuses what is wider than its loops.
    values = tuple([value if is_number(value) or value.dtype.itemsize <= 8
                    else value.astype(np.float64) for value in values])
    try:
        shape = np.broadcast(*arrays).shape
    except ValueError:
        raise ValueError(" and ".join(
            [name for value, name in zip(values, names) if not is_number(value)])
            + " must have shapes that broadcast, got "
            + " and ".join([str(value.shape) for value in arrays])) from None
    if out is not None:
        _arrays.check_out(out, shape, np.dtype(np.float32 if narrow else np.float64))
    if not narrow:
        return ufunc(*values) if out is None else ufunc(*values, out=out)
    outs = tuple([np.empty(shape, np.float32) for _ in range(n_out)]) if out is None else (out,)
    # Beyond float32 is infinity, as IEEE says and without NumPy's warning.
    with np.errstate(over="ignore", under="ignore"):
        ufunc(*values, out=outs, casting="same_kind")
    if n_out > 1 or out is not None:
        return outs if n_out > 1 else out
    return outs[0][()]


cdef tuple star_of(star_mass, mu, double* to_mu):
    """(star_mass or mu, its name), whichever is given"""
    if (star_mass is None) == (mu is None):
        raise TypeError("exactly one of star_mass and mu must be given")
    to_mu[0] = GRAVITATION if mu is None else 1
    return (star_mass, "star_mass") if mu is None else (mu, "mu")


cdef bint checked(radius, star, str star_name, planet, double* x) except -1:
    """Whether all are numbers or exact arrays; the numbers go to x as circular_loop has it"""
    if is_number(radius):
        x[0] = positive(radius, "radius")
    if is_number(star):
        x[1] = not_negative(star, star_name)
    if is_number(planet):
        x[3] = not_negative(planet, "planet_mass")
    return is_real(radius) and is_real(star) and is_real(planet)


# What plain SI numbers lie between: see mathwork.orbit.units, which says it.
cdef double fastest_square = INFINITY
cdef double slowest_square = 0
cdef double lightest_star = 0


def know_units(double fastest, double slowest, double lightest):
    """Bounds on the square of the angular speed, and on a star's mass."""
    global fastest_square, slowest_square, lightest_star
    fastest_square, slowest_square, lightest_star = fastest, slowest, lightest


cdef inline bint looks_like_si(const double* x) noexcept:
    """x as circular_loop has it"""
    return (slowest_square < x[1] * x[2] / x[0] / x[0] / x[0] < fastest_square
            and (x[2] == 1 or x[1] >= lightest_star))


def circular(int code, radius, star_mass, planet_mass, mu, out=None, bint look=True):
    """The quantity of `orbit_codes`, or NotImplemented where an argument is neither a Python
    number nor an exact ndarray.

    With `look`, numbers that do not look like SI are told to mathwork.orbit.units.

    Numbers give a float. Arrays broadcast against each other and against numbers. Exactly one of
    star_mass and mu is not None; with a planet_mass both masses move.
    """
    cdef double x[5]
    cdef double y[1]
    star, star_name = star_of(star_mass, mu, x + 2)
    if planet_mass is None and code == HILL_RADIUS:
        raise TypeError("hill_radius needs planet_mass")
    # without a planet's mass: nothing added to mu, and the energy of one kilogram
    planet = (1.0 if code == ORBITAL_ENERGY else 0.0) if planet_mass is None else planet_mass
    x[4] = GRAVITATION
    if not checked(radius, star, star_name, planet, x):
        return NotImplemented
    if out is None and is_number(radius) and is_number(star) and is_number(planet):
        if look and not looks_like_si(x):
            from mathwork.orbit.units import warn_of_units      # which imports this module

            warn_of_units(x[0], x[1], mu is None)
        one_element(&orbit_kernels[code], x, y)
        return y[0]
    return call_ufunc(orbit_ufuncs[code], 1, (radius, star, x[2], planet, x[4]),
                      ("radius", star_name, "", "planet_mass", ""), out)


def force(int code, first, second, radius, out=None):
    """gravitational_force of m1, m2 and r, or centripetal_force of m, v and r; else as circular"""
    cdef double x[3]
    cdef double y[1]
    cdef bint gravitational = code == GRAVITATIONAL_FORCE
    cdef tuple names = ("m1", "m2", "r") if gravitational else ("m", "v", "r")
    if is_number(first):
        x[0] = not_negative(first, names[0])
    if is_number(second):
        x[1] = second
        if gravitational:
            not_negative(x[1], "m2")
        elif x[1] != x[1]:
            raise ValueError("v must be a number, got nan")
    if is_number(radius):
        x[2] = positive(radius, "r")
    if not (is_real(first) and is_real(second) and is_real(radius)):
        return NotImplemented
    if out is None and is_number(first) and is_number(second) and is_number(radius):
        one_element(&orbit_kernels[code], x, y)
        return y[0]
    return call_ufunc(orbit_ufuncs[code], 1, (first, second, radius), names, out)


def table(star_mass, planet_mass, radius, bint fixed_star, mu=None):
    """(force, speed, period, angular_speed, escape_speed, energy, hill_radius); else as circular"""
    cdef double x[5]
    cdef double y[7]
    star, star_name = star_of(star_mass, mu, x + 2)
    x[4] = 0 if fixed_star else GRAVITATION
    if not checked(radius, star, star_name, planet_mass, x):
        return NotImplemented
    if is_number(radius) and is_number(star) and is_number(planet_mass):
        one_element(&orbit_kernels[ORBIT_TABLE], x, y)
        return (y[0], y[1], y[2], y[3], y[4], y[5], y[6])
    return call_ufunc(orbit_ufuncs[ORBIT_TABLE], 7, (radius, star, x[2], planet_mass, x[4]),
                      ("radius", star_name, "", "planet_mass", ""), None)
