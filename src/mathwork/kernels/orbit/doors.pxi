# The doors of circular orbits. Python's numbers and plain float64 arrays of one shape go straight
# to the kernel, other exact arrays to its ufunc. A call with units, lists or subclasses goes
# through the door's declaration, which comes back with numbers and exact arrays (plain_...).

cdef inline double positive(double value, str name) except? -1:
    if not value > 0:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return value


cdef inline double not_negative(double value, str name) except? -1:
    if not value >= 0:
        raise ValueError(f"{name} must not be negative, got {value!r}" if value == value
                         else f"{name} must be a number, got nan")
    return value


cdef tuple star_of(star_mass, mu, double* to_mu):
    """Return (star_mass or mu, its name), whichever is given, and set its factor to mu"""
    if (star_mass is None) == (mu is None):
        raise TypeError("exactly one of star_mass and mu must be given")
    to_mu[0] = GRAVITATION if mu is None else 1
    return (star_mass, "star_mass") if mu is None else (mu, "mu")


cdef bint checked(radius, star, str star_name, planet, double* x) except -1:
    """Return whether all are numbers or exact arrays; put the numbers in x for circular_loop"""
    if is_number(radius):
        x[0] = positive(radius, "radius")
    if is_number(star):
        x[1] = not_negative(star, star_name)
    if is_number(planet):
        x[3] = not_negative(planet, "planet_mass")
    return is_real(radius) and is_real(star) and is_real(planet)


# The range of plain SI numbers. mathwork.orbit.units sets it.
cdef double fastest_square = INFINITY
cdef double slowest_square = 0
cdef double lightest_star = 0
cdef object warn_of_units = None


def know_units(double fastest, double slowest, double lightest, warn):
    """Set the bounds on the square of the angular speed and on a star's mass, and who warns."""
    global fastest_square, slowest_square, lightest_star, warn_of_units
    fastest_square, slowest_square, lightest_star = fastest, slowest, lightest
    warn_of_units = warn


cdef inline double first_of(object value) except? -1:
    """Return a number, or the first element of an array"""
    if is_number(value):
        return value
    return (cnp.PyArray_GETITEM(value, cnp.PyArray_BYTES(value)) if cnp.PyArray_SIZE(value)
            else NAN)


cdef inline bint is_like_si(double radius, double star, bint is_mass) noexcept:
    cdef double mu = GRAVITATION * star if is_mass else star
    return (slowest_square < mu / radius / radius / radius < fastest_square
            and (not is_mass or star >= lightest_star))


cpdef bint looks_like_si(radius, star, bint is_mass) except -1:
    """Return whether an orbit about `star`, a mass or a mu, can be one in SI units."""
    return is_like_si(first_of(radius), first_of(star), is_mass)


cdef object no_number(str names):
    raise TypeError(f"{names} must be numbers or exact arrays")


# ---- quantities of circular orbits ----

cdef object circular(int code, radius, star_mass, planet_mass, mu, out, bint* like_si):
    """Return the quantity of one of orbit_codes, or None for the door's declaration

    It is None if an argument is neither a Python number nor an exact array. like_si says whether
    the arguments look like SI.
    """
    cdef double x[5]
    cdef double y[1]
    star, star_name = star_of(star_mass, mu, x + 2)
    if planet_mass is None and code == HILL_RADIUS:
        raise TypeError("hill_radius needs planet_mass")
    if planet_mass is None and code == ORBITAL_ENERGY and mu is None:
        raise TypeError("orbital_energy needs planet_mass beside star_mass; "
                        "mu alone gives the energy of each kilogram")
    # Without a planet's mass nothing is added to mu, and the energy is that of one kilogram.
    planet = (1.0 if code == ORBITAL_ENERGY else 0.0) if planet_mass is None else planet_mass
    x[4] = GRAVITATION
    if not checked(radius, star, star_name, planet, x):
        return None
    if out is None and is_number(radius) and is_number(star) and is_number(planet):
        like_si[0] = is_like_si(x[0], x[1], mu is None)
        one_element(&orbit_kernels[code], x, y)
        return y[0]
    result = call_kernel(&orbit_kernels[code], orbit_ufuncs[code],
                         (radius, star, x[2], planet, x[4]),
                         ("radius", star_name, "", "planet_mass", ""), out)
    like_si[0] = looks_like_si(radius, star, mu is None)
    return result


def plain_circular(int code, radius, star_mass, planet_mass, mu, out=None):
    """Return a quantity for Python numbers and exact arrays.

    Numbers give a float. Arrays broadcast against each other and against numbers. Exactly one of
    star_mass and mu is not None; with a planet_mass both masses move.
    """
    cdef bint like_si = True
    if not 0 <= code <= HILL_RADIUS:
        raise ValueError(f"code must be one of a circular orbit, got {code}")
    result = circular(code, radius, star_mass, planet_mass, mu, out, &like_si)
    return no_number("radius and masses") if result is None else result


