"""Makes the TensorFlow form of the DistilBERT that SentimentTorch trains.

    python Examples/SentimentTensorFlow/train.py              needs Examples/requirements.txt
    python Examples/SentimentTensorFlow/train.py --data DIR   DIR/model, a Hugging Face folder of a
                                                              DistilBERT classifier; DIR/aclImdb

Without --data it takes ../SentimentTorch/model and made-up reviews. Other options: see
Data/example.py; there is nothing to train, so --epochs does nothing.

The notebook uses the TensorFlow classes of transformers, which version 5 has no more. distilbert.py
builds the same network of TensorFlow's own operations, from config.json and model.safetensors.

Files written, beside this script:

model/saved_model/      signature serving_default: `input_ids`, `attention_mask` int64 [batch, seq];
                        output `logits` float32 [batch, 2], NEGATIVE and POSITIVE
model/                  config.json, tokenizer.json and the tokenizer's settings, as they were
data/sentiment.parquet  256 reviews: id int; input string; label string, the true one; expected
                        struct<label string, score float>, TensorFlow's own answer
expected.json           accuracy in TensorFlow
"""

import shutil
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
from Data import example, saved_models
import distilbert

from SentimentTorch import train as torch_form
from transformers import AutoTokenizer

TOKENIZER = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]


def train(data, out, epochs):
    source = FOLDER.parent / "SentimentTorch" / "model"
    if data is not None and (data / "model").exists():
        source = data / "model"
    folder = out / "model"
    folder.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER:
        if (source / name).exists():
            shutil.copy(source / name, folder / name)
    distilbert.write_saved_model(source, folder / "saved_model")


def predict(rows, out):
    folder = out / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(rows["input"].to_pylist(), padding=True, truncation=True, return_tensors="np")
    logits = saved_models.predict(
        folder / "saved_model",
        {name: inputs[name] for name in ("input_ids", "attention_mask")}, batch=32)
    return {"expected": torch_form.best(logits)}


if __name__ == "__main__":
    example.run(
        __file__, __doc__, name="sentiment", train=train, table=torch_form.table, predict=predict,
        figures=torch_form.figures)
