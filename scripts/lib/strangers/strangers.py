"""Checks that the command lines of docs/Predicting.md ("Models of others") give what ONNX Runtime's
Python package gives.

    scripts/strangers [--needletail PROGRAM] [--only MODEL]...

Each line runs as it stands there, in a folder with the models and the tables that it names. What the
Python package is given for these rows, and what it gives, is computed here, row by row.
"""

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer

import exports

ROOT = Path(__file__).resolve().parents[3]
MINILM = ROOT / "Examples" / "SentenceEmbeddings" / "made" / "all-MiniLM-L6-v2"
RANDOM = np.random.RandomState(7)
REVIEWS = [
    "A film that I will see again.", "Two hours of my life, gone.", "Ünïcode, naïvely — 漢字!", "",
    "The plot is thin, the actors are not, and the music carries all of it to the end.",
]


def pictures(rows, *shape):
    return RANDOM.uniform(-1, 1, (rows, *shape)).astype(np.float32)


def tables():
    """The columns of each table: arrays whose first axis is the row, or texts."""
    flowers, _, _ = exports.iris()
    patients, _ = exports.diabetes()
    return {
        "sound": {"samples": 0.3 * pictures(70, 576)},
        "files": {"ends": RANDOM.randint(0, 257, (70, 2048)).astype(np.int32)},
        "pages": {"image": pictures(5, 3, 64, 96)},
        "turned": {"image": pictures(5, 3, 48, 192)},
        "lines": {"image": pictures(5, 3, 48, 160)},
        "photos": {"image": pictures(4, 3, 320, 320)},
        "captchas": {"image": pictures(6, 64, 160)},
        "scenes": {"image": pictures(3, 3, 416, 416)},
        "reviews": {"review": REVIEWS},
        "flowers": {"measures": flowers, **{name: flowers[:, i] for i, name in enumerate("abcd")}},
        "patients": {"measures": patients},
    }


def written(columns, path):
    def column(values):
        if isinstance(values, list):
            return pa.array(values)
        if values.ndim == 1:
            return pa.array(values)
        flat = values.reshape(len(values), -1)
        return pa.array(list(flat), pa.list_(pa.from_numpy_dtype(values.dtype)))

    pq.write_table(pa.table({name: column(values) for name, values in columns.items()}), path)


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(path, feeds):
    """What the model gives for each row alone, by the output's name: a list of the rows' values."""
    model = session(path)
    names = [output.name for output in model.get_outputs()]
    rows = {name: [] for name in names}
    count = max(len(values) for values in feeds.values())
    for row in range(count):
        own = {name: values[row:row + 1] for name, values in feeds.items()}
        for name, value in zip(names, model.run(None, own)):
            # A map, or the tensors of a sequence, or a tensor.
            if isinstance(value, list) and isinstance(value[0], dict):
                rows[name].append({str(key): number for key, number in value[0].items()})
            elif isinstance(value, list):
                rows[name].append([part.ravel() for part in value])
            else:
                rows[name].append(value.ravel())
    return rows


def silero(path, table):
    model, names = session(path), ("output", "stateN")
    state = np.zeros((2, 1, 128), np.float32)
    results = [
        model.run(names, {"input": x[None], "state": state, "sr": np.array(16000, np.int64)})
        for x in table["samples"]]
    return {name: [row[i].ravel() for row in results] for i, name in enumerate(names)}


