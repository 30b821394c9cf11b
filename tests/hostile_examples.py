"""A valid call of every public name: `EXAMPLES[name]()` is a list of arguments, each {name: value}.

Every parameter stands in one of these calls at least. The object of a method is called `self`.
`public_names()` walks the package for the names; a new one without an example fails a test.
"""
import functools
import importlib
import importlib.util
import inspect
import warnings

import numpy as np
from docstrings import taken

MODULES = ("activations", "init", "nn", "matrix", "regression", "orbit", "constants", "data",
           "sklearn", "dask")
WITH_PACKAGES = {"sklearn": "sklearn", "dask": "dask"}      # modules for what other packages have
OPERATORS = ("__call__", "__getitem__", "__add__")

# The packages that methods need: without them these methods are not walked.
NEEDED = {"to_pandas": "pandas", "to_polars": "polars", "plot": "matplotlib",
          "plot_orbits": "matplotlib", "to_onnx": "onnx", "from_onnx": "onnx",
          "from_sklearn": "sklearn"}


def installed(*names):
    return all(importlib.util.find_spec(name) for name in names)


def public_names():
    """Return {name: callable} of the package: functions, classes, methods, some operators.

    A name whose package of NEEDED is not installed is left out.
    """
    found = {}
    for module_name in MODULES:
        if not installed(*filter(None, [WITH_PACKAGES.get(module_name)])):
            continue
        module = importlib.import_module(f"mathwork.{module_name}")
        for name in module.__all__:
            value = getattr(module, name)
            if not callable(value) or (inspect.isclass(value) and issubclass(value, Warning)):
                continue
            found[f"{module_name}.{name}"] = value
            if inspect.isclass(value):
                found |= {f"{module_name}.{name}.{method}": getattr(value, method)
                          for method in dir(value) if is_public_method(value, method)}
    found["show_runtime"] = importlib.import_module("mathwork").show_runtime
    missing = {name for name, package in NEEDED.items() if not installed(package)}
    return {name: value for name, value in found.items()
            if name.rpartition(".")[2] not in missing}


def is_public_method(cls, name):
    """Return whether the package defines this method, for others to call"""
    if (name.startswith("_") and name not in OPERATORS) or name.endswith("_request"):
        return False
    owner = next(base for base in cls.__mro__ if name in vars(base))
    return owner.__module__.startswith("mathwork") and callable(getattr(cls, name))


def parameters(name, public, calls):
    """Return the names of what it takes; those of its example where it does not say all of them.

    Of a ufunc it is x alone: NumPy looks at the rest.
    """
    if isinstance(public, np.ufunc):
        return ["x"]
    try:
        found = taken(public)
    except ValueError:
        found = []
    if not found or found[-1].startswith("**"):
        found += [key for call in calls for key in call if key != "self"]
    return [name for name in dict.fromkeys(found) if not name.startswith("*")]


# ---- what the calls are made of ----

numbers = np.random.default_rng(7)
X = numbers.normal(size=(12, 3))
y = X @ [1.0, 2.0, 3.0] + numbers.normal(size=12)
x = X[:, 0].copy()
w = np.linspace(0.5, 1.5, 12)
keys = np.array([1, 2, 3] * 4)
A = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 4.0]])
b = np.array([1.0, 2.0, 3.0])
shape = (3, 4)
AU, GM, SUN, EARTH = 1.5e11, 1.327e20, 1.989e30, 5.97e24
radii = np.array([1.0, 1.5, 5.2]) * AU
times = np.linspace(0.0, 3e7, 4)
weight = np.array([[1.0, -2.0, 0.5], [0.5, 1.0, 2.0]])

cached = functools.cache


@cached
def net():
    from mathwork.nn import Network
    return Network.he((3, 4, 2), rng=0, output="identity")


@cached
def classifying():
    from mathwork.nn import Network
    return Network.he((3, 4, 2), rng=0, output="softmax", dtype=np.float64)


@cached
def nets():
    from mathwork.nn import Network, Networks
    return Networks(Network.he((3, 4, 2), rng=k, output="identity") for k in range(3))


@cached
def fit(kind):
    import mathwork.regression as regression
    return {"line": lambda: regression.fit_line(x, y),
            "lines": lambda: regression.fit_line(x, np.stack([y, -y])),
            "linear": lambda: regression.fit_linear(X, y),
            "polynomial": lambda: regression.fit_polynomial(x, y, 2),
            "ridge": lambda: regression.fit_ridge(X, y),
            "groups": lambda: regression.fit_groups(keys, x, y),
            "rolling": lambda: regression.fit_rolling(x, y, 5),
            "moments": lambda: regression.Moments.of(X, y, robust=True)}[kind]()


@cached
def orbit():
    from mathwork.orbit import KeplerOrbit
    return KeplerOrbit(radii, [0.1, 0.0, 0.5], mu=GM)


