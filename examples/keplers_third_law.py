"""
Kepler's third law, from exoplanets
===================================

Planets of other stars, with years from eight hours to eleven of ours (the Open Exoplanet
Catalogue, MIT licence). Times the square root of the star's mass, a year depends on the distance
alone: it grows as the power 3/2. One row of the catalogue breaks the law; its residual says
which.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.constants import AU, JULIAN_YEAR, M_SUN
from mathwork.orbit import period
from mathwork.regression import fit_line

# name: period in days, distance in au, mass of the star in that of the Sun
PLANETS = {
    "TOI-2260 b": (0.3524728, 0.0097, 0.99), "WASP-19 b": (0.78884, 0.01655, 0.97),
    "HD 155918 b": (1.87567261, 0.030046, 1.03), "HATS-42 b": (2.292102, 0.03689, 1.27),
    "HATS-10 b": (3.312846, 0.04491, 1.101), "Kepler-7 b": (4.885525, 0.06246, 1.32),
    "HIP 113103 b": (7.610303, 0.06899, 0.76), "TOI-431 d": (12.46103, 0.098, 0.78),
    "K2-63 b": (20.257, 0.1627, 1.4), "TOI-1422 c": (29.29, 0.185, 0.981),
    "HD 204313 c": (34.905, 0.2099, 1.02), "KOI-285 d": (49.3568, 0.278, 1.209),
    "HIP 12961 b": (57.435, 0.13, 0.67), "HD 96063 b": (361.1, 0.99, 1.02),
    "TYC 3318-01333-1 b": (562.0, 1.414, 1.19), "Kepler-1708 b": (737.1131, 1.64, 1.088),
    "6 Lyn b": (874.774, 2.18, 1.82), "HD 6718 b": (2496.0, 3.56, 0.96),
    "HD 135625 b": (4055.0, 5.4, 1.28),
}
days, distance, mass = np.array([*PLANETS.values()]).T
years = days / 365.25 * np.sqrt(mass)

x, y = np.log10(distance), np.log10(years)
wrong = int(np.argmax(fit_line(x, y).cooks_distance))
fit = fit_line(np.delete(x, wrong), np.delete(y, wrong))
print(f"{[*PLANETS][wrong]} is left out")
print(f"slope {fit.slope:.4f} +- {fit.stderr:.4f}, at 1 au {10 ** fit.intercept:.3f} years")

figure, axis = plt.subplots(figsize=(7, 4.2))
line = np.geomspace(0.008, 6, 50)
axis.loglog(line, period(line * AU, star_mass=M_SUN) / JULIAN_YEAR, color="grey", label="Kepler")
axis.loglog(distance, years, "o", label="planets")
for place, side, offset in ((0, "left", (10, -5)), (wrong, "right", (-8, 5)),
                            (len(years) - 1, "right", (-10, 0))):
    axis.annotate([*PLANETS][place], (distance[place], years[place]), offset, ha=side,
                  textcoords="offset points", color="grey")
axis.set(xlabel="distance, au", ylabel="years, for a star of one solar mass")
axis.legend(loc="lower right")
plt.show()
