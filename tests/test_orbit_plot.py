"""Pictures of orbits: the numbers in them, and what is refused."""
import itertools

import numpy as np
import pytest
from helpers import raises

from mathwork.constants import (
    AU,
    GM_EARTH,
    GM_SUN,
    M_EARTH,
    M_MOON,
    M_SUN,
    PARSEC,
    R_EARTH,
    Constant,
)
from mathwork.orbit import CircularOrbit, KeplerOrbit, plot_orbits
from mathwork.orbit.drawings import Scale
from mathwork.orbit.plot import tick_text

matplotlib_figure = pytest.importorskip("matplotlib.figure")

EARTH = CircularOrbit(M_SUN, M_EARTH, AU)
MOON = CircularOrbit(M_EARTH, 7.346e22, 3.844e8, fixed_star=False)


def axes():
    return matplotlib_figure.Figure().add_subplot()


def points(line):
    return np.transpose(line.get_data())


def curves(ax):
    return [line for line in ax.lines if line.get_marker() == "None"]


def marks(ax, marker):
    return [line for line in ax.lines if line.get_marker() == marker]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def planets(**elements):
    """Orbits from 0.01 au to 40 au"""
    return KeplerOrbit(np.array([0.01, 0.1, 1.0, 10.0, 40.0]) * AU, 0.1, mu=GM_SUN, **elements)


def boxes(ax):
    """What must not be cut or hidden, in pixels: the legend, the axes, and labels of axes"""
    figure = ax.figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    return (ax.get_legend().get_window_extent(renderer), ax.get_window_extent(renderer),
            figure.bbox)


def test_a_fixed_star():
    ax = axes()
    assert EARTH.plot(ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_aspect()) == ("x (au)", "y (au)", 1.0)
    circle, = curves(ax)
    np.testing.assert_allclose(np.hypot(*circle.get_data()), 1, rtol=1e-14)
    planet, star = marks(ax, "o")
    assert points(planet).tolist() == [[1, 0]] and points(star).tolist() == [[0, 0]]
    cross, = marks(ax, "+")
    assert points(cross)[0, 0] == pytest.approx(EARTH.barycentre / AU)
    inset, = ax.child_axes
    assert inset.get_xlabel() == "449 km apart" and not len(inset.get_xticks())


def test_both_moving():
    ax = plot_orbits(MOON, axes())
    assert ax.get_xlabel() == "x (km)"
    planet, star = (np.hypot(*line.get_data()) for line in curves(ax))
    np.testing.assert_allclose(planet, (MOON.radius - MOON.barycentre) / 1e3)
    np.testing.assert_allclose(star, MOON.barycentre / 1e3)
    assert points(marks(ax, "+")[0]).tolist() == [[0, 0]]
    places = [points(line)[0] * 1e3 for line in marks(ax, "o")]
    for found, expected in zip(places, MOON.positions(0)[::-1], strict=True):
        np.testing.assert_allclose(found, expected[:2], rtol=1e-14)


@pytest.mark.parametrize("e", [0.0, 0.6, 1.0, 1.5])
def test_conics(e):
    orbit = KeplerOrbit.from_periapsis(AU, e, omega=0.5, M0=0.2, mu=GM_SUN)
    ax = plot_orbits(orbit, axes())
    curve, = curves(ax)
    xy = points(curve)
    r = np.hypot(*xy.T)
    # r + e x = p along the axis
    np.testing.assert_allclose(r + e * (xy @ [np.cos(0.5), np.sin(0.5)]), 1 + e, rtol=1e-12)
    assert r.min() == pytest.approx(1)
    assert r.max() == pytest.approx((1 + e) / (1 - e) if e < 1 else 10)
    np.testing.assert_allclose(points(marks(ax, "o")[0])[0], orbit.position(0)[:2] / AU)
    assert not marks(ax, "+") and not ax.child_axes


@pytest.mark.parametrize("n", [1, 10, 11, 50])
def test_many_orbits_at_once(n):
    orbits = KeplerOrbit(np.linspace(1, 30, n) * AU, 0.1, mu=GM_SUN)
    for given in (orbits, [KeplerOrbit(a, 0.1, mu=GM_SUN) for a in np.ravel(orbits.a)]):
        ax = plot_orbits(given, axes(), labels=[f"p{k}" for k in range(n)])
        assert len(curves(ax)) == n
        assert len(marks(ax, "o")) == (n if n <= 10 else 0) + 1
        assert legend(ax) == [*(f"p{k}" for k in range(n)), "star", *["periapsis"] * (n <= 10)]


