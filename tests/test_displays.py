"""What notebooks show: HTML that parses, in the page's colours, short, and without scripts.

Every public class of results has a display. It never raises, whatever the result holds.
"""
import importlib
import inspect
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

import mathwork._html as html
from mathwork import matrix, nn, orbit, regression
from mathwork.constants import AU, GM_SUN, M_EARTH, M_SUN

HOSTILE = '<script>alert("x")</script>&amp;\ud800\x00'
VOID = {"path", "polyline"}

# Public classes whose text says it all: what goes into a computation, steps, errors, and tuples of
# numbers and arrays.
AS_TEXT = {
    "nn": {"Dense", "LayerNorm", "RMSNorm", "Residual", "RowFunction", "DivergenceError"},
    "matrix": {"Margin", "SlogDet", "LeastSquares", "ParsedEquations", "ParsedMatrix"},
    "regression": {"Prediction", "Contrast", "JointTest"},
    "orbit": {"Elements", "Anomaly", "AnomalyParts", "State", "Transition"},
}


class Page(HTMLParser):
    """The texts, tags and rows of HTML; fails on tags that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.rows, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open
        for tag, attributes in self.tags:
            assert not any(name.startswith("on") for name in attributes)
            assert attributes.get("stroke", "currentColor") in ("currentColor", "none")
            assert attributes.get("fill", "currentColor") in ("currentColor", "none")
            assert "color" not in attributes.get("style", "")
            assert tag in {"table", "caption", "thead", "tbody", "tr", "th", "td", "p", "svg",
                           "path", "polyline", "text"}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.rows and self.open and self.open[-1] in ("th", "td"):
            self.rows[-1].append(data)

    @property
    def text(self):
        return " ".join(self.texts)


def page(result):
    text = result._repr_html_()
    text.encode()               # a notebook is a file in UTF-8
    return Page(text)


def net(*sizes, **options):
    return nn.Network.he(sizes or (4, 8, 2), rng=0, **options)


def training(losses, status="trained", **others):
    return nn.Training(net(), {"loss": np.asarray(losses, float), **others}, status)


def trainings(losses, status):
    like = net()
    nets = nn.Networks([like] * len(losses))
    return nn.Trainings(nets, {"loss": np.asarray(losses, float)}, np.asarray(status, np.int8))


X = np.random.default_rng(0).normal(size=(60, 3))
Y = X @ [1.0, 2.0, 3.0] + X[:, 0] ** 2
GROUPS = np.arange(60) % 30
GM = GM_SUN
RESULTS = {
    "Network": lambda: net(),
    "Networks": lambda: nn.Networks([net(), net()]),
    "Training": lambda: training([3.0, 2.0, 1.0]),
    "Trainings": lambda: trainings([[3.0, 2.0], [2.0, 1.0]], [0, 0]),
    "LU": lambda: matrix.lu(np.ones((4, 3, 3))),
    "ComplexLU": lambda: matrix.lu(1j * np.ones((4, 3, 3))),
    "LineFit": lambda: regression.fit_line([0, 1, 2], [[1, 2, 3], [1, 2, 4]]),
    "LinearFit": lambda: regression.fit_linear(X, Y),
    "PolynomialFit": lambda: regression.fit_polynomial(X[:, 0], Y, 2),
    "GroupFits": lambda: regression.fit_groups(GROUPS, X[:, 0], Y),
    "RollingFits": lambda: regression.fit_rolling(X[:, 0], Y, 20),
    "PlaneFit": lambda: regression.fit_groups(GROUPS % 2, X, Y)[0],
    "RidgeFit": lambda: regression.fit_ridge(X, Y, alpha=[1.0, 2.0]),
    "Moments": lambda: regression.Moments.of(X, Y),
    "CircularOrbit": lambda: orbit.CircularOrbit(M_SUN, M_EARTH, AU),
    "KeplerOrbit": lambda: orbit.KeplerOrbit(AU, 0.1, mu=GM),
    "OrbitTable": lambda: orbit.orbit_table(M_SUN, M_EARTH, [AU, 4 * AU]),
}
IN_LATEX = {"Reduced": lambda: matrix.rref([[1, 2], [3, 4]]),
            "Solution": lambda: matrix.solve([[1, 2], [3, 4]], [1, 2]),
            "Elimination": lambda: matrix.eliminate([[1, 2], [3, 4]])}


def rows_of(result):
    """{name: other cells} of the last rows with a name"""
    return {row[0]: row[1:] for row in page(result).rows if row}


# ---- all of them ----

@pytest.mark.parametrize("module", AS_TEXT)
def test_every_public_class_has_a_display_or_says_it_all_as_text(module):
    found = importlib.import_module(f"mathwork.{module}")
    classes = {name for name in found.__all__ if inspect.isclass(getattr(found, name))
               and not issubclass(getattr(found, name), Warning)}
    shown = {name for name in classes if hasattr(getattr(found, name), "_repr_html_")
             or hasattr(getattr(found, name), "_repr_latex_")}
    assert classes - shown == AS_TEXT[module]
    assert shown <= RESULTS.keys() | IN_LATEX.keys()


@pytest.mark.parametrize("name", RESULTS)
def test_html_parses_and_has_a_table(name):
    assert page(RESULTS[name]()).rows


@pytest.mark.parametrize("name", IN_LATEX)
def test_latex_is_a_formula(name):
    text = IN_LATEX[name]()._repr_latex_()
    assert text.startswith("$") and text.endswith("$") and text.count("{") == text.count("}")


def test_displays_load_no_package():
    code = """import sys
