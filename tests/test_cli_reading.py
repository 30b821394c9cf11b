"""The tables that mathwork fit reads: the same with pyarrow and without, and no row in silence."""
import gzip
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from command_line import error_of, in_subprocess, output_of, run
from hypothesis import given, settings
from hypothesis import strategies as st

from mathwork.cli import columns, fit_reports
from mathwork.cli import fit as fit_module
from mathwork.cli.numerals import EXACT, Numerals, joined
from mathwork.cli.sources import Source
from mathwork.regression import fit_linear

pytest.importorskip("scipy")

X = [0.5, 1.5, 2.5, 4.0, 5.25, 1000.0]
Y = [1.0, 3.25, 4.5, 9.0, 11.0, 2001.5]
# What a spreadsheet of a German office exports: a mark, gaps, and a note under the table.
SHEET = """\ufeffDatum;Gr\u00f6\u00dfe;Preis, brutto;Ort
01.02.2024;0,5;1;Ulm
02.02.2024;1,5;3,25;"Bad; ""Ems\"""
03.02.2024;;7;Ulm
04.02.2024;2,5;4,5;
05.02.2024;4;9;Ulm
06.02.2024;5,25;11;Ulm
07.02.2024;#N/A;5;Ulm
08.02.2024;1.000;2.001,50;Ulm
;;;
Quelle: Lager;;;
""".replace("\n", "\r\n")


@pytest.fixture(params=["pyarrow", "csv"])
def way(request, monkeypatch):
    """Reading with pyarrow, or with the csv module alone."""
    if request.param == "csv":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    else:
        pytest.importorskip("pyarrow")
    return request.param


def json_of(*arguments, stdin=None):
    return json.loads(output_of("fit", *arguments, "--json", stdin=stdin))


# ---- a file as a spreadsheet exports it ----

