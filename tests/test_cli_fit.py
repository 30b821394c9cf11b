"""mathwork fit: what it writes, what it draws, and what it refuses."""
import json
import math
import warnings

import numpy as np
import pytest
from command_line import error_of, output_of, run

from mathwork.regression import (
    fit_groups,
    fit_line,
    fit_linear,
    fit_polynomial,
    fit_rolling,
)

pytest.importorskip("scipy")

TABLE = """\ufeff# measured by hand
time, site,height,width

0,a,1.1,2
1,b,1.9,3
2,a,5.2,5
3,b,9.8,4
4,a,17.1,7
5,"b",24.5,1
"""
HEADING = "standard input: 6 rows, header in line 2: time, site, height, width"
HEADER = ["time", "site", "height", "width"]
TIME = np.arange(6.0)
SITE = np.array(list("ababab"))
HEIGHT = np.array([1.1, 1.9, 5.2, 9.8, 17.1, 24.5])
WIDTH = np.array([2.0, 3, 5, 4, 7, 1])


DROP = "--missing drop leaves out such rows"


def json_of(*arguments, stdin=TABLE):
    options = ["--comment"] if stdin is TABLE else []
    return json.loads(output_of("fit", "-", *arguments, *options, "--json", stdin=stdin))


def text_of(*arguments):
    return output_of("fit", "-", "--comment", *arguments, stdin=TABLE)


def assert_fields(report, fit, names, **others):
    """Whether `report` has exactly these fields of `fit`, to the last bit, and the others."""
    others = {"header": HEADER, "n_omitted": 0} | others
    assert set(report) == {*names, *others}
    for name, value in others.items():
        assert report[name] == value
    for name in names:
        value = getattr(fit, name)
        value = np.asarray(value() if callable(value) else value)
        found = np.array(report[name], value.dtype if value.dtype.kind != "f" else float)
        assert np.array_equal(found, value, equal_nan=value.dtype.kind == "f")


LINE = ["slope", "intercept", "rvalue", "pvalue", "stderr", "intercept_stderr", "nobs", "status"]
MANY = ["bse", "tvalues", "pvalues", "conf_int", "rsquared", "rsquared_adj", "fvalue", "f_pvalue",
        "ssr", "df_model", "df_resid", "nobs", "rank", "status"]


def test_help():
    assert "\n  fit " in output_of("-h")
    text = output_of("fit", "-h")
    assert text.startswith("Usage: mathwork fit ") and "--json" in text and "--poly" in text


# ---- fits ----

def test_line():
    fit = fit_line(TIME, HEIGHT)
    assert_fields(json_of("--y", "height", "--x", "time"), fit, LINE, x=["time"], y="height")
    text = text_of("--y", "height", "--x", "time")
    assert text.startswith(f"{HEADING}\nheight ~ intercept + time\n\n")
    row = next(line for line in text.splitlines() if line.startswith("time "))
    assert math.isclose(float(row.split()[1]), fit.slope, rel_tol=1e-5)
    assert math.isclose(float(row.split()[2]), fit.stderr, rel_tol=1e-5)


def test_all_other_columns_of_numbers():
    fit = fit_linear(np.stack([TIME, WIDTH], axis=1), HEIGHT)
    assert_fields(json_of("--y", "height"), fit, ["params", *MANY],
                  x=["time", "width"], y="height")
    text = text_of("--y", "height")
    assert text.startswith(f"{HEADING}\nheight ~ intercept + time + width\n\n")
    assert [line.split()[0] for line in text.splitlines()[-3:]] == ["intercept", "time", "width"]


def test_columns_in_the_order_asked_for_and_by_number():
    report = json_of("--y", "@3", "--x", "width,@1")
    assert report["x"] == ["width", "time"] and report["y"] == "height"
    swapped = fit_linear(np.stack([WIDTH, TIME], axis=1), HEIGHT)
    assert report["params"] == swapped.params.tolist()


def test_polynomial():
    fit = fit_polynomial(TIME, HEIGHT, 2)
    assert_fields(json_of("--y", "height", "--x", "time", "--poly", 2), fit, ["coef", *MANY],
                  x=["time"], y="height")
    text = text_of("--y", "height", "--x", "time", "--poly", 2)
    assert text.startswith(f"{HEADING}\nheight ~ 1 + time + time^2\n\n")
    assert [line.split()[0] for line in text.splitlines()[-3:]] == ["1", "time", "time^2"]
    assert json_of("--y", "height", "--x", "time", "--poly", 0)["coef"] == [
        pytest.approx(HEIGHT.mean(), rel=1e-15)]


