"""Calls, and the types of their results to whoever uses mathwork.

test_types.py has mypy check this file. It also runs it, and holds the values to the same types.
"""
import ctypes
import typing
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import mathwork
from mathwork import activations, constants, data, init, matrix, nn, orbit, regression

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Floats = NDArray[np.float32 | np.float64]
Word = Literal["unique", "infinite", "inconsistent", "nan"]

numbers = [1.0, 2.0, 3.0, 4.0]
array = np.array(numbers)
square = np.array([[2.0, 3.0], [4.0, 5.0]])
one_or_several: float | Float64s = array

# ---- mathwork ----

typing.assert_type(mathwork.__version__, str)
typing.assert_type(mathwork.show_runtime, typing.Callable[[], None])

# ---- nn ----

layer = nn.Dense(square, activation=("leaky_relu", 0.2))
net = nn.Network([layer, nn.Dense([[1, 1]])])

typing.assert_type(layer.weight, Floats)
typing.assert_type(net, nn.Network)
typing.assert_type(net([3, 5]), Floats)
typing.assert_type(net(square, workers=2), Floats)
typing.assert_type(net.layers, tuple[nn.Dense | nn.LayerNorm | nn.RMSNorm | nn.Residual, ...])
typing.assert_type(net.sizes, tuple[int, ...])
typing.assert_type(net.n_parameters, int)
typing.assert_type(net.trace([3, 5]), tuple[Floats, ...])
typing.assert_type(net.classify([[3, 5]]), int | NDArray[np.intp])
typing.assert_type(nn.Network.he((2, 3, 1), activation="tanh", rng=0), nn.Network)
typing.assert_type(net.as_ctypes().network, ctypes.c_void_p)
typing.assert_type(nn.cost(numbers, array), np.float32 | np.float64 | Floats)


class Named(nn.Network):
    """A subclass, of which a class method makes one."""

    __slots__ = ()


typing.assert_type(Named.he((2, 1)), Named)

# ---- activations ----

typing.assert_type(activations.relu(array), Floats | Any)
typing.assert_type(activations.relu(1.0), np.float32 | np.float64)
typing.assert_type(activations.elu(numbers, 1.5), Floats | Any)
typing.assert_type(activations.softmax(numbers), Floats)

# ---- init, constants, data ----

typing.assert_type(init.he_normal((3, 2), rng=0), Float32s)
typing.assert_type(init.he_uniform((3, 2), dtype=np.float64), Floats)
typing.assert_type(init.he_std(3), float)
typing.assert_type(init.normal_pdf(0.5), np.float64 | Float64s)
typing.assert_type(constants.G.source, str)
typing.assert_type(constants.AU / 1e3, float)
typing.assert_type(data.digits(), tuple[NDArray[np.uint8], NDArray[np.uint8]])

# ---- matrix ----

reduced = matrix.rref(square, columns=1)
solution = matrix.solve(square, [6, 10])
work = matrix.eliminate(square)

typing.assert_type(matrix.matvec(square, [1, 1]), Floats)
typing.assert_type(matrix.swap_rows(square, 0, -1, out=square.copy()), Floats)
typing.assert_type(matrix.augment(square, [1, 2]), NDArray[Any])
typing.assert_type(matrix.is_rref(square), bool | NDArray[np.bool])
typing.assert_type(reduced, matrix.Reduced)
typing.assert_type(reduced.pivots, tuple[int, ...] | NDArray[np.intp])
typing.assert_type(reduced.rank, int | NDArray[np.intp])
typing.assert_type(reduced.ambiguous, bool | NDArray[np.bool])
typing.assert_type(reduced.margin.accepted, float | Float64s)
typing.assert_type(solution.status, Word | NDArray[np.int8])
typing.assert_type(solution.null_space, NDArray[Any])
typing.assert_type(matrix.rank([square, square]), int | NDArray[np.intp])
typing.assert_type(matrix.matmul([square, square], square, workers=2), Floats)
typing.assert_type(matrix.lu(square), matrix.LU)
typing.assert_type(matrix.lu(square).solve([6, 10]), Floats)
typing.assert_type(matrix.lu(square).U, Floats)
typing.assert_type(matrix.lu(square).rank, int | NDArray[np.intp])
typing.assert_type(matrix.lu(square).det(), np.float32 | np.float64 | Floats)
typing.assert_type(matrix.lu(square).inv(), Floats)
typing.assert_type(matrix.slogdet(square), matrix.SlogDet)
typing.assert_type(matrix.slogdet(square).sign, np.float32 | np.float64 | Floats)
typing.assert_type(matrix.lstsq(square, [6, 10]), matrix.LeastSquares)
typing.assert_type(matrix.lstsq(square, [6, 10]).x, Floats)
typing.assert_type(matrix.inv(square), Floats)
typing.assert_type(matrix.inv(square, exact=True), NDArray[Any])
typing.assert_type(matrix.det(square), np.float32 | np.float64 | Floats)
typing.assert_type(matrix.det(square, modulus=7),
                   Fraction | int | np.float32 | np.float64 | Floats | NDArray[Any])
