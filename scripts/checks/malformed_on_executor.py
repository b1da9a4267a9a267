"""Checks that no broken model and no broken row ends an executor's process.

    .venv/bin/python scripts/checks/malformed_on_executor.py [--program PROGRAM] [--only WORD]...

Some hundred models and tables are broken in as many ways and run on one Spark by the scenario
`malformed` of Tests/IntegrationProgram, which plans with a stand-in, so that it is the executor that
loads each model. Each must be an error that names the file or the row, and after each the same process
must answer a good query. --only takes the cases whose name contains the word.

NEEDLETAIL_RUNTIMES names the folder with the frameworks' libraries.
"""

import argparse
import base64
import io
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
import zlib
from pathlib import Path

warnings.simplefilter("ignore", FutureWarning)

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))
from spark_server import SparkServer  # noqa: E402

MODELS = ROOT / "Tests" / "Models"
SAVED_MODELS = ROOT / "Tests" / "TensorFlowRuntimeTests" / "Models"
PIPELINES = ROOT / "Tests" / "TextPipelinesTests" / "Models"
PACKAGE = ROOT / "Examples" / "HousingRegression" / "made" / "model.pt2"
REVIEWS = ROOT / "Examples" / "TextClassification" / "model"
IMAGES = ROOT / "Tests" / "ImagePreprocessingTests" / "Images"
TIME_LIMIT = 900
HUGE = 1 << 40


def tensor(name, kind, *shape):
    return {"name": name, "type": kind, "shape": list(shape)}


