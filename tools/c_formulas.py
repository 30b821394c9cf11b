"""Write src/mathwork/nn/formats/c_formulas.py: the activations of the kernels as scalar C.

    python tools/c_formulas.py            write it
    python tools/c_formulas.py --check    exit with 1 if it is not what the kernels say

The formulas are read from kernels/base/exponential.pxi and kernels/nn/*.pxi. Each function of
registers becomes one of `float` and one of `double`. What depends on the type, or on the code of an
activation, is decided here. A function that is not straight arithmetic is no formula.
"""
import ast
import re
import sys
from pathlib import Path

import numpy as np

PACKAGE = Path(__file__).parents[1] / "src" / "mathwork"
SOURCES = ["base/product.pxi", "base/exponential.pxi", "nn/activations.pxi", "nn/softmax.pxi"]
TARGET = PACKAGE / "nn" / "formats" / "c_formulas.py"
REGISTERS = {"float": ("f32v", "lanes", "vectors"), "double": ("f64v", "lanes", "vectors")}
# What nn/formats/c_runtime.py writes itself.
PRIMITIVES = {"mul_add", "minus_mul", "larger", "pick", "absolute", "with_sign", "power_of_two",
              "lookup_f32"}
HEADER = re.compile(r"^cdef inline (\w+) (\w+)\(([^)]*)\)\s*noexcept nogil:\n"
                    r"((?:(?:[ \t].*)?\n)+)", re.MULTILINE)
PRECEDENCE = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARISONS = {ast.Gt: ">", ast.Lt: "<", ast.Eq: "=="}


class UnknownError(Exception):
    """A value that only the C program has"""


class Function:
    def __init__(self, returns, name, parameters, body):
        self.returns, self.name = returns, name
        self.parameters = [re.fullmatch(r"(.*?[ *])(\w+)", each.strip()).groups()
                           for each in parameters.replace("\n", " ").split(",")]
        body = re.sub(r'^\s*"""[\s\S]*?"""\n', "", body)
        self.lines = logical_lines(body)

    @property
    def takes_code(self):
        return self.parameters[0][0].strip() == "const int"


def logical_lines(body):
    """Return [(indent, statement)], without comments, each on one line"""
    found, pending = [], ""
    for line in body.splitlines():
        line = line.partition("#")[0].rstrip()
        if not line.strip():
            continue
        pending = f"{pending} {line.strip()}" if pending else line
        if pending.count("(") == pending.count(")") and pending.count("[") == pending.count("]"):
            found.append((len(pending) - len(pending.lstrip()), pending.strip()))
            pending = ""
    return found


def parsed(text):
    """Return the tree of an expression; &name, which Python does not have, is a call"""
    return ast.parse(re.sub(r"&(\w+(?:\[\d+\])*)", r"address(\1)", text), mode="eval").body


