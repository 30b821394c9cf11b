"""Derivatives of networks, by their inputs and by their parameters.

activations     first and second derivatives of every activation
steps           what layers do to rows, and their derivatives
by_inputs       what Network.jacobian, hessian, jvp and vjp return
by_parameters   gradient and value_and_gradient
"""
