"""The package as a whole: what importing it costs, what it documents, what pickles name."""
import doctest
import inspect
import pickle
import re
from importlib.metadata import version

import numpy as np
import pytest
from docstrings import documented, own_methods, taken
from helpers import names_kernels, run_python
from hostile_examples import NEEDED

import mathwork
from mathwork import activations, constants, init, matrix, nn, orbit, regression

MODULES = {module.__name__: module for module in (mathwork, activations, init, matrix, nn,
                                                    regression, orbit, constants)}


def public_objects():
    """{dotted name: object} of every public function, class and method."""
    found = {}
    for module_name, module in MODULES.items():
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.ismodule(value) or isinstance(value, str):
                continue
            found[f"{module_name}.{name}"] = value
            if inspect.isclass(value):
                found |= {f"{module_name}.{name}.{method}": getattr(value, method)
                          for method in own_methods(value)}
    return found


PUBLIC = public_objects()
every_public_name = pytest.mark.parametrize("name", PUBLIC)


# ---- names ----

def test_the_public_names():
    # DESIGN section 4, as far as it is built
    assert set(nn.__all__) >= {"Dense", "LayerNorm", "Network", "Networks", "RMSNorm", "Residual",
                               "RowFunction", "cost", "gradient", "load", "value_and_gradient"}
    assert set(matrix.__all__) == {
        "matmul", "matvec", "augment", "swap_rows", "scale_row", "add_multiple", "is_ref",
        "is_rref", "ref", "rref", "Reduced", "Margin", "solve", "Solution", "rank", "det", "inv",
        "null_space", "lu", "LU", "ComplexLU", "slogdet", "SlogDet", "lstsq", "LeastSquares",
        "eliminate", "Elimination", "parse_matrix", "ParsedMatrix",
        "parse_equations", "ParsedEquations", "RankWarning"}
    assert set(regression.__all__) == {
        "fit_line", "LineFit", "fit_linear", "LinearFit", "RankWarning", "fit_polynomial",
        "PolynomialFit", "fit_groups", "GroupFits", "fit_rolling", "RollingFits", "Moments",
        "PlaneFit", "fit_ridge", "RidgeFit", "Prediction", "Contrast", "JointTest"}
    assert set(orbit.__all__) >= {
        "gravitational_force", "centripetal_force", "circular_speed", "period", "angular_speed",
        "escape_speed", "orbital_energy", "hill_radius", "semimajor_axis", "CircularOrbit",
        "orbit_table", "solve_kepler", "KeplerOrbit"}
    assert set(constants.__all__) >= {"G", "GM_SUN", "GM_EARTH", "GM_JUPITER", "AU"}
    assert set(init.__all__) == {"glorot_normal", "glorot_uniform", "he_limit", "he_normal",
                                 "he_std", "he_uniform", "he_variance", "lecun_normal",
                                 "lecun_uniform", "orthogonal",
                                 "normal_pdf", "uniform_pdf"}
    assert set(activations.__all__) == {
        "relu", "sigmoid", "tanh", "softplus", "silu", "mish", "gelu", "selu", "gelu_tanh",
        "log_sigmoid", "exp", "softsign", "hardsigmoid", "hardswish", "relu6", "hardtanh",
        "leaky_relu", "elu", "celu", "clip", "prelu", "softmax", "log_softmax", "identity"}
    assert mathwork.__version__ == version("mathwork")


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_all_is_sorted_complete_and_true(module):
    assert module.__all__ == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


# ---- documentation ----

@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_modules_are_documented(module):
    assert module.__doc__ and module.__doc__.splitlines()[0].endswith((".", ":"))


@every_public_name
def test_every_public_name_is_documented_with_an_example(name):
    text = inspect.getdoc(PUBLIC[name])
    assert text, "no docstring"
    assert ">>>" in text, "no example"


# Keras' weights speak an older protocol with NumPy.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
@every_public_name
def test_examples_are_true(name):
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner(verbose=False)
    for example in finder.find(PUBLIC[name], name, module=False, globs={}):
        for package in re.findall(r">>> (?:from|import) (keras|sklearn|torch)", example.docstring):
            pytest.importorskip(package, reason=f"the example needs {package}")
        needed = NEEDED.get(name.rpartition(".")[2])
        if needed:
            pytest.importorskip(needed, reason=f"the example needs {needed}")
        report = []
        result = runner.run(example, out=report.append)
        assert result.failed == 0, "".join(report)


@every_public_name
def test_every_parameter_is_documented(name):
    if isinstance(PUBLIC[name], np.ufunc):
        pytest.skip("NumPy documents what every ufunc takes")
    if not callable(PUBLIC[name]):
        pytest.skip("a number")
    assert documented(inspect.getdoc(PUBLIC[name])) == taken(PUBLIC[name])