class Translator:
    """The functions of one C type, those that others call first"""

    def __init__(self, functions, codes, kind):
        self.functions, self.codes, self.kind = functions, codes, kind
        self.done = {}          # {name: C text}
        self.locals = {}        # {variable: C type} of the function that is being translated

    # ---- values known here ----

    def known(self, tree, env):
        """Return the value of an expression that has one here; raise UnknownError"""
        if isinstance(tree, ast.Constant):
            return tree.value
        if isinstance(tree, ast.Name):
            names = {"lanes": "lanes", "f32v": self.kind == "float", "f64v": self.kind == "double",
                     "True": True, "False": False, "INFINITY": np.inf, **self.codes, **env}
            if tree.id in names:
                return names[tree.id]
            raise UnknownError
        if isinstance(tree, ast.Compare):
            left, right = (self.known(each, env) for each in (tree.left, *tree.comparators))
            return right if isinstance(tree.ops[0], ast.Is) else left == right
        if isinstance(tree, ast.IfExp):
            return self.known(tree.body if self.known(tree.test, env) else tree.orelse, env)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return -self.known(tree.operand, env)
        if isinstance(tree, ast.BoolOp):
            values = [self.known(each, env) for each in tree.values]
            return any(values) if isinstance(tree.op, ast.Or) else all(values)
        if isinstance(tree, ast.BinOp):
            left, right = self.known(tree.left, env), self.known(tree.right, env)
            return {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right,
                    ast.Div: left / right if right else None}[type(tree.op)]
        raise UnknownError

    def literal(self, value):
        """Return a C constant of our type, exactly"""
        value = float(np.float32(value)) if self.kind == "float" else float(value)
        if np.isinf(value):
            return f"({self.kind})INFINITY"
        text = repr(value) if value == int(value) and abs(value) < 1e6 else value.hex()
        return text + ("f" if self.kind == "float" else "")

    # ---- expressions ----

    def expression(self, tree, env):
        if isinstance(tree, ast.IfExp):
            try:
                test = self.known(tree.test, env)
            except UnknownError:
                parts = (self.expression(each, env) for each in (tree.test, tree.body,
                                                                 tree.orelse))
                return "({} ? {} : {})".format(*parts)
            return self.expression(tree.body if test else tree.orelse, env)
        if isinstance(tree, ast.Call):
            return self.call(tree.func.id, tree.args, env)
        if isinstance(tree, ast.BinOp):
            level = PRECEDENCE[type(tree.op)]
            left, right = self.expression(tree.left, env), self.expression(tree.right, env)
            if isinstance(tree.left, ast.BinOp) and PRECEDENCE[type(tree.left.op)] < level:
                left = f"({left})"
            if isinstance(tree.right, ast.BinOp) and PRECEDENCE[type(tree.right.op)] <= level:
                right = f"({right})"
            return f"{left} {SIGNS[type(tree.op)]} {right}"
        if isinstance(tree, ast.UnaryOp):
            sign = {ast.USub: "-", ast.Not: "!"}[type(tree.op)]
            operand = self.expression(tree.operand, env)
            return f"{sign}({operand})" if isinstance(tree.operand, ast.BinOp) else sign + operand
        if isinstance(tree, ast.Compare):
            return (f"{self.expression(tree.left, env)} {COMPARISONS[type(tree.ops[0])]} "
                    f"{self.expression(tree.comparators[0], env)}")
        if isinstance(tree, ast.Subscript):
            return f"{self.expression(tree.value, env)}[{self.expression(tree.slice, env)}]"
        if isinstance(tree, ast.Name):
            return f"MW_{tree.id}" if tree.id.isupper() else tree.id
        if isinstance(tree, ast.Constant):
            return repr(tree.value)
        raise ValueError(f"no expression of formulas: {ast.unparse(tree)}")

    def call(self, name, arguments, env):
        if name == "fill":
            try:
                return self.literal(self.known(arguments[1], env))
            except UnknownError:
                return f"({self.kind})({self.expression(arguments[1], env)})"
        if name == "address":
            return "&" + self.expression(arguments[0], env)
        if name in PRIMITIVES:
            texts = [self.expression(each, env) for each in arguments]
            return f"mw_{name}({', '.join(texts)})"
        function = self.functions[name]
        if function.takes_code:
            code = self.known(arguments[0], env)
            name = self.function(function, code)
            arguments = arguments[1:]
        else:
            name = self.function(function)
        return f"{name}({', '.join(self.expression(each, env) for each in arguments)})"

    # ---- functions ----

    def c_type(self, text):
        """Return the C type for a type of kernels"""
        words = text.split()
        star = "*" if text.rstrip().endswith("*") else ""
        word = words[-1].rstrip("*") if words[-1] != "*" else words[-2]
        if word in REGISTERS[self.kind]:
            word = self.kind
        return ("const " if "const" in words and star else "") + f"{word} {star}"

    def function(self, function, code=None):
        """Translate a function, if it is not yet; return its name"""
        codes = {value: key for key, value in self.codes.items()}
        name = f"mw_{function.name}" + ("" if code is None else f"_{codes[code].lower()}")
        if name in self.done:
            return name
        env = {} if code is None else {function.parameters[0][1]: code}
        parameters = function.parameters[code is not None:]
        outer, self.locals = self.locals, {}
        body, _ = self.block(function.lines, env)
        declared, self.locals = self.locals, outer
        text = "\n".join(body)
        used = {variable: kind for variable, kind in declared.items()
                if re.search(rf"\b{variable}\b", text)}
        top = [f"    {kind}{', '.join(each for each in used if used[each] == kind)};"
               for kind in dict.fromkeys(used.values())]
        unused = [f"    (void){each};" for _, each in parameters
                  if not re.search(rf"\b{each}\b", text)]
        signature = ", ".join(self.c_type(kind) + each for kind, each in parameters)
        self.done[name] = "\n".join([f"static {self.c_type(function.returns)}{name}({signature})",
                                     "{", *top, *unused, *body, "}"])
        return name

    def block(self, lines, env):
        """Return (C lines, whether they end with a return) of statements of one indent"""
        found, index = [], 0
        while index < len(lines):
            indent, statement = lines[index]
            after = index + 1
            while after < len(lines) and lines[after][0] > indent:
                after += 1
            inner = lines[index + 1:after]
            index = after
            if statement.startswith("if "):
                other = []
                if index < len(lines) and lines[index][1] == "else:":
                    after = index + 1
                    while after < len(lines) and lines[after][0] > indent:
                        after += 1
                    other, index = lines[index + 1:after], after
                ended = self.branch(parsed(statement[3:-1]), inner, other, env, found)
                if ended:
                    return found, True
            elif statement.startswith("for "):
                self.loop(statement, inner, env, found)
            elif statement.startswith("return "):
                found.append(f"    return {self.expression(parsed(statement[7:]), env)};")
                return found, True
            elif statement.startswith("cdef "):
                self.declaration(statement[5:], env, found)
            else:
                target, value = re.fullmatch(r"([\w\[\]]+) = (.*)", statement).groups()
                found.append(f"    {target} = {self.expression(parsed(value), env)};")
        return found, False

    def branch(self, test, inner, other, env, found):
        """Append an if; return whether nothing comes after it"""
        try:
            lines, ended = self.block(inner if self.known(test, env) else other, env)
            found += lines
            return ended
        except UnknownError:
            found.append(f"    if ({self.expression(test, env)}) {{")
            found += [f"    {line}" for line in self.block(inner, env)[0]] + ["    }"]
            if other:
                found.append("    else {")
                found += [f"    {line}" for line in self.block(other, env)[0]] + ["    }"]
            return False

    def loop(self, statement, inner, env, found):
        """Append a loop over a range that counts down"""
        variable, start, stop = re.fullmatch(r"for (\w+) in range\((\w+), (\w+), -1\):",
                                             statement).groups()
        found.append(f"    for ({variable} = {start}; {variable} > {stop}; {variable}--) {{")
        found += [f"    {line}" for line in self.block(inner, env)[0]] + ["    }"]

    def declaration(self, text, env, found):
        kind, rest = re.fullmatch(r"(\w+\*?) (.*)", text).groups()
        for part in split(rest):
            name, _, value = part.partition(" = ")
            self.locals[name] = self.c_type(kind)
            if value:
                found.append(f"    {name} = {self.expression(parsed(value), env)};")


