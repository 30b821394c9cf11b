# One step of an optimiser, from the gradient g of the loss by the parameters w. m and v are its
# memory. All loops go over whole registers; vectors are padded with zeros.

from libc.math cimport isfinite

cdef enum:
    SGD
    ADAM
    ADAMW

rule_codes = {"sgd": SGD, "adam": ADAM, "adamw": ADAMW}

cdef struct Rule:
    int kind
    bint nesterov
    double rate             # the learning rate
    double decay            # of weights: an L2 penalty; for adamw a factor on the weights
    double momentum
    double beta1, beta2     # of the means of g and g^2
    double eps
    double power1, power2   # beta1^t and beta2^t after t steps
    Py_ssize_t steps        # t


cdef bint all_finite(Py_ssize_t n, const real* w) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        if not isfinite(w[i]):
            return False
    return True


cdef void sgd_step(lanes like, const Rule* rule, Py_ssize_t n, const real* gradient, real* w,
                   real* m) noexcept nogil:
    """g = gradient + decay w; m = momentum m + g; w -= rate m, or rate (g + momentum m)"""
    cdef lanes g, p, u, rate = fill(like, rule.rate), decay = fill(like, rule.decay)
    cdef lanes momentum = fill(like, rule.momentum)
    cdef bint plain = rule.momentum == 0, first = rule.steps == 0, nesterov = rule.nesterov
    cdef Py_ssize_t i, L = lane_count(w)
    for i in range(n // L):
        load(&g, gradient + i * L)
        load(&p, <const real*>(w + i * L))
        g = mul_add(decay, p, g)
        if not plain:
            load(&u, <const real*>(m + i * L))
            u = g if first else mul_add(momentum, u, g)
            store(m + i * L, u)
            g = mul_add(momentum, u, g) if nesterov else u
        store(w + i * L, minus_mul(rate, g, p))


cdef void adam_step(lanes like, const Rule* rule, Py_ssize_t n, const real* gradient, real* w,
                    real* m, real* v) noexcept nogil:
    """m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
    w -= rate / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps): Kingma and Ba 2015

    With decay, adam adds decay w to g, and adamw multiplies w by 1 - rate decay: Loshchilov and
    Hutter 2019.
    """
    cdef lanes g, p, u, s
    cdef lanes kept1 = fill(like, rule.beta1), new1 = fill(like, 1 - rule.beta1)
    cdef lanes kept2 = fill(like, rule.beta2), new2 = fill(like, 1 - rule.beta2)
    cdef lanes rate = fill(like, rule.rate / (1 - rule.power1))
    cdef lanes growth = fill(like, 1 / sqrt(1 - rule.power2)), eps = fill(like, rule.eps)
    cdef lanes penalty = fill(like, 0 if rule.kind == ADAMW else rule.decay)
    cdef lanes shrink = fill(like, 1 - rule.rate * rule.decay if rule.kind == ADAMW else 1)
    cdef Py_ssize_t i, L = lane_count(w)
    for i in range(n // L):
        load(&g, gradient + i * L)
        load(&p, <const real*>(w + i * L))
        load(&u, <const real*>(m + i * L))
        load(&s, <const real*>(v + i * L))
        g = mul_add(penalty, p, g)
        p = shrink * p
        u = mul_add(kept1, u, new1 * g)
        s = mul_add(kept2, s, new2 * (g * g))
        store(m + i * L, u)
        store(v + i * L, s)
        s = mul_add(root(s), growth, eps)
        store(w + i * L, minus_mul(rate, u / s, p))


cdef inline void apply_rule(lanes like, Rule* rule, Py_ssize_t n, const real* gradient, real* w,
                            real* m, real* v) noexcept nogil:
    """w = the parameters after one step"""
    if rule.kind == SGD:
        sgd_step(like, rule, n, gradient, w, m)
    else:
        rule.power1 *= rule.beta1
        rule.power2 *= rule.beta2
        adam_step(like, rule, n, gradient, w, m, v)
    rule.steps += 1