def test_groups():
    fits = fit_groups(SITE, TIME, HEIGHT)
    report = json_of("--y", "height", "--x", "time", "--group", "site")
    assert_fields(report, fits, ["keys", *LINE], x=["time"], y="height", group="site")
    text = text_of("--y", "height", "--x", "time", "--group", "site")
    heading, head, first, second = text.splitlines()
    assert heading == HEADING
    assert head.split() == ["site", "nobs", "slope", "std", "err", "intercept", "std", "err", "r",
                            "P>|t|"]
    assert first.split()[:2] == ["a", "3"] and second.split()[:2] == ["b", "3"]
    assert math.isclose(float(first.split()[2]), fits.slope[0], rel_tol=1e-5)
    assert len({len(line) for line in (head, first, second)}) == 1


PLANES = ["params", "bse", "tvalues", "pvalues", "rsquared", "nobs", "status"]
MANY_ROWS = "g,w,a,b,y\n" + "".join(
    f"{'pq'[k % 2]},{1 + k % 3},{k},{k * k % 7},{(k * k * k) % 11}\n" for k in range(24))


def test_groups_and_windows_of_several_x():
    rows = np.array([[float(cell) for cell in line.split(",")[1:]]
                     for line in MANY_ROWS.splitlines()[1:]])
    w, X, y = rows[:, 0], rows[:, 1:3], rows[:, 3]
    options = ["--y", "y", "--x", "a,b", "--weights", "w"]
    report = json_of(*options, "--group", "g", stdin=MANY_ROWS)
    others = {"x": ["a", "b"], "y": "y", "header": ["g", "w", "a", "b", "y"]}
    assert_fields(report, fit_groups(["p", "q"] * 12, X, y, weights=w), PLANES, **others,
                  keys=["p", "q"], group="g")
    report = json_of(*options, "--rolling", 6, stdin=MANY_ROWS)
    assert_fields(report, fit_rolling(X, y, 6, weights=w), PLANES, **others,
                  row=list(range(1, 25)))
    text = output_of("fit", "-", *options, "--group", "g", stdin=MANY_ROWS).splitlines()
    assert text[1].split() == ["g", "nobs", "intercept", "std", "err", "a", "std", "err", "b",
                               "std", "err", "R-squared"]
    assert [line.split()[:2] for line in text[2:]] == [["p", "12"], ["q", "12"]]


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3", "HAC"])
def test_robust_standard_errors(kind):
    line = fit_line(TIME, HEIGHT, cov=kind)
    plain = fit_line(TIME, HEIGHT)
    report = json_of("--y", "height", "--x", "time", "--robust", kind)
    assert (report["slope"], report["stderr"]) == (plain.slope, line.stderr)
    assert line.stderr != plain.stderr
    plane = fit_linear(np.stack([TIME, WIDTH], axis=1), HEIGHT, cov=kind)
    assert json_of("--y", "height", "--robust", kind)["bse"] == plane.bse.tolist()


def test_robust_standard_errors_of_clusters():
    report = json_of("--y", "y", "--x", "a", "--cluster", "g", stdin=MANY_ROWS)
    rows = [line.split(",") for line in MANY_ROWS.splitlines()[1:]]
    fit = fit_line([float(row[2]) for row in rows], [float(row[4]) for row in rows],
                   cov="cluster", groups=[row[0] for row in rows])
    assert (report["stderr"], report["cluster"]) == (fit.stderr, "g")
    assert error_of("fit", "-", "--y", "y", "--cluster", "g", "--robust", "HC1",
                    stdin=MANY_ROWS) == (
        "mathwork: --cluster gives standard errors by itself: give it without --robust. "
        "See mathwork fit -h.")


def test_groups_by_numbers():
    stdin = "g,x,y\n2,0,1\n1,0,1\n2,1,4\n1,1,3\n1,2,4\n7,1,1\n"
    report = json_of("--y", "y", "--x", "x", "--group", "g", stdin=stdin)
    assert report["keys"] == [2, 1, 7]
    assert report["slope"] == [3, 1.5, None] and report["status"][:2] == [0, 0]
    assert report["status"][2] != 0


