"""Values with units at the door: to plain SI numbers, and results back to the same kind.

astropy and pint are searched among the modules that the caller has imported, and never imported
here. Plain numbers are SI. Numbers that do not look like SI give a warning.
"""
from __future__ import annotations

import math
import sys
import warnings
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import FLOAT64, as_array, in_dtype, unmasked
from mathwork._levels import orbit as kernels
from mathwork.constants import JULIAN_YEAR, C, G

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType
    from typing import Any, TypeAlias

    from numpy.typing import ArrayLike, NDArray

# Square of the angular speed of the fastest orbit: (4 pi / 3) G rho just above a body as dense as
# osmium, 22 590 kg / m^3, the densest element. That is one turn in 42 minutes.
FASTEST = 4 / 3 * math.pi * G * 22590
# The slowest orbit: one turn in the age of the universe, 13.787e9 Julian years: Planck
# Collaboration, "Planck 2018 results VI", Astronomy & Astrophysics 641, A6 (2020), table 2
SLOWEST = (2 * math.pi / (13.787e9 * JULIAN_YEAR)) ** 2
# A speed below 1 m/s is one about an asteroid. Such an orbit takes days: Dimorphos about Didymos
# has 0.17 m/s and 12 hours. A mu in km^3/s^2 makes periods 31,623 times too long: years.
SLOW_SPEED = 1.0
SLOW = (2 * math.pi / JULIAN_YEAR) ** 2
LIGHT = C * C / 2   # (m/s)^2; the speed of a circle twice as large as a black hole, squared
LIGHTEST = 1e6      # kg, a rock of some metres: nothing lighter is known to have a satellite
LONG_BITS = 63      # an integer of fewer bits is one of NumPy's
NEARLY_OPEN = 0.99  # an eccentricity from which the apoapsis says little
LARGEST_INCLINATION = 3.15      # rad; pi, also if it is rounded
LARGEST_ANGLE = 4 * math.pi     # rad; two turns


class UnitsWarning(UserWarning):
    """A plain number does not look like SI, by what it would mean.

    An orbit gives the warning in these cases:

    - It is inside any body less dense than osmium, the densest element: its period is below 42
      minutes. That is possible only about white dwarfs, neutron stars and black holes. More often
      the radius is in kilometres or astronomical units.
    - It is slower than 1 m/s and takes longer than a year. More often `mu` is in km3/s2.
    - It takes longer than the age of the universe.
    - Its `star_mass` is below 1000 tonnes.
    - Not even light escapes from it. This case is told also if arguments carry units.
    - An angle of a KeplerOrbit is not in radians: an inclination above pi, or an `Omega` or `omega`
      of more than two turns.

    Every function with a radius and the mass or `mu` of its star checks them; `semimajor_axis`
    checks its result, and `vis_viva` the speed at its `r`. A KeplerOrbit checks its apoapsis,
    because a trajectory that ends on the ground is no mistake. Of arrays the first finite element
    is checked, and all angles. Nothing is checked if `mu` is 1, as in canonical units.

    ``warnings.simplefilter("ignore", mathwork.orbit.UnitsWarning)`` switches it off everywhere.

    Examples
    --------
    >>> import warnings
    >>> from mathwork.orbit import UnitsWarning, circular_speed
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always", UnitsWarning)
    ...     speed = circular_speed(1.5e8, mu=1.3271244e20)      # kilometres
    >>> caught[0].category is UnitsWarning
    True
    """


