"""Networks, systems and orbits over blocks of Dask arrays: bits, dtypes and shapes in memory."""
import numpy as np
import pytest
from helpers import raises, same_bits

pytest.importorskip("dask", reason="dask is not installed")
import dask
import dask.array as da

import mathwork.dask as lazy
from mathwork import matrix, nn, orbit
from mathwork.constants import GM_SUN


def in_chunks(array, *chunks):
    return da.from_array(array, chunks=chunks)


def assert_same(found, wanted):
    """Assert that a Dask array says what it has, and has the bits that are wanted."""
    wanted = np.asarray(wanted)
    assert isinstance(found, da.Array)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    assert same_bits(found.compute(), wanted)


def assert_same_fields(found, wanted, names):
    for name in names:
        assert_same(getattr(found, name), getattr(wanted, name))


def stack(rng, shape, dtype=np.float64):
    """Matrices, among them one of zeros, one of rank 1 and one that is not finite"""
    A = rng.normal(size=shape).astype(dtype)
    flat = A.reshape(-1, *shape[-2:])
    flat[2], flat[4], flat[5, 0, 0] = 0, flat[4, :1], np.nan
    return A


# ---- systems ----

@pytest.mark.parametrize("options", [{}, {"columns": 2}, {"tol": 0.5}, {"atol": 0.3}], ids=str)
def test_rref(options, dtype, rng):
    A = stack(rng, (20, 6, 3, 4), dtype)
    found = lazy.rref(in_chunks(A, 7, 4, 2, 3), **options)
    assert_same_fields(found, matrix.rref(A, **options), found._fields)
    assert found.matrix.chunks == ((7, 7, 6), (4, 2), (3,), (4,))


def test_rref_of_complex_matrices(rng):
    A = stack(rng, (12, 3, 4)) + 1j * rng.normal(size=(12, 3, 4))
    found = lazy.rref(in_chunks(A, 5, 3, 4))
    assert_same_fields(found, matrix.rref(A), ("matrix", "pivots", "rank"))


@pytest.mark.parametrize("sides", [(3,), (20, 6, 3), (1, 6, 3), (20, 1, 3, 2)], ids=str)
@pytest.mark.parametrize("in_memory", [False, True])
def test_solve(sides, in_memory, rng):
    A, b = stack(rng, (20, 6, 3, 4)), rng.normal(size=sides)
    found = lazy.solve(in_chunks(A, 7, 4, 2, 3), b if in_memory else in_chunks(b, *[3] * b.ndim))
    assert_same_fields(found, matrix.solve(A, b), found._fields)


def test_one_matrix_in_memory_and_many_sides(rng):
    A, b = rng.normal(size=(3, 3)), rng.normal(size=(50, 3, 1))
    found = lazy.solve(A, in_chunks(b, 20, 3, 1))
    assert_same_fields(found, matrix.solve(A, b), found._fields)


def test_lu(dtype, rng):
    A = stack(rng, (30, 4, 4), dtype)
    found, wanted = lazy.lu(in_chunks(A, 8, 2, 2)), matrix.lu(A)
    assert_same_fields(found, wanted, ("L", "U", "permutation", "rank", "status", "ambiguous"))
    assert_same(found.det(), wanted.det())
    assert_same(found.inv(), wanted.inv())
    b = rng.normal(size=(30, 4))
    for sides in (b, in_chunks(b, 5, 4)):       # in chunks of other sizes than the factors
        assert_same(found.solve(sides), wanted.solve(b))
    columns = rng.normal(size=(1, 4, 3))
    assert_same(found.solve(columns), wanted.solve(columns))


def test_inv_and_det(dtype, rng):
    A = stack(rng, (30, 2, 3, 3), dtype)
    assert_same(lazy.inv(in_chunks(A, 8, 2, 2, 2)), matrix.inv(A))
    assert_same(lazy.det(in_chunks(A, 8, 2, 2, 2)), matrix.det(A))


