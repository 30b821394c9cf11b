# A step length along a direction that meets the strong Wolfe conditions: Nocedal and Wright 2006,
# algorithms 3.5 and 3.6, with cubic interpolation (3.59).

cdef enum:
    MOST_TRIALS = 40

cdef struct Trial:
    double length
    double loss
    double slope            # the derivative along the direction


cdef double cubic_minimum(const Trial* a, const Trial* b) noexcept nogil:
    """The minimum of the cubic through both trials; their middle where there is none inside"""
    cdef double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
    cdef double square = d1 * d1 - a.slope * b.slope, d2, found
    cdef double low = min(a.length, b.length), high = max(a.length, b.length)
    cdef double middle = 0.5 * (low + high), margin = 0.1 * (high - low)
    if not square >= 0:
        return middle
    d2 = sqrt(square) if b.length > a.length else -sqrt(square)
    found = b.length - (b.length - a.length) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
    if not (found >= low + margin and found <= high - margin):
        return middle
    return found


cdef inline bint falls_enough(const Trial* start, const Trial* trial) noexcept nogil:
    """Armijo: the loss is below a line of 1e-4 of the first slope"""
    return trial.loss <= start.loss + 1e-4 * trial.length * start.slope


cdef inline bint is_flat(const Trial* start, const Trial* trial) noexcept nogil:
    """Curvature: at most 0.9 of the first slope is left"""
    return fabs(trial.slope) <= -0.9 * start.slope
