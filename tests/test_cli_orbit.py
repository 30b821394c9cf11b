"""mathwork orbit: what it writes, what it draws, and what it refuses."""
import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import error_of, output_of, run

from mathwork.constants import AU, M_EARTH, M_JUPITER, M_SUN
from mathwork.orbit import circular_speed, escape_speed, orbit_table, period

SUN = ["--star-mass", "1Msun"]
EARTH = [*SUN, "--radius", "1au", "--planet-mass", "1Mearth"]
KEYS = ["radius", "speed", "period", "angular_speed", "escape_speed", "force", "energy",
        "hill_radius"]
OF_PLANET = ["force", "energy", "hill_radius"]


def json_of(*arguments):
    return json.loads(output_of("orbit", *arguments, "--json"))


def table_in(text):
    head, *rows = csv.reader(text.splitlines())
    return dict(zip(head, np.array(rows, np.float64).T, strict=True))


def assert_table(report, radius, table):
    assert list(report) == KEYS
    for name, value in report.items():
        assert np.array_equal(value, radius if name == "radius" else getattr(table, name))


def test_help():
    assert "\n  orbit " in output_of("-h")
    text = output_of("orbit", "-h")
    assert text.startswith("Usage: mathwork orbit ")
    for option in ("--star-mass MASS", "--radius LENGTH,...", "--planet-mass MASS", "--both-move",
                   "--period TIME,...", "--solar-system", "-o, --output, --table FILE",
                   "--plot FILE", "--json"):
        assert f"\n  {option}" in text
    for unit in ("kg", "Msun", "Mearth", "Mjup", "km", "au"):
        assert unit in text


# ---- numbers ----

def test_json_of_one_orbit():
    assert_table(json_of(*EARTH), AU, orbit_table(M_SUN, M_EARTH, AU))


def test_json_of_several_orbits():
    radius = np.array([0.5 * AU, AU, 1e12])
    report = json_of(*SUN, "--radius", "0.5au,1au", "--radius", "1e12", "--planet-mass", "2Mjup")
    assert_table(report, radius, orbit_table(M_SUN, 2 * M_JUPITER, radius))


def test_without_a_planet():
    report = json_of(*SUN, "--radius", "1au")
    assert list(report) == KEYS and [report[name] for name in OF_PLANET] == [None] * 3
    assert report["speed"] == circular_speed(AU, star_mass=M_SUN)
    assert report["escape_speed"] == escape_speed(AU, star_mass=M_SUN)
    assert json_of(*SUN, "--radius", "1au,2au")["energy"] is None


@pytest.mark.parametrize(("options", "days"), [([], "27.452"), (["--both-move"], "27.285")])
def test_the_moon(options, days):
    # The published pair of periods: the Earth fixed, and both moving.
    orbit = ["--star-mass", "1Mearth", "--planet-mass", "7.346e22kg", "--radius", "384400km"]
    report = json_of(*orbit, *options)
    assert f"{report['period'] / 86400:.3f}" == days
    assert_table(report, 3.844e8, orbit_table(M_EARTH, 7.346e22, 3.844e8,
                                              fixed_star=not options))


@pytest.mark.parametrize(("written", "value"), [
    ("1.5e11", 1.5e11), ("1.5e11m", 1.5e11), ("1.5E+8km", 1.5e11), (" 1 au ", AU), ("+1.au", AU),
    (".5au", 0.5 * AU)])
def test_lengths(written, value):
    assert json_of(*SUN, "--radius", written)["radius"] == value


@pytest.mark.parametrize(("written", "value"), [
    ("2e30", 2e30), ("2e30kg", 2e30), ("1Msun", M_SUN), ("3e5 Mearth", 3e5 * M_EARTH),
    ("1e3Mjup", 1e3 * M_JUPITER)])
def test_masses(written, value):
    report = json_of("--star-mass", written, "--radius", "1au")
    assert report["period"] == period(AU, star_mass=value)


def test_a_planet_without_mass():
    report = json_of(*SUN, "--radius", "1au", "--planet-mass", "0")
    assert [report[name] for name in OF_PLANET] == [0, 0, 0]


def test_infinity_is_null():
    result = run("orbit", "--star-mass", "1kg", "--radius", "1e308m", "--json")
    assert json.loads(result.stdout)["period"] is None
    assert result.stderr == ""              # a unit on each: it is meant


