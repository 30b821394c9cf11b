"""What `mathwork._levels.orbit` offers, at every level.

A door gives a float for numbers, an array where one of its arguments is one, and what has the units
of its arguments. Those below it (plain_...) take no units.
"""
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mathwork._types import FloatArray

# a number, or an exact array
_Plain: TypeAlias = float | NDArray[Any]

orbit_codes: dict[str, int]

def know_units(fastest_square: float, slowest_square: float, slow_square: float,
               speed_square: float, light_square: float, lightest_star: float,
               warn: Callable[..., None]) -> None: ...
def speed_looks_like_si(speed: _Plain, r: _Plain) -> bool: ...
def looks_like_si(radius: _Plain, star: _Plain, is_mass: bool
                  ) -> bool: ...

# ---- doors ----

def circular_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   fixed_star: bool = True, out: ArrayLike | None = None) -> Any: ...
def period(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
           planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
           fixed_star: bool = True, out: ArrayLike | None = None) -> Any: ...
def angular_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                  planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                  fixed_star: bool = True, out: ArrayLike | None = None) -> Any: ...
def escape_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                 planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                 fixed_star: bool = True, out: ArrayLike | None = None) -> Any: ...
def orbital_energy(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   fixed_star: bool = True, out: ArrayLike | None = None) -> Any: ...
def hill_radius(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                fixed_star: bool = True, out: ArrayLike | None = None) -> Any: ...
def semimajor_axis(period: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   fixed_star: bool = True, out: ArrayLike | None = None) -> Any: ...
def gravitational_force(m1: ArrayLike, m2: ArrayLike, r: ArrayLike, *,
                        out: ArrayLike | None = None) -> Any: ...
def centripetal_force(m: ArrayLike, v: ArrayLike, r: ArrayLike, *,
                      out: ArrayLike | None = None) -> Any: ...
def vis_viva(r: ArrayLike, a: ArrayLike, *, mu: ArrayLike) -> Any: ...
def solve_kepler(mean_anomaly: ArrayLike, eccentricity: ArrayLike, *,
                 out: ArrayLike | None = None, status: bool = False, parts: bool = False
                 ) -> Any: ...

# ---- the same for numbers and exact arrays ----

def plain_circular(code: int, radius: _Plain,
                   star_mass: _Plain | None,
                   planet_mass: _Plain | None, mu: _Plain | None, fixed_star: bool = True,
                   out: FloatArray | None = None) -> float | FloatArray: ...
def plain_force(code: int, first: _Plain, second: _Plain,
                radius: _Plain, out: FloatArray | None = None
                ) -> float | FloatArray: ...
def plain_vis_viva(r: _Plain, a: _Plain, mu: _Plain
                   ) -> float | FloatArray: ...
def plain_table(star_mass: _Plain, planet_mass: _Plain,
                radius: _Plain, fixed_star: bool,
                mu: _Plain | None = None) -> tuple[float | FloatArray, ...]: ...
def plain_solve_kepler(mean_anomaly: _Plain, eccentricity: _Plain,
                       out: FloatArray | None = None) -> float | FloatArray: ...

# ---- positions, velocities and anomalies ----

state_codes: dict[str, int]

# coefficients, and the codes of the status
def settle_orbits(by_periapsis: bool, elements: NDArray[np.float64]
                  ) -> tuple[NDArray[np.float64], NDArray[np.int8]]: ...
# NotImplemented for other times than a number or a plain array
def states_at(code: int, orbits: NDArray[np.float64], shape: tuple[int, ...], t: object
              ) -> Any: ...
def orbit_states(code: int, paired: bool, orbits: NDArray[np.float64], times: NDArray[np.float64],
                 out: NDArray[np.float64], start: int, stop: int) -> None: ...
def plain_mean_anomaly(true_anomaly: _Plain, eccentricity: _Plain) -> float | FloatArray: ...
def plain_anomaly_parts(mean_anomaly: _Plain, eccentricity: _Plain
                        ) -> tuple[float | FloatArray, ...]: ...

# ---- state vectors: arrays are positions (N, 3), velocities (N, 3), times (N,) and mu (N,), each
# of N rows or of one ----

def propagate_rows(arrays: tuple[NDArray[np.float64], ...], positions: NDArray[np.float64],
                   velocities: NDArray[np.float64], derivatives: NDArray[np.float64] | None,
                   start: int, stop: int) -> None: ...
def elements_of(arrays: tuple[NDArray[np.float64], ...], elements: NDArray[np.float64],
                coefficients: NDArray[np.float64], start: int, stop: int) -> None: ...
