"""The kernels of training: gradients, steps, orders and bits, at every level."""
import itertools

import numpy as np
import pytest
import training_twin as twin
from helpers import every_activation
from test_training_twin import ENDS, OPTIMIZERS, answers_of, chain, every_end, every_kind
from test_training_twin import dense as dense_layer

from mathwork import _levels
from mathwork.nn import Dense, LayerNorm, Network, RMSNorm
from mathwork.nn.training.answers import kernel_loss

ROWS = (1, 15, 16, 17, 128, 129, 300)


def trainer_of(kernels, layers, loss, dtype=np.float64, **options):
    net = Network(layers, dtype=dtype)
    trainer = kernels.Trainer(net.layers, net.dtype, kernel_loss(net, loss), **options)
    assert np.array_equal(trainer.get_parameters(), net.parameters())
    return trainer


def samples_of(kernels, trainer, x, answers, weights=None):
    answers = np.asarray(answers)
    answers = (answers.astype(np.intp) if answers.ndim == 1
               else np.ascontiguousarray(answers, trainer.dtype))
    weights = None if weights is None else weights.astype(trainer.dtype)
    return kernels.Samples(trainer, np.ascontiguousarray(x, trainer.dtype), answers, weights)


def run(trainer, samples, epochs, *, batch=32, rate=1e-2, seed=None, validation=None, **options):
    losses, validated = np.full(epochs, np.nan), np.full(epochs, np.nan)
    word = trainer.run(samples, validation, batch, np.full(epochs, rate), losses, validated, seed,
                       **options)
    return word, losses, validated


def assert_gradient(kernels, layers, x, answers, loss, weights=None, delta=1.0):
    trainer = trainer_of(kernels, layers, loss, delta=delta)
    samples = samples_of(kernels, trainer, x, answers, weights)
    value, gradient = trainer.loss_and_gradient(samples)
    expected, slope = twin.loss_and_gradient(layers, x, answers, loss, weights=weights, delta=delta)
    assert value == pytest.approx(expected, rel=1e-12)
    assert trainer.loss(samples) == value
    np.testing.assert_allclose(gradient, slope, rtol=1e-12, atol=1e-12 * abs(slope).max())


# ---- gradients ----

@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@every_end
def test_gradient_of_every_loss(kernels, rng, depth, loss, last, kind):
    layers = chain(rng, depth, "tanh", last)
    for rows in ROWS:
        assert_gradient(kernels, layers, rng.normal(size=(rows, 3)), answers_of(rng, kind, rows),
                        loss, rng.uniform(0, 2, rows), 0.7)


@every_activation
def test_gradient_of_every_activation(kernels, rng, activation):
    for depth in range(1, 5):
        layers = chain(rng, depth, activation, "identity")
        assert_gradient(kernels, layers, rng.normal(size=(40, 3)), answers_of(rng, "numbers", 40),
                        "squared_error")
    layers = (dense_layer(rng, 3, 2, activation),)
    assert_gradient(kernels, layers, rng.normal(size=(40, 3)), answers_of(rng, "numbers", 40),
                    "huber")


@every_activation
def test_gradient_of_every_kind_of_layer(kernels, rng, activation):
    assert_gradient(kernels, every_kind(rng, activation), rng.normal(size=(50, 3)),
                    answers_of(rng, "labels", 50), "cross_entropy")


@pytest.mark.parametrize("norm", [LayerNorm, RMSNorm])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norms_of_rows_whose_squares_overflow_or_vanish(kernels, rng, norm, dtype):
    """The loss is that of the network's outputs; a scaled row has the gradient of the row"""
    x = rng.normal(size=(40, 5)).astype(dtype)
    scales = [2.0**-100, 1, 2.0**100] if dtype is np.float32 else [2.0**-600, 1, 2.0**600]
    eps = 1e-300 if dtype is np.float32 else 0
    layers = [norm(np.ones(5), eps=eps), Dense(rng.normal(size=(2, 5)))]
    trainer = trainer_of(kernels, layers, "squared_error", dtype)
    answers = rng.normal(size=(40, 2))
    expected = trainer.loss_and_gradient(samples_of(kernels, trainer, x, answers))
    for rows in (slice(None), slice(3, 30, 3)):
        for scale in scales:
            scaled = x.copy()
            scaled[rows] *= dtype(scale)
            found = trainer.loss_and_gradient(samples_of(kernels, trainer, scaled, answers))
            assert found[0] == pytest.approx(expected[0], rel=1e-5)
            np.testing.assert_allclose(found[1], expected[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 5, 1), (17, 16, 15), (33, 100, 31, 9), (300, 7, 64),
                                   (784, 128, 10)])
