"""mathwork.nn.train and train_many as their users call them."""
import math
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
import warnings

import numpy as np
import pytest
import training_twin as twin

from mathwork.nn import (
    Dense,
    DivergenceError,
    Network,
    Networks,
    Training,
    Trainings,
    cost,
    train,
    train_many,
)

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def sine(rng, rows=100):
    x = rng.uniform(-3, 3, (rows, 1))
    return x, np.sin(x)


def fresh(sizes=(1, 8, 1), seed=0, dtype=np.float32, **options):
    options = {"activation": "tanh", "output": "identity", **options}
    return Network.he(sizes, rng=seed, dtype=dtype, **options)


# ---- what it learns ----

def test_the_loss_of_one_step_by_hand():
    """y = w x from w = 1 with x = 2 and answer 4: the loss is 4, its slope -8, the step 0.8"""
    net = Network([Dense([[1.0]], [0.0])], dtype=float)
    result = train(net, [[2.0]], [[4.0]], optimizer="sgd", learning_rate=0.1, epochs=1)
    assert result.history["loss"].tolist() == [4.0]
    np.testing.assert_allclose(result.network.parameters(), [1.8, 0.4], rtol=1e-15)
    assert net.parameters().tolist() == [1.0, 0.0]


def test_the_loss_is_the_mean_of_the_cost(rng):
    x, y = sine(rng)
    net = fresh(dtype=float)
    history = train(net, x, y, epochs=1, batch_size=None).history
    assert history["loss"][0] == pytest.approx(cost(net(x), y).mean(), rel=1e-13)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_the_twin_learns_the_same(rng, optimizer):
    x, y = sine(rng)
    net = fresh(dtype=float)
    weights = rng.uniform(1, 2, 100)
    expected, losses = twin.train(net.layers, x, y, optimizer=optimizer, learning_rate=0.01,
                                  epochs=10, weights=weights, schedule=lambda epoch: 0.5**epoch)
    result = train(net, x, y, optimizer=optimizer, learning_rate=0.01, weights=weights,
                   shuffle=False, schedule=lambda epoch: 0.5**epoch)
    np.testing.assert_allclose(result.history["loss"], losses, rtol=1e-10)
    np.testing.assert_allclose(result.network.parameters(), expected, rtol=1e-8, atol=1e-10)
    assert result.history["learning_rate"].tolist() == [0.01 * 0.5**epoch for epoch in range(10)]


@pytest.mark.parametrize("optimizer", ["lbfgs", "levenberg_marquardt"])
@pytest.mark.parametrize("seed", [0, 2])            # in that of 1, two units merge into one
def test_the_minimum_is_that_of_scipy(optimizer, seed):
    """From near a network that made the data, there is one minimum to find"""
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(seed)
    truth = fresh((2, 3, 1), seed=seed, dtype=float)
    x = rng.uniform(-2, 2, (300, 2))
    y = truth(x) + rng.normal(0, 0.05, (300, 1))
    start = truth.with_parameters(truth.parameters() * rng.uniform(0.9, 1.1, truth.n_parameters))
    result = train(start, x, y, optimizer=optimizer, epochs=20000)
    found = optimize.least_squares(
        lambda vector: (truth.with_parameters(vector)(x) - y).ravel() / 300**0.5,
        start.parameters(), method="lm", xtol=1e-13, ftol=1e-13, gtol=1e-13, max_nfev=30000)
    assert result.epochs < 20000
    # SciPy differentiates numerically, and may stop a little early
    assert 2 * found.cost * (1 - 1e-6) < result.history["loss"][-1] < 2 * found.cost * (1 + 1e-9)
    np.testing.assert_allclose(result.network.parameters(), found.x, rtol=1e-3, atol=1e-4)


def test_weight_decay_of_lbfgs_is_that_of_a_ridge(rng):
    """The minimum of mean (z t - y)^2 + d / 2 |t|^2 solves (2/n z'z + d I) t = 2/n z'y"""
    x, decay = rng.normal(size=(50, 3)), 0.3
    y = x @ [1.0, -2.0, 3.0] + 0.5 + rng.normal(size=50)
    result = train(fresh((3, 1), dtype=float), x, y, optimizer="lbfgs", epochs=200,
                   weight_decay=decay)
    z = np.column_stack([x, np.ones(50)])
    expected = np.linalg.solve(2 / 50 * z.T @ z + decay * np.eye(4), 2 / 50 * z.T @ y)
    np.testing.assert_allclose(result.network.parameters(), expected, rtol=1e-6)
    # the history has the loss alone
    assert result.history["loss"][-1] == pytest.approx(np.mean((z @ expected - y) ** 2), rel=1e-9)