def warn_of_units(radius: ArrayLike, star: ArrayLike, is_mass: bool, radius_name: str = "radius",
                  stacklevel: int = 2, only_light: bool = False) -> None:
    """Warn if an orbit about `star`, a mass or a mu, does not look like SI.

    Of arrays the first finite element is checked: a mistaken unit is the same everywhere. With
    `only_light`, as for values that came with units, the speed of light is the only bound.
    """
    radius, star = _first_known(radius, star)
    if math.isnan(radius) or (star == 1 and not is_mass):
        return
    speed = (G * star if is_mass else star) / radius        # both squared
    angular = speed / radius / radius
    name, unit = ("star_mass", "kg") if is_mass else ("mu", "m3/s2")
    orbit = f"{radius_name} = {radius:.6g} m with {name} = {star:.6g} {unit}"
    if speed >= LIGHT:
        text = f"{orbit} has an escape speed above that of light"
    elif only_light:
        return
    elif is_mass and star < LIGHTEST:
        text = f"star_mass = {star:.6g} kg is no star or planet"
    elif angular >= FASTEST:
        text = f"{orbit} is inside any body less dense than a white dwarf"
    elif angular <= SLOWEST:
        text = f"{orbit} has a period longer than the age of the universe"
    elif speed < SLOW_SPEED**2 and angular < SLOW:
        years = 2 * math.pi / math.sqrt(angular) / JULIAN_YEAR
        text = (f"{orbit} has a speed of {math.sqrt(speed):.2g} m/s and a period of "
                f"{years:.2g} years")
    else:
        return
    question = "right" if only_light else "in SI units"
    warnings.warn(f"{text}: are both {question}?", UnitsWarning, stacklevel=stacklevel)


def _first_known(radius: ArrayLike, star: ArrayLike) -> tuple[float, float]:
    """Return the first pair that is finite and positive, or a pair of NaN"""
    # views, because another thread may set the shape of its array
    radii, stars = (in_dtype(value, FLOAT64).view() for value in (radius, star))
    known = (radii > 0) & (radii < np.inf) & (stars > 0) & (stars < np.inf)
    if not known.any():
        return math.nan, math.nan
    first = np.unravel_index(int(known.argmax()), known.shape)
    return tuple(float(array[tuple(at if size > 1 else 0 for at, size in zip(
        first[known.ndim - array.ndim:], array.shape, strict=True))])
        for array in (radii, stars))        # type: ignore[return-value]


# The kernels check the numbers that they get, and call this if they do not look like SI.
kernels.know_units(FASTEST, SLOWEST, SLOW, SLOW_SPEED**2, LIGHT, LIGHTEST, warn_of_units)


def look_at_units(radius: Any, star: Any, is_mass: bool, stacklevel: int,
                  radius_name: str = "radius", kind: Kind | None = None) -> None:
    """Warn if numbers, or the first elements of arrays, do not look like SI.

    `kind` is that of the units that they came with.
    """
    if not kernels.looks_like_si(radius, star, is_mass):
        warn_of_units(radius, star, is_mass, radius_name, stacklevel, kind is not None)


def look_at_elements(elements: dict[str, NDArray[np.float64]], kind: Kind | None,
                     stacklevel: int) -> None:
    """Warn if the elements of orbits do not look like SI; NaN gives no warning.

    A closed orbit must have a part outside the body, so its apoapsis is checked. An open one, or
    nearly so, has.
    """
    e, periapsis, mu = elements["e"], elements["periapsis"], elements["mu"]
    with np.errstate(all="ignore"):
        apoapsis = np.where(e < NEARLY_OPEN, periapsis * (1 + e) / (1 - e), np.nan)
    look_at_units(apoapsis, mu, False, stacklevel + 2, "apoapsis", kind)
    if np.any(e >= NEARLY_OPEN):
        nearest = np.where(e >= NEARLY_OPEN, periapsis, np.nan)
        warn_of_units(nearest, mu, False, "periapsis", stacklevel + 1, only_light=True)
    if kind is not None:
        return
    for name, largest in (("i", LARGEST_INCLINATION), ("Omega", LARGEST_ANGLE),
                          ("omega", LARGEST_ANGLE)):
        wrong = np.abs(elements[name]) > largest
        if wrong.any():
            value = elements[name].reshape(-1)[int(wrong.argmax())]
            limit = "an inclination goes up to pi" if name == "i" else "that is over two turns"
            warnings.warn(f"{name} = {value:.6g} rad: {limit}. Is it in degrees?", UnitsWarning,
                          stacklevel=stacklevel)