def split(text):
    """Split at commas outside of brackets"""
    parts, depth, start = [], 0, 0
    for index, letter in enumerate(text):
        depth += letter in "([" or -(letter in ")]")
        if letter == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [*parts, text[start:].strip()]


def activation_codes(text):
    """{name: number} of the enumeration in activations.pxi"""
    names = re.search(r"cdef enum:\n((?:    [A-Z0-9_]+.*\n)+)", text)[1].split("\n")
    return {line.split()[0]: number for number, line in enumerate(names) if line.strip()}


def elementwise(text):
    """The names of codes that go by one step, and of those that go by steps"""
    sweep = text[text.index("cdef void sweep("):]
    straight = set(re.findall(r"straight\(like, ([A-Z0-9_]+),", sweep))
    steps = set(re.findall(r"through_exponential\(like, ([A-Z0-9_]+),", sweep))
    return sorted(straight), sorted(steps)


def composed(translator, functions, straight, steps):
    """Translate one function for each activation that kernels know, mw_act_..."""
    kind = translator.kind
    for code in straight:
        inner = translator.function(functions["in_one_step"], translator.codes[code])
        name = f"mw_act_{code.lower()}"
        translator.done[name] = composition(kind, name, [f"    return {inner}(x, first, second);"])
    for code in steps:
        number = translator.codes[code]
        prepared = functions["prepared"]
        first = translator.function(prepared, number)
        second = translator.function(functions["exponential_step"], number)
        third = translator.function(functions["factor_step"], number)
        last = translator.function(functions["last_step"], number)
        name = f"mw_act_{code.lower()}"
        translator.done[name] = composition(kind, name, [
            f"    {kind} scale, q = {first}(x, first, &scale);",
            f"    q = {second}(q, scale);",
            f"    scale = {third}(x, scale);",
            f"    return {last}(x, q, scale, first);"])


def composition(kind, name, lines):
    """Return a function of x and the two parameters of an activation"""
    text = "\n".join(lines)
    unused = [f"    (void){each};" for each in ("first", "second")
              if not re.search(rf"\b{each}\b", text)]
    signature = f"static {kind} {name}({kind} x, {kind} first, {kind} second)"
    return "\n".join([signature, "{", *lines[:-1], *unused, lines[-1], "}"])


def tables():
    """{name: C text} of the tables of _tables.h"""
    text = (PACKAGE / "kernels" / "base" / "_tables.h").read_text()
    return {f"MW_{name}": re.sub(r"\bconst float \w+", f"const float MW_{name}", table)
            for table, name in re.findall(r"(static const float (\w+)\[9\]\[8\] = \{[\s\S]*?\};)",
                                          text)}


def formulas():
    """{C type: {name: C text}} of everything, those that others need first"""
    texts = [(PACKAGE / "kernels" / name).read_text() for name in SOURCES]
    functions = {}
    for text in texts:
        for found in HEADER.finditer(text):
            functions[found[2]] = Function(*found.groups())
    activations = texts[SOURCES.index("nn/activations.pxi")]
    codes = activation_codes(activations)
    straight, steps = elementwise(activations)
    result = {}
    for kind in ("float", "double"):
        translator = Translator(functions, codes, kind)
        composed(translator, functions, straight, steps)
        translator.function(functions["exponential_below"])
        result[kind] = (tables() if kind == "float" else {}) | translator.done
    return result


def module():
    """Return the text of c_formulas.py"""
    lines = ['"""The activations of the kernels as scalar C: written by tools/c_formulas.py."""',
             "# fmt: off", "# ruff: noqa: E501", "",
             "FORMULAS = {"]
    for kind, texts in formulas().items():
        lines.append(f'    "{kind}": {{')
        for name, text in texts.items():
            lines.append(f'        "{name}": """\\\n{text}\n""",')
        lines.append("    },")
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(TARGET.read_text() != module())
    TARGET.write_text(module())