def test_new_axes():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    ax = plot_orbits([EARTH, KeplerOrbit(2 * AU, 0.5, mu=GM_SUN)])
    ax.figure.canvas.draw()
    assert len(curves(ax)) == 2
    pyplot.close(ax.figure)


def test_wrong_arguments():
    with raises(ValueError, "orbits must hold at least one orbit"):
        plot_orbits([], axes())
    with raises(TypeError, "orbits must be CircularOrbit or KeplerOrbit objects, got float"):
        plot_orbits([1.0], axes())
    with raises(ValueError, "labels must name 1 orbits, got 2"):
        plot_orbits(EARTH, axes(), labels=["a", "b"])
    with raises(ValueError, "orbits must be finite to be drawn"):
        plot_orbits(KeplerOrbit([AU, np.nan], 0.1, mu=GM_SUN), axes())
    for place in ({"M0": [0.0, np.nan]}, {"omega": [np.inf, 0.0]}):
        with raises(ValueError, "orbits must be finite to be drawn"):
            KeplerOrbit([AU, AU], 0.3, mu=GM_SUN, **place).plot(axes())
    with raises(ValueError, "orbits must be finite to be drawn"):
        plot_orbits(CircularOrbit(M_SUN, M_EARTH, np.inf), axes())
    for what, name in ((5, "int"), (None, "NoneType"), (KeplerOrbit, "type")):
        with raises(TypeError, "orbits must be CircularOrbit or KeplerOrbit objects, "
                               f"got {name}"):
            plot_orbits(what, axes())


@pytest.mark.parametrize("orbit", [KeplerOrbit(AU, 0.5, np.pi / 2, mu=GM_SUN),
                                   KeplerOrbit(20 * AU, 0.999, mu=GM_SUN),
                                   KeplerOrbit.from_periapsis(AU, 1e10, mu=GM_SUN)])
def test_no_picture_is_a_line(orbit):
    ax = orbit.plot(axes())
    sides = sorted((np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())))
    assert sides[1] <= 4 * sides[0] * (1 + 1e-12)
    for curve in curves(ax):
        x, y = curve.get_data()
        assert ax.get_xlim()[0] <= x.min() and x.max() <= ax.get_xlim()[1]
        assert ax.get_ylim()[0] <= y.min() and y.max() <= ax.get_ylim()[1]


@pytest.mark.parametrize(("e", "M0"), [(1.5, 1e10), (1.5, 1e300), (1.0, 100.0)])
def test_a_planet_beyond_the_picture_has_no_mark(e, M0):
    ax = KeplerOrbit.from_periapsis(AU, e, M0=M0, mu=GM_SUN).plot(axes())
    star, = marks(ax, "o")
    assert points(star).tolist() == [[0, 0]]
    assert np.abs(ax.get_xlim()).max() < 11


@pytest.mark.parametrize("e", [0.3, 0.55, 0.6, 0.8])
@pytest.mark.parametrize("dpi", [70, 100, 200])
def test_nothing_is_cut_when_a_picture_is_first_drawn(e, dpi):
    figure = KeplerOrbit(AU, e, np.pi, M0=1, mu=GM_SUN).plot().figure
    figure.set_dpi(dpi)
    figure.canvas.draw()
    box, page = figure.axes[0].get_tightbbox(), figure.bbox
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1


def test_the_unit_is_that_of_the_larger_circle():
    ax = CircularOrbit(M_EARTH, M_SUN, AU, fixed_star=False).plot(axes())
    assert ax.get_xlabel() == "x (au)"


# ---- what pictures showed wrongly once ----

def inside(box, other):
    return (other.x0 - 1 <= box.x0 and box.x1 <= other.x1 + 1 and other.y0 - 1 <= box.y0
            and box.y1 <= other.y1 + 1)


