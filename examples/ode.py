"""An ODE whose right-hand side is a network, integrated without Python in the loop.

A network learns the damped pendulum, angle'' = -sin(angle) - angle' / 5. A Runge-Kutta loop
integrates the network twice: as Python code that calls it, and as the same code compiled by numba,
which calls the network's C function.

    pip install numba
    python examples/ode.py
"""
import time

import numba
import numpy as np

from mathwork.nn import Dense, Network

STEP = 0.01         # seconds; a small swing takes 2 pi seconds


def pendulum(state):
    """Return the time derivative of (angle, speed), in the last axis"""
    angle, speed = state[..., 0], state[..., 1]
    return np.stack([speed, -np.sin(angle) - speed / 5], axis=-1)


def learned(rate, rng):
    """Fit a network to `rate`: 64 random tanh features, and an output layer by least squares"""
    hidden = Dense(rng.normal(size=(64, 2), scale=0.3), rng.uniform(-1, 1, 64), "tanh")
    states = rng.uniform(-3, 3, (5000, 2))
    features = Network([hidden], dtype=float)(states)
    features = np.column_stack([features, np.ones(len(states))])
    weight = np.linalg.lstsq(features, rate(states), rcond=None)[0].T
    return Network([hidden, Dense(weight[:, :-1], weight[:, -1])], dtype=float)


def integrate(rate, state, n_steps):
    """Take n_steps of the classical Runge-Kutta method; rate(state, slope) writes slope"""
    slope = np.empty((4, 2))
    for _ in range(n_steps):
        rate(state, slope[0])
        rate(state + STEP / 2 * slope[0], slope[1])
        rate(state + STEP / 2 * slope[1], slope[2])
        rate(state + STEP * slope[2], slope[3])
        state = state + STEP / 6 * (slope[0] + 2 * slope[1] + 2 * slope[2] + slope[3])
    return state


def show(name, state, note=""):
    print(f"{name:27} angle {state[0]:+.8f}, speed {state[1]:+.8f}{note}")


def timed(name, integrate, rate, start, n_steps):
    integrate(rate, start, 1)           # numba compiles here
    begin = time.perf_counter()
    state = integrate(rate, start, n_steps)
    show(name, state, f", {(time.perf_counter() - begin) / n_steps * 1e6:.2f} us a step")
    return state


def main(n_steps=2000):
    net = learned(pendulum, np.random.default_rng(0))
    function = net.as_ctypes()          # keeps the network alive while numba uses its address
    row, address = function.row, function.network.value

    @numba.njit
    def compiled(state, slope):
        row(state.ctypes, slope.ctypes, address)

    start = np.array([2.5, 0.0])
    print(f"{net}, {n_steps} steps of {STEP}")
    one = timed("Python, calling the network", integrate,
                lambda state, slope: net(state, out=slope), start, n_steps)
    two = timed("numba, calling the pointer", numba.njit(integrate), compiled, start, n_steps)
    print("the same bits:", one.tobytes() == two.tobytes())
    show("the pendulum itself", integrate(
        lambda state, slope: np.copyto(slope, pendulum(state)), start, n_steps))


if __name__ == "__main__":
    main()
