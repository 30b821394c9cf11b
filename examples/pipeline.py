"""A network inside a scikit-learn pipeline.

scikit-learn trains a pipeline of a scaler and an MLPClassifier on its digits. FunctionTransformer
makes the trained network a step of other pipelines. The whole network gives the same probabilities
as the classifier. Without its last layer it gives features to another classifier. A pipeline with
a network in it can be pickled, because a network can.

    pip install scikit-learn
    python examples/pipeline.py
"""
import pickle
import timeit

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mathwork.nn import Network


def microseconds(call):
    return min(timeit.repeat(call, number=100, repeat=5)) / 100 * 1e6


def main():
    images, labels = load_digits(return_X_y=True)
    training, testing, answers, unseen = train_test_split(images, labels, random_state=0)
    trained = make_pipeline(StandardScaler(),
                            MLPClassifier(hidden_layer_sizes=(32,), max_iter=500, random_state=0))
    trained.fit(training, answers)
    scaler, classifier = (step for _, step in trained.steps)
    print(f"trained by scikit-learn: {trained.score(testing, unseen):.3f} of the digits right")

    net = Network.from_sklearn(classifier)
    whole = make_pipeline(scaler, FunctionTransformer(net))
    difference = abs(whole.transform(testing) - trained.predict_proba(testing)).max()
    print(f"{net} gives its probabilities to {difference:.0e}")

    again = pickle.loads(pickle.dumps(whole))
    print("the same from a pickle:",
          np.array_equal(again.transform(testing), whole.transform(testing)))

    row = scaler.transform(testing[:1])
    print(f"one digit: {microseconds(lambda: classifier.predict_proba(row)):.0f} us with "
          f"MLPClassifier, {microseconds(lambda: net(row)):.1f} us with the network")

    hidden = FunctionTransformer(Network(net.layers[:-1], dtype=net.dtype))
    neighbours = KNeighborsClassifier()
    for name, steps in (("pixels", [scaler, neighbours]), ("hidden", [scaler, hidden, neighbours])):
        scores = cross_val_score(make_pipeline(*steps), testing, unseen)
        print(f"5 nearest neighbours among {len(testing)} by {name}: {scores.mean():.3f} right")


if __name__ == "__main__":
    main()