class Astropy:
    """astropy quantities"""

    def __eq__(self, other: object) -> bool:
        return type(other) is Astropy

    __hash__ = object.__hash__

    @property
    def units(self) -> ModuleType:
        return sys.modules["astropy.units"]

    def to_plain(self, value: Any, name: str, unit: str) -> Any:
        if hasattr(value, "mask"):
            raise TypeError(f"{name} must be a plain quantity, got a masked one")
        if value.dtype.kind == "f":         # float32 has no room for many values in SI units
            value = value.astype(np.float64, copy=False)
        try:
            return value.to_value(unit)
        except self.units.UnitsError:
            raise _wrong_unit(name, unit, value.unit) from None

    def wrap(self, value: Any, unit: str) -> Any:
        return value << self.units.Unit(unit)      # without a copy

    def memory_of(self, out: Any) -> tuple[Any, Any]:
        return out.unit, out.value

    def same_unit(self, unit: str, found: Any) -> bool:
        return self.units.Unit(unit) == found

    def frozen(self, value: Any) -> Any:
        """Return a read-only copy of one number with its unit"""
        copy = value.copy()
        copy.flags.writeable = False
        return copy


class Pint:
    """pint quantities of one registry"""

    def __init__(self, registry: Any) -> None:
        self.registry = registry

    def __eq__(self, other: object) -> bool:
        return type(other) is Pint and other.registry is self.registry

    __hash__ = object.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        return _application_pint, ()

    def to_plain(self, value: Any, name: str, unit: str) -> Any:
        if not value.is_compatible_with(unit):
            raise _wrong_unit(name, unit, value.units)
        magnitude = value.magnitude
        if isinstance(magnitude, (np.ndarray, np.floating)) and magnitude.dtype.kind == "f":
            value = self.registry.Quantity(magnitude.astype(np.float64), value.units)   # as above
        return value.m_as(unit)

    def wrap(self, value: Any, unit: str) -> Any:
        return self.registry.Quantity(value, unit)

    def memory_of(self, out: Any) -> tuple[Any, Any]:
        return out.units, out.magnitude

    def same_unit(self, unit: str, found: Any) -> bool:
        return self.registry.Unit(unit) == found

    def frozen(self, value: Any) -> Any:
        return self.registry.Quantity(float(value.magnitude), value.units)


Kind: TypeAlias = Astropy | Pint


def _application_pint() -> Pint:
    """Return the registry that pint gives to quantities from a pickle: the application's"""
    import pint

    return Pint(pint.get_application_registry().get())


def _wrong_unit(name: str, unit: str, found: object) -> TypeError:
    wanted = f"in {unit} or a unit like it" if unit else "dimensionless"
    return TypeError(f"{name} must be {wanted}, got {str(found) or 'dimensionless'}")


def _kind_of_type(type_: type) -> type[Kind] | None:
    astropy, pint = sys.modules.get("astropy.units"), sys.modules.get("pint")
    if astropy is not None and issubclass(type_, astropy.Quantity):
        return Astropy
    return Pint if pint is not None and issubclass(type_, pint.Quantity) else None


def kind_of(value: Any) -> Kind | None:
    """Return the kind of units that `value` carries, or None."""
    kind = _kind_of_type(type(value))
    if kind is Pint:
        # The application's registry may be a proxy of the registry that is wanted.
        return Pint(value._REGISTRY)
    return None if kind is None else Astropy()


def kind_beside(own: Kind | None, kind: Kind | None, name: str) -> Kind | None:
    """Return the kind of units of an orbit and of the argument `name` of its method."""
    if None not in (own, kind) and own != kind:
        raise TypeError(f"{name} must carry the same kind of units as the orbit")
    return own or kind


