"""
Anscombe's quartet
==================

Four sets of points with the same line, the same standard errors and the same R-squared (F. J.
Anscombe, "Graphs in Statistical Analysis", The American Statistician 27, 1973). One call fits all
four. Cook's distance tells the points on which a fit hangs, drawn by their size.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.regression import fit_line

common = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
x = np.array([common, common, common, [8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8]], float)
y = np.array([[8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68],
              [9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74],
              [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73],
              [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89]])

fits = fit_line(x, y)                   # a row of x and y for each
print("intercept", fits.intercept.round(3), "+-", fits.intercept_stderr.round(3))
print("slope    ", fits.slope.round(3), "+-", fits.stderr.round(3))
print("R-squared", (fits.rvalue ** 2).round(3))

figure, panels = plt.subplots(2, 2, figsize=(7, 5), sharex=True, sharey=True)
ends = np.array([3, 20])
for axis, points, values, slope, intercept in zip(panels.flat, x, y, fits.slope, fits.intercept,
                                                  strict=True):
    cook = np.nan_to_num(fit_line(points, values).cooks_distance, nan=2.0)
    axis.scatter(points, values, s=25 + 120 * np.minimum(cook, 2), alpha=0.8)
    axis.plot(ends, intercept + slope * ends, color="C1")
plt.show()