def test_files(folder):
    (folder / "t.csv").write_text(TABLE, encoding="utf-8")
    np.save("t.npy", np.stack([TIME, HEIGHT], axis=1).astype(np.float32))
    (folder / "plain.csv").write_text("\n".join(f"{a},{b}" for a, b in zip(TIME, HEIGHT,
                                                                          strict=True)))
    from_csv = json.loads(output_of("fit", "t.csv", "--comment", "--y", "height", "--x", "time",
                                    "--json"))
    from_npy = json.loads(output_of("fit", "t.npy", "--y", "@2", "--json"))
    from_plain = json.loads(output_of("fit", "plain.csv", "--y", "@2", "--json"))
    assert from_npy["slope"] == pytest.approx(from_csv["slope"], rel=1e-6)
    assert from_plain["slope"] == from_csv["slope"]
    assert from_npy["x"] == from_plain["x"] == ["@1"] and from_npy["y"] == "@2"


def test_dependent_columns_are_null():
    stdin = "a,b,y\n1,2,1\n2,4,3\n3,6,4\n5,10,9\n"
    report = json_of("--y", "y", stdin=stdin)
    assert report["rank"] == 2 and report["status"] == 2
    assert report["params"][2] is None and report["bse"][2] is None
    assert "Left out" in output_of("fit", "-", "--y", "y", stdin=stdin)


# ---- pictures ----

@pytest.mark.parametrize(("options", "name", "start"), [
    (["--x", "time"], "line.png", b"\x89PNG"), (["--x", "time", "--poly", "3"], "p.svg", b"<?xml"),
    ([], "plane.PDF", b"%PDF")])
def test_pictures(folder, options, name, start):
    pytest.importorskip("matplotlib")
    text_of("--y", "height", *options, "--plot", name)
    assert (folder / name).read_bytes().startswith(start)
    assert json_of("--y", "height", *options, "--plot", name)["y"] == "height"


@pytest.mark.parametrize("stdin", ["x,y\n1,1e308\n2,-1e308\n3,1e308\n4,0\n",
                                   "x,y\n1e308,1\n-1e308,2\n1e308,3\n0,4\n"])
def test_a_picture_of_huge_numbers_is_refused_in_one_line(folder, stdin):
    pytest.importorskip("matplotlib")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        result = run("fit", "-", "--y", "y", "--plot", "p.png", stdin=stdin)
    assert result.exit_code == 2 and "df resid" in result.stdout
    assert result.stderr == "mathwork: standard input: numbers beyond 1e+150 cannot be drawn\n"


# ---- what is refused ----

@pytest.mark.parametrize(("options", "message"), [
    (["--y", "depth"], "standard input: there is no column 'depth', "
     "but 'time', 'site', 'height', 'width'"),
    (["--y", "5"], "standard input: there is no column '5', "
     "but 'time', 'site', 'height', 'width'"),
    (["--y", "height", "--x", "time,"],
     "Invalid value for '--x': 'time,' must be names with commas between. See mathwork fit -h."),
    (["--y", "site"],
     "standard input: line 4: column site: 'a' is not a finite number: --missing drop leaves "
     "out such rows"),
    (["--y", "height", "--x", "site"],
     "standard input: line 4: column site: 'a' is not a finite number: --missing drop leaves "
     "out such rows"),
    (["--y", "height", "--poly", "2"],
     "--poly takes one x, got time, width: name it with --x"),
    (["--y", "height", "--x", "time", "--poly", "6"],
     "standard input: a polynomial of degree 6 takes at least 7 different x, got 6"),
    (["--y", "height", "--plot", "picture.txt"],
     "picture.txt: a picture's name must end in .png, .svg, .pdf"),
    (["--y", "height", "--group", "site", "--poly", "1"],
     "--group fits by itself: give it without --poly. See mathwork fit -h."),
    (["--y", "height", "--group", "site", "--plot", "a.png"],
     "--group fits by itself: give it without --plot. See mathwork fit -h."),
    ([], "Missing option '--y'. See mathwork fit -h."),
    (["--y", "height", "--poly", "101"],
     "Invalid value for '--poly': 101 is not in the range 0<=x<=100. See mathwork fit -h."),
])
def test_refused(options, message):
    assert error_of("fit", "-", "--comment", *options, stdin=TABLE) == f"mathwork: {message}"


@pytest.mark.parametrize(("stdin", "message"), [
    ("", "there is no row of data in it"),
    ("x,y\n", "there is no row of data in it below the header of line 1: x, y"),
    ("x,y\n1,2\n3\n", f"line 3: a row of length 1, those above have length 2: {DROP}"),
    ("x,y\n1,2\n,4\n", f"line 3: column x: '' is not a finite number: {DROP}"),
    ("x,y\n1,2\nnan,4\n", f"line 3: column x: 'nan' is not a finite number: {DROP}"),
    ("x,y\n1,2\n2,inf\n", f"line 3: column y: 'inf' is not a finite number: {DROP}"),
    ("x,x,y\n1,2,3\n", "there are several columns 'x': @1, @2 are their places"),
    ('x,y\n1,"2\n3,4\n', "line 2: a quoted cell begins here and does not end"),
])
def test_refused_tables(stdin, message):
    assert error_of("fit", "-", "--y", "y", "--x", "x", stdin=stdin) == (
        f"mathwork: standard input: {message}")


