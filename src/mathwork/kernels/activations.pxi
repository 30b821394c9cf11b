# Activation functions over registers, over contiguous memory, and over rows (softmax).
#
# Bits: every result depends on its element alone (on its row alone, for softmax), not on
# where it stands nor on how many lanes a register has. Tails go through a padded register.

cdef enum:
    IDENTITY
    RELU
    SIGMOID
    TANH
    SOFTPLUS
    SILU
    GELU
    SELU
    LEAKY_RELU
    ELU
    SOFTMAX
    LOG_SOFTMAX

activation_codes = {
    "identity": IDENTITY, "relu": RELU, "sigmoid": SIGMOID, "tanh": TANH,
    "softplus": SOFTPLUS, "silu": SILU, "gelu": GELU, "selu": SELU,
    "leaky_relu": LEAKY_RELU, "elu": ELU, "softmax": SOFTMAX, "log_softmax": LOG_SOFTMAX,
}


cdef inline lanes relu(lanes x) noexcept nogil:
    """max(x, 0): the sum turns -0.0 into 0.0"""
    return larger(fill(x, 0), x) + fill(x, 0)


cdef inline lanes leaky_relu(lanes x, lanes slope) noexcept nogil:
    """x where x > 0, else slope x"""
    return pick(x, fill(x, 0), x, slope * x)


cdef inline lanes logistic_tail(lanes x, lanes* scale) noexcept nogil:
    """e^x / (1 + e^x) = result scale for x <= 0"""
    cdef lanes low
    cdef lanes high = exponential(x, &low, scale)
    return fraction(high, low, scale[0], 1)


cdef inline lanes sigmoid(lanes x) noexcept nogil:
    """1 / (1 + e^-x): w = e^-|x| / (1 + e^-|x|) where x < 0, else 1 - w"""
    cdef lanes scale
    cdef lanes w = logistic_tail(not_below(-110, -760, minus_absolute(x)), &scale)
    return pick(fill(x, 0), x, w * scale, minus_mul(w, scale, fill(x, 1)))


cdef inline lanes silu(lanes x) noexcept nogil:
    """x / (1 + e^-x) = max(x, 0) - a e^-a / (1 + e^-a), a = |x|"""
    cdef lanes scale
    cdef lanes minus_a = not_below(-110, -760, minus_absolute(x))
    cdef lanes w = logistic_tail(minus_a, &scale)
    return mul_add(minus_a * w, scale, larger(fill(x, -0.0), x))


cdef inline lanes tanh(lanes x) noexcept nogil:
    """-v / (2 + v), v = e^(-2|x|) - 1, with the sign of x"""
    cdef lanes low
    cdef lanes high = exponential_less_one(not_below(-60, -60, fill(x, 2) * minus_absolute(x)), &low)
    return with_sign(absolute(fraction(high, low, fill(x, 1), 2)), x)


cdef inline lanes softplus(lanes x) noexcept nogil:
    """log(1 + e^x) = max(x, 0) + 2 atanh(s), s = v / (2 + v), v = e^-|x|"""
    cdef lanes low, scale, s, square, p
    cdef lanes high = exponential(not_below(-110, -760, minus_absolute(x)), &low, &scale)
    high = fraction(high, low, scale, 2)
    s = high * scale
    square = s * s
    # 2 atanh(s) = 2 s + s^3 p(s^2), s^2 <= 1/9: relative error 2^-30.4 and 2^-58
    if lanes is f32v:
        p = mul_add(fill(x, 0.24300933), square, fill(x, 0.21427658))
        p = mul_add(p, square, fill(x, 0.28616884))
        p = mul_add(p, square, fill(x, 0.39998877))
        p = mul_add(p, square, fill(x, 0.66666675))
    else:
        p = mul_add(fill(x, 0.17018576956632486), square, fill(x, 0.08340100851529497))
        p = mul_add(p, square, fill(x, 0.12106086337313189))
        p = mul_add(p, square, fill(x, 0.1330097358643145))
        p = mul_add(p, square, fill(x, 0.15386559921989076))
        p = mul_add(p, square, fill(x, 0.18181743925038346))
        p = mul_add(p, square, fill(x, 0.2222222396972584))
        p = mul_add(p, square, fill(x, 0.28571428547854005))
        p = mul_add(p, square, fill(x, 0.40000000000157243))
        p = mul_add(p, square, fill(x, 0.6666666666666631))
    high = mul_add(high, square * p, 2 * high)
    return mul_add(high, scale, larger(fill(x, 0), x))


