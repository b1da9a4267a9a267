"""A T5 as three ONNX files, with the names of files and tensors that Hugging Face's Optimum uses."""

import sys
from pathlib import Path

import onnxruntime
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import onnx_files, t5

FAR_BELOW = -1e9


class Part(torch.nn.Module):
    """What the encoder and both decoders have in common."""

    def __init__(self, parameters, part, without=()):
        super().__init__()
        self.parameters_of_t5 = parameters
        for name, value in parameters.weights.items():
            if name.startswith(f"{part}.") and not any(unused in name for unused in without):
                self.register_buffer(name.replace(".", "_"), torch.from_numpy(value))
        self.register_buffer("embedding", torch.from_numpy(parameters.embedding))
        self.register_buffer("bias", torch.from_numpy(parameters.bias[part]))

    def weight(self, name):
        return getattr(self, f"{name}.weight".replace(".", "_"))

    def normalize(self, x, name):
        scale = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.parameters_of_t5.epsilon)
        return x * scale * self.weight(name)

    def linear(self, x, name):
        return x @ self.weight(name).t()

    def heads(self, x, name):
        x = self.linear(x, name)
        t = self.parameters_of_t5
        return x.reshape(x.shape[0], x.shape[1], t.heads, t.size).transpose(1, 2)

    def positions(self, queries, keys):
        distance = (keys[None, :] - queries[:, None]).clamp(-t5.FARTHEST, t5.FARTHEST)
        return self.bias[distance + t5.FARTHEST].permute(2, 0, 1)[None]

    def masked(self, mask):
        return (1.0 - mask[:, None, None, :].to(torch.float32)) * FAR_BELOW

    def attend(self, query, key, value, bias, output):
        t = self.parameters_of_t5
        mixed = torch.softmax(query @ key.transpose(2, 3) + bias, -1) @ value
        mixed = mixed.transpose(1, 2).reshape(query.shape[0], query.shape[2], t.heads * t.size)
        return self.linear(mixed, output)

    def feed_forward(self, x, name):
        normal, dense = self.normalize(x, f"{name}.layer_norm"), f"{name}.DenseReluDense"
        if self.parameters_of_t5.gated:
            gate = F.gelu(self.linear(normal, f"{dense}.wi_0"), approximate="tanh")
            hidden = gate * self.linear(normal, f"{dense}.wi_1")
        else:
            hidden = torch.relu(self.linear(normal, f"{dense}.wi"))
        return x + self.linear(hidden, f"{dense}.wo")


class Encoder(Part):
    def __init__(self, parameters):
        super().__init__(parameters, "encoder")

    def forward(self, input_ids, attention_mask):
        x = self.embedding[input_ids]
        places = torch.arange(input_ids.shape[1])
        bias = self.positions(places, places) + self.masked(attention_mask)
        for i in range(self.parameters_of_t5.encoder_layers):
            block = f"encoder.block.{i}.layer"
            normal, own = self.normalize(x, f"{block}.0.layer_norm"), f"{block}.0.SelfAttention"
            query, key, value = (self.heads(normal, f"{own}.{n}") for n in "qkv")
            x = x + self.attend(query, key, value, bias, f"{own}.o")
            x = self.feed_forward(x, f"{block}.1")
        return self.normalize(x, "encoder.final_layer_norm")