@cached
def circle():
    from mathwork.orbit import CircularOrbit
    return CircularOrbit(SUN, EARTH, AU)


@cached
def of_matrix(name, **options):
    import mathwork.matrix as matrix
    if name == "solve":
        return matrix.solve(A[:2], b[:2])
    return getattr(matrix, name)(A + 0j if options.pop("complex", False) else A, **options)


@cached
def trained(many=False):
    from mathwork.nn import train, train_many
    if many:
        return train_many(nets(), X, X[:, :2], epochs=2, rng=0)
    return train(net(), X, X[:, :2], epochs=2, rng=0)


def ax():
    from matplotlib.figure import Figure
    return Figure().add_subplot()


@cached
def sk(name):
    import mathwork.sklearn as estimators
    answers = keys if name == "MLPClassifier" else y
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")         # two epochs are few
        return getattr(estimators, name)((4,), max_iter=2, random_state=0).fit(X, answers)


def fitted_picture():
    return {"y": y, "ax": ax(), "alpha": 0.05, "band": True, "labels": ["x", "y"]}


def orbits_picture(labels):
    return {"ax": ax(), "labels": list(labels), "centre": "Sun", "unit": "km", "scale": "auto",
            "dimensions": 2}


def state_of_earth():
    return {"r": np.array([AU, 0.0, 0.0]), "v": np.array([0.0, 29784.0, 0.0])}


# ---- the calls ----

ufunc = lambda: [{"x": X}]      # noqa: E731
circular = {"radius": radii, "fixed_star": True, "out": np.empty(3)}
circular_ways = [{**circular, "star_mass": SUN, "planet_mass": EARTH}, {**circular, "mu": GM}]
draws = {"shape": shape, "dtype": np.float32, "rng": 0, "workers": 1}
reduction = {"tol": 1e-12, "atol": 0.0, "exact": False, "modulus": None, "workers": 1}
exactly = {"exact": True, "modulus": None, "tol": None, "atol": 0.0}
modulo = {"exact": False, "modulus": 7}
whole = np.array([[2, 1, 0], [1, 3, 1], [0, 1, 4]])
elements = {"e": 0.1, "i": 0.2, "Omega": 0.3, "omega": 0.4, "M0": 0.5, "mu": GM}
training = {
    "loss": "squared_error", "optimizer": "adam", "learning_rate": 1e-3, "batch_size": 5,
    "epochs": 2, "weights": w, "validation": None, "patience": 3, "tolerance": 0.0,
    "schedule": None, "shuffle": True, "momentum": 0.0, "nesterov": False, "beta1": 0.9,
    "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "delta": 1.0, "rng": 0, "workers": 1,
    "progress": None, "class_weight": None}
methods = {
    "conf_int": {"alpha": 0.05}, "cov_params": {}, "f_test": {"restrictions": "x0", "value": 0.0},
    "mean_stderr": {"x": x}, "summary": {"names": None, "alpha": 0.05},
    "t_test": {"restrictions": "x0", "value": 0.0, "alpha": 0.05},
    "wald_test": {"restrictions": "x0", "value": 0.0, "use_f": False},
    "with_cov": {"cov": "HC1", "groups": None, "maxlags": None}, "with_data": {},
    "to_dict": {}, "to_pandas": {}, "to_polars": {}}
of_time = {"t": times, "paired": False, "workers": 1}


def split(names):
    return names.split()


def members(prefix, kind, names, **changes):
    """Return the examples of methods that several fits have."""
    return {f"{prefix}.{name}": lambda name=name: [{"self": fit(kind),
                                                    **(methods[name] | changes.get(name, {}))}]
            for name in names.split()}


