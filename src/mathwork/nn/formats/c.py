"""A network as a C99 file and its header, with nothing else to link but the C library's math."""
from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn.formats.c_formulas import FORMULAS
from mathwork.nn.formats.c_runtime import CONSTANTS, HEAD, LOOPS, PRIMITIVES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

# of C and C++
KEYWORDS = frozenset((
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
    "case", "catch", "char", "class", "compl", "const", "constexpr", "continue", "default",
    "delete", "do", "double", "else", "enum", "explicit", "export", "extern", "false", "float",
    "for", "friend", "goto", "if", "inline", "int", "long", "main", "mutable", "namespace", "new",
    "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected", "public",
    "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch",
    "template", "this", "throw", "true", "try", "typedef", "typename", "union", "unsigned",
    "using", "virtual", "void", "volatile", "while", "xor", "xor_eq"))
# Nothing, or no letter first; names of <math.h>, with f or l behind them for other types, and of
# <string.h>; what compilers know without a header; names in the file itself.
_TAKEN = re.compile(r"""
    | [0-9_].*
    | (acos|asin|atan|atan2|cos|sin|tan|acosh|asinh|atanh|cosh|sinh|tanh|exp|exp2|exp10|expm1|frexp
      |ilogb|ldexp|log|log10|log1p|log2|logb|modf|scalb|scalbn|scalbln|cbrt|fabs|hypot|pow|pow10
      |sqrt|erf|erfc|lgamma|tgamma|gamma|ceil|floor|nearbyint|rint|lrint|llrint|round|lround
      |llround|trunc|fmod|remainder|drem|remquo|copysign|nan|nextafter|nexttoward|fdim|fmax|fmin
      |fma|significand|finite|sincos|roundeven|isnan|isinf|signbit|j0|j1|jn|y0|y1|yn)[fl]?
    | signgam | mem(chr|cmp|cpy|move|set) | str(n?cat|n?cmp|n?cpy|r?chr|coll|c?spn|error|len|pbrk
      |str|tok|xfrm|dup) | index | rindex | bcmp | bcopy | bzero | ffs
    | abort | abs | labs | llabs | alloca | calloc | malloc | realloc | free | exit | printf
    | puts | putchar | fprintf | sprintf | snprintf | scanf | sscanf | fputs | fwrite | linux | unix
    | (float|double|size|ptrdiff|wchar|u?int[a-z0-9_]*)_t | x | y | sum | scratch
    | (weight|bias|slope|row)_[0-9]+ | (mw|MW)_.*""", re.VERBOSE)
NUMBERS_IN_A_LINE = 6


def save(network: Any, path: Path) -> None:
    """Write ``path.c`` and ``path.h``; a suffix .c of `path` is theirs."""
    from mathwork._files import replacing

    stem = path.name[:-2] if path.name.lower().endswith(".c") else path.name
    if not stem or not stem.isprintable() or set(stem) & set('"\\'):
        raise ValueError("path must end in the name of a file, without quotes and backslashes, "
                         f"got {path.name!r}")
    writer = _Writer(network, stem)
    for suffix, text in ((".h", writer.header()), (".c", writer.source())):
        with replacing(path.with_name(stem + suffix)) as file:
            file.write(text.encode())


def identifier(stem: str) -> str:
    """Return the name of a function for a file's name: letters, digits and underscores of ASCII

    `net_` stands before a name that C does not allow, or that the file or the headers that it
    includes may have already.
    """
    name = re.sub(r"[^A-Za-z0-9_]", "_", stem)
    if name in KEYWORDS or _TAKEN.fullmatch(name):
        name = f"net_{name.lstrip('_')}"
    return name


