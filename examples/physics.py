"""
A network that solves an ODE
============================

x'' = -x - x' / 5 with x(0) = 1 and x'(0) = 0 is two equations of first order. A network gives (x,
x') for a time. Its loss is what the equations and the start leave over, so it holds the
derivatives of the outputs by the input, and not a single point of the solution. SciPy finds the
parameters.
"""
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

from mathwork.nn import Network, value_and_gradient

TIMES = np.linspace(0, 6, 40)[:, None]
MATRIX = np.array([[0.0, 1.0], [-1.0, -0.2]])       # of the equations: state' = MATRIX state
START = np.array([1.0, 0.0])


def loss(y, jacobian):
    """Return what is left over, and its derivatives by the outputs and by their derivatives"""
    residual = jacobian[:, :, 0] - y @ MATRIX.T
    error = y[0] - START
    value = (residual ** 2).mean() + 10 * (error ** 2).sum()
    by_residual = 2 * residual / residual.size
    by_y = -by_residual @ MATRIX
    by_y[0] += 20 * error
    return value, by_y, by_residual[:, :, None]


net = Network.he((1, 16, 2), activation="tanh", output="identity", dtype=float, rng=0)
found = {}
for iterations in (20, 80, 250):
    result = minimize(lambda v: value_and_gradient(net.with_parameters(v), TIMES, loss=loss),
                      net.parameters(), jac=True, method="BFGS",
                      options={"maxiter": iterations, "gtol": 1e-9})
    found[iterations] = net.with_parameters(result.x)
    print(f"{result.nit:4} iterations, loss {result.fun:.1e}")

t = np.linspace(0, 6, 500)[:, None]
omega = np.sqrt(0.99)
exact = np.exp(-0.1 * t) * (np.cos(omega * t) + 0.1 / omega * np.sin(omega * t))
figure, axis = plt.subplots(figsize=(7, 3.6))
axis.plot(t, exact, color="grey", linewidth=5, alpha=0.5, label="exact")
for iterations, one in found.items():
    axis.plot(t, one(t)[:, 0], label=f"{iterations} iterations")
    print(f"{iterations:4} iterations, largest error {abs(one(t)[:, :1] - exact).max():.1e}")
axis.set(xlabel="t", ylabel="x")
axis.legend()
plt.show()
