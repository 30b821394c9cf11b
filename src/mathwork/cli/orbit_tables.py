"""Orbits of the rows of a table, for `mathwork orbit FILE`: no row is lost, and gaps stay gaps."""
import csv
import functools
import shutil
import sys
import tempfile
import warnings
from contextlib import contextmanager

import click
import numpy as np

from mathwork._files import replacing
from mathwork.cli.columns import open_table
from mathwork.cli.output import print_json, progress, warn
from mathwork.cli.quantities import Column, unquoted

# {field of OrbitTable: the name of its column}, in the order of the columns.
NAMES = {"radius": "radius_m", "speed": "speed_m_s", "period": "period_s",
         "angular_speed": "angular_speed_rad_s", "escape_speed": "escape_speed_m_s",
         "force": "force_n", "energy": "energy_j", "hill_radius": "hill_radius_m"}
OF_PLANET = ("force", "energy", "hill_radius")      # they take a planet's mass
TEXT = {"encoding": "utf-8", "newline": ""}
ECCENTRICITY = "eccentricity"       # the column that is looked at if no other is named
OK = "ok"
# What a status says, in this order; a row may have several.
REASONS = ("no star mass", "no radius or period", "no planet mass", "star mass not above 0",
           "radius not above 0", "period not above 0", "planet mass below 0",
           "negative eccentricity", "eccentricity of no closed orbit",
           "a number beyond float64 in SI units")


def report_table(source, form, given, eccentricity, both_move, target, as_json):
    """Compute the orbits of the rows of a file, and write them.

    `given` is {"star_mass", "planet_mass", "radius", "period": Given, Column or None}.
    """
    with open_table(source, form) as table:
        table.short_advice = ""         # a row that is too short is an error
        places = {name: table.find(value.name) for name, value in given.items()
                  if isinstance(value, Column)}
        if eccentricity is not None or ECCENTRICITY in table.names:
            places[ECCENTRICITY] = table.find(unquoted(eccentricity or ECCENTRICITY))
        if not places.keys() - {ECCENTRICITY}:
            raise click.UsageError("None of the options names a column of the file.")
        orbits = _Orbits(table, given, places, both_move)
        if as_json:
            print_json(_joined(orbits))
        else:
            with _standard_output() if target == "-" else replacing(target, "w", **TEXT) as file:
                _write(orbits, file)
        for message in orbits.warnings:
            warn(message)
        if orbits.stray:
            cells = "1 cell is no number, and counts as a gap" if orbits.stray == 1 else (
                f"{orbits.stray} cells are no numbers, and count as gaps")
            warn(f"{table.shown}: {cells}")


@contextmanager
def _standard_output():
    """A file that goes to standard output once it is complete."""
    with tempfile.TemporaryFile("w+", **TEXT) as file:
        yield file
        file.seek(0)
        shutil.copyfileobj(file, sys.stdout)


class _Orbits:
    """The orbits of a table, a piece at a time: (cells of all columns, {field: array}, status)."""

    def __init__(self, table, given, places, both_move):
        self.table, self.given, self.places, self.both_move = table, given, places, both_move
        self.warnings, self.stray = {}, 0
        self.fields = [name for name in NAMES
                       if given["planet_mass"] is not None or name not in OF_PLANET]

    def __iter__(self):
        with progress(self.table.source) as tick:
            for cells in self.table.chunks(range(len(self.table.names)), False):
                numbers = {name: self._numbers(cells[at]) for name, at in self.places.items()}
                values = {name: self._value(name, numbers) for name in self.given}
                count = len(cells[0])
                fields = self._computed(values, count)
                status = _status(values | {ECCENTRICITY: numbers.get(ECCENTRICITY)}, count)
                yield cells, fields, status
                tick()

    def _numbers(self, cells):
        values, good = self.table.numbers(cells)
        self.stray += self.table.strays(cells, good)
        return np.where(good, values, np.nan)

    def _value(self, name, numbers):
        """A quantity in SI units: an array of a column, one number, or None"""
        given = self.given[name]
        if isinstance(given, Column):
            with np.errstate(over="ignore"):
                return numbers[name] * given.scale
        return None if given is None else given.value

    def _computed(self, values, count):
        from mathwork.orbit import orbit_table
        from mathwork.orbit.units import warn_of_units

        beyond = _beyond(values)
        values = {name: value if value is None else np.where(beyond, np.nan, value)
                  for name, value in values.items()}
        # A unit that is said is meant, but nothing is faster than light.
        said = all(given is None or given.has_suffix for given in self.given.values())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            table = orbit_table(**values, fixed_star=not self.both_move)
            warnings.simplefilter("always")
            warn_of_units(table.radius, values["star_mass"], True, only_light=said)
        self.warnings |= dict.fromkeys(str(warning.message) for warning in caught)
        columns = table._asdict() | {"radius": table.radius}
        return {name: np.broadcast_to(columns[name], count) for name in self.fields}


def _beyond(values):
    """Which rows hold a number that is too large in SI units."""
    return functools.reduce(np.logical_or, (np.isinf(value) for value in values.values()
                                            if value is not None))


def _status(values, count):
    """The status of each row: OK, or what is missing or wrong in it."""
    def missing(name):
        return True if values[name] is None else np.isnan(values[name])

    def below(name, bound, strict=False):
        value = values[name]
        if value is None:
            return False
        return value < bound if strict else value <= bound

    with np.errstate(invalid="ignore"):
        found = (missing("star_mass"), missing("radius") & missing("period"),
                 values["planet_mass"] is not None and missing("planet_mass"),
                 below("star_mass", 0), below("radius", 0), below("period", 0),
                 below("planet_mass", 0, True), below(ECCENTRICITY, 0, True),
                 values[ECCENTRICITY] is not None and values[ECCENTRICITY] >= 1,
                 _beyond(values))
    codes = np.zeros(count, np.int64)
    for bit, wrong in enumerate(found):
        codes |= np.asarray(wrong, np.int64) << bit
    texts = {code: "; ".join(text for bit, text in enumerate(REASONS) if code >> bit & 1) or OK
             for code in set(codes.tolist())}
    return [texts[code] for code in codes.tolist()]


def _write(orbits, file):
    """CSV with all columns of the table, then those of the orbits, then the status."""
    writer = csv.writer(file, lineterminator="\n")
    table = orbits.table
    writer.writerow([*map(table.label, range(len(table.names))),
                     *(NAMES[name] for name in orbits.fields), "status"])
    for cells, fields, status in orbits:
        columns = [column if isinstance(column, list | tuple) else column.tolist()
                   for column in cells]
        numbers = []
        for column in fields.values():
            values = column.tolist()
            for row in np.flatnonzero(np.isnan(column)).tolist():
                values[row] = None      # an empty cell
            numbers.append(values)
        writer.writerows(zip(*columns, *numbers, status, strict=True))


def _joined(orbits):
    """{field: array} of all rows, and "status"."""
    pieces = [(fields, status) for _, fields, status in orbits]
    joined = {name: np.concatenate([fields[name] for fields, _ in pieces])
              for name in orbits.fields}
    return joined | {"status": [text for _, status in pieces for text in status]}
