"""The command line: what it writes, and that bad input is one line and exit code 2."""
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import mathwork
from mathwork import data
from mathwork.nn import Dense, Network

click_testing = pytest.importorskip("click.testing")
pytest.importorskip("rich")

from mathwork import cli  # noqa: E402


def run(*arguments, stdin=None):
    return click_testing.CliRunner().invoke(cli.cli, [str(argument) for argument in arguments],
                                            input=stdin, prog_name="mathwork")


def output_of(*arguments, stdin=None):
    result = run(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def error_of(*arguments, stdin=None):
    """The one line that a failing command writes, without the line's end."""
    result = run(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("\n") and result.stderr.count("\n") == 1
    return result.stderr[:-1]


def in_subprocess(*arguments, code=None, **environment):
    """python -m mathwork, or Python code, in a process of its own."""
    command = ["-m", "mathwork"] if code is None else ["-c", code]
    return subprocess.run([sys.executable, *command, *arguments], capture_output=True, timeout=120,
                          env={**os.environ, **environment}, check=False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory, so that messages name files without a path."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def net(request, folder):
    """A network in net.npz, 3 inputs and 4 outputs."""
    network = Network.he((3, 5, 4), dtype=request.param, rng=1)
    network.save("net.npz")
    return network


@pytest.fixture
def rows(net):
    return np.random.default_rng(0).normal(size=(50, 3)).astype(net.dtype)


def csv_of(array):
    return "".join(",".join(map(str, row)) + "\n" for row in array)


def same_bits(one, other):
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


# ---------------------------------------------------------------- help, version, info


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
def test_help_lists_the_commands(arguments):
    text = output_of(*arguments)
    assert text.startswith("Usage: mathwork ")
    for command in ("demo", "forward", "info"):
        assert f"\n  {command} " in text


@pytest.mark.parametrize("command", ["demo", "forward", "info"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help(command, option):
    text = output_of(command, option)
    assert text.startswith(f"Usage: mathwork {command} ") and "--json" in text


def test_version():
    assert output_of("--version") == f"mathwork {mathwork.__version__}\n"


def test_info_is_show_runtime(capsys):
    mathwork.show_runtime()
    assert output_of("info") == capsys.readouterr().out


def test_info_json():
    report = json.loads(output_of("info", "--json"))
    assert report["mathwork"] == mathwork.__version__
    assert report["numpy"] == np.__version__
    assert report["level"] in report["levels_here"].split(", ")


# ---------------------------------------------------------------- demo


@pytest.fixture(scope="module")
def demo_report():
    return json.loads(output_of("demo", "--json"))


def test_demo_accuracy(demo_report):
    images, labels = data.digits()
    assert demo_report["digits"] == len(labels)
    assert demo_report["accuracy"] >= 0.96
    assert demo_report["read_right"] == (data.digits_network().classify(images) == labels).sum()
    assert demo_report["accuracy"] == demo_report["read_right"] / len(labels)


def test_demo_times_are_there(demo_report):
    assert list(demo_report["ns_per_digit"]) == ["one_by_one", "in_batches_of_100"]
    for pair in demo_report["ns_per_digit"].values():
        assert list(pair) == ["mathwork", "numpy"] and min(pair.values()) > 0


def test_demo_misread_digit_is_misread(demo_report):
    misread = demo_report["misread"]
    images, labels = data.digits()
    image = np.array(misread["image"])
    assert image.shape == (8, 8)
    assert np.array_equal(image.ravel(), images[misread["index"]])
    assert misread["label"] == labels[misread["index"]] != misread["read_as"]
    probabilities = data.digits_network()(image.ravel())
    assert probabilities.argmax() == misread["read_as"]
    assert misread["probability"] == probabilities.max()
    assert misread["label_probability"] == probabilities[misread["label"]]


def test_numpy_does_the_same_as_mathwork_in_the_demo():
    images, _ = data.digits()
    net = data.digits_network()
    pixels = images.astype(np.float32)
    batch = cli.numpy_forward(net)(pixels)
    alone = np.array([cli.numpy_forward(net)(row) for row in pixels])
    assert batch.dtype == alone.dtype == np.float32
    assert np.abs(batch - net(pixels)).max() < 1e-5 and np.abs(alone - batch).max() < 1e-5
    assert np.array_equal(batch.argmax(axis=1), net.classify(pixels))
    assert np.array_equal(alone.argmax(axis=1), net.classify(pixels))


def test_demo_refuses_to_time_what_disagrees(monkeypatch):
    monkeypatch.setattr(cli, "numpy_forward",
                        lambda network: lambda x: network(x)[..., ::-1].copy())
    assert error_of("demo") == ("mathwork: mathwork and NumPy read a digit differently: please "
                                "report this with the output of mathwork info")


@pytest.mark.parametrize(("encoding", "ink"), [("utf-8", " ░▒▓█"), ("ascii", " .:-=+*#%@"),
                                               ("latin-1", " .:-=+*#%@")])
def test_demo_as_a_process(encoding, ink):
    result = in_subprocess("demo", PYTHONIOENCODING=encoding, COLUMNS="80")
    assert (result.returncode, result.stderr) == (0, b"")
    lines = result.stdout.decode(encoding).splitlines()
    assert "491 of 500, 98.2%" in "\n".join(lines)
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)
    picture = lines[-8:]
    assert lines[-10].startswith("misread") and lines[-9] == ""
    assert set("".join(picture)) <= set(ink) and any(line.strip() for line in picture)
    for line in picture:        # two characters a pixel, 12 to the left
        padded = line.ljust(28)
        assert len(padded) == 28 and padded[:12] == " " * 12 and padded[12::2] == padded[13::2]


# ---------------------------------------------------------------- forward: what it computes


@pytest.mark.parametrize("workers", [1, 3])
def test_forward_npy_to_npy(net, rows, workers):
    np.save("in.npy", rows)
    assert output_of("forward", "net.npz", "in.npy", "-o", "out.npy", "--workers", workers) == ""
    assert same_bits(np.load("out.npy"), net(rows))


def test_forward_csv_to_csv_reads_back_to_the_same_bits(net, rows):
    with open("in.csv", "w") as file:
        file.write(csv_of(rows))
    output_of("forward", "net.npz", "in.csv", "-o", "out.csv")
    assert same_bits(np.loadtxt("out.csv", delimiter=",", dtype=net.dtype), net(rows))


def test_forward_standard_input_to_standard_output(net, rows):
    text = output_of("forward", "net.npz", "-", stdin=csv_of(rows))
    assert text == csv_of(net(rows))
    assert text == output_of("forward", "net.npz", "-", "-o", "-", stdin=csv_of(rows))
    assert same_bits(np.loadtxt(io.StringIO(text), delimiter=",", dtype=net.dtype), net(rows))


def test_forward_in_more_than_one_block(net, rows, monkeypatch):
    monkeypatch.setattr(cli, "ROW_BLOCK", 7)
    np.save("in.npy", rows)
    output_of("forward", "net.npz", "in.npy", "-o", "out.npy", "--workers", 2)
    assert same_bits(np.load("out.npy"), net(rows))


@pytest.mark.parametrize("stored", [
    pytest.param(lambda rows: rows.astype(rows.dtype.newbyteorder()), id="byte-swapped"),
    pytest.param(np.asfortranarray, id="column-major"),
    pytest.param(lambda rows: (100 * rows).astype(np.int16), id="integers"),
    pytest.param(lambda rows: rows.astype(np.longdouble), id="longdouble"),
    pytest.param(lambda rows: rows > 0, id="bool"),
    pytest.param(lambda rows: rows[:0], id="no rows"),
])
def test_forward_reads_any_npy_of_numbers(net, rows, stored):
    np.save("in.npy", stored(rows))
    output_of("forward", "net.npz", "in.npy", "-o", "out.npy")
    assert same_bits(np.load("out.npy"), net(np.load("in.npy")))


def test_forward_takes_one_dimension_as_one_row(net, rows):
    np.save("in.npy", rows[0])
    output_of("forward", "net.npz", "in.npy", "-o", "out.npy")
    assert same_bits(np.load("out.npy"), net(rows[:1]))
    assert output_of("forward", "net.npz", "in.npy") == csv_of(net(rows[:1]))


def test_forward_may_replace_its_input(net, rows):
    np.save("both.npy", rows)
    output_of("forward", "net.npz", "both.npy", "-o", "both.npy")
    assert same_bits(np.load("both.npy"), net(rows))


def test_suffixes_in_capitals(net, rows, folder):
    np.save("in.npy", rows)
    (folder / "in.npy").rename("IN.NPY")
    output_of("forward", "net.npz", "IN.NPY", "-o", "OUT.NPY")
    assert sorted(path.name for path in folder.iterdir()) == ["IN.NPY", "OUT.NPY", "net.npz"]
    assert same_bits(np.load("OUT.NPY"), net(rows))


@pytest.mark.parametrize("text", [
    pytest.param("1,2,3\n4,5,6\n", id="plain"),
    pytest.param("1,2,3\n4,5,6", id="no newline at the end"),
    pytest.param("a,b,c\n1,2,3\n4,5,6\n", id="header"),
    pytest.param('"a,1","b ""2""",""\n1,2,3\n4,5,6\n', id="quoted header"),
    pytest.param("\n# 9,9,9\n\nx,y,z\n1,2,3\n   \n  # \"c\n4,5,6\n\n", id="comments and blanks"),
    pytest.param("1,2,3\r\n4,5,6\r\n", id="CRLF"),
    pytest.param("1,2,3\r4,5,6\r", id="CR"),
    pytest.param("\ufeff1,2,3\n4,5,6\n", id="byte order mark"),
    pytest.param(' 1 ,"2",3.0\n4e0,+5, 6\n', id="spellings"),
])
@pytest.mark.parametrize("source", ["file", "-"])
def test_csv_dialects(net, folder, text, source):
    if source == "file":
        source = folder / "in.csv"
        source.write_bytes(text.encode())
    expected = csv_of(net([[1, 2, 3], [4, 5, 6]]))
    assert output_of("forward", "net.npz", source, stdin=text.encode()) == expected


def test_special_numbers_pass_through(folder):
    Network([Dense([[1.0]], [-0.0])]).save("same.npz")
    text = "nan\ninf\n-inf\n0.0\n-0.0\n1e-45\n0.1\n"
    assert output_of("forward", "same.npz", "-", stdin=text) == text
    assert output_of("forward", "same.npz", "-", "--json", stdin=text) == (
        '{"output": [[null], [null], [null], [0.0], [-0.0], [1e-45], [0.1]]}\n')


def test_forward_json(net, rows):
    report = json.loads(output_of("forward", "net.npz", "-", "--json", stdin=csv_of(rows)))
    assert list(report) == ["output"]
    assert same_bits(np.array(report["output"], net.dtype), net(rows))


def test_classify(net, rows):
    classes = net.classify(rows)
    text = csv_of(rows)
    lines = "".join(f"{index}\n" for index in classes)
    assert output_of("forward", "net.npz", "-", "--classify", stdin=text) == lines
    report = output_of("forward", "net.npz", "-", "--classify", "--json", stdin=text)
    assert json.loads(report) == {"classes": classes.tolist()}
    output_of("forward", "net.npz", "-", "--classify", "-o", "out.npy", stdin=text)
    assert same_bits(np.load("out.npy"), classes)


# ---------------------------------------------------------------- forward: what it refuses


@pytest.fixture
def model(folder):
    """net.npz, with 3 inputs and 2 outputs."""
    Network.he((3, 2), rng=0).save("net.npz")


@pytest.mark.parametrize(("text", "message"), [
    ("", "there is no row of numbers in it"),
    ("a,b,c\n", "there is no row of numbers in it"),
    ("# 1,2,3\n\n", "there is no row of numbers in it"),
    ("1,2,3\n4,x,6\n", "line 2: column 2: 'x' is not a number"),
    ("a,b,c\nd,e,f\n", "line 2: column 1: 'd' is not a number"),
    ("1,b,c\n", "line 1: column 2: 'b' is not a number"),
    ("#\n\na,b,c\n1,2,\n", "line 4: column 3: '' is not a number"),
    ("1,2,3\n,,\n", "line 2: column 1: '' is not a number"),
    ("1,2,3\n" + 500 * "9" + "z\n",
     "line 2: column 1: '999999999999...999999999999z' is not a number"),
    ("1,2,3\n\n4,5\n", "line 3: a row of length 2, those above have length 3"),
    ("1,2,3\n4,5,6,7\n", "line 2: a row of length 4, those above have length 3"),
    ("1,2\n3,4\n", "the network takes rows of 3 numbers, got shape (2, 2)"),
    (b"1,2,3\n\xff\xfe", "not CSV: it is not text in UTF-8"),
    ('"' + "1,2,3\n" * 30000, "line 21846: field larger than field limit (131072)"),
])
def test_bad_csv(model, folder, text, message):
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "in.csv").write_bytes(content)
    assert error_of("forward", "net.npz", "in.csv") == f"mathwork: in.csv: {message}"
    source = "-" if message.startswith("the network") else "standard input"
    assert error_of("forward", "net.npz", "-", stdin=content) == f"mathwork: {source}: {message}"


def npy(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def with_shape(text):
    """A .npy of 2 x 3 whose header says something else."""
    content = npy(np.ones((2, 3)))
    start = content.index(b"(2, 3)")
    return content[:start] + (text + b"}").ljust(127 - start) + content[127:]


@pytest.mark.parametrize(("content", "message"), [
    pytest.param(npy(np.ones((4, 2))), ": the network takes rows of 3 numbers, got shape (4, 2)",
                 id="width"),
    pytest.param(npy(np.ones(4)), ": the network takes rows of 3 numbers, got shape (1, 4)",
                 id="width of one row"),
    pytest.param(npy(np.ones((2, 2, 3))),
                 ": the network takes rows of 3 numbers, got shape (2, 2, 3)", id="3-D"),
    pytest.param(npy(np.float64(1)), ": the network takes rows of 3 numbers, got shape (1, 1)",
                 id="0-D"),
    pytest.param(npy(np.ones((2, 3), complex)), " must hold real numbers, got dtype complex128",
                 id="complex"),
    pytest.param(npy(np.full((2, 3), "a")), " must hold real numbers, got dtype <U1", id="text"),
    pytest.param(npy(np.ones((2, 3)))[:150], ": not a .npy file of numbers: ", id="cut short"),
    pytest.param(npy(np.ones((2, 3)))[:60], ": not a .npy file of numbers: ", id="cut header"),
    pytest.param(b"", ": not a .npy file of numbers: ", id="empty"),
    pytest.param(b"1,2,3\n", ": not a .npy file of numbers: ", id="CSV"),
    pytest.param(with_shape(b"(2, 3)["),
                 ": not a .npy file of numbers: ", id="header is not Python"),
    pytest.param(with_shape(b"(2, 9999999999999999999)"),
                 ": not a .npy file of numbers: ", id="larger than any memory"),
    pytest.param(with_shape(b"(4611686018427387905, 4)"),
                 ": not a .npy file of numbers: ", id="size that overflows"),
])
def test_bad_npy(model, folder, content, message):
    (folder / "in.npy").write_bytes(content)
    line = error_of("forward", "net.npz", "in.npy")
    assert line.startswith(f"mathwork: in.npy{message}")
    assert message.endswith(": ") or line == f"mathwork: in.npy{message}"


class Trap:
    """Leaves a file behind where it is unpickled."""

    def __reduce__(self):
        return open, ("sprung", "w")


def test_pickled_npy_is_refused_and_not_executed(model, folder):
    np.save("in.npy", np.array([Trap()], object), allow_pickle=True)
    assert error_of("forward", "net.npz", "in.npy") == (
        "mathwork: in.npy: not a .npy file of numbers: "
        "Array can't be memory-mapped: Python objects in dtype.")
    assert not (folder / "sprung").exists()


NAMES = "a table's name must end in .npy or .csv, or be - for CSV"


@pytest.mark.parametrize(("arguments", "message"), [
    (("net.npz", "none.csv"), "none.csv: No such file or directory"),
    (("net.npz", "none.npy"), "none.npy: No such file or directory"),
    (("none.npz", "in.csv"), "none.npz: No such file or directory"),
    (("net.npz", "in.txt"), f"in.txt: {NAMES}"),
    (("net.npz", "."), f".: {NAMES}"),
    (("net.npz", "in.csv", "-o", "out.json"), f"out.json: {NAMES}"),
    (("net.npz", "in.csv", "-o", "none/out.csv"), "none/out.csv: No such file or directory"),
    (("net.npz", "in.csv", "-o", "none/out.npy"), "none/out.npy: No such file or directory"),
    (("in.csv", "in.csv"), "a network's file must end in .npz, got 'in.csv'"),
    (("foreign.npz", "in.csv"),
     "foreign.npz is not a network saved by mathwork: it has no array 'kind'"),
    (("net.npz", "in.csv", "--json", "-o", "out.csv"), "--json goes to standard output: give "
     "--json or -o, not both. See mathwork forward -h."),
])
def test_bad_files(model, folder, arguments, message):
    np.savez("foreign.npz", weight=np.ones(3))
    (folder / "in.csv").write_text("1,2,3\n")
    assert error_of("forward", *arguments) == f"mathwork: {message}"


def test_a_refused_run_leaves_the_output_alone(model, folder):
    (folder / "out.csv").write_text("precious")
    error_of("forward", "net.npz", "-", "-o", "out.csv", stdin="1,2\n")
    assert (folder / "out.csv").read_text() == "precious"


# Click's own words differ between its versions; one line and the hint do not.
@pytest.mark.parametrize(("arguments", "mentions", "hint"), [
    (("nonsense",), "nonsense", "See mathwork -h."),
    (("--nonsense",), "--nonsense", "See mathwork -h."),
    (("forward",), "MODEL", "See mathwork forward -h."),
    (("forward", "net.npz"), "INPUT", "See mathwork forward -h."),
    (("forward", "a", "b", "c"), "c", "See mathwork forward -h."),
    (("forward", "a", "b", "--workers", "0"), "--workers", "See mathwork forward -h."),
    (("forward", "a", "b", "--workers", "two"), "two", "See mathwork forward -h."),
    (("forward", "a", "b", "--workers", "9" * 30), "9" * 30, "See mathwork forward -h."),
    (("info", "extra"), "extra", "See mathwork info -h."),
])
def test_bad_usage(arguments, mentions, hint):
    line = error_of(*arguments)
    assert line.startswith("mathwork: ") and mentions in line and line.endswith(f" {hint}")


# ---------------------------------------------------------------- as a process


WITHOUT = """
import sys
sys.modules[{name!r}] = None
sys.argv = ["mathwork", "info"]
from mathwork.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("name", ["click", "rich", "rich.table"])
def test_missing_extra_is_named(name):
    result = in_subprocess(code=WITHOUT.format(name=name))
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode().splitlines() == [
        "mathwork: the command line needs click and rich: install mathwork with its cli extra, "
        "for example pip install '.[cli]' from the checkout"]


def test_another_missing_module_is_not_blamed_on_the_extra():
    result = in_subprocess(code=WITHOUT.format(name="mathwork.data"))
    assert result.returncode == 1 and b"ModuleNotFoundError" in result.stderr


def test_import_of_mathwork_leaves_click_and_rich_alone():
    code = "import sys, mathwork, mathwork.data; print({'click', 'rich'} & set(sys.modules))"
    assert in_subprocess(code=code).stdout.split() == [b"set()"]


def test_error_as_a_process(folder):
    result = in_subprocess("forward", "none.npz", "-")
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode().splitlines() == ["mathwork: none.npz: No such file or directory"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["demo", "info"])
def test_a_full_disk_is_one_line(command):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([sys.executable, "-m", "mathwork", command], stdout=full,
                                stderr=subprocess.PIPE, timeout=120, check=False)
    assert result.returncode == 2
    assert result.stderr.decode().splitlines() == [
        "mathwork: standard output: No space left on device"]


@pytest.mark.skipif(sys.platform == "win32", reason="closed pipes are reported otherwise there")
def test_a_closed_pipe_is_silent(model):
    np.save("in.npy", np.ones((200_000, 3)))
    process = subprocess.Popen([sys.executable, "-m", "mathwork", "forward", "net.npz", "in.npy"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
