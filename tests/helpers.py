"""Small functions for many tests."""
import contextlib
import os
import subprocess
import sys

import pytest

from mathwork import _levels
from mathwork._levels import core as kernels

# Every activation as a layer of any width takes it; a parameter is not the default.
PARAMETERS = {"leaky_relu": (0.2,), "elu": (1.5,), "celu": (1.5,), "clip": (-0.5, 2.0),
              "prelu": (0.3,)}
ACTIVATIONS = [(name, *PARAMETERS[name]) if name in PARAMETERS else name
               for name in kernels.activation_codes] + [("softplus", 2.5)]
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS,
                                           ids=[*kernels.activation_codes, "softplus(2.5)"])


def three_of(activation):
    """The activations of three layers, all `activation`, but exp, which grows too fast, once."""
    return ["sigmoid", "sigmoid", "exp"] if activation == "exp" else [activation] * 3


@contextlib.contextmanager
def raises(kind, message):
    """Assert that exactly this exception is raised with exactly this message."""
    with pytest.raises(kind) as info:
        yield
    assert type(info.value) is kind
    assert str(info.value) == message


# What an error says of a dtype without real numbers, and what helps.
OF_COMPLEX = "complex128: take its .real, .imag or abs()"
OF_NONE = "object: None is no number, write NaN for a gap"


def same_bits(left, right):
    """Return whether two arrays have equal shapes, dtypes and bytes."""
    return (left.shape == right.shape and left.dtype == right.dtype
            and left.tobytes() == right.tobytes())


def names_kernels(pickled):
    """Return whether a pickle names a module of kernels; no pickle may depend on a level."""
    return any(f"mathwork._{topic}".encode() in pickled for topic in _levels.TOPICS)


def network_of(kernels, layers, dtype):
    """Return a network of these layers that runs on the kernels of one level."""
    return type("LevelNetwork", (kernels.ForwardPass,), {})(tuple(layers), dtype)


def run_python(code, *, timeout=60, **environment):
    """Return (exit code, stdout, stderr) of a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=timeout, env=os.environ | environment, check=False)
    return done.returncode, done.stdout, done.stderr
