"""Writes the ONNX models that only the tests of ONNXRuntime need: kinds of values and shapes that a
column cannot hold, and a computation that takes too long.

    .venv/bin/python Tests/ONNXRuntimeTests/Models/make_models.py
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def tensor(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def sequence(name):
    return helper.make_tensor_sequence_value_info(name, FLOAT, ["batch"])


def save(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializer=list(initializers))
    opsets = [helper.make_opsetid("", 19), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def main():
    # What a scikit-learn classifier looks like: a label, and a map from class to probability.
    maps = helper.make_value_info(
        "maps",
        helper.make_sequence_type_proto(
            helper.make_map_type_proto(INT64, helper.make_tensor_type_proto(FLOAT, []))
        ),
    )
    save(
        "zipmap",
        [
            helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0),
            helper.make_node(
                "ZipMap", ["x"], ["maps"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2]
            ),
        ],
        [tensor("x", FLOAT, ["batch", 3])],
        [tensor("label", INT64, ["batch"]), maps],
    )
    save(
        "sequence_output",
        [helper.make_node("SequenceConstruct", ["x"], ["parts"])],
        [tensor("x", FLOAT, ["batch"])],
        [sequence("parts")],
    )
    save(
        "sequence_input",
        [helper.make_node("ConcatFromSequence", ["parts"], ["y"], axis=0)],
        [sequence("parts")],
        [tensor("y", FLOAT, ["batch"])],
    )
    save(
        "float8_input",
        [helper.make_node("Cast", ["x"], ["y"], to=FLOAT)],
        [tensor("x", TensorProto.FLOAT8E4M3FN, ["batch"])],
        [tensor("y", FLOAT, ["batch"])],
    )
    save(
        "unranked",
        [helper.make_node("Neg", ["x"], ["y"])],
        [tensor("x", FLOAT, None)],
        [tensor("y", FLOAT, None)],
    )
    # The output is a constant, which lies in the session's memory.
    save(
        "constant_output",
        [helper.make_node("Identity", ["x"], ["same"])],
        [tensor("x", FLOAT, ["batch"])],
        [tensor("same", FLOAT, ["batch"]), tensor("fixed", FLOAT, [3])],
        [numpy_helper.from_array(np.array([1, 2, 3], np.float32), "fixed")],
    )
    # Every row less the first one: fails without a first one.
    save(
        "needs_rows",
        [
            helper.make_node("Gather", ["x", "zero"], ["first"], axis=0),
            helper.make_node("Sub", ["x", "first"], ["y"]),
        ],
        [tensor("x", FLOAT, ["batch", 2])],
        [tensor("y", FLOAT, ["batch", 2])],
        [numpy_helper.from_array(np.array(0, np.int64), "zero")],
    )
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["condition"], ["condition_out"]),
            helper.make_node("Sin", ["state"], ["state_out"]),
        ],
        "body",
        [tensor("i", INT64, []), tensor("condition", BOOL, []), tensor("state", FLOAT, ["n"])],
        [tensor("condition_out", BOOL, []), tensor("state_out", FLOAT, ["n"])],
    )
    save(
        "endless",
        [helper.make_node("Loop", ["times", "", "x"], ["y"], body=body)],
        [tensor("x", FLOAT, ["n"])],
        [tensor("y", FLOAT, ["n"])],
        [numpy_helper.from_array(np.array(2**40, np.int64), "times")],
    )


if __name__ == "__main__":
    main()
