"""The digits and the network in src/mathwork/data, which `mathwork demo` runs on.

    python tools/train_digits.py [FOLDER]

Splits the handwritten digits that scikit-learn bundles, trains a 64-32-10 network on one part
by mathwork.data.recipe, and writes both parts with it into FOLDER (default: src/mathwork/data). The
held-out part chooses nothing: the penalty on the weights is picked by cross-validation inside the
training part, and the held-out digits are read once, at the end, for the figure in the README
beside the files. Takes a few seconds. Needs scikit-learn, for the digits and to split them.
"""
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, train_test_split

from mathwork.data.recipe import PENALTY, SEED, trained

FOLDER = Path(__file__).parents[1] / "src" / "mathwork" / "data"
HELD_OUT = 500
PENALTIES = [1e-4, 3e-4, 1e-3, 3e-3]


def split():
    """(train images, held-out images, train labels, held-out labels), images (n, 64), all uint8."""
    images, labels = load_digits(return_X_y=True)
    return train_test_split(images.astype(np.uint8), labels.astype(np.uint8),
                            test_size=HELD_OUT, stratify=labels, random_state=SEED)


def accuracies(images, labels):
    """{penalty: the share of digits read right, by five-fold cross-validation}"""
    folds = list(StratifiedKFold(5, shuffle=True, random_state=SEED).split(images, labels))
    return {penalty: np.mean([
        np.mean(trained(images[rows], labels[rows], penalty=penalty).classify(images[others])
                == labels[others]) for rows, others in folds]) for penalty in PENALTIES}


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    images, held_out_images, labels, held_out_labels = split()
    found = accuracies(images, labels)
    for penalty, accuracy in found.items():
        print(f"penalty {penalty:<6g} cross-validated accuracy {accuracy:.4f}")
    best = max(found, key=found.get)
    if best != PENALTY:
        sys.exit(f"the best penalty is {best:g}: write it into mathwork.data.recipe")

    network = trained(images, labels)
    network.save(folder / "digits_network.npz")
    np.savez(folder / "digits.npz", images=held_out_images, labels=held_out_labels)
    np.savez_compressed(folder / "training_digits.npz", images=images, labels=labels)
    print(f"{network}, penalty {best:g}")
    for name, x, y in (("trained on", images, labels),
                       ("held out", held_out_images, held_out_labels)):
        right = np.count_nonzero(network.classify(x) == y)
        print(f"{name:<10} {right} of {len(y)} right, {right / len(y):.1%}")


if __name__ == "__main__":
    main()
