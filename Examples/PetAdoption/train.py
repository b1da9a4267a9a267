"""Trains the adoption model with Keras preprocessing layers and writes its files.

    python Examples/PetAdoption/train.py              needs Examples/requirements.txt
    python Examples/PetAdoption/train.py --data DIR   DIR/petfinder-mini/petfinder-mini.csv

Without --data it makes up pets itself (stand_in.py). Other options: see Data/example.py.

The model is the notebook's: it takes the columns as they are, and normalises numbers and looks words
up inside. A pet counts as adopted when AdoptionSpeed is not 4.

Files written, beside this script:

model/             SavedModel; signature serving_default: an input [batch, 1] for each of the 13
                   columns, by its name: strings, Age int64, Fee and PhotoAmt float32; output
                   `output_0` float32 [batch, 1], a logit
model.onnx         the same for ONNX Runtime, with the same inputs; output `logit` float32 [batch, 1]
data/pets.parquet  the test rows: id int; ten columns string; Age, Fee, PhotoAmt long; target int, 1
                   where adopted; expected float, TensorFlow's own logit
expected.json      accuracy in TensorFlow
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import onnx_form
import stand_in
from Data import example, onnx_files, saved_models

import keras  # after saved_models, which sets TensorFlow's threads
import tensorflow as tf
from keras import layers

NUMBERS = ["PhotoAmt", "Fee"]
WHOLE = ["Age"]
WORDS = [
    "Type", "Color1", "Color2", "Gender", "MaturitySize", "FurLength", "Vaccinated", "Sterilized",
    "Health", "Breed1",
]
COLUMNS = [
    "Type", "Age", "Breed1", "Gender", "Color1", "Color2", "MaturitySize", "FurLength", "Vaccinated",
    "Sterilized", "Health", "Fee", "PhotoAmt",
]


def read(data):
    """Rows for training, validation and test."""
    # Without keep_default_na an empty string would become a number that is not one.
    rows = pd.read_csv(data / "petfinder-mini" / "petfinder-mini.csv", keep_default_na=False)
    rows["target"] = np.where(rows["AdoptionSpeed"] == 4, 0, 1)
    order = np.random.RandomState(0).permutation(len(rows))
    return [rows.iloc[part] for part in np.split(order, [int(0.8 * len(rows)), int(0.9 * len(rows))])]


def tensors(rows):
    """The columns as the model takes them: each [rows, 1]."""
    types = {**dict.fromkeys(WORDS, object), **dict.fromkeys(WHOLE, np.int64)}
    return {
        name: np.asarray(rows[name]).astype(types.get(name, np.float32))[:, None] for name in COLUMNS
    }


def build(features):
    """The model, and what its layers learnt of the columns: vocabularies, means, variances."""
    inputs, encoded, learnt = {}, [], {}
    for name in NUMBERS:
        inputs[name] = keras.Input((1,), name=name, dtype="float32")
        layer = layers.Normalization(axis=None)
        layer.adapt(features[name])
        encoded.append(layer(inputs[name]))
        learnt[name] = float(np.ravel(layer.mean)[0]), float(np.ravel(layer.variance)[0])
    for name in WHOLE + WORDS:
        whole = name in WHOLE
        inputs[name] = keras.Input((1,), name=name, dtype="int64" if whole else "string")
        layer = (layers.IntegerLookup if whole else layers.StringLookup)(max_tokens=5)
        layer.adapt(tf.constant(features[name]))
        size = layer.vocabulary_size()
        encoded.append(layers.CategoryEncoding(num_tokens=size)(layer(inputs[name])))
        learnt[name] = layer.get_vocabulary()
    hidden = layers.Dense(32, activation="relu")(layers.concatenate(encoded))
    logit = layers.Dense(1)(layers.Dropout(0.5)(hidden))
    return keras.Model(inputs, logit), learnt


def dataset(rows, shuffled=False):
    features = {name: tf.constant(column) for name, column in tensors(rows).items()}
    pairs = tf.data.Dataset.from_tensor_slices((features, rows["target"].to_numpy()))
    return (pairs.shuffle(20000, seed=1) if shuffled else pairs).batch(256)


def train(data, out, epochs):
    keras.utils.set_random_seed(4)
    training, validation, _ = read(data)
    model, learnt = build(tensors(training))
    model.compile(
        "adam", keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)])
    model.fit(
        dataset(training, shuffled=True), validation_data=dataset(validation), epochs=epochs,
        shuffle=False, verbose=2)
    model.export(str(out / "model"), verbose=False)
    onnx_form.write(out / "model.onnx", NUMBERS, WHOLE, WORDS, learnt, model.get_weights()[-4:])


def table(data, out):
    rows = read(data)[2]
    columns = {
        name: pa.array(rows[name].tolist(), pa.string() if name in WORDS else pa.int64())
        for name in COLUMNS
    }
    target = rows["target"].to_numpy().astype(np.int32)
    return pa.table({"id": example.ids(len(rows)), **columns, "target": target})


def predict(rows, out):
    logits = saved_models.predict(out / "model", tensors(rows.to_pandas()))
    return {"expected": pa.array(logits[:, 0])}


def predict_onnx(rows, out):
    logits = onnx_files.predict(out / "model.onnx", tensors(rows.to_pandas()))
    return {"expected": pa.array(logits[:, 0])}


def figures(rows):
    return example.accuracy(rows["expected"].to_numpy() > 0, rows["target"].to_numpy() == 1)


if __name__ == "__main__":
    example.run(
        __file__, __doc__, name="pets", epochs=12, stand_in=stand_in.write, train=train, table=table,
        predict=predict, figures=figures, others={"ONNX Runtime": predict_onnx})
