"""The derivatives of a network by its inputs, as its methods."""
from __future__ import annotations

from typing import TYPE_CHECKING

import mathwork.nn.derivatives.by_inputs as by_inputs
from mathwork._levels import core as kernels

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray


class DerivativeMembers:
    """The members of a network that differentiate it; they need its forward pass alone."""

    __slots__ = ()

    def jacobian(self: Any, x: ArrayLike) -> FloatArray:
        """The derivatives of all outputs by all inputs.

        Parameters
        ----------
        x : array_like, shape (..., n_in)

        Returns
        -------
        ndarray, shape (..., n_out, n_in)
            In the network's dtype, as all of its arithmetic.

        Raises
        ------
        TypeError, ValueError
            As the call does.

        See Also
        --------
        jvp, vjp : Products with it, without the matrix.
        as_ctypes : The same for compiled loops.

        Notes
        -----
        A kernel takes a row and its changes by each input through the layers together; or, if the
        network has fewer outputs than inputs, each output back to the inputs. A row has the same
        bits alone and in a batch. Derivatives at kinks are those of PyTorch: 0 for relu at 0.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> net = Network([Dense([[1, 1], [1, -1]], None, "relu"), Dense([[3, 5]])])
        >>> net.jacobian([3.0, 5.0])                # relu(3 - 5) has the slope 0
        array([[3., 3.]], dtype=float32)
        """
        return by_inputs.jacobian(self, x)

    def hessian(self: Any, x: ArrayLike) -> FloatArray:
        """The second derivatives of all outputs by all pairs of inputs.

        Parameters
        ----------
        x : array_like, shape (..., n_in)

        Returns
        -------
        ndarray, shape (..., n_out, n_in, n_in)
            In the network's dtype; the matrices are symmetric, bit by bit.

        Raises
        ------
        TypeError, ValueError
            As the call does.

        Notes
        -----
        ``sum over steps of J' (u f'') J``: for each step with a second derivative, its inputs' J by
        the network's inputs, and its outputs' influence u on the network's outputs. Computed in
        float64 and rounded once. A network of straight pieces (relu) has second derivatives 0.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> net = Network([Dense([[1, 2]], None, "exp")], dtype=float)
        >>> net.hessian([0.0, 0.0])
        array([[[1., 2.],
                [2., 4.]]])
        """
        return by_inputs.hessian(self, x)

    def jvp(self: Any, x: ArrayLike, v: ArrayLike) -> FloatArray:
        """The Jacobian times a vector: what a small change `v` of `x` does to the outputs.

        Parameters
        ----------
        x, v : array_like, both of shape (..., n_in)

        Returns
        -------
        ndarray, shape (..., n_out)
            In the network's dtype, as all of its arithmetic.

        Raises
        ------
        TypeError, ValueError
            As the call does, and `ValueError` if `v` has another shape than `x`.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> net = Network([Dense([[1, 1], [1, -1]], None, "relu"), Dense([[3, 5]])])
        >>> net.jvp([3.0, 5.0], [1.0, 2.0])
        array([9.], dtype=float32)
        """
        return kernels.jvp_forward(self, x, v)

    def vjp(self: Any, x: ArrayLike, cotangent: ArrayLike) -> FloatArray:
        """A vector times the Jacobian: the derivatives by the inputs of a sum of outputs.

        Parameters
        ----------
        x : array_like, shape (..., n_in)
        cotangent : array_like, shape (..., n_out)
            The factors of the outputs.

        Returns
        -------
        ndarray, shape (..., n_in)
            In the network's dtype, as all of its arithmetic.

        Raises
        ------
        TypeError, ValueError
            As the call does, and `ValueError` for a `cotangent` of another shape.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> net = Network([Dense([[1, 1], [1, -1]], None, "relu"), Dense([[3, 5]])])
        >>> net.vjp([3.0, 5.0], [2.0])
        array([6., 6.], dtype=float32)
        """
        return kernels.vjp_backward(self, x, cotangent)
