"""
Chemical equations, balanced
============================

Each element has as many atoms on the left as on the right: a system of equations, whose solutions
are the multiples of one vector of whole numbers. ``null_space`` returns it.
"""
import re

import matplotlib.pyplot as plt

from mathwork.matrix import null_space

REACTIONS = """
    H2 + O2 -> H2O
    CO2 + H2O -> C6H12O6 + O2
    C3H8 + O2 -> CO2 + H2O
    Fe + O2 -> Fe2O3
    KMnO4 + HCl -> KCl + MnCl2 + H2O + Cl2
    Cu + HNO3 -> CuN2O6 + NO + H2O
    K4FeC6N6 + KMnO4 + H2SO4 -> KHSO4 + Fe2S3O12 + MnSO4 + HNO3 + CO2 + H2O
"""


def atoms(substance):
    """Return how many atoms of each element a molecule has"""
    found = {}
    for element, count in re.findall(r"([A-Z][a-z]?)(\d*)", substance):
        found[element] = found.get(element, 0) + int(count or 1)
    return found


def balanced(reaction):
    """Return the reaction with its counts, or say that there are none or many"""
    left, right = (side.split(" + ") for side in reaction.split(" -> "))
    columns = [atoms(substance) for substance in left + right]
    elements = sorted(set().union(*columns))
    table = [[column.get(element, 0) * (1 if place < len(left) else -1)
              for place, column in enumerate(columns)] for element in elements]
    basis = null_space(table, exact=True, integer=True)
    if basis.shape[1] != 1:
        return f"{reaction}: {basis.shape[1]} ways to balance it"
    terms = [f"{count if count > 1 else ''} {substance}".strip()
             for count, substance in zip(basis[:, 0], left + right, strict=True)]
    return " -> ".join(" + ".join(part) for part in (terms[:len(left)], terms[len(left):]))


found = [balanced(line.strip()) for line in REACTIONS.strip().splitlines()]
print(*found, sep="\n")

figure = plt.figure(figsize=(10, 3))
for place, line in enumerate(found):
    written = re.sub(r"(?<=[A-Za-z])(\d+)", r"$_{\1}$", line).replace("->", r"$\rightarrow$")
    figure.text(0.01, 0.9 - 0.13 * place, written, fontsize=12)
plt.show()
