"""Awkward arrays: layouts with the same meaning as a clean copy, and memory with guarded ends."""
import ctypes
import mmap
import sys

import numpy as np
import pytest


class Subclass(np.ndarray):
    """An ndarray with another name."""


# ---- layouts ----

def _strided(array):
    wide = np.full([2 * size for size in array.shape], -1e30, array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def _reversed(array):
    everywhere = tuple(slice(None, None, -1) for _ in array.shape)
    return array[everywhere].copy()[everywhere]


def _misaligned(array):
    raw = np.empty(array.nbytes + 1, np.uint8)
    view = raw[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def _read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _offset(array):
    """Aligned to an element, not to a register."""
    view = np.empty(array.size + 1, array.dtype)[1:].reshape(array.shape)
    view[...] = array
    return view


LAYOUTS = {
    "offset": _offset,
    "fortran": lambda array: np.asfortranarray(array.copy()),
    "strided": _strided,
    "reversed": _reversed,
    "byte_swapped": lambda array: array.astype(array.dtype.newbyteorder()),
    "misaligned": _misaligned,
    "read_only": _read_only,
    "subclass": lambda array: array.copy().view(Subclass),
    "byte_swapped_reversed": lambda array: _reversed(array.astype(array.dtype.newbyteorder())),
}


# ---- guarded memory ----

def guarded(array, side):
    """Return a copy of `array`; its first or last byte touches a page that must not be touched.

    `side` is "start" or "end". Reading or writing past it ends the process.
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("guard pages are made with Linux's mprotect")
    page = mmap.PAGESIZE
    pages = -(-array.nbytes // page)
    memory = mmap.mmap(-1, (pages + 2) * page)
    raw = np.frombuffer(memory, np.uint8)
    libc = ctypes.CDLL(None, use_errno=True)
    for start in (raw.ctypes.data, raw.ctypes.data + (pages + 1) * page):
        if libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(page), 0):   # PROT_NONE
            raise OSError(ctypes.get_errno(), "mprotect")
    first = page if side == "start" else (pages + 1) * page - array.nbytes
    view = raw[first:first + array.nbytes].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


class Fenced:
    """An array to write to, between two fences of bytes that must not change."""

    FENCE = 256

    def __init__(self, shape, dtype):
        dtype = np.dtype(dtype)
        size = dtype.itemsize * int(np.prod(shape))
        self._raw = np.full(2 * self.FENCE + size, 0xA5, np.uint8)
        self.array = self._raw[self.FENCE:self.FENCE + size].view(dtype).reshape(shape)

    def is_whole(self):
        return bool((self._raw[:self.FENCE] == 0xA5).all()
                    and (self._raw[len(self._raw) - self.FENCE:] == 0xA5).all())
