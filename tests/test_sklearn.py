"""The estimators for scikit-learn: its own checks, its own results, and what they share with it."""
import doctest
import inspect
import pickle
import warnings

import numpy as np
import pytest
from docstrings import documented, taken
from helpers import names_kernels, raises, run_python, same_bits

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
import sklearn.neural_network as theirs
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from mathwork.nn import DivergenceError, Network
from mathwork.sklearn import MLPClassifier, MLPRegressor

BOTH = [MLPClassifier, MLPRegressor]
both = pytest.mark.parametrize("kind", BOTH)


def quiet(estimator, *data, **options):
    """The estimator, fitted; it may reach max_iter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data, **options)


def blobs(rng, count=120, classes=3, columns=4):
    """Rows of classes that lie apart, and their labels"""
    y = np.arange(count) % classes
    centres = 4 * rng.normal(size=(classes, columns))
    return centres[y] + rng.normal(size=(count, columns)), y


def answers(kind, y):
    return y if kind is MLPClassifier else np.column_stack([y, -y]).astype(float)


# ---- scikit-learn's own checks ----

@pytest.mark.filterwarnings("ignore")       # the checks make estimators that do not converge
@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_checks_of_sklearn(estimator, check):
    check(estimator)


# ---- the same as scikit-learn where the names are the same ----

@both
@pytest.mark.parametrize("options", [
    {"solver": "sgd", "momentum": 0.0}, {"solver": "sgd"},
    {"solver": "sgd", "nesterovs_momentum": False}, {"epsilon": 1e-15},
    {"epsilon": 1e-15, "beta_1": 0.8, "beta_2": 0.9}], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_training_is_that_of_sklearn(rng, kind, options, weighted, classes):
    X, y = blobs(rng, classes=classes)
    y = answers(kind, y)
    weights = rng.integers(1, 4, len(X)).astype(float) if weighted else None
    common = {"hidden_layer_sizes": (6, 5), "activation": "tanh", "batch_size": 50, "alpha": 0.0,
              "shuffle": False, "warm_start": True, "learning_rate_init": 0.01, "random_state": 0}
    model = quiet(getattr(theirs, kind.__name__)(max_iter=1, **common, **options), X, y)
    own = quiet(kind(max_iter=1, **common, **options), X, y)
    own.network_ = Network.from_sklearn(model)
    for estimator in (model, own):
        estimator.set_params(max_iter=25)
    if not weighted:
        quiet(model, X, y)
        quiet(own, X, y)
        np.testing.assert_allclose(own.loss_curve_[-1] / own.n_outputs_ ** (kind is MLPRegressor),
                                   model.loss_curve_[-1], rtol=1e-8)
    else:       # scikit-learn divides a batch by the sum of its weights: one batch is all rows here
        for estimator in (model, own):
            quiet(estimator.set_params(batch_size=len(X)), X, y, sample_weight=weights)
    for coefficients, expected in zip(own.coefs_ + own.intercepts_,
                                      model.coefs_ + model.intercepts_, strict=True):
        np.testing.assert_allclose(coefficients, expected, rtol=1e-7, atol=1e-9)
    method = "predict_proba" if kind is MLPClassifier else "predict"
    np.testing.assert_allclose(getattr(own, method)(X), getattr(model, method)(X), rtol=1e-6,
                               atol=1e-9)


@both
def test_alpha_is_that_of_sklearn_for_weights(rng, kind):
    # one step from biases of 0, on which the penalty does nothing
    X, y = blobs(rng)
    y = answers(kind, y)
    common = {"hidden_layer_sizes": 5, "alpha": 3.0, "batch_size": len(X), "shuffle": False,
              "warm_start": True, "solver": "sgd", "max_iter": 1, "momentum": 0.0,
              "learning_rate_init": 0.1, "random_state": 0}
    model = quiet(getattr(theirs, kind.__name__)(**common), X, y)
    model.intercepts_ = [0 * bias for bias in model.intercepts_]
    own = quiet(kind(**common), X, y)
    own.network_ = Network.from_sklearn(model)
    for coefficients, expected in zip(quiet(own, X, y).coefs_, quiet(model, X, y).coefs_,
                                      strict=True):
        np.testing.assert_allclose(coefficients, expected, rtol=1e-10, atol=1e-13)


@both
@pytest.mark.parametrize("alpha", [0.5, 20.0])
def test_lbfgs_finds_the_minimum_of_sklearn(rng, kind, alpha):
    # Without hidden layers there is one minimum. The rows and answers are symmetric, so its bias is
    # 0, and that our penalty counts it makes no difference.
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 2
    X, y = np.concatenate([X + y[:, None], -X - y[:, None]]), np.concatenate([y, 1 - y])
    y = y if kind is MLPClassifier else y - 0.5
    options = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": alpha, "max_iter": 500,
               "tol": 1e-12, "random_state": 0}
    own = kind(**options).fit(X, y)
    model = getattr(theirs, kind.__name__)(**options).fit(X, y)
    np.testing.assert_allclose(own.coefs_[0], model.coefs_[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(own.intercepts_[0], 0, atol=1e-6)
    assert not hasattr(kind(solver="lbfgs"), "partial_fit") and hasattr(kind(), "partial_fit")


@both
def test_it_stops_where_sklearn_would(rng, kind):
    X, y = blobs(rng)
    own = kind(8, learning_rate_init=0.05, tol=1e-3, n_iter_no_change=4, max_iter=1000,
               random_state=0).fit(X, answers(kind, y))      # no ConvergenceWarning
    losses = np.array(own.loss_curve_)
    assert own.n_iter_ == len(losses) < 1000 and own.loss_ == losses[-1]
    assert own.best_loss_ == losses.min()
    best = np.minimum.accumulate(np.concatenate([[np.inf], losses]))[:-1]
    idle = losses > best - 1e-3
    assert idle[-5:].all() and not any(idle[at:at + 5].all() for at in range(len(losses) - 5))


def test_what_diverges_leaves_no_network(rng):
    X, y = blobs(rng)
    own = MLPRegressor(8, solver="sgd", learning_rate_init=1e6, random_state=0)
    with pytest.raises(DivergenceError):
        own.fit(X, y)
    with pytest.raises(NotFittedError):
        own.predict(X)


def test_an_interrupt_keeps_what_was_learned(rng, monkeypatch):
    X, y = blobs(rng)
    seen = []

    def interrupt(text):
        seen.append(text)
        if len(seen) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("builtins.print", interrupt)
    with pytest.warns(UserWarning, match="training was interrupted: the network has what it had "
                                         "learned by then"):
        own = MLPClassifier(8, verbose=True).fit(X, y)
    assert own.n_iter_ == 3 and own.predict(X).shape == y.shape


def test_lbfgs_may_start_at_the_minimum(rng):
    X = rng.normal(size=(30, 2))
    own = MLPRegressor((), solver="lbfgs", alpha=0, warm_start=True, tol=0, max_iter=1000)
    own.fit(X, X @ [1.0, 2.0])
    again = own.fit(X, X @ [1.0, 2.0])
    assert again.n_iter_ <= 1 and again.loss_ < 1e-20


# ---- what comes out ----

def test_labels_and_probabilities(rng):
    X, y = blobs(rng)
    for names in (["a", "b", "c"], [-1, 5, 7], [False, True]):
        labels = np.array(names)[y % len(names)]
        own = MLPClassifier(8, learning_rate_init=0.05, random_state=0, max_iter=500)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            own.fit(X, labels)
        assert own.classes_.tolist() == sorted(names)
        assert own.predict(X).dtype == labels.dtype
        assert own.score(X, labels) > (0.95 if len(names) == 3 else 0.6)
        proba = own.predict_proba(X)
        assert proba.shape == (len(X), len(names))
        np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
        assert np.array_equal(own.classes_[proba.argmax(axis=1)], own.predict(X))
        assert np.array_equal(own.predict_log_proba(X), np.log(proba))
        assert own.out_activation_ == ("softmax" if len(names) == 3 else "sigmoid")
        network = own.network_
        assert np.array_equal(network.classes_[network.classify(X)], own.predict(X))
        assert own.n_outputs_ == network.sizes[-1] and own.n_layers_ == 3
        assert [array.shape for array in own.coefs_] == [(4, 8), (8, own.n_outputs_)]


def test_several_labels_a_row(rng):
    X = rng.normal(size=(200, 3))
    y = (X > 0).astype(int)[:, :2]
    own = quiet(MLPClassifier(16, learning_rate_init=0.02, random_state=0), X, y)
    assert own.network_.multilabel and own.out_activation_ == "sigmoid"
    assert (own.predict(X) == y).mean() > 0.95
    assert same_bits(own.predict_proba(X), own.network_(X))


def test_the_network_has_the_dtype_of_the_rows(rng):
    X, y = blobs(rng)
    for kind, dtype in ((kind, dtype) for kind in BOTH for dtype in (np.float32, np.float64)):
        own = quiet(kind(8, max_iter=3), X.astype(dtype), answers(kind, y))
        assert own.network_.dtype == dtype
        assert own.predict(X.astype(dtype)[:2]).shape == ((2,) if kind is MLPClassifier else (2, 2))
    assert quiet(MLPRegressor(4, max_iter=1), X, y.astype(float)).predict(X).shape == (len(X),)


def test_any_activation_of_mathwork(rng):
    X, y = blobs(rng)
    for activation in ("gelu", "logistic", "selu", ("leaky_relu", 0.2)):
        own = quiet(MLPClassifier((8, 8), activation, learning_rate_init=0.02, random_state=0),
                    X, y)
        assert own.score(X, y) > 0.9
        assert own.network_.layers[0].activation == ("sigmoid" if activation == "logistic"
                                                     else activation)


# ---- the same again, pieces, weights ----

@both
def test_a_seed_gives_the_same_bits(rng, kind):
    X, y = blobs(rng)
    first, same, other = (quiet(kind(8, max_iter=5, batch_size=16, random_state=seed), X,
                                answers(kind, y)) for seed in (0, 0, 1))
    assert same_bits(first.coefs_[0], same.coefs_[0])
    assert not same_bits(first.coefs_[0], other.coefs_[0])


@both
def test_pickles_and_clones(rng, kind):
    X, y = blobs(rng)
    own = quiet(kind(8, max_iter=5), X, answers(kind, y))
    text = pickle.dumps(own)
    assert not names_kernels(text)
    assert same_bits(pickle.loads(text).predict(X), own.predict(X))
    assert clone(own).get_params() == own.get_params()
    with pytest.raises(NotFittedError):
        clone(own).predict(X)
    with raises(AttributeError, f"this {kind.__name__} is not fitted yet"):
        clone(own).coefs_       # noqa: B018


@both
def test_warm_start_goes_on(rng, kind):
    X, y = blobs(rng)
    y = answers(kind, y)
    own = quiet(kind(8, max_iter=20, warm_start=True, random_state=0), X, y)
    first = own.loss_curve_
    quiet(own, X, y)
    assert own.loss_curve_[:20] == first and len(own.loss_curve_) == 40 and own.n_iter_ == 20
    assert own.loss_curve_[20] < first[10] and own.t_ == 40 * len(X)
    own.set_params(hidden_layer_sizes=9)
    with raises(ValueError, f"to go on with {own.network_!r}, hidden_layer_sizes must be its own, "
                            "got 9"):
        own.fit(X, y)
    assert quiet(own.set_params(warm_start=False), X, y).network_.sizes[1] == 9


def test_partial_fit(rng):
    X, y = blobs(rng, count=600)
    own = MLPClassifier(16, learning_rate_init=0.02, batch_size=20, random_state=0)
    with raises(ValueError, "the first call of partial_fit needs classes, all that will come"):
        own.partial_fit(X, y)
    for at in range(0, 600, 100):       # the first part has not all classes
        rows = slice(at, at + 100)
        part = y[rows] % 2 if at == 0 else y[rows]
        assert own.partial_fit(X[rows], part, classes=[0, 1, 2]) is own
    assert own.n_iter_ == 1 and own.t_ == 600 and own.score(X, y) > 0.9
    with raises(ValueError, "labels must be classes of the network, [0, 1, 2], got 3"):
        own.partial_fit(X, y + 1)
    with raises(ValueError, "partial_fit takes one epoch, so it cannot stop early: early_stopping "
                            "must be False"):
        own.set_params(early_stopping=True).partial_fit(X, y)
    line = MLPRegressor((), learning_rate_init=0.05, random_state=0)
    for _ in range(200):
        line.partial_fit(X, X @ [1, 2, 3, 4])
    assert line.score(X, X @ [1, 2, 3, 4]) > 0.99


@both
def test_a_row_of_weight_zero_is_as_if_it_were_not_there(rng, kind):
    X, y = blobs(rng)
    y = answers(kind, y)
    weights = np.arange(len(X)) % 4 > 0
    options = {"max_iter": 10, "batch_size": 16, "random_state": 0}
    kept = quiet(kind(8, **options), X[weights], y[weights])
    same = quiet(kind(8, **options), X, y, sample_weight=weights)
    np.testing.assert_allclose(same.coefs_[0], kept.coefs_[0], rtol=1e-10)


def test_class_weight_is_a_weight_for_each_row(rng):
    X, y = blobs(rng)
    y = np.minimum(y, 1)        # 40 and 80 rows
    options = {"max_iter": 10, "batch_size": 16, "random_state": 0}
    own = rng.uniform(1, 2, len(X))
    by_class = quiet(MLPClassifier(8, class_weight={0: 3.0}, **options), X, y, sample_weight=own)
    by_row = quiet(MLPClassifier(8, **options), X, y, sample_weight=own * np.where(y, 1, 3))
    assert same_bits(by_class.coefs_[0], by_row.coefs_[0])
    balanced = quiet(MLPClassifier(8, class_weight="balanced", **options), X, y)
    by_row = quiet(MLPClassifier(8, **options), X, y, sample_weight=np.where(y, 0.75, 1.5))
    np.testing.assert_allclose(balanced.coefs_[0], by_row.coefs_[0], rtol=1e-10)


def test_balanced_classes_weigh_alike_with_weights_of_rows(rng):
    X = rng.normal(size=(200, 2))
    y = np.repeat(["a", "b"], 100)
    X[100:, 0] += 0.8
    rows = np.where(y == "b", 0.05, 1.0)
    options = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0, "tol": 0, "random_state": 0}
    plain = quiet(MLPClassifier(**options), X, y)
    weighted = quiet(MLPClassifier(class_weight="balanced", **options), X, y, sample_weight=rows)
    np.testing.assert_allclose(weighted.coefs_[0], plain.coefs_[0], rtol=1e-4)
    with raises(ValueError, "sample_weight must not differ beyond floats among the classes"):
        MLPClassifier(class_weight="balanced").fit(X, y, np.where(y == "b", 1e-300, 1e20))
    none = np.where(y == "b", 0.0, 1.0)         # a class without weight weighs nothing
    fit = quiet(MLPClassifier(class_weight="balanced", **options), X, y, sample_weight=none)
    assert set(fit.predict(X)) == {"a"}


def test_few_rows_to_hold_out(rng):
    """A class alone, or fewer rows than classes, cannot be held out by class"""
    X = rng.normal(size=(20, 3))
    for y in (np.arange(20) % 3, np.r_[2, np.arange(19) % 2], np.arange(20)):
        fit = quiet(MLPClassifier(early_stopping=True, max_iter=5), X, y)
        assert len(fit.validation_losses_) == fit.n_iter_
    for share, n in ((0.0, 20), (0.96, 20), (0.5, 1)):
        model = MLPRegressor(early_stopping=True, validation_fraction=share)
        with raises(ValueError, "validation_fraction must leave rows to train on and to hold out, "
                                f"got {share} of {n} rows"):
            model.fit(X[:n], X[:n, 0])


@both
def test_early_stopping(rng, kind):
    X, y = blobs(rng)
    y = answers(kind, rng.permutation(y))       # nothing to learn: what is held out gets worse
    own = kind((32, 32), early_stopping=True, validation_fraction=0.25, n_iter_no_change=5,
               learning_rate_init=0.02, max_iter=500, random_state=0).fit(X, y)
    losses = own.validation_losses_
    assert own.n_iter_ == len(losses) < 500 and own.t_ == own.n_iter_ * 90
    assert np.argmin(losses) >= len(losses) - 7
    assert own.loss_curve_[-1] < own.loss_curve_[0]


# ---- with the rest of scikit-learn ----

def test_pipeline_and_grid_search(rng):
    X, y = blobs(rng)
    X = 100 * X + 1000
    steps = make_pipeline(StandardScaler(), MLPClassifier(8, learning_rate_init=0.05,
                                                          random_state=0))
    search = GridSearchCV(steps, {"mlpclassifier__hidden_layer_sizes": [2, 8],
                                  "mlpclassifier__activation": ["relu", "tanh"]}, cv=3)
    quiet(search, X, y)
    assert search.best_score_ > 0.9
    network = Network.from_sklearn(search.best_estimator_)
    assert np.array_equal(network.classes_[network.classify(X)], search.predict(X))
    np.testing.assert_allclose(network(X), search.predict_proba(X), rtol=1e-9, atol=1e-12)


@both
def test_from_sklearn_takes_the_estimators(rng, kind):
    X, y = blobs(rng)
    own = quiet(kind(8, ("elu", 1.5), max_iter=3), X, answers(kind, y))
    again = Network.from_sklearn(own)
    assert same_bits(again(X), own.network_(X)) and repr(again) == repr(own.network_)
    with raises(ValueError, f"{kind.__name__} is not fitted yet: call its fit first"):
        Network.from_sklearn(kind())


def test_data_frames_have_names(rng):
    pandas = pytest.importorskip("pandas")
    X, y = blobs(rng)
    own = quiet(MLPClassifier(4, max_iter=2), pandas.DataFrame(X, columns=list("abcd")), y)
    assert own.feature_names_in_.tolist() == list("abcd") and own.n_features_in_ == 4


# ---- refusals ----

@both
@pytest.mark.parametrize(("options", "message"), [
    ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be integers above 0, got (3, 0)"),
    ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes must be integers above 0, got 2.5"),
    ({"solver": "newton"}, "solver must be one of adam, adamw, sgd, lbfgs, got 'newton'"),
    ({"batch_size": 0}, "batch_size must be 'auto' or an integer above 0, got 0"),
    ({"batch_size": "all"}, "batch_size must be 'auto' or an integer above 0, got 'all'"),
    ({"max_iter": 0}, "max_iter must be an integer above 0, got 0"),
    ({"n_iter_no_change": 1.5}, "n_iter_no_change must be an integer above 0, got 1.5"),
    ({"alpha": -1}, "alpha must be at least 0 and below inf, got -1"),
    ({"alpha": np.nan}, "alpha must be at least 0 and below inf, got nan"),
    ({"momentum": 1}, "momentum must be at least 0 and below 1, got 1"),
    ({"learning_rate_init": 0.0}, "learning_rate_init must be above 0, got 0.0")], ids=str)
def test_refused_parameters(rng, kind, options, message):
    X, y = blobs(rng)
    with raises(ValueError, message):
        kind(**options).fit(X, answers(kind, y))


def test_rows_without_weight_are_refused(rng):
    X, y = blobs(rng)
    with raises(ValueError, "sample_weight and class_weight give every row a weight of 0"):
        MLPClassifier(class_weight=dict.fromkeys(range(3), 0.0)).fit(X, y)


def test_one_class_is_refused(rng):
    with raises(ValueError, "y must hold at least two classes, got one class, 'a'"):
        MLPClassifier().fit(rng.normal(size=(3, 2)), ["a"] * 3)


def test_training_that_goes_on_keeps_its_classes(rng):
    X, y = blobs(rng)
    with pytest.raises(ValueError, match=r"same classes as before, \[0, 1, 2\], got \[0, 1\]"):
        quiet(quiet(MLPClassifier(4, warm_start=True, max_iter=2), X, y), X, y % 2)
    estimator = MLPClassifier(4).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="same classes as before"):
        estimator.partial_fit(X, y, classes=[0, 1])
    estimator.partial_fit(X, y % 2)         # a part of the rows may lack a class


def test_negative_class_weights_are_refused(rng):
    X, y = blobs(rng)
    with pytest.raises(ValueError, match="class_weight must be finite and at least 0"):
        MLPClassifier(4, class_weight={0: -1.0}).fit(X, y)


def test_verbose_prints_each_loss(rng, capsys):
    X, y = blobs(rng)
    own = quiet(MLPClassifier(4, max_iter=2, verbose=True), X, y)
    assert capsys.readouterr().out == "".join(
        f"Iteration {at}, loss = {loss:.8f}\n" for at, loss in enumerate(own.loss_curve_, 1))


def test_without_sklearn_the_error_says_what_to_install():
    code, _, error = run_python("import sys; sys.modules['sklearn'] = None\n"
                                "import mathwork.sklearn")
    assert code == 1 and error.rstrip().endswith(
        "ImportError: to offer estimators for scikit-learn, mathwork needs scikit-learn: "
        "pip install scikit-learn")


# ---- documentation ----

@both
@pytest.mark.parametrize("method", [None, "fit", "partial_fit"])
def test_every_parameter_is_documented(kind, method):
    public = kind if method is None else getattr(kind, method)
    assert documented(inspect.getdoc(public)) == taken(public)


@both
def test_examples_are_true(kind):
    example, = doctest.DocTestFinder(recurse=False).find(kind, globs={})
    report = []
    assert doctest.DocTestRunner(verbose=False).run(example, out=report.append).failed == 0, report
    assert example.examples
