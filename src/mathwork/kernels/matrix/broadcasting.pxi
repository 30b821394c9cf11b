# Stacks that broadcast as NumPy's do: which slice of each operand goes with a slice of the result.
#
#   join_axes     the axes of two stacks together
#   add_operand   an operand that goes along
#   begin_walk    stand at a slice of the result
#   next_slice    go on to the next one
#
# Operands are contiguous, so a slice is a number. An operand repeats its slices along an axis that
# it lacks, or has once.

cdef enum:
    MOST_OPERANDS = 3

cdef struct Walk:
    int axes
    int operands
    Py_ssize_t[MAX_DIMENSIONS] shape
    Py_ssize_t[MAX_DIMENSIONS] at
    Py_ssize_t[MOST_OPERANDS][MAX_DIMENSIONS] step      # in slices
    Py_ssize_t[MOST_OPERANDS] slice                     # of each operand, where the walk stands


cdef bint join_axes(Walk* walk, cnp.ndarray operand, int trailing) noexcept:
    """Widen the shape of the walk by the leading axes of an operand; False if that cannot be"""
    cdef int axes = cnp.PyArray_NDIM(operand) - trailing, grown = max(axes - walk.axes, 0), axis
    cdef Py_ssize_t size
    for axis in range(walk.axes - 1, -1, -1):
        walk.shape[axis + grown] = walk.shape[axis]
    for axis in range(grown):
        walk.shape[axis] = 1
    walk.axes += grown
    for axis in range(axes):
        size = operand.shape[axis]
        if walk.shape[axis + walk.axes - axes] == 1:
            walk.shape[axis + walk.axes - axes] = size
        elif size != 1 and size != walk.shape[axis + walk.axes - axes]:
            return False
    return True


cdef void add_operand(Walk* walk, cnp.ndarray operand, int trailing) noexcept:
    """Take an operand along whose leading axes have joined"""
    cdef int axes = cnp.PyArray_NDIM(operand) - trailing, axis, lacking = walk.axes - axes
    cdef Py_ssize_t* step = walk.step[walk.operands]
    cdef Py_ssize_t slices = 1
    for axis in range(lacking):
        step[axis] = 0
    for axis in range(axes - 1, -1, -1):
        step[lacking + axis] = slices if operand.shape[axis] != 1 else 0
        slices *= operand.shape[axis]
    walk.operands += 1


cdef void begin_walk(Walk* walk, Py_ssize_t start) noexcept nogil:
    """Stand at slice `start` of the result, which has slices"""
    cdef int axis, operand
    for operand in range(walk.operands):
        walk.slice[operand] = 0
    for axis in range(walk.axes - 1, -1, -1):
        walk.at[axis] = start % walk.shape[axis]
        start //= walk.shape[axis]
        for operand in range(walk.operands):
            walk.slice[operand] += walk.at[axis] * walk.step[operand][axis]


cdef inline void next_slice(Walk* walk) noexcept nogil:
    cdef int axis = walk.axes - 1, operand
    while axis >= 0:
        walk.at[axis] += 1
        for operand in range(walk.operands):
            walk.slice[operand] += walk.step[operand][axis]
        if walk.at[axis] < walk.shape[axis]:
            return
        for operand in range(walk.operands):
            walk.slice[operand] -= walk.shape[axis] * walk.step[operand][axis]
        walk.at[axis] = 0
        axis -= 1
