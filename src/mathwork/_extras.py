"""Optional packages, imported where they are used."""
from importlib import import_module


def extra(name, purpose):
    """The module `name`; an ImportError that says how to get its package where it is missing."""
    package = name.partition(".")[0]
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in (package, name):
            raise       # it is there, and misses something itself
        raise ImportError(f"to {purpose}, mathwork needs {package}: pip install {package}",
                          name=package) from None
