"""Derivatives of networks, by their inputs and by their parameters.

activations     first and second derivatives of every activation
steps           what layers do to rows, and their derivatives
members         Network.jacobian, hessian, jvp and vjp
by_inputs       what the first two of these return; jvp and vjp are kernels
by_parameters   gradient and value_and_gradient
"""
