"""Checks that models give on a real Spark what the frameworks that made them gave.

    .venv/bin/python scripts/checks/goldens_on_spark.py [--needletail PROGRAM] [--only NAME]...

The models are the examples' and the tests', in every format that is there; inputs and answers lie in
Tests/Goldens and beside the tests. `needletail predict` runs each on one Spark Connect server. Numbers
must agree within the tolerance of each case, texts and labels exactly (of a beam search 99 % of the
rows, which may have beams of equal score).

NEEDLETAIL_RUNTIMES names the folder with the frameworks' libraries.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

warnings.simplefilter("ignore", FutureWarning)

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))
from spark_server import SparkServer  # noqa: E402

EXAMPLES = ROOT / "Examples"
GOLDENS = ROOT / "Tests" / "Goldens" / "Examples"
PIPELINES = ROOT / "Tests" / "TextPipelinesTests"
TENSORFLOW = ROOT / "Tests" / "TensorFlowRuntimeTests" / "Models"
TORCH = ROOT / "Tests" / "TorchRuntimeTests" / "Models"
TIME_LIMIT = 300
# Options of generation as transformers names them.
GENERATION = {
    "num_beams": "beams",
    "max_length": "maxLength",
    "no_repeat_ngram_size": "noRepeatNGramSize",
    "length_penalty": "lengthPenalty",
}


@dataclass
class Case:
    """A model, the columns it is fed from, and the columns that should come.

    `wanted` has a list of values for each new column; `feeds` the column of each input that is not
    called like it, `outputs` the column of each output likewise. `share` is the part of the rows that
    must be equal.
    """

    name: str
    model: Path
    columns: dict
    wanted: dict
    feeds: dict = field(default_factory=dict)
    outputs: dict = field(default_factory=dict)
    absolute: float = 1e-4
    relative: float = 1e-4
    share: float = 1.0
    options: dict = field(default_factory=dict)
    batch: int | None = None


def pixels(table, scale, shift=0.0):
    """The bytes of each image as numbers, divided in double precision as the frameworks did."""
    rows = [np.frombuffer(each.as_py(), np.uint8) for each in table["pixels_u8"]]
    return [(row / scale + shift).astype(np.float32) for row in rows]


def floats(rows):
    return pa.array([row.tolist() for row in rows], pa.list_(pa.float32()))


def raw(rows):
    return pa.array([row.tobytes() for row in rows], pa.binary())


def images():
    table = pq.read_table(TORCH / "fashion_cases.parquet")
    columns = {"x": floats(pixels(table, 255))}
    for model in ("model.onnx", "made/model.pt2"):
        path = EXAMPLES / "FashionMNIST" / model
        yield Case(f"FashionMNIST/{model}", path, columns, {"logits": table["preds"]})

    table = pq.read_table(GOLDENS / "digits.parquet")
    wanted = {"output_0": table["preds"]}
    path = EXAMPLES / "DigitRecognition" / "model"
    columns = {"pixels": floats(pixels(table, 255))}
    feeds = {"keras_tensor": ["pixels"]}
    yield Case("DigitRecognition/model", path, columns, wanted, feeds, options={"signature": "serve"})
    few = {"pixels": columns["pixels"][:5]}
    few_wanted = {"output_0": table["preds"][:5]}
    yield Case("DigitRecognition/model:one", path, few, few_wanted, feeds, batch=1)

    for golden, folder, names, absolute in [
        ("flowers", "FlowerRecognition", ("model", "model.onnx"), 1e-4),
        ("flowers_full", "FlowerRecognition/made", ("resnet50", "resnet50.onnx"), 1e-3),
    ]:
        table = pq.read_table(GOLDENS / f"{golden}.parquet")
        columns = {"image": raw(pixels(table, 127.5, -1))}
        for name in names:
            output = "predictions" if name.endswith(".onnx") else "output_0"
            yield Case(
                f"{folder}/{name}",
                EXAMPLES / folder / name,
                columns,
                {output: table["preds"]},
                absolute=absolute,
                relative=1e-3,
                batch=5,
            )


def tables():
    table = pq.read_table(TORCH / "housing_cases.parquet")
    names = ["MedInc", "HouseAge", "AveRooms", "AveBedrms"]
    names += ["Population", "AveOccup", "Latitude", "Longitude"]
    columns = {name: table[name].combine_chunks() for name in names}
    for model in ("model.onnx", "made/model.pt2"):
        path = EXAMPLES / "HousingRegression" / model
        wanted = {"value": table["preds"]}
        name = f"HousingRegression/{model}"
        yield Case(name, path, columns, wanted, {"x": names}, batch=37)

    table = pq.read_table(GOLDENS / "pets.parquet")
    columns = {name: table[name] for name in table.column_names if name not in ("case_id", "preds")}
    for model, output in [("model", "output_0"), ("model.onnx", "logit")]:
        path = EXAMPLES / "PetAdoption" / model
        yield Case(f"PetAdoption/{model}", path, columns, {output: table["preds"]})

    columns = {"words": ["blau", "rot", "", "grün", "violett"]}
    lookup = json.loads((TENSORFLOW / "lookup.0.json").read_text())
    assert columns["words"] == lookup["inputs"][0]["values"]
    wanted = {each["name"]: each["values"] for each in lookup["outputs"]}
    yield Case("lookup", TENSORFLOW / "lookup", columns, wanted)

    mixed = json.loads((TENSORFLOW / "mixed.0.json").read_text())

    def rows(values):
        return np.reshape(values["values"], values["shape"]).tolist()

    columns = {each["name"]: rows(each) for each in mixed["inputs"]}
    wanted = {each["name"]: rows(each) for each in mixed["outputs"]}
    options = {"signature": mixed["signature"]}
    yield Case("mixed", TENSORFLOW / "mixed", columns, wanted, options=options)


def texts():
    table = pq.read_table(GOLDENS / "reviews.parquet")
    yield Case(
        "TextClassification/model",
        EXAMPLES / "TextClassification" / "model",
        {"lines": table["lines"]},
        {"output_0": table["preds"]},
        feeds={"text": ["lines"]},
        absolute=1e-5,
    )

    def golden(name):
        return json.loads((PIPELINES / "Goldens" / f"{name}.json").read_text())

    def pipeline(name, path, inputs, wanted, **more):
        feeds = {"text": ["input"]}
        return Case(name, path, {"input": inputs}, wanted, feeds, **more)

    sentiment = golden("sentiment")
    wanted = {"label": sentiment["labels"], "score": sentiment["scores"]}
    for example in ("SentimentTorch", "SentimentTensorFlow"):
        path = EXAMPLES / example / "model"
        inputs = sentiment["inputs"]
        yield pipeline(f"{example}/model", path, inputs, wanted, relative=1e-3)


    minilm = golden("minilm")
    path = EXAMPLES / "SentenceEmbeddings" / "made" / "all-MiniLM-L6-v2"
    wanted = {"embedding": minilm["vectors"]}
    yield pipeline("SentenceEmbeddings", path, minilm["inputs"], wanted, absolute=1e-5, relative=1e-3)

    embeddings = golden("embeddings")
    for each in embeddings["cases"]:
        pooling, normalized = each["pooling"][0], str(each["normalized"]).lower()
        if each["pooling"] in (["cls"], ["weightedmean"]):
            yield pipeline(
                f"embeddings:{pooling}:{normalized}",
                PIPELINES / "Models" / "embeddings",
                embeddings["inputs"],
                {"embedding": each["vectors"]},
                options={"pooling": pooling, "normalized": normalized},
            )

    translation, sequence = golden("translation"), golden("sequence")
    greedy, beams = {"num_beams": 1}, {"num_beams": 4}
    for name, path, data, skipped in [
        ("TranslationTorch/model", EXAMPLES / "TranslationTorch" / "model", translation, (2, 9)),
        ("TranslationTensorFlow/model", EXAMPLES / "TranslationTensorFlow" / "model", translation, ()),
        ("sequence", PIPELINES / "Models" / "sequence", sequence, ()),
    ]:
        for each in data["cases"]:
            settings = each["settings"]
            # One of each kind: the others are the work of TextPipelinesTests.
            some = settings in (greedy, beams) or name == "TranslationTorch/model"
            if not some or settings.get("max_length") in skipped:
                continue
            generation = {}
            for key, value in settings.items():
                if key == "early_stopping":
                    generation["earlyStopping"] = "whenFull" if value else "heuristic"
                else:
                    generation[GENERATION[key]] = value
            yield pipeline(
                f"{name}:{','.join(f'{key}={value}' for key, value in settings.items())}",
                path,
                data["inputs"],
                {"generated": each["texts"]},
                share=0.99 if settings["num_beams"] > 1 else 1.0,
                options={"generation": json.dumps(generation)},
            )


def plain(values):
    return values.to_pylist() if isinstance(values, (pa.Array, pa.ChunkedArray)) else list(values)


def differing(case, column, found, wanted):
    """The positions of the rows that differ, and the largest difference of a number."""
    rows, worst = [], 0.0
    for row, (got, want) in enumerate(zip(found, wanted)):
        first = np.ravel(want)[0]
        if isinstance(first, str):
            equal = np.array_equal(got, want)
        else:
            got, want = np.ravel(got).astype(float), np.ravel(want).astype(float)
            equal = got.shape == want.shape
            if equal:
                worst = max(worst, float(np.max(np.abs(got - want))))
                equal = np.allclose(got, want, rtol=case.relative, atol=case.absolute)
        if not equal:
            rows.append(row)
    return rows, worst


def perform(program, case, remote, scratch, environment):
    """Runs one case; returns what to print beside it, and what is wrong, None when nothing is."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    count = len(next(iter(case.columns.values())))
    columns = {"case_id": pa.array(range(count), pa.int64()), **case.columns}
    pq.write_table(pa.table(columns), folder / "input.parquet")
    words = [program, "predict", case.model, "--input", folder / "input.parquet", "--quiet"]
    words += ["--output", folder / "output", "--remote", remote, "--keep", "case_id"]
    if case.batch:
        words += ["--batch-size", str(case.batch)]
    for name, columns in case.feeds.items():
        words += ["--map", f"{name}={','.join(columns)}"]
    for name, value in case.options.items():
        words += ["--option", f"{name}={value}"]
    try:
        done = subprocess.run(
            list(map(str, words)),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return "", f"it did not end within {TIME_LIMIT} s"
    if done.returncode != 0:
        return "", f"it ended with {done.returncode}: {done.stderr[-1500:]}"
    table = pq.ParquetDataset(str(folder / "output")).read().sort_by("case_id")
    if table["case_id"].to_pylist() != list(range(count)):
        return "", f"{count} rows went in, {table.num_rows} came out"
    largest = 0.0
    for column, wanted in case.wanted.items():
        found, wanted = table[column].to_pylist(), plain(wanted)
        rows, worst = differing(case, column, found, wanted)
        largest = max(largest, worst)
        if len(rows) > count * (1 - case.share):
            row = rows[0]
            return "", (
                f"{column} differs in {len(rows)} of {count} rows, the first of them {row}: "
                f"{str(found[row])[:300]} instead of {str(wanted[row])[:300]}"
            )
    return f"{count} rows, largest difference {largest:.1e}", None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "needletail"
    parser.add_argument("--needletail", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--only", action="append", help="the name of a case; may be repeated")
    options = parser.parse_args()
    if not options.needletail.exists():
        raise SystemExit(f"there is no {options.needletail}; build the product needletail first")
    if not os.environ.get("NEEDLETAIL_RUNTIMES"):
        print("skipped: NEEDLETAIL_RUNTIMES does not name a folder with the frameworks' libraries")
        sys.exit(77)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("SPARK_")
    }
    environment["NEEDLETAIL_PYTHON"] = sys.executable
    scratch = Path(tempfile.mkdtemp(prefix="needletail-goldens-"))
    began = time.monotonic()
    passed = failed = missing = 0
    try:
        cases = [each for make in (images, tables, texts) for each in make()]
        cases = [each for each in cases if not options.only or each.name in options.only]
        with SparkServer(scratch / "server") as server, ThreadPoolExecutor(2) as pool:

            program = options.needletail.resolve()
            # The first case shows that the program brings itself; for the others it is there already.
            there = {**environment, "NEEDLETAIL_WORKER": str(program)}

            def run(case):
                if not case.model.exists():
                    return None
                start = time.monotonic()
                brought = environment if case is cases[0] else there
                said, wrong = perform(program, case, server.remote, scratch, brought)
                return said, wrong, time.monotonic() - start

            for case, outcome in zip(cases, pool.map(run, cases)):
                if outcome is None:
                    print(f"missing  {case.name}: scripts/make-models makes it", flush=True)
                    missing += 1
                    continue
                said, wrong, seconds = outcome
                print(f"{'FAILED' if wrong else 'ok'}  {case.name}  ({seconds:.1f} s)  {said}")
                if wrong:
                    print(f"        {wrong}", flush=True)
                    failed += 1
                else:
                    passed += 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(
        f"goldens: {passed} passed, {failed} failed, {missing} without their model, "
        f"{time.monotonic() - began:.0f} s"
    )
    sys.exit(1 if failed or missing else 0)


if __name__ == "__main__":
    main()
