"""What commands share: the option --json, and results as JSON writes them."""
import json
import math

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")


def print_json(value):
    """Write a line of JSON."""
    click.echo(json.dumps(value))


def for_json(array):
    """Nested lists: floats by their shortest text, None for what JSON has no number for, and
    Fractions as strings."""
    if array.ndim > 1:
        return [for_json(row) for row in array]
    if array.dtype.kind == "i":
        return array.tolist()
    if array.dtype == object:
        return [str(number) for number in array]
    return [float(str(number)) if math.isfinite(number) else None for number in array]
