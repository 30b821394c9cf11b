# The doors of circular orbits. Python's numbers and plain float64 arrays of one shape go straight
# to the kernel, other exact arrays to its ufunc. A call with units, lists or subclasses goes
# through the door's declaration, which comes back with numbers and exact arrays (plain_...).

import mathwork._arguments as _arguments

cdef double long_number(object value, str name) except? -1:
    try:
        return value
    except OverflowError:
        raise ValueError(f"{name} must be a number up to 1.8e308, got an integer of "
                         f"{value.bit_length()} bits") from None


cdef inline double number(object value, str name) except? -1:
    """Return a Python number as a double"""
    return value if PyFloat_Check(value) else long_number(value, name)


cdef inline double positive(object value, str name) except? -1:
    cdef double plain = number(value, name)
    if not plain > 0:
        raise ValueError(f"{name} must be positive, got {plain!r}")
    return plain


cdef inline double not_negative(object value, str name) except? -1:
    cdef double plain = number(value, name)
    if not plain >= 0:
        raise ValueError(f"{name} must not be negative, got {plain!r}" if plain == plain
                         else f"{name} must be a number, got nan")
    return plain


cdef inline bint flag(object value, str name) except -1:
    """Return whether an argument is True; it may be NumPy's, or 1 or 0"""
    if value is True:
        return True
    return False if value is False else _arguments.flag(value, name)


cdef tuple star_of(star_mass, mu, double* to_mu):
    """Return (star_mass or mu, its name), whichever is given, and set its factor to mu"""
    if (star_mass is None) == (mu is None):
        raise TypeError("exactly one of star_mass and mu must be given")
    to_mu[0] = GRAVITATION if mu is None else 1
    return (star_mass, "star_mass") if mu is None else (mu, "mu")


cdef bint checked(radius, str radius_name, star, str star_name, planet, double* x) except -1:
    """Return whether all are numbers or exact arrays; put the numbers in x for circular_loop"""
    if is_number(radius):
        x[0] = positive(radius, radius_name)
    if is_number(star):
        x[1] = not_negative(star, star_name)
    if is_number(planet):
        x[3] = not_negative(planet, "planet_mass")
    return is_real(radius) and is_real(star) and is_real(planet)


# The ranges of orbits that plain SI numbers can mean. mathwork.orbit.units sets them.
cdef struct Range:
    double fastest_square       # of angular speeds
    double slowest_square
    double slow_square          # of an angular speed below which the speed must be `speed_square`
    double speed_square
    double light_square         # of speeds
    double lightest_star

cdef Range si = Range(INFINITY, 0, 0, 0, INFINITY, 0)
cdef object warn_of_units = None


def know_units(double fastest_square, double slowest_square, double slow_square,
               double speed_square, double light_square, double lightest_star, warn):
    """Set the ranges of orbits, and who warns of one outside."""
    global si, warn_of_units
    si = Range(fastest_square, slowest_square, slow_square, speed_square, light_square,
               lightest_star)
    warn_of_units = warn


cdef inline double first_of(object value) except? -1:
    """Return a number, or the first element of an array"""
    if not cnp.PyArray_Check(value):
        return value
    return (cnp.PyArray_GETITEM(value, cnp.PyArray_BYTES(value)) if cnp.PyArray_SIZE(value)
            else NAN)


cdef inline bint is_like_si(double radius, double star, bint is_mass) noexcept:
    cdef double speed = (GRAVITATION * star if is_mass else star) / radius      # both squared
    cdef double angular = speed / radius / radius
    return (angular < si.fastest_square and speed < si.light_square
            and (angular >= si.slow_square
                 or (speed >= si.speed_square and angular > si.slowest_square))
            and (not is_mass or star >= si.lightest_star))


cpdef bint looks_like_si(radius, star, bint is_mass) except -1:
    """Return whether an orbit about `star`, a mass or a mu, can be one in SI units."""
    return is_like_si(first_of(radius), first_of(star), is_mass)


cdef object no_number(str names):
    raise TypeError(f"{names} must be numbers or exact arrays")


# ---- quantities of circular orbits ----

