"""
What a network sees in digits
=============================

The network that comes with mathwork reads 492 of 500 digits that it has never seen. Each of its
32 hidden numbers weighs the 64 pixels: the weights are a picture. Below is which digit it takes for
which.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.data import digits, digits_network

net = digits_network()
images, labels = digits()
found = net.classify(images)

figure, panels = plt.subplots(4, 8, figsize=(7, 3.8))
weight = net.layers[0].weight
for axis, row in zip(panels.flat, weight, strict=True):
    axis.imshow(row.reshape(8, 8), cmap="RdBu_r", vmin=-abs(row).max(), vmax=abs(row).max())
    axis.axis("off")

# %%
# A row is what was written, a column what was read.
counts = np.zeros((10, 10), int)
np.add.at(counts, (labels, found), 1)
figure, axis = plt.subplots(figsize=(5, 4.6))
axis.imshow(np.where(counts, np.log1p(counts), np.nan), cmap="Blues", vmin=-1)
for (row, column), count in np.ndenumerate(counts):
    if count:
        axis.text(column, row, count, ha="center", va="center", fontsize=9,
                  color="white" if count > 9 else "black")
axis.set(xticks=range(10), yticks=range(10), xlabel="read", ylabel="written")
plt.show()
