"""The cells of a table as pyarrow splits them: fast, and the same as by the csv module.

pyarrow only parts the columns and reads plain numbers. Whatever it does not take, Python reads:
so both ways accept the same, and only Python complains.
"""
import numpy as np

from mathwork.cli.numerals import EXACT

# The cells without a number that are so common that pyarrow should not leave them to Python.
# A regular expression: pyarrow would import pandas to make an array or a scalar of objects.
GAPS = "^(?:|#?N/?A|NaN|nan|NULL|null)$"
BLOCK = 1 << 17         # bytes that pyarrow reads at a time: more take memory, and no less time


class Refused(Exception):       # noqa: N818  (no error: another way is taken)
    """pyarrow does not take the file, or it is not installed."""


def text_chunks(source, form, head, at):
    """Yield the columns `at` of a table of text, a list of Arrow arrays for each block of rows.

    Refused is raised for all that is not certain to be read as the csv module reads it.
    """
    if head.width < 2 or not head.delimiter.isascii() or head.delimiter == " ":
        raise Refused
    try:
        import pyarrow as pa
        from pyarrow import csv
    except ImportError:
        raise Refused from None
    encoding = source.encoding(form.encoding)
    read = csv.ReadOptions(
        use_threads=False, block_size=BLOCK, skip_rows=head.skip,
        column_names=[str(column) for column in range(head.width)],
        encoding="utf8" if encoding == "utf-8-sig" else encoding)
    parse = csv.ParseOptions(delimiter=head.delimiter, newlines_in_values=True)
    names = [str(column) for column in dict.fromkeys([*at, head.width - 1])]
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()),
                                 include_columns=names, strings_can_be_null=False)
    with source.opened() as raw:
        try:
            blocks = csv.open_csv(raw, read, parse, convert)
            last = None
            for block in blocks:
                last = block.column(str(head.width - 1))
                yield [block.column(str(column)) for column in at]
        except GeneratorExit:
            raise
        except Exception:       # pyarrow's own, and all that reading the file may raise
            raise Refused from None
    if last is not None and len(last) and last[-1].as_py().endswith(("\n", "\r")):
        raise Refused           # a quote that may not be closed


def numbers_in_text(cells, numerals):
    """As Numerals.column, for an Arrow array of text."""
    import pyarrow as pa
    from pyarrow import compute

    plain = compute.replace_substring_regex(cells, GAPS, "nan")
    if not numerals.is_plain:
        fits = compute.match_substring_regex(plain, f"^(?:nan|{numerals.pattern})$")
        if compute.all(fits).as_py() is False:
            return numerals.column(cells.to_pylist())
        if numerals.thousands is not None:
            plain = compute.replace_substring_regex(plain, numerals.separator, "")
        plain = compute.replace_substring(plain, numerals.decimal, ".")
    try:
        values = _numpy(plain.cast(pa.float64()))
    except pa.ArrowInvalid:
        return numerals.column(cells.to_pylist())
    if (abs(values) >= EXACT).any():        # also infinity
        return numerals.column(cells.to_pylist())
    return values, ~np.isnan(values)


def is_of_numbers(kind):
    """Whether an Arrow type is one of numbers or bools."""
    from pyarrow import types

    return any(is_kind(kind) for is_kind in (types.is_integer, types.is_floating, types.is_boolean,
                                             types.is_decimal))


def numbers_in_column(column):
    """As Numerals.column, for an Arrow array of numbers or bools."""
    import pyarrow as pa

    if pa.types.is_integer(column.type) and not pa.types.is_uint64(column.type):
        good = _numpy(column.is_valid().cast(pa.uint8())).astype(bool)
        return _numpy(column.cast(pa.int64()).fill_null(0)), good
    values = _numpy(column.cast(pa.float64(), safe=False).fill_null(np.nan))
    return values, np.isfinite(values)


def _numpy(array):
    """The values of an Arrow array of numbers without nulls.

    Its to_numpy would import pandas, and np.from_dlpack of NumPy 2.0 makes pyarrow warn.
    """
    dtype = np.dtype(array.type.to_pandas_dtype())
    numbers = array.buffers()[1] or b""         # None for an empty array
    return np.frombuffer(numbers, dtype, len(array), array.offset * dtype.itemsize)