def test_no_other_column():
    assert error_of("fit", "-", "--y", "y", stdin="y,name\n1,a\n2,b\n") == (
        "mathwork: standard input: there is no other column of numbers")


def test_refused_files(folder):
    np.save("flat.npy", np.arange(3.0))
    assert error_of("fit", "flat.npy", "--y", "@1") == (
        "mathwork: flat.npy: a table has shape (n, k) and real numbers, got shape (3,) and "
        "dtype float64")
    np.save("nan.npy", [[1.0, 2], [3, math.nan]])
    assert error_of("fit", "nan.npy", "--y", "@2") == (
        f"mathwork: nan.npy: row 2: column @2: nan is not a finite number: {DROP}")
    assert error_of("fit", "none.csv", "--y", "@1").startswith("mathwork: none.csv: ")
    (folder / "bad.csv").write_bytes(b"x,y\n1,\xff\n")
    assert error_of("fit", "bad.csv", "--y", "y", "--x", "x") == (
        "mathwork: bad.csv: it is not text in UTF-8: --encoding names another, such as cp1252 or "
        "utf-16")


def test_a_column_with_a_gap_is_not_left_out():
    stdin = "a,b,name,y\n1,5,p,1\n2,,q,3\n3,4,r,2\n4,9,s,5\n"
    assert error_of("fit", "-", "--y", "y", stdin=stdin) == (
        "mathwork: standard input: line 3: column b: '' is not a finite number: --x names the "
        "columns to use, --missing drop leaves out such rows")
    assert json_of("--y", "y", "--x", "a", stdin=stdin)["x"] == ["a"]
    assert json_of("--y", "y", stdin=stdin.replace("2,,q", "2,7,q"))["x"] == ["a", "b"]


def test_columns_are_named_once():
    for x_names, message in (("time,time", "is named twice in --x"), ("height", "is y"),
                             ("time,height", "is y"), ("time, @1", "is named twice in --x")):
        name = "time" if "twice" in message else "height"
        assert error_of("fit", "-", "--comment", "--y", "height", "--x", x_names,
                        stdin=TABLE) == (
            f"mathwork: standard input: column {name} {message}")


# ---- headers ----

def test_a_header_of_numbers():
    """It is data, whatever columns are asked for, unless --header says otherwise"""
    stdin = "2019,2020\n1,2\n2,4\n3,7\n"
    for options in (["--y", "@2"], ["--y", "@2", "--x", "@1"]):
        report = json_of(*options, stdin=stdin)
        assert (report["nobs"], report["header"], report["y"]) == (4, None, "@2")
    report = json_of("--y", "2020", "--header", stdin=stdin)
    assert (report["nobs"], report["x"], report["y"]) == (3, ["2019"], "2020")
    assert report["header"] == ["2019", "2020"]
    assert error_of("fit", "-", "--y", "2020", stdin=stdin) == (
        "mathwork: standard input: there is no column '2020', but @1 to @2, and no header: "
        "--header takes the first row for names")
    text = output_of("fit", "-", "--y", "@2", stdin=stdin)
    assert text.startswith("standard input: 4 rows, no header\n@2 ~ intercept + @1\n")


def test_a_number_is_a_name_and_no_place():
    stdin = "0,1,2\n5,1,2\n6,2,4\n9,3,7\n"
    assert json_of("--y", "2", "--x", "1", "--header", stdin=stdin)["slope"] == 2.5
    assert error_of("fit", "-", "--y", "2", "--x", "1", stdin=stdin).endswith(
        "--header takes the first row for names")
    assert error_of("fit", "-", "--y", "3", stdin=stdin) == (
        "mathwork: standard input: there is no column '3', but @1 to @3, and no header: @3 is the "
        "one in this place")
    # A name wins over a place.
    assert json_of("--y", "@1", "--x", "x", stdin="x,@1\n1,2\n2,4\n3,6\n")["slope"] == 2