def best(scores, count, labels=None):
    """The classes with the greatest scores, as --top-k gives them."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:count]
    return [{"label": labels[i] if labels else str(i), "score": scores[i]} for i in order]


def magika(path, table):
    rows = run(path, {"bytes": table["ends"]})
    return {name: [best(row, 3) for row in values] for name, values in rows.items()}


def argmax(classes):
    """The position of the greatest number among so many classes."""
    def expected(path, table):
        rows = run(path, {"x": table["image"]})
        return {
            name: [row.reshape(-1, classes).argmax(1) for row in values]
            for name, values in rows.items()}
    return expected


def fed(name, column="measures"):
    return lambda path, table: run(path, {name: table[column]})


def forest(path, table):
    rows = run(path, {"X": table["measures"]})
    (maps,) = [name for name, values in rows.items() if isinstance(values[0], dict)]
    rows[maps] = [best(list(row.values()), 2, list(row)) for row in rows[maps]]
    return rows


def captchas(path, table):
    return run(path, {"input1": table["image"][:, None]})


def minilm(path, table):
    tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    model = session(MINILM / "onnx" / "model.onnx")
    vectors = []
    for text in table["review"]:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        feeds = {
            "input_ids": ids, "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids)}
        states = model.run(None, {name.name: feeds[name.name] for name in model.get_inputs()})[0]
        mean = states[0].mean(0)
        vectors.append(mean / np.linalg.norm(mean))
    return {"embedding": vectors}


# What each model gives, by a part of its path.
EXPECTED = {
    "silero_vad.onnx": silero, "magika": magika, "det_small": fed("x", "image"),
    "cls_mobile": argmax(2), "rec_small": argmax(18710), "nudenet": fed("images", "image"),
    "common_old": captchas, "common_det": fed("images", "image"), "MiniLM": minilm,
    "forest": forest, "pipeline": fed("X"), "two_labels": fed("X"), "boosting": fed("X"),
    "lightgbm": fed("input"), "xgboost": fed("input"),
}


def difference(found, expected):
    """How a value differs, or None. Numbers agree to 1e-4 of the greatest one in their row."""
    if isinstance(expected, dict):
        found = dict(found)
        if found.keys() != expected.keys():
            return f"{list(found)} for {list(expected)}"
        parts = [difference(found[key], expected[key]) for key in expected]
        return next((part for part in parts if part), None)
    if isinstance(expected, list):
        if len(found) != len(expected):
            return f"{len(found)} parts for {len(expected)}"
        parts = [difference(*pair) for pair in zip(found, expected)]
        return next((part for part in parts if part), None)
    if isinstance(expected, str):
        return None if found == expected else f"{found!r} for {expected!r}"
    found, expected = np.atleast_1d(found).ravel(), np.atleast_1d(expected).ravel()
    if found.shape != expected.shape:
        return f"{found.shape} values for {expected.shape}"
    if expected.dtype.kind != "f":
        return None if (found == expected).all() else f"{found[:5]} for {expected[:5]}"
    most = np.abs(found - expected).max(initial=0)
    limit = 1e-4 * max(np.abs(expected).max(initial=0), 1e-3)
    return None if most <= limit else f"off by {most}"


def check(words, folder, arguments, made):
    command = [arguments.needletail, *words[1:], "--mode", "overwrite"]
    began = time.monotonic()
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    seconds = time.monotonic() - began
    if result.returncode != 0:
        return f"exit status {result.returncode}: {result.stderr.strip()}", seconds
    options = dict(zip(words[3::2], words[4::2]))
    table = made[Path(options["--input"]).stem]
    expected = next(value for key, value in EXPECTED.items() if key in words[2])
    wanted = expected(folder / words[2], table)
    found = pq.read_table(folder / options["--output"]).to_pydict()
    if missing := wanted.keys() - found.keys():
        return f"no columns {sorted(missing)}, there are {sorted(found)}", seconds
    for name, rows in wanted.items():
        if len(found[name]) != len(rows):
            return f"{name}: {len(found[name])} rows for {len(rows)}", seconds
        for row, (value, own) in enumerate(zip(found[name], rows)):
            if text := difference(value, own):
                return f"{name}, row {row}: {text}", seconds
    return None, seconds


def command_lines():
    text = (ROOT / "docs" / "Predicting.md").read_text()
    section = text.split("\n### Models of others\n")[1].split("\n## ")[0]
    block = re.search(r"```\n(.*?)```", section, re.S).group(1)
    return [shlex.split(line) for line in block.splitlines() if line.startswith("needletail ")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--needletail", default=str(ROOT / ".build" / "debug" / "needletail"))
    parser.add_argument("--models", type=Path, required=True, help="a folder with Python's packages")
    parser.add_argument("--only", action="append", help="a part of a model's path")
    arguments = parser.parse_args()
    arguments.needletail = str(Path(arguments.needletail).absolute())
    lines = command_lines()
    if len(lines) != len(EXPECTED):
        sys.exit(f"{len(lines)} command lines in the documents, {len(EXPECTED)} are known here")
    failed = skipped = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "packages").symlink_to(arguments.models.absolute())
        if MINILM.is_dir():
            (folder / MINILM.name).symlink_to(MINILM)
        exports.write(folder)
        made = tables()
        for table, columns in made.items():
            written(columns, folder / f"{table}.parquet")
        for words in lines:
            if arguments.only and not any(part in words[2] for part in arguments.only):
                continue
            if not (folder / words[2]).exists():
                skipped += 1
                print(f"{words[2]}: skipped, it is not there (scripts/examples makes MiniLM)")
                continue
            problem, seconds = check(words, folder, arguments, made)
            failed += problem is not None
            print(f"{words[2]}: {problem or 'as in Python'} ({seconds:.1f} s)", flush=True)
    print(f"{failed} failed, {skipped} skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
