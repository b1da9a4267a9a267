"""Compares our runtimes with each framework's own Python; `scripts/benchmark runtimes` runs it.

Each case is a model, a batch and a number of threads. Our process and theirs load the model once and
then take turns, a round of one after a round of the other; a round is as many batches as take about
half a second. What is compared are the CPU seconds per batch of each side's best round, which other work
on the machine disturbs least; median wall times stand beside them. Not slower is a ratio of at most
1.05.

Texts run from string to answer: tokenising, the network, what comes after. The framework of an ONNX
folder is ONNX Runtime, with Hugging Face's tokenizers before it; rows with `torch` tell how PyTorch
does with the same texts, for information.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import warnings
from contextlib import ExitStack
from pathlib import Path

warnings.simplefilter("ignore", FutureWarning)

import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXAMPLES = ROOT / "Examples"
TOKENIZERS = ROOT / "Tests" / "Goldens" / "Tokenizers"
LIMIT = 1.05


class Side:
    """One process with its model, which runs batches when told to."""

    def __init__(self, words, case, environment):
        self.name = Path(words[0]).name
        self.process = subprocess.Popen(
            [*map(str, words), json.dumps(case)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(self, batches):
        try:
            self.process.stdin.write(f"{batches}\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise SystemExit(f"{self.name} ended: {self.process.stderr.read()[-3000:]}")
        return json.loads(line)

    def close(self):
        self.process.kill()
        self.process.wait()


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def cases(scratch):
    """Each case: its name, our description, and the kinds of theirs, the first to be compared."""

    def texts(name, table, column, count, prefix=""):
        path = scratch / f"{name}.json"
        if not path.exists():
            values = pq.read_table(table)[column].to_pylist()
            values = (values * (count // len(values) + 1))[:count]
            path.write_text(json.dumps([prefix + each for each in values]))
        return str(path)

    def data(kind, model, inputs, name, threads=(1, 2), texts=None, others=()):
        for number in threads:
            yield name, others, {
                "kind": kind,
                "model": str(EXAMPLES / model),
                "threads": number,
                "data": texts,
                "inputs": [
                    {"name": name, "fill": fill, "shape": list(shape)} for name, fill, *shape in inputs
                ],
            }

    def pipeline(kind, model, name, path, torch):
        for number in (1, 2):
            yield name, (f"torch-{kind}",) if torch else (), {
                "kind": kind,
                "model": str(EXAMPLES / model),
                "threads": number,
                "data": path,
                "inputs": [],
            }

    reviews = EXAMPLES / "TextClassification" / "data" / "reviews.parquet"
    review_texts = texts("reviews", reviews, "lines", 256)
    full = "SentenceEmbeddings/made/all-MiniLM-L6-v2"
    yield from data("onnx", "FashionMNIST/model.onnx", [("x", "float", 1024, 784)], "perceptron x1024")
    yield from data("onnx", "FashionMNIST/model.onnx", [("x", "float", 50, 784)], "perceptron x50")
    yield from data(
        "onnx", "FlowerRecognition/model.onnx", [("image", "float", 16, 224, 224, 3)], "slim ResNet x16"
    )
    yield from data(
        "onnx", "FlowerRecognition/made/resnet50.onnx", [("image", "float", 4, 224, 224, 3)], "ResNet50 x4"
    )
    tokens = [("input_ids", "id", 32, 64), ("attention_mask", "one", 32, 64)]
    bert = [*tokens, ("token_type_ids", "zero", 32, 64)]
    yield from data("onnx", f"{full}/onnx/model.onnx", bert, "MiniLM 32x64")
    yield from data("onnx", "SentimentTorch/model/model.onnx", tokens, "DistilBERT 32x64")

    yield from data("torch", "FashionMNIST/made/model.pt2", [("x", "float", 1024, 784)], "perceptron x1024")
    yield from data("torch", "FashionMNIST/made/model.pt2", [("x", "float", 50, 784)], "perceptron x50")
    yield from data("torch", "HousingRegression/made/model.pt2", [("x", "float", 4096, 8)], "regression x4096")

    yield from data(
        "savedModel", "DigitRecognition/model", [("keras_tensor", "float", 1024, 784)], "perceptron x1024"
    )
    yield from data(
        "savedModel", "DigitRecognition/model", [("keras_tensor", "float", 64, 784)], "perceptron x64"
    )
    yield from data(
        "savedModel", "FlowerRecognition/model", [("image", "float", 16, 224, 224, 3)], "slim ResNet x16"
    )
    yield from data(
        "savedModel", "TextClassification/model", [("text", "text", 256, 1)], "TextVectorization x256",
        texts=review_texts,
    )

    sentiment = EXAMPLES / "SentimentTorch" / "data" / "sentiment.parquet"
    sentences = texts("sentiment", sentiment, "input", 256)
    yield from pipeline("sentiment", "SentimentTorch/model", "sentences x256", sentences, True)
    yield from pipeline("sentiment", "SentimentTorch/model", "reviews x256", review_texts, True)
    table = EXAMPLES / "SentenceEmbeddings" / "data" / "embeddings.parquet"
    yield from pipeline("embeddings", full, "sentences x120", texts("embeddings", table, "input", 120), True)
    table = EXAMPLES / "TranslationTorch" / "data" / "sentences.parquet"
    german = texts("german", table, "text", 256, "translate English to German: ")
    yield from pipeline("translation", "TranslationTorch/model", "greedy x256", german, True)

    long_texts = texts("long", reviews, "review", 2000)
    for name in ("wordpiece_minilm", "unigram_t5", "bpe_bytelevel", "bpe_bytefallback"):
        yield f"{name} x2000", (), {
            "kind": "tokenizer",
            "model": str(TOKENIZERS / name / "tokenizer.json"),
            "threads": 1,
            "data": long_texts,
            "inputs": [],
        }
    photos = scratch / "photos"
    photos.mkdir()
    for path in sorted((EXAMPLES / "FlowerRecognition" / "data" / "flower_photos").glob("*/*.jpg")):
        shutil.copy(path, photos / path.name)
    yield "JPEG to 224x224", (), {
        "kind": "images", "model": "PIL", "threads": 1, "data": str(photos), "inputs": []
    }


def measure(case, others, options, environment):
    """CPU (least) and wall (median) milliseconds per batch of our side and of each of theirs."""
    kinds = [case["kind"], *others]
    with ExitStack() as stack:
        sides = [Side([options.program], case, environment)]
        for kind in kinds:
            words = [options.python, HERE / "framework.py"]
            sides.append(Side(words, {**case, "kind": kind}, environment))
        for side in sides:
            stack.callback(side.close)
        batches = []
        for side in sides:
            side.run(3)
            once = max(side.run(1)["wall"], 1e-5)
            batches.append(max(1, round(options.seconds / once)))
        rounds = [[] for _ in sides]
        for number in range(options.rounds):
            order = range(len(sides)) if number % 2 == 0 else reversed(range(len(sides)))
            for index in order:
                used = sides[index].run(batches[index])
                rounds[index].append({key: used[key] / batches[index] * 1000 for key in used})
    return [
        {
            "cpu": min(each["cpu"] for each in measured),
            "wall": statistics.median(each["wall"] for each in measured),
        }
        for measured in rounds
    ]


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark runtimes", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--program", type=Path, required=True, help="the executable RuntimeBenchmark")
    parser.add_argument("--python", default=sys.executable, help="the frameworks' Python")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each side (default 7)")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a round (default 0.5)")
    parser.add_argument("--only", action="append", help="a word in a case's kind or name")
    parser.add_argument("--threads", type=int, help="only this number of threads")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args()
    environment = dict(os.environ, TOKENIZERS_PARALLELISM="false", TF_CPP_MIN_LOG_LEVEL="3")
    # Waiting threads would otherwise burn as much CPU as other work on the machine makes them wait.
    environment["OMP_WAIT_POLICY"] = "passive"
    # Both sides run the same native libraries.
    words = [options.python, "-c", "import site; print(site.getsitepackages()[0])"]
    packages = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    environment["NEEDLETAIL_RUNTIMES"] = packages
    environment["NEEDLETAIL_ONNXRUNTIME"] = f"{packages}/onnxruntime/capi"
    scratch = Path(tempfile.mkdtemp(prefix="needletail-runtimes-"))
    load = os.getloadavg()[0]
    results = []
    try:
        for name, others, case in cases(scratch):
            label = f"{case['kind']} {name}"
            if options.only and not any(word in label for word in options.only):
                continue
            if options.threads and case["threads"] != options.threads:
                continue
            ours, theirs, *further = measure(case, others, options, environment)
            say(
                f"{label}, {case['threads']} threads: {ours['cpu']:.3f} and {theirs['cpu']:.3f} ms, "
                f"ratio {ours['cpu'] / theirs['cpu']:.2f}"
            )
            results.append(
                {
                    "kind": case["kind"],
                    "case": name,
                    "threads": case["threads"],
                    "ours": ours,
                    "theirs": theirs,
                    "ratio": ours["cpu"] / theirs["cpu"],
                    "torch": further[0] if further else None,
                }
            )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{options.rounds} rounds of {options.seconds} s, load {load:.1f} before and "
        f"{os.getloadavg()[0]:.1f} after"
    )
    print("\n| runtime | case | threads | our CPU ms | their CPU ms | ratio | our wall ms | their wall ms "
          "| torch CPU ms |\n|---|---|---|---|---|---|---|---|---|")
    for each in results:
        torch = f"{each['torch']['cpu']:.3f}" if each["torch"] else ""
        print(
            f"| {each['kind']} | {each['case']} | {each['threads']} | {each['ours']['cpu']:.3f} "
            f"| {each['theirs']['cpu']:.3f} | {each['ratio']:.2f} | {each['ours']['wall']:.3f} "
            f"| {each['theirs']['wall']:.3f} | {torch} |"
        )
    slower = [each for each in results if each["ratio"] > LIMIT]
    print(f"\n{len(results) - len(slower)} of {len(results)} cases take at most {LIMIT} of their CPU")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(1 if slower else 0)


if __name__ == "__main__":
    main()
