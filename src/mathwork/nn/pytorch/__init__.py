"""Networks out of PyTorch: what a module computes, followed call by call.

models        what is given: a module, compiled, exported or scripted, or a policy
tracing       the calls that it makes, by torch.fx, torch.export or TorchScript
machine       the calls in turn, on a value of mathwork.nn.graph
operations    what each function or method does to a value
shapes        those that only arrange numbers
modules       what each class of torch.nn does

PyTorch is imported here only to trace a module of it.
"""