def test_gradient_of_any_sizes(kernels, rng, sizes):
    layers = [Dense(rng.normal(0, n_in ** -0.5, (n_out, n_in)), rng.normal(size=n_out), "tanh")
              for n_in, n_out in itertools.pairwise(sizes)]
    for rows in (1, 32, 150):
        assert_gradient(kernels, layers, rng.normal(size=(rows, sizes[0])),
                        rng.normal(size=(rows, sizes[-1])), "squared_error")


def test_binary_labels(kernels, rng):
    for last in ("sigmoid", "identity"):
        layers = (dense_layer(rng, 3, 4, "relu"), dense_layer(rng, 4, 1, last))
        assert_gradient(kernels, layers, rng.normal(size=(40, 3)), rng.integers(2, size=40),
                        "cross_entropy")


@every_activation
def test_slopes_at_kinks_and_far_out(kernels, activation):
    z = np.array([-3.0, -1.0, -0.0, 0.0, 1.0, 3.0, 6.0, -700, 700, -1e300, 1e300, 1e-300, -40, 40])
    name, *_ = twin.named(activation)
    if name in ("softmax", "log_softmax", "exp", "prelu"):
        pytest.skip(f"{name} has no slope of one number")
    network = kernels.ForwardPass((Dense([[1.0]], [0.0], activation),), np.dtype(float))
    found = kernels.jacobian_backward(network, z.reshape(-1, 1))[:, 0, 0]
    with np.errstate(all="ignore"):
        expected = twin.pulled_back(activation, z[:, None], np.ones((len(z), 1)))[:, 0]
    assert np.isfinite(found).all()
    known = np.isfinite(expected)           # the twin overflows far out
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-11, atol=1e-15)


def test_rows_of_weight_0_change_nothing(kernels, rng):
    layers = chain(rng, 3, "tanh", "softmax")
    x, labels = rng.normal(size=(40, 3)), answers_of(rng, "labels", 40)
    weights = np.repeat([1.0, 0.0], 20)
    trainer = trainer_of(kernels, layers, "cross_entropy")
    loss, gradient = trainer.loss_and_gradient(samples_of(kernels, trainer, x, labels, weights))
    less, half = trainer.loss_and_gradient(samples_of(kernels, trainer, x[:20], labels[:20]))
    assert loss == pytest.approx(less / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, half / 2, rtol=1e-12, atol=1e-15)


# ---- steps ----

@pytest.mark.parametrize(("optimizer", "options"), OPTIMIZERS)
@every_end
def test_hundred_steps(kernels, rng, optimizer, options, loss, last, kind):
    layers = chain(rng, 3, "tanh", last)
    x, answers = rng.normal(size=(50, 3)), answers_of(rng, kind, 50)
    weights = rng.uniform(0.5, 2, 50)
    weights /= weights.mean()
    expected, losses = twin.train(layers, x, answers, loss=loss, optimizer=optimizer, epochs=25,
                                  batch_size=13, learning_rate=0.01, weights=weights, **options)
    trainer = trainer_of(kernels, layers, loss)
    options = dict(options)
    decay = options.pop("weight_decay", 0.01 if optimizer == "adamw" else 0.0)
    trainer.set_rule(optimizer, 0.01, decay=decay, **options)
    word, found, _ = run(trainer, samples_of(kernels, trainer, x, answers, weights), 25, batch=13)
    assert word == "trained"
    assert trainer.epoch == 25
    np.testing.assert_allclose(found, losses, rtol=1e-9)
    np.testing.assert_allclose(trainer.get_parameters(), expected, rtol=1e-8, atol=1e-9)


# ---- the order of rows ----

def test_orders_are_permutations_of_philox(kernels):
    """The order that a seed gives, after Fisher and Yates, from the published generator"""
    seed, count, epochs = (123, 456, 789), 23, 3
    trainer = trainer_of(kernels, (Dense([[0.0]], [0.0]),), "squared_error")
    x = np.arange(count, dtype=float).reshape(-1, 1)
    seen = []
    for epoch in range(epochs):
        draws = [word for block in range(count) for word in
                 kernels.philox_block(block, seed[:2], (seed[2], epoch))]
        order = list(range(count))
        for draw, i in enumerate(range(count - 1, 0, -1)):
            fraction = draws[2 * draw] << 32 | draws[2 * draw + 1]
            j = fraction * (i + 1) >> 64
            order[i], order[j] = order[j], order[i]
        seen.append(order)
        assert sorted(order) == list(range(count))
    # steps of one row with a known effect: b -= rate 2 (b - answer)
    b = 0.0
    for order in seen:
        for row in order:
            b -= 0.1 * 2 * (b - x[row, 0])
    trainer.set_rule("sgd", 0.1)
    samples = samples_of(kernels, trainer, np.zeros((count, 1)), x)
    run(trainer, samples, epochs, batch=1, rate=0.1, seed=seed)
    assert trainer.get_parameters()[1] == pytest.approx(b, rel=1e-12)