cdef object circular(int code, radius, star_mass, planet_mass, mu, bint fixed_star, out,
                     bint* like_si):
    """Return the quantity of one of orbit_codes, or None for the door's declaration

    It is None if an argument is neither a Python number nor an exact array. like_si says whether
    the arguments look like SI. For the semi-major axis `radius` is the period.
    """
    cdef double x[5]
    cdef double y[1]
    cdef bint of_period = code == SEMIMAJOR_AXIS
    cdef str radius_name = "period" if of_period else "radius"
    star, star_name = star_of(star_mass, mu, x + 2)
    if planet_mass is None:
        if code == HILL_RADIUS:
            raise TypeError("hill_radius needs planet_mass")
        if code == ORBITAL_ENERGY and mu is None:
            raise TypeError("orbital_energy needs planet_mass beside star_mass; "
                            "mu alone gives the energy of each kilogram")
        if not fixed_star:
            raise TypeError("fixed_star=False needs planet_mass")
    # Beside mu the energy without a planet's mass is that of one kilogram.
    planet = (1.0 if code == ORBITAL_ENERGY else 0.0) if planet_mass is None else planet_mass
    x[4] = 0 if fixed_star else GRAVITATION
    if not checked(radius, radius_name, star, star_name, planet, x):
        return None
    if out is None and is_number(radius) and is_number(star) and is_number(planet):
        one_element(&orbit_kernels[code], x, y)
        like_si[0] = is_like_si(y[0] if of_period else x[0], x[1], mu is None)
        return y[0]
    result = call_kernel(&orbit_kernels[code], orbit_ufuncs[code],
                         (radius, star, x[2], planet, x[4]),
                         (radius_name, star_name, "", "planet_mass", ""), out)
    like_si[0] = looks_like_si(result if of_period else radius, star, mu is None)
    return result


def plain_circular(int code, radius, star_mass, planet_mass, mu, bint fixed_star=True, out=None):
    """Return a quantity for Python numbers and exact arrays.

    Numbers give a float. Arrays broadcast against each other and against numbers. Exactly one of
    star_mass and mu is not None; planet_mass is not None unless the star is fixed.
    """
    cdef bint like_si = True
    if not 0 <= code <= SEMIMAJOR_AXIS:
        raise ValueError(f"code must be one of a circular orbit, got {code}")
    result = circular(code, radius, star_mass, planet_mass, mu, fixed_star, out, &like_si)
    return no_number("radius and masses") if result is None else result


cdef object circular_door(int code, object door, radius, star_mass, planet_mass, mu,
                          fixed_star, out):
    """Return a quantity, through the door's declaration if arguments have units or are lists"""
    cdef bint like_si = True
    result = circular(code, radius, star_mass, planet_mass, mu, flag(fixed_star, "fixed_star"), out,
                      &like_si)
    if result is None:
        return door.__wrapped__(radius, star_mass=star_mass, planet_mass=planet_mass, mu=mu,
                                fixed_star=fixed_star, out=out)
    if not like_si and warn_of_units is not None:
        star = star_mass if mu is None else mu
        if code == SEMIMAJOR_AXIS:
            warn_of_units(result, star, mu is None, "semimajor_axis")
        else:
            warn_of_units(radius, star, mu is None)
    return result


def circular_speed(radius, *, star_mass=None, planet_mass=None, mu=None, fixed_star=True,
                   out=None):
    return circular_door(CIRCULAR_SPEED, circular_speed, radius, star_mass, planet_mass, mu,
                         fixed_star, out)


def period(radius, *, star_mass=None, planet_mass=None, mu=None, fixed_star=True,
           out=None):
    return circular_door(PERIOD, period, radius, star_mass, planet_mass, mu,
                         fixed_star, out)


def angular_speed(radius, *, star_mass=None, planet_mass=None, mu=None, fixed_star=True,
                  out=None):
    return circular_door(ANGULAR_SPEED, angular_speed, radius, star_mass, planet_mass, mu,
                         fixed_star, out)


def escape_speed(radius, *, star_mass=None, planet_mass=None, mu=None, fixed_star=True,
                 out=None):
    return circular_door(ESCAPE_SPEED, escape_speed, radius, star_mass, planet_mass, mu,
                         fixed_star, out)


