# Lines fitted to many small sets of points: the arithmetic that groups and windows share.
#
#   add_point       the centred sums of a set with one more point
#   fit_of_sums     slope, intercept, correlation and standard errors of L sets, one a lane
#
# The sums are counted from one point of the set, (x0, y0). So every rounding is relative to the
# distance between points of the set, not to their distance from zero. No product is fused with a
# sum: all levels give the same bits.
#
# A set is first summed at its scale over 16. A few sets are summed again:
#
#   at another scale    if their squares leave the range of float64
#   with another y      if they lie near a line: then syy - sxy^2 / sxx loses digits.
#                       The new y is z = y - tilt x; tilt is the slope of the first sums
#
# Until then their status is PENDING or above.

from libc.math cimport ldexp

cdef enum:                  # beside the codes of status.pxi
    PENDING = 16            # plus 3 i + j: to be summed at scale i of x and scale j of y
    PENDING_LINE = 32       # plus the same: to be summed with a tilt

cdef enum:                  # where the sums of a set lie
    MEAN_X                  # from x0
    MEAN_Z                  # from y0
    SUM_XX                  # of products of distances from the means
    SUM_XZ
    SUM_ZZ
    SET_SUMS

cdef enum:                  # where the fields of a fit lie
    SLOPE
    INTERCEPT
    RVALUE
    STDERR
    INTERCEPT_STDERR
    FIELDS
    FIT_STATUS = FIELDS
    FIT_ROWS

cdef enum:
    SCALES = 3
    USUAL_EXPONENT = -4     # so that no difference of two finite numbers overflows
    WIDE_EXPONENT = 600     # for numbers that are too small; its negative for too large ones
    SAFE_EXPONENT = 900     # sums of squares between 2^-900 and 2^900 are good as they are
    LINE_EXPONENT = -20     # of ssr / syy: there ssr loses 6 of its 16 digits

ctypedef struct Scales:
    double x                # factor of x
    double y                # factor of y
    double half_slope       # slope * half_slope * half_slope, y * half_y * half_y are at scale 1;
    double half_y           # half_slope^2 and half_y^2 may overflow where these do not


cdef inline int exponent_of(int which) noexcept nogil:
    return USUAL_EXPONENT if which == 0 else WIDE_EXPONENT if which == 1 else -WIDE_EXPONENT


