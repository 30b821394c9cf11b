"""
The orbits of the planets, to scale
===================================

Elements for the year 2000 (NASA, Planetary Fact Sheets), drawn where the planets stand on a given
day. From Mercury to Neptune distances grow eightyfold, so the second picture is logarithmic.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.constants import AU, GM_SUN
from mathwork.orbit import KeplerOrbit, plot_orbits

NAMES = ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"]
#  a in au, e, longitudes of periapsis and of the planet on 2000-01-01 12:00, in degrees
TABLE = np.array([[0.38710, 0.20563, 77.456, 252.251], [0.72333, 0.00677, 131.533, 181.980],
                  [1.00000, 0.01671, 102.947, 100.464], [1.52366, 0.09341, 336.041, 355.453],
                  [5.20336, 0.04839, 14.754, 34.404], [9.53707, 0.05415, 92.432, 49.944],
                  [19.1913, 0.04717, 170.964, 313.232], [30.0690, 0.00859, 44.971, 304.880]])

a, e, periapsis, longitude = TABLE.T
orbits = KeplerOrbit(a * AU, e, omega=periapsis, M0=longitude - periapsis, unit="deg", mu=GM_SUN,
                     epoch="2000-01-01T12:00")
distance = orbits.distance("2026-06-21") / AU
for name, years, now in zip(NAMES, orbits.period / 31557600, distance, strict=True):
    print(f"{name:8} {years:7.2f} years, {now:6.3f} au from the Sun on 2026-06-21")

figure, (inner, all_of_them) = plt.subplots(1, 2, figsize=(10, 5.2))
plot_orbits(orbits[:4], inner, labels=NAMES[:4], centre="Sun")
plot_orbits(orbits, all_of_them, labels=NAMES, centre="Sun", scale="log")
plt.show()
