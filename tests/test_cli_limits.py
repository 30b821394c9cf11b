"""Tables that mathwork fit cannot read, or not as they are: one line that helps."""
import gzip
import json

import numpy as np
import pytest
from command_line import error_of, output_of, run

from mathwork.cli import columns, sources
from mathwork.cli.names import listed
from mathwork.regression import fit_groups, fit_rolling

pytest.importorskip("scipy")
X, Y = [1.5, 2.5, 3.5, 4.5], [2.5, 4.6, 6.4, 8.6]


def line_of(*arguments, stdin=None):
    report = json.loads(output_of("fit", *arguments, "--json", stdin=stdin))
    return report["slope"], report["intercept"], report["nobs"]


def expected(x=X, y=Y):
    intercept, slope = np.polynomial.Polynomial.fit(x, y, 1).convert().coef
    return pytest.approx((slope, intercept, len(x)), rel=1e-12)


@pytest.mark.parametrize(("text", "options"), [
    ("sep=;\r\nx;y\r\n1,5;2,5\r\n2,5;4,6\r\n3,5;6,4\r\n4,5;8,6\r\n", ["--decimal", ","]),
    ('\ufeff"sep=;"\nx;y\n1.5;2.5\n2.5;4.6\n3.5;6.4\n4.5;8.6\n', []),
    ("x,y\n1.5,2.5,\n2.5,4.6,\n3.5,6.4,,\n4.5,8.6\n", []),
    ("x,y,,\n1.5,2.5,,\n2.5,4.6,,\n3.5,6.4,,\n4.5,8.6,,\n", []),
    ("x;y;;\n1,5;2,5;;\n2,5;4,6;;\n3,5;6,4;;\n4,5;8,6;;\n;;;\n", ["--decimal", ",", "--missing",
                                                                "drop"]),
])
def test_what_spreadsheets_add_is_nothing(text, options):
    assert line_of("-", "--y", "y", "--x", "x", *options, stdin=text) == expected()


def test_spaces_that_do_not_break_part_thousands(folder):
    (folder / "t.csv").write_bytes(
        "x;y\n1\u2009500,5;2\u202f500\n2\u2009500;4\u00a0600\n3500;6 400\n".encode("utf-16"))
    found = line_of("t.csv", "--y", "y", "--thousands", "blank", "--decimal", ",")
    assert found == expected([1500.5, 2500, 3500], [2500, 4600, 6400])


@pytest.mark.parametrize(("cells", "shown"), [
    ("1%", "'1%'"), ("$1.50", "'$1.50'"), ("1.50 \u20ac", "'1.50 \u20ac'"),
    ("2024-01-01", "'2024-01-01'")])
def test_numbers_with_a_sign_are_named(cells, shown):
    assert error_of("fit", "-", "--y", "y", stdin=f"x,y\n{cells},2\n{cells},3\n") == (
        "mathwork: standard input: there is no other column of numbers, and no option makes one of "
        f"{shown} in column x: take away what is not part of the number")
    found = error_of("fit", "-", "--y", "y", "--x", "x", stdin=f"x,y\n{cells},2\n{cells},3\n")
    assert found.startswith(f"mathwork: standard input: line 2: column x: {shown} is not a finite")


def test_a_title_above_the_table_is_named():
    text = "Laboratory 3\n\nx;y\n1;2\n"
    assert error_of("fit", "-", "--y", "y", stdin=text) == (
        "mathwork: standard input: there is no column 'y', but @1 to @2, and no header, since "
        "['Laboratory', '3'] holds numbers: take away a title above the table")


def test_utf_16_without_its_mark_is_named(folder):
    (folder / "sheet.csv").write_bytes("x,y\n1,2\n2,3\n".encode("utf-16-le"))
    assert error_of("fit", "sheet.csv", "--y", "y").startswith(
        "mathwork: sheet.csv: it is not text in UTF-8: --encoding names another")


def test_many_columns_are_named_or_refused(monkeypatch):
    monkeypatch.setattr(columns, "MOST_FOUND", 5)
    text = "y,a,b,c,d,e,f\n" + "1,2,3,4,5,6,7\n" * 3
    assert error_of("fit", "-", "--y", "y", stdin=text) == (
        "mathwork: standard input: there are more than 5 other columns of numbers: --x names the "
        "columns to use")
    names = ",".join(f"c{at}" for at in range(500))
    found = error_of("fit", "-", "--y", "z", stdin=f"{names}\n{names}\n")
    assert "'c99', " in found and found.endswith(", ...") and len(found) < 1200


@pytest.mark.parametrize("line", [1, 4])
def test_a_line_that_is_too_long_is_refused(folder, monkeypatch, line):
    monkeypatch.setattr(sources, "LONGEST_LINE", 1 << 20)
    long = "1," * (1 << 20)
    text = long if line == 1 else f"x,y\n1,2\n2,3\n{long}"
    (folder / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert error_of("fit", "t.csv.gz", "--y", "y") == (
        f"mathwork: t.csv.gz: line {line}: it has more than 1,048,576 characters")


def test_many_lines_may_be_longer_than_one(monkeypatch):
    monkeypatch.setattr(sources, "LONGEST_LINE", 20)
    text = "x,y\n" + "".join(f"{x},{2 * x}\n" for x in range(1000, 3000))
    assert line_of("-", "--y", "y", stdin=text)[0] == pytest.approx(2, rel=1e-12)


def test_groups_and_windows_take_robust_errors(rng):
    x, y = rng.normal(size=(2, 60))
    text = "g,x,y\n" + "".join(f"{i % 2},{a!r},{b!r}\n" for i, (a, b) in enumerate(
        zip(x.tolist(), y.tolist(), strict=True)))
    for options, fits in (
            (["--group", "g"], fit_groups(np.arange(60) % 2, x, y, cov="HC3")),
            (["--rolling", "20"], fit_rolling(x, y, 20, cov="HC3"))):
        report = json.loads(output_of("fit", "-", "--y", "y", "--x", "x", "--robust", "HC3",
                                      *options, "--json", stdin=text))
        found = np.array(report["stderr"], float)
        np.testing.assert_allclose(found, fits.stderr, rtol=1e-12)
        assert error_of("fit", "-", "--y", "y", "--x", "x", "--robust", "HAC", *options,
                        stdin=text).startswith(
            f"mathwork: {options[0]} fits by itself: give it without --robust HAC.")


def test_a_warning_has_an_end(folder):
    (folder / "t.csv").write_text(f"x,y,{'n' * 60_000}\n1,2,a\n2,3,a\n3,5,a\n4,5,\n")
    done = run("fit", "t.csv", "--y", "y", "--x", "x", "--group", "@3")
    assert "1 rows are left out" in done.stderr and len(done.stderr) < 2100


def test_names_are_listed_whole_or_cut_by_themselves():
    assert listed(["a", "b"]) == "a, b"
    assert listed(["a, b", "c"], 5) == "a, b, ..."
    assert listed(["abcdef", "c"], 5) == "abcde, ..."
    assert listed([]) == ""