@pytest.mark.parametrize("layout", [None, "constrained"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 2)])
def test_the_legend_is_neither_cut_nor_over_an_orbit(layout, shape):
    figure = matplotlib_figure.Figure(figsize=(7, 6), layout=layout)
    pytest.importorskip("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    for ax in np.ravel(figure.subplots(*shape)):
        KeplerOrbit(7e6, 0.3, mu=GM_EARTH).plot(ax, centre="Earth", labels=["a satellite"])
    for ax in figure.axes:
        found, own, whole = boxes(ax)
        assert inside(found, whole)
        if layout is None:
            assert inside(found, own)
            curve, = curves(ax)
            top = ax.transData.transform(points(curve))[:, 1].max()
            assert found.y0 > top
        else:
            assert found.x0 > own.x1


@pytest.mark.parametrize(("orbit", "names"), [
    (EARTH, ["planet", "star", "barycentre"]),
    (CircularOrbit(M_EARTH, M_MOON, 3.844e8), ["satellite", "central body", "barycentre"]),
    (CircularOrbit(M_SUN, 0.5 * M_SUN, AU), ["companion", "star", "barycentre"]),
    (KeplerOrbit(7e6, 0.1, mu=GM_EARTH), ["satellite", "central body", "periapsis"]),
    (KeplerOrbit(7e6, 0.0, mu=GM_EARTH), ["satellite", "central body"])])
def test_names_are_those_of_the_bodies(orbit, names):
    assert legend(orbit.plot(axes())) == names
    named = legend(orbit.plot(axes(), labels=["x"], centre="y"))
    assert named == ["x", "y", *names[2:]]


def test_equal_masses_have_two_paths_that_are_seen():
    ax = CircularOrbit(M_SUN, M_SUN, AU, fixed_star=False).plot(axes())
    planet, star = curves(ax)
    assert planet.get_linestyle() == "-" and star.get_linestyle() == "--"
    assert star.get_zorder() > planet.get_zorder()
    np.testing.assert_allclose(np.hypot(*planet.get_data()), 0.5)
    np.testing.assert_allclose(star.get_data(), np.negative(planet.get_data()), atol=1e-15)


def test_canonical_units_are_no_kilometres():
    ax = KeplerOrbit(1.0, 0.3, mu=1.0).plot(axes())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")
    assert np.hypot(*curves(ax)[0].get_data()).max() == pytest.approx(1.3)


@pytest.mark.parametrize(("unit", "metres", "name"), [
    ("m", 1.0, "m"), ("km", 1e3, "km"), ("au", AU, "au"), ("pc", PARSEC, "pc"),
    (R_EARTH, R_EARTH, "R_EARTH")])
def test_units_of_the_axes(unit, metres, name):
    ax = KeplerOrbit(7e6, 0.0, mu=GM_EARTH).plot(axes(), unit=unit)
    assert ax.get_xlabel() == f"x ({name})"
    np.testing.assert_allclose(np.hypot(*curves(ax)[0].get_data()), 7e6 / metres)


def test_ticks_have_no_factor_beside_them():
    ax = KeplerOrbit(1.2e10, 0.0, mu=GM_SUN).plot(axes())
    ax.figure.canvas.draw()
    assert ax.get_xlabel() == "x (km)" and not ax.xaxis.get_offset_text().get_text()
    assert "10,000,000" in [text.get_text() for text in ax.get_xticklabels()]
    assert [tick_text(value) for value in (-2500.0, 0.05, 0.0, 1e12, 1e-12)] == [
        "\N{MINUS SIGN}2,500", "0.05", "0", "1e+12", "1e-12"]


@pytest.mark.parametrize("width", [2.2, 3.0, 5.0, 9.0])
def test_labels_of_ticks_are_apart(width):
    figure = matplotlib_figure.Figure(figsize=(width, 3))
    pytest.importorskip("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    ax = MOON.plot(figure.add_subplot())
    figure.canvas.draw()
    seen = [text.get_window_extent() for text in ax.get_xticklabels()
            if ax.get_xlim()[0] <= text.get_position()[0] <= ax.get_xlim()[1]]
    assert seen
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(seen))


def test_from_hot_planets_to_comets_in_one_picture():
    """Each is seen: paths are apart, and the star covers none"""
    ax = planets().plot(axes())
    assert ax.get_xlabel() == "distance in au, logarithmic" and not len(ax.get_xticks())
    paths = [np.hypot(*points(line).T) for line in curves(ax) if line.get_linestyle() == "-"]
    assert len(paths) == 5
    for inner, outer in itertools.pairwise(paths):
        assert outer.min() - inner.max() > 0.08 * paths[-1].max()
    assert [text.get_text() for text in ax.texts if text.get_text()] == [
        "0.001 au", "0.01 au", "0.1 au", "1 au", "10 au", "100 au"]
    # a tenfold distance is one farther away, in the same direction
    scale = Scale(AU, "au", -1)
    there = np.array([[0.3, 0.4, 0.0], [3.0, 4.0, 0.0], [0.03, 0.04, 0.0], [0.0, 0.0, 0.0]]) * AU
    lengths = np.array([1 + np.log10(5), 2 + np.log10(5), 0.5, 0.0])
    np.testing.assert_allclose(scale.placed(there, 2), lengths[:, None] * [0.6, 0.8], rtol=1e-14)
    # to scale on request, then the mark of the star is as small as the innermost orbit
    ax = planets().plot(axes(), scale="linear")
    assert ax.get_xlabel() == "x (au)"
    star = next(line for line in marks(ax, "o") if line.get_label() == "star")
    assert star.get_markersize() <= 2 and star.get_zorder() < curves(ax)[0].get_zorder()
    assert len(ax.texts) == len(marks(ax, "d")) == 2    # they would cover the smallest orbits
    narrow = KeplerOrbit([AU, 40 * AU], 0.1, mu=GM_SUN)
    assert narrow.plot(axes()).get_xlabel() == "x (au)"
    assert narrow.plot(axes(), scale="log").get_xlabel() == "distance in au, logarithmic"


@pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")
@pytest.mark.parametrize(("least", "most", "unit", "labels"), [
    (1e-318, 1.5e11, "au", ["1e-330 au", "1e-302 au", "1e-274 au"]),
    (1e-12, 1e12, "m", ["1e-12 m", "1e-09 m", "1e-06 m"]),
    (1e-4, 1.0, "m", ["0.0001 m", "0.001 m", "0.01 m", "0.1 m", "1 m"]),
    (1e290, 1.7e308, "m", ["1e+290 m", "1e+292 m", "1e+294 m"]),
    (1e-150, 1e-150, Constant("span", 1e200, "m", 0.0, "made up"), ["1e-350 span"]),
    (1e290, 1e290, Constant("Planck", 1.6e-35, "m", 0.0, "made up"), ["1e+324 Planck"]),
])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_rings_of_any_distance(least, most, unit, labels, dimensions):
    orbits = [CircularOrbit(2e30, 0.0, radius) for radius in (least, most)]
    ax = matplotlib_figure.Figure().add_subplot(projection="3d" if dimensions == 3 else None)
    plot_orbits(orbits, ax, unit=unit, scale="log")
    found = [text.get_text() for text in ax.texts if text.get_text()]
    assert found[:len(labels)] == labels and len(found) <= 15
    if dimensions == 2:     # the last ring is not inside of an orbit, but where it is an orbit
        paths = [np.hypot(*points(line).T).max() for line in ax.lines]
        rings = [np.hypot(*points(line).T).max() for line in ax.lines
                 if line.get_linestyle() == ":"]
        assert max(rings) >= max(paths) * (1 - 1e-9)
    ax.figure.canvas.draw()


@pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")
def test_what_cannot_be_drawn_says_why():
    for radius in (1e-322, 1e-290, 1e290, 1.7e308):
        with pytest.raises(ValueError, match=r"^orbits must reach 1e-280 to 1e.280 of the unit"):
            CircularOrbit(2e30, 0.0, radius).plot(axes(), unit="m", scale="linear")
    for metres in (0.0, np.nan, np.inf, -1.0):
        with pytest.raises(ValueError, match=r"^unit must be a length above 0"):
            MOON.plot(axes(), unit=Constant("none", metres, "m", 0.0, "made up"))
    with pytest.raises(ValueError, match=r"^orbits must be finite to be drawn"):
        KeplerOrbit(1e-300, 0.3, mu=1e20).plot(axes())      # its period is below the range


@pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")
def test_masses_and_distances_far_apart():
    heavy = CircularOrbit(1e13, 1e30, 1.5e11, fixed_star=False)
    path = heavy._drawings()[0].path
    np.testing.assert_allclose(np.abs(path).max(), 1.5e11 * 1e13 / 1e30, rtol=1e-15)
    for a in (-1e10, -1e160):       # the planet at the periapsis is in the picture
        assert KeplerOrbit(a, 1.5, mu=1e20)._drawings()[0].planet is not None
    for a in (-1e10, -1e-170):      # and far away it is not
        assert KeplerOrbit(a, 1.5, M0=3000.0, mu=1e-20)._drawings()[0].planet is None


def test_directions_and_periapsides():
    orbit = KeplerOrbit([AU, 2 * AU], 0.3, [0.5, 3.0], 0.4, [0.7, 1.2], mu=GM_SUN)
    ax = orbit.plot(axes())
    diamonds = [points(line)[0] for line in marks(ax, "d")]
    # the planet is there at t = 0
    np.testing.assert_allclose(diamonds, orbit.position(0.0)[:, :2] / AU, rtol=0, atol=1e-14)
    arrows = [text.arrow_patch for text in ax.texts]
    assert len(arrows) == 2
    for k, text in enumerate(ax.texts):
        back, front = np.array(text.xyann), np.array(text.xy)
        turns = np.cross(np.append(back, 0), np.append(front, 0))[2]
        assert np.sign(turns) == np.sign(orbit.angular_momentum[k, 2])


def test_an_open_orbit_is_whole():
    ax = KeplerOrbit.from_periapsis(AU, [1.0, 1.5], omega=[0.0, 2.0], mu=GM_SUN).plot(axes())
    before = ax.get_xlim(), ax.get_ylim()
    ax.figure.canvas.draw()
    assert (ax.get_xlim(), ax.get_ylim()) == before
    for curve in curves(ax):
        x, y = curve.get_data()
        assert before[0][0] < x.min() and x.max() < before[0][1]
        assert before[1][0] < y.min() and y.max() < before[1][1]


def test_a_second_picture_on_the_same_axes():
    ax = EARTH.plot(axes())
    KeplerOrbit(3 * AU, 0.0, mu=GM_SUN).plot(ax)
    KeplerOrbit(0.5 * AU, 0.0, mu=GM_SUN).plot(ax)
    assert ax.get_xlim()[0] < -3 and ax.get_xlim()[1] > 3 and len(curves(ax)) == 3


def test_a_satellite_has_no_enlarged_barycentre():
    ax = CircularOrbit(M_EARTH, 420e3, 6.778e6).plot(axes())
    assert not ax.child_axes and len(marks(ax, "+")) == 1


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_three_dimensions(scale):
    orbit = planets(i=[0.1, 0.5, 1.0, 2.0, 3.0], Omega=0.3, omega=0.5, M0=1.0)
    figure = matplotlib_figure.Figure()
    ax = orbit.plot(figure.add_subplot(projection="3d"), scale=scale, labels=[*"abcde"])
    drawn = [np.transpose(line.get_data_3d()) for line in ax.lines]
    places = [xyz[0] for xyz, line in zip(drawn, ax.lines, strict=True)
              if line.get_marker() == "o" and line.get_label() != "star"]
    expected = orbit.position(0.0)
    assert len(places) == 5
    np.testing.assert_allclose([place / np.linalg.norm(place) for place in places],
                               expected / np.linalg.norm(expected, axis=-1, keepdims=True))
    if scale == "linear":
        np.testing.assert_allclose(places, expected / AU, rtol=1e-13)
        assert ax.get_zlabel() == "z (au)"
    else:
        assert ax.get_title() == "distance in au, logarithmic"
    figure.canvas.draw()


def test_new_axes_in_three_dimensions():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    ax = EARTH.plot(dimensions=3)
    assert ax.name == "3d"
    pyplot.close(ax.figure)


def test_wrong_options():
    for unit in ("miles", GM_SUN, 5):
        with pytest.raises(ValueError, match=r"^unit must be one of m, km, au, pc or a length of "):
            EARTH.plot(axes(), unit=unit)
    with raises(ValueError, "scale must be one of auto, linear, log, got 'cubic'"):
        EARTH.plot(axes(), scale="cubic")
    with raises(ValueError, "dimensions must be between 2 and 3, got 4"):
        EARTH.plot(axes(), dimensions=4)
    with raises(ValueError, "dimensions is 3, but ax has 2: 3 takes "
                            "add_subplot(projection='3d')"):
        EARTH.plot(axes(), dimensions=3)