# ---- text ----

def test_text_of_one_orbit():
    text = output_of("orbit", *EARTH)
    assert "(s)" in text and "force (N)" in text
    lines = {line[:23].strip(): line[23:].strip() for line in text.splitlines()}
    assert lines["radius"] == "1 au"
    assert lines[""] == "365.257 d"        # the Gaussian year, of 365.2569 d
    assert float(lines["speed (m/s)"]) == pytest.approx(json_of(*EARTH)["speed"], rel=1e-5)
    assert "force" not in output_of("orbit", *EARTH[:4])


def test_text_of_several_orbits():
    lines = output_of("orbit", *SUN, "--radius", "1au,5e11,1e9km").splitlines()
    assert [line[:8].strip() for line in lines] == ["radius", "1 au", "5e11 m", "1e9 km"]
    assert len({len(line) for line in lines}) == 1
    assert " d " in lines[1] and " years " in lines[2]


@pytest.mark.parametrize(("radius", "unit"), [
    ("3e5km", "min"), ("1e6km", "h"), ("1au", "d"), ("5au", "years")])
def test_unit_of_the_period(radius, unit):
    text = output_of("orbit", *SUN, "--radius", radius)
    assert f" {unit}\n" in text


def test_a_short_period_is_in_seconds_alone():
    lines = output_of("orbit", *SUN, "--radius", "1e4km").splitlines()
    assert [line[:10] for line in lines[2:4]] == ["period (s)", "angular sp"]
    assert float(lines[2].split()[-1]) < 120


