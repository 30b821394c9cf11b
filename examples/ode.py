"""
An ODE that a network learnt, integrated without Python
=======================================================

A network learns the damped pendulum, angle'' = -sin(angle) - angle' / 5. numba compiles a Runge-
Kutta loop that calls the network's C function, so no Python runs in it. It needs numba.
"""
import time

import matplotlib.pyplot as plt
import numba
import numpy as np

from mathwork.nn import Network, train

STEP, N_STEPS = 0.02, 1500          # seconds


def pendulum(state):
    """Return the time derivative of (angle, speed), in the last axis"""
    angle, speed = state[..., 0], state[..., 1]
    return np.stack([speed, -np.sin(angle) - speed / 5], axis=-1)


states = np.random.default_rng(0).uniform(-3.5, 3.5, (1000, 2))
net = Network.he((2, 12, 2), activation="tanh", output="identity", dtype=float, rng=0)
net = train(net, states, pendulum(states), optimizer="levenberg_marquardt", epochs=60).network
function = net.as_ctypes()          # keeps the network alive while numba uses its address
row, address = function.row, function.network.value


@numba.njit
def path(state):
    """Take the steps of the classical Runge-Kutta method"""
    states, slope = np.empty((N_STEPS, 2)), np.empty((4, 2))
    for n in range(N_STEPS):
        states[n] = state
        row(state.ctypes, slope[0].ctypes, address)
        for stage, part in ((1, 0.5), (2, 0.5), (3, 1.0)):
            at = state + part * STEP * slope[stage - 1]
            row(at.ctypes, slope[stage].ctypes, address)
        state = state + STEP / 6 * (slope[0] + 2 * slope[1] + 2 * slope[2] + slope[3])
    return states


path(np.zeros(2))                   # numba compiles here
begin = time.perf_counter()
swing = path(np.array([3.0, 0.0]))
print(f"{net}: {(time.perf_counter() - begin) / N_STEPS * 1e6:.2f} us a step of four calls")

side = np.linspace(-3.4, 3.4, 30)
field = net(np.stack(np.meshgrid(side, side), axis=-1))
figure, axis = plt.subplots(figsize=(7, 4.6))
axis.streamplot(side, side, field[..., 0], field[..., 1], color="grey", linewidth=0.7, density=1.2)
axis.plot(*swing.T, color="C1", linewidth=2)
axis.set(xlabel="angle", ylabel="angular speed")
plt.show()
