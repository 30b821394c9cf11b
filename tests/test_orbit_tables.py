"""Orbits as tables and people have them: degrees, longitudes, dates, gaps, rows."""
import copy
import datetime
import math
import pickle

import numpy as np
import pytest
from helpers import raises, same_bits

from mathwork import _status
from mathwork.constants import AU, GM_SUN
from mathwork.orbit import KeplerOrbit, orbit_table, plot_orbits, propagate

DAY = 86400.0
J2000 = "2000-01-01T12:00"

# E. M. Standish, "Keplerian Elements for Approximate Positions of the Major Planets", table 1
# (1800 to 2050), at J2000: a in au, e, i, L, longitude of the perihelion, Omega in degrees
PLANETS = np.array([
    [0.38709927, 0.20563593, 7.00497902, 252.25032350, 77.45779628, 48.33076593],
    [0.72333566, 0.00677672, 3.39467605, 181.97909950, 131.60246718, 76.67984255],
    [1.00000261, 0.01671123, -0.00001531, 100.46457166, 102.93768193, 0.0],
    [1.52371034, 0.09339410, 1.84969142, -4.55343205, -23.94362959, 49.55953891]])
# Heliocentric places at J2000 in au, mean ecliptic: JPL Horizons, DE441
PLACES = np.array([
    [-0.130093, -0.447288, -0.024598], [-0.718302, -0.032655, 0.041017],
    [-0.177135, 0.967242, -0.000004], [1.390716, -0.013411, -0.034462]])


def planets(**given):
    a, e, i, L, longitude, Omega = PLANETS.T
    return KeplerOrbit.from_table(**{
        "a": a * AU, "e": e, "i": i, "Omega": Omega, "mu": GM_SUN, "unit": "deg",
        "longitude_of_periapsis": longitude, "mean_longitude": L, "epoch": J2000} | given)


def test_the_planets_are_where_they_were():
    places = planets().position(J2000) / AU
    assert np.abs(places - PLACES).max() < 3e-4         # the table is good to some 1e-4 au


def test_degrees():
    radians = KeplerOrbit(AU, 0.1, math.radians(10), math.radians(20), math.radians(30),
                          math.radians(40), mu=GM_SUN)
    for orbit in (KeplerOrbit.from_degrees(AU, 0.1, 10, 20, 30, 40, mu=GM_SUN),
                  KeplerOrbit(AU, 0.1, 10, 20, 30, 40, mu=GM_SUN, unit="deg"),
                  KeplerOrbit.from_periapsis(radians.periapsis, 0.1, 10, 20, 30, 40, mu=GM_SUN,
                                             unit="deg")):
        assert orbit.i == radians.i and orbit.M0 == radians.M0
        assert [round(x, 12) for x in orbit.elements(unit="deg")[2:]] == [10, 20, 30, 40]
    many = KeplerOrbit.from_degrees([AU, AU], 0.1, [90, 180], mu=GM_SUN)
    assert many.i.tolist() == [math.pi / 2, math.pi]
    for call in (lambda: KeplerOrbit(AU, 0.1, mu=GM_SUN, unit="grad"),
                 lambda: radians.elements(unit="grad")):
        with raises(ValueError, "unit must be 'rad' or 'deg', got 'grad'"):
            call()


def test_angles_with_units_are_what_they_say():
    units = pytest.importorskip("astropy.units")
    mu = float(GM_SUN) * units.m**3 / units.s**2
    orbit = KeplerOrbit(1 * units.au, 0.1, 0.5 * units.rad, 30.0, mu=mu, unit="deg")
    assert orbit.i.to_value("rad") == 0.5 and orbit.Omega.to_value("deg") == pytest.approx(30)


