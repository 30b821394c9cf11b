"""Good texts and tables of many kinds, for the fuzzer; and words from which it makes bad ones."""
import gzip
import io
import json

import numpy as np

MATRICES = [
    "1,2;3,4", "1 2 | 3\n4 5 | 6\n", "1/2, -3.5e-3\n0.25, 7\n", "x y\n1 2\n3 4 # note\n",
    r"\begin{array}{rr|r} 2 & 3 & 6 \\ 4 & 5 & 10 \end{array}",
    "\\begin{pmatrix}\n\\frac{1}{2} & 3 \\\\[2pt]\n-4 & \u221210\n\\end{pmatrix}",
    "[[1, 2], [3, 4]]", "[1, 2]\n[3, 4]", "1+2j 3; 2j 1-1/2i", "1;2\n3;4", "# empty\n\n1\t2\n",
    "\ufeff1 2\r\n3 4\r\n", "nan inf -inf 1e308\n", "\u0661 \u0662\n", r"$1 \cdot 2$",
    "\n".join(" ".join(str(row * column / 8) for column in range(9)) for row in range(9)),
    "\n".join("1,2.5,-3e5" for _ in range(300))]
EQUATIONS = [
    "2x + 3y = 6; 4x = 10 - 5y", "x = 1, y = 2", "2(1 - 1/3)x_1 + 3/4 x_2 = -(4 - y')",
    r"\begin{aligned} 2x &= 3 \\ \frac{1}{2} y &= 4 \cdot 2 \end{aligned}", "x*3 = 2e+3 / 4",
    "flow + 0.5 = flow\n# note\n3 \u00d7 y \u2212 1 = 0\n", "((((x)))) = -(-(-1))",
    r"\lambda_{1} + \lambda_{2} = 1", "x^2 = 1", "0 = 1"]
TABLES = [
    "x,y\n1,2\n3,5\n4,6.5\n", "x;y\n1,5;2\n1.234,5;3\n", "x\ty\n1\t2\n\n2\t3\n", "1 2\n3 4\n5 7\n",
    '"x, y","a ""b"""\n1,"2"\n3,"4\n"\n', "sep=;\nx;y\n1;2\n", "# note\nx,y\n1,2\n",
    "name,x,y\na,1,2\nb,,3\nc,NA,4\nd,9007199254740993,5\n", "x,y\r\n1,2\r\n3,4", "x\n1\n2\n",
    "\ufeffx,y\n1,2\n", "x,y\r1,2\r3,4\r", "a|b\n1|2\n", "x,y\n1 000,2\n1_0,inf\n-nan,1e999\n",
    "x,y\n" + "".join(f"{row},{row * row / 7}\n" for row in range(200))]
COMMAND_LINES = [
    ["rref", "1,2;3,4"], ["rref", "1 2 | 3; 4 5 | 6", "--exact", "--json"],
    ["solve", "2x + 3y = 6; 4x + 5y = 10", "--steps"], ["solve", "1,2;3,4", "--mod", "7"],
    ["rref", "matrix.txt"], ["solve", "equations.tex", "--exact"], ["rref", "-"],
    ["fit", "table.csv", "--y", "y", "--x", "x,@3"],
    ["fit", "table.csv", "--y", "y", "--poly", "2"],
    ["fit", "table.csv", "--y", "y", "--group", "name", "--missing", "drop", "--json"],
    ["fit", "table.csv", "--y", "@2", "--rolling", "5", "--robust", "HC3"],
    ["fit", "table.csv", "--y", "y", "--weights", "x", "--delimiter", ",", "--decimal", "."],
    ["forward", "net.npz", "rows.csv", "--columns", "@1,@2"], ["forward", "net.npz", "-", "--json"],
    ["forward", "net.npz", "rows.npy", "-o", "out.npy", "--classify", "--threshold", "0.5"],
    ["convert", "net.npz", "out.safetensors", "--dtype", "float64"],
    ["convert", "net.npz", "out.c", "--json"], ["info"], ["-h"], ["--version"],
    ["orbit", "--star-mass", "1Msun", "--radius", "1au,2au", "--planet-mass", "1Mearth"],
    ["orbit", "--star-mass", "1", "--period", "1yr", "--both-move", "--json"],
    ["orbit", "orbits.csv", "--star-mass", "mass:Msun", "--radius", "r:au", "-o", "-"],
    ["orbit", "--solar-system", "--table", "out.csv"],
    ["train", "table.csv", "--y", "y", "--hidden", "4,3", "--epochs", "3", "--seed", "1"],
    ["train", "table.csv", "--y", "name", "--task", "classes", "--epochs", "2", "--json"]]
