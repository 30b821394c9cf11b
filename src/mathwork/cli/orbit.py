"""The command `mathwork orbit`: circular orbits, and the Solar System compared with them."""
import math
import re
import warnings
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from mathwork._extras import extra
from mathwork.cli.output import (
    as_json,
    check_picture,
    print_aligned,
    print_json,
    save_picture,
    warn,
)
from mathwork.cli.tables import write_table
from mathwork.constants import AU, M_EARTH, M_JUPITER, M_SUN

MASSES = {"kg": 1.0, "Msun": M_SUN, "Mearth": M_EARTH, "Mjup": M_JUPITER}
LENGTHS = {"m": 1.0, "km": 1000.0, "au": AU}
TIMES = ((365.25 * 86400, "years"), (86400, "d"), (3600, "h"), (60, "min"))     # in s
NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\W\d_]*)", re.ASCII)
# {field of OrbitTable: its heading in text}, in the order of the columns.
HEADINGS = {"radius": "radius", "speed": "speed (m/s)", "period": "period (s)",
            "angular_speed": "angular speed (rad/s)", "escape_speed": "escape speed (m/s)",
            "force": "force (N)", "energy": "energy (J)", "hill_radius": "Hill radius (m)"}
OF_PLANET = ("force", "energy", "hill_radius")      # they take a planet's mass
LABELLED = 10       # a picture of more orbits has no legend


class Given(NamedTuple):
    """A value in SI units, its text on the command line, and whether that had a suffix."""

    value: float
    text: str
    has_suffix: bool


class Quantity(click.ParamType):
    """2.5km as 2500.0 m: positive, or at least 0 if `zero`.

    `units` are {suffix: SI units in one}, the first of them the default. `others` are suffixes of
    another kind of quantity, which the message of an error names as such.
    """

    def __init__(self, name, units, others, zero=False):
        self.name, self.units, self.others, self.zero = name, units, others, zero

    def convert(self, value, param, ctx):
        if not isinstance(value, str):
            return value
        default, *_, last = units = list(self.units)
        wanted = f"a {self.name} in {', '.join(units[:-1])} or {last}"
        match = NUMBER.fullmatch(value.strip())
        if match is None:
            self.fail(f"{value!r} is not a number: it takes {wanted}, like 1{last}.", param, ctx)
        number, suffix = match.groups()
        if suffix in self.others:
            self.fail(f"{value!r} has the unit {suffix}: it takes {wanted}.", param, ctx)
        if suffix and suffix not in self.units:
            self.fail(f"{value!r} has the unknown unit {suffix}: it takes {wanted}.", param, ctx)
        found = float(number) * self.units[suffix or default]
        if not (0 < found < math.inf or (found == 0 and self.zero)):
            self.fail(f"{value!r} is not {'0 or more' if self.zero else 'above 0'} and finite.",
                      param, ctx)
        return Given(float(found), f"{number} {suffix or default}", bool(suffix))


class Quantities(Quantity):
    """A list of quantities with commas between them."""

    def convert(self, value, param, ctx):
        if not isinstance(value, str):
            return value
        return [super(Quantities, self).convert(part, param, ctx) for part in value.split(",")]


@click.command()
@click.option("--star-mass", type=Quantity("mass", MASSES, LENGTHS), metavar="MASS",
              help="Mass of the star, or of whatever body is at the centre.")
@click.option("--radius", "radii", type=Quantities("length", LENGTHS, MASSES), multiple=True,
              metavar="LENGTH,...",
              help="Distance between the two centres. Each length gives an orbit; the option may "
                   "be repeated.")
@click.option("--planet-mass", type=Quantity("mass", MASSES, LENGTHS, zero=True), metavar="MASS",
              help="Mass of the orbiting body: adds force, energy and Hill radius.")
@click.option("--both-move", is_flag=True,
              help="Let both masses move about their barycentre. Without it the star is fixed.")
@click.option("--solar-system", is_flag=True,
              help="Compare circular orbits with planets and moons instead.")