def plain(**values: tuple[Any, str]) -> tuple[list[Any], Kind | None]:
    """Convert each ``name=(value, unit)`` to SI, in that order; also return the kind of the units.

    Parameters
    ----------
    **values : tuple
        A value, and the SI unit to convert it to.

    Returns
    -------
    list
        Python numbers, and arrays of real numbers up to float64.
    Astropy, Pint or None
        Its ``wrap(result, unit)`` gives a result the same kind of units. None if no value carries
        units.

    Raises
    ------
    TypeError
        For a unit of another dimension, two kinds of units in one call, lists of quantities, and
        values that are not numbers.
    """
    kind = None
    found = []
    for name, (value, unit) in values.items():
        if type(value) not in (float, int):
            own = kind_of(value)
            if own is not None:
                if kind not in (None, own):
                    raise TypeError(f"{name} must carry the same kind of units as the others: "
                                    "astropy's, or those of one pint registry")
                kind = own
                with np.errstate(all="ignore"):
                    value = kind.to_plain(value, name, unit)
            value = number_or_array(value, name)
        elif type(value) is int and value.bit_length() >= LONG_BITS:
            value = float(_floats(value, name))
        found.append(value)
    return found, kind


def number_or_array(value: Any, name: str) -> float | NDArray[Any]:
    """Return Python's and NumPy's scalars as Python numbers, everything else as an array."""
    if type(value) is int:
        return value if value.bit_length() < LONG_BITS else float(_floats(value, name))
    if issubclass(type(value), float):      # an object may claim to be one
        return float(value)
    if value is None:
        raise TypeError(f"{name} must be a number or an array, got None")
    if isinstance(value, (list, tuple)):
        types = _types_in(value)
        if any(map(_kind_of_type, types)):
            # NumPy would make plain numbers of them and drop their units.
            raise TypeError(f"{name} must be one quantity that holds all values, got a "
                            f"{type(value).__name__} of quantities")
        if int in types:
            array = unmasked(value, name)
            if array.dtype == object and types <= {int, float, list, tuple}:
                return _floats(array, name)     # integers of more than 64 bits, such as masses
    array = as_array(value, name)
    if array.dtype.itemsize > 8:        # long double
        array = in_dtype(array, FLOAT64)
    return array if isinstance(value, np.ndarray) or array.ndim else float(array)


def _floats(value: Any, name: str) -> NDArray[np.float64]:
    """Return long integers as float64"""
    try:
        return np.asarray(value, np.float64)
    except OverflowError:
        raise ValueError(f"{name} must hold numbers up to 1.8e308, got a longer integer") from None


def _types_in(values: Iterable[Any]) -> set[type]:
    """Return the types of the entries of nested lists, and of the lists"""
    types: set[type] = set()
    waiting, seen = [values], {id(values)}          # a list may hold itself
    while waiting:
        items = list(waiting.pop())
        types.update(map(type, items))
        inner = [item for item in items if isinstance(item, (list, tuple)) and id(item) not in seen]
        seen.update(map(id, inner))
        waiting += inner
    return types


def plain_out(out: Any, kind: Kind | None, unit: str) -> Any:
    """Return the array to write to for `out`, which must carry units as the arguments do."""
    if out is None or (kind is None and kind_of(out) is None):
        return out
    if kind is None or kind_of(out) != kind:
        raise TypeError("out must carry the same kind of units as the arguments, "
                        f"got {type(out).__name__}")
    found, memory = kind.memory_of(out)
    if not kind.same_unit(unit, found):
        raise TypeError(f"out must be in {unit}, got {str(found) or 'dimensionless'}")
    return memory


def as_given(result: Any, out: Any, kind: Kind | None, unit: str) -> Any:
    """Return `out` if it was given, else the result with the units of the arguments."""
    if out is not None:
        return out
    return result if kind is None else kind.wrap(result, unit)
