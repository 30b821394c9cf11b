"""
What a network sees in digits
=============================

The network that comes with mathwork reads 492 of 500 digits that it has never seen. Each of its
32 hidden numbers weighs the 64 pixels: the weights are a picture. Beside them is which digit it
takes for which.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.data import digits, digits_network

net = digits_network()
images, labels = digits()
found = net.classify(images)

figure = plt.figure(figsize=(9, 4.2))
left, right = figure.subfigures(1, 2, width_ratios=(1.15, 1))
weight = net.layers[0].weight
for axis, row in zip(left.subplots(4, 8).flat, weight, strict=True):
    axis.imshow(row.reshape(8, 8), cmap="RdBu_r", vmin=-abs(row).max(), vmax=abs(row).max())
    axis.axis("off")
left.suptitle("weights of the hidden layer", color="grey")

# %%
# A row of the second picture is what was written, a column what was read.
counts = np.zeros((10, 10), int)
np.add.at(counts, (labels, found), 1)
axis = right.subplots()
axis.imshow(np.where(counts, np.log1p(counts), np.nan), cmap="Blues", vmin=-1)
for (row, column), count in np.ndenumerate(counts):
    if count:
        axis.text(column, row, count, ha="center", va="center", fontsize=8,
                  color="white" if count > 9 else "black")
axis.set(xticks=range(10), yticks=range(10), xlabel="read", ylabel="written")
plt.show()