@click.option("--table", "target", metavar="FILE",
              help="Write all columns to this .csv file, or with - to standard output in place of "
                   "the text.")
@click.option("--plot", "picture", metavar="FILE",
              help="Draw the orbits to scale to this .png, .svg or .pdf file.")
@as_json
def orbit(star_mass, radii, planet_mass, both_move, solar_system, target, picture, as_json):
    """Compute circular orbits.

    A MASS is a number in kg, or one with a suffix: 5e24, 5e24kg, 1Msun, 1Mearth, 1Mjup. A LENGTH is
    a number in m, or one with a suffix: 7e6, 7e6m, 7000km, 1au. Capitals matter.

    \b
    mathwork orbit --star-mass 1Msun --radius 1au --planet-mass 1Mearth
    mathwork orbit --star-mass 1Mearth --radius 6778km,42164km

    The result is the speed, period, angular speed and escape speed of each orbit. --planet-mass
    adds the force, energy and Hill radius. A year is 365.25 days. The star is fixed, as in
    orbit_table and CircularOrbit. With --both-move, which takes --planet-mass, speeds are those of
    one body relative to the other. A number without a suffix gets a warning on standard error if it
    does not look like SI.

    With --json the keys are radius and the fields of the Python result: {"radius": ..., "speed":
    ..., "period": ..., "angular_speed": ..., "escape_speed": ..., "force": ..., "energy": ...,
    "hill_radius": ...}. Values are in SI units: a number for one radius, a list for several.
    Infinity is null. --table writes CSV with a row for each orbit and these keys as its header.
    Without --planet-mass the last three are null, or nan in CSV.

    --solar-system lists planets and moons: the circular speed at the semi-major axis, the mean
    speed, and the error of the circular speed in percent. Only --both-move and --json go with it.
    Its keys are body, centre, radius, eccentricity, speed, mean_speed and error_percent. Source:
    NASA planetary fact sheets; GM of JPL DE440.
    """
    radii = [radius for group in radii for radius in group]
    if solar_system:
        _refuse_beside_solar_system(star_mass=star_mass, radius=radii, planet_mass=planet_mass,
                                    table=target, plot=picture)
        _report_solar_system(both_move, as_json)
        return
    _check_options(star_mass, radii, planet_mass, both_move, target, picture, as_json)
    columns = _columns_of(star_mass, planet_mass, radii, both_move)
    if picture is not None:
        _draw(star_mass, planet_mass, radii, both_move, picture)
    if target is not None:
        _write_table(columns, target)
    if as_json:
        one = len(radii) == 1
        print_json({name: column[0] if one and column is not None else column
                    for name, column in columns.items()})
    elif target != "-":
        _print_table(columns, radii)


def _check_options(star_mass, radii, planet_mass, both_move, target, picture, as_json):
    missing = [f"'--{name}'" for name, value in (("star-mass", star_mass), ("radius", radii))
               if not value]
    if missing:
        raise click.UsageError(f"Missing option{'s' * (len(missing) > 1)} {' and '.join(missing)}"
                               f"{', or --solar-system' * (len(missing) > 1)}.")
    if both_move and planet_mass is None:
        raise click.UsageError("--both-move takes --planet-mass.")
    if target == "-" and as_json:
        raise click.UsageError("--json goes to standard output: give --json or --table -, not "
                               "both.")
    if target is not None and target != "-" and Path(target).suffix.lower() != ".csv":
        raise ValueError(f"{target}: a table's name must end in .csv, or be - for standard output")
    if picture is not None:
        check_picture(picture)


# ---- circular orbits ----

def _columns_of(star_mass, planet_mass, radii, both_move):
    """{name: array} for the names in HEADINGS; None for OF_PLANET without a planet's mass."""
    from mathwork.orbit import UnitsWarning, orbit_table
    from mathwork.orbit.units import warn_of_units

    radius = np.array([each.value for each in radii])
    mass = 0.0 if planet_mass is None else planet_mass.value
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")         # an overflow shows as inf
        table = orbit_table(star_mass.value, mass, radius, fixed_star=not both_move)
        warnings.simplefilter("always", UnitsWarning)
        for each in radii:
            # a unit that is said is meant, but nothing is faster than light
            said = star_mass.has_suffix and each.has_suffix
            warn_of_units(each.value, star_mass.value, True, only_light=said)
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        warn(message)
    columns = {"radius": radius} | table._asdict()
    return {name: None if planet_mass is None and name in OF_PLANET else columns[name]
            for name in HEADINGS}