def test_forms_of_elements():
    plain = KeplerOrbit(AU, 0.2, 0.3, 0.4, 0.5, 0.6, mu=GM_SUN)
    for form in ({"a": AU}, {"periapsis": plain.periapsis}, {"period": plain.period},
                 {"period": np.timedelta64(round(plain.period * 1e9), "ns")}):
        for angle in ({"omega": 0.5}, {"longitude_of_periapsis": 0.9}):
            for anomaly in ({"M0": 0.6}, {"mean_longitude": 1.5},
                            {"time_of_periapsis": -0.6 / plain.mean_motion}):
                orbit = KeplerOrbit.from_table(e=0.2, i=0.3, Omega=0.4, mu=GM_SUN, **form,
                                               **angle, **anomaly)
                np.testing.assert_allclose(orbit.elements(), plain.elements(), rtol=1e-14)
    dated = KeplerOrbit.from_table(periapsis=AU, e=1.0, mu=GM_SUN, epoch=J2000,
                                   time_of_periapsis="2000-01-11T12:00")
    assert dated.next_periapsis() == pytest.approx(10 * DAY, rel=1e-14)
    assert dated.distance(np.datetime64("2000-01-11T12:00")) == pytest.approx(AU, rel=1e-14)
    with raises(TypeError, "exactly one of a, periapsis and period must be given, got none"):
        KeplerOrbit.from_table(e=0.1, mu=1.0)
    with raises(TypeError, "exactly one of a, periapsis and period must be given, got a and "
                           "period"):
        KeplerOrbit.from_table(a=1, period=1, e=0.1, mu=1.0)
    for e in (1, 1.5):
        with raises(ValueError, "period must be left out where e >= 1, as an open orbit has none: "
                                f"give its periapsis, got e = {e}"):
            KeplerOrbit.from_table(period=3e7, e=e, mu=GM_SUN)
    assert KeplerOrbit.from_table(period=3e7, e=[0.5, 1.5], mu=GM_SUN).status.tolist() == [0, 3]
    with raises(TypeError, "at most one of M0, mean_longitude and time_of_periapsis must be given, "
                           "got M0 and mean_longitude"):
        KeplerOrbit.from_table(a=1, e=0.1, mu=1.0, M0=0, mean_longitude=0)


# ---- times ----

def orbit_from(epoch):
    return KeplerOrbit(AU, 0.2, M0=0.3, mu=GM_SUN, epoch=epoch)


@pytest.mark.parametrize("epoch", [J2000, np.datetime64(J2000), np.datetime64(J2000, "ns"),
                                   datetime.datetime(2000, 1, 1, 12)])
def test_dates(epoch):
    orbit = orbit_from(epoch)
    wanted = orbit.position(366 * DAY)      # 2000 was a leap year
    for date in ("2001-01-01T12:00", np.datetime64("2001-01-01T12:00"),
                 np.datetime64("2001-01-01T12:00:00", "ns"), datetime.datetime(2001, 1, 1, 12)):
        assert same_bits(orbit.position(date), wanted)
        assert same_bits(orbit.position([date, date])[1] if not isinstance(date, str)
                         else orbit.position(date), wanted)
    for span in (np.timedelta64(366, "D"), datetime.timedelta(days=366)):
        assert same_bits(orbit.position(span), wanted)
    dates = np.array(["2000-01-02T12:00", "NaT", "2001-01-01T12:00"], "M8[m]")
    found = orbit.distance(dates)
    assert np.isnan(found).tolist() == [False, True, False]
    assert found[2] == orbit.distance(366 * DAY)
    far = orbit.mean_anomaly(np.datetime64("9999-01-01", "D"))      # beyond nanoseconds of 64 bits
    assert far == pytest.approx(orbit.mean_anomaly(
        (datetime.datetime(9999, 1, 1) - datetime.datetime(2000, 1, 1, 12)).total_seconds()))
    after = np.datetime64("2026-01-01")
    perihelion = orbit.next_periapsis(after)
    assert perihelion.dtype.kind == "M" and after <= perihelion < after + np.timedelta64(366, "D")
    assert abs(orbit.true_anomaly(perihelion)) < 1e-10


