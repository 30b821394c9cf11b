"""Masses, lengths and times on the command line: numbers with units, or columns with units."""
import math
import re
from typing import NamedTuple

import click

from mathwork.constants import AU, M_EARTH, M_JUPITER, M_SUN

DAY = 86400.0           # s
UNITS = {"mass": {"kg": 1.0, "Msun": M_SUN, "Mearth": M_EARTH, "Mjup": M_JUPITER},
         "length": {"m": 1.0, "km": 1000.0, "au": AU},
         "time": {"s": 1.0, "min": 60.0, "h": 3600.0, "d": DAY, "yr": 365.25 * DAY}}
NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\W\d_]*)", re.ASCII)


class Given(NamedTuple):
    """A value in SI units, its text on the command line, and whether that had a suffix."""

    value: float
    text: str
    has_suffix: bool


class Column(NamedTuple):
    """A column of a table, how many SI units one of its numbers is, and whether that was said."""

    name: str
    scale: float
    has_suffix: bool


class Quantity(click.ParamType):
    """2.5km as 2500.0 m: positive, or at least 0 if `zero`. Where a file is given, also NAME:km.

    `name` is a key of UNITS, and the first unit there is the default. The message of an error tells
    a unit of another kind from one that is unknown, and how a unit is spelt.
    """

    def __init__(self, name, zero=False):
        self.name, self.units, self.zero = name, UNITS[name], zero

    def convert(self, value, param, ctx):
        if not isinstance(value, str):
            return value
        match = NUMBER.fullmatch(value.strip())
        if match is None:
            if _reads_a_file(ctx):
                return self._column(value, param, ctx)
            self.fail(f"{value!r} is not a number: it takes {self._wanted()}, like "
                      f"1{list(self.units)[-1]}.", param, ctx)
        number, suffix = match.groups()
        unit = self._unit(suffix, value, number, param, ctx)
        found = float(number) * self.units[unit]
        if not (0 < found < math.inf or (found == 0 and self.zero)):
            self.fail(f"{value!r} is not {'0 or more' if self.zero else 'above 0'} and finite.",
                      param, ctx)
        return Given(float(found), f"{number} {unit}", bool(suffix))

    def _column(self, value, param, ctx):
        """NAME:UNIT, or NAME for a column in SI units"""
        name, colon, suffix = value.rpartition(":")
        if not colon:
            name, suffix = value, ""
        unit = self._unit(suffix.strip(), value, f"{name}:", param, ctx)
        return Column(unquoted(name.strip()), self.units[unit], bool(suffix))

    def _unit(self, suffix, value, before, param, ctx):
        """The unit of this suffix; the default if it is empty"""
        if suffix in self.units:
            return suffix
        if not suffix:
            return next(iter(self.units))
        if any(suffix in units for units in UNITS.values()):
            self.fail(f"{value!r} has the unit {suffix}: it takes {self._wanted()}.", param, ctx)
        spelt = [unit for unit in self.units if unit.lower() == suffix.lower()]
        hint = f": did you mean {before}{spelt[0]}?" if len(spelt) == 1 else (
            f": it takes {self._wanted()}.")
        self.fail(f"{value!r} has the unknown unit {suffix}{hint}", param, ctx)

    def _wanted(self):
        *units, last = self.units
        return f"a {self.name} in {', '.join(units)} or {last}"


def unquoted(name):
    """A name of a column without the quotes that commands with lists of names want"""
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return name[1:-1].replace('""', '"') if quoted else name


class Quantities(Quantity):
    """A list of quantities with commas between them, or one column."""

    def convert(self, value, param, ctx):
        if not isinstance(value, str):
            return value
        if _reads_a_file(ctx) and NUMBER.fullmatch(value.strip()) is None:
            return [self._column(value, param, ctx)]
        return [super(Quantities, self).convert(part, param, ctx) for part in value.split(",")]


def _reads_a_file(ctx):
    """Whether the command has got the name of a table: an eager argument, `source`"""
    # click has a mark of its own for an argument that is not given, until all are converted.
    return ctx is not None and isinstance(ctx.params.get("source"), str)