def _write_table(columns, target):
    missing = np.full(len(columns["radius"]), np.nan)
    table = [missing if column is None else column for column in columns.values()]
    write_table(np.stack(table, axis=1), target, header=columns)


def _print_table(columns, radii):
    rows = [(HEADINGS["radius"], *(radius.text for radius in radii))]
    for name, column in columns.items():
        if name == "radius" or column is None:
            continue
        rows.append((HEADINGS[name], *(f"{value:z.6g}" for value in column)))
        if name == "period" and any(times := [_time(value) for value in column]):
            rows.append(("", *times))
    print_aligned(rows if len(radii) == 1 else [*zip(*rows, strict=True)])


def _time(seconds):
    """A time in the largest unit that it has two of; "" for seconds and infinity."""
    for unit, name in TIMES:
        if 2 * unit <= seconds < math.inf:
            return f"{seconds / unit:.6g} {name}"
    return ""


def _draw(star_mass, planet_mass, radii, both_move, picture):
    from mathwork.constants import G
    from mathwork.orbit import CircularOrbit, KeplerOrbit, UnitsWarning, plot_orbits

    figure = extra("matplotlib.figure", "draw orbits").Figure(figsize=(8, 6),
                                                              layout="constrained")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)       # _columns_of gave it
        if planet_mass is None:
            orbits = [KeplerOrbit(radius.value, 0.0, mu=G * star_mass.value) for radius in radii]
        else:
            orbits = [CircularOrbit(star_mass.value, planet_mass.value, radius.value,
                                    fixed_star=not both_move) for radius in radii]
        labels = [radius.text for radius in radii] if 1 < len(radii) <= LABELLED else None
        plot_orbits(orbits, figure.add_subplot(), labels=labels)
    save_picture(figure, picture)


# ---- the Solar System ----

def _refuse_beside_solar_system(**options):
    given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
    if given:
        raise click.UsageError("--solar-system goes with --both-move and --json alone: give it "
                               f"without {', '.join(given)}.")


def _report_solar_system(both_move, as_json):
    from mathwork.cli.solar_system import BODIES, GM
    from mathwork.orbit import circular_speed

    radius = np.array([body.semi_major_axis for body in BODIES])
    mean_speed = np.array([body.mean_speed for body in BODIES], np.float64)
    mu = np.array([GM[body.centre] + both_move * body.gm for body in BODIES])
    speed = circular_speed(radius, mu=mu)
    error = 100 * (speed / mean_speed - 1)
    if as_json:
        print_json({"body": [body.name for body in BODIES],
                    "centre": [body.centre for body in BODIES],
                    "radius": radius,
                    "eccentricity": [body.eccentricity for body in BODIES],
                    "speed": speed, "mean_speed": mean_speed, "error_percent": error})
        return
    rows = [("body", "about", "radius (km)", "e", "circular (m/s)", "mean (m/s)", "error (%)")]
    for body, circular, percent in zip(BODIES, speed, error, strict=True):
        rows.append((body.name, body.centre, f"{body.semi_major_axis / 1e3:.0f}",
                     f"{body.eccentricity:.4f}", f"{circular:.0f}", f"{body.mean_speed:.0f}",
                     f"{percent:+z.2f}"))
    print_aligned(rows)
    e = BODIES[0].eccentricity
    click.echo("\nMercury: the mean speed of an ellipse, perimeter / period, is about "
               f"e^2/4 = {e * e / 4:.1%} below sqrt(GM/a).\n"
               "Saturn, Neptune, Pluto: axis and period in the sheets disagree by 0.5 to 0.9%.")