def test_dates_of_astropy():
    time = pytest.importorskip("astropy.time")
    epoch = time.Time("2000-01-01T12:00", scale="utc")
    orbit = orbit_from(epoch)
    later = time.Time("2017-01-01T12:00", scale="utc")
    seconds = (datetime.datetime(2017, 1, 1) - datetime.datetime(2000, 1, 1)).total_seconds() + 5
    # five leap seconds from 2000 to 2017: IERS Bulletin C
    assert orbit.mean_anomaly(later) == pytest.approx(orbit.mean_anomaly(seconds), abs=1e-12)
    assert orbit.position(epoch + time.TimeDelta([1, 2], format="jd")).shape == (2, 3)
    assert same_bits(orbit.position(time.TimeDelta(1, format="jd")), orbit.position(DAY))
    found = orbit.next_periapsis(later)
    assert isinstance(found, time.Time) and found > later
    with raises(TypeError, "t and epoch must both be dates of NumPy or Python, or both astropy "
                           "Times, got datetime64 and Time"):
        orbit.position(np.datetime64("2001-01-01"))
    with raises(TypeError, "epoch must be one date, got shape (2,)"):
        orbit_from(time.Time(["2000-01-01", "2001-01-01"]))


@pytest.mark.filterwarnings("error")
def test_times_that_do_not_come():
    """An open orbit has one periapsis: a masked Time, or NaT, and no warning"""
    time = pytest.importorskip("astropy.time")
    dates = ["1999-01-01", "2001-01-01"]
    passed = KeplerOrbit(-AU, 1.5, mu=GM_SUN, epoch=time.Time("2000-01-01"))
    never = passed.next_periapsis(time.Time(dates[1]))
    assert never.shape == () and np.all(never.mask)
    found = passed.next_periapsis(time.Time(dates))
    assert np.asarray(found.mask).tolist() == [False, True]
    assert abs((found[0] - time.Time("2000-01-01")).sec) < 1e-3
    assert not np.any(passed.next_periapsis(time.Time(dates[0])).mask)
    passed = KeplerOrbit(-AU, 1.5, mu=GM_SUN, epoch="2000-01-01")
    assert np.isnat(passed.next_periapsis(dates)).tolist() == [False, True]


@pytest.mark.filterwarnings("error", "ignore::mathwork.orbit.UnitsWarning")
def test_times_far_away():
    """Beyond the years of microseconds, dates are in seconds; beyond those, NaT"""
    comet = KeplerOrbit(40000 * AU, 0.5, mu=GM_SUN, epoch="2000-01-01")
    found = comet.next_periapsis("2001-01-01")
    assert found.dtype == "M8[s]"
    assert (found - np.datetime64("2000-01-01")) / np.timedelta64(1, "s") == pytest.approx(
        comet.period, rel=1e-15, abs=1)
    orbits = KeplerOrbit([AU, 40000 * AU, -AU], [0.5, 0.5, 1.5], mu=GM_SUN, epoch="2000-01-01")
    dates = orbits.next_periapsis("2001-01-01")
    assert dates[1] == found and np.isnat(dates).tolist() == [False, False, True]
    assert orbits[:1].next_periapsis("2001-01-01").dtype == "M8[us]"
    for year in ("500000", "-300000"):
        start = np.datetime64(f"{year}-01-01")
        wait = KeplerOrbit(AU, 0.5, M0=1.0, mu=GM_SUN, epoch=start).next_periapsis(start) - start
        assert 0 < wait / np.timedelta64(1, "D") < 366
    assert np.isnat(KeplerOrbit(1e10, 0.0, mu=1e-30, epoch="2000-01-01").next_apoapsis(
        "2001-01-01"))


def test_orbits_with_dates_of_another_kind_are_others():
    time = pytest.importorskip("astropy.time")
    epochs = J2000, time.Time(J2000), time.Time(J2000, scale="tdb")
    orbits = [orbit_from(epoch) for epoch in epochs]
    assert [[a == b for b in orbits] for a in orbits] == np.eye(3, dtype=bool).tolist()
    assert orbit_from(J2000) == orbit_from(np.datetime64(J2000, "s"))


