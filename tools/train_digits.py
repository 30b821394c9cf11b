"""The digits and the network in src/mathwork/data, which `mathwork demo` runs on.

    python tools/train_digits.py [FOLDER]

Splits the handwritten digits that scikit-learn bundles, trains a 64-32-10 network on one part
and writes the other with it into FOLDER (default: src/mathwork/data). The held-out part chooses
nothing: the penalty on the weights is picked by cross-validation inside the training part, and
the held-out digits are read once, at the end, for the figure in the README beside the files.
Takes about a minute. Needs scikit-learn.
"""
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from mathwork.nn import Dense, Network

FOLDER = Path(__file__).parents[1] / "src" / "mathwork" / "data"
SEED = 0
HELD_OUT = 500
BRIGHTEST = 16      # pixels count the set points of a 4 x 4 block, 0 to 16
PENALTIES = [0.1, 0.3, 1.0, 3.0]


def split():
    """(train images, held-out images, train labels, held-out labels), images (n, 64), all uint8."""
    images, labels = load_digits(return_X_y=True)
    return train_test_split(images.astype(np.uint8), labels.astype(np.uint8),
                            test_size=HELD_OUT, stratify=labels, random_state=SEED)


def trained(images, labels):
    """The search over PENALTIES, fitted: its best network is trained on all of `images`."""
    network = MLPClassifier((32,), activation="relu", solver="lbfgs", max_iter=20_000,
                            max_fun=20_000,
                            random_state=SEED)
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    # One thread, because the order of a sum, and with it the last bit, depends on their number.
    with threadpool_limits(1):
        return GridSearchCV(network, {"alpha": PENALTIES}, cv=folds).fit(images / BRIGHTEST,
                                                                         labels)


def as_network(classifier):
    """The classifier as a float32 Network that takes the pixels as they are, 0 to 16.

    The division by 16 moves into the first layer's weights. It is exact there: a power of two.
    """
    weights = [weight.T for weight in classifier.coefs_]
    weights[0] = weights[0] / BRIGHTEST
    return Network([Dense(weight, bias, activation) for weight, bias, activation
                    in zip(weights, classifier.intercepts_, ("relu", "softmax"), strict=True)])


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    images, held_out_images, labels, held_out_labels = split()
    search = trained(images, labels)
    network = as_network(search.best_estimator_)
    network.save(folder / "digits_network.npz")
    np.savez(folder / "digits.npz", images=held_out_images, labels=held_out_labels)

    for penalty, accuracy in zip(PENALTIES, search.cv_results_["mean_test_score"], strict=True):
        print(f"penalty {penalty:<4} cross-validated accuracy {accuracy:.4f}")
    print(f"{network}, penalty {search.best_params_['alpha']}")
    for name, x, y in (("trained on", images, labels),
                       ("held out", held_out_images, held_out_labels)):
        right = np.count_nonzero(network.classify(x) == y)
        print(f"{name:<10} {right} of {len(y)} right, {right / len(y):.1%}")


if __name__ == "__main__":
    main()