EXAMPLES = {
    "show_runtime": lambda: [{}],
    **{f"activations.{name}": ufunc for name in split(
        "exp gelu gelu_tanh hardsigmoid hardswish hardtanh log_sigmoid mish relu relu6 selu "
        "sigmoid silu softplus softsign tanh")},
    "activations.celu": lambda: [{"x": X, "alpha": 1.0}],
    "activations.elu": lambda: [{"x": X, "alpha": 1.0}],
    "activations.leaky_relu": lambda: [{"x": X, "slope": 0.1}],
    "activations.clip": lambda: [{"x": X, "low": -1.0, "high": 1.0}],
    "activations.identity": lambda: [{"x": X}],
    "activations.prelu": lambda: [{"x": X, "slope": np.array([0.1, 0.2, 0.3])}],
    "activations.softmax": lambda: [{"x": X, "axis": -1}],
    "activations.log_softmax": lambda: [{"x": X, "axis": -1}],

    **{f"init.he_{name}": lambda: [{"n_in": 3}] for name in ("limit", "std", "variance")},
    **{f"init.{name}_normal": lambda: [{**draws, "fan_in": 4, "truncated": False}]
       for name in ("he", "lecun")},
    **{f"init.{name}_uniform": lambda: [{**draws, "fan_in": 4}] for name in ("he", "lecun")},
    "init.glorot_normal": lambda: [{**draws, "fan_in": 4, "fan_out": 3, "gain": 1.0,
                                    "truncated": False}],
    "init.glorot_uniform": lambda: [{**draws, "fan_in": 4, "fan_out": 3, "gain": 1.0}],
    "init.orthogonal": lambda: [{"shape": shape, "gain": 1.0, "dtype": np.float32, "rng": 0}],
    "init.normal_pdf": lambda: [{"x": x, "mean": 0.0, "std": 1.0}],
    "init.uniform_pdf": lambda: [{"x": x, "low": -1.0, "high": 1.0}],

    "matrix.ComplexLU": lambda: [],
    "matrix.ComplexLU.solve": lambda: [{"self": of_matrix("lu", complex=True), "b": b + 0j,
                                        "workers": 1}],
    "matrix.ComplexLU.det": lambda: [{"self": of_matrix("lu", complex=True)}],
    "matrix.ComplexLU.inv": lambda: [{"self": of_matrix("lu", complex=True), "workers": 1}],
    "matrix.ComplexLU.slogdet": lambda: [{"self": of_matrix("lu", complex=True)}],
    "matrix.LU": lambda: [],
    "matrix.LU.solve": lambda: [{"self": of_matrix("lu"), "b": b, "workers": 1}],
    "matrix.LU.det": lambda: [{"self": of_matrix("lu")}],
    "matrix.LU.inv": lambda: [{"self": of_matrix("lu"), "workers": 1}],
    "matrix.LU.slogdet": lambda: [{"self": of_matrix("lu")}],
    "matrix.Elimination": lambda: [],
    "matrix.Elimination.matrices": lambda: [{"self": of_matrix("eliminate")}],
    "matrix.Elimination.replay": lambda: [{"self": of_matrix("eliminate"), "B": whole}],
    "matrix.Elimination.latex": lambda: [{"self": of_matrix("eliminate")}],
    "matrix.LeastSquares": lambda: [{"x": b, "ssr": 0.0, "rank": 3, "status": "unique"}],
    "matrix.Margin": lambda: [{"accepted": 1.0, "rejected": 0.0}],
    "matrix.ParsedEquations": lambda: [{"A": A, "b": b, "names": ("x", "y", "z")}],
    "matrix.ParsedMatrix": lambda: [{"matrix": A, "columns": 2}],
    "matrix.Reduced": lambda: [{"matrix": np.eye(3), "pivots": [0, 1, 2], "columns": 3,
                                "margin": (1.0, 0.0), "status": 0}],
    "matrix.Reduced.text": lambda: [{"self": of_matrix("rref")}],
    "matrix.Reduced.latex": lambda: [{"self": of_matrix("rref")}],
    "matrix.SlogDet": lambda: [{"sign": 1.0, "logabsdet": 0.0}],
    "matrix.Solution": lambda: [{"status": "unique", "x": b, "null_space": np.empty((3, 0))}],
    "matrix.Solution.text": lambda: [{"self": of_matrix("solve"), "names": ["u", "v", "w"]}],
    "matrix.Solution.latex": lambda: [{"self": of_matrix("solve"), "names": ["u", "v", "w"]}],
    "matrix.add_multiple": lambda: [{"A": A, "target": 0, "source": 1, "factor": 2.0,
                                     "out": np.empty((3, 3))}],
    "matrix.scale_row": lambda: [{"A": A, "i": 0, "factor": 2.0, "out": np.empty((3, 3))}],
    "matrix.swap_rows": lambda: [{"A": A, "i": 0, "j": 1, "out": np.empty((3, 3))}],
    "matrix.augment": lambda: [{"A": A, "b": b}],
    "matrix.eliminate": lambda: [{"A": whole, "exact": True, "reduced": True, "columns": 3,
                                  "modulus": None, "order": "textbook"},
                                 {"A": whole, "exact": False, "modulus": 7}],
    **{f"matrix.{name}": lambda: [{"A": A, **reduction}, {"A": whole, **exactly},
                                  {"A": whole, **modulo}] for name in ("det", "inv", "rank")},
    "matrix.null_space": lambda: [{"A": A[:2], **reduction, "integer": False},
                                  {"A": whole[:2], **exactly, "integer": True},
                                  {"A": whole[:2], **modulo}],
    **{f"matrix.{name}": lambda: [{"A": A, **reduction, "columns": 3},
                                  {"A": whole, **exactly, "columns": 3}, {"A": whole, **modulo}]
       for name in ("ref", "rref")},
    "matrix.slogdet": lambda: [{"A": A, "tol": 1e-12, "atol": 0.0, "exact": False,
                                "modulus": None}, {"A": whole, "exact": True}],
    "matrix.solve": lambda: [{"A": A, "b": b, **reduction}, {"A": whole, "b": b, **exactly},
                             {"A": whole, "b": whole, **modulo}],
    "matrix.is_ref": lambda: [{"A": A}],
    "matrix.is_rref": lambda: [{"A": A}],
    "matrix.lstsq": lambda: [{"A": A, "b": b, "weights": b, "tol": 1e-12}],
    "matrix.lu": lambda: [{"A": A, "tol": 1e-12, "atol": 0.0, "workers": 1}],
    "matrix.matmul": lambda: [{"A": A, "B": A, "out": np.empty((3, 3)), "workers": 1}],
    "matrix.matvec": lambda: [{"W": A, "x": b, "bias": b, "out": np.empty(3), "workers": 1}],
    "matrix.parse_equations": lambda: [{"text": "2x + 3y = 6; x - y = 1/2", "exact": True}],
    "matrix.parse_matrix": lambda: [{"text": "1 2 | 3; 4 5 | 6", "exact": True}],

    "nn.Dense": lambda: [{"weight": weight, "bias": np.array([0.0, 1.0]), "activation": "relu"},
                         {"weight": weight, "activation": ("clip", -1.0, 1.0)}],
    "nn.DivergenceError": lambda: [{"message": "it is", "network": net(), "history": {},
                                    "epoch": 1, "row": 2}],
    "nn.LayerNorm": lambda: [{"weight": b, "bias": b, "eps": 1e-5, "activation": "identity"}],
    "nn.RMSNorm": lambda: [{"weight": b, "eps": 1e-5, "activation": "identity"}],
    "nn.Residual": lambda: [{"layers": [dense(3, 3)], "activation": "relu"}],
    "nn.Network": lambda: [{"layers": [dense(4, 3), dense(2, 4, "softmax")], "dtype": np.float32,
                            "classes": ["no", "yes"], "multilabel": False}],
    "nn.Network.__call__": lambda: [{"self": net(), "x": X, "out": np.empty((12, 2), "f4"),
                                     "workers": 1}, {"self": classifying(), "x": b}],
    "nn.Network.he": lambda: [{"sizes": (3, 4, 2), "activation": "relu", "output": "sigmoid",
                               "distribution": "normal", "dtype": np.float32, "rng": 0}],
    "nn.Network.parameters": lambda: [{"self": net()}],
    "nn.Network.with_parameters": lambda: [{"self": net(), "parameters": net().parameters()}],
    "nn.Network.jacobian": lambda: [{"self": net(), "x": b}],
    "nn.Network.hessian": lambda: [{"self": net(), "x": b}],
    "nn.Network.jvp": lambda: [{"self": net(), "x": b, "v": b}],
    "nn.Network.vjp": lambda: [{"self": net(), "x": b, "cotangent": b[:2]}],
    "nn.Network.trace": lambda: [{"self": net(), "x": X}],
    "nn.Network.classify": lambda: [{"self": classifying(), "x": X, "threshold": None}],
    "nn.Network.save": lambda: [{"self": net(), "path": "net.npz", "format": "npz"}],
    "nn.Network.to_c": lambda: [{"self": net(), "path": "net.c"}],
    "nn.Network.as_ctypes": lambda: [{"self": net()}],
    "nn.Networks": lambda: [{"networks": [net(), net()]}],
    "nn.Networks.__call__": lambda: [{"self": nets(), "x": X, "out": np.empty((3, 12, 2), "f4"),
                                      "paired": False, "workers": 1}],
    "nn.Networks.__getitem__": lambda: [{"self": nets(), "index": 1}],
    "nn.Networks.of": lambda: [{"parameters": nets().parameters(), "like": net()}],
    "nn.Networks.load": lambda: [{"path": saved(nets, "nets.npz"), "format": "npz"}],
    "nn.Networks.parameters": lambda: [{"self": nets()}],
    "nn.Networks.with_parameters": lambda: [{"self": nets(), "parameters": nets().parameters()}],
    "nn.Networks.mean": lambda: [{"self": nets(), "x": X, "out": np.empty((12, 2), "f4"),
                                  "workers": 1}],
    "nn.Networks.average": lambda: [{"self": nets()}],
    "nn.Networks.save": lambda: [{"self": nets(), "path": "nets.npz", "format": "npz"}],
    "nn.RowFunction": lambda: [{"network": net()}],
    "nn.Training": lambda: [{"network": net(), "history": {"loss": np.ones(2)},
                             "status": "trained"}],
    "nn.Trainings": lambda: [{"networks": nets(), "history": {"loss": np.ones((2, 3))},
                              "status": np.zeros(3, "i1")}],
    "nn.cost": lambda: [{"result": X, "answer": X}],
    "nn.gradient": lambda: [{"net": net(), "x": X, "answer": X[:, :2], "loss": "huber",
                             "delta": 1.0}],
    "nn.value_and_gradient": lambda: [{"net": net(), "x": X, "answer": X[:, :2], "loss": "huber",
                                       "delta": 1.0}],
    "nn.load": lambda: [{"path": saved(net, "net.npz"), "format": "npz", "dtype": None,
                         "activations": None, "prefix": None, "order": None, "inputs": None,
                         "outputs": None}],
    "nn.train": lambda: [{"network": net(), "inputs": X, "answers": X[:, :2], **training}],
    "nn.train_many": lambda: [{"networks": nets(), "inputs": X, "answers": X[:, :2],
                               **training}],

    "regression.Contrast": lambda: [dict.fromkeys(
        ("effect", "stderr", "tvalue", "pvalue", "lower", "upper"), 0.0)],
    "regression.JointTest": lambda: [{"statistic": 1.0, "pvalue": 0.5, "df_num": 1,
                                      "df_denom": 3}],
    "regression.Prediction": lambda: [{"y": b, "lower": b, "upper": b}],
    "regression.GroupFits": lambda: [],
    "regression.RollingFits": lambda: [],
    "regression.LinearFit": lambda: [],
    "regression.PolynomialFit": lambda: [],
    "regression.GroupFits.__getitem__": lambda: [{"self": fit("groups"), "at": 1}],
    "regression.RollingFits.__getitem__": lambda: [{"self": fit("rolling"), "at": 1}],
    "regression.GroupFits.of": lambda: [{"self": fit("groups"), "key": 1}],
    "regression.GroupFits.predict": lambda: [{"self": fit("groups"), "keys": keys, "x": x}],
    "regression.RollingFits.predict": lambda: [{"self": fit("rolling"), "x": x}],
    "regression.LineFit": lambda: [{"slope": 1.0, "intercept": 2.0, "rvalue": 0.5, "stderr": 0.1,
                                    "intercept_stderr": 0.1, "nobs": 5, "status": 0}],
    "regression.LineFit.__getitem__": lambda: [{"self": fit("lines"), "at": 1}],
    "regression.LineFit.predict": lambda: [{"self": fit("line"), "x": x, "interval": "mean",
                                            "alpha": 0.05}],
    "regression.LinearFit.predict": lambda: [{"self": fit("linear"), "X": X, "interval": "mean",
                                              "alpha": 0.05}],
    "regression.PolynomialFit.predict": lambda: [{"self": fit("polynomial"), "x": x,
                                                  "interval": "mean", "alpha": 0.05}],
    "regression.PolynomialFit.derivative": lambda: [{"self": fit("polynomial"), "x": x,
                                                     "order": 1}],
    "regression.PlaneFit": lambda: [{"params": b, "bse": b, "rsquared": 0.5, "nobs": 9,
                                     "status": 0, "has_intercept": True, "names": ("a",)}],
    "regression.PlaneFit.predict": lambda: [{"self": plane(), "X": X[:, :2]}],
    "regression.RidgeFit.predict": lambda: [{"self": fit("ridge"), "X": X}],
    "regression.Moments": lambda: [{"robust": False}],
    "regression.Moments.of": lambda: [{"X": X, "y": y, "weights": w, "nan_policy": "raise",
                                       "robust": False}],
    "regression.Moments.update": lambda: [{"self": moments(), "X": X, "y": y, "weights": w,
                                           "nan_policy": "raise"}],
    "regression.Moments.decay": lambda: [{"self": moments(), "factor": 0.999}],
    "regression.Moments.fit": lambda: [{"self": fit("moments"), "columns": [0, 2],
                                        "intercept": True, "rank_tol": 1e-10}],
    "regression.Moments.robust_cov": lambda: [{"self": fit("moments"), "columns": [0, 2],
                                               "intercept": True, "rank_tol": 1e-10,
                                               "cov": "HC1"}],
    "regression.Moments.__add__": lambda: [{"self": fit("moments"), "other": fit("moments")}],
    "regression.fit_groups": lambda: [{"keys": keys, "x": x, "y": y, "weights": w,
                                       "intercept": True, "nan_policy": "propagate",
                                       "cov": "HC1"},
                                      {"keys": keys, "x": X[:, :2], "y": y}],
    "regression.fit_line": lambda: [
        {"x": x, "y": y, "weights": w, "workers": 1, "nan_policy": "raise", "cov": "HC1"},
        {"x": x, "y": y, "cov": "HAC", "maxlags": 1}, {"x": x, "y": y},
        {"x": x, "y": y, "cov": "cluster", "groups": keys}],
    "regression.fit_linear": lambda: [
        {"X": X, "y": y, "intercept": True, "weights": w, "rank_tol": 1e-10,
         "nan_policy": "raise", "cov": "HC1"},
        {"X": X, "y": y, "cov": "HAC", "maxlags": 1},
        {"X": X, "y": y, "cov": "cluster", "groups": keys}],
    "regression.fit_polynomial": lambda: [
        {"x": x, "y": y, "degree": 2, "weights": w, "nan_policy": "raise", "cov": "HC1"},
        {"x": x, "y": y, "degree": 2, "cov": "HAC", "maxlags": 1},
        {"x": x, "y": y, "degree": 2, "cov": "cluster", "groups": keys}],
    "regression.fit_ridge": lambda: [{"X": X, "y": y, "alpha": 1.0, "intercept": True,
                                      "weights": w, "nan_policy": "raise"}],
    "regression.fit_rolling": lambda: [
        {"x": x, "y": y, "window": 5, "min_nobs": 3, "weights": w, "intercept": True,
         "nan_policy": "propagate", "cov": "HC1"},
        {"x": X[:, :2], "y": y, "window": 2.5, "time": np.arange(12.0)},
        {"x": x, "y": y, "halflife": 3.0}],

    "constants.Constant": lambda: [{"name": "pi", "value": 3.14, "unit": "", "uncertainty": 0.0,
                                    "source": "Archimedes"}],
    "data.digits": lambda: [{}],
    "data.digits_network": lambda: [{}],
    "data.training_digits": lambda: [{}],

    **{f"orbit.{name}": lambda: circular_ways for name in split(
        "angular_speed circular_speed escape_speed orbital_energy period")},
    "orbit.hill_radius": lambda: [*circular_ways[:1], {
        **circular, "mu": GM, "star_mass": None, "planet_mass": EARTH}],
    "orbit.semimajor_axis": lambda: [
        {"period": radii / 1e4, "star_mass": SUN, "planet_mass": EARTH, "fixed_star": True,
         "out": np.empty(3)}, {"period": radii / 1e4, "mu": GM}],
    "orbit.centripetal_force": lambda: [{"m": EARTH, "v": 3e4, "r": radii, "out": np.empty(3)}],
    "orbit.gravitational_force": lambda: [{"m1": SUN, "m2": EARTH, "r": radii,
                                           "out": np.empty(3)}],
    "orbit.vis_viva": lambda: [{"r": radii, "a": radii, "mu": GM}],
    "orbit.orbit_table": lambda: [
        {"star_mass": SUN, "planet_mass": EARTH, "radius": radii, "fixed_star": True},
        {"star_mass": SUN, "planet_mass": EARTH, "period": radii / 1e4}],
    "orbit.solve_kepler": lambda: [{"mean_anomaly": b, "eccentricity": 0.3, "out": np.empty(3),
                                    "status": False, "parts": False}],
    "orbit.propagate": lambda: [{**state_of_earth(), "dt": times, "mu": GM, "stm": False,
                                 "workers": 1}],
    "orbit.Anomaly": lambda: [{"anomaly": b, "status": 0}],
    "orbit.AnomalyParts": lambda: [dict.fromkeys(
        ("anomaly", "sin_true", "cos_true", "by_mean_anomaly", "by_eccentricity", "status"), 0)],
    "orbit.Elements": lambda: [dict.fromkeys(("a", "e", "i", "Omega", "omega", "M0"), 0.1)],
    "orbit.State": lambda: [{"position": b, "velocity": b}],
    "orbit.Transition": lambda: [{"position": b, "velocity": b, "stm": np.eye(6)}],
    "orbit.OrbitTable": lambda: [dict.fromkeys(
        ("force", "speed", "period", "angular_speed", "escape_speed", "energy", "hill_radius",
         "radius"), 1.0)],
    "orbit.CircularOrbit": lambda: [{"star_mass": SUN, "planet_mass": EARTH, "radius": AU,
                                     "fixed_star": True}],
    **{f"orbit.CircularOrbit.{name}": lambda: [{"self": circle(), "t": times}]
       for name in ("position", "velocity", "positions")},
    "orbit.KeplerOrbit": lambda: [{"a": radii, **elements, "epoch": None, "unit": "rad"}],
    "orbit.KeplerOrbit.from_periapsis": lambda: [{"periapsis": radii, **elements, "epoch": None,
                                                  "unit": "rad"}],
    "orbit.KeplerOrbit.from_degrees": lambda: [{"a": radii, **elements, "epoch": None}],
    "orbit.KeplerOrbit.from_table": lambda: [
        {"a": radii, **elements, "epoch": "2000-01-01", "unit": "rad"},
        {"periapsis": radii, "e": 0.1, "mu": GM, "longitude_of_periapsis": 1.0,
         "mean_longitude": 1.5},
        {"period": radii / 1e4, "e": 0.1, "mu": GM, "time_of_periapsis": 0.0}],
    "orbit.KeplerOrbit.from_state": lambda: [
        {"position": state_of_earth()["r"], "velocity": state_of_earth()["v"], "mu": GM,
         "epoch": None, "workers": 1}],
    "orbit.KeplerOrbit.__getitem__": lambda: [{"self": orbit(), "index": 1}],
    "orbit.KeplerOrbit.elements": lambda: [{"self": orbit(), "unit": "rad"}],
    **{f"orbit.KeplerOrbit.{name}": lambda: [{"self": orbit(), **of_time}] for name in split(
        "position velocity distance eccentric_anomaly mean_anomaly true_anomaly")},
    "orbit.KeplerOrbit.next_apoapsis": lambda: [{"self": orbit(), "after": 1e6}],
    "orbit.KeplerOrbit.next_periapsis": lambda: [{"self": orbit(), "after": 1e6}],
    "orbit.KeplerOrbit.speed_at": lambda: [{"self": orbit(), "r": radii}],
    "orbit.KeplerOrbit.time_at": lambda: [{"self": orbit(), "true_anomaly": 0.5, "after": 0.0}],
    "regression.RidgeFit": lambda: [],      # fields that fit_ridge fills, unchecked

    **members("regression.LineFit", "line", "conf_int cov_params f_test mean_stderr summary "
              "t_test wald_test with_cov with_data to_dict", f_test={"restrictions": [0.0, 1.0]},
              t_test={"restrictions": [0.0, 1.0]}, wald_test={"restrictions": [0.0, 1.0]}),
    **members("regression.LinearFit", "linear", "conf_int cov_params f_test mean_stderr summary "
              "t_test wald_test with_cov with_data", mean_stderr={"x": X},
              f_test={"restrictions": np.eye(4)[1]}, t_test={"restrictions": np.eye(4)[1]},
              wald_test={"restrictions": np.eye(4)[1]}),
    **members("regression.PolynomialFit", "polynomial", "conf_int cov_params f_test mean_stderr "
              "summary t_test wald_test with_cov with_data", f_test={"restrictions": np.eye(3)},
              t_test={"restrictions": np.eye(3)}, wald_test={"restrictions": np.eye(3)}),
    **members("regression.GroupFits", "groups", "conf_int to_dict"),
    **members("regression.RollingFits", "rolling", "conf_int to_dict"),
    **{name: example for kind, fits in [("LineFit", "lines"), ("GroupFits", "groups"),
                                        ("RollingFits", "rolling")]
       for name, example in members(f"regression.{kind}", fits, "to_pandas to_polars").items()},

    "nn.Network.plot": lambda: [{"self": net(), "ax": ax(), "inputs": ["a", "b", "c"],
                                 "outputs": ["c", "d"], "nodes": 3}],
    "nn.Training.plot": lambda: [{"self": trained(), "ax": ax()}],
    "nn.Trainings.plot": lambda: [{"self": trained(many=True), "ax": ax(), "most": 3}],
    "regression.LineFit.plot": lambda: [{"self": fit("line"), "x": x, **fitted_picture()}],
    "regression.LinearFit.plot": lambda: [{"self": fit("linear"), "x": X, **fitted_picture()}],
    "regression.PolynomialFit.plot": lambda: [{"self": fit("polynomial"), "x": x,
                                               **fitted_picture()}],
    "orbit.CircularOrbit.plot": lambda: [{"self": circle(), **orbits_picture("a")}],
    "orbit.KeplerOrbit.plot": lambda: [{"self": orbit(), **orbits_picture("abc")}],
    "orbit.plot_orbits": lambda: [{"orbits": orbit(), **orbits_picture("abc")}],

    "nn.Network.to_onnx": lambda: [{"self": net(), "opset": 20}],
    "nn.Network.from_onnx": lambda: [{"source": net().to_onnx(), "inputs": None,
                                      "outputs": None, "dtype": None}],
    "nn.Network.from_sklearn": lambda: [{"estimator": fitted(), "dtype": None}],
}

