"""The command line: help, info, demo, and the command as a process."""
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from command_line import app, error_of, in_subprocess, output_of, run

import mathwork
from mathwork import data
from mathwork.cli import demo

COMMANDS = ("convert", "demo", "fit", "forward", "info", "orbit", "rref", "solve", "train")


# ---------------------------------------------------------------- help, version, info


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
def test_help_lists_the_commands(arguments):
    text = output_of(*arguments)
    assert text.startswith("Usage: mathwork ")
    for command in COMMANDS:
        assert f"\n  {command} " in text


@pytest.mark.parametrize("command", COMMANDS)
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
    batch = demo.numpy_forward(net)(pixels)
    alone = np.array([demo.numpy_forward(net)(row) for row in pixels])
    assert batch.dtype == alone.dtype == np.float32
    assert np.abs(batch - net(pixels)).max() < 1e-5 and np.abs(alone - batch).max() < 1e-5
    assert np.array_equal(batch.argmax(axis=1), net.classify(pixels))
    assert np.array_equal(alone.argmax(axis=1), net.classify(pixels))


def test_demo_can_train_the_network():
    report = json.loads(output_of("demo", "--train", "--json"))
    training = report.pop("training")
    assert set(report) == set(json.loads(output_of("demo", "--json")))
    assert training["rows"] == 5 * 1297 and training["epochs"] == len(training["loss"]) == 100
    assert training["loss"][-1] < 0.1 < 1 < training["loss"][0]
    assert training["held_out_loss"][-1] < 0.1 < training["held_out_loss"][0]
    assert report["accuracy"] > 0.97
    if mathwork._levels.level in ("v3", "v4"):
        assert training["same_bits_as_shipped"] and report["read_right"] == 492
    text = output_of("demo", "--train")
    assert text.startswith("training on 1297 digits, and on each half a pixel to every side: "
                           "6485 rows\n\n    epoch           loss  of unseen ones\n        1  ")
    assert [int(line.split()[0]) for line in text.splitlines()[3:10]] == [1, 2, 5, 10, 20, 50, 100]
    assert re.search(r"\ntrained     in \d+\.\d\d s: \d+\.\d ms an epoch, (not )?the bits of the "
                     r"shipped network\n\ndigits ", text)


def test_demo_refuses_to_time_what_disagrees(monkeypatch):
    monkeypatch.setattr(demo, "numpy_forward",
                        lambda network: lambda x: network(x)[..., ::-1].copy())
    assert error_of("demo") == ("mathwork: mathwork and NumPy read a digit differently: please "
                                "report this with the output of mathwork info")


@pytest.mark.parametrize(("encoding", "ink"), [("utf-8", " ░▒▓█"), ("ascii", " .:-=+*#%@"),
                                               ("latin-1", " .:-=+*#%@")])
def test_demo_as_a_process(encoding, ink):
    result = in_subprocess("demo", PYTHONIOENCODING=encoding, COLUMNS="80")
    assert (result.returncode, result.stderr) == (0, b"")
    lines = result.stdout.decode(encoding).splitlines()
    assert "492 of 500, 98.4%" in "\n".join(lines)
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)
    picture = lines[-8:]
    assert lines[-10].startswith("misread") and lines[-9] == ""
    assert set("".join(picture)) <= set(ink) and any(line.strip() for line in picture)
    for line in picture:        # two characters a pixel, 12 to the left
        padded = line.ljust(28)
        assert len(padded) == 28 and padded[:12] == " " * 12 and padded[12::2] == padded[13::2]


# ---------------------------------------------------------------- bad usage


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


@pytest.mark.parametrize(("arguments", "option"), [
    (("fit", "a.csv", "--y", "a", "--y", "b"), "--y"),
    (("fit", "a.csv", "--y", "a", "--header", "--no-header"), "--header/--no-header"),
    (("forward", "a", "b", "-o", "c.csv", "--output", "d.csv"), "-o/--output"),
    (("rref", "1 2", "--mod", "5", "--mod", "7"), "--mod"),
    (("orbit", "--star-mass", "1", "--star-mass", "2", "--radius", "1"), "--star-mass")])
def test_an_option_given_twice_is_refused(arguments, option):
    assert error_of(*arguments) == (f"mathwork: {option} is given 2 times. "
                                    f"See mathwork {arguments[0]} -h.")


def test_a_flag_and_a_list_given_twice_lose_nothing():
    assert json.loads(output_of("info", "--json", "--json"))
    assert json.loads(output_of("orbit", "--star-mass", "1Msun", "--radius", "1au", "--radius",
                                "2au", "--json"))["radius"][1]


@pytest.mark.parametrize("arguments", [
    ("rref", ""), ("solve", ""), ("fit", "", "--y", "y")])
def test_an_empty_name_is_named(arguments):
    assert error_of(*arguments) == "mathwork: the empty name '': No such file or directory"


@pytest.mark.parametrize("arguments", [
    ("orbit", "--star-mass", "1Msun", "--radius", "1au", "--plot", ""),
    ("orbit", "--star-mass", "1Msun", "--radius", "1au", "--table", ""),
    ("fit", "-", "--y", "y", "--plot", "")])
