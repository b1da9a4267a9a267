"""A DistilBERT classifier in TensorFlow, out of a Hugging Face folder."""

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import saved_models  # noqa: F401  sets TensorFlow's threads before anything starts it

import tensorflow as tf


class DistilBert(tf.Module):
    """Token ids to logits. The weights keep their names in the file, with _ for the dots."""

    def __init__(self, folder):
        super().__init__()
        settings = json.loads((Path(folder) / "config.json").read_text())
        self.width = settings["dim"]
        self.heads = settings["n_heads"]
        self.layers = settings["n_layers"]
        self.variables_by_name = {
            name.replace(".", "_"): tf.Variable(value, trainable=False, name=name.replace(".", "_"))
            for name, value in load_file(Path(folder) / "model.safetensors").items()
        }

    def weight(self, name):
        return self.variables_by_name[name.replace(".", "_")]

    def linear(self, x, name):
        kernel, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return tf.einsum("...d,ed->...e", x, kernel) + bias

    def normalize(self, x, name):
        centred = x - tf.reduce_mean(x, -1, keepdims=True)
        scale = tf.math.rsqrt(tf.reduce_mean(centred * centred, -1, keepdims=True) + 1e-12)
        return centred * scale * self.weight(f"{name}.weight") + self.weight(f"{name}.bias")

    def attention(self, x, masked, name):
        batch, length = tf.shape(x)[0], tf.shape(x)[1]
        size = self.width // self.heads

        def heads(part):
            y = self.linear(x, f"{name}.{part}_lin")
            return tf.transpose(tf.reshape(y, [batch, length, self.heads, size]), [0, 2, 1, 3])

        scores = tf.matmul(heads("q"), heads("k"), transpose_b=True) / np.float32(np.sqrt(size))
        mixed = tf.transpose(tf.nn.softmax(scores + masked) @ heads("v"), [0, 2, 1, 3])
        return self.linear(tf.reshape(mixed, [batch, length, self.width]), f"{name}.out_lin")

    def logits(self, input_ids, attention_mask):
        words = self.weight("distilbert.embeddings.word_embeddings.weight")
        places = self.weight("distilbert.embeddings.position_embeddings.weight")
        x = tf.gather(words, input_ids) + places[None, : tf.shape(input_ids)[1]]
        x = self.normalize(x, "distilbert.embeddings.LayerNorm")
        masked = (1.0 - tf.cast(attention_mask[:, None, None, :], tf.float32)) * -1e9
        for i in range(self.layers):
            layer = f"distilbert.transformer.layer.{i}"
            x = self.normalize(
                x + self.attention(x, masked, f"{layer}.attention"), f"{layer}.sa_layer_norm")
            hidden = tf.nn.gelu(self.linear(x, f"{layer}.ffn.lin1"), approximate=False)
            x = self.normalize(
                x + self.linear(hidden, f"{layer}.ffn.lin2"), f"{layer}.output_layer_norm")
        first = tf.nn.relu(self.linear(x[:, 0], "pre_classifier"))
        return self.linear(first, "classifier")


def write_saved_model(source, target):
    """Writes the classifier in the Hugging Face folder `source` as a SavedModel."""
    model = DistilBert(source)

    def tokens(name):
        return tf.TensorSpec([None, None], tf.int64, name=name)

    @tf.function(input_signature=[tokens("input_ids"), tokens("attention_mask")])
    def serve(input_ids, attention_mask):
        return {"logits": model.logits(input_ids, attention_mask)}

    tf.saved_model.save(model, str(target), signatures={"serving_default": serve})