def test_pandas_dates():
    pandas = pytest.importorskip("pandas")
    orbit = orbit_from(pandas.Timestamp(J2000))
    dates = pandas.Series(pandas.date_range("2000-01-02T12:00", periods=3))
    assert same_bits(orbit.position(dates), orbit.position(np.array([1, 2, 3]) * DAY))
    assert same_bits(orbit.position(dates[0]), orbit.position(DAY))
    assert same_bits(orbit.position(pandas.to_timedelta([1, 2], unit="D")),
                     orbit.position(np.array([1, 2]) * DAY))


def test_missing_dates_of_pandas():
    pandas = pytest.importorskip("pandas")
    orbit = orbit_from(J2000)
    assert np.isnan(orbit.position(pandas.NaT)).all()
    date = pandas.Timestamp("2000-01-02T12:00")
    found = orbit.position([pandas.NaT, date])
    assert np.isnan(found[0]).all()
    assert same_bits(found[1], orbit.position(date))


def test_lists_of_text():
    orbit, texts = orbit_from(J2000), ["2000-01-02T12:00", "2001-01-01"]
    want = orbit.position(np.array(texts, "M8[s]"))
    assert same_bits(orbit.position(texts), want)
    assert same_bits(orbit.position(np.array(texts)), want)
    assert orbit.next_periapsis(texts).shape == (2,)
    with raises(ValueError, "t must be a date such as 2000-01-01T12:00, got 'soon'"):
        orbit.position([texts[0], "soon"])
    with raises(TypeError, "t is text, but the orbit has no epoch: make it with epoch="):
        KeplerOrbit(AU, 0.1, mu=GM_SUN).position(texts)


def test_times_have_the_same_bits_on_any_thread():
    orbits, times = KeplerOrbit([AU, 2 * AU], [0.1, 0.5], mu=GM_SUN), np.linspace(0, 1e9, 101)
    assert same_bits(orbits.position(times, workers=3), orbits.position(times))


def test_one_orbit_is_true():
    orbits = KeplerOrbit([AU, 2 * AU], 0.1, mu=GM_SUN)
    assert orbits
    assert orbits[0]
    assert not orbits[:0]


def test_refused_dates():
    with raises(TypeError, "t is a date, but the orbit has no epoch: make it with epoch="):
        KeplerOrbit(AU, 0.1, mu=GM_SUN).position(np.datetime64("2000-01-01"))
    with raises(ValueError, "epoch must be a date such as 2000-01-01T12:00, got 'J2000'"):
        orbit_from("J2000")
    with raises(ValueError, "epoch must be a date, got NaT"):
        orbit_from(np.datetime64("NaT", "s"))
    with raises(TypeError, "epoch must be one date (datetime64, datetime, ISO text or astropy "
                           "Time), got float"):
        orbit_from(2451545.0)
    with raises(TypeError, "a date must not have a time zone, which NumPy has not: convert it to "
                           "UTC and remove its tzinfo"):
        orbit_from(datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC))
    for zone in ("Z", "+01:00", "-0100", ":30.5+01", "+01"):
        text = f"2000-02-01T00:00{zone}"
        no_zone = ("a date must not have a time zone, which NumPy has not: convert it to UTC and "
                   f"leave the zone out, got {{}} = '{text}'")
        with raises(ValueError, no_zone.format("t")):
            orbit_from(J2000).position([text])
        with raises(ValueError, no_zone.format("epoch")):
            orbit_from(text)
    with raises(ValueError, "t must be a date such as 2000-01-01T12:00, got 'soon'"):
        orbit_from(J2000).position("soon")
    for date in (J2000, np.datetime64(J2000), datetime.date(2000, 1, 1)):
        with raises(TypeError, "dt must be a duration or a number of seconds, got a date: dt is "
                               "the difference of two dates"):
            propagate([AU, 0, 0], [0, 3e4, 0], date, mu=GM_SUN)
    with raises(ValueError, "dt must lead to a position and a velocity of float64 numbers, got dt "
                            "= 1e+50 from r = [1. 0. 0.], v = [0. 0. 0.] and mu = 1.0"):
        propagate([1, 0, 0], [0, 0, 0], 1e50, mu=1)
    orbit = orbit_from(J2000)
    assert repr(orbit).endswith("epoch='2000-01-01T12:00')")
    assert orbit != orbit_from(None) and pickle.loads(pickle.dumps(orbit)) == orbit


