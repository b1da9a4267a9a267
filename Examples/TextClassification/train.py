"""Trains the classifier of film reviews in Keras and writes its files.

    python Examples/TextClassification/train.py              needs Examples/requirements.txt
    python Examples/TextClassification/train.py --data DIR   DIR/aclImdb/{train,test}/{pos,neg}/*.txt

Without --data it makes up reviews itself (Data/reviews.py). Other options: see Data/example.py.

The model is the notebook's: TextVectorization, Embedding, mean over the words, one neuron. The
notebook puts a second sigmoid over the first when it exports, so that all its answers lie between 0.5
and 0.73; here there is one.

Files written, beside this script:

model/                SavedModel; signature serving_default: input `text` string [batch, 1]; output
                      `output_0` float32 [batch, 1], the probability that the text is positive
data/reviews.parquet  the test reviews: id int; lines string, the first sentence, as in the notebook;
                      label int, 1 for positive; expected float, TensorFlow's own answer to `lines`;
                      review string, the whole; expected_review float, TensorFlow's answer to that
expected.json         accuracy in TensorFlow on first sentences, and on whole reviews
"""

import re
import string
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import example, reviews, saved_models

import keras  # after saved_models, which sets TensorFlow's threads
import tensorflow as tf
from keras import layers

WORDS = 10000
LENGTH = 250


@keras.saving.register_keras_serializable("spark_dl")
def standardize(text):
    """Lowers ASCII letters only, and deletes punctuation: "bad,bad" becomes one word."""
    text = tf.strings.regex_replace(tf.strings.lower(text), "<br />", " ")
    return tf.strings.regex_replace(text, f"[{re.escape(string.punctuation)}]", "")


def read(data, part, **options):
    return keras.utils.text_dataset_from_directory(
        str(data / "aclImdb" / part), class_names=["neg", "pos"], batch_size=32, seed=42,
        verbose=False, **options)


def train(data, out, epochs):
    keras.utils.set_random_seed(6)
    training = read(data, "train", validation_split=0.2, subset="training")
    validation = read(data, "train", validation_split=0.2, subset="validation")
    vectorize = layers.TextVectorization(
        standardize=standardize, max_tokens=WORDS, output_mode="int", output_sequence_length=LENGTH)
    vectorize.adapt(training.map(lambda text, label: text))
    model = keras.Sequential([
        layers.Embedding(WORDS, 16), layers.Dropout(0.2), layers.GlobalAveragePooling1D(),
        layers.Dropout(0.2), layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(
        keras.optimizers.Adam(5e-3), "binary_crossentropy",
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.5)])

    def vectorized(dataset):
        pairs = dataset.map(lambda text, label: (vectorize(tf.expand_dims(text, -1)), label))
        return pairs.cache().prefetch(2)

    model.fit(
        vectorized(training), validation_data=vectorized(validation), epochs=epochs, shuffle=False,
        verbose=2)
    text = keras.Input((1,), dtype="string", name="text")
    whole = keras.Model(text, model(vectorize(text)))
    whole.export(str(out / "model"), verbose=False)


def table(data, out):
    texts, labels = reviews.read(data, "test")
    return pa.table({
        "id": example.ids(len(texts)),
        "lines": [text.split(".")[0] for text in texts],
        "label": np.array(labels, np.int32),
        "review": texts,
    })


def predict(rows, out):
    def answers(column):
        text = np.array(rows[column].to_pylist(), object)[:, None]
        return pa.array(saved_models.predict(out / "model", {"text": text})[:, 0])

    return {"expected": answers("lines"), "expected_review": answers("review")}


def figures(rows):
    positive = rows["label"].to_numpy() == 1
    return {
        **example.accuracy(rows["expected"].to_numpy() > 0.5, positive),
        **{
            f"review_{name}": figure for name, figure in
            example.accuracy(rows["expected_review"].to_numpy() > 0.5, positive).items()
        },
    }


if __name__ == "__main__":
    example.run(
        __file__, __doc__, name="reviews", epochs=15, stand_in=reviews.write, train=train,
        table=table, predict=predict, figures=figures)
