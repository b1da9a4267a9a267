"""What both forms of a T5 share: its settings, its weights, its tables of relative positions."""

import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

# Positions that lie further apart than this count as this far.
FARTHEST = 1024


def buckets(both_ways, count, farthest):
    """The bucket of each distance from -FARTHEST to FARTHEST (key minus query).

    The logarithm is that of transformers, in single precision: another one moves some distances
    into the next bucket. Models look distances up here, so that none is taken at run time.
    """
    distance = torch.arange(-FARTHEST, FARTHEST + 1)
    bucket = torch.zeros_like(distance)
    if both_ways:
        count //= 2
        bucket += (distance > 0).long() * count
        distance = distance.abs()
    else:
        distance = (-distance).clamp(min=0)
    exact = count // 2
    part = torch.log(distance.float().clamp(min=1) / exact) / math.log(farthest / exact)
    coarse = (exact + (part * (count - exact)).long()).clamp(max=count - 1)
    return (bucket + torch.where(distance < exact, distance, coarse)).numpy()


class Parameters:
    """A Hugging Face folder of any T5, with relu or gated gelu."""

    def __init__(self, folder):
        settings = json.loads((Path(folder) / "config.json").read_text())
        weights = load_file(Path(folder) / "model.safetensors")
        self.width, self.heads = settings["d_model"], settings["num_heads"]
        self.size = settings["d_kv"]
        self.encoder_layers = settings["num_layers"]
        self.decoder_layers = settings.get("num_decoder_layers") or settings["num_layers"]
        self.epsilon = settings.get("layer_norm_epsilon", 1e-6)
        self.gated = "gated" in settings.get("feed_forward_proj", "relu")
        # transformers 5 writes tie_word_embeddings for every T5; what it meant is here now.
        scaled = settings.get("scale_decoder_outputs", settings.get("tie_word_embeddings", True))
        self.output_scale = self.width**-0.5 if scaled else 1.0
        self.embedding = weights.get("shared.weight", weights.get("encoder.embed_tokens.weight"))
        if self.embedding is None:
            self.embedding = weights["lm_head.weight"]
        self.head = weights.get("lm_head.weight")

        count = settings.get("relative_attention_num_buckets", 32)
        farthest = settings.get("relative_attention_max_distance", 128)
        self.bias = {
            part: weights[f"{part}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"][
                buckets(part == "encoder", count, farthest)].astype(np.float32)
            for part in ("encoder", "decoder")
        }
        special = ("relative_attention_bias", "embed_tokens", "shared.weight", "lm_head.weight")
        self.weights = {
            name: value for name, value in weights.items()
            if not any(part in name for part in special)
        }

    def cache_names(self, prefix, kinds, separator="."):
        """The names of the keys and values of all layers."""
        return [
            separator.join((prefix, str(layer), *kind))
            for layer in range(self.decoder_layers) for kind in kinds
        ]


OWN_CACHE = [("decoder", "key"), ("decoder", "value")]
WHOLE_CACHE = [*OWN_CACHE, ("encoder", "key"), ("encoder", "value")]


def greedy(encode, decode_first, decode_next, ids, mask, longest=128, start=0, end=1, pad=0):
    """Generates as transformers' generate() does with one beam; `longest` counts the start token.

    encode(ids, mask)                     the encoder's states
    decode_first(tokens, states, mask)    (logits, cache)
    decode_next(tokens, mask, cache)      (logits, cache)
    """
    states = encode(ids, mask)
    tokens = np.full((len(ids), 1), start, np.int64)
    sequence, ended, cache = [tokens], np.zeros(len(ids), bool), None
    while len(sequence) < longest and not ended.all():
        if cache is None:
            logits, cache = decode_first(tokens, states, mask)
        else:
            logits, cache = decode_next(tokens, mask, cache)
        best = np.where(ended, pad, logits[:, -1].argmax(axis=-1))
        ended |= best == end
        tokens = best[:, None].astype(np.int64)
        sequence.append(tokens)
    return np.concatenate(sequence, axis=1)


def translate(tokenizer, generate, texts, batch=32):
    """Texts for texts, batch by batch, by generate(ids, mask)."""
    found = []
    for i in range(0, len(texts), batch):
        inputs = tokenizer(texts[i : i + batch], padding=True, return_tensors="np")
        tokens = generate(inputs["input_ids"], inputs["attention_mask"])
        found += tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return found
