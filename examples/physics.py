"""A network that solves an ODE: physics-informed, without a single point of the solution.

x'' = -x - x' / 5 with x(0) = 1 and x'(0) = 0 is two equations of first order, x' = v and
v' = -x - v / 5. The network gives (x, v) for a time. Its loss is what the equations and the start
leave over, so it holds the derivatives of the outputs by the input; SciPy finds the parameters.

    pip install scipy
    python examples/physics.py
"""
import time

import numpy as np
from scipy.optimize import minimize

from mathwork.nn import Network, value_and_gradient

END = 6.0
TIMES = np.linspace(0, END, 60)[:, None]
MATRIX = np.array([[0.0, 1.0], [-1.0, -0.2]])       # of the equations: state' = MATRIX state
START = np.array([1.0, 0.0])
START_WEIGHT = 10.0


def loss(y, jacobian):
    """Return what is left over, and its derivatives by the outputs and by their derivatives"""
    residual = jacobian[:, :, 0] - y @ MATRIX.T
    error = y[0] - START
    value = (residual ** 2).mean() + START_WEIGHT * (error ** 2).sum()
    by_residual = 2 * residual / residual.size
    by_y = -by_residual @ MATRIX
    by_y[0] += 2 * START_WEIGHT * error
    return value, by_y, by_residual[:, :, None]


def exact(t):
    """Return x(t) of the damped oscillation"""
    omega = np.sqrt(0.99)
    return np.exp(-0.1 * t) * (np.cos(omega * t) + 0.1 / omega * np.sin(omega * t))


def main(iterations=500):
    net = Network.he((1, 12, 12, 2), activation="tanh", output="identity", dtype=float, rng=0)
    begin = time.perf_counter()
    found = minimize(lambda v: value_and_gradient(net.with_parameters(v), TIMES, loss=loss),
                     net.parameters(), jac=True, method="BFGS",
                     options={"maxiter": iterations, "gtol": 1e-8})
    net = net.with_parameters(found.x)
    between = np.linspace(0, END, 1000)[:, None]
    error = abs(net(between)[:, :1] - exact(between)).max()
    print(f"{net}, {found.nit} iterations in {time.perf_counter() - begin:.1f} s")
    print(f"loss {found.fun:.1e}, largest error of x {error:.1e}")
    return error


if __name__ == "__main__":
    main()
