"""Derivatives of networks, by their inputs and by their parameters.

activations     first and second derivatives of every activation
steps           what layers do to rows, and their derivatives
by_inputs       what Network.jacobian and hessian return; jvp and vjp are kernels
by_parameters   gradient and value_and_gradient
"""