for name, answers in (("MLPClassifier", keys), ("MLPRegressor", y)):
    EXAMPLES |= {
        f"sklearn.{name}": lambda: [],      # scikit-learn wants it unchecked until fit()
        f"sklearn.{name}.fit": lambda name=name, answers=answers: [
            {"self": sk(name), "X": X, "y": answers, "sample_weight": None}],
        f"sklearn.{name}.partial_fit": lambda name=name, answers=answers: [
            {"self": sk(name), "X": X, "y": answers, "sample_weight": None}
            | ({"classes": [1, 2, 3]} if name == "MLPClassifier" else {})],
        **{f"sklearn.{name}.{method}": lambda name=name: [{"self": sk(name), "X": X}]
           for method in ("predict", "predict_proba", "predict_log_proba")
           if name == "MLPClassifier" or method == "predict"}}



def blocks(array):
    """Return a Dask array of two blocks along its first axis"""
    import dask.array
    array = np.asarray(array, float)
    return dask.array.from_array(array, (-(-len(array) // 2), *array.shape[1:]))


@cached
def of_dask(name):
    import mathwork.dask as larger
    if name == "moments":
        return larger.Moments.of(blocks(X), blocks(y), robust=True)
    return larger.lu(blocks([A, A]))


without_exact = {"A": np.stack([A, A]), "tol": 1e-12, "atol": 0.0}


def over_dask(call, *names):
    return lambda: [call | {name: blocks(call[name]) for name in names}]


EXAMPLES |= {
    "dask.LU": lambda: [],
    "dask.LU.solve": lambda: [{"self": of_dask("lu"), "b": blocks([b, b])}],
    "dask.LU.det": lambda: [{"self": of_dask("lu")}],
    "dask.LU.inv": lambda: [{"self": of_dask("lu")}],
    "dask.Reduced": lambda: [dict.fromkeys(
        ("matrix", "pivots", "rank", "nullity", "status", "ambiguous"), 1)],
    "dask.Solution": lambda: [dict.fromkeys(("status", "x", "ambiguous"), 1)],
    "dask.Moments": lambda: [],
    "dask.Moments.of": over_dask({"X": X, "y": y, "weights": w, "nan_policy": "raise",
                                  "robust": False}, "X", "y", "weights"),
    "dask.Moments.__add__": lambda: [{"self": of_dask("moments"), "other": of_dask("moments")}],
    "dask.Moments.fit": lambda: [{"self": of_dask("moments"), "columns": [0, 2],
                                  "intercept": True, "rank_tol": 1e-10}],
    "dask.Moments.robust_cov": lambda: [{"self": of_dask("moments"), "columns": [0, 2],
                                         "intercept": True, "rank_tol": 1e-10, "cov": "HC1"}],
    **{f"dask.{name}": over_dask(without_exact, "A") for name in ("det", "inv", "lu")},
    "dask.rref": over_dask(without_exact | {"columns": 3}, "A"),
    "dask.solve": over_dask(without_exact | {"b": np.stack([b, b])}, "A", "b"),
    "dask.fit_groups": over_dask({"keys": keys, "x": x, "y": y, "weights": w, "intercept": True,
                                  "nan_policy": "propagate"}, "keys", "x", "y", "weights"),
    "dask.fit_line": over_dask({"x": x, "y": y, "weights": w, "nan_policy": "raise"},
                               "x", "y", "weights"),
    "dask.fit_linear": over_dask({"X": X, "y": y, "intercept": True, "weights": w,
                                  "rank_tol": 1e-10, "nan_policy": "raise", "cov": "HC1"},
                                 "X", "y", "weights"),
    "dask.fit_rolling": over_dask({"x": x, "y": y, "window": 5, "min_nobs": 3, "weights": w,
                                   "intercept": True, "nan_policy": "propagate"},
                                  "x", "y", "weights"),
    "dask.forward": lambda: [{"network": net(), "x": blocks(X)}],
    "dask.train_many": lambda: [{"networks": nets(), "inputs": X, "answers": X[:, :2],
                                 "pieces": 2, "rng": 0, "weights": w, "epochs": 2}],
    "dask.orbit_table": lambda: [
        {"star_mass": SUN, "planet_mass": EARTH, "radius": blocks(radii), "fixed_star": True},
        {"star_mass": SUN, "planet_mass": EARTH, "period": blocks(radii / 1e4)}],
    "dask.solve_kepler": lambda: [{"mean_anomaly": blocks(b), "eccentricity": 0.3,
                                   "status": False, "parts": False}],
    "dask.propagate": lambda: [{**state_of_earth(), "dt": blocks(times), "mu": GM, "stm": False}],
}

# Frameworks of which the import takes seconds: their modules are for the full matrix.
SLOW = {"nn.Network.from_torch": "torch", "nn.Network.from_keras": "keras"}
EXAMPLES |= {
    "nn.Network.from_torch": lambda: [{"module": module(), "shape": None, "dtype": None}],
    "nn.Network.from_keras": lambda: [{"model": keras_model(), "dtype": None}],
}


def dense(n_out, n_in, activation="identity"):
    from mathwork.nn import Dense
    return Dense(np.eye(n_out, n_in), None, activation)


def saved(made, path):
    made().save(path)
    return path


def moments():
    from mathwork.regression import Moments
    return Moments.of(X, y)


def plane():
    from mathwork.regression import fit_groups
    return fit_groups(keys, X[:, :2], y)[0]


def module():
    from torch import nn
    return nn.Sequential(nn.Linear(3, 2), nn.ReLU())


def keras_model():
    import keras
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


@cached
def fitted():
    from sklearn.neural_network import MLPRegressor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0).fit(X, y)