from mathwork.nn import Network
from mathwork.regression import fit_groups
Network.he((2, 1))._repr_html_()
fit_groups([1, 1, 1], [0, 1, 2], [1, 2, 4])._repr_html_()
print([name for name in ("scipy", "matplotlib", "pandas") if name in sys.modules])
"""
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout == "[]\n"


# ---- what is long ----

LONG = {
    "layers": lambda: nn.Network([nn.Dense([[1.0]])] * 2000),
    "layers in residuals": lambda: nn.Network([nn.Residual([nn.Dense([[1.0]])] * 50)] * 50),
    "classes": lambda: nn.Network([nn.Dense(np.ones((5000, 1)))], classes=np.arange(5000)),
    "a label": lambda: nn.Network([nn.Dense([[1.0]])], classes=["a" * 100_000, "b"]),
    "epochs": lambda: training(np.linspace(3, 1, 100_000)),
    "networks": lambda: trainings(np.ones((3000, 400)), np.zeros(3000)),
    "lines": lambda: regression.fit_line([0, 1, 2], np.ones((10_000, 3))),
    "targets": lambda: regression.fit_linear(X, np.random.default_rng(0).normal(size=(60, 2000))),
    "terms": lambda: regression.fit_linear(np.random.default_rng(0).normal(size=(400, 300)),
                                           np.arange(400) % 7),
    "groups": lambda: regression.fit_groups(np.arange(10_000) // 4, np.arange(10_000) % 4,
                                            np.ones(10_000)),
    "windows": lambda: regression.fit_rolling(np.arange(10_000.0), np.ones(10_000), 3),
    "columns": lambda: regression.fit_groups(
        np.zeros(60, int), np.random.default_rng(0).normal(size=(60, 10)), Y),
    "columns of moments": lambda: regression.Moments.of(np.eye(300), np.ones(300)),
    "penalties": lambda: regression.fit_ridge(X, Y, alpha=np.arange(1, 2000)),
    "orbits": lambda: orbit.KeplerOrbit(np.full((100, 100), AU), 0.1, mu=GM),
    "circles": lambda: orbit.orbit_table(M_SUN, M_EARTH, np.full(10_000, AU)),
    "factors": lambda: matrix.lu(np.ones((10_000, 2, 2))),
    "one matrix": lambda: matrix.lu(np.eye(300)),
}


@pytest.mark.parametrize("name", LONG)
def test_what_is_long_is_cut(name):
    text = LONG[name]()._repr_html_()
    Page(text)
    assert len(text) < 20_000


@pytest.mark.parametrize("name", sorted(LONG.keys() - {"a label", "epochs", "one matrix"}))
def test_what_is_left_out_is_counted(name):
    text = page(LONG[name]()).text
    assert re.search(r"\d more|[\d,]+ networks", text)


def test_long_work_is_shown_as_text():
    work = matrix.eliminate(np.random.default_rng(0).integers(-9, 9, (12, 12)))
    assert work._repr_latex_() is None
    assert matrix.lu(np.eye(300))._repr_latex_() is None


# ---- what is hostile ----

STRANGE = {
    "labels": lambda: nn.Network([nn.Dense([[1.0]])], classes=[HOSTILE, "b"]),
    "a label that cannot print": lambda: nn.Network(
        [nn.Dense([[1.0]])], classes=np.array([Unprintable(), 2], object)),
    "weights": lambda: nn.Network([nn.Dense([[np.nan, np.inf]]), nn.Dense([[-np.inf]])]),
    "large weights": lambda: nn.Network([nn.Dense([[1e300, 1e300]])], dtype=float),
    "a network of a hostile class": lambda: type("<b>", (nn.Network,), {})([nn.Dense([[1.0]])]),
    "keys": lambda: regression.fit_groups([HOSTILE] * 3, [0, 1, 2], [1, 2, 4]),
    "no epochs": lambda: training([]),
    "one epoch": lambda: training([1.0]),
    "NaN losses": lambda: training([np.nan, np.nan]),
    "gaps": lambda: training([3.0, np.nan, np.inf, 1.0]),
    "losses of every size": lambda: training([-1.7e308, 0.0, 1.7e308]),
    "no validation": lambda: training([1.0, 2.0], validation_loss=np.array([np.nan, np.nan])),
    "trainings that diverged": lambda: trainings([[np.nan, np.nan]], [1]),
    "trainings without epochs": lambda: trainings(np.empty((2, 0)), [2, 2]),
    "a line that is no fit": lambda: regression.LineFit([np.nan], [np.nan], [np.nan], [np.nan],
                                                        [np.nan], [0], [1]),
    "no lines": lambda: regression.fit_line([0, 1, 2], np.ones((0, 3))),
    "no groups": lambda: regression.fit_groups([], [], []),
    "one row": lambda: regression.Moments.of([[1.0]], [2.0]),
    "no rows": lambda: regression.Moments(),
    "gaps in rows": lambda: regression.Moments.of([[np.nan]], [2.0], nan_policy="propagate"),
    "a circle without force": lambda: orbit.CircularOrbit(M_SUN, 0.0, np.inf),
    "no orbits": lambda: orbit.KeplerOrbit([], 0.1, mu=GM),
    "bad orbits": lambda: orbit.KeplerOrbit([AU, np.nan], 0.1, mu=GM),
    "one bad orbit": lambda: orbit.KeplerOrbit([np.nan], 0.1, mu=GM)[0],
    "a parabola": lambda: orbit.KeplerOrbit.from_periapsis(AU, 1.0, mu=GM),
    "masked orbits": lambda: orbit.KeplerOrbit(np.ma.array([AU, AU], mask=[True, False]), 0.1,
                                               mu=GM),
    "orbits with a date": lambda: orbit.KeplerOrbit([AU], 0.1, mu=GM, epoch="2000-01-01"),
    "no circles": lambda: orbit.orbit_table(M_SUN, M_EARTH, []),
    "circles of few quantities": lambda: orbit.orbit_table(M_SUN, radius=AU),
    "no matrices": lambda: matrix.lu(np.ones((0, 2, 2))),
    "matrices without numbers": lambda: matrix.lu(np.ones((2, 0, 0))),
    "matrices that are not finite": lambda: matrix.lu(np.full((2, 2, 2), np.nan)),
    "a large determinant": lambda: matrix.lu(1e300 * np.eye(100)),
}


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no text")
    __str__ = __repr__


class UnprintableText(str):
    __str__ = __repr__ = __len__ = __getitem__ = Unprintable.__repr__


class UnprintableFloat(float):
    __float__ = __repr__ = Unprintable.__repr__


class UnprintableInteger(int):
    __int__ = __index__ = __abs__ = __repr__ = Unprintable.__repr__


@pytest.mark.parametrize("label", [
    UnprintableText("a"), UnprintableFloat(1), UnprintableInteger(1), np.timedelta64(5, "D"),
    np.timedelta64("NaT", "s"), np.datetime64("NaT", "s"), np.longdouble("1e4000"), 10 ** 5000,
    np.array([(Unprintable(),)], "O,")[0], "<b>" * 10 ** 6], ids=lambda label: type(label).__name__)
def test_any_label_is_shown(label):
    assert len(html.written(label)) <= html.MOST_LETTERS + 1
    Page(html.cell("td", label))


def test_durations_are_keys_that_are_shown():
    fits = regression.fit_groups(np.array([5, 5, 5], "m8[D]"), [0, 1, 2], [1, 2, 4])
    assert page(fits).rows[1][0] == "5 days"


def test_a_label_does_not_turn_the_text_behind_it():
    turned = nn.Network([nn.Dense([[1.0]])], classes=["\u202eon", "\u2067\0sey"])
    assert "Classes: \ufffdon, \ufffd\ufffdsey." in page(turned).text


def test_the_name_of_a_class_is_cut():
    assert len(type("<b>" * 10 ** 5, (nn.Network,), {})([nn.Dense([[1.0]])])._repr_html_()) < 5000


@pytest.mark.parametrize("name", STRANGE)
def test_strange_contents_are_shown(name):
    Page(STRANGE[name]()._repr_html_())


def test_text_of_others_is_escaped():
    assert "<script>alert" in page(STRANGE["labels"]()).text
    assert "<script" not in STRANGE["labels"]()._repr_html_()
    frame = {"<img onerror=x>": [0, 1, 2, 3], "b": [1, 0, 1, 1]}
    pandas = pytest.importorskip("pandas")
    fits = regression.fit_groups([1] * 4, pandas.DataFrame(frame), [1, 2, 4, 4])
    assert "&lt;img" in fits._repr_html_() and "<img" not in fits._repr_html_()
    moments = regression.Moments.of(pandas.DataFrame(frame), [1, 2, 4, 4])
    assert "&lt;img" in moments._repr_html_() and "<img" not in moments._repr_html_()


@pytest.mark.parametrize("A", [[[np.nan]], [[0.0]], np.ones((0, 0)), np.ones((3, 0)),
                               [[1e-5, 1e300]], [[1j, 2], [3, 4]]])
def test_one_matrix_of_any_kind_is_a_formula(A):
    text = matrix.lu(A)._repr_latex_()
    assert text.startswith("$") and matrix.lu(A)._repr_html_() is None


# ---- what they say ----

def test_a_network_by_its_layers():
    weight = [[3.0, 0.0], [0.0, 4.0]]
    shown = nn.Network([nn.Dense(weight, [0.0, 2.0], "relu"),
                        nn.Residual([nn.LayerNorm([1.0, 1.0]), nn.Dense(weight)], "tanh"),
                        nn.Dense([[1.0, 0.0]], None, "sigmoid")], classes=["no", "yes"])
    rows = rows_of(shown)
    assert rows["1"] == ["Dense", "2 \u2192 2", "relu", "6", "5", "2"]   # sqrt(9 + 16), sqrt(4)
    assert rows["2"][:4] == ["Residual", "2", "tanh", "10"]             # 4 and 6
    assert rows["2.1"][:4] == ["LayerNorm", "2", "identity", "4"]
    assert rows["2.2"][:1] == ["Dense"] and rows["3"][1] == "2 \u2192 1"
    text = page(shown).text
    assert "19 parameters, 12 multiplications a row" in text    # 6 + 10 + 3; 4 + 2 + 4 + 2
    assert "Classes: no, yes." in text


def test_a_training_by_its_best_epoch():
    shown = rows_of(training([4.0, 3.0, 2.0], validation_loss=np.array([5.0, 1.0, 6.0]),
                             learning_rate=np.array([0.1, 0.2, 0.3])))
    assert shown["best epoch"] == ["2"] and shown["best validation loss"] == ["1"]
    assert shown["last loss"] == ["2"] and shown["last learning rate"] == ["0.3"]


def test_trainings_by_their_last_losses():
    losses = [[9.0, 1.0], [9.0, 2.0], [9.0, 6.0], [np.nan, np.nan]]
    shown = rows_of(trainings(losses, [0, 0, 2, 1]))
    assert shown["trained"] == ["2"]
    assert shown["diverged"] == shown["interrupted"] == ["1"]
    assert [shown[f"last loss, {word}"] for word in ("least", "median", "largest")] == [
        ["1"], ["2"], ["6"]]


def test_means_and_standard_deviations():
    shown = rows_of(regression.Moments.of([[1.0], [2.0], [6.0]], [1, 1, 4], weights=[2, 2, 2]))
    assert shown["X[0]"] == ["3", "2.64575"]            # sqrt((4 + 1 + 9) / 2)
    assert shown["y"] == ["2", "1.73205"]               # sqrt((1 + 1 + 4) / 2)


def test_the_last_windows_are_shown():
    rows = page(LONG["windows"]()).rows
    assert [row[0] for row in rows[1:]] == [f"{row:,}" for row in range(9990, 10_000)]


def test_orbits_in_larger_units():
    earth = rows_of(RESULTS["CircularOrbit"]())
    assert earth["radius"] == ["1.49598e+11 m", "1 au"]
    assert earth["star mass"][1] == "1 solar masses" and earth["planet mass"][1] == "1 Earth masses"
    assert earth["period"][1] == "365.257 days"         # 1.00002 sidereal years: G M is rounded
    one = rows_of(orbit.KeplerOrbit(AU, 0.5, i=np.pi / 2, mu=GM))
    assert one["i"] == ["1.5708 rad", "90 deg"] and one["periapsis"][1] == "0.5 au"
    many = page(orbit.KeplerOrbit([AU, 4 * AU], 0.0, mu=GM)).rows
    assert many[0][:2] == ["a (au)", "e"] and many[2][1] == "4"


def test_factors_by_rank_and_determinant():
    assert "determinant -2" in matrix.lu([[2, 3], [4, 5]])._repr_latex_()
    assert "rank 1, determinant 0" in matrix.lu([[1, 2], [2, 4]])._repr_latex_()
    large = rows_of(matrix.lu(np.diag([10.0] * 400)))
    assert large["determinant"] == ["1 * exp(921.034)"]         # 400 log 10
    stack = rows_of(matrix.lu(np.array([np.eye(2), np.ones((2, 2)), np.full((2, 2), np.nan)])))
    assert stack["0"] == ["2", "full rank"] and stack["1"] == ["1", "deficient"]
    assert stack["2"][1] == "not finite"


# ---- the curve ----

def points_of(text):
    lines = re.findall(r'points="([^"]*)"', text)
    return [np.array([pair.split(",") for pair in line.split()], float) for line in lines]


def test_a_curve_is_logarithmic_if_all_is_positive():
    (line,) = points_of(html.curves({"loss": [100.0, 10.0, 1.0]}, 3, "epoch"))
    assert np.diff(line, 2, axis=0) == pytest.approx(0, abs=0.2)      # straight
    (line,) = points_of(html.curves({"loss": [2.0, 1.0, 0.0]}, 3, "epoch"))
    assert np.diff(line, 2, axis=0) == pytest.approx(0, abs=0.2)


def test_a_curve_lies_in_its_picture():
    series = {"a": [1e300, 1e-300, 3.0], "b": [2.0, np.nan, 1.0]}
    for line in points_of(html.curves(series, 3, "x")):
        assert (line >= 0).all() and (line <= [html.WIDTH, html.HEIGHT]).all()


def test_no_curve_of_one_point():
    assert html.curves({"loss": [1.0]}, 1, "epoch") == html.curves({}, 0, "epoch") == ""
