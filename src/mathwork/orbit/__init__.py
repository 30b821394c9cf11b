"""Orbits of two bodies, in SI units and radians.

gravitational_force, centripetal_force                    mathwork.orbit.forces
circular_speed, period, angular_speed, escape_speed       mathwork.orbit.circular
orbital_energy, hill_radius, semimajor_axis               mathwork.orbit.circular
orbit_table, OrbitTable                                   mathwork.orbit.table
CircularOrbit                                             mathwork.orbit.two_bodies
vis_viva                                                  mathwork.orbit.speeds
solve_kepler, Anomaly, AnomalyParts                       mathwork.orbit.anomaly
KeplerOrbit                                               mathwork.orbit.kepler
Elements                                                  mathwork.orbit.members
propagate, State, Transition                              mathwork.orbit.propagation
plot_orbits                                               mathwork.orbit.plot
UnitsWarning                                              mathwork.orbit.units

Any number may be a quantity of astropy or pint; then the result is one too.
"""
from mathwork.orbit.anomaly import Anomaly, AnomalyParts, solve_kepler
from mathwork.orbit.circular import (
    angular_speed,
    circular_speed,
    escape_speed,
    hill_radius,
    orbital_energy,
    period,
    semimajor_axis,
)
from mathwork.orbit.forces import centripetal_force, gravitational_force
from mathwork.orbit.kepler import KeplerOrbit
from mathwork.orbit.members import Elements
from mathwork.orbit.plot import plot_orbits
from mathwork.orbit.propagation import State, Transition, propagate
from mathwork.orbit.speeds import vis_viva
from mathwork.orbit.table import OrbitTable, orbit_table
from mathwork.orbit.two_bodies import CircularOrbit
from mathwork.orbit.units import UnitsWarning

__all__ = [
    "Anomaly", "AnomalyParts", "CircularOrbit", "Elements", "KeplerOrbit", "OrbitTable", "State",
    "Transition", "UnitsWarning", "angular_speed", "centripetal_force", "circular_speed",
    "escape_speed", "gravitational_force", "hill_radius", "orbit_table", "orbital_energy", "period",
    "plot_orbits", "propagate", "semimajor_axis", "solve_kepler", "vis_viva",
]