GERMAN = ["--decimal", ",", "--thousands", ".", "--missing", "drop"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-8-sig"])
def test_a_spreadsheet(folder, way, encoding):
    text = SHEET if encoding == "utf-8" else SHEET[1:]      # utf-16 and utf-8-sig write a mark
    (folder / "sheet.csv").write_bytes(text.encode(encoding))
    options = ["--encoding", "cp1252"] if encoding == "cp1252" else []
    report = json_of("sheet.csv", "--y", "Preis, brutto", "--x", "Gr\u00f6\u00dfe", *GERMAN,
                     *options)
    assert (report["nobs"], report["n_omitted"]) == (6, 4)
    expected = np.polynomial.Polynomial.fit(X, Y, 1).convert().coef
    assert [report["intercept"], report["slope"]] == pytest.approx(expected, rel=1e-12)
    assert report["header"] == ["Datum", "Gr\u00f6\u00dfe", "Preis, brutto", "Ort"]


@pytest.mark.parametrize(("options", "message"), [
    ([], "line 2: column Gr\u00f6\u00dfe: '0,5' is not a finite number: --decimal , reads it"),
    (GERMAN[:2], "line 4: column Gr\u00f6\u00dfe: '' is not a finite number: --missing drop leaves "
     "out such rows"),
    (["--x", "Gr\u00f6sse"], "there is no column 'Gr\u00f6sse', but 'Datum', 'Gr\u00f6\u00dfe', "
     "'Preis, brutto', 'Ort'")])
def test_what_stops_a_spreadsheet_is_one_line(folder, way, options, message):
    (folder / "sheet.csv").write_text(SHEET, encoding="utf-8")
    options = options if "--x" in options else ["--x", "Gr\u00f6\u00dfe", *options]
    found = error_of("fit", "sheet.csv", "--y", "Preis, brutto", *options)
    assert found == f"mathwork: sheet.csv: {message}"


def test_columns_of_other_numerals_are_named(folder, way):
    (folder / "sheet.csv").write_text("note;x;y\nfirst;0,5;1\nsecond;1,5;2\n", encoding="utf-8")
    assert error_of("fit", "sheet.csv", "--y", "y") == (
        "mathwork: sheet.csv: there is no other column of numbers, but '0,5' in column x: "
        "--decimal , reads it")
    assert error_of("fit", "-", "--y", "y", stdin="a,y\nu,1\nv,2\n") == (
        "mathwork: standard input: there is no other column of numbers")


def test_an_encoding_is_named(folder, way):
    (folder / "sheet.csv").write_bytes(SHEET[1:].encode("cp1252"))
    assert error_of("fit", "sheet.csv", "--y", "@3", "--x", "@2", *GERMAN) == (
        "mathwork: sheet.csv: it is not text in UTF-8: --encoding names another, such as cp1252 or "
        "utf-16")
    for encoding in ("utf-16", "utf-32"):       # without its mark, or cut in the middle
        assert error_of("fit", "sheet.csv", "--y", "@3", "--encoding", encoding).startswith(
            f"mathwork: sheet.csv: it is not text in {encoding.upper()}: --encoding names another")
    assert "is no encoding of text" in error_of("fit", "sheet.csv", "--y", "y", "--encoding", "hex")


def test_a_note_without_delimiters(way):
    stdin = "x,y\n1,2\n2,4\n3,7\nfrom the office\n"
    assert error_of("fit", "-", "--y", "y", stdin=stdin) == (
        "mathwork: standard input: line 5: a row of length 1, those above have length 2: "
        "--missing drop leaves out such rows")
    report = json_of("-", "--y", "y", "--missing", "drop", stdin=stdin)
    assert (report["slope"], report["n_omitted"]) == (2.5, 1)
    # A row that is too long is never a gap: its cells may have moved.
    assert error_of("fit", "-", "--y", "y", "--missing", "drop", stdin="x,y\n1,2\n1,5,2\n") == (
        "mathwork: standard input: line 3: a row of length 3, those above have length 2")


def test_all_rows_have_gaps(way):
    assert error_of("fit", "-", "--y", "y", "--x", "x", "--missing", "drop",
                    stdin="x,y\n,2\n2,\n") == (
        "mathwork: standard input: there is no row in which y, x are all numbers")


# ---- numbers ----

@pytest.mark.parametrize(("numerals", "cell", "number"), [
    (Numerals(), " 1.5e3 ", 1500), (Numerals(), "1,5", None), (Numerals(), "1_000", None),
    (Numerals(), "inf", None), (Numerals(), "1e999", None), (Numerals(), "", None),
    (Numerals(","), "1,5", 1.5), (Numerals(","), "1.5", None), (Numerals(","), "-,5", -0.5),
    (Numerals(",", "."), "1.234.567,5", 1234567.5), (Numerals(",", "."), "1.23", None),
    (Numerals(",", "."), "12345,5", 12345.5), (Numerals(".", ","), "1,234", 1234),
    (Numerals(".", ","), "1,2345", None), (Numerals(",", " "), "1\u202f234\u00a0567,5", 1234567.5),
    (Numerals(".", "'"), "1'234.5", 1234.5), (Numerals(","), "nan", None)])
def test_numerals(numerals, cell, number):
    assert numerals.number(cell) == number
    values, good = numerals.column([cell, "1"])
    assert good.tolist() == [number is not None, True] and values[1] == 1
    assert number is None or values[0] == number


@pytest.mark.parametrize(("cell", "advice"), [
    ("1,5", "--decimal , reads it"), ("1,234", "--decimal , or --thousands , reads it"),
    ("1,234.5", "--thousands , reads it"), ("1.234,5", "--decimal , --thousands . reads it"),
    ("1 234.5", "--thousands blank reads it"), ("1'234", "--thousands \"'\" reads it"),
    ("12 EUR", None), ("", None)])
def test_what_would_read_a_cell(cell, advice):
    assert Numerals().advice(cell) == advice


def test_whole_numbers_of_64_bits_are_not_rounded(folder, way):
    numbers = [2**62 + 1, 2**62 + 3, 7]
    values, good = Numerals().column(list(map(str, numbers)))
    assert values.dtype == np.int64 and values.tolist() == numbers and good.all()
    values, good = Numerals().column([*map(str, numbers), ""])
    assert values.tolist() == [*numbers, 0] and good.tolist() == [True] * 3 + [False]
    assert Numerals().column([str(2**62 + 1), "0.5"])[0].dtype == np.float64
    assert joined([values, np.array([1.0, 2.0])]).tolist() == [*numbers, 0, 1, 2]
    assert joined([values, np.array([0.5])]).dtype == np.float64
    assert joined([values, np.array([EXACT])]).dtype == np.float64
    stdin = "t,y\n" + "".join(f"{17 * 10**17 + k},{2 * k}\n" for k in range(4))
    with _table(stdin) as table:
        (arrays, _), = columns.Pieces(table, [0, 1])
    assert arrays[0].tolist() == [17 * 10**17 + k for k in range(4)]


def test_times_in_nanoseconds(way):
    """One microsecond apart: the slope is 2, not 2.0000893"""
    stdin = "t,y\n" + "".join(f"{17 * 10**17 + 1000 * k},{2000 * k}\n" for k in range(10))
    report = json_of("-", "--y", "y", stdin=stdin)
    assert (report["slope"], report["stderr"]) == (2, 0)


def test_pandas_is_not_imported(folder):
    """It would take 0.2 s and 35 MB; pyarrow imports it where it makes arrays of objects"""
    pytest.importorskip("pyarrow")
    (folder / "t.csv").write_text("g,x,y\na,1,2\na,2,4\nb,NA,7\nb,4,7\n")
    code = ("import sys; from mathwork.cli.app import cli\n"
            "line = 'fit t.csv --y y --x x --missing drop'.split()\n"
            "try: cli([*line, *sys.argv[1:]])\n"
            "finally: print({'pandas', 'pyarrow'} & set(sys.modules))")
    for options in ([], ["--group", "g"]):
        result = in_subprocess(*options, code=code)
        assert result.stdout.splitlines()[-1] == b"{'pyarrow'}", result.stderr


def _table(text):
    path = "table.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return columns.open_table(path)


# ---- kinds of files ----

TEXT = "site,x,y\na,1,2\nb,2,4\na,3,7\n"
SLOPE = 2.5


@pytest.mark.parametrize(("name", "text"), [
    ("t.csv", TEXT), ("t.tsv", TEXT.replace(",", "\t")), ("t.TSV", TEXT.replace(",", "\t")),
    ("t.txt", TEXT.replace(",", "  ")), ("t.txt", TEXT.replace(",", "\t")), ("t", TEXT),
    ("t.dat", TEXT.replace(",", "|")), ("t.csv", TEXT.replace(",", ";")),
    ("t.csv", "sep=;\r\n" + TEXT.replace(",", ";").replace("\n", "\r\n")),
    ("t.csv", TEXT.replace("\n", "\r")), ("t.csv", TEXT.replace("\n", "\n\n"))])
@pytest.mark.parametrize("packed", [False, True])
def test_files_of_text(folder, way, name, text, packed):
    data = text.encode()
    name += ".gz" * packed
    (folder / name).write_bytes(gzip.compress(data) if packed else data)
    report = json_of(name, "--y", "y", "--x", "x")
    assert (report["slope"], report["nobs"], report["header"]) == (SLOPE, 3, ["site", "x", "y"])


@pytest.mark.skipif(os.name != "posix", reason="needs what POSIX has")
@pytest.mark.parametrize("how", ["<", "|", "<(", "gzip |"])
def test_standard_input_and_pipes(folder, how):
    (folder / "t.csv").write_text(TEXT)
    command = f"{sys.executable} -m mathwork fit FILE --y y --x x --json"
    command = {"<": f"{command} < t.csv", "|": f"cat t.csv | {command}",
               "<(": command.replace("FILE", "<(cat t.csv)"),
               "gzip |": f"gzip -c t.csv | {command}"}[how].replace("FILE", "-")
    result = subprocess.run(["bash", "-c", command], capture_output=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["slope"] == SLOPE


def test_parquet(folder):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    big = 2**62
    table = pa.table({"site": ["a", "b", "a", None], "x": [big + 1, big + 2, big + 3, None],
                      "y": [2.0, 4.0, 7.0, 9.0], "flag": [True, False, True, True],
                      "text": ["1", "2", "x", "4"]})
    parquet.write_table(table, "t.parquet")
    report = json_of("t.parquet", "--y", "y", "--x", "flag")
    assert report["nobs"] == 4 and report["header"] == table.column_names
    assert error_of("fit", "t.parquet", "--y", "y", "--x", "x") == (
        "mathwork: t.parquet: row 4: column x: None is not a finite number: --missing drop leaves "
        "out such rows")
    with columns.open_table("t.parquet") as opened:
        (arrays, _), = columns.Pieces(opened, [1], drop=True)
    assert arrays[0].tolist() == [big + 1, big + 2, big + 3]
    report = run("fit", "t.parquet", "--y", "y", "--x", "flag", "--group", "site", "--json")
    assert json.loads(report.stdout)["keys"] == ["a", "b"] and "1 rows are left" in report.stderr
    assert error_of("fit", "t.parquet", "--y", "y", "--x", "text").startswith(
        "mathwork: t.parquet: row 3: column text: 'x' is not a finite number")
    assert json_of("t.parquet", "--y", "y", "--missing", "drop")["x"] == ["x", "flag"]


def test_parquet_without_pyarrow(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (folder / "t.parquet").write_bytes(b"PAR1 and so on")
    assert error_of("fit", "t.parquet", "--y", "y") == (
        "mathwork: to read Parquet, mathwork needs pyarrow: pip install pyarrow")


@pytest.mark.parametrize(("name", "data", "message"), [
    ("t.csv.gz", gzip.compress(TEXT.encode(), mtime=0)[:-9], "the gzip file is damaged: "),
    ("t.gz", b"\x1f\x8b nonsense", "the gzip file is damaged: "),
    ("t.xlsx", b"PK\x03\x04 and so on", "it is a spreadsheet or a zip file: save it as CSV"),
    ("t.parquet", b"PAR1 and so on", ""), ("t.csv", b"", "there is no row of data in it"),
    ("t.csv", b"\n \n", "there is no row of data in it"),
    ("t.csv", b'"', "there is no row of data in it"),
    ("t.csv", b'x,y\n1,2\n"3,4\n5,6\n', "line 3: a quoted cell begins here and does not end")],
    ids=["cut", "no-gzip", "zip", "no-parquet", "empty", "blank", "quote", "open-quote"])
def test_damaged_files(folder, way, name, data, message):
    if name == "t.parquet" and way == "csv":
        pytest.skip("needs pyarrow")
    (folder / name).write_bytes(data)
    assert error_of("fit", name, "--y", "y").startswith(f"mathwork: {name}: {message}")


def test_readers_of_a_file_do_not_move_each_other(folder):
    """pyarrow reads ahead in a thread while a message looks for the line of a cell"""
    lines = [f"{row},{row}\n" for row in range(100_000)]
    (folder / "t.csv").write_text("x,y\n" + "".join(lines))
    with Source("t.csv") as source, source.opened_text(None) as ahead:
        assert next(ahead) == "x,y\n"
        with source.opened_text(None) as behind:
            assert [*behind][1:] == lines
        assert [*ahead] == lines


# ---- both ways are the same ----

cells = st.one_of(st.sampled_from(["", "1", "2.5", "-3e2", " 7", "NA", "x", '"4"', '"a,b"', '"\n"',
                                   'a"b', '"a"b', '""', "1,5", "1e400", "nan", "+8", "0x1", "1_0",
                                   "9007199254740993", "\r", '"', "#", "\u0661", "\u00e9"]),
                  st.integers().map(str), st.floats().map(repr))
ends = st.sampled_from(["\n", "\r\n", "\n\n", "\r"])


@given(st.lists(st.tuples(st.lists(cells, min_size=2, max_size=4), ends), max_size=12),
       st.sampled_from([",", ";"]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_pyarrow_and_csv_agree(rows, delimiter, drop):
    pytest.importorskip("pyarrow")
    text = f"g{delimiter}x{delimiter}y\n" + "".join(
        delimiter.join(row) + end for row, end in rows)
    results = []
    for module in (sys.modules.get("pyarrow"), None):
        with pytest.MonkeyPatch.context() as patch:
            if module is None:
                patch.setitem(sys.modules, "pyarrow", None)
            patch.setattr(columns, "CHUNK", 3)
            results.append(_read(text, drop))
    assert results[0] == results[1]


def _read(text, drop):
    import io

    class Stdin:
        buffer = io.BytesIO(text.encode())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", Stdin)
        try:
            with columns.open_table("-") as table:
                pieces = columns.Pieces(table, [1, 2], 0, drop)
                found = [(arrays, codes) for arrays, codes in pieces]
                values = [joined([arrays[k] for arrays, _ in found]).tolist() if found else []
                          for k in (0, 1)]
                codes = [code for _, coded in found for code in coded.tolist()]
                return values, codes, pieces.keys, pieces.nobs, pieces.omitted, pieces.keyless
        except ValueError as error:
            return str(error)


# ---- larger than memory ----

@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("names", [["a"], ["a", "b"]])
def test_what_memory_should_not_hold_goes_through_moments(folder, way, monkeypatch, names,
                                                          weighted):
    rows = np.random.default_rng(0).normal(size=(500, 4))
    rows[:, 3] = rows[:, 3] ** 2
    np.savetxt("t.csv", rows, delimiter=",", header="a,b,y,w", comments="", fmt="%.17g")
    monkeypatch.setattr(columns, "CHUNK", 60)
    arguments = ["t.csv", "--y", "y", "--x", ",".join(names), *["--weights", "w"] * weighted]
    whole, text = json_of(*arguments), output_of("fit", *arguments)
    monkeypatch.setattr(fit_module, "HELD", 3000)
    calls = []
    monkeypatch.setattr(fit_reports, "_fitted", lambda *given: calls.append(given))
    streamed = json_of(*arguments)
    assert not calls and streamed.keys() == whole.keys()
    for name, value in whole.items():
        assert streamed[name] == (pytest.approx(value, rel=1e-9, nan_ok=True)
                                  if isinstance(value, float) else value) or name in (
            "params", "bse", "tvalues", "pvalues", "conf_int")
    if len(names) == 2:
        fit = fit_linear(rows[:, :2], rows[:, 2], weights=rows[:, 3] if weighted else None)
        assert streamed["params"] == pytest.approx(fit.params.tolist(), rel=1e-12)
        assert streamed["bse"] == pytest.approx(fit.bse.tolist(), rel=1e-9)
        assert output_of("fit", *arguments) == text


def test_weights_are_those_of_the_function(way):
    stdin = "x,y,w\n1,2,1\n2,4,2\n3,7,0.5\n4,7,0\n"
    from mathwork.regression import fit_line, fit_polynomial

    x, y, w = [1, 2, 3, 4], [2, 4, 7, 7], [1, 2, 0.5, 0]
    report = json_of("-", "--y", "y", "--x", "x", "--weights", "w", stdin=stdin)
    assert report["slope"] == fit_line(x, y, weights=w).slope
    assert json_of("-", "--y", "y", "--weights", "w", stdin=stdin)["x"] == ["x"]
    report = json_of("-", "--y", "y", "--x", "x", "--weights", "w", "--poly", 1, stdin=stdin)
    assert report["coef"] == fit_polynomial(x, y, 1, weights=w).coef.tolist()


def test_windows(way):
    from mathwork.regression import fit_rolling

    stdin = "x,y\n1,2\n2,4\n3,7\n4,7\n"
    report = json_of("-", "--y", "y", "--rolling", 3, stdin=stdin)
    fits = fit_rolling([1, 2, 3, 4], [2, 4, 7, 7], 3)
    assert report["row"] == [1, 2, 3, 4] and report["status"] == [1, 1, 0, 0]
    assert report["slope"] == [None, None, *fits.slope[2:].tolist()]
    lines = output_of("fit", "-", "--y", "y", "--rolling", 3, stdin=stdin).splitlines()
    assert len(lines) == 6 and lines[-1].split()[0] == "4"