cdef inline Scales scales_of(int status) noexcept nogil:
    """The scales that a status asks for"""
    cdef int at_x = exponent_of(status % PENDING // SCALES)
    cdef int at_y = exponent_of(status % PENDING % SCALES)
    cdef Scales found
    found.x = ldexp(1, at_x)
    found.y = ldexp(1, at_y)
    found.half_slope = ldexp(1, (at_x - at_y) // 2)
    found.half_y = ldexp(1, -at_y // 2)
    return found


cdef inline void add_point(word x, word z, word share, word* sums) noexcept nogil:
    """Add the point at (x, z) from (x0, y0) to the sums; share = 1 / n, n counts this point

    mean += (x - mean) / n, sxz += (1 - 1 / n) (x - mean_x) (z - mean_z): Welford, "Note on a
    method for calculating corrected sums of squares and products", Technometrics 4(3), 1962.
    """
    cdef word off_x, off_z, step_x, step_z
    off_x = x - sums[MEAN_X]
    off_z = z - sums[MEAN_Z]
    step_x = off_x * share
    step_z = off_z * share
    sums[MEAN_X] = sums[MEAN_X] + step_x
    sums[MEAN_Z] = sums[MEAN_Z] + step_z
    step_x = off_x - step_x
    step_z = off_z - step_z
    sums[SUM_XX] = sums[SUM_XX] + step_x * off_x
    sums[SUM_XZ] = sums[SUM_XZ] + step_x * off_z
    sums[SUM_ZZ] = sums[SUM_ZZ] + step_z * off_z


cdef inline f64v scale_asked(f64v total, f64v mean) noexcept nogil:
    """The scale for a set with this sum of squares about its mean: 0 the usual, 1 larger, 2 smaller

    Numbers that are not small are equal or differ by no small number: their sum is 0 or good.
    """
    cdef f64v zero = fill(total, 0)
    cdef f64v asked = pick(total, fill(total, 2.0 ** -SAFE_EXPONENT), zero, fill(total, 1))
    asked = pick(absolute(mean), fill(total, 2.0 ** -300), zero, asked)
    return pick(fill(total, 2.0 ** SAFE_EXPONENT), total, asked, fill(total, 2))


cdef inline void fit_of_sums(
        f64v count, f64v share, f64v df_share, f64v x0, f64v y0, const f64v* sums, f64v tilt,
        f64v half_slope, f64v half_y, bint first, bint last, f64v* fit) noexcept nogil:
    """The fields and the status of a line through `count` points with these sums

    share = 1 / count, df_share = 1 / (count - 2) or any number for two points. The first time a
    set may be pending for its scale; every time but the last it may be pending for its line.
    """
    cdef f64v zero = fill(count, 0), one = fill(count, 1), nan = fill(count, NAN)
    cdef f64v mean_x = x0 + sums[MEAN_X], mean_y = y0 + (sums[MEAN_Z] + tilt * sums[MEAN_X])
    cdef f64v sxx = sums[SUM_XX], sxz = sums[SUM_XZ], szz = sums[SUM_ZZ]
    cdef f64v turn = sxz / sxx, slope = tilt + turn, sxy = sxz + tilt * sxx
    cdef f64v syy = szz + tilt * (sxz + sxy), width = sqrt_f64(sxx)
    cdef f64v r = pick(syy, zero, sxy / (width * sqrt_f64(syy)), zero)
    cdef f64v ssr = larger(zero, szz - turn * sxz), sigma = sqrt_f64(ssr * df_share)
    cdef f64v level = mean_x / width, near = fill(count, 2.0 ** LINE_EXPONENT) * syy
    cdef f64v status = zero, slope_out, near_one, asked, good, sure
    near_one = ssr / syy                # near a line r = sqrt(1 - ssr / syy) has all digits
    near_one = one - near_one * (fill(count, 0.5) + fill(count, 0.125) * near_one)
    r = pick(near, ssr, with_sign(near_one, r), r)
    r = pick(absolute(r), one, with_sign(one, r), r)
    # Two points are on their line: r is 1 or -1. The errors are unknown.
    r = pick(fill(count, 2.5), count, pick(absolute(r), zero, with_sign(one, r), r), r)
    slope_out = slope * half_slope * half_slope
    if not last:
        asked = pick(near, ssr, fill(count, PENDING_LINE), zero)
        # A slope outside the range of float64 is no tilt.
        asked = pick(absolute(slope_out), fill(count, 2.0 ** -1000), asked, zero)
        asked = pick(fill(count, 2.0 ** 1000), absolute(slope_out), asked, zero)
        asked = pick(count, fill(count, 2.5), asked, zero)
        status = pick(szz, near, asked, zero)
    status = pick(sxx, zero, status, fill(count, FIT_CONSTANT))
    if first:
        asked = fill(count, SCALES) * scale_asked(sxx, mean_x) + scale_asked(szz, mean_y)
        status = pick(asked, zero, fill(count, PENDING) + asked, status)
    status = pick(fill(count, INFINITY), absolute(mean_x) + absolute(mean_y), status,
                  fill(count, FIT_NOT_FINITE))
    status = pick(count, fill(count, 1.5), status, fill(count, FIT_TOO_FEW))
    # NaN is picked, not added: the compiler decides which of two NaN their sum is.
    good = pick(fill(count, PENDING), status, pick(status, zero, zero, one), one)
    sure = pick(count, fill(count, 2.5), good, zero)
    fit[SLOPE] = pick(good, zero, slope_out, nan)
    fit[INTERCEPT] = pick(good, zero, (mean_y - slope * mean_x) * half_y * half_y, nan)
    fit[RVALUE] = pick(good, zero, r, nan)
    fit[STDERR] = pick(sure, zero, sigma / width * half_slope * half_slope, nan)
    fit[INTERCEPT_STDERR] = pick(
        sure, zero, sigma * sqrt_f64(share + level * level) * half_y * half_y, nan)
    fit[FIT_STATUS] = status