def test_warning():
    result = run("orbit", *SUN, "--radius", "1.5e8", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["radius"] == 1.5e8
    assert result.stderr.startswith("mathwork: warning: radius = 1.5e+08 m with star_mass = ")
    assert result.stderr.count("\n") == 1
    assert run("orbit", *SUN, "--radius", "1.5e5km").stderr == ""       # a unit on each
    assert run("orbit", *SUN, "--radius", "1au,1.5e8,1").stderr.count("warning: radius") == 2
    light = run("orbit", "--star-mass", "5", "--radius", "1au,2au")
    assert light.stderr.count("warning: star_mass") == 1


def test_speeds_above_light_are_told():
    """Also if all units are said"""
    result = run("orbit", *SUN, "--radius", "1au,1km")
    assert result.stderr == (f"mathwork: warning: radius = 1000 m with star_mass = {M_SUN:.6g} kg "
                             "has an escape speed above that of light: are both right?\n")
    assert result.exit_code == 0 and run("orbit", *SUN, "--radius", "10km").stderr == ""


def test_numbers_are_ascii():
    assert "is not a number" in run("orbit", *SUN, "--radius", "\u0661au").stderr


def test_an_energy_of_zero_has_no_sign():
    assert " -0\n" not in output_of("orbit", *SUN, "--radius", "1au", "--planet-mass", "0")


# ---- files ----

def test_table(folder):
    text = output_of("orbit", *EARTH, "--table", "t.csv")
    assert text == output_of("orbit", *EARTH)
    found = table_in((folder / "t.csv").read_text(encoding="utf-8"))
    assert list(found) == KEYS
    assert {name: column[0] for name, column in found.items()} == json_of(*EARTH)


def test_table_on_standard_output():
    found = table_in(output_of("orbit", *SUN, "--radius", "1au,2au", "--table", "-"))
    assert list(found) == KEYS and found["radius"].tolist() == [AU, 2 * AU]
    assert all(np.isnan(found[name]).all() for name in OF_PLANET)


@pytest.mark.parametrize(("options", "name", "start"), [
    (["--radius", "1au"], "one.png", b"\x89PNG"),
    (["--radius", "1au,2au", "--planet-mass", "1Mjup", "--both-move"], "two.svg", b"<?xml"),
    (["--radius", ",".join(f"{n}au" for n in range(1, 13))], "many.PDF", b"%PDF")])
def test_pictures(folder, options, name, start):
    pytest.importorskip("matplotlib")
    output_of("orbit", *SUN, *options, "--plot", name)
    assert (folder / name).read_bytes().startswith(start)
    assert json_of(*SUN, *options, "--plot", name)["speed"]


# ---- periods ----

def test_a_period_in_place_of_a_radius():
    # A geostationary satellite: the sidereal day, and 42164 km.
    report = json_of("--star-mass", "1Mearth", "--period", "86164.1s")
    assert report["radius"] == pytest.approx(42164e3, rel=1e-5)
    assert report["period"] == pytest.approx(86164.1, rel=1e-14)
    assert list(report) == KEYS
    report = json_of(*SUN, "--period", "365.25d,1yr", "--period", "8766h")
    assert report["radius"] == pytest.approx([AU] * 3, rel=1e-4)
    both = json_of("--star-mass", "1Msun", "--planet-mass", "1Msun", "--period", "1yr",
                   "--both-move")
    assert both["radius"] == pytest.approx(2 ** (1 / 3) * report["radius"][0], rel=1e-12)
    assert "radius  " in output_of("orbit", *SUN, "--period", "1yr")


# ---- tables ----

TABLE = """\ufeffname;mass;a;P;e;m
Earth;1;1;365.25;0.0167;0.003146
gap of a;1;;365.25;0.1;
gap of P;1;1;;0.1;NA
no orbit;1;;;0.1;1
no star;;1;365.25;-0.1;1
wrong;-1;0;-2;1.5;-1
"quoted, ""name""\";1;n/a;365.25;oops;0
"""
OPTIONS = ["--star-mass", "mass:Msun", "--radius", "a:au", "--period", "P:d"]
SI = ["radius_m", "speed_m_s", "period_s", "angular_speed_rad_s", "escape_speed_m_s"]


def rows_of(text):
    return [*csv.DictReader(text.splitlines())]


@pytest.fixture(params=["pyarrow", "csv"])
def way(request, monkeypatch):
    if request.param == "csv":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    else:
        pytest.importorskip("pyarrow")


def table_of(*options, stdin=TABLE, warned=""):
    return report_of(*OPTIONS, "--eccentricity", "e", *options, stdin=stdin, warned=warned)


def report_of(*options, stdin, warned=""):
    result = run("orbit", "-", *options, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, warned)
    return result.stdout


def test_no_row_of_a_table_is_lost(way):
    warned = "mathwork: warning: standard input: 1 cell is no number, and counts as a gap\n"
    rows = rows_of(table_of(warned=warned))
    assert [*rows[0]] == ["name", "mass", "a", "P", "e", "m", *SI, "status"]
    given = [*csv.DictReader(TABLE[1:].splitlines(), delimiter=";")]
    assert [{name: row[name] for name in given[0]} for row in rows] == given
    assert [row["status"] for row in rows] == [
        "ok", "ok", "ok", "no radius or period", "no star mass; negative eccentricity",
        "star mass not above 0; radius not above 0; period not above 0; eccentricity of no closed "
        "orbit", "ok"]
    radius, year = orbit_table(M_SUN, radius=AU), orbit_table(M_SUN, period=365.25 * 86400)
    for row, table in ((rows[0], radius), (rows[1], year), (rows[2], radius), (rows[6], year)):
        assert [float(row[name]) for name in SI] == [
            table.radius, table.speed, table.period, table.angular_speed, table.escape_speed]
    # Without a star there is a radius, and a period that was given.
    assert [bool(rows[4][name]) for name in SI] == [True, False, True, True, False]
    assert not any(rows[3][name] for name in SI)


def test_a_table_with_the_masses_of_planets(way):
    planets = ["--planet-mass", "m:Mjup"]
    rows = rows_of(table_of(*planets, stdin=TABLE.replace("oops", "")))
    assert [*rows[0]][-4:] == ["force_n", "energy_j", "hill_radius_m", "status"]
    table = orbit_table(M_SUN, 0.003146 * M_JUPITER, AU)
    assert [float(rows[0][name]) for name in ("force_n", "energy_j", "hill_radius_m")] == [
        table.force, table.energy, table.hill_radius]
    assert rows[1]["status"] == "no planet mass" and rows[1]["speed_m_s"] and not rows[1]["force_n"]
    moving = rows_of(table_of(*planets, "--both-move", stdin=TABLE.replace("oops", "")))
    assert moving[0]["speed_m_s"] != rows[0]["speed_m_s"] and not moving[1]["speed_m_s"]


def test_json_of_a_table(way):
    report = json.loads(table_of("--json", stdin=TABLE.replace("oops", "")))
    assert list(report) == ["radius", "speed", "period", "angular_speed", "escape_speed", "status"]
    assert {len(column) for column in report.values()} == {7}
    assert report["radius"][0] == AU and report["radius"][3] is None


def test_one_value_for_all_rows_and_the_eccentricity_by_its_name(folder, way):
    stdin = "a,eccentricity\n1,0.1\n2,-0.1\n"
    text = output_of("orbit", "-", "--star-mass", "1Msun", "--radius", "a:au", stdin=stdin)
    assert [row["status"] for row in rows_of(text)] == ["ok", "negative eccentricity"]
    output_of("orbit", "-", "--star-mass", "1Msun", "--radius", "@1:au", "-o", "out.csv",
              stdin=stdin)
    assert (folder / "out.csv").read_text() == text


def test_units_that_are_not_said_are_looked_at():
    result = run("orbit", "-", "--star-mass", "m", "--radius", "a", stdin="m,a\n1,1\n")
    assert result.exit_code == 0 and "star_mass = 1 kg" in result.stderr
    assert output_of("orbit", "-", "--star-mass", "m:kg", "--radius", "a:m", stdin="m,a\n1,1\n")


def test_speeds_above_light_in_a_table_are_told(way):
    result = run("orbit", "-", "--star-mass", "m:Msun", "--radius", "a:m", stdin="m,a\n,1\n1,1\n")
    assert result.exit_code == 0 and result.stderr.count("\n") == 1
    assert "has an escape speed above that of light" in result.stderr


# A catalogue's rows as they are, kept beside the checkout.
CATALOGUE = Path(__file__).resolve().parents[2] / "shared" / "reference" / "exoplanets.csv"


def test_one_radius_for_all_rows(way):
    table = "mass,m\n1,2\n4,3\n"
    options = ["--star-mass", "mass:Msun", "--radius", "1au"]
    rows = rows_of(report_of(*options, stdin=table))
    assert [row["radius_m"] for row in rows] == ["149597870700.0"] * 2
    assert [row["status"] for row in rows] == ["ok"] * 2
    assert float(rows[1]["speed_m_s"]) == pytest.approx(2 * float(rows[0]["speed_m_s"]))
    report = json.loads(report_of(*options, "--json", stdin=table))
    assert report["radius"] == [149597870700.0] * 2 and len(report["speed"]) == 2


def test_a_number_beyond_float64_is_told(way):
    rows = rows_of(report_of("--star-mass", "m:Msun", "--radius", "a:au",
                             stdin="a,m\n1e308,1\n1,1e300\n1,1\n"))
    beyond = "a number beyond float64 in SI units"
    assert [row["status"] for row in rows] == [beyond, beyond, "ok"]
    assert [row["speed_m_s"] == "" for row in rows] == [True, True, False]


def test_a_column_in_quotes(way):
    options = ["--radius", '"a, b":au', "--star-mass", "m", "--eccentricity", '"m"']
    rows = rows_of(report_of(*options, stdin='"a, b",m\n1,2e30\n'))
    assert [row["status"] for row in rows] == ["eccentricity of no closed orbit"]


@pytest.mark.skipif(not CATALOGUE.is_file(), reason="the catalogue is not in ../shared/reference")
def test_a_catalogue_of_planets(way):
    with open(CATALOGUE, encoding="utf-8", newline="") as file:
        given = [*csv.DictReader(file)]
    rows = rows_of(output_of("orbit", CATALOGUE, "--star-mass", "star_mass_msun:Msun", "--radius",
                             "semimajor_axis_au:au", "--period", "period_days:d"))
    assert [{name: row[name] for name in given[0]} for row in rows] == given
    for row, old in zip(rows, given, strict=True):
        assert ("negative eccentricity" in row["status"]) == old["eccentricity"].startswith("-")
        assert bool(row["radius_m"]) == bool(old["semimajor_axis_au"] or (
            old["period_days"] and old["star_mass_msun"]))


@pytest.mark.parametrize(("options", "message"), [
    (["--star-mass", "mass:Msun", "--radius", "x:au"],
     "standard input: there is no column 'x', but 'name', 'mass', 'a', 'P', 'e', 'm'"),
    (["--star-mass", "mass:msun", "--radius", "a:au"],
     "Invalid value for '--star-mass': 'mass:msun' has the unknown unit msun: did you mean "
     "mass:Msun? See mathwork orbit -h."),
    (["--star-mass", "mass:d", "--radius", "a:au"],
     "Invalid value for '--star-mass': 'mass:d' has the unit d: it takes a mass in kg, Msun, "
     "Mearth or Mjup. See mathwork orbit -h."),
    (["--star-mass", "mass:Msun"], "Missing option '--radius'. See mathwork orbit -h."),
    (["--star-mass", "1Msun", "--radius", "1au"],
     "None of the options names a column of the file."),
    ([*OPTIONS, "--plot", "p.png"],
     "--plot draws orbits that are given by values: give it without -. See mathwork orbit -h."),
    ([*OPTIONS, "--radius", "P:au"],
     "--radius takes one column, or one value for all rows of -. See mathwork orbit -h."),
    ([*OPTIONS, "-o", "out.csv", "--json"],
     "--json goes to standard output: give --json or -o, not both. See mathwork orbit -h."),
    (["--solar-system"], "--solar-system goes with --both-move and --json alone: give it without "
     "FILE. See mathwork orbit -h.")])
def test_refused_tables(options, message):
    found = error_of("orbit", "-", *options, stdin=TABLE)
    assert found.removesuffix(" See mathwork orbit -h.") == (
        f"mathwork: {message}".removesuffix(" See mathwork orbit -h."))


def test_a_short_row_of_a_table_is_an_error(folder):
    assert error_of("orbit", "-", *OPTIONS[:4], stdin="mass,a\n1,2\n1\n", ) == (
        "mathwork: standard input: line 3: a row of length 1, those above have length 2")
    (folder / "old.csv").write_text("old")
    assert "line 3" in error_of("orbit", "-", *OPTIONS[:4], "-o", "old.csv",
                                stdin="mass,a\n1,2\n1\n")
    assert (folder / "old.csv").read_text() == "old"


# ---- the Solar System ----

def test_solar_system():
    report = json_of("--solar-system")
    assert list(report) == ["body", "centre", "radius", "eccentricity", "speed", "mean_speed",
                            "error_percent"]
    assert report["body"] == ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus",
                              "Neptune", "Pluto", "Moon", "Io", "Europa", "Ganymede", "Callisto"]
    error = dict(zip(report["body"], report["error_percent"], strict=True))
    for body in ("Venus", "Earth", "Io", "Europa", "Ganymede", "Callisto"):
        assert abs(error[body]) < 0.1
    # 47.87 against 47.36 km/s; of an ellipse the perimeter is 2 pi a (1 - e^2/4 - 3 e^4/64 ...).
    assert error["Mercury"] == pytest.approx(100 * (47870 / 47360 - 1), abs=0.03)
    e = report["eccentricity"][0]
    assert error["Mercury"] == pytest.approx(100 / (1 - e**2 / 4 - 3 * e**4 / 64) - 100, abs=0.02)
    moon = report["body"].index("Moon")
    both = json_of("--solar-system", "--both-move")
    ratio = both["speed"][moon] / report["speed"][moon]
    assert ratio == pytest.approx(np.sqrt(1 + 1 / 81.30057), rel=1e-6)      # DE440's mass ratio