cdef inline lanes gelu(lanes x) noexcept nogil:
    """x Phi(x) = max(x, 0) - a Phi(-a), a = |x|, Phi(-a) = e^(-a^2 / 2) P(t) / (a + 4),
    t = (a - 4) / (a + 4)"""
    cdef lanes a = -not_below(-15, -40, minus_absolute(x))
    cdef lanes reciprocal = 1 / (a + 4)
    cdef lanes t = (a - 4) * reciprocal
    # -a^2 / 2 = square + low: the short part of a has an exact square
    cdef lanes magic = fill(x, 98304.0 if lanes is f32v else 6442450944.0)     # 1.5 * 2^16, 2^32
    cdef lanes short = (a + magic) - magic
    cdef lanes high = fill(x, -0.5) * short * short
    cdef lanes low = fill(x, -0.5) * (a - short) * (a + short)
    cdef lanes square = high + low
    cdef lanes scale, p, q
    low = low - (square - high)
    q = power(reduced(square, True, &scale) + low)
    if lanes is f32v:
        p = mul_add(fill(x, -4.506045e-05), t, fill(x, -0.00021928284))
        p = mul_add(p, t, fill(x, 0.00017185995))
        p = mul_add(p, t, fill(x, 0.0016354853))
        p = mul_add(p, t, fill(x, -0.0034922205))
        p = mul_add(p, t, fill(x, -0.0075426134))
        p = mul_add(p, t, fill(x, 0.060398355))
        p = mul_add(p, t, fill(x, -0.18652157))
        p = mul_add(p, t, fill(x, 0.3871373))
        p = mul_add(p, t, fill(x, -0.6078966))
        p = mul_add(p, t, fill(x, 0.75528514))
    else:
        p = mul_add(fill(x, -1.225724990882005e-09), t, fill(x, -4.0240961995137824e-10))
        p = mul_add(p, t, fill(x, 1.4681928217227202e-08))
        p = mul_add(p, t, fill(x, 1.627969752534568e-08))
        p = mul_add(p, t, fill(x, -7.723710745039713e-08))
        p = mul_add(p, t, fill(x, -1.5689180701093942e-07))
        p = mul_add(p, t, fill(x, 2.6410998083000047e-07))
        p = mul_add(p, t, fill(x, 1.0220965154108805e-06))
        p = mul_add(p, t, fill(x, -6.251635966869673e-07))
        p = mul_add(p, t, fill(x, -5.920128841324159e-06))
        p = mul_add(p, t, fill(x, 7.14937267285946e-07))
        p = mul_add(p, t, fill(x, 3.514460636244378e-05))
        p = mul_add(p, t, fill(x, -1.9078315418334505e-06))
        p = mul_add(p, t, fill(x, -0.00023109491095606475))
        p = mul_add(p, t, fill(x, 0.000133344246195552))
        p = mul_add(p, t, fill(x, 0.001630818454148988))
        p = mul_add(p, t, fill(x, -0.0034796923613646773))
        p = mul_add(p, t, fill(x, -0.007540188966493395))
        p = mul_add(p, t, fill(x, 0.0603965748906538))
        p = mul_add(p, t, fill(x, -0.18652185795966358))
        p = mul_add(p, t, fill(x, 0.3871374007422197))
        p = mul_add(p, t, fill(x, -0.6078966419718921))
        p = mul_add(p, t, fill(x, 0.7552851304157515))
    p = a * (p * reciprocal)
    return minus_mul(mul_add(p, q, p), scale, larger(fill(x, -0.0), x))