def test_a_row_of_names_and_numbers_is_decided_by_an_option():
    stdin = "year,2\n1,2\n2,4\n3,7\n"
    message = error_of("fit", "-", "--y", "2", stdin=stdin)
    assert message == ("mathwork: standard input: line 1: the first row holds numbers and, above "
                       "numbers, text: ['year', '2']: --header takes it for names, --no-header for "
                       "data")
    assert json_of("--y", "2", "--header", stdin=stdin)["nobs"] == 3
    assert json_of("--y", "@2", "--x", "@1", "--no-header", "--missing", "drop",
                   stdin=stdin)["n_omitted"] == 1
    # Text in every row is text.
    assert json_of("--y", "@3", stdin="a,1,2\nb,2,4\nc,3,7\n")["nobs"] == 3


def test_an_index_of_pandas_counts_if_it_is_named():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1.0, 2, 4], "y": [1.0, 3, 4]})
    for text in (frame.to_csv(), frame.to_csv().replace(",x", "Unnamed: 0,x", 1)):
        assert json_of("--y", "y", stdin=text)["x"] == ["x"]
        assert json_of("--y", "y", "--x", "@1", stdin=text)["slope"] == 1.5


def test_names_with_commas_quotes_and_breaks():
    stdin = '"a,b","c ""d""","e\nf",y\n1,1,2,3\n2,1,5,4\n3,5,2,9\n4,4,4,1\n'
    assert json_of("--y", "y", "--x", '"a,b",@3', stdin=stdin)["x"] == ["a,b", "e\nf"]
    assert json_of("--y", 'c "d"', "--x", '"a,b"', stdin=stdin)["nobs"] == 4


# ---- comments ----

def test_a_number_sign_in_a_table_is_text():
    stdin = 'tag,x,y\n"a\n#topic, 1",1,2\n#N/A,2,4\n"b, #2",3,7\n"c\n#d\n",4,8\n'
    for options in ([], ["--comment"]):
        report = json_of("--y", "y", "--x", "x", *options, stdin=stdin)
        assert report["nobs"] == 4 and report["slope"] == 2.1


def test_comments_above_the_table():
    stdin = "# measured\n\n  # by hand\nx,y\n1,2\n2,4\n3,7\n"
    assert json_of("--y", "y", "--comment", stdin=stdin)["nobs"] == 3
    assert error_of("fit", "-", "--y", "y", stdin=stdin) == (
        "mathwork: standard input: line 1 begins with #: --comment skips such lines above the "
        "table, --header takes it for names")
    assert json_of("--y", "y", "--header", stdin="#x,y\n1,2\n2,4\n3,7\n")["x"] == ["#x"]
    assert error_of("fit", "-", "--y", "y", "--comment", stdin=stdin + "# 9,9\n").startswith(
        "mathwork: standard input: line 8: column x: '# 9' is not a finite number")


# ---- groups ----

def test_keys_are_told_apart_as_they_are_written():
    stdin = "g,x,y\n01,0,0\n01,1,1\n1,0,0\n1,1,-1\n"
    report = json_of("--y", "y", "--x", "x", "--group", "g", stdin=stdin)
    assert report["keys"] == ["01", "1"] and report["slope"] == [1, -1]
    report = json_of("--y", "y", "--x", "x", "--group", "g", stdin=stdin.replace("01", "-2"))
    assert report["keys"] == [-2, 1]
    assert error_of("fit", "-", "--y", "y", "--x", "x", stdin="x,y\n1,1\n1_000,2\n").endswith(
        f"line 3: column x: '1_000' is not a finite number: {DROP}")


def test_rows_without_a_key_are_left_out():
    result = run("fit", "-", "--y", "y", "--x", "x", "--group", "g", "--json",
                 stdin="g,x,y\na,0,0\na,1,1\n,5,oops\n ,6,7\n")
    assert result.exit_code == 0 and json.loads(result.stdout)["keys"] == ["a"]
    assert result.stderr == ("mathwork: warning: standard input: 2 rows are left out: nothing in "
                             "column g\n")


def test_a_key_beyond_int64(folder):
    np.save("k.npy", [[1e300, 0.0, 1.0], [1e300, 1.0, 3.0], [2.0, 0.0, 1.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = output_of("fit", "k.npy", "--y", "@3", "--x", "@2", "--group", "@1", "--json")
    assert json.loads(text)["keys"] == [1e300, 2.0]


def test_the_table_comes_before_a_picture_that_fails(folder):
    pytest.importorskip("matplotlib")
    result = run("fit", "-", "--y", "y", "--plot", "p.png",
                 stdin="a,b,y\n1,2,1\n2,4,3\n3,6,4\n5,10,9\n")
    assert result.exit_code == 2 and "Left out" in result.stdout
    assert result.stderr == ("mathwork: standard input: there is nothing to draw: the fit holds "
                             "NaN\n")