def orbital_energy(radius, *, star_mass=None, planet_mass=None, mu=None, fixed_star=True,
                   out=None):
    return circular_door(ORBITAL_ENERGY, orbital_energy, radius, star_mass, planet_mass, mu,
                         fixed_star, out)


def hill_radius(radius, *, star_mass=None, planet_mass=None, mu=None, fixed_star=True,
                out=None):
    return circular_door(HILL_RADIUS, hill_radius, radius, star_mass, planet_mass, mu,
                         fixed_star, out)


def semimajor_axis(period, *, star_mass=None, planet_mass=None, mu=None, fixed_star=True,
                   out=None):
    return circular_door(SEMIMAJOR_AXIS, semimajor_axis, period, star_mass, planet_mass, mu,
                         fixed_star, out)


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
        x[1] = not_negative(second, "m2") if gravitational else number(second, "v")
        if x[1] != x[1]:
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

cdef object speed_at(r, a, mu, bint* like_si):
    """Return the speed at a distance, or None as in circular(); like_si is set as there"""
    cdef double x[3]
    cdef double y[1]
    if not (is_real(r) and is_real(a) and is_real(mu)):
        return None
    if is_number(r):
        x[0] = number(r, "r")
    if is_number(a):
        x[1] = number(a, "a")
    if is_number(mu):
        x[2] = number(mu, "mu")
    if is_number(r) and is_number(a) and is_number(mu):
        one_element(&orbit_kernels[VIS_VIVA], x, y)
        if y[0] != y[0]:
            raise ValueError(f"no orbit has r = {x[0]!r}, a = {x[1]!r} and mu = {x[2]!r}")
        like_si[0] = speed_is_like_si(y[0], x[0])
        return y[0]
    result = call_kernel(&orbit_kernels[VIS_VIVA], orbit_ufuncs[VIS_VIVA], (r, a, mu),
                         ("r", "a", "mu"), None)
    like_si[0] = speed_looks_like_si(result, r)
    return result


cdef inline bint speed_is_like_si(double speed, double r) noexcept:
    """Return whether a speed at a distance can be one in SI units, without a look at mu

    On a closed orbit it is, squared, at most twice that of a circle.
    """
    cdef double square = speed * speed
    return (si.speed_square <= square < 2 * si.light_square
            and square < 2 * si.fastest_square * r * r)


cpdef bint speed_looks_like_si(speed, r) except -1:
    """Return whether a speed at a distance, or the first of them, can be one in SI units."""
    return speed_is_like_si(first_of(speed), first_of(r))


def plain_vis_viva(r, a, mu):
    """Return the speed for Python numbers and exact arrays."""
    cdef bint like_si
    result = speed_at(r, a, mu, &like_si)
    return no_number("r, a and mu") if result is None else result


def vis_viva(r, a, *, mu):
    cdef bint like_si = True
    result = speed_at(r, a, mu, &like_si)
    if result is None:
        return vis_viva.__wrapped__(r, a, mu=mu)
    if not like_si and warn_of_units is not None:
        warn_of_units(r, mu, False, "r")
    return result


def plain_table(star_mass, planet_mass, radius, fixed_star, mu=None):
    """Return the columns of OrbitTable, in their order, for Python numbers and exact arrays."""
    cdef double x[5]
    cdef double y[7]
    star, star_name = star_of(star_mass, mu, x + 2)
    x[4] = 0 if flag(fixed_star, "fixed_star") else GRAVITATION
    if not checked(radius, "radius", star, star_name, planet_mass, x):
        return no_number("radius and masses")
    if is_number(radius) and is_number(star) and is_number(planet_mass):
        one_element(&orbit_kernels[ORBIT_TABLE], x, y)
        return (y[0], y[1], y[2], y[3], y[4], y[5], y[6])
    return call_kernel(&orbit_kernels[ORBIT_TABLE], orbit_ufuncs[ORBIT_TABLE],
                       (radius, star, x[2], planet_mass, x[4]),
                       ("radius", star_name, "", "planet_mass", ""), None)
