"""The command `mathwork orbit`: circular orbits, and the Solar System compared with them."""
import math
import warnings
from pathlib import Path

import click
import numpy as np

from mathwork._extras import extra
from mathwork.cli.lines import shown_name
from mathwork.cli.options import Column, Command, File, format_of, reading
from mathwork.cli.orbit_tables import OF_PLANET, report_table
from mathwork.cli.output import (
    as_json,
    check_picture,
    print_aligned,
    print_json,
    save_picture,
    warn,
)
from mathwork.cli.quantities import Given, Quantities, Quantity
from mathwork.cli.records import Format
from mathwork.cli.tables import write_table

TIMES = ((365.25 * 86400, "years"), (86400, "d"), (3600, "h"), (60, "min"))     # in s
# {field of OrbitTable: its heading in text}, in the order of the columns.
HEADINGS = {"radius": "radius", "speed": "speed (m/s)", "period": "period (s)",
            "angular_speed": "angular speed (rad/s)", "escape_speed": "escape speed (m/s)",
            "force": "force (N)", "energy": "energy (J)", "hill_radius": "Hill radius (m)"}
LABELLED = 10       # a picture of more orbits has no legend


@click.command(cls=Command)
@click.argument("source", type=File(), metavar="[FILE]", required=False, is_eager=True)
@click.option("--star-mass", type=Quantity("mass"), metavar="MASS",
              help="Mass of the star, or of whatever body is at the centre.")
@click.option("--radius", "radii", type=Quantities("length"), multiple=True, metavar="LENGTH,...",
              help="Distance between the two centres. Each length gives an orbit; the option may "
                   "be repeated.")
@click.option("--period", "periods", type=Quantities("time"), multiple=True, metavar="TIME,...",
              help="The time of one revolution, in place of the radius.")
@click.option("--planet-mass", type=Quantity("mass", zero=True), metavar="MASS",
              help="Mass of the orbiting body: adds force, energy and Hill radius.")
@click.option("--eccentricity", type=Column(), metavar="COLUMN",
              help="With FILE: a column to check. Default: the column of this name, if there is "
                   "one.")
@click.option("--both-move", is_flag=True,
              help="Let both masses move about their barycentre. Without it the star is fixed.")
@click.option("--solar-system", is_flag=True,
              help="Compare circular orbits with planets and moons instead.")
@click.option("-o", "--output", "--table", "target", type=File(), metavar="FILE",
              help="Write all columns to this .csv file, or with - to standard output in place of "
                   "the text.")
@reading
@click.option("--plot", "picture", type=File(), metavar="FILE",
              help="Draw the orbits to scale to this .png, .svg or .pdf file.")