# ---- as a sequence ----

def test_rows():
    orbits = KeplerOrbit([AU, 2 * AU, 3 * AU], [0.1, 0.2, 1.5], mu=GM_SUN)
    assert len(orbits) == 3 and [one.shape for one in orbits] == [()] * 3
    orbits = KeplerOrbit([[AU, 2 * AU, 3 * AU], [4 * AU, 5 * AU, 6 * AU]], [0.1, 0.2, 0.3],
                         M0=0.5, mu=GM_SUN, epoch=J2000)
    assert len(orbits) == 2 and orbits[1].shape == (3,) and orbits[1, 2].a == 6 * AU
    assert orbits[1, 2] == KeplerOrbit(6 * AU, 0.3, M0=0.5, mu=GM_SUN, epoch=J2000)
    assert orbits[:, ::-1].e.tolist() == [[0.3, 0.2, 0.1]] * 2
    assert orbits[orbits.e > 0.15].shape == (4,) and orbits[..., 0].shape == (2,)
    assert same_bits(orbits[1].velocity(1e6), orbits.velocity(1e6)[1])
    assert [row.a.tolist() for row in orbits] == orbits.a.tolist()
    assert copy.copy(orbits) is orbits
    with raises(IndexError, "index 2 is out of bounds for axis 0 with size 2"):
        orbits[2]
    for call, message in ((len, "one orbit has no length"), (lambda one: one[0], "one orbit has no "
                                                              "index")):
        with raises(TypeError, message):
            call(orbits[0, 0])


def test_a_picture_of_many_is_still_one_picture():
    figure = pytest.importorskip("matplotlib.figure")
    ax = plot_orbits(KeplerOrbit([AU, 2 * AU], 0.1, mu=GM_SUN), figure.Figure().add_subplot())
    assert len(ax.lines) >= 3


def test_a_status_for_each_row():
    orbits = KeplerOrbit([AU, np.nan, AU, -AU, AU, AU], [0.1, 0.1, -0.1, 0.1, 1.0, 0.1],
                         mu=[GM_SUN] * 5 + [0.0])
    assert orbits.status.tolist() == [
        _status.ORBIT, _status.ELEMENT_NOT_FINITE, _status.NEGATIVE_ECCENTRICITY, _status.NO_CONIC,
        _status.NO_CONIC, _status.MU_NOT_POSITIVE] == [0, 1, 2, 3, 3, 4]
    assert orbits.status.dtype == np.int8
    assert np.isnan(orbits.period).tolist() == [False] + [True] * 5
    one = KeplerOrbit(AU, 0.1, mu=GM_SUN)
    assert one.status == 0 and type(one.status) is int and orbits[2].status == 2
    open_orbits = KeplerOrbit.from_periapsis([AU, -AU], 1.0, mu=GM_SUN)
    assert open_orbits.status.tolist() == [0, 3]


def test_paired_times():
    orbits = KeplerOrbit([AU, 2 * AU, 3 * AU], [0.1, 0.5, 0.9], mu=GM_SUN)
    t = np.array([1e6, 2e6, 3e6])
    for name in ("position", "velocity", "distance", "true_anomaly"):
        every = getattr(orbits, name)(t)
        paired = getattr(orbits, name)(t, paired=True)
        assert same_bits(paired, every[np.arange(3), np.arange(3)])
        assert same_bits(getattr(orbits, name)(t, paired=True, workers=2), paired)
        grid = getattr(orbits, name)(t[:, None], paired=True)
        assert same_bits(grid, np.swapaxes(every, 0, 1).copy())
        assert same_bits(getattr(orbits, name)(1e6, paired=True), getattr(orbits, name)(1e6))
    assert orbits[0].distance(t, paired=True).shape == (3,)
    assert type(orbits[0].distance(1.0, paired=True)) is float
    with raises(ValueError, "t of paired orbits and orbits must have shapes that broadcast, "
                            "got (2,) and (3,)"):
        orbits.position([1.0, 2.0], paired=True)