def test_levenberg_marquardt_fits_a_sine():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x = np.sort(rng.uniform(-3, 3, 200)).reshape(-1, 1)
        y = np.sin(x) + rng.normal(0, 0.01, x.shape)
        result = train(fresh((1, 10, 1), seed), x, y, optimizer="levenberg_marquardt", epochs=100)
        assert result.history["loss"][-1] < 1e-3 * y.var()
        assert result.network.dtype == np.float32


def test_labels_classes_and_one_hot_are_the_same(rng):
    x = rng.normal(size=(60, 4))
    labels = rng.integers(3, size=60)
    names = np.array(["ant", "bee", "cow"])
    plain = fresh((4, 6, 3), output="softmax")
    named = Network(plain.layers, classes=names)
    vectors = [train(net, x, answers, loss="cross_entropy", epochs=3, rng=1).network.parameters()
               for net, answers in ((plain, labels), (named, names[labels]),
                                    (plain, np.eye(3)[labels]), (plain, labels.astype(float)))]
    assert all(np.array_equal(vectors[0], vector) for vector in vectors[1:])
    assert train(named, x, names[labels], loss="cross_entropy").network.classes_ is not None


def test_class_weight_is_a_weight_of_rows(rng):
    x = rng.normal(size=(60, 4))
    labels = np.repeat([0, 1, 2], [40, 15, 5])
    net = fresh((4, 6, 3), output="softmax", dtype=float)
    weights = np.array([60 / (3 * 40), 60 / (3 * 15), 60 / (3 * 5)])
    vectors = [train(net, x, labels, loss="cross_entropy", epochs=3, rng=1, **options
                     ).network.parameters()
               for options in ({"class_weight": "balanced"}, {"class_weight": weights},
                               {"class_weight": dict(enumerate(weights))},
                               {"weights": weights[labels]})]
    for vector in vectors[1:]:
        np.testing.assert_allclose(vector, vectors[0], rtol=1e-12)


def test_validation_patience_and_the_best_network(rng):
    x, y = sine(rng)
    held = sine(rng)
    net = fresh(dtype=float)
    result = train(net, x, y, validation=held, patience=3, epochs=500, learning_rate=0.3, rng=1)
    losses = result.history["validation_loss"]
    assert result.status == "stopped"
    assert result.epochs == losses.argmin() + 5 < 500
    assert cost(result.network(held[0]), held[1]).mean() == pytest.approx(losses.min(), rel=1e-12)


def test_a_part_held_out(rng):
    x, y = sine(rng)
    results = [train(fresh(), x, y, validation=0.2, epochs=2, rng=seed) for seed in (1, 1, 2)]
    assert np.array_equal(results[0].history["validation_loss"],
                          results[1].history["validation_loss"])
    assert not np.array_equal(results[0].history["validation_loss"],
                              results[2].history["validation_loss"])


def test_training_goes_on_from_a_trained_network(rng):
    x, y = sine(rng)
    whole = train(fresh(), x, y, epochs=4, optimizer="sgd", shuffle=False, learning_rate=0.01)
    first = train(fresh(), x, y, epochs=2, optimizer="sgd", shuffle=False, learning_rate=0.01)
    second = train(first.network, x, y, epochs=2, optimizer="sgd", shuffle=False,
                   learning_rate=0.01)
    assert np.array_equal(whole.network.parameters(), second.network.parameters())


# ---- awkward data ----

def test_one_sample_and_batches_larger_than_the_data():
    net = fresh(dtype=float)
    result = train(net, [[0.5]], [[2.0]], batch_size=1000, epochs=300, learning_rate=0.05)
    assert result.history["loss"][-1] < 1e-4


