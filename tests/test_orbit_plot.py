"""Pictures of orbits: the numbers in them, and what is refused."""
import numpy as np
import pytest
from helpers import raises

from mathwork.constants import AU, GM_SUN, M_EARTH, M_SUN
from mathwork.orbit import CircularOrbit, KeplerOrbit, plot_orbits

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
    assert inset.get_xlabel() == "x (km)"


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
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [
            *(f"p{k}" for k in range(n)), "star"]


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


def test_the_unit_is_that_of_the_larger_circle():
    ax = CircularOrbit(M_EARTH, M_SUN, AU, fixed_star=False).plot(axes())
    assert ax.get_xlabel() == "x (au)"
