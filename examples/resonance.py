"""
A resonant circuit
==================

A resistor, a coil and a capacitor in series, driven at 600 frequencies, for four resistors: 2400
systems of two complex equations are one call. The current, as an arrow in the complex plane, runs
around a circle.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.matrix import solve

U, L, C = 1.0, 10e-3, 1e-6                          # volts, henries, farads
R = np.array([20.0, 40.0, 80.0, 160.0])             # ohms
frequency = np.geomspace(300, 8000, 600)
jw = 2j * np.pi * frequency

# The unknowns are the current I and the voltage V of the capacitor:
#   (R + jw L) I + V = U    and    I - jw C V = 0
A = np.empty((4, 600, 2, 2), complex)
A[..., 0, 0], A[..., 0, 1] = R[:, None] + jw * L, 1
A[..., 1, 0], A[..., 1, 1] = 1, -jw * C
solution = solve(A, [U, 0])
current = solution.x[..., 0]
print(solution.x.shape, "all unique:", (solution.status == 0).all())

figure, (size, plane) = plt.subplots(1, 2, figsize=(8.5, 3.8))
for ohms, line in zip(R, current, strict=True):
    size.loglog(frequency, 1e3 * abs(line), label=f"{ohms:.0f} ohms")
    plane.plot(1e3 * line.real, 1e3 * line.imag)
size.axvline(1 / (2 * np.pi * np.sqrt(L * C)), color="grey", linestyle=":")
size.minorticks_off()
size.set_xticks([300, 1000, 3000, 8000], [300, 1000, 3000, 8000])
size.set_yticks([2, 5, 10, 20, 50], [2, 5, 10, 20, 50])
size.set(xlabel="Hz", ylabel="current, mA")
size.legend()
plane.set(xlabel="in step with the voltage, mA", ylabel="a quarter turn ahead, mA", aspect="equal")
plt.show()