# ---- bits ----

def trained_bytes(kernels, dtype, batch, optimizer, workers=1):
    rng = np.random.default_rng(3)
    layers = [Dense(rng.normal(0, 0.3, (n_out, n_in)), rng.normal(size=n_out), name)
              for (n_in, n_out), name in zip(itertools.pairwise((5, 19, 33, 3)),
                                             ("silu", "gelu", "softmax"), strict=True)]
    layers[1:1] = every_norm(rng, 19)
    x, labels = rng.normal(size=(600, 5)), rng.integers(3, size=600)
    trainer = trainer_of(kernels, layers, "cross_entropy", dtype, batch=batch, workers=workers)
    trainer.set_rule(optimizer, 0.01)
    samples = samples_of(kernels, trainer, x, labels, rng.uniform(0, 2, 600))
    _, losses, _ = run(trainer, samples, 4, batch=batch, seed=(1, 2, 3))
    return trainer.get_parameters().tobytes() + losses.tobytes()


def every_norm(rng, size):
    from mathwork.nn import LayerNorm, Residual, RMSNorm
    return [LayerNorm(rng.normal(size=size), rng.normal(size=size)),
            Residual([RMSNorm(rng.normal(size=size)), Dense(rng.normal(0, 0.2, (size, size)))])]


@pytest.mark.parametrize("batch", [1, 32, 100, 600])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_same_bits_at_every_level_with_fused_multiply_add(dtype, batch, optimizer):
    from levels import all_kernels
    levels = all_kernels()
    fused = {level: trained_bytes(kernels, dtype, batch, optimizer)
             for level, kernels in levels.items() if level in ("v3", "v4")}
    assert len(set(fused.values())) <= 1, fused.keys()


@pytest.mark.parametrize("workers", [2, 3, 7])
def test_same_bits_for_any_workers(kernels, dtype, workers):
    assert (trained_bytes(kernels, dtype, 600, "adam")
            == trained_bytes(kernels, dtype, 600, "adam", workers))


def test_a_run_in_slices_has_the_same_bits(kernels, rng):
    layers = chain(rng, 3, "tanh", "identity")
    x, answers = rng.normal(size=(90, 3)), answers_of(rng, "numbers", 90)
    results = []
    for ends in ([12], [1, 2, 7, 12]):
        trainer = trainer_of(kernels, layers, "squared_error")
        samples = samples_of(kernels, trainer, x, answers)
        losses, validated = np.full(12, np.nan), np.full(12, np.nan)
        for end in ends:
            trainer.run(samples, None, 16, np.full(12, 0.01), losses[:end], validated, (5, 6, 7))
        results.append(trainer.get_parameters().tobytes() + losses.tobytes())
    assert results[0] == results[1]


# ---- all rows at once ----

def test_whole_data_needs_float64(kernels):
    net = Network.he((2, 3, 1))
    trainer = kernels.Trainer(net.layers, net.dtype, "squared_error")
    samples = kernels.Samples(trainer, np.zeros((4, 2), np.float32), np.zeros((4, 1), np.float32))
    with pytest.raises(ValueError, match="float64"):
        kernels.WholeData(trainer, samples, False)


@pytest.mark.parametrize("squares", [False, True])
def test_whole_data_finds_a_linear_fit(kernels, rng, squares):
    """The minimum of a linear network is the least squares solution"""
    x = rng.normal(size=(300, 5))
    answers = x @ rng.normal(size=(5, 2)) + 0.3 + rng.normal(0, 0.1, (300, 2))
    weights = rng.uniform(0.5, 2, 300)
    layers = (Dense(np.zeros((2, 5)), np.zeros(2)),)
    trainer = trainer_of(kernels, layers, "squared_error")
    steps = kernels.WholeData(trainer, samples_of(kernels, trainer, x, answers, weights), squares)
    losses, validated = np.full(200, np.nan), np.full(200, np.nan)
    word = steps.run(None, losses, validated)
    assert word == "converged"
    root = np.sqrt(weights)[:, None]
    design = np.hstack([x, np.ones((300, 1))])
    expected = np.linalg.lstsq(design * root, answers * root, rcond=None)[0]
    found = trainer.get_parameters()
    np.testing.assert_allclose(found[:10].reshape(2, 5).T, expected[:5], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found[10:], expected[5], rtol=1e-6, atol=1e-7)
    if squares:
        assert trainer.epoch < 12       # the model is exact, so only the damping takes steps