typing.assert_type(work.pivots, tuple[int, ...])
typing.assert_type(work.latex(), str)

# ---- regression ----

line = regression.fit_line(numbers, [array, array])
linear = regression.fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4], nan_policy="omit")
polynomial = regression.fit_polynomial(numbers, [1, 3, 2, 5], 1)
groups = regression.fit_groups(["a", "a", "b", "b"], numbers, numbers)
rolling = regression.fit_rolling(numbers, array, 2)
fading = regression.fit_rolling(array, array, halflife=3, time=array, nan_policy="omit")
planes = regression.fit_groups([1, 1], [[1, 2], [3, 5]], [1, 2], weights=[1, 2], intercept=False)
moments = regression.Moments.of([[1], [2]], [1, 3]) + regression.Moments.of([[3], [4]], [2, 4])

typing.assert_type(line, regression.LineFit)
typing.assert_type(fading.nobs_effective, Float64s)
typing.assert_type(planes.params, Float64s)
typing.assert_type(planes.of(1), regression.LineFit | regression.PlaneFit)
typing.assert_type(line.slope, float | Float64s)
typing.assert_type(line.nobs, int | NDArray[np.int64])
typing.assert_type(line.status, int | NDArray[np.int8])
typing.assert_type(line.predict(5), float | Float64s)
typing.assert_type(linear.params, Float64s)
typing.assert_type(linear.rsquared, float | Float64s)
typing.assert_type(linear.df_resid, int)
typing.assert_type(linear.predict([[5]]), Float64s)
typing.assert_type(linear.summary().columns, tuple[str, ...])
typing.assert_type(polynomial.coef, Float64s)
typing.assert_type(polynomial.degree, int)
typing.assert_type(polynomial.predict(5), float)
typing.assert_type(polynomial.predict(numbers), Float64s | Any)
typing.assert_type(polynomial.mean_stderr(one_or_several), float | Float64s | Any)
typing.assert_type(groups.slope, Float64s)
typing.assert_type(groups.nobs, NDArray[np.int64])
typing.assert_type(rolling.status, NDArray[np.int8])
typing.assert_type(moments.fit(), regression.LinearFit)
typing.assert_type(moments.weight, float)

# ---- orbit ----

halley = orbit.KeplerOrbit(17.834 * constants.AU, 0.96714, mu=constants.GM_SUN)
earth = orbit.CircularOrbit(constants.M_SUN, constants.M_EARTH, constants.AU)

typing.assert_type(orbit.circular_speed(constants.AU, mu=constants.GM_SUN), float)
typing.assert_type(orbit.period([constants.AU, 1e12], star_mass=constants.M_SUN), Floats | Any)
typing.assert_type(orbit.hill_radius(1e11 * array, star_mass=2e30, planet_mass=6e24), Floats | Any)
typing.assert_type(orbit.gravitational_force(2e30, 6e24, np.float32(1e11)), float)
typing.assert_type(orbit.vis_viva(1e12 * array, 1e13, mu=constants.GM_SUN), Floats | Any)
typing.assert_type(orbit.solve_kepler(1.0, 0.5), float)
typing.assert_type(orbit.solve_kepler(1.0, 0.5, parts=True).sin_true, float)
typing.assert_type(orbit.propagate([1, 0, 0], [0, 1, 0], 1.0, mu=1.0), orbit.State[Any])
typing.assert_type(orbit.propagate([1, 0, 0], [0, 1, 0], 1.0, mu=1.0, stm=True).stm,
                   NDArray[np.float64])
typing.assert_type(orbit.KeplerOrbit([1e12, 2e12], 0.1, mu=constants.GM_SUN)[0], orbit.KeplerOrbit)
typing.assert_type(orbit.solve_kepler(numbers, 0.5), Floats | Any)
typing.assert_type(orbit.solve_kepler(one_or_several, 0.5), Floats | Any)
typing.assert_type(orbit.solve_kepler(1, 0.5, status=True), orbit.Anomaly[float, int])
typing.assert_type(orbit.solve_kepler(array, 0.5, status=True).status, NDArray[np.int8] | Any)
typing.assert_type(orbit.orbit_table(2e30, 6e24, 1e11).speed, float)
typing.assert_type(orbit.orbit_table(2e30, period=1e7).radius, float)
typing.assert_type(orbit.orbit_table(2e30, None, [1e11, 2e11]).force, Floats | Any)
typing.assert_type(orbit.semimajor_axis(1e7, mu=1e20), float)
typing.assert_type(orbit.semimajor_axis(1e7 * array, mu=1e20), Floats | Any)
typing.assert_type(orbit.orbit_table(2e30, 6e24, 1e11 * array).period, Floats | Any)
typing.assert_type(halley.shape, tuple[int, ...])
typing.assert_type(halley.period, float | Float64s | Any)
typing.assert_type(halley.position(array), Float64s | Any)
typing.assert_type(earth.speed, float | Any)
typing.assert_type(earth.position(0), Floats | Any)
