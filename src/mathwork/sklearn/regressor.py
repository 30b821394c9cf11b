"""The regressor."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork.sklearn.estimator import Estimator, goes_on
from mathwork.sklearn.library import available_if, base, checks

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray


class MLPRegressor(base.RegressorMixin, Estimator):
    """A regressor for scikit-learn: a small network that mathwork trains.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate_init, max_iter
        As for :class:`MLPClassifier`.
    shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum
        As for :class:`MLPClassifier`.
    early_stopping, validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change
        As for :class:`MLPClassifier`.

    Attributes
    ----------
    network_ : mathwork.nn.Network
    loss_curve_, validation_losses_, loss_, best_loss_, n_iter_, t_
        As for :class:`MLPClassifier`.
    coefs_, intercepts_, n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_
        As in scikit-learn.

    Notes
    -----
    The loss of a row is half of the sum of squares over its outputs; scikit-learn writes the mean
    of several outputs, and follows the gradient of the sum. Scale y to a size near 1 first.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.sklearn import MLPRegressor
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> estimator = MLPRegressor(32, "tanh", batch_size=20, learning_rate_init=0.01, tol=1e-6,
    ...                          max_iter=1000, random_state=0).fit(X, np.sin(3 * X[:, 0]))
    >>> bool(estimator.score(X, np.sin(3 * X[:, 0])) > 0.99)
    True
    """

    _loss = "squared_error"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on rows and their answers.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        y : array_like, shape (n,) or (n, n_outputs)
        sample_weight : array_like, shape (n,), optional
            Not negative. A row of weight 0 is as if it were not there.

        Returns
        -------
        MLPRegressor
            Itself.

        Raises
        ------
        ValueError
            For a parameter out of its range, and what scikit-learn refuses.
        """
        return self._fit(X, y, sample_weight, self.max_iter, incremental=False)

    @available_if(goes_on)
    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
                    ) -> Self:
        """Train for one epoch on some rows; go on with the network that is there.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        MLPRegressor
            Itself.

        Raises
        ------
        ValueError
            As `fit` does, and with early_stopping.
        """
        self._check_partial()
        return self._fit(X, y, sample_weight, 1, incremental=True)

    def _fit(self, X: Any, y: Any, sample_weight: Any, epochs: int, *, incremental: bool) -> Self:
        continues = self._continues(incremental)
        X, y = checks.validate_data(self, X, y, multi_output=True, y_numeric=True,
                                    reset=not continues, dtype=[np.float64, np.float32])
        if y.ndim == 2 and y.shape[1] == 1:
            y = checks.column_or_1d(y, warn=True)
        if not continues:
            self._flat = y.ndim == 1
        weights = None if sample_weight is None else checks._check_sample_weight(
            sample_weight, X, ensure_non_negative=True)
        answers = y.reshape(len(y), -1)
        first = None if continues else self._first_network(X, answers.shape[1], "identity")
        return self._trained(X, answers, weights, first, epochs=epochs)

    def predict(self, X: ArrayLike) -> FloatArray:
        """The network's answer for each row, (n,) or (n, n_out) as y was."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs
