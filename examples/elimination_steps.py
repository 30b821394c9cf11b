"""
An elimination, step by step
============================

Three equations with three unknowns, reduced as by hand and drawn as a strip: a picture for each
row operation. White is zero, and the last column is the right-hand side.
"""
import matplotlib.pyplot as plt

from mathwork.matrix import augment, eliminate, parse_equations, solve

A, b, names = parse_equations("x + 2y - z = 2; 2x + 4y + z = 7; x + y + z = 6")
work = eliminate(augment(A, b), columns=3)
print(work)
print(solve(A, b, exact=True).text(names))

# %%
# The same as pictures. ``matrices`` has one matrix more than there are steps.
titles = ["", *map(str, work.steps)]
figure, panels = plt.subplots(3, 3, figsize=(8, 6.2))
for axis, title, matrix in zip(panels.flat, titles, work.matrices(), strict=True):
    axis.imshow(matrix.astype(float), cmap="RdBu_r", vmin=-7, vmax=7)
    for (row, column), number in [((i, j), matrix[i, j]) for i in range(3) for j in range(4)]:
        axis.text(column, row, number, ha="center", va="center",
                  color="white" if abs(number) > 4 else "black")
    axis.axvline(2.5, color="grey")
    axis.set(xticks=[], yticks=[], title=title)
plt.show()
