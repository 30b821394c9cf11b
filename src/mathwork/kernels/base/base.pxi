# The base of every topic: registers, memory, columns, and the parts that doors share. Every module
# of kernels includes this file first.

cimport cython
cimport numpy as cnp
from cpython.object cimport PyObject, PyTypeObject
from libc.math cimport INFINITY, NAN
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

import numpy as np

import mathwork._arrays as _arrays
import mathwork._workers as _workers

cnp.import_array()
cnp.import_umath()

include "kernels/base/lanes.pxi"
include "kernels/base/memory.pxi"
include "kernels/base/columns.pxi"
include "kernels/base/interrupts.pxi"
include "kernels/base/doors.pxi"
