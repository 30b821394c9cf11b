"""
A slope that changes
====================

A noisy series whose trend turns. ``fit_rolling`` fits a line to every window of 60 points, or to
all points with weights that fade, in one pass over the data.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.regression import fit_rolling

rng = np.random.default_rng(4)
t = np.arange(600.0)
slope = 0.05 * np.cos(t / 90)
y = np.cumsum(slope) + rng.normal(0, 0.8, t.size)

window = fit_rolling(t, y, 60)
fading = fit_rolling(t, y, halflife=20)

figure, (series, slopes) = plt.subplots(2, 1, figsize=(8, 5), sharex=True)
series.plot(t, y, ".", markersize=3, alpha=0.7)
series.set_ylabel("y")
slopes.plot(t, slope, color="grey", linestyle="--", label="the slope of the series")
slopes.plot(t, window.slope, color="C0", label="of 60 points")
slopes.fill_between(t, window.slope - 2 * window.stderr, window.slope + 2 * window.stderr,
                    color="C0", alpha=0.2, linewidth=0)
slopes.plot(t[30:], fading.slope[30:], color="C1", linewidth=1, label="with a half-life of 20")
slopes.set(xlabel="t", ylabel="slope", ylim=(-0.13, 0.13))
slopes.legend(ncols=3, loc="lower left", fontsize=8)
plt.show()