class _Writer:
    def __init__(self, network: Any, stem: str) -> None:
        self.network, self.stem, self.name = network, stem, identifier(stem)
        self.kind = "float" if network.dtype == np.float32 else "double"
        self.steps = network._steps()
        self.widest = max(n_out for _, n_out, *_ in self.steps)
        self.places = 1 + max(place for *_, place, _ in self.steps)

    # ---- the header ----

    @property
    def title(self) -> str:
        text = repr(self.network).replace("*/", "* /")
        return text if len(text) <= 80 else f"{text[:77]}..."

    def header(self) -> str:
        name, upper, kind = self.name, self.name.upper(), self.kind
        n_in, n_out = self.network.sizes[0], self.network.sizes[-1]
        size = np.dtype(self.network.dtype).itemsize
        return f"""\
/* {self.title}, written by mathwork

   {name}(x, y)                 y[{n_out}] becomes the network's result for the row x[{n_in}]
   {name}_in(x, y, scratch)     the same with working memory of the caller's,
   {' ' * len(name)}                     {upper}_SCRATCH numbers, instead of the stack's

   x and y may share memory; scratch shares none with them. Both functions only read the network, so
   any number of threads may call them. They allocate nothing and cannot fail. Weights take
   {self.network.n_parameters * size} bytes, the working memory {self.scratch * size} bytes. */
#ifndef {upper}_H
#define {upper}_H

#define {upper}_N_IN {n_in}
#define {upper}_N_OUT {n_out}
#define {upper}_SCRATCH {self.scratch}

#ifdef __cplusplus
extern "C" {{
#endif

void {name}(const {kind} *x, {kind} *y);
void {name}_in(const {kind} *x, {kind} *y, {kind} *scratch);

#ifdef __cplusplus
}}
#endif

#endif
"""

    @property
    def scratch(self) -> int:
        """Numbers of working memory: the places of rows, and the sums of one part"""
        return (self.places + 1) * self.widest

    # ---- the source ----

    def source(self) -> str:
        body = "".join(f"    {line}\n" for line in self.calls())
        weights = "".join(self.weights())
        needed = self.needed(body)
        constants = "".join(f"#define {name} {text}\n" for name, text in
                            CONSTANTS[self.kind].items() if re.search(rf"\b{name}\b", needed))
        rows = "".join(f", *row_{place} = scratch + {place * self.widest}"
                       for place in range(1, self.places))
        sums = self.places * self.widest
        return f"""\
/* {self.title}, written by mathwork

   Compile with a C99 compiler, without -ffast-math, and link the math library (-lm). With fused
   multiply-add (such as -mfma) the results have the bits of mathwork on processors that have it,
   else those of its builds without. */
#include "{self.stem}.h"

{HEAD}{constants}
{needed}{weights}void {self.name}_in(const {self.kind} *x, {self.kind} *y, {self.kind} *scratch)
{{
    {self.kind} *row_0 = scratch{rows};
{f"    {self.kind} *sum = scratch + {sums};" + chr(10) if " sum);" in body else ""}{body}}}

void {self.name}(const {self.kind} *x, {self.kind} *y)
{{
    {self.kind} scratch[{self.name.upper()}_SCRATCH];
    {self.name}_in(x, y, scratch);
}}
"""

    def calls(self) -> Iterator[str]:
        """Yield the statements of the forward pass."""
        before = "x"
        for index, ((n_in, n_out, part, place, held), layer) in enumerate(
                zip(self.steps, _flat(self.network.layers), strict=True)):
            target = f"row_{place}"
            yield f"/* {index}: {layer!r} */".replace("\n", " ")
            if layer._kind == "dense":
                yield (f"mw_dense({n_in}, {n_out}, {part}, weight_{index}, bias_{index}, {before}, "
                       f"{target}, sum);")
            elif layer._kind == "residual":
                yield f"mw_add({n_out}, {before}, {'x' if held < 0 else f'row_{held}'}, {target});"
            else:
                yield (f"mw_norm({int(layer._kind == 'layer_norm')}, {n_out}, {layer.eps!r}, "
                       f"weight_{index}, bias_{index}, {before}, {target});")
            yield from self.activated(index, layer, n_out, target)
            before = target
        yield f"memcpy(y, {before}, {self.network.sizes[-1]} * sizeof *y);"

    def activated(self, index: int, layer: Any, n: int, target: str) -> Iterator[str]:
        """Yield the statement for an activation in place."""
        name, parameters = layer._activation
        if name in ("softmax", "log_softmax"):
            yield f"mw_softmax({int(name == 'log_softmax')}, {n}, {target});"
        elif name == "prelu":
            yield f"mw_prelu({n}, slope_{index}, {target});"
        elif name != "identity":
            name, parameters = _kernel_of(name, parameters)
            first, second = (self.constant(each) for each in (*parameters, 0.0, 0.0)[:2])
            yield f"mw_each_{name}({n}, {first}, {second}, {target});"

    def constant(self, value: float) -> str:
        """Return a number as a constant that has its bits."""
        if math.isnan(value):
            return f"({self.kind})NAN"
        with np.errstate(all="ignore"):
            value = float(self.network.dtype.type(value))
        if math.isinf(value):
            return f"({self.kind}){'-' * (value < 0)}INFINITY"
        text = re.sub(r"\.?0+p", "p", value.hex())      # without the zeros behind the point
        return f"{text}f" if self.kind == "float" else text

    def weights(self) -> Iterator[str]:
        for index, layer in enumerate(_flat(self.network.layers)):
            if layer._kind != "residual":
                # from n_in to n_out: the loop over outputs is the inner one
                yield self.array(f"weight_{index}", layer.weight.T)
                yield self.array(f"bias_{index}", layer.bias)
            name, parameters = layer._activation
            if name == "prelu":
                yield self.array(f"slope_{index}", np.asarray(parameters[0]))

    def array(self, name: str, numbers: NDArray[Any]) -> str:
        texts = [self.constant(number) for number in numbers.ravel().tolist()]
        lines = [", ".join(texts[start:start + NUMBERS_IN_A_LINE])
                 for start in range(0, len(texts), NUMBERS_IN_A_LINE)]
        body = ",\n    ".join(lines)
        return f"static const {self.kind} {name}[{len(texts)}] = {{\n    {body}\n}};\n\n"

    # ---- functions ----

    def needed(self, body: str) -> str:
        """Return the text of all functions that the statements call, those called first first."""
        texts = PRIMITIVES | FORMULAS[self.kind] | LOOPS
        for name in sorted(set(re.findall(r"\bmw_each_(\w+)", body))):
            texts[f"mw_each_{name}"] = _EACH.replace("NAME", name)
        wanted: set[str] = set()
        text = body
        while True:
            found = set(re.findall(r"\b(?:mw|MW)_\w+", text)) & texts.keys() - wanted
            if not found:
                break
            wanted |= found
            text = "".join(texts[name] for name in found)
        return "".join(f"{_typed(texts[name], self.kind)}\n" for name in texts if name in wanted)


