"""ONNX files out of PyTorch, and into it again."""

import logging
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper

# The exporter warns of itself: of its own deprecated calls, and of packages that it could serve.
logging.getLogger("torch.onnx").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", category=FutureWarning, module="copyreg")
warnings.filterwarnings("ignore", message="# The axis name")


def export(model, example, path, inputs, outputs, dynamic):
    """Writes `model` in one file, without what the exporter adds for debugging.

    `dynamic` has for each input the sizes that may change: {0: torch.export.Dim("batch")}.
    """
    program = torch.onnx.export(
        model.eval(), example, input_names=inputs, output_names=outputs, dynamic_shapes=dynamic,
        dynamo=True, external_data=False, verbose=False)
    proto = program.model_proto
    strip(proto)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(proto.SerializeToString())


def strip(proto):
    """Removes source lines and stack traces, which name the machine of the export."""
    proto.doc_string = ""
    del proto.metadata_props[:]
    for graph in [proto.graph, *proto.functions]:
        graph.doc_string = ""
        del graph.metadata_props[:]
        for node in graph.node:
            node.doc_string = ""
            del node.metadata_props[:]
        for value in graph.value_info:
            del value.metadata_props[:]
    for value in [*proto.graph.input, *proto.graph.output, *proto.graph.initializer]:
        del value.metadata_props[:]


def weights(path):
    """The state dict of the PyTorch model that was exported: the exporter keeps its names."""
    return {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in onnx.load(path).graph.initializer
    }


def predict(path, inputs, batch=256):
    """The first output for all rows of the named inputs, batch by batch."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    count = len(next(iter(inputs.values())))
    return np.concatenate([
        session.run(None, {name: rows[i : i + batch] for name, rows in inputs.items()})[0]
        for i in range(0, count, batch)
    ])
