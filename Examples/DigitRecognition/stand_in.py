"""scikit-learn's handwritten digits in the files of MNIST.

    python stand_in.py FOLDER

writes 1297 training and 500 test images to FOLDER/mnist. They are real scans, of 8x8 pixels, enlarged
to 20x20 and centred in 28x28 as MNIST's are.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import idx

TRAINING_IMAGES = 1297


def enlarged(scan):
    grey = Image.fromarray((scan * (255.0 / 16.0)).astype(np.uint8))
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 4:24] = np.asarray(grey.resize((20, 20), Image.Resampling.BICUBIC))
    return image


def write(folder):
    """Writes the four IDX files to mnist in `folder`."""
    out = Path(folder) / "mnist"
    out.mkdir(parents=True, exist_ok=True)
    digits = load_digits()
    # scikit-learn's order groups the writers.
    order = np.random.RandomState(5).permutation(len(digits.images))
    images = np.stack([enlarged(digits.images[i]) for i in order])
    labels = digits.target[order]
    idx.write_part(out, "train", images[:TRAINING_IMAGES], labels[:TRAINING_IMAGES])
    idx.write_part(out, "t10k", images[TRAINING_IMAGES:], labels[TRAINING_IMAGES:])


if __name__ == "__main__":
    write(sys.argv[1])