cdef object circular_door(int code, object door, radius, star_mass, planet_mass, mu, out):
    """Return a quantity, through the door's declaration if arguments have units or are lists"""
    cdef bint like_si = True
    result = circular(code, radius, star_mass, planet_mass, mu, out, &like_si)
    if result is None:
        return door.__wrapped__(radius, star_mass=star_mass, planet_mass=planet_mass, mu=mu,
                                out=out)
    if not like_si:
        star = star_mass if mu is None else mu
        warn_of_units(radius, star, mu is None)
    return result


def circular_speed(radius, *, star_mass=None, planet_mass=None, mu=None, out=None):
    return circular_door(CIRCULAR_SPEED, circular_speed, radius, star_mass, planet_mass, mu, out)


def period(radius, *, star_mass=None, planet_mass=None, mu=None, out=None):
    return circular_door(PERIOD, period, radius, star_mass, planet_mass, mu, out)


def angular_speed(radius, *, star_mass=None, planet_mass=None, mu=None, out=None):
    return circular_door(ANGULAR_SPEED, angular_speed, radius, star_mass, planet_mass, mu, out)


def escape_speed(radius, *, star_mass=None, planet_mass=None, mu=None, out=None):
    return circular_door(ESCAPE_SPEED, escape_speed, radius, star_mass, planet_mass, mu, out)


def orbital_energy(radius, *, star_mass=None, planet_mass=None, mu=None, out=None):
    return circular_door(ORBITAL_ENERGY, orbital_energy, radius, star_mass, planet_mass, mu, out)


def hill_radius(radius, *, star_mass=None, planet_mass=None, mu=None, out=None):
    return circular_door(HILL_RADIUS, hill_radius, radius, star_mass, planet_mass, mu, out)


# ---- forces ----

cdef object force(int code, first, second, radius, out):
    """Return the force for m1, m2 and r, or for m, v and r; or None as in circular()"""
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
        return None
    if out is None and is_number(first) and is_number(second) and is_number(radius):
        one_element(&orbit_kernels[code], x, y)
        return y[0]
    return call_kernel(&orbit_kernels[code], orbit_ufuncs[code], (first, second, radius), names,
                       out)


def plain_force(int code, first, second, radius, out=None):
    """Return a force for Python numbers and exact arrays."""
    if code != GRAVITATIONAL_FORCE and code != CENTRIPETAL_FORCE:
        raise ValueError(f"code must be that of a force, got {code}")
    result = force(code, first, second, radius, out)
    return no_number("masses, speed and radius") if result is None else result


def gravitational_force(m1, m2, r, *, out=None):
    result = force(GRAVITATIONAL_FORCE, m1, m2, r, out)
    return gravitational_force.__wrapped__(m1, m2, r, out=out) if result is None else result


def centripetal_force(m, v, r, *, out=None):
    result = force(CENTRIPETAL_FORCE, m, v, r, out)
    return centripetal_force.__wrapped__(m, v, r, out=out) if result is None else result


# ---- other doors ----

cdef object speed_at(r, a, mu):
    """Return the speed at a distance r, or None as in circular()"""
    cdef double x[3]
    cdef double y[1]
    if not (is_real(r) and is_real(a) and is_real(mu)):
        return None
    if is_number(r) and is_number(a) and is_number(mu):
        x[0], x[1], x[2] = r, a, mu
        one_element(&orbit_kernels[VIS_VIVA], x, y)
        if y[0] != y[0]:
            raise ValueError(f"no orbit has r = {r!r}, a = {a!r} and mu = {mu!r}")
        return y[0]
    return call_kernel(&orbit_kernels[VIS_VIVA], orbit_ufuncs[VIS_VIVA], (r, a, mu),
                       ("r", "a", "mu"), None)


def plain_vis_viva(r, a, mu):
    """Return the speed for Python numbers and exact arrays."""
    result = speed_at(r, a, mu)
    return no_number("r, a and mu") if result is None else result


def vis_viva(r, a, *, mu):
    result = speed_at(r, a, mu)
    return vis_viva.__wrapped__(r, a, mu=mu) if result is None else result


def plain_table(star_mass, planet_mass, radius, bint fixed_star, mu=None):
    """Return the columns of OrbitTable, in their order, for Python numbers and exact arrays."""
    cdef double x[5]
    cdef double y[7]
    star, star_name = star_of(star_mass, mu, x + 2)
    x[4] = 0 if fixed_star else GRAVITATION
    if not checked(radius, star, star_name, planet_mass, x):
        return no_number("radius and masses")
    if is_number(radius) and is_number(star) and is_number(planet_mass):
        one_element(&orbit_kernels[ORBIT_TABLE], x, y)
        return (y[0], y[1], y[2], y[3], y[4], y[5], y[6])
    return call_kernel(&orbit_kernels[ORBIT_TABLE], orbit_ufuncs[ORBIT_TABLE],
                       (radius, star, x[2], planet_mass, x[4]),
                       ("radius", star_name, "", "planet_mass", ""), None)
