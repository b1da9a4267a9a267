"""TensorFlow SavedModels: to run one by its signature, to write a Keras model as one."""

import os
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

# Two threads give the same numbers in the same order every time on these small models.
tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(1)


def predict(folder, inputs, batch=256, signature="serving_default"):
    """The only output for all rows, batch by batch.

    `inputs` maps the signature's names to arrays; for a signature with one input the name may be
    None, because Keras makes up a name for a model whose input has none.
    """
    function = tf.saved_model.load(str(folder)).signatures[signature]
    names = list(function.structured_input_signature[1])
    inputs = {names[0] if name is None else name: rows for name, rows in inputs.items()}
    count = len(next(iter(inputs.values())))
    outputs = []
    for i in range(0, count, batch):
        feeds = {name: tf.constant(rows[i : i + batch]) for name, rows in inputs.items()}
        (output,) = function(**feeds).values()
        outputs.append(output.numpy())
    return np.concatenate(outputs)


def export_once(model, folder):
    """Writes a Keras model of one input with each weight once: `model.export` writes all twice."""
    with tempfile.TemporaryDirectory() as temporary:
        model.export(temporary, verbose=False)
        # A name of its own, because only it keeps the variables alive.
        restored = tf.saved_model.load(temporary)
        exported = restored.signatures["serving_default"]
        ((name, specification),) = exported.structured_input_signature[1].items()

        @tf.function(input_signature=[specification])
        def serve(rows):
            return exported(**{name: rows})

        module = tf.Module()
        module.weights, module.serve = list(exported.variables), serve
        tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