def test_parts_that_are_computed_together_share_the_work():
    counted = []

    def block(start):
        counted.append(start)
        return np.random.default_rng(start).normal(size=(5, 3, 3))

    A = da.concatenate([da.from_delayed(dask.delayed(block, pure=True)(start), (5, 3, 3), float)
                        for start in range(6)])
    reduced, factors = lazy.rref(A), lazy.lu(A)
    dask.compute(reduced.matrix, reduced.rank, factors.L, factors.inv(), scheduler="sync")
    assert sorted(counted) == list(range(6))


# ---- orbits ----

@pytest.mark.parametrize("options", [{}, {"fixed_star": False}])
def test_orbit_table(options, rng):
    planet, radius = rng.uniform(1e24, 9e24, (40, 1)), rng.uniform(1e11, 9e11, 50)
    radius[3] = np.nan
    found = lazy.orbit_table(1.9884e30, planet, in_chunks(radius, 20), **options)
    wanted = orbit.orbit_table(1.9884e30, planet, radius, **options)
    assert type(found) is type(wanted)
    assert_same_fields(found, wanted, wanted._fields)
    assert_same(found.radius, np.broadcast_to(radius, (40, 50)))


def test_orbit_table_by_periods(rng):
    period = rng.uniform(1e6, 1e9, 50)
    found = lazy.orbit_table(1.9884e30, period=in_chunks(period, 20))
    wanted = orbit.orbit_table(1.9884e30, period=period)
    assert_same_fields(found, wanted, (*wanted._fields, "radius"))


def test_numbers_may_have_units(rng):
    units = pytest.importorskip("astropy.units")
    radius = rng.uniform(1e11, 9e11, 50)
    found = lazy.orbit_table(1 * units.M_sun, radius=in_chunks(radius, 20))
    mass = (1 * units.M_sun).to_value(units.kg)
    assert_same(found.speed, orbit.orbit_table(mass, radius=radius).speed)


def test_solve_kepler(rng):
    M, e = rng.uniform(-9, 9, (50, 1)), np.append(rng.uniform(0, 2, 39), -1)
    chunks = in_chunks(M, 20, 1)
    assert_same(lazy.solve_kepler(chunks, e), orbit.solve_kepler(M, e))
    for options in ({"status": True}, {"parts": True}):
        found = lazy.solve_kepler(chunks, in_chunks(e, 7), **options)
        wanted = orbit.solve_kepler(M, e, **options)
        assert type(found) is type(wanted)
        assert_same_fields(found, wanted, wanted._fields)


@pytest.mark.parametrize("stm", [False, True])
def test_propagate(stm, rng):
    r, v = rng.normal(size=(60, 3)) * 1e11, rng.normal(size=(60, 3)) * 1e4
    dt = rng.uniform(-1e7, 1e7, (5, 1))
    found = lazy.propagate(in_chunks(r, 20, 2), v, in_chunks(dt, 2, 1), mu=GM_SUN, stm=stm)
    wanted = orbit.propagate(r, v, dt, mu=GM_SUN, stm=stm)
    assert type(found) is type(wanted)
    assert_same_fields(found, wanted, wanted._fields)


def test_durations(rng):
    r, v = rng.normal(size=(6, 3)) * 1e11, rng.normal(size=3) * 1e4
    for dt in (np.timedelta64(30, "D"), np.arange(6).astype("m8[h]")):
        wanted = orbit.propagate(r, v, dt, mu=GM_SUN).position
        assert_same(lazy.propagate(in_chunks(r, 4, 3), v, dt, mu=GM_SUN).position, wanted)
    assert_same(lazy.propagate(r, v, in_chunks(dt, 4), mu=GM_SUN).position, wanted)


# ---- networks ----

def networks(count=7):
    return nn.Networks([nn.Network.he((4, 8, 2), rng=seed) for seed in range(count)])


@pytest.mark.parametrize("shape", [(100, 4), (30, 5, 4)], ids=str)
@pytest.mark.parametrize("network", [networks()[0], networks()], ids=["one", "many"])
def test_forward(network, shape, rng):
    x = rng.normal(size=shape)
    found = lazy.forward(network, in_chunks(x, 30, *[3] * (x.ndim - 1)))
    assert_same(found, network(x))
    assert (30, 30, 30, 10) in found.chunks or (30,) in found.chunks


