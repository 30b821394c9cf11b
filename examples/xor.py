"""
Exclusive or, learnt in ten lines
=================================

No line parts the points (0, 0) and (1, 1) from (0, 1) and (1, 0). Four hidden numbers are enough
to learn it. The picture is the network's output over the plane.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.nn import Network, train

points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
answers = np.array([[0], [1], [1], [0]])
net = Network.he((2, 4, 1), activation="tanh", rng=0)
net = train(net, points, answers, loss="cross_entropy", optimizer="lbfgs", weight_decay=0.003,
            epochs=200).network
print(net(points).ravel().round(3))

# %%
# Every pixel is a call's row: a million of them in one call.
side = np.linspace(-0.5, 1.5, 1000)
plane = np.stack(np.meshgrid(side, side), axis=-1)
figure, axis = plt.subplots(figsize=(5, 4.2))
picture = axis.contourf(side, side, net(plane)[..., 0], np.linspace(0, 1, 21), cmap="RdBu_r")
figure.colorbar(picture, label="output", ticks=[0, 0.5, 1])
axis.scatter(*points.T, c=answers.ravel(), cmap="RdBu_r", s=120, edgecolor="white", linewidth=2)
axis.set(xlabel="x", ylabel="y", aspect="equal")
plt.show()
