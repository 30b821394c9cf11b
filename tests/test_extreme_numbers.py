"""Every public call with the smallest and the largest numbers, and every part of what it returns.

NumPy is told to raise where it would keep silent (underflow) or warn: no public name may do either.
"""
import inspect
import itertools
import warnings
from functools import partial

import numpy as np
import pytest
from hostile_calls import DOCUMENTED, FOREIGN, WARNINGS, Case, called
from hostile_examples import EXAMPLES, SLOW, ax, public_names

from mathwork.nn import Dense, LayerNorm, Network, Networks, RMSNorm, Training, Trainings

PUBLIC = public_names()
EXPECTED = DOCUMENTED | {"DivergenceError", "AttributeError"}       # a field of other fits
SMALL = np.array([3e-310, 5e-324, 2e-162, 1e-300, 4e-46, 7e-39])
LARGE = np.array([-1e308, 3e38, 1e155, 2e300, -7e19, 1.7e308])

# Numbers of other sizes in the places of the numbers of an example
FORMS = {
    "denormal": lambda array: array * 1e-310,
    "tiny": lambda array: array * 1e-200,
    "below float32": lambda array: array * 1e-42,
    "huge": lambda array: array * 1e305,
    "beyond float32": lambda array: array * 1e39,
    "small mixed": lambda array: array * np.resize(SMALL, array.shape),
    "large mixed": lambda array: array * np.resize(LARGE, array.shape),
    "all mixed": lambda array: array * np.resize([*SMALL, 1, *LARGE], array.shape),
    "long": lambda array: array.astype(np.longdouble) * np.longdouble("1e-4000"),
    "denormal float32": lambda array: (array * 1e-42).astype(np.float32),
    "huge float32": lambda array: (array * 3e37).astype(np.float32),
}


def scaled(call, form):
    """The call with other numbers in its arrays of real and complex floats"""
    def other(name, value):
        kind = value.dtype.kind if isinstance(value, np.ndarray) and name != "out" else ""
        if kind == "c":
            return form(value.real.astype(float)) + 1j * form(value.imag.astype(float))
        if kind == "f":
            return form(value.astype(float))
        return float(form(np.array(value))) if type(value) is float else value

    with np.errstate(all="ignore"):
        return {name: other(name, value) for name, value in call.items()}


def methods_of(value):
    """The names of the public methods of an object of ours that take the object alone or more"""
    names = {public: name for name, public in PUBLIC.items() if inspect.isclass(public)}
    prefix = next((names[base] for base in type(value).__mro__ if base in names), None)
    return [name for name in PUBLIC if name.rpartition(".")[0] == prefix and name not in SLOW
            and "self" in EXAMPLES[name]()[0]]


def parts_of(value):
    """(name, what reads it) of every public part of an object of ours, and of its pictures"""
    for name in dir(type(value)):
        if not name.startswith("_") and not callable(getattr(type(value), name)):
            yield f".{name}", lambda name=name: getattr(value, name)
    yield " as text", lambda: (repr(value), str(value))
    yield " as a key", lambda: hash(value)
    if hasattr(value, "_repr_html_"):
        yield " as HTML", value._repr_html_


def complaint(work):
    """(what is wrong with a call or "", its result)"""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="raise"):
        warnings.simplefilter("always")
        try:
            result = work()
        except Exception as error:
            kinds = {base.__name__ for base in type(error).__mro__}
            return "" if kinds & EXPECTED else f"{type(error).__name__}: {error}", None
    return next((str(warning.message) for warning in caught
                 if warning.category.__name__ not in WARNINGS), ""), result


def call(name, arguments):
    if "ax" in arguments:
        arguments = {**arguments, "ax": ax()}       # without what other calls have drawn
    return called(Case(name, PUBLIC[name], 0, arguments, "", "", None), arguments)


def complaints(name):
    """What is wrong with the calls of a name in every form, and with what they return"""
    for example, (form, change) in itertools.product(EXAMPLES[name](), FORMS.items()):
        for only in (None, *example):
            changed = scaled(example if only is None else {only: example[only]}, change)
            wrong, result = complaint(partial(call, name, {**example, **changed}))
            yield f"{form} {only or ''}", wrong
            if only is None and type(result).__module__.startswith("mathwork"):
                yield from complaints_about(result, form, change)


def complaints_about(value, form, change):
    for part, work in parts_of(value):
        yield f"{form}{part}", complaint(work)[0]
    for method in methods_of(value):
        for given in EXAMPLES[method]():
            for arguments in (given, scaled(given, change)):
                work = partial(call, method, {**arguments, "self": value})
                yield f"{method} of {form}", complaint(work)[0]


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in SLOW
                                  and not FOREIGN.match(name)])
def test_no_number_makes_numpy_complain(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(complaints(name))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nor_do_the_weights_of_networks(form, dtype, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    change, like = FORMS[form], EXAMPLES["nn.Network.trace"]()[0]["self"]
    with np.errstate(all="ignore"):
        ones = change(np.ones(like.sizes[0])).astype(float)
        layers = [LayerNorm(ones, ones), RMSNorm(ones),
                  *(Dense(change(layer.weight.astype(float)), change(layer.bias.astype(float)),
                          layer.activation) for layer in like.layers)]
    wrong, network = complaint(lambda: Network(layers, dtype=dtype))
    assert not wrong
    check(complaints_about(network, form, change))
    check(complaints_about(Networks([network] * 3), form, change))


@pytest.mark.parametrize("loss", [1.7e308, 5e-324])
def test_losses_of_any_size_are_drawn(loss):
    pytest.importorskip("matplotlib")
    net = EXAMPLES["nn.Network.trace"]()[0]["self"]
    history = {"loss": np.full(3, loss), "learning_rate": np.full(3, 0.1)}
    many = {name: np.tile(values, (2, 1)) for name, values in history.items()}
    for trained in (Training(net, history, "trained"),
                    Trainings(Networks([net] * 2), many, np.zeros(2, np.int8))):
        for work in (trained._repr_html_, partial(trained.plot, ax())):
            assert not complaint(work)[0]


def check(complaints):
    found = dict.fromkeys(f"{where}: {wrong}" for where, wrong in complaints if wrong)
    assert not found, "\n".join(found)