class Decoder(Part):
    """The first step, which makes the whole cache; with `continues` a later one, which gets it."""

    def __init__(self, parameters, continues):
        # The encoder's keys and values are in the cache.
        super().__init__(
            parameters, "decoder", ("EncDecAttention.k", "EncDecAttention.v") if continues else ())
        self.continues = continues
        if parameters.head is not None:
            self.register_buffer("head", torch.from_numpy(parameters.head))

    def forward(self, input_ids, *rest):
        if self.continues:
            return self.step(input_ids, None, rest[0], rest[1:])
        return self.step(input_ids, rest[0], rest[1], ())

    def step(self, ids, states, mask, past):
        t = self.parameters_of_t5
        x = self.embedding[ids]
        before = past[0].shape[2] if past else 0
        queries = torch.arange(ids.shape[1]) + before
        keys = torch.arange(before + ids.shape[1])
        later = torch.where(keys[None, :] <= queries[:, None], 0.0, FAR_BELOW)[None, None]
        own_bias, cross_bias = self.positions(queries, keys) + later, self.masked(mask)
        cache = []
        for i in range(t.decoder_layers):
            block = f"decoder.block.{i}.layer"
            own, cross = f"{block}.0.SelfAttention", f"{block}.1.EncDecAttention"
            normal = self.normalize(x, f"{block}.0.layer_norm")
            query, key, value = (self.heads(normal, f"{own}.{n}") for n in "qkv")
            if past:
                key = torch.cat([past[4 * i], key], 2)
                value = torch.cat([past[4 * i + 1], value], 2)
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
        x = self.normalize(x, "decoder.final_layer_norm") * t.output_scale
        return (x @ (self.embedding if t.head is None else self.head).t(), *cache)


def export(folder):
    """Writes the three files into the Hugging Face folder."""
    t = t5.Parameters(folder)

    def size(name, longest=t5.FARTHEST):
        return torch.export.Dim(name, min=1, max=longest)

    batch, source, target = size("batch", 4096), size("enc_len"), size("dec_len")
    past = size("past_len", t5.FARTHEST - 1)
    ids, mask = torch.randint(3, 90, (2, 7)), torch.ones(2, 7, dtype=torch.int64)
    states = torch.randn(2, 7, t.width)
    text = {0: batch, 1: source}

    onnx_files.export(
        Encoder(t), (ids, mask), folder / "encoder_model.onnx", ["input_ids", "attention_mask"],
        ["last_hidden_state"], (text, text))
    onnx_files.export(
        Decoder(t, continues=False), (ids[:, :3], states, mask), folder / "decoder_model.onnx",
        ["input_ids", "encoder_hidden_states", "encoder_attention_mask"],
        ["logits", *t.cache_names("present", t5.WHOLE_CACHE)],
        ({0: batch, 1: target}, (text, text)))

    cache = [
        torch.randn(2, t.heads, 4 if kind[0] == "decoder" else 7, t.size)
        for _ in range(t.decoder_layers) for kind in t5.WHOLE_CACHE
    ]
    sizes = [
        {0: batch, 2: past if kind[0] == "decoder" else source}
        for _ in range(t.decoder_layers) for kind in t5.WHOLE_CACHE
    ]
    onnx_files.export(
        Decoder(t, continues=True), (ids[:, :1], mask, *cache),
        folder / "decoder_with_past_model.onnx",
        ["input_ids", "encoder_attention_mask", *t.cache_names("past_key_values", t5.WHOLE_CACHE)],
        ["logits", *t.cache_names("present", t5.OWN_CACHE)], ({0: batch}, (text, *sizes)))


class Translator:
    """The three files in ONNX Runtime."""

    def __init__(self, folder):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.encoder, self.first, self.next = (
            onnxruntime.InferenceSession(folder / name, options)
            for name in ("encoder_model.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx"))

    def generate(self, ids, mask):
        return t5.greedy(self.encode, self.decode_first, self.decode_next, ids, mask)

    def encode(self, ids, mask):
        return self.encoder.run(None, {"input_ids": ids, "attention_mask": mask})[0]

    def decode_first(self, tokens, states, mask):
        return self.run(self.first, {
            "input_ids": tokens, "encoder_hidden_states": states, "encoder_attention_mask": mask}, {})

    def decode_next(self, tokens, mask, cache):
        feeds = {"input_ids": tokens, "encoder_attention_mask": mask, **cache}
        return self.run(self.next, feeds, cache)

    @staticmethod
    def run(session, feeds, cache):
        names = [output.name for output in session.get_outputs()]
        found = dict(zip(names, session.run(None, feeds)))
        logits = found.pop("logits")
        # The encoder's part of the cache comes out of the first step only.
        new = {name.replace("present", "past_key_values"): value for name, value in found.items()}
        return logits, {**cache, **new}
