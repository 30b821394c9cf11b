"""Training in numba: all steps in one compiled function, loops by hand, products by BLAS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.training_peers import BETA_1, BETA_2, EPS, Case, Run, answers, problem


def by_hand(case: Case) -> Run:
    """Loops over batches, layers and rows; loops for the products, too, were slower than BLAS."""
    net, x, y = problem(case)
    sizes = np.array(case.sizes)
    start = np.concatenate([part for layer in net.layers
                            for part in (layer.weight.T.ravel(), layer.bias)])
    names = {"fit": _fit(case), "initial": start, "x": x, "y": answers(case, y), "sizes": sizes}

    def parameters(theta: np.ndarray) -> np.ndarray:
        parts, at = [], 0
        for n_in, n_out in zip(case.sizes, case.sizes[1:], strict=False):
            weight = theta[at:at + n_in * n_out].reshape(n_in, n_out)
            at += n_in * n_out + n_out
            parts += [weight.T.ravel(), theta[at - n_out:at]]
        return np.concatenate(parts)

    return Run("fit(initial, x, y, sizes)", names, parameters)


def _fit(case: Case) -> Callable:
    """Compile the training; sizes of batches and epochs are constants."""
    from numba import njit

    gradient_of = _gradient(case)
    batch, epochs, rate = case.batch, case.epochs, case.rate
    kept_1, new_1 = np.float32(BETA_1), np.float32(1 - BETA_1)
    kept_2, new_2 = np.float32(BETA_2), np.float32(1 - BETA_2)
    eps = np.float32(EPS)

    @njit(fastmath=True, error_model="numpy")
    def fit(start, x, y, sizes):
        theta = start.copy()
        first, second = np.zeros_like(theta), np.zeros_like(theta)
        gradient = np.empty_like(theta)
        values = np.empty((sizes.size, batch * sizes.max()), np.float32)
        slopes = np.empty((2, batch * sizes.max()), np.float32)
        power_1, power_2 = 1.0, 1.0
        for _ in range(epochs):
            for begin in range(0, x.shape[0], batch):
                rows = min(batch, x.shape[0] - begin)
                gradient_of(theta, x[begin:begin + rows], y[begin:begin + rows], sizes, values,
                            slopes, gradient)
                power_1 *= BETA_1
                power_2 *= BETA_2
                pace = np.float32(rate / (1 - power_1))
                growth = np.float32(1 / np.sqrt(1 - power_2))
                for i in range(theta.size):
                    g = gradient[i]
                    m = kept_1 * first[i] + new_1 * g
                    v = kept_2 * second[i] + new_2 * g * g
                    first[i], second[i] = m, v
                    theta[i] -= pace * m / (np.sqrt(v) * growth + eps)
        return theta

    return fit


def _gradient(case: Case) -> Callable:
    """Compile the gradient of one batch, for any number of layers."""
    from numba import njit

    rectified, entropy = case.activation == "relu", case.loss == "cross_entropy"
    zero, one, two = np.float32(0), np.float32(1), np.float32(2)

    @njit(fastmath=True, error_model="numpy")
    def gradient_of(theta, x, y, sizes, values, slopes, gradient):
        rows, layers, at = x.shape[0], sizes.size - 1, 0
        a = x
        for layer in range(layers):
            n_in, n_out = sizes[layer], sizes[layer + 1]
            weight = theta[at:at + n_in * n_out].reshape(n_in, n_out)
            at += n_in * n_out + n_out
            z = values[layer + 1][:rows * n_out].reshape(rows, n_out)
            np.dot(a, weight, z)
            bias = theta[at - n_out:at]
            for i in range(rows):
                for j in range(n_out):
                    z[i, j] += bias[j]
            if layer < layers - 1:
                flat = values[layer + 1]
                if rectified:
                    for i in range(rows * n_out):
                        flat[i] = max(flat[i], zero)
                else:
                    for i in range(rows * n_out):
                        flat[i] = np.tanh(flat[i])
            a = z
        n_out = sizes[layers]
        d = slopes[0][:rows * n_out].reshape(rows, n_out)
        share = one / np.float32(rows)
        for i in range(rows):
            if entropy:
                top, total = a[i, 0], zero
                for j in range(1, n_out):
                    top = max(top, a[i, j])
                for j in range(n_out):
                    d[i, j] = np.exp(a[i, j] - top)
                    total += d[i, j]
                for j in range(n_out):
                    d[i, j] = (d[i, j] / total - y[i, j]) * share
            else:
                for j in range(n_out):
                    d[i, j] = two * (a[i, j] - y[i, j]) * share
        for back in range(layers):
            layer = layers - 1 - back
            n_in, n_out = sizes[layer], sizes[layer + 1]
            at -= n_in * n_out + n_out
            bias = gradient[at + n_in * n_out:at + n_in * n_out + n_out]
            bias[:] = zero
            for i in range(rows):
                for j in range(n_out):
                    bias[j] += d[i, j]
            a = x if layer == 0 else values[layer][:rows * n_in].reshape(rows, n_in)
            np.dot(a.T, d, gradient[at:at + n_in * n_out].reshape(n_in, n_out))
            if layer:
                flat = slopes[(back + 1) % 2]
                before = flat[:rows * n_in].reshape(rows, n_in)
                np.dot(d, theta[at:at + n_in * n_out].reshape(n_in, n_out).T, before)
                value = values[layer]
                if rectified:
                    for i in range(rows * n_in):
                        flat[i] = flat[i] if value[i] > zero else zero
                else:
                    for i in range(rows * n_in):
                        flat[i] *= one - value[i] * value[i]
                d = before

    return gradient_of