def test_a_parameter_without_an_entry_is_found():
    def function(x, y, *, out=None):
        """The sum of x, y and out.

        Parameters
        ----------
        x : float
            Added to y.

        Notes
        -----
        y : float
            Not an entry, because it is not under Parameters.
        """

    assert documented(inspect.getdoc(function)) == ["x"]
    assert taken(function) == ["x", "y", "out"]


def test_entries_of_every_kind_are_read():
    class Made:
        """An object.

        Parameters
        ----------
        x, y : array_like, shape (n,)
            The points

            of one line.
        workers : int
        *others, **options
            As for :func:`fit_line`.

        Attributes
        ----------
        z : float
        """

        def __init__(self, x, y, workers, *others, **options):
            pass

    assert documented(inspect.getdoc(Made)) == taken(Made) == [
        "x", "y", "workers", "*others", "**options"]
    assert documented("No parameters: x is one.") == []
    assert taken(type("Warned", (UserWarning,), {})) == []


@pytest.mark.parametrize("line", [
    "x", "x: float", "x :", "The x.", "x , y : float", "x and y : int"])
def test_what_is_no_entry_is_refused(line):
    with pytest.raises(ValueError, match=re.escape(repr(line))):
        documented(f"Something.\n\nParameters\n----------\n{line}\n")


# ---- pickles ----

# pickle looks for a ufunc of NumPy 2.1 in every module, some of which warn.
@pytest.mark.filterwarnings("ignore:the .* module is deprecated:DeprecationWarning")
@every_public_name
def test_pickles_name_public_modules(name):
    value = PUBLIC[name]
    if name.count(".") > 2:
        pytest.skip("a method")
    content = pickle.dumps(value)
    assert not names_kernels(content)
    assert pickle.loads(content) is value


@every_public_name
def test_no_public_name_says_that_it_is_from_a_level(name):
    assert not names_kernels((getattr(PUBLIC[name], "__module__", None) or "").encode())


# ---- import ----

def test_import_needs_numpy_alone():
    code = """
import sys, numpy
before = set(sys.modules)
import mathwork
new = {name.partition(".")[0] for name in set(sys.modules) - before
       if "cython" not in name}     # what Cython's modules share
print(*sorted(new - set(sys.stdlib_module_names)))
"""
    exit_code, out, err = run_python(code)
    assert (exit_code, err) == (0, "")
    assert out.split() == ["mathwork"]


def test_import_leaves_out_what_is_heavy():
    code = "import sys, mathwork; print(*sys.modules)"
    loaded = set(run_python(code)[1].split())
    assert not loaded & {"mathwork.nn", "mathwork.matrix", "mathwork.orbit", "mathwork.regression"}
    code = "import sys; from mathwork import *; print(*sys.modules)"
    loaded = set(run_python(code)[1].split())
    assert {f"mathwork.{name}" for name in mathwork.__all__
            if inspect.ismodule(getattr(mathwork, name))} <= loaded
    assert not loaded & {"click", "rich", "scipy", "matplotlib", "onnx", "torch", "sklearn",
                         "safetensors", "keras", "asyncio", "multiprocessing.pool",
                         "mathwork.cli", "mathwork.nn.graph"}


def test_topics_are_imported_when_they_are_asked_for():
    code = "import sys, mathwork; mathwork.orbit.KeplerOrbit; print(*sys.modules)"
    loaded = set(run_python(code)[1].split())
    assert "mathwork.orbit" in loaded and "mathwork.nn" not in loaded
    assert set(mathwork.__all__) <= set(dir(mathwork))
    with pytest.raises(AttributeError, match="module 'mathwork' has no attribute 'orbits'"):
        _ = mathwork.orbits


def test_import_is_silent():
    assert run_python("import mathwork") == (0, "", "")


def test_show_runtime_says_what_runs():
    exit_code, out, err = run_python("import mathwork; mathwork.show_runtime()")
    assert (exit_code, err) == (0, "")
    shown = dict(re.split(r"\s{2,}|(?<=levels here)\s", line, maxsplit=1)
                 for line in out.splitlines())
    assert shown["mathwork"] == mathwork.__version__
    assert shown["numpy"] == np.__version__
    assert shown["level"] in shown["levels here"].split(", ")
    assert {"kernels", "register", "python", "machine"} <= set(shown)


def test_a_star_import_brings_the_public_names():
    code = "from mathwork.nn import *; from mathwork.matrix import *; print(Network, matvec)"
    assert run_python(code)[0] == 0
