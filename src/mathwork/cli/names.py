"""Columns by their names in a header, or by their places."""
import re

from mathwork._rows import begins_a_number
from mathwork.cli.numerals import shown
from mathwork.cli.records import other_delimiter

LONGEST_LIST = 1000     # characters of the names of columns in a message
PLACE = re.compile(r"@([1-9][0-9]*)", re.ASCII)


def label(names, at):
    """What a column is called: by its name, or as @3 if it has none."""
    return names[at] or f"@{at + 1}"


def listed(labels, longest=LONGEST_LIST):
    """Labels with commas between them; dots stand for what comes behind so many characters."""
    found, length = [], 0
    for label in labels:
        length += len(label) + 2
        if length > longest + 2:
            return ", ".join([*(found or [label[:longest]]), "..."])
        found.append(label)
    return ", ".join(found)


def find(names, wanted, first=None):
    """The index of the column called `wanted`; @3 is the third, unless another has this name.

    `names` has "" for a column without a name. `first` are the cells of the first row, if it was
    not taken for the header.

    Raises
    ------
    ValueError
        If there is no such column, or several.
    """
    wanted = wanted.strip()
    if wanted and names.count(wanted) > 1:
        places = listed(f"@{at}" for at, name in enumerate(names, 1) if name == wanted)
        raise ValueError(f"there are several columns {wanted!r}: {places} are their places")
    if wanted and wanted in names:
        return names.index(wanted)
    place = PLACE.fullmatch(wanted)
    if place is not None and int(place[1]) <= len(names):
        return int(place[1]) - 1
    if any(names):
        known = listed(repr(label(names, at)) for at in range(len(names)))
        known = f"but {known}{other_delimiter(names, ',')}"
    else:
        known = f"but @1 to @{len(names)}, and no header"
        if first is not None and wanted in map(str.strip, first):
            known += ": --header takes the first row for names"
            return _missing(wanted, known)
        if first is not None and not all(map(begins_a_number, first)):
            known += f", since {shown(first)} holds numbers: take away a title above the table"
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        known += f": @{int(wanted)} is the one in this place"
    return _missing(wanted, known)


def _missing(wanted, known):
    raise ValueError(f"there is no column {wanted!r}, {known}")
