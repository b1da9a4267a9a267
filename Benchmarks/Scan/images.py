"""The table `images`: different JPEGs in Parquet files, and a small residual network for them.

    images.py FOLDER ROWS

makes the table, with the Python that has PIL; `make_resnet` makes the network, with the one that has onnx.
"""

import io
import json
import sys
from pathlib import Path

import numpy as np

FILES = 8
WIDTH, HEIGHT = 320, 240
# The side of the network's images.
SIDE = 224
CLASSES = 10
# The channels of the network's stages, each but the first at half of the size before.
STAGES = (16, 32, 64)


def make_images(target, rows):
    """`rows` rows of `id` (int64) and `content` (binary): smooth noise with some grain in it, some 23 KiB
    each, since a JPEG of pure noise takes longer to decode than photographs do."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    stamp = target / "_complete.json"
    wanted = {"rows": rows, "size": [WIDTH, HEIGHT], "version": 1}
    if stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return
    target.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(20250106)
    grain = random.integers(-12, 13, (HEIGHT, WIDTH, 1), np.int16)
    edges = [rows * index // FILES for index in range(FILES + 1)]
    for index, (first, end) in enumerate(zip(edges, edges[1:])):
        files = []
        for _ in range(first, end):
            coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8))
            smooth = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int16)
            shift = tuple(random.integers(0, (HEIGHT, WIDTH)))
            pixels = np.clip(smooth + np.roll(grain, shift, (0, 1)), 0, 255).astype(np.uint8)
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG", quality=85)
            files.append(file.getvalue())
        ids = pa.array(np.arange(first, end, dtype=np.int64))
        table = pa.table({"id": ids, "content": pa.array(files, pa.binary())})
        # JPEGs are compressed already.
        pq.write_table(table, target / f"part-{index}.parquet", compression="none")
    stamp.write_text(json.dumps(wanted))


class Network:
    """Puts a network together, node by node, with weights from a fixed seed."""

    def __init__(self):
        self.random = np.random.default_rng(20250107)
        self.nodes, self.weights = [], []

    def constant(self, values):
        from onnx import numpy_helper

        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def add(self, kind, *inputs, name=None, **attributes):
        from onnx import helper

        name = name or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def convolution(self, value, width, height, size, stride, gain=2.0):
        scale = np.sqrt(gain / (width * size * size))
        weight = self.constant(self.random.normal(0, scale, (height, width, size, size)))
        pad = size // 2
        return self.add(
            "Conv", value, weight, self.constant(np.zeros(height)), kernel_shape=[size, size],
            strides=[stride, stride], pads=[pad] * 4,
        )

    def block(self, value, width, height, stride):
        """Two convolutions, and the value itself beside them."""
        inner = self.add("Relu", self.convolution(value, width, height, 3, stride))
        inner = self.convolution(inner, height, height, 3, 1, gain=0.5)
        if stride != 1 or width != height:
            value = self.convolution(value, width, height, 1, stride, gain=1.0)
        return self.add("Relu", self.add("Add", inner, value))


def make_resnet(folder):
    """The file of the network: input `data` float32 [batch, 3, 224, 224], output `logits` [batch, 10]."""
    import onnx
    from onnx import TensorProto, helper

    folder.mkdir(parents=True, exist_ok=True)
    network = Network()
    value = network.add("Relu", network.convolution("data", 3, STAGES[0], 7, 4))
    width = STAGES[0]
    for stage, height in enumerate(STAGES):
        value = network.block(value, width, height, 1 if stage == 0 else 2)
        width = height
    value = network.add("Flatten", network.add("GlobalAveragePool", value))
    weight = network.constant(network.random.normal(0, 1, (width, CLASSES)))
    network.add("Gemm", value, weight, network.constant(np.zeros(CLASSES)), name="logits")
    number = TensorProto.FLOAT
    graph = helper.make_graph(
        network.nodes, "resnet",
        [helper.make_tensor_value_info("data", number, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", number, ["batch", CLASSES])],
        initializer=network.weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path = folder / "resnet.onnx"
    content = model.SerializeToString(deterministic=True)
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
    return path


if __name__ == "__main__":
    make_images(Path(sys.argv[1]), int(sys.argv[2]))