def test_text_of_the_solar_system():
    head, *rows = output_of("orbit", "--solar-system").splitlines()
    assert head.split()[:2] == ["body", "about"]
    assert rows[0].split() == ["Mercury", "Sun", "57909000", "0.2056", "47872", "47360", "+1.08"]
    assert len({len(line) for line in (head, *rows[:14])}) == 1 and rows[14] == ""
    assert rows[15].startswith("Mercury: ") and "sqrt(GM/a)" in rows[15]
    assert all(len(line) <= 100 for line in rows)


# ---- what is refused ----

MASS = "it takes a mass in kg, Msun, Mearth or Mjup"
LENGTH = "it takes a length in m, km or au"


@pytest.mark.parametrize(("options", "message"), [
    ([], "Missing options '--star-mass' and '--radius', or --solar-system."),
    (SUN, "Missing option '--radius'."),
    (["--radius", "1au"], "Missing option '--star-mass'."),
    (["--star-mass", "1msun", "--radius", "1au"],
     "Invalid value for '--star-mass': '1msun' has the unknown unit msun: did you mean 1Msun?"),
    ([*SUN, "--radius", "1AU"],
     "Invalid value for '--radius': '1AU' has the unknown unit AU: did you mean 1au?"),
    ([*SUN, "--radius", "1.5e8KM"],
     "Invalid value for '--radius': '1.5e8KM' has the unknown unit KM: did you mean 1.5e8km?"),
    ([*SUN, "--period", "1D"],
     "Invalid value for '--period': '1D' has the unknown unit D: did you mean 1d?"),
    ([*SUN, "--period", "1au"],
     "Invalid value for '--period': '1au' has the unit au: it takes a time in s, min, h, d or "
     "yr."),
    ([*SUN, "--period", "1d", "--radius", "1au"],
     "--radius and --period are two ways to say one thing: give one."),
    ([*SUN, "--radius", "1au", "--encoding", "cp1252"],
     "Options that say how a table is read take a FILE."),
    ([*SUN, "--radius", "1au", "--eccentricity", "e"],
     "Options that say how a table is read take a FILE."),
    (["--star-mass", "1au", "--radius", "1au"],
     f"Invalid value for '--star-mass': '1au' has the unit au: {MASS}."),
    ([*SUN, "--radius", "1au,3kg"],
     f"Invalid value for '--radius': '3kg' has the unit kg: {LENGTH}."),
    ([*SUN, "--radius", "1ly"],
     f"Invalid value for '--radius': '1ly' has the unknown unit ly: {LENGTH}."),
    ([*SUN, "--radius", "1e"],
     f"Invalid value for '--radius': '1e' has the unknown unit e: {LENGTH}."),
    ([*SUN, "--radius", "1au,"],
     f"Invalid value for '--radius': '' is not a number: {LENGTH}, like 1au."),
    ([*SUN, "--radius", "nan"],
     f"Invalid value for '--radius': 'nan' is not a number: {LENGTH}, like 1au."),
    (["--star-mass", "sun", "--radius", "1"],
     f"Invalid value for '--star-mass': 'sun' is not a number: {MASS}, like 1Mjup."),
    (["--star-mass", "-1Msun", "--radius", "1au"],
     "Invalid value for '--star-mass': '-1Msun' is not above 0 and finite."),
    ([*SUN, "--radius", "0km"],
     "Invalid value for '--radius': '0km' is not above 0 and finite."),
    ([*SUN, "--radius", "1e300au"],
     "Invalid value for '--radius': '1e300au' is not above 0 and finite."),
    ([*SUN, "--radius", "1au", "--planet-mass", "-1"],
     "Invalid value for '--planet-mass': '-1' is not 0 or more and finite."),
    ([*SUN, "--radius", "1au", "--both-move"], "--both-move takes --planet-mass."),
    ([*SUN, "--radius", "1au", "--table", "-", "--json"],
     "--json goes to standard output: give --json or --table -, not both."),
    (["--solar-system", *EARTH, "--table", "t.csv", "--plot", "p.png"],
     "--solar-system goes with --both-move and --json alone: give it without --star-mass, "
     "--radius, --planet-mass, --table, --plot."),
])
def test_refused(options, message):
    assert error_of("orbit", *options) == f"mathwork: {message} See mathwork orbit -h."


@pytest.mark.parametrize(("options", "message"), [
    (["--table", "t.npy"], "t.npy: a table's name must end in .csv, or be - for standard output"),
    (["--plot", "p.jpg"], "p.jpg: a picture's name must end in .png, .svg, .pdf"),
    (["--table", "none/t.csv"], "none/t.csv: No such file or directory"),
])
def test_refused_files(folder, options, message):
    assert error_of("orbit", *EARTH, *options) == f"mathwork: {message}"
    assert list(folder.iterdir()) == []


def test_a_period_out_of_reach_warns_once():
    done = run("orbit", "--star-mass", "1e30", "--period", "1e-160")
    assert done.exit_code == 0 and "are both in SI units?" in done.stderr
