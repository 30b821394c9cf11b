"""What a docstring says of parameters, read as numpydoc has it, and what is wrong with that."""
import inspect
import re

UNDERLINED = re.compile(r"^(\S[^\n]*)\n-{3,}$", re.MULTILINE)
ENTRY = re.compile(r"(?P<names>\*{0,2}\w+(, \*{0,2}\w+)*)( : (?P<type>\S.*))?")


def section(text, title):
    """The lines below an underlined title, up to the next one; none where it is missing."""
    _, *parts = UNDERLINED.split(text)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    return sections.get(title, "").strip("\n").splitlines()


def documented(text):
    """The names that have an entry under Parameters, in their order.

    An entry is a line ``name : type`` or ``name, name : type``. An indented description may follow.
    Where it says enough, such as "As for :func:`rref`", the type may be missing.
    """
    lines = section(text, "Parameters")
    names = []
    for number, line in enumerate(lines):
        if not line or line.startswith(" "):
            continue
        entry = ENTRY.fullmatch(line)
        if entry is None:
            raise ValueError(f"no entry of a parameter: {line!r}")
        if entry["type"] is None and not "".join(lines[number + 1:number + 2]).startswith("    "):
            raise ValueError(f"neither a type nor a description: {line!r}")
        names += entry["names"].split(", ")
    return names


def taken(public):
    """The parameters of a function, method or class, with their stars, in their order.

    Not those whose names begin with an underscore, and none of a class that is made as its base
    outside of the package is, such as a warning.
    """
    if inspect.isclass(public):
        makers = {next(base for base in public.__mro__ if method in vars(base))
                  for method in ("__init__", "__new__")}
        if not any(base.__module__.startswith(public.__module__.split(".")[0]) for base in makers):
            return []
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [stars.get(parameter.kind, "") + name
            for name, parameter in inspect.signature(public).parameters.items()
            if name != "self" and not name.startswith("_")]


def own_methods(cls):
    """The names of the public methods that the package defines, in the class or in its bases."""
    found = []
    for name in dir(cls):
        owner = next((base for base in cls.__mro__ if name in vars(base)), type)
        if not name.startswith("_") and owner.__module__.startswith("mathwork") and (
                inspect.isroutine(vars(owner)[name]) or isinstance(vars(owner)[name], classmethod)):
            found.append(name)
    return found


def lacking(public):
    """The sections that the docstring of a public function, method or class should have and lacks.

    All have an example. A class has parameters or attributes, unless it is a warning or an error. A
    function says what it returns, unless that is None, and what it raises, unless it takes nothing.
    """
    text = inspect.getdoc(public) or ""
    wanted = {"Examples"}
    if inspect.isclass(public):
        if not issubclass(public, Exception) and not section(text, "Attributes"):
            wanted.add("Parameters")
    elif callable(public):
        if inspect.signature(public).return_annotation not in (None, "None"):
            wanted.add("Returns")
        if taken(public):
            wanted.add("Raises")
    return sorted(title for title in wanted if not section(text, title))