QUANTITIES = ["1Msun", "2.5km", "-1", "0", "1e3 au", ".5d", "3.yr", "1,2au,3 km", "1e999", "1MSUN"]

# Pieces of text: numbers at the edges, and what some reader takes for a sign.
WORDS = ["1e999", "1e-999", "1e999999", "1/0", "0/0", "-0", "nan", "inf", "1_000", "9" * 400,
         "9" * 5000, "0." + "1" * 400, "1e308", "5e-324", "9007199254740993", "1.5.2", "--1", "+",
         "\0", "\ufeff", "\u2028", "\x85", "\x0b", "\x0c", "\x1c", "\r", "\r\n", "\n", "\t", " ",
         "\u00a0", "\u2212", "\u0663", "\u00b2", "\u00bd", "\U0001d7d8", '"', '""', "'", ",", ";",
         "|", "&", "=", "#", "(" * 60, ")" * 60, "(" * 3000, "[", "]", "[[", "{", "}", "\\\\",
         "\\frac{1}{2}", "\\frac{", "\\begin{array}{r|r}", "\\end{array}", "\\left(", "$", "_{1}",
         "x", "x_1", "2x", "i", "j", "1i", "2e3", "e", "E", "*", "/", "^", "**", "x" * 300, "@1",
         "@0", "sep=,\n", "NA", "#N/A", "1.234,5", "1 234", "--json", "--exact", "--steps", "-"]


def furnish(folder):
    """Put into a folder the files that COMMAND_LINES name."""
    from mathwork.nn import Dense, Network

    (folder / "matrix.txt").write_text(MATRICES[1])
    (folder / "equations.tex").write_text(EQUATIONS[3])
    (folder / "table.csv").write_text("name,x,y\n" + "".join(
        f"{'ab'[row % 2]},{row},{row * row % 7}\n" for row in range(20)))
    (folder / "rows.csv").write_text("1,2\n3,4\n")
    np.save(folder / "rows.npy", np.ones((3, 2)))
    (folder / "orbits.csv").write_text("mass,r\n1,1\n2,\n")
    Network([Dense([[1, 2], [3, 4]], [5, 6], "relu")]).save(folder / "net.npz")


def matrices():
    return [bytes([options]) + text.encode() for text in MATRICES for options in (0, 3)]


def equations():
    return [bytes([options]) + text.encode() for text in EQUATIONS for options in (0, 1)]


def tables():
    return [bytes([options]) + text.encode() for text in TABLES for options in (0, 1, 16, 128)]


def packed_tables():
    return [b"\0" + gzip.compress(text.encode(), mtime=0) for text in TABLES]


def npy():
    found = []
    for array in (np.arange(6.0).reshape(3, 2), np.arange(6).reshape(2, 3), np.ones(3),
                  np.ones((2, 2), ">f4", order="F"), np.array([["a", "b"]])):
        file = io.BytesIO()
        np.save(file, array)
        found += [bytes([options]) + file.getvalue() for options in (0, 1)]
    return found


def parquet():
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = []
    for columns in ({"x": [1.0, 2.5], "y": [1, None]}, {"name": ["a", "1.5"], "y": [True, False]}):
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file)
        found.append(b"\0" + file.getvalue())
    return found


def quantities():
    return [bytes([options]) + text.encode() for text in QUANTITIES for options in range(4)]


def command_lines():
    return ["\n".join(arguments).encode() for arguments in COMMAND_LINES]


def state_dicts():
    chain = {"0.weight": [4, 3], "0.bias": [4], "2.weight": [2, 4], "2.bias": [2]}
    return [json.dumps(given).encode() for given in (
        {"tensors": chain, "activations": ["relu", "softmax"]},
        {"tensors": {f"actor.{name}": shape for name, shape in chain.items()} | {"log": [1]},
         "activations": ["relu", ["elu", 0.5]], "prefix": "actor"},
        {"tensors": {"fc.weight": [4, 3], "head.weight": [2, 4]},
         "activations": ["tanh", "identity"], "order": ["fc", "head"]},
        {"tensors": {"0.weight": [2, 2], "1.weight": [2]}, "activations": ["prelu"]})]
