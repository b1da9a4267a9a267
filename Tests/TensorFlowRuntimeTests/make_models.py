"""Makes the small SavedModels of the tests, each with a JSON case of what Python answers.

Needs tensorflow-cpu. Run it as `python make_models.py`; it writes to Models beside it. NAME is the
SavedModel, NAME.N.json the answer of one of its signatures.
"""

import json
import os
import pathlib
import shutil

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

FOLDER = pathlib.Path(__file__).resolve().parent / "Models"
TYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "float16", "bfloat16", "float32", "float64", "string"]


def encode(name, tensor):
    value = tensor.numpy() if hasattr(tensor, "numpy") else np.asarray(tensor)
    kind = tf.as_dtype(tensor.dtype).name
    flat = value.reshape(-1)
    if kind == "string":
        values = [item.decode() for item in flat]
    elif kind == "bool":
        values = [bool(item) for item in flat]
    elif "float" in kind:
        values = [float(item) for item in flat]
    else:
        values = [int(item) for item in flat]
    return {"name": name, "type": kind, "shape": list(value.shape), "values": values}


def describe(specification):
    if specification.shape.rank is None:
        return {"type": specification.dtype.name}
    sizes = [-1 if size is None else size for size in specification.shape]
    return {"type": specification.dtype.name, "shape": sizes}


def save(name, module, signatures, cases=()):
    path = FOLDER / name
    shutil.rmtree(path, ignore_errors=True)
    tf.saved_model.save(module, str(path), signatures=signatures)
    (path / "fingerprint.pb").unlink(missing_ok=True)
    loaded = tf.saved_model.load(str(path))
    for index, (signature, inputs) in enumerate(cases):
        function = loaded.signatures[signature]
        outputs = function(**inputs)
        takes = function.structured_input_signature[1]
        case = {
            "model": name,
            "signature": signature,
            "takes": {key: describe(value) for key, value in takes.items()},
            "gives": {key: describe(value) for key, value in function.structured_outputs.items()},
            "inputs": [encode(key, value) for key, value in inputs.items()],
            "outputs": [encode(key, value) for key, value in outputs.items()],
        }
        (FOLDER / f"{name}.{index}.json").write_text(json.dumps(case, indent=1) + "\n")


class Types(tf.Module):
    """One signature for each element type: the value given back, and twice or negated."""

    def function(self, kind):
        dtype = tf.as_dtype(kind)

        def call(x):
            if kind == "bool":
                other = tf.logical_not(x)
            elif kind == "string":
                other = tf.strings.join([x, "<", x, ">"])
            elif kind in ("uint16", "uint32", "uint64", "int8", "int16", "uint8"):
                other = tf.bitcast(tf.bitwise.invert(x), dtype)
            else:
                other = x + x
            return {"same": tf.identity(x), "other": other}

        return tf.function(call, input_signature=[tf.TensorSpec([None, 2], dtype, name="x")])


def types():
    module = Types()
    signatures = {kind: module.function(kind).get_concrete_function() for kind in TYPES}
    rows = {
        "bool": [[True, False], [False, True]],
        "int8": [[-128, 127], [0, 1]],
        "int16": [[-32768, 32767], [0, 1]],
        "int32": [[-(2**30), 2**30 - 1], [0, 1]],
        "int64": [[-(2**62), 2**62 - 1], [0, 1]],
        "uint8": [[0, 255], [1, 2]],
        "uint16": [[0, 65535], [1, 2]],
        "uint32": [[0, 2**32 - 1], [1, 2]],
        "uint64": [[0, 2**63 - 1], [1, 2]],
        "float16": [[0.5, -1.25], [1024, 0]],
        "bfloat16": [[0.5, -1.25], [1024, 0]],
        "float32": [[0.5, -1.25], [3e20, 0]],
        "float64": [[0.5, -1.25], [3e200, 0]],
        "string": [["", "grün 🐟"], ["with a \0 within", "long enough for memory of its own " * 4]],
    }
    save("types", module, signatures,
         [(kind, {"x": tf.constant(rows[kind], tf.as_dtype(kind))}) for kind in TYPES])


class Mixed(tf.Module):
    """Two inputs and two outputs, variables, several signatures, an unknown rank."""

    def __init__(self):
        super().__init__()
        self.weights = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="weights")
        self.memory = tf.Variable("nothing yet", name="memory")

    @tf.function(input_signature=[
        tf.TensorSpec([None, 3], tf.float32, name="features"),
        tf.TensorSpec([None], tf.int64, name="ids")])
    def predict(self, features, ids):
        return {"scores": features @ self.weights, "next": ids + 1}

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="x")])
    def total(self, x):
        return {"total": tf.reduce_sum(x), "same": tf.identity(x)}

    @tf.function(input_signature=[
        tf.TensorSpec([None, 2], tf.float32, name="x"),
        tf.TensorSpec([None, 2], tf.float32, name="y")])
    def strict(self, x, y):
        return {"sum": x + y}

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, name="text")])
    def remember(self, text):
        before = self.memory.read_value()
        self.memory.assign(text)
        return {"before": before}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.complex64, name="x")])
    def complicated(self, x):
        return {"real": tf.math.real(x)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def partly(self, x):
        return {"complex": tf.cast(x, tf.complex64), "same": tf.identity(x)}

    @tf.function(input_signature=[])
    def constant(self):
        return {"weights": self.weights.read_value()}


def mixed():
    module = Mixed()
    names = ["predict", "total", "strict", "remember", "complicated", "partly", "constant"]
    signatures = {name: getattr(module, name).get_concrete_function() for name in names}
    save("mixed", module, signatures, [
        ("predict", {"features": tf.constant([[1.0, 0, 0], [0.5, 0.5, 2]]),
                     "ids": tf.constant([7, -1], tf.int64)}),
        ("total", {"x": tf.constant([[[1.0, 2.0], [3.0, 4.5]]])}),
        ("total", {"x": tf.constant(3.5)}),
        ("constant", {}),
    ])


class Lookup(tf.Module):
    """A vocabulary in an asset file, and a table with strings inside the graph."""

    def __init__(self, vocabulary):
        super().__init__()
        self.file = tf.saved_model.Asset(str(vocabulary))
        self.ids = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                self.file, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), 1)
        self.names = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant([0, 1, 2], tf.int64), tf.constant(["red", "green", "a longer blue name"])),
            "unknown")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def serve(self, words):
        ids = self.ids.lookup(words)
        return {"ids": ids, "names": self.names.lookup(ids)}


def lookup():
    vocabulary = FOLDER / "colours.txt"
    vocabulary.write_text("rot\ngrün\nblau\n")
    module = Lookup(vocabulary)
    save("lookup", module, {"serving_default": module.serve.get_concrete_function()},
         [("serving_default", {"words": tf.constant(["blau", "rot", "", "grün", "violett"])})])
    vocabulary.unlink()


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    types()
    mixed()
    lookup()