@as_json
def orbit(source, star_mass, radii, periods, planet_mass, eccentricity, both_move, solar_system,
          target, picture, as_json, **text):
    """Compute circular orbits, one or those of a table.

    A MASS is a number in kg, or one with a suffix: 5e24, 5e24kg, 1Msun, 1Mearth, 1Mjup. A LENGTH is
    a number in m, or one with a suffix: 7e6, 7e6m, 7000km, 1au. A TIME is a number in s, or one
    with a suffix: 60s, 1min, 1h, 1d, 1yr. Capitals matter. A year is 365.25 days.

    \b
    mathwork orbit --star-mass 1Msun --radius 1au --planet-mass 1Mearth
    mathwork orbit --star-mass 1Mearth --radius 6778km,42164km
    mathwork orbit planets.csv --star-mass mass:Msun --radius a:au --period P:d -o out.csv

    The result is the speed, period, angular speed and escape speed of each orbit. --planet-mass
    adds the force, energy and Hill radius. The star is fixed, as in orbit_table and CircularOrbit.
    With --both-move, which takes --planet-mass, speeds are those of one body relative to the other.
    A number without a suffix gets a warning on standard error if it does not look like SI.

    With FILE, a table as mathwork fit reads it, an option takes a column and its unit, like a:au,
    or one value for all rows. Where a row has no radius, its period counts. The result is CSV: the
    columns of the table, the quantities in SI units with the unit in their names, and a status. No
    row is left out. What needs a number that is missing is empty, and the status says what is
    missing or wrong in a row, else ok. The eccentricity is checked, but all quantities are those of
    the circle with the same radius.

    With --json the keys are radius and the fields of the Python result: {"radius": ..., "speed":
    ..., "period": ..., "angular_speed": ..., "escape_speed": ..., "force": ..., "energy": ...,
    "hill_radius": ...}. Values are in SI units: a number for one radius, a list for several and for
    FILE, which adds "status". NaN and infinity are null. --table writes CSV with a row for each
    orbit and these keys as its header. Without --planet-mass the last three are null, or nan in
    CSV; with FILE they are not there.

    --solar-system lists planets and moons: the circular speed at the semi-major axis, the mean
    speed, and the error of the circular speed in percent. Only --both-move and --json go with it.
    Its keys are body, centre, radius, eccentricity, speed, mean_speed and error_percent. Source:
    NASA planetary fact sheets; GM of JPL DE440.
    """
    radii, periods = ([each for group in groups for each in group] for groups in (radii, periods))
    form = format_of(**text)
    if solar_system:
        _refuse_beside_solar_system(star_mass=star_mass, radius=radii, period=periods,
                                    planet_mass=planet_mass, table=target, plot=picture,
                                    FILE=source)
        _report_solar_system(both_move, as_json)
        return
    _check_options(source, star_mass, radii, periods, planet_mass, both_move, target, picture,
                   as_json)
    if source is not None:
        given = {"star_mass": star_mass, "planet_mass": planet_mass,
                 "radius": radii[0] if radii else None, "period": periods[0] if periods else None}
        report_table(source, form, given, eccentricity, both_move, target or "-", as_json)
        return
    if form != Format() or eccentricity is not None:
        raise click.UsageError("Options that say how a table is read take a FILE.")
    if periods:
        radii = _radii_of(periods, star_mass, planet_mass, both_move)
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


def _check_options(source, star_mass, radii, periods, planet_mass, both_move, target, picture,
                   as_json):
    missing = [f"'--{name}'" for name, value in (("star-mass", star_mass),
                                                 ("radius", radii or periods)) if not value]
    if missing:
        raise click.UsageError(f"Missing option{'s' * (len(missing) > 1)} {' and '.join(missing)}"
                               f"{', or --solar-system' * (len(missing) > 1)}.")
    if both_move and planet_mass is None:
        raise click.UsageError("--both-move takes --planet-mass.")
    if source is None and radii and periods:
        raise click.UsageError("--radius and --period are two ways to say one thing: give one.")
    if source is not None and picture is not None:
        raise click.UsageError("--plot draws orbits that are given by values: give it without "
                               f"{source}.")
    for name, values in (("radius", radii), ("period", periods)):
        if source is not None and len(values) > 1:
            raise click.UsageError(f"--{name} takes one column, or one value for all rows of "
                                   f"{source}.")
    if target == "-" and as_json:
        raise click.UsageError("--json goes to standard output: give --json or --table -, not "
                               "both.")
    if source is not None and target is not None and as_json:
        raise click.UsageError("--json goes to standard output: give --json or -o, not both.")
    if target is not None and target != "-" and Path(target).suffix.lower() != ".csv":
        raise ValueError(f"{shown_name(target)}: a table's name must end in .csv, or be - "
                         "for standard output")
    if picture is not None:
        check_picture(picture)


# ---- circular orbits ----

def _radii_of(periods, star_mass, planet_mass, both_move):
    """The radii of circular orbits with these periods, as if they had been given."""
    from mathwork.orbit import semimajor_axis

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")         # _columns_of() looks at the radii
        radius = semimajor_axis(np.array([period.value for period in periods]),
                                star_mass=star_mass.value, fixed_star=not both_move,
                                planet_mass=None if planet_mass is None else planet_mass.value)
    return [Given(float(each), f"{each:.6g} m", period.has_suffix)
            for each, period in zip(radius, periods, strict=True)]


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
                                                              layout="compressed")
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
    given = [name if name == "FILE" else f"--{name.replace('_', '-')}"
             for name, value in options.items() if value]
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