_EACH = """\
static void mw_each_NAME(size_t n, REAL first, REAL second, REAL *y)
{
    size_t i;
    for (i = 0; i < n; i++)
        y[i] = mw_act_NAME(y[i], first, second);
}
"""


def _kernel_of(name: str, parameters: tuple[float, ...]) -> tuple[str, tuple[float, ...]]:
    """Return the code and the parameters that kernels use for an activation: `sweep`"""
    if name == "log_sigmoid":
        return "scaled_softplus", (-1.0,)
    if name == "softplus" and parameters:
        return "scaled_softplus", parameters
    return ("clip", (-1.0, 1.0)) if name == "hardtanh" else (name, parameters)


def _typed(text: str, kind: str) -> str:
    """Return a text of c_runtime for one type"""
    suffix, bits = ("f", "uint32_t") if kind == "float" else ("", "uint64_t")
    text = re.sub(r"\b(fma|sqrt)F\b", rf"\1{suffix}", text)
    return re.sub(r"\bBITS\b", bits, re.sub(r"\bREAL\b", kind, text))


def _flat(layers: Iterable[Any]) -> Iterator[Any]:
    """Yield the layers in the order of their steps; a residual comes after its own layers"""
    for layer in layers:
        if layer._kind == "residual":
            yield from _flat(layer.layers)
        yield layer
