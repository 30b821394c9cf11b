# The doors of circular orbits: Python's numbers and plain float64 arrays of one shape go straight
# to the kernel, other arrays to its ufunc, and everything else is for mathwork.orbit.units.

from cpython.float cimport PyFloat_Check
from cpython.long cimport PyLong_CheckExact


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


cdef object call_plain(const BlockKernel* kernel, tuple values, object out):
    """The kernel over numbers and plain arrays of one shape, or None where there are others

    With one output it may be written to `out`, if that is such an array and begins where an input
    begins, or shares no memory with it.
    """
    cdef double numbers[OPERANDS]
    cdef char* args[OPERANDS]
    cdef cnp.npy_intp steps[OPERANDS]
    cdef cnp.ndarray like = None, array
    cdef int k, n_in = kernel.n_in
    cdef Py_ssize_t n
    cdef PyThreadState* state
    cdef list results = []
    for k in range(n_in):
        value = values[k]
        if is_number(value):
            numbers[k], args[k], steps[k] = value, <char*>&numbers[k], 0
            continue
        if not is_plain_double(value) or not (like is None or cnp.PyArray_SAMESHAPE(value, like)):
            return None
        like = value
        args[k], steps[k] = cnp.PyArray_BYTES(like), sizeof(double)
    if out is not None:
        if not (is_plain_double(out) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out)
                and like is not None and cnp.PyArray_SAMESHAPE(<cnp.ndarray>out, like)):
            return None
        for k in range(n_in):
            array = None if steps[k] == 0 else values[k]
            if overlap(out, array) and args[k] != cnp.PyArray_BYTES(<cnp.ndarray>out):
                return None
    for k in range(n_in, n_in + kernel.n_out):
        array = out if out is not None else cnp.PyArray_EMPTY(
            cnp.PyArray_NDIM(like), cnp.PyArray_DIMS(like), cnp.NPY_DOUBLE, 0)
        args[k], steps[k] = cnp.PyArray_BYTES(array), sizeof(double)
        results.append(array)
    n = cnp.PyArray_SIZE(like)
    state = release_gil(10.0 * n)       # of an element, or more
    over_blocks(kernel, args, n, steps)
    take_gil(state)
    return results[0] if kernel.n_out == 1 else tuple(results)


cdef object call_kernel(const BlockKernel* kernel, object ufunc, tuple values, tuple names,
                        object out):
    """The kernel over numbers and exact arrays: by call_plain, or else call_ufunc"""
    result = call_plain(kernel, values, out)
    return call_ufunc(ufunc, kernel.n_out, values, names, out) if result is None else result


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


cdef inline double first_of(object value) except? -1:
    """A number, or the first element of an array"""
    if is_number(value):
        return value
    return (cnp.PyArray_GETITEM(value, cnp.PyArray_BYTES(value)) if cnp.PyArray_SIZE(value)
            else NAN)


cdef inline bint is_like_si(double radius, double star, bint is_mass) noexcept:
    cdef double mu = GRAVITATION * star if is_mass else star
    return (slowest_square < mu / radius / radius / radius < fastest_square
            and (not is_mass or star >= lightest_star))


cpdef bint looks_like_si(radius, star, bint is_mass) except -1:
    """Whether an orbit about `star`, a mass or a mu, can be one in SI units."""
    return is_like_si(first_of(radius), first_of(star), is_mass)


def circular(int code, radius, star_mass, planet_mass, mu, out=None, bint look=True):
    """The quantity of `orbit_codes`, or NotImplemented where an argument is neither a Python
    number nor an exact ndarray.

    With `look`, what does not look like SI is told to the caller's caller.

    Numbers give a float. Arrays broadcast against each other and against numbers. Exactly one of
    star_mass and mu is not None; with a planet_mass both masses move.
    """
    cdef double x[5]
    cdef double y[1]
    cdef bint like_si
    star, star_name = star_of(star_mass, mu, x + 2)
    if planet_mass is None and code == HILL_RADIUS:
        raise TypeError("hill_radius needs planet_mass")
    # without a planet's mass: nothing added to mu, and the energy of one kilogram
    planet = (1.0 if code == ORBITAL_ENERGY else 0.0) if planet_mass is None else planet_mass
    x[4] = GRAVITATION
    if not checked(radius, star, star_name, planet, x):
        return NotImplemented
    if out is None and is_number(radius) and is_number(star) and is_number(planet):
        like_si = is_like_si(x[0], x[1], mu is None)
        one_element(&orbit_kernels[code], x, y)
        result = y[0]
    else:
        result = call_kernel(&orbit_kernels[code], orbit_ufuncs[code],
                             (radius, star, x[2], planet, x[4]),
                             ("radius", star_name, "", "planet_mass", ""), out)
        like_si = looks_like_si(radius, star, mu is None)
    if look and not like_si:
        from mathwork.orbit.units import warn_of_units      # which imports this module

        warn_of_units(radius, star, mu is None)
    return result


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
    return call_kernel(&orbit_kernels[code], orbit_ufuncs[code], (first, second, radius), names,
                       out)


def vis_viva(r, a, mu):
    """The speed at a distance r; else as circular"""
    cdef double x[3]
    cdef double y[1]
    if not (is_real(r) and is_real(a) and is_real(mu)):
        return NotImplemented
    if is_number(r) and is_number(a) and is_number(mu):
        x[0], x[1], x[2] = r, a, mu
        one_element(&orbit_kernels[VIS_VIVA], x, y)
        if y[0] != y[0]:
            raise ValueError(f"no orbit has r = {r!r}, a = {a!r} and mu = {mu!r}")
        return y[0]
    return call_kernel(&orbit_kernels[VIS_VIVA], orbit_ufuncs[VIS_VIVA], (r, a, mu),
                       ("r", "a", "mu"), None)


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
    return call_kernel(&orbit_kernels[ORBIT_TABLE], orbit_ufuncs[ORBIT_TABLE],
                       (radius, star, x[2], planet_mass, x[4]),
                       ("radius", star_name, "", "planet_mass", ""), None)
