# Columns of a row-major matrix as registers. Its blocks are transposed while they are read.

cdef extern from "_transpose.h" nogil:
    void load_columns_f32(f32v*, const float*, Py_ssize_t, Py_ssize_t)
    void load_columns_f64(f64v*, const double*, Py_ssize_t, Py_ssize_t)
    void load_columns_f32h(f32h*, const float*, Py_ssize_t, Py_ssize_t)
    void load_columns_f64h(f64h*, const double*, Py_ssize_t, Py_ssize_t)
    void store_quads_f32(const f32v*, float*)


cdef inline void load_some_columns(vectors* v, const real* p, Py_ssize_t ld,
                                   Py_ssize_t count) noexcept nogil:
    """v[k][i] = p[i, k], k < count, of an L x L block; it may load a few more columns"""
    if vectors is f32v and real is float:
        load_columns_f32(v, p, ld, count)
    elif vectors is f64v and real is double:
        load_columns_f64(v, p, ld, count)
    elif vectors is f32h and real is float:
        load_columns_f32h(v, p, ld, count)
    elif vectors is f64h and real is double:
        load_columns_f64h(v, p, ld, count)


cdef inline void load_columns(vectors* v, const real* p, Py_ssize_t ld) noexcept nogil:
    """v[k][i] = p[i, k]: the columns of an L x L block"""
    load_some_columns(v, p, ld, lanes_in(v[0]))