def test_an_empty_name_of_a_result_is_named(arguments):
    assert error_of(*arguments).startswith("mathwork: the empty name '': a ")


def test_what_cannot_be_seen_is_escaped():
    assert error_of("fit", "-", "--y", "y", "--delimiter", ",", stdin="x\ty\x1b[2J\n1\t2\n") == (
        "mathwork: standard input: there is no column 'y', but 'x\\ty\\x1b[2J': are the columns "
        "parted by tab? Then give --delimiter tab")
    assert error_of("rref", "a\tb\x1b.csv") == (
        "mathwork: a\\tb\\x1b.csv: No such file or directory")


def test_a_warning_of_python_is_one_line(monkeypatch):
    import warnings

    def callback(**options):
        for _ in range(3):
            warnings.warn("something\nodd", RuntimeWarning, stacklevel=1)

    monkeypatch.setattr(app.cli.commands["info"], "callback", callback)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        result = run("info")
    assert (result.exit_code, result.stderr) == (0, "mathwork: warning: something odd\n")


# ---------------------------------------------------------------- as a process


STARTED = "import sys; sys.argv[0] = 'mathwork'; from _mathwork import main; sys.exit(main())"


def test_an_unknown_level_is_one_line():
    for arguments in (["--help"], ["info"]):
        result = in_subprocess(*arguments, code=STARTED, MATHWORK_LEVEL="nonsense")
        assert (result.returncode, result.stdout) == (2, b"")
        line, = result.stderr.decode().splitlines()
        assert line.startswith("mathwork: MATHWORK_LEVEL must be one of ")
    result = in_subprocess("--help", MATHWORK_LEVEL="nonsense")
    assert result.returncode == 1 and result.stderr.count(b"\n") == 1
    assert b"MATHWORK_LEVEL must be one of " in result.stderr


@pytest.mark.parametrize("module", ["mathwork", "numpy", "mathwork.cli.app", "click"])
def test_an_interrupt_while_starting_is_silent(module):
    code = f"""
import sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
{STARTED}
"""
    result = in_subprocess("info", code=code)
    assert (result.returncode, result.stdout, result.stderr) == (130, b"", b"")


def test_an_interrupt_while_the_module_starts_is_one_line(tmp_path):
    # python -m mathwork imports the package, and NumPy with it, before any of its code can catch it
    (tmp_path / "numpy.py").write_text("raise KeyboardInterrupt")
    result = in_subprocess("info", PYTHONPATH=os.pathsep.join(
        [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    assert (result.returncode, result.stdout) == (130, b"")
    assert result.stderr.splitlines() == [b"mathwork: interrupted"]


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
        "mathwork: the command line needs click and rich: pip install click rich"]


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


@pytest.mark.skipif(os.name != "posix", reason="needs what POSIX has")
@pytest.mark.parametrize("command", [
    ("rref", "-"), ("rref", "-", "--json"), ("solve", "-"), ("fit", "-", "--y", "@2"), ("info",),
    ("orbit", "--star-mass", "1Msun", "--radius", "1au"), ("orbit", "--solar-system"), ("demo",),
    ("orbit", "--star-mass", "1Msun", "--radius", "1au", "--table", "-"), ("--help",), (),
    ("fit", "-h"), ("--version",)], ids=" ".join)
def test_a_closed_standard_output_is_one_line(command):
    result = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "mathwork",
                             *command], input=b"1 2\n3 5\n4 6\n", stderr=subprocess.PIPE,
                            timeout=120, check=False)
    assert result.returncode == 2
    assert result.stderr.decode().splitlines() == ["mathwork: standard output is closed"]


@pytest.mark.skipif(os.name != "posix", reason="needs what POSIX has")
def test_files_do_not_take_the_place_of_a_closed_standard_output(folder):
    np.savez("a.npz", 1)
    code = ("import os; from mathwork.__main__ import _occupy_closed_descriptors as occupy; "
            "occupy(); print(os.open('a.npz', os.O_RDONLY) > 2, file=open('told', 'w'))")
    subprocess.run(["sh", "-c", f'exec "{sys.executable}" -c "{code}" >&- <&-'], timeout=120,
                   check=True)
    assert (folder / "told").read_text() == "True\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(("command", "code"), [
    (("solve", "x+"), 2), (("orbit", "--star-mass", "1Msun"), 2),
    (("orbit", "--star-mass", "1Msun", "--radius", "1"), 0)])       # with a warning
def test_standard_error_that_cannot_be_written(command, code):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([sys.executable, "-m", "mathwork", *command], stderr=full,
                                stdout=subprocess.PIPE, timeout=120, check=False)
    assert result.returncode == code and bool(result.stdout) == (code == 0)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["demo", "info"])
def test_a_full_disk_is_one_line(command):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([sys.executable, "-m", "mathwork", command], stdout=full,
                                stderr=subprocess.PIPE, timeout=120, check=False)
    assert result.returncode == 2
    assert result.stderr.decode().splitlines() == [
        "mathwork: standard output: No space left on device"]
