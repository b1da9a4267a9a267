"""The table and the model that every variant reads, made once and kept."""

import json

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper

PIXELS = 784
FILES = 8
LAYERS = (PIXELS, 512, 256, 10)


def make_table(folder, rows):
    """`rows` rows of one column, data array<float>[784] with the 256 values of a pixel divided by
    255, in 8 Parquet files. Returns their folder."""
    target = folder / f"pixels-{rows}"
    stamp = target / "_complete.json"
    wanted = {"rows": rows, "pixels": PIXELS, "files": FILES, "version": 1}
    if stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return target
    target.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(20250103)
    for index, part in enumerate(np.array_split(np.arange(rows), FILES)):
        pixels = random.randint(0, 256, (len(part), PIXELS), np.uint8) / np.float32(255)
        offsets = np.arange(len(part) + 1, dtype=np.int32) * PIXELS
        lists = pa.ListArray.from_arrays(offsets, pixels.astype(np.float32).reshape(-1))
        pq.write_table(pa.table({"data": lists}), target / f"part-{index}.parquet")
    stamp.write_text(json.dumps(wanted))
    return target


def make_perceptron(folder):
    """784-512-256-10 with rectifiers between and random weights: input `data` float32 [batch, 784],
    output `logits` float32 [batch, 10]. Returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(20250104)
    nodes, weights, value = [], [], "data"
    for index, (width, height) in enumerate(zip(LAYERS[:-1], LAYERS[1:])):
        last = index == len(LAYERS) - 2
        weight = random.normal(0, np.sqrt(2 / width), (width, height)).astype(np.float32)
        weights.append(numpy_helper.from_array(weight, f"weight{index}"))
        weights.append(numpy_helper.from_array(np.zeros(height, np.float32), f"bias{index}"))
        product = "logits" if last else f"product{index}"
        nodes.append(
            helper.make_node("Gemm", [value, f"weight{index}", f"bias{index}"], [product])
        )
        if not last:
            value = f"rectified{index}"
            nodes.append(helper.make_node("Relu", [product], [value]))
    graph = helper.make_graph(
        nodes,
        "perceptron",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["batch", PIXELS])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", LAYERS[-1]])],
        initializer=weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "perceptron.onnx"
    content = model.SerializeToString(deterministic=True)
    if not path.exists() or path.read_bytes() != content:
        onnx.checker.check_model(model)
        path.write_bytes(content)
    return path
