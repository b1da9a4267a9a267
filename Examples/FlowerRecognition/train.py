"""Trains a ResNet50 of an eighth of the width in Keras and writes its files.

    python Examples/FlowerRecognition/train.py              needs Examples/requirements.txt
    python Examples/FlowerRecognition/train.py --data DIR   DIR/flower_photos/<class>/*.jpg

Without --data it draws flowers itself (stand_in.py). Other options: see Data/example.py. Training
takes some five minutes.

The notebook scores flowers with the 1000 classes of ImageNet, of which few are flowers; this network
knows the five classes at hand. Its topology is ResNet50's; the one of full width, of 94 MB, is made by
make.py. Preprocessing is the notebook's: PIL's `resize` to 224x224, which is bicubic with
antialiasing, then pixels * (2 / 255) - 1.

Files written, beside this script:

model/                 SavedModel; signature serving_default: input `image` float32
                       [batch, 224, 224, 3], RGB from -1 to 1; output `output_0` float32 [batch, 5],
                       probabilities
model.onnx             the same; input `image`, output `predictions`
data/flower_photos/    the test images, as they were
data/flowers.parquet   path string, such as daisy/00012.jpg; label string; expected array<float> of 5,
                       TensorFlow's own probabilities
expected.json          accuracy in TensorFlow; the names of the classes
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import resnet
import stand_in
from Data import example, onnx_files, saved_models

import keras  # after saved_models, which sets TensorFlow's threads
from keras import layers

TEST_IMAGES = 80
WIDTH_DIVISOR = 8


def files(data):
    """The JPEG files for training and for test, and the names of their classes."""
    paths = np.array(sorted((data / "flower_photos").glob("*/*.jpg")))
    order = np.random.RandomState(1).permutation(len(paths))
    classes = sorted({path.parent.name for path in paths})
    return paths[order[TEST_IMAGES:]], paths[order[:TEST_IMAGES]], classes


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB").resize((224, 224)), np.uint8)


def scaled(images):
    return images.astype(np.float32) * np.float32(2 / 255) - np.float32(1)


def fit(model, images, labels, rate, epochs):
    steps = epochs * -(-len(images) // 32)
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(
        keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"],
        jit_compile=False)
    model.fit(images, labels, batch_size=32, epochs=epochs, verbose=2)


def train(data, out, epochs):
    keras.utils.set_random_seed(5)
    paths, _, classes = files(data)
    images = np.stack([pixels(path) for path in paths])
    labels = np.array([classes.index(path.parent.name) for path in paths])
    # The weights do not depend on the size of the images: most epochs see them at half size.
    small = resnet.build(len(classes), WIDTH_DIVISOR, size=112)
    fit(small, scaled(images[:, ::2, ::2]), labels, 4e-3, epochs)
    model = resnet.build(len(classes), WIDTH_DIVISOR)
    model.set_weights(small.get_weights())
    fit(model, scaled(images), labels, 1.5e-3, max(1, epochs // 7))
    # Few steps leave the running means of the normalisation behind: take them of one large batch.
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    model(scaled(images[:128]), training=True)
    saved_models.export_once(model, out / "model")
    resnet.write_onnx(model, out / "model.onnx")


def table(data, out):
    _, paths, _ = files(data)
    photos = out / "data" / "flower_photos"
    shutil.rmtree(photos, ignore_errors=True)
    for path in paths:
        copy = photos / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return pa.table({
        "path": [f"{path.parent.name}/{path.name}" for path in paths],
        "label": [path.parent.name for path in paths],
    })


def images(rows, out):
    photos = out / "data" / "flower_photos"
    return scaled(np.stack([pixels(photos / path) for path in rows["path"].to_pylist()]))


def predict(rows, out):
    found = saved_models.predict(out / "model", {"image": images(rows, out)}, batch=16)
    return {"expected": example.lists(found)}


def predict_onnx(rows, out):
    found = onnx_files.predict(out / "model.onnx", {"image": images(rows, out)}, batch=16)
    return {"expected": example.lists(found)}


def figures(rows):
    labels = rows["label"].to_pylist()
    classes = sorted(set(labels))
    found = np.array(classes)[example.numbers(rows["expected"]).argmax(axis=1)]
    return {**example.accuracy(found, labels), "classes": classes}


if __name__ == "__main__":
    example.run(
        __file__, __doc__, name="flowers", epochs=14, stand_in=stand_in.write, train=train,
        table=table, predict=predict, figures=figures, others={"ONNX Runtime": predict_onnx})