class Cases:
    """Collects cases, and the files that they need, in one folder."""

    def __init__(self, folder):
        self.place = folder
        self.list = []

    def path(self, suffix):
        return self.place / f"{len(self.list):03d}{suffix}"

    def add(self, name, kind, model, table, columns, inputs, outputs, says, good=False, options=()):
        self.list.append(
            {
                "name": name,
                "kind": kind,
                "model": str(model) if model else None,
                "options": dict(options),
                "table": str(table),
                "columns": columns,
                "inputs": inputs,
                "outputs": outputs,
                "says": says,
                "isGood": good,
            }
        )

    def table(self, name, **columns):
        path = self.place / f"{name}.parquet"
        if not path.exists():
            pq.write_table(pa.table(columns), path)
        return path

    # ONNX ---------------------------------------------------------------------------------------

    def onnx(self, name, contents, says=(), good=False):
        path = self.path(".onnx")
        path.write_bytes(contents)
        table = self.table("numbers", x=pa.array([[1.0, 2.0, 3.0]] * 10, pa.list_(pa.float32())))
        self.add(
            f"onnx: {name}",
            "onnx",
            path,
            table,
            ["x"],
            [tensor("x", "float32", -1, 3)],
            [tensor("y", "float32", -1, 3)],
            [] if good else [path.name, *says],
            good,
        )

    def onnx_graph(self, name, nodes, initializers=(), **more):
        # The pieces are put together without checks: that is what is wrong with them.
        float_rows = ["batch", 3]
        graph = helper.make_graph(
            nodes,
            "graph",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, float_rows)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, float_rows)],
            initializer=initializers,
        )
        opset = more.pop("opset", 17)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8
        )
        self.onnx(name, model.SerializeToString(), **more)

    def all_onnx(self):
        node = helper.make_node
        good = (MODELS / "eight_features.onnx").read_bytes()
        chance = random.Random(1)
        double = [node("Add", ["x", "x"], ["y"])]
        self.onnx_graph("nothing is wrong", double, good=True)
        self.onnx("empty", b"")
        for part in (10, 50, 95):
            self.onnx(f"cut off at {part} %", good[: len(good) * part // 100])
        self.onnx("random bytes", chance.randbytes(4096))
        self.onnx("text", b"this is no model\n" * 100)
        self.onnx("another message", (SAVED_MODELS / "lookup" / "saved_model.pb").read_bytes())
        self.onnx("a package", PACKAGE.read_bytes()[:100_000])
        self.onnx("a length beyond the file", b"\x08\x08\x3a\xff\xff\xff\xff\x0f" + b"x" * 100)
        nested = b""
        for _ in range(2000):
            size, length = len(nested) + 2, b""
            while size >= 128:
                length, size = length + bytes([size & 127 | 128]), size >> 7
            nested = b"\x3a" + length + bytes([size]) + nested[:100_000]
        self.onnx("nested deeply", b"\x08\x08" + nested)
        self.onnx_graph("an unknown operator", [node("Levitate", ["x"], ["y"])], says=["Levitate"])
        self.onnx_graph("operators of the future", double, opset=999)
        self.onnx_graph("a cycle", [node("Add", ["x", "b"], ["a"]), node("Add", ["a", "x"], ["b"]),
                                    node("Add", ["a", "b"], ["y"])])
        self.onnx_graph("a value from nowhere", [node("Add", ["x", "nowhere"], ["y"])])
        self.onnx_graph("an output that nothing makes", [node("Add", ["x", "x"], ["z"])])
        self.onnx_graph("two values of one name", double + double)
        weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[HUGE, HUGE])
        self.onnx_graph("a weight of 2^80 numbers", [node("Add", ["x", "w"], ["y"])], [weight])
        weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[-5], raw_data=b"\0" * 20)
        self.onnx_graph("a weight of -5 numbers", [node("Add", ["x", "w"], ["y"])], [weight])
        weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3], raw_data=b"\0" * 5)
        self.onnx_graph("a weight cut off", [node("Add", ["x", "w"], ["y"])], [weight])
        weight = TensorProto(name="w", data_type=77, dims=[3], raw_data=b"\0" * 12)
        self.onnx_graph("a weight of no type", [node("Add", ["x", "w"], ["y"])], [weight])
        for place in ("../../../../etc/passwd", "weights.bin", "/dev/zero"):
            weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3])
            weight.data_location = TensorProto.EXTERNAL
            weight.external_data.add(key="location", value=place)
            self.onnx_graph(f"a weight in {place}", [node("Add", ["x", "w"], ["y"])], [weight])
        shape = numpy_helper.from_array(np.array([1 << 31, 1 << 20], np.int64), "s")
        self.onnx_graph(
            "a result of 2^51 numbers", [node("ConstantOfShape", ["s"], ["c"]),
                                         node("ReduceSum", ["c"], ["r"]), node("Add", ["x", "r"], ["y"])],
            [shape],
        )
        index = numpy_helper.from_array(np.array([0, 1, 77], np.int64), "i")
        self.onnx_graph("an index beyond", [node("Gather", ["x", "i"], ["y"], axis=1)], [index])
        zero = numpy_helper.from_array(np.array([0], np.int64), "d")
        self.onnx_graph(
            "division by zero",
            [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Div", ["i", "d"], ["q"]),
             node("Cast", ["q"], ["y"], to=TensorProto.FLOAT)],
            [zero],
        )
        for number in range(4):
            bytes_ = bytearray(good)
            for _ in range(12):
                bytes_[chance.randrange(len(bytes_))] = chance.randrange(256)
            self.onnx(f"changed bytes, {number}", bytes(bytes_))

    # PyTorch ------------------------------------------------------------------------------------

    def torch(self, name, contents, says=(), good=False):
        path = self.path(".pt2")
        path.write_bytes(contents)
        table = self.table("homes", x=pa.array([[0.5] * 8] * 10, pa.list_(pa.float32())))
        self.add(
            f"torch: {name}",
            "torch",
            path,
            table,
            ["x"],
            [tensor("x", "float32", -1, 8)],
            [tensor("value", "float32", -1, 1)],
            [] if good else [path.name, *says],
            good,
        )

    def all_torch(self):
        good = PACKAGE.read_bytes()
        self.torch("nothing is wrong", good, good=True)
        self.torch("empty", b"")
        for part in (1, 50, 90, 99):
            self.torch(f"cut off at {part} %", good[: len(good) * part // 100])
        self.torch("no archive", b"PK" + b"x" * 1000)
        self.torch("an ONNX file", (MODELS / "eight_features.onnx").read_bytes())

        def repacked(change, kind=zipfile.ZIP_STORED):
            """The package with its entries changed: None drops one."""
            target = io.BytesIO()
            with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(target, "w", kind) as new:
                for entry in old.namelist():
                    data = change(entry, old.read(entry))
                    if data is not None:
                        new.writestr(entry, data)
            return target.getvalue()

        def only(suffix, change):
            return repacked(lambda name, data: change(data) if name.endswith(suffix) else data)

        self.torch("packed anew", repacked(lambda _, data: data), good=True)
        self.torch("without code", only(".so", lambda data: None))
        self.torch("code of nothing", only(".so", lambda data: b""))
        for part in (1, 5, 15):
            cut = only(".so", lambda data: data[: len(data) * part // 100])
            self.torch(f"code cut off at {part} %", cut)
        self.torch("code of zeros", only(".so", lambda data: data[:64] + b"\0" * (len(data) - 64)))
        self.torch("code that is text", only(".so", lambda data: b"#!/bin/sh\nexit 1\n"))
        machine = only(".so", lambda data: data[:18] + struct.pack("<H", 183) + data[20:])
        self.torch("code for ARM", machine)
        self.torch("description of nothing", only(".json", lambda data: b"{}"))
        self.torch("broken description", only(".json", lambda data: data[: len(data) // 2]))
        many = json.dumps({"AOTI_DEVICE_KEY": "cuda"}).encode()
        self.torch("for a GPU", only("_metadata.json", lambda data: many))

        zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = b"".join(zeros.compress(b"\0" * (1 << 24)) for _ in range(32)) + zeros.flush()

        def archive(entries):
            """An archive of `(name, deflated bytes, claimed size)`, sums included."""
            body, directory = b"", b""
            for name, data, size in entries:
                crc, wide = zlib.crc32(b""), min(size, 0xFFFFFFFE)
                fields = (20, 0, 8, 0, 0, crc, len(data), wide, len(name))
                directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, *fields[:4], *fields[4:],
                                         0, 0, 0, 0, 0, len(body)) + name
                body += struct.pack("<IHHHHHIIIHH", 0x04034B50, *fields, 0) + name + data
            end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(entries), len(entries),
                              len(directory), len(body), 0)
            return body + directory + end

        code = b"model/data/aotinductor/model/c.wrapper.so"
        self.torch("a bomb for code", archive([(code, bomb, 1 << 29)]))
        self.torch("a bomb that claims 10 bytes", archive([(code, bomb, 10)]))
        self.torch("a bomb that claims 4 GiB", archive([(code, bomb, 0xFFFFFFFE)]))
        note = b"model/data/aotinductor/model/c.wrapper_metadata.json"
        self.torch("a bomb for description", archive([(code, b"", 0), (note, bomb, 1 << 29)]))
        end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFE, 0xFFFE, 0xFFFFFF00, 0, 0)
        self.torch("a directory beyond the file", b"x" * 50 + end)
        crc = bytearray(good)
        crc[len(good) // 2] ^= 0xFF
        self.torch("a changed byte", bytes(crc))

    # TensorFlow ---------------------------------------------------------------------------------

    def saved_model(self, name, change, says=(), good=False, options=(), base=None, values=None):
        """A copy of a SavedModel that `change` breaks; it is called with the folder."""
        folder = self.path("-saved")
        shutil.copytree(base or SAVED_MODELS / "lookup", folder)
        change(folder)
        texts = values or pa.array([b"blau", b"rot"] * 5, pa.binary())
        table = self.table(f"words-{len(self.list)}" if values else "words", words=texts)
        input_, outputs = tensor("words", "string", -1), [tensor("ids", "int64", -1)]
        if base == REVIEWS:
            input_, outputs = tensor("text", "string", -1, 1), [tensor("output_0", "float32", -1, 1)]
        self.add(
            f"savedModel: {name}",
            "savedModel",
            folder,
            table,
            [f"cast(words as string) as {input_['name']}"],
            [input_],
            outputs,
            [] if good else [*(says or [folder.name])],
            good,
            options,
        )

    def all_saved_models(self):
        def write(file, contents):
            return lambda folder: (folder / file).write_bytes(contents)

        def cut(file, part):
            def change(folder):
                contents = (folder / file).read_bytes()
                (folder / file).write_bytes(contents[: int(len(contents) * part)])

            return change

        def swap(old, new):
            def change(folder):
                file = folder / "saved_model.pb"
                contents = file.read_bytes()
                assert old in contents and len(old) == len(new)
                file.write_bytes(contents.replace(old, new))

            return change

        index, data = "variables/variables.index", "variables/variables.data-00000-of-00001"
        self.saved_model("nothing is wrong", lambda folder: None, good=True)
        self.saved_model("an empty graph", write("saved_model.pb", b""))
        for part in (0.1, 0.5, 0.97):
            self.saved_model(f"the graph cut off at {part:.0%}", cut("saved_model.pb", part))
        self.saved_model("random bytes", write("saved_model.pb", random.Random(2).randbytes(20_000)))
        self.saved_model("no graph", lambda folder: (folder / "saved_model.pb").unlink())
        self.saved_model("no variables", lambda folder: shutil.rmtree(folder / "variables"),
                         base=REVIEWS)
        self.saved_model("an empty index", write(index, b""), base=REVIEWS)
        self.saved_model("the variables cut off", cut(data, 0.3), base=REVIEWS)
        self.saved_model("an index of other bytes", write(index, b"x" * 400), base=REVIEWS)
        self.saved_model("no vocabulary", lambda folder: shutil.rmtree(folder / "assets"))
        self.saved_model("an unknown operator", swap(b"LookupTableFindV2", b"LookupTableFindV9"))
        self.saved_model("a renamed function", swap(b"__inference", b"__inferenCE"), good=True)
        self.saved_model("another signature", lambda folder: None, options=[("signature", "nope")])
        chance = random.Random(3)
        for number in range(6):
            def shake(folder):
                file = folder / "saved_model.pb"
                contents = bytearray(file.read_bytes())
                for _ in range(20):
                    contents[chance.randrange(len(contents))] = chance.randrange(256)
                file.write_bytes(bytes(contents))

            self.saved_model(f"changed bytes, {number}", shake)

    # HuggingFace --------------------------------------------------------------------------------

    def folder(self, name, kind, base, change, says=(), good=False, values=None, options=()):
        folder = self.path(f"-{kind}")
        shutil.copytree(PIPELINES / base, folder)
        change(folder)
        texts = values or pa.array(["the film was good", "a dog", ""] * 3, pa.string())
        table = self.table(f"texts-{len(self.list)}" if values else "texts", text=texts)
        outputs = {
            "sentiment": [tensor("label", "string", -1), tensor("score", "float32", -1)],
            "embeddings": [tensor("embedding", "float32", -1, 24)],
            "translation": [tensor("generated", "string", -1)],
        }[kind]
        self.add(
            f"{kind}: {name}",
            kind,
            folder,
            table,
            ["cast(text as string) as text"],
            [tensor("text", "string", -1)],
            outputs,
            [] if good else [*(says or [folder.name])],
            good,
            options,
        )

    def all_folders(self):
        def tokenizer(change):
            def apply(folder):
                file = folder / "tokenizer.json"
                contents = json.loads(file.read_text())
                change(contents)
                file.write_text(json.dumps(contents))

            return apply

        def put(key, value):
            return tokenizer(lambda contents: contents.__setitem__(key, value))

        def text(file, contents):
            def apply(folder):
                (folder / file).write_bytes(
                    contents if isinstance(contents, bytes) else contents.encode()
                )

            return apply

        def setting(file, **values):
            def apply(folder):
                contents = json.loads((folder / file).read_text())
                contents.update(values)
                (folder / file).write_text(json.dumps(contents))

            return apply

        def remove(file):
            return lambda folder: (folder / file).unlink()

        def sentiment(name, change, **more):
            self.folder(name, "sentiment", "classes", change, **more)

        sentiment("nothing is wrong", lambda folder: None, good=True)
        sentiment("no tokenizer", remove("tokenizer.json"))
        sentiment("no configuration", remove("config.json"))
        sentiment("no network", remove("model.onnx"))
        sentiment("broken configuration", text("config.json", '{"architectures": ['))
        sentiment("configuration of other bytes", text("config.json", b"{\"a\": \"\xff\xfe\"}"))
        sentiment("empty tokenizer", text("tokenizer.json", ""))
        sentiment("tokenizer cut off", text("tokenizer.json", '{"version": "1.0", "model": {"ty'))
        sentiment("tokenizer of other bytes", text("tokenizer.json", random.Random(4).randbytes(999)))
        sentiment("brackets without end", text("tokenizer.json", "[" * 200_000))
        deep = {"type": "Lowercase"}
        for _ in range(400):
            deep = {"type": "Sequence", "normalizers": [deep]}
        sentiment("normalizers nested deeply", put("normalizer", deep))
        sentiment("no vocabulary", tokenizer(lambda contents: contents["model"].pop("vocab")))
        sentiment("an empty vocabulary",
                  tokenizer(lambda contents: contents["model"].__setitem__("vocab", {})))
        sentiment("a vocabulary of -1",
                  tokenizer(lambda contents: contents["model"]["vocab"].update({"film": -1})))
        sentiment("a vocabulary beyond the network's",
                  tokenizer(lambda contents: contents["model"]["vocab"].update({"film": 50_000})))
        sentiment("a vocabulary of 2^40",
                  tokenizer(lambda contents: contents["model"]["vocab"].update({"film": HUGE})))
        sentiment("no model", tokenizer(lambda contents: contents.pop("model")))
        sentiment("a template that names itself", put("post_processor", {
            "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a", "type_id": 0}}],
            "pair": [], "special_tokens": {"a": {"id": "b", "ids": [], "tokens": ["a"]}}}))
        sentiment("a broken character map", put("normalizer", {
            "type": "Precompiled", "precompiled_charsmap":
            base64.b64encode(struct.pack("<I", 64) + b"\xff" * 64 + b"\0").decode()}), good=True)
        cyclic = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "ba": 3, "aba": 4}, "merges":
                  [["ab", "a"], ["a", "ba"], ["a", "b"], ["b", "a"], ["aba", "aba"]]}
        sentiment("merges in a cycle", put("model", cyclic))
        sentiment("merges of nothing", put("model", {**cyclic, "merges": [["x", "y"]]}))
        sentiment("an unknown token that is none", put("model", {
            "type": "WordLevel", "unk_token": "nowhere", "vocab": {"the": 0}}))
        sentiment("scores of infinity", text("tokenizer.json", json.dumps({
            "version": "1.0", "model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0]]}
        }).replace('["a", 0]', '["a", 1e999]')))
        split = {"type": "Split", "pattern": {"Regex": "((a|aa)+)+$"}, "behavior": "Isolated",
                 "invert": False}
        sentiment("an expression that explodes", put("pre_tokenizer", split),
                  values=pa.array(["a" * 5000 + "!"] * 4))
        sentiment("an expression without end", put("pre_tokenizer", {**split, "pattern":
                                                                     {"Regex": "(" * 5000}}))
        sentiment("padding of 2^40", put("padding", {
            "strategy": {"Fixed": HUGE}, "direction": "Right", "pad_to_multiple_of": None,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}))
        sentiment("an empty network", text("model.onnx", b""))
        sentiment("the network cut off", lambda folder: (folder / "model.onnx").write_bytes(
            (folder / "model.onnx").read_bytes()[:30_000]))
        sentiment("another network", lambda folder: shutil.copy(
            MODELS / "eight_features.onnx", folder / "model.onnx"))
        sentiment("labels that are none", setting("config.json", id2label={"0": 5, "x": []}))
        sentiment("too few labels", setting("config.json", id2label={"0": "bad"}))
        sentiment("wrong options", lambda folder: None, options=[("topK", "-3")], says=["topK"])
        for name, value in [("bytes that are not UTF-8", b"good \xff\xfe film \xc3"),
                            ("an overlong code", b"\xc0\xaf good"),
                            ("a surrogate", b"\xed\xa0\x80 good")]:
            sentiment(f"{name}, repaired", lambda folder: None, good=True,
                      values=pa.array([b"the film", value] * 3, pa.binary()))

        def embeddings(name, change, **more):
            self.folder(name, "embeddings", "embeddings", change, **more)

        embeddings("nothing is wrong", lambda folder: None, good=True)
        embeddings("no list of modules is one", text("modules.json", "{"))
        embeddings("modules elsewhere", text("modules.json", json.dumps([
            {"idx": 0, "name": "0", "path": "../../../..", "type": "x.Transformer"},
            {"idx": 1, "name": "1", "path": "../../../../etc", "type": "x.Pooling"}])))
        embeddings("an unknown pooling", text("1_Pooling/config.json", '{"pooling_mode": "best"}'))
        embeddings("texts of -5 tokens", setting("sentence_bert_config.json", max_seq_length=-5))
        embeddings("pooling by an option", lambda folder: None, options=[("pooling", "best")],
                   says=["pooling"])

        def translation(name, change, **more):
            self.folder(name, "translation", "sequence", change, **more)

        translation("nothing is wrong", lambda folder: None, good=True)

        def without_decoders(folder):
            for file in ("decoder_model.onnx", "decoder_model_merged.onnx"):
                (folder / file).unlink()

        translation("no decoder", without_decoders)
        translation("encoder for decoder", lambda folder: [
            shutil.copy(folder / "encoder_model.onnx", folder / f"{name}.onnx")
            for name in ("decoder_model", "decoder_model_merged", "decoder_with_past_model")])
        translation("a start token beyond", setting("generation_config.json", decoder_start_token_id=99_999),
                    says=["99999"])
        translation("settings cut off", text("generation_config.json", '{"max_length": '))
        translation("a length of 2^40", setting("generation_config.json", max_length=HUGE))
        translation("beams of 10^9", setting("generation_config.json", num_beams=10**9))
        translation("a task that is none", lambda folder: None, options=[("task", "nope")])
        translation("settings that are none", lambda folder: None, says=["generation"],
                    options=[("generation", "{")])

    # Images -------------------------------------------------------------------------------------

    def images(self, name, contents, good=False):
        fine = (IMAGES / "jpeg444.jpg").read_bytes()
        rows = [fine, fine, contents, fine]
        paths = [f"dbfs/photo-{row}.jpg" for row in range(len(rows))]
        table = self.place / f"images-{len(self.list)}.parquet"
        pq.write_table(pa.table({"content": pa.array(rows, pa.binary()), "path": paths}), table)
        says = [] if good else ["row 2", "photo-2.jpg"]
        columns = ["content", "path"]
        self.add(f"image: {name}", "images", None, table, columns, [], [], says, good)

    def all_images(self):
        jpeg = (IMAGES / "jpeg420.jpg").read_bytes()
        png = (IMAGES / "rgb8.png").read_bytes()
        self.images("nothing is wrong", png, good=True)
        self.images("no bytes", b"")
        self.images("null", None)
        self.images("text", b"<html>404</html>")
        self.images("the first bytes of a JPEG", jpeg[:3])
        self.images("a JPEG without its image", jpeg[:300])
        self.images("a GIF", b"GIF89a" + b"\0" * 50)
        self.images("the first bytes of a PNG", png[:8])
        self.images("a PNG cut off", png[: len(png) // 2])

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(
                ">I", zlib.crc32(kind + data))

        def made(width, height, data, depth=8, colour=2):
            header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
            return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")

        bomb = zlib.compress(b"\0" * (1 << 27), 9)
        self.images("a PNG of 2^31 x 2^31", made(0x7FFFFFFF, 0x7FFFFFFF, chunk(b"IDAT", bomb)))
        self.images("a bomb of 60000 x 60000", made(60_000, 60_000, chunk(b"IDAT", bomb)))
        self.images("a PNG of 0 x 5", made(0, 5, chunk(b"IDAT", zlib.compress(b""))))
        self.images("a PNG without rows", made(8, 8, b""))
        self.images("a PNG of depth 99", made(8, 8, chunk(b"IDAT", zlib.compress(b"\0" * 200)), 99))
        self.images("a palette that is not there", made(
            8, 8, chunk(b"IDAT", zlib.compress(b"\0" * 72)), colour=3))
        start = jpeg.index(b"\xff\xc0")
        huge = jpeg[: start + 5] + b"\xff\xff\xff\xff" + jpeg[start + 9 :]
        self.images("a JPEG of 65535 x 65535", huge)
        table = jpeg.index(b"\xff\xc4")
        self.images("a JPEG with a broken table", jpeg[: table + 5] + b"\xff" * 16 + jpeg[table + 21 :])


def crashes(log):
    """What the server's log tells of workers that ended."""
    return re.findall(r"^.*(?:crashed unexpectedly|EOFException|exited unexpectedly).*$", log, re.M)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")) / "IntegrationProgram"
    parser.add_argument("--program", type=Path, default=built, help="default: %(default)s")
    parser.add_argument("--only", action="append", help="a word in a case's name; may be repeated")
    parser.add_argument("--keep", action="store_true", help="keep the files")
    options = parser.parse_args()
    if not options.program.exists():
        raise SystemExit(f"there is no {options.program}; build the product IntegrationProgram first")
    if not os.environ.get("NEEDLETAIL_RUNTIMES"):
        print("skipped: NEEDLETAIL_RUNTIMES does not name a folder with the frameworks' libraries")
        sys.exit(77)
    if not PACKAGE.exists():
        raise SystemExit(f"there is no {PACKAGE}: scripts/make-models makes it")
    scratch = Path(tempfile.mkdtemp(prefix="needletail-malformed-"))
    try:
        began = time.monotonic()
        cases = Cases(scratch)
        for make in (cases.all_onnx, cases.all_torch, cases.all_saved_models, cases.all_folders,
                     cases.all_images):
            make()
        chosen = [
            each
            for each in cases.list
            if not options.only or any(word in each["name"] for word in options.only)
        ]
        (scratch / "cases.json").write_text(json.dumps(chosen))
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SPARK_")
        }
        environment["NEEDLETAIL_PYTHON"] = sys.executable
        with SparkServer(scratch / "server") as server:
            words = [options.program.resolve(), "malformed", "--remote", server.remote]
            status = subprocess.run(
                [*words, "--folder", scratch],
                env=environment,
                stdin=subprocess.DEVNULL,
                timeout=TIME_LIMIT,
            ).returncode
            ended = crashes(server.log.read_text(errors="replace"))
        for line in ended:
            print(f"FAILED  the server's log: {line[:300]}")
        wrong = status != 0 or ended
        print(
            f"malformed models and rows: {len(chosen)} cases, "
            f"{'not all as they should be' if wrong else 'all as they should be'}, "
            f"{time.monotonic() - began:.0f} s"
        )
        sys.exit(1 if wrong else 0)
    finally:
        if options.keep:
            print(f"the files are in {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
