"""
A network inside a scikit-learn pipeline
========================================

scikit-learn trains a scaler and an MLPClassifier on its digits; ``from_sklearn`` takes both as
one network. Without its last layer the network gives features, here to another classifier. It
needs scikit-learn.
"""
import timeit

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mathwork.nn import Network

images, labels = load_digits(return_X_y=True)
training, testing, answers, unseen = train_test_split(images, labels, random_state=0)
trained = make_pipeline(StandardScaler(),
                        MLPClassifier(hidden_layer_sizes=(32,), max_iter=500, random_state=0))
trained.fit(training, answers)
print(f"trained by scikit-learn: {trained.score(testing, unseen):.3f} of the digits right")

net = Network.from_sklearn(trained)         # the scaler is in its first layer
difference = abs(net(testing) - trained.predict_proba(testing)).max()
print(f"{net} gives its probabilities to {difference:.0e}")


def microseconds(call):
    return min(timeit.repeat(call, number=50, repeat=5)) / 50 * 1e6


row = testing[:1]
print(f"one digit: {microseconds(lambda: trained.predict_proba(row)):.0f} us with the pipeline, "
      f"{microseconds(lambda: net(row)):.1f} us with the network")

hidden = Network(net.layers[:-1], dtype=net.dtype)
for name, step in (("pixels", "passthrough"), ("hidden", FunctionTransformer(hidden))):
    scores = cross_val_score(make_pipeline(step, KNeighborsClassifier()), testing, unseen)
    print(f"5 nearest neighbours by {name}: {scores.mean():.3f} right")

figure, panels = plt.subplots(1, 2, figsize=(8.5, 4))
features = {"pixels": testing, "hidden numbers": hidden(testing)}
for axis, (title, numbers) in zip(panels, features.items(), strict=True):
    plane = PCA(2).fit_transform(numbers)
    for digit in range(10):
        axis.plot(*plane[unseen == digit].T, ".", color=plt.cm.tab10(digit), label=digit)
    axis.set(title=f"two principal components of the {title}", xticks=[], yticks=[])
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
