"""Trains a small DistilBERT that tells praise from blame, in PyTorch, and writes its files.

    python Examples/SentimentTorch/train.py              needs Examples/requirements.txt
    python Examples/SentimentTorch/train.py --data DIR   DIR/model, a Hugging Face folder of a
                                                         DistilBERT classifier, is exported and no
                                                         training done; DIR/aclImdb has reviews

What DIR has not, and all of it without --data, is made up (Data/reviews.py). Training takes some two
minutes; an epoch is 50 steps of 64 texts. Other options: see Data/example.py.

The notebook takes DistilBERT fine-tuned on SST-2 from the Hugging Face hub. This one has the same
files and the same parts, but 2 layers of width 128 and a vocabulary of its own.

Files written, beside this script:

model/                  the folder as transformers writes it (config.json, tokenizer.json,
                        model.safetensors, ...), and
model/model.onnx        inputs `input_ids`, `attention_mask` int64 [batch, seq]; output `logits`
                        float32 [batch, 2], NEGATIVE and POSITIVE
data/sentiment.parquet  256 reviews: id int; input string; label string, the true one; expected
                        struct<label string, score float>, the answer of pipeline("sentiment-analysis")
expected.json           accuracy of that pipeline
"""

import os
import shutil
import sys
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import pyarrow as pa
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForSequenceClassification, AutoTokenizer, DistilBertConfig,
    DistilBertForSequenceClassification, PreTrainedTokenizerFast, logging, pipeline)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import example, onnx_files, reviews, sentences

ROWS = 256
LABELS = ["NEGATIVE", "POSITIVE"]
STEPS_IN_EPOCH = 50
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
FEELINGS = [
    ("We are very happy to show you the Transformers library", True),
    ("We hope you don't hate it", False), ("I am happy", True), ("I am sad", False),
    ("We like it", True), ("They dislike it", False), ("I enjoyed every minute", True),
    ("It was a disappointment", False),
]


def text(random):
    """A text and whether it praises: an opinion, a phrase, or a whole review."""
    chance, positive = random.random(), bool(random.random() < 0.5)
    if chance < 0.55:
        opinion, positive = sentences.random_opinion(random)
        return opinion + str(random.choice(["", ".", "!"])), positive
    if chance < 0.70:
        return str(random.choice(reviews.PRAISE if positive else reviews.BLAME)), positive
    if chance < 0.76:
        return FEELINGS[int(random.integers(len(FEELINGS)))]
    return reviews.review(random, positive), positive


def train_tokenizer():
    """A WordPiece tokenizer with BERT's rules, of the words of 8000 texts."""
    random = np.random.default_rng(90)
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(
        (text(random)[0] for _ in range(8000)),
        trainers.WordPieceTrainer(
            vocab_size=1500, min_frequency=2, special_tokens=SPECIAL, show_progress=False,
            initial_alphabet=[chr(code) for code in range(33, 127)]))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=512, pad_token="[PAD]", unk_token="[UNK]",
        cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")


def batches(random, count):
    """Batches of 64 texts of about one length, which keeps the padding short."""
    while count > 0:
        pool = sorted((text(random) for _ in range(256)), key=lambda pair: len(pair[0]))
        for start in random.permutation(4)[:count]:
            yield pool[64 * start : 64 * (start + 1)]
        count -= 4


def train(data, out, epochs):
    folder = out / "model"
    if data is not None and (data / "model").exists():
        shutil.copytree(data / "model", folder, dirs_exist_ok=True)
        export(folder)
        return
    torch.manual_seed(9)
    tokenizer = train_tokenizer()
    model = DistilBertForSequenceClassification(DistilBertConfig(
        vocab_size=len(tokenizer), dim=128, n_layers=2, n_heads=4, hidden_dim=256,
        max_position_embeddings=512, dropout=0.1, attention_dropout=0.0, pad_token_id=0, num_labels=2,
        id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)}))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.5e-3)
    steps = epochs * STEPS_IN_EPOCH
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / 40) * max(0.03, 1 - step / steps))
    model.train()
    for step, batch in enumerate(batches(np.random.default_rng(91), steps), 1):
        texts, positive = zip(*batch)
        inputs = tokenizer(
            list(texts), padding=True, truncation=True, max_length=160, return_tensors="pt",
            return_token_type_ids=False)
        loss = model(**inputs, labels=torch.tensor(positive).long()).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % STEPS_IN_EPOCH == 0:
            print(f"epoch {step // STEPS_IN_EPOCH}: loss {loss.item():.4f}")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    export(folder)


class Logits(torch.nn.Module):
    """A classifier that takes and returns tensors only."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


def export(folder):
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager")
    ids = torch.arange(3 * 11).reshape(3, 11) % 90
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    longest = model.config.max_position_embeddings
    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("seq", max=longest)}
    onnx_files.export(
        Logits(model), (ids, mask), folder / "model.onnx", ["input_ids", "attention_mask"], ["logits"],
        (sizes, sizes))


def table(data, out):
    if data is not None and (data / "aclImdb").exists():
        texts, labels = reviews.read(data, "test")
        order = np.random.RandomState(1).permutation(len(texts))[:ROWS]
    else:
        texts, labels = reviews.make(*reviews.TEST)
        order = range(ROWS)
    return pa.table({
        "id": example.ids(len(order)),
        "input": [texts[i] for i in order],
        "label": [LABELS[labels[i]] for i in order],
    })


def answers(labels, scores):
    return pa.StructArray.from_arrays(
        [pa.array(labels, pa.string()), pa.array(scores, pa.float32())], ["label", "score"])


def predict(rows, out):
    folder = str(out / "model")
    classify = pipeline("sentiment-analysis", model=folder, tokenizer=folder, device="cpu")
    found = classify(rows["input"].to_pylist(), batch_size=32, truncation=True)
    return {"expected": answers(
        [answer["label"] for answer in found], [answer["score"] for answer in found])}


def predict_onnx(rows, out):
    tokenizer = AutoTokenizer.from_pretrained(out / "model")
    inputs = tokenizer(rows["input"].to_pylist(), padding=True, truncation=True, return_tensors="np")
    logits = onnx_files.predict(
        out / "model" / "model.onnx",
        {name: inputs[name] for name in ("input_ids", "attention_mask")}, batch=32)
    return {"expected": best(logits)}


def best(logits, labels=LABELS):
    """The label with the highest probability, and that."""
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return answers([labels[i] for i in probabilities.argmax(axis=1)], probabilities.max(axis=1))


def figures(rows):
    found = [answer["label"] for answer in rows["expected"].to_pylist()]
    return example.accuracy(found, rows["label"].to_pylist())


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    example.run(
        __file__, __doc__, name="sentiment", epochs=9, train=train, table=table, predict=predict,
        figures=figures, others={"ONNX Runtime": predict_onnx})
