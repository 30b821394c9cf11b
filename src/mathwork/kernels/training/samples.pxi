# What a network learns from, as its Trainer takes it.


cdef class Samples:
    """What a network learns from: plain arrays, a row for each sample.

    Others may change the numbers in x, answers and weights meanwhile, but not their shapes. The
    labels are copied, because they choose where the kernels write.
    """

    cdef cnp.ndarray x, answers, labels, weights
    cdef readonly Py_ssize_t n
    cdef Data data

    def __cinit__(self, Trainer trainer not None, x, answers, weights=None):
        cdef int typenum = trainer.typenum
        cdef Py_ssize_t i
        memset(&self.data, 0, sizeof(Data))
        if not (is_plain(x, 2, typenum)
                and (<cnp.ndarray>x).shape[1] == trainer.net.n_in and (<cnp.ndarray>x).shape[0]):
            raise ValueError(f"x must be a plain array of shape (n, {trainer.net.n_in})")
        self.x = own_view(x, NULL, NULL)
        self.n = self.x.shape[0]
        self.data.x = cnp.PyArray_DATA(self.x)
        if is_plain(answers, 1, cnp.NPY_INTP):
            self.labels = np.array(answers)
            self.data.labels = <const Py_ssize_t*>cnp.PyArray_DATA(self.labels)
            if self.labels.shape[0] != self.n:
                raise ValueError(f"answers must have shape ({self.n},)")
            for i in range(self.n):
                if not 0 <= self.data.labels[i] < max(trainer.net.n_out, <Py_ssize_t>2):
                    raise ValueError("labels must be below the number of classes")
        else:
            if not (is_plain(answers, 2, typenum) and (<cnp.ndarray>answers).shape[0] == self.n
                    and (<cnp.ndarray>answers).shape[1] == trainer.net.n_out):
                raise ValueError("answers must be labels, or a plain array of shape "
                                 f"({self.n}, {trainer.net.n_out})")
            self.answers = own_view(answers, NULL, NULL)
            self.data.answers = cnp.PyArray_DATA(self.answers)
        if weights is not None:
            if not (is_plain(weights, 1, typenum) and (<cnp.ndarray>weights).shape[0] == self.n):
                raise ValueError(f"weights must be a plain array of shape ({self.n},)")
            self.weights = own_view(weights, NULL, NULL)
            self.data.weights = cnp.PyArray_DATA(self.weights)