cdef inline lanes elu(lanes x, lanes alpha) noexcept nogil:
    """x where x > 0, else alpha (e^x - 1)"""
    cdef lanes low
    cdef lanes v = exponential_less_one(not_below(-60, -60, minus_absolute(x)), &low)
    return pick(x, fill(x, 0), x, alpha * with_sign(absolute(v), x))


cdef inline lanes selu(lanes x) noexcept nogil:
    """1.0507 x where x > 0, else 1.0507 1.6733 (e^x - 1): Klambauer et al. 2017"""
    cdef lanes low
    cdef lanes v = absolute(exponential_less_one(not_below(-60, -60, minus_absolute(x)), &low))
    v = pick(x, fill(x, 0), fill(x, 1.0507009873554804934) * x, fill(x, 1.7580993408473768599) * v)
    return with_sign(absolute(v), x)


cdef void sweep(lanes like, int code, double parameter, Py_ssize_t n,
                const real* x, real* y) noexcept nogil:
    """y[n] = activation(x[n]), n a multiple of the lane count; y may be x"""
    cdef Py_ssize_t i, L = lane_count(y)
    cdef lanes v
    cdef lanes p = fill(like, parameter)
    if code == RELU:
        for i in range(n // L):
            load(&v, x + i * L)
            store(y + i * L, relu(v))
    elif code == SIGMOID:
        for i in range(n // L):
            load(&v, x + i * L)
            store(y + i * L, sigmoid(v))
    elif code == TANH:
        for i in range(n // L):
            load(&v, x + i * L)
            store(y + i * L, tanh(v))
    elif code == SOFTPLUS:
        for i in range(n // L):
            load(&v, x + i * L)
            store(y + i * L, softplus(v))
    elif code == SILU:
        for i in range(n // L):
            load(&v, x + i * L)
            store(y + i * L, silu(v))
    elif code == GELU:
        for i in range(n // L):
            load(&v, x + i * L)
            store(y + i * L, gelu(v))
    elif code == SELU:
        for i in range(n // L):
            load(&v, x + i * L)
            store(y + i * L, selu(v))
    elif code == LEAKY_RELU:
        for i in range(n // L):
            load(&v, x + i * L)
            store(y + i * L, leaky_relu(v, p))
    elif code == ELU:
        for i in range(n // L):
            load(&v, x + i * L)
            store(y + i * L, elu(v, p))
    elif y != x:
        memcpy(y, x, n * sizeof(real))


cdef inline void activate(lanes like, int code, double parameter, Py_ssize_t n, real* y) noexcept nogil:
    """y[n] = activation(y[n]), n a multiple of the lane count"""
    sweep(like, code, parameter, n, y, y)


cdef inline void activate_any(lanes like, int code, double parameter, Py_ssize_t n,
                       const real* x, real* y) noexcept nogil:
    """y[n] = activation(x[n]) for any n; y may be x"""
    cdef real tail[16]
    cdef Py_ssize_t whole = n - n % lane_count(y)
    sweep(like, code, parameter, whole, x, y)
    if whole < n:
        memset(tail, 0, sizeof(tail))
        memcpy(tail, x + whole, (n - whole) * sizeof(real))
        sweep(like, code, parameter, lane_count(y), <const real*>tail, <real*>tail)
        memcpy(y + whole, tail, (n - whole) * sizeof(real))


# ---- rows: softmax ----
# A row is taken in stripes of 64 bytes whatever the level: STRIPE lanes, each with its own
# sum, and these are added at the end as a tree. A last part is filled up with -inf.

cdef inline Py_ssize_t stripe_length(const real* like) noexcept nogil:
    return 64 // sizeof(real)


cdef inline real tree(bint largest, real* v) noexcept nogil:
    """sum or maximum of the stripe v"""
    cdef Py_ssize_t i, half = stripe_length(v) // 2
    while half:
        for i in range(half):
            if largest:
                v[i] = v[i] if v[i] > v[i + half] else v[i + half]
            else:
                v[i] = v[i] + v[i + half]
        half = half // 2
    return v[0]


cdef inline const real* stripe(const real* x, Py_ssize_t left, real* buffer) noexcept nogil:
    """the stripe at x, or what is left of it and -inf in the buffer"""
    cdef Py_ssize_t i
    if left >= stripe_length(x):
        return x
    for i in range(stripe_length(x)):
        buffer[i] = x[i] if i < left else <real>-INFINITY
    return <const real*>buffer


cdef inline real largest_of(lanes like, Py_ssize_t n, const real* x) noexcept nogil:
    """the largest element; not NaN unless the last are"""
    cdef real buffer[16]
    cdef lanes best[16]
    cdef lanes v
    cdef Py_ssize_t i, j, L = lane_count(x), S = stripe_length(x)
    cdef const real* part
    for j in range(S // L):
        best[j] = fill(like, -INFINITY)
    i = 0
    while i < n:
        part = stripe(x + i, n - i, buffer)
        for j in range(S // L):
            load(&v, part + j * L)
            best[j] = larger(best[j], v)
        i += S
    for j in range(S // L):
        store(buffer + j * L, best[j])
    return tree(True, buffer)


cdef void softmax_row(lanes like, bint logarithm, Py_ssize_t n,
                      const real* x, real* y) noexcept nogil:
    """y[n] = e^(x[n] - m) / s or x[n] - m - log s, m = max x, s = sum e^(x - m); y may be x"""
    cdef real buffer[16]
    cdef lanes rest[16]     # of each lane: sum of e^(x - m) over x < m
    cdef lanes ties[16]     # and over x = m, where e^0 = 1
    cdef lanes v, e, low, scale, one
    cdef Py_ssize_t i, j, L = lane_count(x), S = stripe_length(x)
    cdef const real* part
    cdef double total, log_total
    cdef lanes top = fill(like, largest_of(like, n, x))
    cdef lanes bottom = top - fill(like, 110 if lanes is f32v else 760)
    for j in range(S // L):
        rest[j] = fill(like, 0)
        ties[j] = fill(like, 0)
    i = 0
    while i < n:
        part = stripe(x + i, n - i, buffer)
        for j in range(S // L):
            load(&v, part + j * L)
            one = pick(top, v, fill(like, 0), fill(like, 1))
            v = larger(bottom, v)
            e = exponential(v - top, &low, &scale) * scale
            rest[j] = rest[j] + (e - one)
            ties[j] = ties[j] + one
            if not logarithm:
                if part == x + i:
                    store(y + i + j * L, e)
                else:
                    store(buffer + j * L, e)
        if not logarithm and part != x + i:
            memcpy(y + i, buffer, (n - i) * sizeof(real))
        i += S
    for j in range(S // L):
        store(buffer + j * L, rest[j])
    total = tree(False, buffer)
    for j in range(S // L):
        store(buffer + j * L, ties[j])
    if logarithm:
        log_total = log1p(total + (tree(False, buffer) - 1))
    else:
        total = total + tree(False, buffer)
    if total != total:
        total = NAN
        log_total = NAN
    i = 0
    while i < n:
        part = stripe(<const real*>(x if logarithm else y) + i, n - i, buffer)
        for j in range(S // L):
            load(&v, part + j * L)
            v = v - top - fill(like, log_total) if logarithm else v / fill(like, total)
            if part == buffer:
                store(buffer + j * L, v)
            else:
                store(y + i + j * L, v)
        if part == buffer:
            memcpy(y + i, buffer, (n - i) * sizeof(real))
        i += S