# ---- gaps ----

def test_masked_arrays():
    a = np.ma.MaskedArray([AU, 1e99, 3 * AU], [False, True, False])
    orbits = KeplerOrbit(a, [0.1, 0.2, 0.3], mu=GM_SUN)
    for values in (orbits.a, orbits.e, orbits.period, orbits.distance(1.0),
                   orbits.next_periapsis(5.0)):
        assert isinstance(values, np.ma.MaskedArray)
        assert values.mask.tolist() == [False, True, False]
    assert orbits.position([1.0, 2.0]).mask.tolist() == [[[m] * 3] * 2 for m in (0, 1, 0)]
    assert orbits.status.tolist() == [0, 1, 0]
    plain = KeplerOrbit([AU, 3 * AU], [0.1, 0.3], mu=GM_SUN)
    assert np.array_equal(orbits.position(1.0)[[0, 2]].data, plain.position(1.0))
    assert orbits[2] == plain[1] and type(orbits[2].a) is float and orbits[1:].a.mask.tolist() == [
        True, False]
    both = KeplerOrbit(a, np.ma.MaskedArray([0.1, 0.2, 0.3], [True, False, False]), mu=GM_SUN)
    assert both.e.mask.tolist() == [True, True, False]
    assert isinstance(KeplerOrbit(np.ma.MaskedArray([AU]), 0.1, mu=GM_SUN).a, np.ma.MaskedArray)
    assert math.isnan(orbits[1].a)


def test_masked_columns_of_astropy():
    table = pytest.importorskip("astropy.table")
    from astropy import units
    from astropy.utils.masked import Masked

    column = table.MaskedColumn([1.0, 2.0], mask=[False, True], unit="au")
    mu = float(GM_SUN) * units.m**3 / units.s**2
    orbits = KeplerOrbit(column, table.Column([0.1, 0.2]), table.Column([10.0, 20.0], unit="deg"),
                         mu=mu)
    assert orbits.i.unmasked[0].to_value("rad") == pytest.approx(math.radians(10))
    assert isinstance(orbits.period, Masked) and orbits.period.mask.tolist() == [False, True]
    assert orbits.period.unmasked[0].to_value("yr") == pytest.approx(1, rel=1e-4)
    assert orbits.position(1 * units.day).mask.tolist() == [[False] * 3, [True] * 3]
    quantity = Masked([1.0, 2.0] * units.au, mask=[True, False])
    assert KeplerOrbit(quantity, 0.1, mu=mu).a.mask.tolist() == [True, False]
    plain = table.MaskedColumn([AU, AU], mask=[False, True])
    assert KeplerOrbit(plain, 0.1, mu=GM_SUN).a.mask.tolist() == [False, True]
    by_period = KeplerOrbit.from_table(period=[365.25, 687] * units.day, e=0.1, mu=mu,
                                       M0=table.MaskedColumn([0.0, 1.0], mask=[True, False]))
    assert by_period.a.unmasked[1].to_value("au") == pytest.approx(1.524, abs=1e-3)


def test_gaps_of_pandas():
    pandas = pytest.importorskip("pandas")
    orbits = KeplerOrbit(pandas.Series([AU, None]), pandas.array([0.1, pandas.NA], "Float64"),
                         mu=GM_SUN)
    assert orbits.status.tolist() == [0, 1] and np.isnan(orbits.a).tolist() == [False, True]


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8", "g", "i8"])
def test_a_period_without_axes_is_a_number(dtype):
    period = np.array(31_558_152, dtype)
    table = orbit_table(2e30, 6e24, period=period)
    assert table == orbit_table(2e30, 6e24, period=float(period))
    with raises(ValueError, "period must be positive, got nan"):
        orbit_table(2e30, 6e24, period=np.array(np.nan))