def test_forward_of_a_dataframe(rng):
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame(rng.normal(size=(100, 4)))
    found = lazy.forward(networks()[0], dd.from_pandas(frame, npartitions=3))
    assert np.isnan(found.shape[0]) and found.shape[1:] == (2,)
    assert same_bits(found.compute(), networks()[0](frame))


def test_a_network_is_in_the_graph_once(rng):
    x = in_chunks(rng.normal(size=(1000, 4)), 10, 4)
    network = networks()[0]
    graph = dict(lazy.forward(network, x).__dask_graph__())
    assert sum(getattr(task, "value", None) is network for task in graph.values()) == 1


SEEDS = {
    "one seed": lambda: {"rng": 3},
    "a seed each": lambda: {"rng": range(7), "learning_rate": np.geomspace(1e-3, 1e-1, 7)},
    "a generator": lambda: {"rng": np.random.default_rng(5), "validation": 0.2},
    "one generator often": lambda: {"rng": [np.random.default_rng(5)] * 7, "optimizer": "adamw",
                                    "weight_decay": np.arange(7) / 100},
    "a sequence": lambda: {"rng": np.random.SeedSequence(8), "class_weight": None},
}


def assert_same_trainings(found, wanted):
    assert found.networks == wanted.networks
    assert same_bits(found.status, wanted.status)
    assert found.history.keys() == wanted.history.keys()
    assert all(same_bits(found.history[name], wanted.history[name]) for name in wanted.history)


@pytest.mark.parametrize("pieces", [1, 3, 7])
@pytest.mark.parametrize("options", SEEDS.values(), ids=SEEDS)
def test_training_has_its_bits_in_one_process(options, pieces, rng):
    x, y, nets = rng.normal(size=(100, 4)), rng.normal(size=(100, 2)), networks()
    here, there = options(), options()
    wanted = nn.train_many(nets, x, y, epochs=3, **here)
    found = lazy.train_many(nets, x, y, epochs=3, pieces=pieces, **there)
    assert_same_trainings(found.compute(), wanted)
    assert_same_trainings(found.compute(), wanted)      # as after a worker was lost
    if isinstance(here["rng"], np.random.Generator):
        assert here["rng"].random() == there["rng"].random()


def test_training_on_rows_of_each_network(rng):
    x, y, weights = rng.normal(size=(7, 50, 4)), rng.normal(size=(7, 50, 2)), rng.random((7, 50))
    wanted = nn.train_many(networks(), x, y, epochs=3, rng=1, weights=weights)
    for inputs in (x, in_chunks(x, 2, 30, 4)):
        found = lazy.train_many(networks(), inputs, y, epochs=3, rng=1, weights=weights, pieces=3)
        assert_same_trainings(found.compute(), wanted)


def test_training_on_dask_arrays(rng):
    x, y = rng.normal(size=(100, 4)), rng.normal(size=(100, 2))
    wanted = nn.train_many(networks(), x, y, epochs=2, rng=1, validation=(x, y))
    inputs, answers = in_chunks(x, 30, 3), in_chunks(y, 40, 2)
    found = lazy.train_many(networks(), inputs, answers, epochs=2, rng=1,
                            validation=(inputs, answers))
    assert_same_trainings(found.compute(), wanted)


def test_entropy_is_fresh_but_stays():
    x = np.ones((20, 4))
    first, second = (lazy.train_many(networks(), x * np.arange(20)[:, None], x[:, :2], epochs=2,
                                     batch_size=3) for _ in range(2))
    assert_same_trainings(first.compute(), first.compute())
    assert first.compute().networks != second.compute().networks


# ---- what is refused, before anything is computed ----

def test_what_is_in_memory_is_refused(rng):
    A = rng.normal(size=(5, 3, 3))
    advice = "and dask.array.from_array makes an array in chunks of it"
    for name in ("rref", "lu", "inv", "det"):
        with raises(TypeError, f"A must be a Dask array, got ndarray: mathwork.matrix.{name} takes "
                               f"what is in memory, {advice}"):
            getattr(lazy, name)(A)
    with raises(TypeError, "star_mass or planet_mass or radius or period must be a Dask array, got "
                           "float, float, float, NoneType: mathwork.orbit.orbit_table takes what "
                           f"is in memory, {advice}"):
        lazy.orbit_table(1.0, 2.0, 3.0)
    with raises(TypeError, "x must be a Dask array or dataframe, got ndarray: the network itself "
                           "takes what is in memory"):
        lazy.forward(networks(), A)


