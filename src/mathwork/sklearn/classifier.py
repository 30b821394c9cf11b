"""The classifier."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork.sklearn.estimator import Estimator, goes_on
from mathwork.sklearn.library import available_if, base, checks, class_weights, multiclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, Self

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import Activation, FloatArray


class MLPClassifier(base.ClassifierMixin, Estimator):
    """A classifier for scikit-learn: a small network that mathwork trains.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        The outputs of each hidden layer; ``()`` for none.
    activation : str or tuple
        Of the hidden layers: any that :class:`mathwork.nn.Dense` takes, also ``"logistic"``.
    solver : {"adam", "adamw", "sgd", "lbfgs"}
        lbfgs takes one step for all rows, an epoch: `batch_size`, `learning_rate_init` and
        `shuffle` do not count, and there is no `partial_fit`.
    alpha : float
        The L2 penalty: ``alpha / 2`` times the squares of all parameters is added to the sum of a
        batch's losses. Biases count, which they do not in scikit-learn. For adamw it is the
        `weight_decay` of :func:`mathwork.nn.train`.
    batch_size : int or "auto"
        The rows of a step; ``"auto"`` is 200, or all rows if they are fewer.
    learning_rate_init : float
        The learning rate, which is constant.
    max_iter : int
        The most epochs. `fit` warns with ConvergenceWarning if it takes them all.
    shuffle : bool
        Whether rows come in a new order in each epoch.
    random_state : int, numpy.random.RandomState or None
        Of the first weights, the order of rows and the part that is held out.
    tol : float
        Training ends once the loss has not fallen by `tol` for more than `n_iter_no_change` epochs.
    verbose : bool
        Print the loss of each epoch.
    warm_start : bool
        Whether `fit` goes on with the network of the last `fit`.
    momentum, nesterovs_momentum : float, bool
        For sgd.
    early_stopping, validation_fraction : bool, float
        Hold this part of the rows out, of each class alike if there are enough. Training ends once
        their loss has not fallen for `n_iter_no_change` epochs, and the network with the lowest is
        kept. In scikit-learn it is their accuracy.
    beta_1, beta_2, epsilon : float
        For adam and adamw.
    n_iter_no_change : int
        See `tol` and `early_stopping`.
    class_weight : dict, "balanced" or None
        A factor for each label, 1 where the dict has none. It multiplies `sample_weight`.
        ``"balanced"`` makes all classes weigh alike, `sample_weight` included where a row has one
        label.

    Attributes
    ----------
    network_ : mathwork.nn.Network
        It has ``classes_``: save it, or call it without scikit-learn.
    classes_ : ndarray
    loss_curve_, validation_losses_ : list of float
        The loss of each epoch in training, and after it on the rows held out (or None).
    loss_, best_loss_, n_iter_, t_
        The last and the least loss; epochs of the last call; rows seen in all.
    coefs_, intercepts_, n_layers_, n_outputs_, out_activation_
        As in scikit-learn.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Notes
    -----
    The loss is cross entropy, after a softmax, or a sigmoid for two classes. A matrix of 0 and 1 as
    y has a label for each column, of which several may hold; then each output is a sigmoid. The
    network has the dtype of X: float32 is faster. First weights are He's, Glorot's after tanh and
    its kin. The solver's memory starts anew with each call, also of `partial_fit`.

    Sparse X is refused: networks are dense.

    Examples
    --------
    >>> from mathwork.sklearn import MLPClassifier
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["same", "other", "other", "same"]
    >>> estimator = MLPClassifier(16, "tanh", learning_rate_init=0.05, random_state=0).fit(X, y)
    >>> estimator.predict(X).tolist()
    ['same', 'other', 'other', 'same']
    >>> estimator.network_
    Network(2-16-1, tanh-sigmoid, float64)
    """

    _loss = "cross_entropy"
    classes_: NDArray[Any]

    def __init__(self, hidden_layer_sizes: int | Sequence[int] = (100,),
                 activation: Activation = "relu", *,
                 solver: Literal["adam", "adamw", "sgd", "lbfgs"] = "adam", alpha: float = 0.0001,
                 batch_size: int | Literal["auto"] = "auto", learning_rate_init: float = 0.001,
                 max_iter: int = 200, shuffle: bool = True, random_state: Any = None,
                 tol: float = 1e-4, verbose: bool = False, warm_start: bool = False,
                 momentum: float = 0.9, nesterovs_momentum: bool = True,
                 early_stopping: bool = False, validation_fraction: float = 0.1,
                 beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
                 n_iter_no_change: int = 10,
                 class_weight: dict[Any, float] | Literal["balanced"] | None = None):
        super().__init__(
            hidden_layer_sizes, activation, solver=solver, alpha=alpha, batch_size=batch_size,
            learning_rate_init=learning_rate_init, max_iter=max_iter, shuffle=shuffle,
            random_state=random_state, tol=tol, verbose=verbose, warm_start=warm_start,
            momentum=momentum, nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping, validation_fraction=validation_fraction, beta_1=beta_1,
            beta_2=beta_2, epsilon=epsilon, n_iter_no_change=n_iter_no_change)
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on rows and their labels.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        y : array_like, shape (n,) or (n, n_labels)
            Labels of at least two classes, or a matrix of 0 and 1.
        sample_weight : array_like, shape (n,), optional
            Not negative. A row of weight 0 is as if it were not there.

        Returns
        -------
        MLPClassifier
            Itself.

        Raises
        ------
        ValueError
            For a parameter out of its range, one class alone, and what scikit-learn refuses.
        """
        return self._fit(X, y, None, sample_weight, self.max_iter, incremental=False)

    @available_if(goes_on)
    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None,
                    sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch on some rows; go on with the network that is there.

        Parameters
        ----------
        X, y
            As for `fit`.
        classes : array_like, optional
            All labels that will come. The first call needs them.
        sample_weight
            As for `fit`.

        Returns
        -------
        MLPClassifier
            Itself.

        Raises
        ------
        ValueError
            As `fit` does; with early_stopping, and for labels that are not in `classes`.
        """
        self._check_partial()
        return self._fit(X, y, classes, sample_weight, 1, incremental=True)

    def _fit(self, X: Any, y: Any, classes: Any, sample_weight: Any, epochs: int, *,
             incremental: bool) -> Self:
        continues = self._continues(incremental)
        X, y = checks.validate_data(self, X, y, multi_output=True, reset=not continues,
                                    dtype=[np.float64, np.float32])
        multiclass.check_classification_targets(y)
        multilabel = multiclass.type_of_target(y).startswith("multilabel")
        y = _dense(y) if multilabel else checks.column_or_1d(y, warn=True)
        if incremental and classes is None and not continues:
            raise ValueError("the first call of partial_fit needs classes, all that will come")
        known = self.classes_ if continues else (
            np.arange(y.shape[1]) if multilabel
            else multiclass.unique_labels(y if classes is None else classes))
        if continues and not multilabel:
            self._check_same_classes(y if not incremental else classes)
        answers = y.astype(float) if multilabel else y
        if len(known) < 2 and not multilabel:
            raise ValueError(f"y must hold at least two classes, got one class, "
                             f"{known.tolist()[0]!r}")
        weights = None
        if sample_weight is not None or self.class_weight is not None:
            weights = checks._check_sample_weight(sample_weight, X, ensure_non_negative=True)
            by_class = (_balanced(y, weights) if self.class_weight == "balanced" and not multilabel
                        else class_weights.compute_sample_weight(self.class_weight, y))
            if not (np.isfinite(by_class).all() and (by_class >= 0).all()):
                raise ValueError("sample_weight must not differ beyond floats among the classes"
                                 if self.class_weight == "balanced" else
                                 "class_weight must be finite and at least 0, "
                                 f"got {self.class_weight!r}")
            weights = weights * by_class
        first = None
        if not continues:
            n_out = 1 if len(known) == 2 and not multilabel else len(known)
            last: Activation = "sigmoid" if multilabel or n_out == 1 else "softmax"
            first = self._first_network(X, n_out, last, known, multilabel=multilabel)
        self.classes_ = known
        return self._trained(X, answers, weights, first, epochs=epochs,
                             strata=None if multilabel else y)

    def _check_same_classes(self, labels: Any) -> None:
        """Raise where a network that goes on is given other classes than before."""
        if labels is None:
            return
        found = multiclass.unique_labels(labels)
        if not np.array_equal(found, self.classes_):
            raise ValueError("training that goes on must have the same classes as before, "
                             f"{self.classes_.tolist()[:6]}, got {found.tolist()[:6]}")

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The label of each row; a matrix of 0 and 1 where a row may have several."""
        outputs = self._outputs(X)
        if self.network_.multilabel:
            return (outputs > 0.5).astype(int)
        return self.classes_[self.network_._picked(outputs)]

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """The probability of each class, (n, n_classes)."""
        outputs = self._outputs(X)
        if outputs.shape[1] == 1 and not self.network_.multilabel:
            return np.column_stack([1 - outputs, outputs])
        return outputs

    def predict_log_proba(self, X: ArrayLike) -> FloatArray:
        """The logarithm of `predict_proba`."""
        with np.errstate(all="ignore"):
            return np.log(self.predict_proba(X))


def _balanced(y: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Return a factor for each row that makes the weights of all classes equal in sum"""
    codes = np.unique(y, return_inverse=True)[1]
    held = np.bincount(codes, weights / weights.max(initial=0.0))       # whose sum may overflow
    with np.errstate(all="ignore"):
        return np.where(held > 0, held.sum() / (np.count_nonzero(held) * held), 0.0)[codes]


def _dense(y: Any) -> NDArray[Any]:
    return y.toarray() if hasattr(y, "toarray") else y