def test_constant_inputs_and_zero_weights(rng):
    net = Network([Dense(np.zeros((4, 2)), None, "tanh"), Dense(np.zeros((1, 4)))], dtype=float)
    result = train(net, np.ones((20, 2)), np.full((20, 1), 3.0), epochs=400, learning_rate=0.05)
    assert result.network([1.0, 1.0])[0] == pytest.approx(3.0, abs=0.05)


def test_saturated_sigmoids_learn_by_cross_entropy():
    net = Network([Dense([[100.0]], [100.0], "sigmoid")])
    result = train(net, [[1.0], [-3.0]], [0, 0], loss="cross_entropy", epochs=3000,
                   optimizer="sgd", learning_rate=1.0)
    assert np.isfinite(result.history["loss"]).all()
    assert result.network([1.0])[0] < 0.01


def test_extreme_logits_have_finite_losses():
    net = Network([Dense([[1e30], [-1e30]], None, "softmax")])
    result = train(net, [[1.0]], [1], loss="cross_entropy", epochs=1)
    assert result.history["loss"][0] == pytest.approx(2e30, rel=1e-6)


def test_no_epochs(rng):
    x, y = sine(rng)
    for optimizer in ("adam", "lbfgs"):
        result = train(fresh(), x, y, epochs=0, optimizer=optimizer)
        assert result.epochs == 0
        assert np.array_equal(result.network.parameters(), fresh().parameters())
        repr(result)


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: a.astype(">f8"),
                                    lambda a: np.repeat(a, 2, 0)[::2], lambda a: a.tolist(),
                                    lambda a: a.astype(np.float32).astype(np.float64)])
def test_any_layout(rng, layout):
    x = rng.normal(size=(30, 3)).astype(np.float32).astype(float)
    y = rng.normal(size=(30, 2))
    net = fresh((3, 4, 2))
    expected = train(net, x, y, epochs=2, rng=0).network.parameters()
    assert np.array_equal(train(net, layout(x), y, epochs=2, rng=0).network.parameters(), expected)


def test_inputs_are_not_changed(rng):
    x, y = sine(rng)
    copies = x.copy(), y.copy()
    for array in (x, y):
        array.flags.writeable = False
    train(fresh(dtype=float), x, y, validation=0.1)
    assert np.array_equal(x, copies[0])
    assert np.array_equal(y, copies[1])


# ---- results ----

def test_a_training_unpacks_pickles_and_has_a_repr(rng):
    x, y = sine(rng)
    result = train(fresh(), x, y, epochs=2)
    network, history = result
    assert network is result.network
    assert history is result.history
    again = pickle.loads(pickle.dumps(result))
    assert np.array_equal(again.network.parameters(), network.parameters())
    assert repr(result).startswith("Training(Network(1-8-1, tanh-identity, float32), trained, 2 ")
    with pytest.raises(AttributeError):
        result.status = "other"


def test_plots(rng):
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot
    x, y = sine(rng)
    axes = train(fresh(), x, y, epochs=5, validation=0.2).plot()
    assert [line.get_label() for line in axes.lines] == ["loss", "validation loss"]
    assert axes.get_yscale() == "log"
    assert train_many([fresh()] * 3, x, y, epochs=4).plot(pyplot.figure().gca()).lines
    pyplot.close("all")


# ---- bits ----

def test_a_seed_gives_the_same_bits(rng):
    x, y = sine(rng)
    results = [train(fresh(), x, y, rng=seed).network.parameters().tobytes()
               for seed in (5, 5, np.random.default_rng(5), 6)]
    assert results[0] == results[1] == results[2] != results[3]


def test_workers_change_no_bit(rng):
    x, y = sine(rng, 5000)
    results = {train(fresh(), x, y, batch_size=None, epochs=3, workers=workers
                     ).network.parameters().tobytes() for workers in (1, 2, 5)}
    assert len(results) == 1


# ---- progress and interrupts ----

def test_progress_is_told_of_every_epoch(rng):
    x, y = sine(rng)
    seen = []
    result = train(fresh(), x, y, epochs=5, validation=0.2, progress=seen.append)
    assert [report.epoch for report in seen] == [1, 2, 3, 4, 5]
    assert [report.loss for report in seen] == result.history["loss"].tolist()
    assert [report.validation_loss for report in seen] == result.history["validation_loss"].tolist()


