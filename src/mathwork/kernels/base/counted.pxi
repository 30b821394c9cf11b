# Public classes of results whose objects are freed when nobody refers to them.
#
# Python gives every class that it makes a place in the collector of cycles. An object then has a
# larger header, and is put on a list and taken off it: about 30 ns. An object of a kernel class
# without the collector holds arrays and numbers. It takes part in no cycle that the collector could
# break, and neither does one of a public class that adds no member to it.

from cpython.object cimport PyObject_Free, Py_TPFLAGS_HAVE_GC, freefunc


cdef tuple layout(cls):
    """Return what differs if a class adds members: a __dict__ may lie before the object"""
    return cls.__basicsize__, cls.__dictoffset__, cls.__weakrefoffset__


cdef object counted(object cls, type kernel):
    """Return cls, a new public class of a kernel class, out of the reach of the collector

    A class that adds members stays as it is, and so does one of a kernel class with the collector.
    """
    cdef PyTypeObject* public = <PyTypeObject*>cls
    if (cls.__base__ is kernel and layout(cls) == layout(kernel)
            and not (<PyTypeObject*>kernel).tp_flags & Py_TPFLAGS_HAVE_GC):
        public.tp_flags &= ~Py_TPFLAGS_HAVE_GC
        public.tp_free = <freefunc>PyObject_Free
        public.tp_traverse = NULL
        public.tp_clear = NULL
    return cls
