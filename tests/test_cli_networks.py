"""Networks on the command line: what forward and convert write, and what they refuse."""
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from command_line import error_of, output_of
from helpers import same_bits

from mathwork.cli import networks
from mathwork.nn import Dense, Network, load


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def net(request, folder):
    """A network in net.npz, 3 inputs and 4 outputs."""
    network = Network.he((3, 5, 4), dtype=request.param, rng=1)
    network.save("net.npz")
    return network


@pytest.fixture
def model(folder):
    """net.npz, with 3 inputs and 2 outputs."""
    Network.he((3, 2), rng=0).save("net.npz")


@pytest.fixture
def rows(net):
    return np.random.default_rng(0).normal(size=(50, 3)).astype(net.dtype)


def csv_of(array):
    return "".join(",".join(map(str, row)) + "\n" for row in array)


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
    monkeypatch.setattr(networks, "ROW_BLOCK", 7)
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
    pytest.param("\n# 9,9,9\n\n  # \"c\nx,y,z\n1,2,3\n   \n4,5,6\n\n", id="comments and blanks"),
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
    comment = ["--comment"] if "#" in text else []
    assert output_of("forward", "net.npz", source, *comment, stdin=text.encode()) == expected


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


@pytest.mark.parametrize(("text", "message"), [
    ("", "there is no row of data in it"),
    ("a,b,c\n", "there is no row of numbers in it"),
    ("# 1,2,3\n\n", "line 1 begins with #: --comment skips such lines above the table, --header "
     "takes it for names"),
    ("1,2,3\n4,x,6\n", "line 2: column 2: 'x' is not a number"),
    ("a,b,c\nd,e,f\n", "line 2: column 1: 'd' is not a number"),
    ("1,b,c\n", "line 1: column 2: 'b' is not a number"),
    ("\n\na,b,c\n1,2,\n", "line 4: column 3: '' is not a number"),
    ("1,2,3\n# 4,5,6\n", "line 2: column 1: '# 4' is not a number"),
    ("1,2,3\n,,\n", "line 2: column 1: '' is not a number"),
    ("1,2,3\n" + 500 * "9" + "z\n",
     "line 2: column 1: '999999999999...999999999999z' is not a number"),
    ("1,2,3\n\n4,5\n", "line 3: a row of length 2, those above have length 3"),
    ("1,2,3\n4,5,6,7\n", "line 2: a row of length 4, those above have length 3"),
    ("1,2\n3,4\n", "the network takes rows of 3 numbers, got shape (2, 2)"),
    (b"1,2,3\n\xff\xfe", "it is not text in UTF-8: --encoding names another, such as cp1252 or "
     "utf-16"),
    ('"' + "1,2,3\n" * 30000, "line 1: field larger than field limit (131072)"),
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
    pytest.param(npy(np.ones(4)),
                 ": the network takes rows of 3 numbers, got shape (1, 4): --columns chooses",
                 id="width of one row"),
    pytest.param(npy(np.ones((2, 2, 3))),
                 ": the network takes rows of 3 numbers, got shape (2, 2, 3)", id="3-D"),
    pytest.param(npy(np.float64(1)), ": the network takes rows of 3 numbers, got shape (1, 1)",
                 id="0-D"),
    pytest.param(npy(np.ones((2, 3), complex)), " must hold real numbers, got dtype complex128"
                 ": take its .real, .imag or abs()",
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
    (("in.csv", "in.csv"), "a network's file must end in .npz, .onnx, .safetensors, got 'in.csv'"),
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


# ---------------------------------------------------------------- convert


def test_convert_keeps_the_bits(net, rows):
    pytest.importorskip("onnx", reason="needs onnx")
    pytest.importorskip("safetensors", reason="needs safetensors")
    assert output_of("convert", "net.npz", "net.onnx") == f"net.onnx: {net!r}\n"
    assert output_of("convert", "net.onnx", "net.safetensors") == f"net.safetensors: {net!r}\n"
    output_of("convert", "net.safetensors", "again.npz")
    assert same_bits(load("again.npz")(rows), net(rows))


@pytest.mark.parametrize("suffix", [".onnx", ".safetensors"])
def test_forward_reads_every_format(net, rows, suffix):
    pytest.importorskip(suffix[1:], reason=f"needs {suffix[1:]}")
    net.save(f"net{suffix}")
    expected = output_of("forward", "net.npz", "-", stdin=csv_of(rows))
    assert output_of("forward", f"net{suffix}", "-", stdin=csv_of(rows)) == expected


def test_convert_to_c(net, folder):
    (folder / "other").mkdir()
    for target in ("net.c", "Net2.C"):
        assert output_of("convert", "net.npz", target) == f"{target}: {net!r}\n"
        net.to_c(folder / "other" / target)
        for name in (f"{target[:-2]}.c", f"{target[:-2]}.h"):
            assert (folder / name).read_bytes() == (folder / "other" / name).read_bytes()


def test_convert_to_a_dtype(net):
    report = json.loads(output_of("convert", "net.npz", "two.npz", "--dtype", "float64", "--json"))
    assert report == {"network": repr(load("two.npz")), "sizes": [3, 5, 4], "dtype": "float64",
                      "parameters": 44}
    assert load("two.npz").dtype == np.float64


def test_activations_of_a_state_dict(net, rows):
    """Files of PyTorch hold no activations, so they are given."""
    safetensors = pytest.importorskip("safetensors.numpy", reason="needs safetensors")
    first, second = net.layers
    safetensors.save_file({"0.weight": first.weight, "0.bias": first.bias,
                           "2.weight": second.weight, "2.bias": second.bias}, "torch.safetensors")
    assert error_of("forward", "torch.safetensors", "-", stdin="1,2,3\n") == (
        "mathwork: torch.safetensors: it does not name its activations: give activations=, "
        "one for each of its 2 layers")
    output_of("convert", "torch.safetensors", "named.npz", "--activations", "elu:0.5,softmax")
    expected = Network([Dense(first.weight, first.bias, ("elu", 0.5)),
                        Dense(second.weight, second.bias, "softmax")], dtype=net.dtype)
    assert same_bits(load("named.npz")(rows), expected(rows))
    output_of("convert", "torch.safetensors", "named.npz", "--activations", "clip:-1:2,softmax")
    assert load("named.npz").layers[0].activation == ("clip", -1.0, 2.0)


@pytest.mark.parametrize(("arguments", "message"), [
    (("net.npz", "net.pt"), "a network's file must end in .npz, .onnx, .safetensors, got 'net.pt'"),
    (("none.onnx", "net.npz"), "none.onnx: No such file or directory"),
    (("net.npz", "none/net.npz"), "none/net.npz: No such file or directory"),
    (("net.npz", "two.npz", "--activations", "relu"),
     "activations are for .safetensors files, 'net.npz' holds its own"),
    (("net.npz", "two.npz", "--activations", "elu:a"),
     "Invalid value for '--activations': 'elu:a' must be names with commas between, one a layer, "
     "like relu,leaky_relu:0.2,softmax. See mathwork convert -h."),
])
def test_bad_conversions(model, arguments, message):
    if "none.onnx" in arguments:
        pytest.importorskip("onnx", reason="needs onnx")
    assert error_of("convert", *arguments) == f"mathwork: {message}"


def test_a_missing_package_is_one_line(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert error_of("convert", "net.npz", "net.onnx") == (
        "mathwork: to make an ONNX model, mathwork needs onnx: pip install onnx")


# ---------------------------------------------------------------- as a process


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


# ---------------------------------------------------------------- columns and delimiters

TABLE = "name;a;b, c;n\nx;1;2;3\ny y;4;5;6\n"


@pytest.mark.parametrize(("text", "delimiter"), [
    ("1;2;3\n4;5;6\n", ";"), ("1\t2\t3\n4\t5\t6\n", "tab"), ("1\t2\t3\n4\t5\t6\n", "\t"),
    ("1\t2\t3\n4\t5\t6\n", "\\t"), ("  1  2 3\n\n4 5\t6  \n", "blank"),
    ("a b c\n1 2 3\n4 5 6\n", "space"), ("a;b;c\n1;2;3\n4;5;6\n", ";"), ("1|2|3\n4|5|6", "|")])
def test_delimiters(net, text, delimiter):
    expected = csv_of(net([[1, 2, 3], [4, 5, 6]]))
    assert output_of("forward", "net.npz", "-", "--delimiter", delimiter, stdin=text) == expected


@pytest.mark.parametrize(("text", "name"), [
    ("1;2;3\n", "';'"), ("a;b;c\n1;2;3\n", "';'"), ("1\t2\t3\n", "tab"), ("1 2 3\n", "blank"),
    ("a b c\n1 2 3\n", "blank"), ("1,5;2;3\n", "';'")])
def test_another_delimiter_is_named(model, text, name):
    message = error_of("forward", "net.npz", "-", stdin=text)
    assert message.endswith(f" is not a number: are the columns parted by {name}? Then give "
                            f"--delimiter {name}")


def test_text_between_numbers_is_no_delimiter(model):
    assert error_of("forward", "net.npz", "-", stdin="1,New York,2\n") == (
        "mathwork: standard input: line 1: column 2: 'New York' is not a number")
    message = error_of("forward", "net.npz", "-", "--delimiter", ";", stdin="1,2,3\n")
    assert message.endswith("Then give --delimiter ','")


@pytest.mark.parametrize("delimiter", ["", "ab", "1", '"', "#", "\n"])
def test_bad_delimiters(model, delimiter):
    message = error_of("forward", "net.npz", "-", "--delimiter", delimiter, stdin="1,2,3\n")
    assert "must be one character between the columns, or tab, or blank" in message


@pytest.mark.parametrize(("columns", "order"), [
    ('a,"b, c",n', [0, 1, 2]), ('n,a,"b, c"', [2, 0, 1]), ("@2,@3,@4", [0, 1, 2]),
    ("a,a,@4", [0, 0, 2]), (" a , @3 ,n", [0, 1, 2])])
def test_columns_by_name_and_number(net, columns, order):
    expected = csv_of(net(np.array([[1, 2, 3], [4, 5, 6]])[:, order]))
    assert output_of("forward", "net.npz", "-", "--delimiter", ";", "--columns", columns,
                     stdin=TABLE) == expected


def test_columns_of_npy_and_without_a_header(net, rows):
    wide = np.column_stack([rows[:, 2], np.ones(50), rows[:, :2]])
    np.save("wide.npy", wide)
    assert output_of("forward", "net.npz", "wide.npy", "--columns", "@3,@4,@1") == csv_of(
        net(wide[:, [2, 3, 0]]))
    assert output_of("forward", "net.npz", "-", "--columns", "@2,@3,@4",
                     stdin="Rome,1,2,3\nParis,4,5,6\n") == csv_of(net([[1, 2, 3], [4, 5, 6]]))


@pytest.mark.parametrize(("columns", "message"), [
    ("a,z,n", "there is no column 'z', but 'name', 'a', 'b, c', 'n'"),
    ("a,n,3", "there is no column '3', but 'name', 'a', 'b, c', 'n': @3 is the one in this place"),
    ("a,n,@5", "there is no column '@5', but 'name', 'a', 'b, c', 'n'"),
    ("name,a,n", "line 2: column 1: 'x' is not a number"),
    ("a,n", "the network takes rows of 3 numbers, got shape (2, 2)")])
def test_bad_columns(model, columns, message):
    line = error_of("forward", "net.npz", "-", "--delimiter", ";", "--columns", columns,
                    stdin=TABLE)
    source = "-" if message.startswith("the network") else "standard input"
    assert line == f"mathwork: {source}: {message}"


def test_columns_of_short_rows_and_no_names(model):
    assert error_of("forward", "net.npz", "-", "--columns", "@1,@2,@3", stdin="1,2,3\n4,5\n") == (
        "mathwork: standard input: line 2: a row of length 2, those above have length 3")
    assert "'a,,b' must be names with commas between" in error_of(
        "forward", "net.npz", "-", "--columns", "a,,b", stdin="1,2,3\n")
    np.save("in.npy", np.ones((2, 3)))
    assert error_of("forward", "net.npz", "in.npy", "--columns", "@1,@2,@4") == (
        "mathwork: in.npy: there is no column '@4', but @1 to @3, and no header")
    np.save("in.npy", np.ones(3))
    assert error_of("forward", "net.npz", "in.npy", "--columns", "@1") == (
        "mathwork: in.npy: columns are of a table of shape (n, k), got shape (3,)")


def test_names_of_other_libraries(folder):
    safetensors = pytest.importorskip("safetensors.numpy", reason="needs safetensors")
    eye = np.eye(2, dtype=np.float32)
    safetensors.save_file({f"{index}.weight": eye for index in range(3)}, "net.safetensors")
    assert output_of("convert", "net.safetensors", "net.npz", "--activations",
                     "linear,swish,logistic") == (
        "net.npz: Network(2-2-2-2, identity-silu-sigmoid, float32)\n")