def test_one_matrix_is_refused():
    with raises(ValueError, "A must be a stack, with more than 2 axes, got shape (4, 4): "
                            "mathwork.matrix.rref takes A.compute()"):
        lazy.rref(da.ones((4, 4)))
    with raises(ValueError, "A must have at least 2 axes, got shape (4,)"):
        lazy.rref(da.ones(4))


@pytest.mark.parametrize(("call", "message"), [
    (lambda A: lazy.rref(A, columns=9), "columns must be between 0 and 4, the columns of A, got 9"),
    (lambda A: lazy.rref(A, tol=-1), "tol must be a number at least 0, got -1"),
    (lambda A: lazy.solve(A, np.ones((7, 3))), "A and b must be stacks that broadcast, got "
                                               "shapes (6,), (7,) before the axes of one element"
     ),
    (lambda A: lazy.solve_kepler(A[:, 0, 0], da.ones(3)),
     "mean_anomaly and eccentricity must be stacks that broadcast, got shapes (6,), (3,) before "
     "the axes of one element"),
    (lambda A: lazy.solve_kepler(A[:, 0, 0], np.ones((1,) * 40)),
     "mean_anomaly and eccentricity must have at most 32 axes before those of one element, got 40"),
    (lambda A: lazy.train_many(networks(), A[0], A[0, :, :2], rng=10**5000),
     "rng must have at most 10000 bits, got an integer of 16610 bits"),
    (lambda A: lazy.forward(networks(), A[0, :, :3]),
     "x must have 4 columns to match the first layer, got shape (0, 3)"),
    (lambda A: lazy.forward(networks(), A[0, 0]), "x must have rows, shape (..., 4), got (4,)"),
    (lambda A: lazy.train_many(networks(), A[0], A[0, :, :2], pieces=9),
     "pieces must be from 1 to the 7 networks, got 9"),
    (lambda A: lazy.train_many(networks(), A, A), "inputs must be for all networks, or 7, one set "
                                                  "for each, got 6"),
    (lambda A: lazy.train_many(networks(), A[0], A[0], learning_rate=-1),
     "learning_rate must be above 0 and finite, got -1"),
])
def test_values_that_are_refused(call, message):
    with raises(ValueError, message):
        call(da.ones((6, 3, 4), chunks=2))


@pytest.mark.parametrize("name", ["inputs", "answers"])
def test_rows_that_are_none_are_named(name):
    rows = {"inputs": np.ones((6, 4)), "answers": np.ones((6, 2)), name: None}
    with raises(TypeError, f"{name} must hold real numbers, got dtype object"):
        lazy.train_many(networks(), **rows).compute()


@pytest.mark.parametrize("call", [
    lambda A: lazy.inv(A), lambda A: lazy.lu(A).det(), lambda A: lazy.lu(A).inv()])
def test_matrices_that_are_not_square(call):
    with pytest.raises(ValueError, match="A must be square"):
        call(da.ones((6, 3, 4), chunks=2))


@pytest.mark.parametrize(("call", "message"), [
    (lambda A: lazy.rref(A.astype("U3")), "A must hold real numbers, got dtype <U3"),
    (lambda A: lazy.orbit_table(A), "one of radius and period must be given"),
    (lambda A: lazy.solve_kepler(A, np.ma.ones(4)), "eccentricity must be a plain array, got a "
                                                    "masked array: fill or compress it first"),
    (lambda A: lazy.forward(3, A), "network must be a Network or Networks, got int"),
    (lambda A: lazy.train_many(networks(), A[0], A[0], rng="a"),
     "rng must be an integer, a numpy.random.Generator, a SeedSequence or None, got 'a'"),
    (lambda A: lazy.train_many(networks(), A[0], A[0], progress=True),
     "progress is not for training on workers: the dashboard of Dask and distributed.progress "
     "show how far it is"),
])
def test_kinds_that_are_refused(call, message):
    with raises(TypeError, message):
        call(da.ones((6, 3, 4), chunks=2))