@pytest.mark.parametrize("squares", [False, True])
def test_whole_data_has_the_same_bits_at_every_level(squares):
    from levels import all_kernels
    results = set()
    for level, kernels in all_kernels().items():
        if level == "baseline":
            continue
        rng = np.random.default_rng(0)
        layers = chain(rng, 3, "tanh", "identity")
        trainer = trainer_of(kernels, layers, "squared_error")
        samples = samples_of(kernels, trainer, rng.normal(size=(200, 3)),
                             answers_of(rng, "numbers", 200))
        losses = np.full(30, np.nan)
        kernels.WholeData(trainer, samples, squares).run(None, losses, losses.copy())
        results.add(trainer.get_parameters().tobytes() + losses.tobytes())
    assert len(results) <= 1


# ---- derivatives by the input ----

@every_activation
def test_jacobian(kernels, rng, activation):
    layers = every_kind(rng, activation)
    network = kernels.ForwardPass(Network(layers, dtype=float).layers, np.dtype(float))
    x, step = rng.normal(size=(60, 3)), 1e-6
    found = kernels.jacobian_backward(network, x)
    expected = np.empty((60, 2, 3))
    for column in range(3):
        move = step * np.eye(3)[column]
        expected[:, :, column] = (twin.outputs(layers, x + move)[1]
                                  - twin.outputs(layers, x - move)[1]) / (2 * step)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7 * abs(expected).max())
    cotangents = rng.normal(size=(60, 2))
    np.testing.assert_allclose(kernels.vjp_backward(network, x, cotangents),
                               np.einsum("ni,nij->nj", cotangents, found), rtol=1e-12, atol=1e-12)
    for rows in (1, 2, 7, 16):
        assert np.array_equal(kernels.jacobian_backward(network, x[:rows].copy()), found[:rows])


# ---- memory safety: what a door refuses ----

def test_a_run_that_another_thread_stops(kernels, rng):
    layers = chain(rng, 2, "tanh", "identity")
    trainer = trainer_of(kernels, layers, "squared_error")
    samples = samples_of(kernels, trainer, rng.normal(size=(300, 3)), rng.normal(size=(300, 2)))
    trainer.stopped = True
    with pytest.raises(KeyboardInterrupt):
        run(trainer, samples, 10**6)
    assert 0 < trainer.epoch < 10**6


def test_normal_equations_in_slices(kernels, rng):
    """So many parameters that their products and Cholesky's steps come in parts: one step of
    Gauss and Newton finds the linear fit"""
    n_in, n_out, rows = 60, 14, 150
    x, weight = rng.normal(size=(rows, n_in)), rng.normal(size=(n_out, n_in))
    trainer = trainer_of(kernels, [Dense(np.zeros((n_out, n_in)))], "squared_error")
    samples = samples_of(kernels, trainer, x, x @ weight.T)
    steps = kernels.WholeData(trainer, samples, True)
    losses = np.full(30, np.nan)
    steps.run(None, losses, losses.copy())
    found = trainer.get_parameters()[:n_in * n_out].reshape(n_out, n_in)
    np.testing.assert_allclose(found, weight, atol=1e-9)


def test_samples_are_checked(kernels, rng):
    trainer = trainer_of(kernels, chain(rng, 2, "tanh", "softmax"), "cross_entropy")
    x, labels = np.zeros((4, 3)), np.zeros(4, np.intp)
    for bad in (x[:, :2], x.astype("f4"), x[:0], x.T, None, x[::2]):
        with pytest.raises((ValueError, TypeError)):
            kernels.Samples(trainer, bad, labels)
    for bad in (labels[:3], labels - 1, labels + 2, labels.astype(float), np.zeros((4, 3)), None):
        with pytest.raises((ValueError, TypeError)):
            kernels.Samples(trainer, x, bad)
    with pytest.raises(ValueError, match="weights"):
        kernels.Samples(trainer, x, labels, np.ones(3))
    with pytest.raises(TypeError):
        kernels.Samples(None, x, labels)


def test_labels_are_kept_from_changes(kernels, rng):
    trainer = trainer_of(kernels, chain(rng, 2, "tanh", "softmax"), "cross_entropy")
    labels = np.zeros(4, np.intp)
    samples = kernels.Samples(trainer, np.zeros((4, 3)), labels)
    before = trainer.loss(samples)
    labels[:] = 10**9
    assert trainer.loss(samples) == before


def test_every_end_is_known(kernels):
    assert {kernel_loss(Network([Dense([[1.0], [1.0]], None, last)]), loss)
            for loss, last, _ in ENDS} <= kernels.loss_codes.keys()
    assert "training" in _levels.TOPICS