def test_progress_stops_it(rng):
    x, y = sine(rng)
    result = train(fresh(), x, y, epochs=50, progress=lambda report: report.epoch == 3)
    assert (result.status, result.epochs) == ("stopped", 3)


def test_progress_changes_no_bit(rng):
    x, y = sine(rng)
    results = [train(fresh(), x, y, epochs=9, rng=1, progress=progress).network.parameters()
               for progress in (None, lambda report: None)]
    assert np.array_equal(*results)


def test_an_error_of_progress_is_raised(rng):
    x, y = sine(rng)
    with pytest.raises(ZeroDivisionError):
        train(fresh(), x, y, progress=lambda report: 1 / 0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no signals of timers")
@pytest.mark.parametrize("options", ["batch_size=32", "batch_size=None",
                                     "batch_size=None, workers=2", "optimizer='lbfgs'",
                                     "optimizer='levenberg_marquardt'", "progress=print"])
def test_ctrl_c_gives_what_has_been_learned(options):
    program = f"""
        import signal, time
        import numpy as np
        from mathwork.nn import Network, train
        x = np.random.default_rng(0).normal(size=(20000, 8))
        y = np.sin(x @ np.ones((8, 3)))
        net = Network.he((8, 40, 3), activation="gelu", output="identity", rng=0)
        fired = []
        def interrupt(*_):
            fired.append(time.perf_counter())
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.7)
        result = train(net, x, y, epochs=10**6, rng=0, {options})
        late = time.perf_counter() - fired[0]
        assert result.status == "interrupted", result
        assert np.isfinite(result.network.parameters()).all()
        assert result.network.parameters().shape == net.parameters().shape
        assert result.history["loss"].shape == (result.epochs,)
        assert late < 2, late       # 0.2 s alone on a machine
        print("answered")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], timeout=100,
                          capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("answered\n")


# ---- divergence ----

def test_divergence_says_where_and_keeps_the_last_finite_network(rng):
    x, y = sine(rng)
    net = fresh(dtype=float, activation="relu")
    with pytest.raises(DivergenceError, match=r"epoch \d+, row \d+.*learning_rate") as caught:
        train(net, x, y * 1e3, optimizer="sgd", learning_rate=0.05, epochs=50)
    error = caught.value
    assert isinstance(error, ArithmeticError)
    assert np.isfinite(error.network.parameters()).all()
    assert np.isfinite(error.history["loss"]).all()
    assert len(error.history["loss"]) == error.epoch
    again = pickle.loads(pickle.dumps(error))
    assert (again.epoch, again.row, str(again)) == (error.epoch, error.row, str(error))


def test_the_network_of_a_divergence_has_a_finite_loss(rng):
    """Not the one that the last step of an epoch has spoilt"""
    x, y = sine(rng)
    for batch, rate in ((None, 1e30), (32, 0.5), (100, 1e5)):
        net = fresh(activation="relu")
        with pytest.raises(DivergenceError) as caught:
            train(net, x, y * 1e3, optimizer="sgd", learning_rate=rate, epochs=50, rng=0,
                  batch_size=batch)
        assert math.isfinite(cost(caught.value.network(x), y * 1e3).sum())


def test_a_step_that_overflows_is_a_divergence():
    """The loss 1e30 is finite, the step from it is not; no epoch follows that would tell"""
    net = Network([Dense([[1.0]])])
    with pytest.raises(DivergenceError, match="epoch 0, row 2") as caught:
        train(net, [[0.0], [0.0], [1e15]], [0, 0, 0], optimizer="sgd", learning_rate=1e10,
              epochs=1, batch_size=2, shuffle=False)
    assert caught.value.row == 2
    assert np.array_equal(caught.value.network.parameters(), net.parameters())
    result = train_many([net], [[1e15]], [0], optimizer="sgd", learning_rate=1e10, epochs=1)
    assert result.status.tolist() == [1]
    assert np.isfinite(result.networks.parameters()).all()


# ---- bad input ----

BAD = [
    ({"inputs": np.zeros((5, 2))}, ValueError, r"inputs must have shape \(n, 1\).*\(5, 2\)"),
    ({"inputs": np.zeros(5)}, ValueError, "inputs must have shape"),
    ({"inputs": np.zeros((0, 1)), "answers": np.zeros((0, 1))}, ValueError, "at least one row"),
    ({"inputs": [["a"]]}, TypeError, "inputs must hold real numbers"),
    ({"inputs": np.full((100, 1), np.nan)}, ValueError, r"inputs must be finite.*\(0, 0\) is nan"),
    ({"answers": np.full((100, 1), np.inf)}, ValueError, "answers must be finite.*inf"),
    ({"answers": np.zeros((100, 2))}, ValueError, r"answers must have shape \(100, 1\)"),
    ({"answers": np.zeros(99)}, ValueError, r"answers must have shape \(100, 1\)"),
    ({"learning_rate": 0}, ValueError, "learning_rate must be above 0 and finite, got 0"),
    ({"learning_rate": -1}, ValueError, "learning_rate"),
    ({"learning_rate": np.nan}, ValueError, "learning_rate"),
    ({"learning_rate": "fast"}, TypeError, "learning_rate must be a number"),
    ({"learning_rate": 10**400}, ValueError, "learning_rate"),
    ({"epochs": -1}, ValueError, "epochs must be at least 0"),
    ({"epochs": 1.5}, TypeError, "epochs must be an integer"),
    ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
    ({"loss": "mse"}, ValueError, "loss must be one of squared_error"),
    ({"loss": "cross_entropy"}, ValueError, "must be probabilities from 0 to 1"),
    ({"loss": "cross_entropy", "answers": np.full(100, 2)}, ValueError,
     "labels must be integers from 0 to 1"),
    ({"optimizer": "adma"}, ValueError, "optimizer must be one of sgd"),
    ({"momentum": 0.9}, ValueError, "momentum is for sgd"),
    ({"optimizer": "sgd", "nesterov": True}, ValueError, "nesterov needs a momentum"),
    ({"optimizer": "levenberg_marquardt", "weight_decay": 0.1}, ValueError, "weight_decay is for"),
    ({"optimizer": "levenberg_marquardt", "loss": "huber"}, ValueError, "squared_error"),
    ({"weights": np.zeros(100)}, ValueError, "not all 0"),
    ({"weights": -np.ones(100)}, ValueError, "weights must be finite, at least 0"),
    ({"weights": np.ones(99)}, ValueError, r"weights must have shape \(100,\)"),
    ({"class_weight": "balanced"}, ValueError, "class_weight is for cross_entropy"),
    ({"validation": 1.5}, ValueError, "validation must be above 0 and below 1"),
    ({"validation": (1, 2, 3)}, ValueError, "validation"),
    ({"patience": -1}, ValueError, "patience must be at least 0"),
    ({"tolerance": -1}, ValueError, "tolerance"),
    ({"schedule": "step"}, ValueError, "schedule must be one of linear, cosine"),
    ({"schedule": 3}, TypeError, "schedule"),
    ({"schedule": lambda epoch: -1.0}, ValueError, "schedule"),
    ({"delta": 0}, ValueError, "delta must be above 0"),
    ({"beta1": 1.0}, ValueError, "beta1 must be at least 0 and below 1"),
    ({"eps": 0}, ValueError, "eps"),
    ({"rng": "seed"}, TypeError, "rng must be"),
    ({"workers": 0}, ValueError, "workers must be at least 1"),
    ({"progress": 3}, TypeError, "progress must be True, a function or None"),
]


@pytest.mark.parametrize(("wrong", "error", "message"), BAD,
                         ids=[f"{next(iter(wrong))}-{index}" for index, (wrong, *_) in
                              enumerate(BAD)])
def test_bad_input(rng, wrong, error, message):
    x, y = sine(rng)
    arguments = {"inputs": x, "answers": y + 0.5, **wrong}
    with pytest.raises(error, match=message):
        train(fresh(), **arguments)


def test_bad_labels(rng):
    x = rng.normal(size=(3, 4))
    net = fresh((4, 6, 3), output="softmax")
    for labels, message in (([0, 1, 3], "integers from 0 to 2.*got 3 in row 2"),
                            ([0, 1, -1], "got -1"), (["a", "b", "c"], "classes=labels"),
                            ([0.5, 1, 2], "integers"), (np.zeros((3, 2)), "shape"),
                            (np.full((3, 3), 2.0), "probabilities")):
        with pytest.raises(ValueError, match=message):
            train(net, x, labels, loss="cross_entropy")
    with pytest.raises(ValueError, match="must be classes of the network"):
        train(Network(net.layers, classes=["a", "b", "c"]), x, ["a", "b", "d"],
              loss="cross_entropy")
    with pytest.raises(ValueError, match="softmax, log_softmax, sigmoid or identity, got relu"):
        train(fresh((4, 3), output="relu"), x, [0, 1, 2], loss="cross_entropy")


def test_the_network_must_be_one():
    for wrong in (None, [Dense([[1.0]])]):
        with pytest.raises(TypeError, match="network must be a Network, got"):
            train(wrong, [[1.0]], [1.0])


def test_weights_of_any_size_and_their_messages(rng):
    x, labels = rng.normal(size=(20, 4)), rng.integers(0, 3, 20)
    net = fresh((4, 6, 3), output="softmax")

    def losses(**options):
        return train(net, x, labels, loss="cross_entropy", rng=0, **options).history["loss"]

    for size in (2.0**1000, 2.0**-1070):        # of the largest, the sum is infinite
        assert np.array_equal(losses(weights=np.full(20, size)), losses(weights=np.ones(20)))
    assert np.array_equal(losses(class_weight={}), losses(weights=np.ones(20)))
    with pytest.raises(ValueError, match="give every row a weight of 0"):
        losses(weights=(labels == 0).astype(float), class_weight=[0, 1, 1])
    for wrong, message in (([1, 2], r"class_weight must have shape \(3,\), one for each class"),
                           ({0: -1}, "class_weight must be finite, at least 0")):
        with pytest.raises(ValueError, match=message):
            losses(class_weight=wrong)


def test_more_workers_than_any_machine_has(rng):
    x, y = sine(rng, 300)
    expected = train(fresh(), x, y, rng=0, batch_size=None).network.parameters()
    many = train(fresh(), x, y, rng=0, batch_size=None, workers=10**12).network.parameters()
    assert np.array_equal(many, expected)


def test_too_many_parameters_for_normal_equations(rng):
    with pytest.raises(ValueError, match="at most 4000 parameters"):
        train(fresh((50, 100, 1)), np.zeros((3, 50)), np.zeros((3, 1)),
              optimizer="levenberg_marquardt")


# ---- many ----

def test_each_network_has_the_bits_that_it_has_alone(rng):
    count = 6
    nets = [fresh((3, 5, 2), seed) for seed in range(count)]
    x, y = rng.normal(size=(count, 70, 3)), rng.normal(size=(count, 70, 2))
    rates, decays = np.geomspace(1e-3, 1e-1, count), np.linspace(0, 0.1, count)
    for workers in (1, 3):
        result = train_many(nets, x, y, learning_rate=rates, weight_decay=decays,
                            rng=range(count), workers=workers, validation=0.2, epochs=5,
                            optimizer="adamw")
        assert isinstance(result, Trainings)
        assert result.status.tolist() == [0] * count
        for k in range(count):
            alone = train(nets[k], x[k], y[k], learning_rate=rates[k], weight_decay=decays[k],
                          rng=k, validation=0.2, epochs=5, optimizer="adamw")
            assert np.array_equal(alone.network.parameters(), result.networks[k].parameters())
            for name, values in alone.history.items():
                assert np.array_equal(values, result.history[name][k]), name


def test_many_share_data_and_a_seed(rng):
    x, y = sine(rng)
    nets = Networks([fresh(seed=seed) for seed in range(4)])
    networks, history, status = train_many(nets, x, y, epochs=3, rng=7)
    assert isinstance(networks, Networks)
    assert history["loss"].shape == (4, 3)
    assert not status.any()
    assert np.array_equal(train(nets[2], x, y, epochs=3, rng=7).network.parameters(),
                          networks[2].parameters())


def test_a_divergence_stops_no_other(rng):
    x, y = sine(rng)
    nets = [fresh(seed=seed, activation="relu") for seed in range(3)]
    result = train_many(nets, x, y, learning_rate=[0.01, 1e30, 0.01], optimizer="sgd", epochs=4)
    assert result.status.tolist() == [0, 1, 0]
    assert np.isnan(result.history["loss"][1]).any()
    assert np.isfinite(result.history["loss"][[0, 2]]).all()
    assert np.isfinite(result.networks.parameters()).all()
    assert "1 diverged" in repr(result)


def test_many_stop_when_told_to(rng):
    x, y = sine(rng)
    result = train_many([fresh(seed=seed) for seed in range(5)], x, y, epochs=2,
                        progress=lambda done, count: done == 2)
    assert result.status.tolist() == [0, 0, 2, 2, 2]
    assert np.array_equal(result.networks[4].parameters(), fresh(seed=4).parameters())


@pytest.mark.parametrize("part", [0.25, np.float32(0.25)])
def test_each_network_holds_out_its_own_rows(rng, part):
    x, y = sine(rng)
    nets = [fresh(seed=seed) for seed in range(3)]
    result = train_many(nets, x, y, validation=part, rng=range(3), epochs=3)
    for seed, net in enumerate(nets):
        alone = train(net, x, y, validation=part, rng=seed, epochs=3)
        assert np.array_equal(result.networks[seed].parameters(), alone.network.parameters())


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_progress_stops_all(rng, workers):
    x, y = sine(rng)
    told = []

    def report(done, count):
        told.append(done)
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        train_many([fresh(seed=seed) for seed in range(200)], x, y, workers=workers,
                   progress=report)
    assert len(told) <= workers


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no signals of timers")
@pytest.mark.parametrize("rows", [20, 300000])
def test_many_are_interrupted_while_another_thread_works(rows):
    """The caller's thread has nothing to do, or the other one is within a long epoch"""
    program = f"""
        import signal, time
        import numpy as np
        from mathwork.nn import Network, train_many
        x = np.random.default_rng(0).normal(size=({rows}, 8))
        y = np.sin(x @ np.ones((8, 3)))
        nets = [Network.he((8, 40, 3), output="identity", rng=seed) for seed in range(2)]
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 1)
        start = time.perf_counter()
        # one of them diverges at once
        result = train_many(nets, x, y, learning_rate=[1e300, 1e-9], optimizer="sgd",
                            batch_size=None, epochs=10**6, workers=2)
        late = time.perf_counter() - start - 1
        assert 2 in result.status.tolist(), result
        assert late < 2, late       # 0.2 s alone on a machine
        print("answered")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], timeout=100,
                          capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("answered\n")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no signals of timers")
@pytest.mark.parametrize("workers", [1, 2])
def test_many_are_interrupted(rng, workers):
    x, y = sine(rng, 2000)
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    start = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        result = train_many([fresh(seed=seed) for seed in range(50)], x, y, epochs=20000,
                            workers=workers)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 2 in result.status.tolist()
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize(("wrong", "error", "message"), [
    ({"learning_rate": [0.1, 0.2]}, ValueError, r"learning_rate must be one number, or have shape"),
    ({"rng": [1, 2]}, ValueError, "rng must be one for all networks, or 3"),
    ({"inputs": np.zeros((2, 5, 1)), "answers": np.zeros((2, 5, 1))}, ValueError,
     "inputs must be for all networks, or 3"),
    ({"networks": []}, ValueError, "at least one"),
    ({"networks": [1]}, TypeError, "Network"),
    ({"workers": 0}, ValueError, "workers"),
    ({"weight_decay": -1.0}, ValueError, "weight_decay"),
    ({"learning_rate": "x"}, TypeError, "learning_rate"),
])
def test_bad_input_of_many(rng, wrong, error, message):
    x, y = sine(rng)
    arguments = {"networks": [fresh()] * 3, "inputs": x, "answers": y, **wrong}
    with pytest.raises(error, match=message):
        train_many(**arguments)


def test_numbers_too_small_for_float32_raise_nothing():
    with np.errstate(all="raise"):
        train(fresh(), np.full((5, 1), 1e-300), np.full(5, 1e-300), epochs=2)


def test_nothing_warns(rng):
    x, y = sine(rng)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        train(fresh(), x * 1e-30, y, epochs=2)
        with pytest.raises(DivergenceError):
            train(fresh(activation="relu"), x, y, optimizer="sgd", learning_rate=1e30)
        assert math.isfinite(train(fresh(), x, y, epochs=1).history["loss"][0])
    assert isinstance(train(fresh(), XOR[:, :1], XOR[:, 1:]), Training)
