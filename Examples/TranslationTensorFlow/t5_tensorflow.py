"""A T5 in TensorFlow, out of a Hugging Face folder: any T5, with relu or gated gelu."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import saved_models  # noqa: F401  sets TensorFlow's threads before anything starts it
from Data import t5

import tensorflow as tf

FAR_BELOW = -1e9


class T5(tf.Module):
    """The weights keep their names in the file, with _ for the dots."""

    def __init__(self, folder):
        super().__init__()
        self.settings = t5.Parameters(folder)

        def variable(value, name):
            return tf.Variable(value, trainable=False, name=name)

        self.by_name = {
            name.replace(".", "_"): variable(value, name.replace(".", "_"))
            for name, value in self.settings.weights.items()
        }
        self.embedding = variable(self.settings.embedding, "shared")
        self.bias = {
            part: variable(value, f"{part}_bias") for part, value in self.settings.bias.items()
        }
        head = self.settings.head
        self.head = self.embedding if head is None else variable(head, "lm_head")

    def weight(self, name):
        return self.by_name[f"{name}.weight".replace(".", "_")]

    def normalize(self, x, name):
        mean = tf.reduce_mean(x * x, -1, keepdims=True)
        return x * tf.math.rsqrt(mean + self.settings.epsilon) * self.weight(name)

    def linear(self, x, name):
        return tf.einsum("btd,ed->bte", x, self.weight(name))

    def heads(self, x, name):
        x, t = self.linear(x, name), self.settings
        shape = tf.shape(x)
        return tf.transpose(tf.reshape(x, [shape[0], shape[1], t.heads, t.size]), [0, 2, 1, 3])

    def positions(self, part, queries, keys):
        distance = tf.clip_by_value(keys[None, :] - queries[:, None], -t5.FARTHEST, t5.FARTHEST)
        return tf.transpose(tf.gather(self.bias[part], distance + t5.FARTHEST), [2, 0, 1])[None]

    def masked(self, mask):
        return (1.0 - tf.cast(mask[:, None, None, :], tf.float32)) * FAR_BELOW

    def attend(self, query, key, value, bias, output):
        t = self.settings
        mixed = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) + bias) @ value
        shape = tf.shape(query)
        mixed = tf.reshape(
            tf.transpose(mixed, [0, 2, 1, 3]), [shape[0], shape[2], t.heads * t.size])
        return self.linear(mixed, output)

    def feed_forward(self, x, name):
        normal, dense = self.normalize(x, f"{name}.layer_norm"), f"{name}.DenseReluDense"
        if self.settings.gated:
            gate = tf.nn.gelu(self.linear(normal, f"{dense}.wi_0"), True)
            hidden = gate * self.linear(normal, f"{dense}.wi_1")
        else:
            hidden = tf.nn.relu(self.linear(normal, f"{dense}.wi"))
        return x + self.linear(hidden, f"{dense}.wo")

    def encode(self, input_ids, attention_mask):
        x = tf.gather(self.embedding, input_ids)
        places = tf.range(tf.shape(input_ids)[1])
        bias = self.positions("encoder", places, places) + self.masked(attention_mask)
        for i in range(self.settings.encoder_layers):
            block = f"encoder.block.{i}.layer"
            normal, own = self.normalize(x, f"{block}.0.layer_norm"), f"{block}.0.SelfAttention"
            query, key, value = (self.heads(normal, f"{own}.{n}") for n in "qkv")
            x = x + self.attend(query, key, value, bias, f"{own}.o")
            x = self.feed_forward(x, f"{block}.1")
        return self.normalize(x, "encoder.final_layer_norm")

    def decode(self, ids, states, mask, past):
        """Logits, and the cache: all of it when `past` is empty, else what is new."""
        x = tf.gather(self.embedding, ids)
        length = tf.shape(ids)[1]
        before = tf.shape(past[0])[2] if past else 0
        queries, keys = tf.range(length) + before, tf.range(before + length)
        later = tf.where(keys[None, :] <= queries[:, None], 0.0, FAR_BELOW)[None, None]
        own_bias = self.positions("decoder", queries, keys) + later
        cross_bias, cache = self.masked(mask), []
        for i in range(self.settings.decoder_layers):
            block = f"decoder.block.{i}.layer"
            own, cross = f"{block}.0.SelfAttention", f"{block}.1.EncDecAttention"
            normal = self.normalize(x, f"{block}.0.layer_norm")
            query, key, value = (self.heads(normal, f"{own}.{n}") for n in "qkv")
            if past:
                key = tf.concat([past[4 * i], key], 2)
                value = tf.concat([past[4 * i + 1], value], 2)
            cache += [key, value]
            x = x + self.attend(query, key, value, own_bias, f"{own}.o")

            normal = self.normalize(x, f"{block}.1.layer_norm")
            if past:
                key, value = past[4 * i + 2], past[4 * i + 3]
            else:
                key, value = self.heads(states, f"{cross}.k"), self.heads(states, f"{cross}.v")
                cache += [key, value]
            query = self.heads(normal, f"{cross}.q")
            x = x + self.attend(query, key, value, cross_bias, f"{cross}.o")
            x = self.feed_forward(x, f"{block}.2")
        x = self.normalize(x, "decoder.final_layer_norm") * self.settings.output_scale
        return tf.einsum("btd,vd->btv", x, self.head), cache


def write_saved_model(source, target):
    """Writes the T5 in the Hugging Face folder `source` as a SavedModel of three signatures."""
    model = T5(source)
    t = model.settings
    whole = t.cache_names("present", t5.WHOLE_CACHE, "_")
    new = t.cache_names("present", t5.OWN_CACHE, "_")

    def tokens(name):
        return tf.TensorSpec([None, None], tf.int64, name=name)

    states = tf.TensorSpec([None, None, t.width], tf.float32, name="encoder_hidden_states")
    past = [
        tf.TensorSpec([None, t.heads, None, t.size], tf.float32, name=name)
        for name in t.cache_names("past", t5.WHOLE_CACHE, "_")
    ]

    @tf.function(input_signature=[tokens("input_ids"), tokens("attention_mask")])
    def encode(input_ids, attention_mask):
        return {"last_hidden_state": model.encode(input_ids, attention_mask)}

    @tf.function(input_signature=[tokens("input_ids"), states, tokens("encoder_attention_mask")])
    def decode_first(input_ids, encoder_hidden_states, encoder_attention_mask):
        logits, cache = model.decode(input_ids, encoder_hidden_states, encoder_attention_mask, [])
        return {"logits": logits, **dict(zip(whole, cache))}

    @tf.function(input_signature=[tokens("input_ids"), tokens("encoder_attention_mask"), *past])
    def decode_next(input_ids, encoder_attention_mask, *past):
        logits, cache = model.decode(input_ids, None, encoder_attention_mask, list(past))
        return {"logits": logits, **dict(zip(new, cache))}

    tf.saved_model.save(model, str(target), signatures={
        "encode": encode, "decode_first": decode_first, "decode_next": decode_next})


class Translator:
    """The SavedModel in TensorFlow."""

    def __init__(self, folder):
        # Kept, because only it keeps the variables alive.
        self.loaded = tf.saved_model.load(str(folder))
        self.signatures = self.loaded.signatures

    def generate(self, ids, mask):
        return t5.greedy(self.encode, self.decode_first, self.decode_next, ids, mask)

    def encode(self, ids, mask):
        found = self.signatures["encode"](input_ids=tf.constant(ids), attention_mask=tf.constant(mask))
        return found["last_hidden_state"]

    def decode_first(self, tokens, states, mask):
        return self.run("decode_first", {
            "input_ids": tf.constant(tokens), "encoder_hidden_states": states,
            "encoder_attention_mask": tf.constant(mask)}, {})

    def decode_next(self, tokens, mask, cache):
        feeds = {"input_ids": tf.constant(tokens), "encoder_attention_mask": tf.constant(mask)}
        return self.run("decode_next", {**feeds, **cache}, cache)

    def run(self, signature, feeds, cache):
        found = dict(self.signatures[signature](**feeds))
        logits = found.pop("logits").numpy()
        # The encoder's part of the cache comes out of the first step only.
        new = {name.replace("present", "past"): value for name, value in found.items()}
        return logits, {**cache, **new}
