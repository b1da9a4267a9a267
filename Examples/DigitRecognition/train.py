"""Trains the classifier of digits in Keras and writes its files.

    python Examples/DigitRecognition/train.py              needs Examples/requirements.txt
    python Examples/DigitRecognition/train.py --data DIR   DIR/mnist has mnist.npz or the IDX files

Without --data it takes scikit-learn's digits (stand_in.py). Other options: see Data/example.py.

The network is the notebook's: Dense 512 with ReLU, Dropout, Dense 10, logits out.

Files written, beside this script:

model/               SavedModel; signature serving_default: input `keras_tensor` float32 [batch, 784],
                     pixels / 255; output `output_0` float32 [batch, 10]
data/digits.parquet  the test images: id int; data array<double> of 784, pixels / 255; label int;
                     expected array<float> of 10, TensorFlow's own logits
expected.json        accuracy in TensorFlow
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import stand_in
from Data import example, idx, saved_models

import keras  # after saved_models, which sets TensorFlow's threads
from keras import layers


def read(data, part):
    """Images as rows of 784 numbers in double precision, as in the notebook, and labels."""
    folder = data / "mnist"
    if (folder / "mnist.npz").exists():
        arrays = np.load(folder / "mnist.npz")
        suffix = {"train": "train", "t10k": "test"}[part]
        images, labels = arrays[f"x_{suffix}"], arrays[f"y_{suffix}"]
    else:
        images, labels = idx.read_part(folder, part)
    return images.reshape(-1, 784) / 255.0, labels.astype(np.int32)


def train(data, out, epochs):
    keras.utils.set_random_seed(3)
    pixels, labels = read(data, "train")
    model = keras.Sequential([
        keras.Input((784,)), layers.Dense(512, activation="relu"), layers.Dropout(0.2),
        layers.Dense(10),
    ])
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(pixels.astype(np.float32), labels, epochs=epochs, batch_size=32, verbose=2)
    model.export(str(out / "model"), verbose=False)


def table(data, out):
    pixels, labels = read(data, "t10k")
    return pa.table({
        "id": example.ids(len(labels)), "data": example.lists(pixels, np.float64), "label": labels,
    })


def predict(rows, out):
    pixels = example.numbers(rows["data"]).astype(np.float32)
    return {"expected": example.lists(saved_models.predict(out / "model", {None: pixels}))}


def figures(rows):
    return example.accuracy(example.numbers(rows["expected"]).argmax(axis=1), rows["label"])


if __name__ == "__main__":
    example.run(
        __file__, __doc__, name="digits", epochs=15, stand_in=stand_in.write, train=train,
        table=table, predict=predict, figures=figures)
