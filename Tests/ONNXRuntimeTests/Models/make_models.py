"""Writes the ONNX models that only the tests of ONNXRuntime need: kinds of values and shapes that a
column cannot hold, models of several files, and a computation that takes too long.

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


def made(name, nodes, inputs, outputs, initializers=(), opset=19, ir=9):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializer=list(initializers))
    domains = {node.domain for node in nodes} | {"ai.onnx.ml"}
    opsets = [helper.make_opsetid("", opset)] + [
        helper.make_opsetid(domain, 3 if domain == "ai.onnx.ml" else 1)
        for domain in sorted(domains - {""})
    ]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir)


def save(name, *parts, **versions):
    model = made(name, *parts, **versions)
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def external(array, name, location, offset=0):
    """A tensor whose values are the bytes of a file, from `offset` on."""
    value = numpy_helper.from_array(array, name)
    value.ClearField("raw_data")
    value.data_location = TensorProto.EXTERNAL
    length = array.nbytes
    for key, entry in (("location", location), ("offset", offset), ("length", length)):
        value.external_data.add(key=key, value=str(entry))
    return value


def save_external():
    """Models that are several files, in folders as exporters write them."""
    for folder, factor in (("twice", 2.0), ("thrice", 3.0)):
        # y = factor * x + factor, with both numbers in model.onnx.data: the names of all files are the
        # same in both folders, and only the data differs.
        target = FOLDER / "external" / folder
        target.mkdir(parents=True, exist_ok=True)
        weights = np.eye(4, dtype=np.float32) * np.float32(factor)
        bias = np.full(4, factor, np.float32)
        (target / "model.onnx.data").write_bytes(weights.tobytes() + bias.tobytes())
        model = made(
            "affine",
            [
                helper.make_node("MatMul", ["x", "weights"], ["product"]),
                helper.make_node("Add", ["product", "bias"], ["y"]),
            ],
            [tensor("x", FLOAT, ["batch", 4])],
            [tensor("y", FLOAT, ["batch", 4])],
            [
                external(weights, "weights", "model.onnx.data"),
                external(bias, "bias", "model.onnx.data", weights.nbytes),
            ],
        )
        (target / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    # Several files in folders below, one of them named by a tensor in a graph within the graph.
    target = FOLDER / "external" / "parts"
    (target / "weights").mkdir(parents=True, exist_ok=True)
    one, ten = np.array([1], np.float32), np.array([10], np.float32)
    (target / "weights" / "one.bin").write_bytes(one.tobytes())
    (target / "weights" / "ten.bin").write_bytes(ten.tobytes())

    def branch(name, location, value):
        return helper.make_graph(
            [helper.make_node("Add", ["x", name], [f"with_{name}"])],
            name,
            [],
            [tensor(f"with_{name}", FLOAT, ["batch"])],
            [external(value, name, location)],
        )

    model = made(
        "parts",
        [
            helper.make_node(
                "If",
                ["large"],
                ["y"],
                then_branch=branch("ten", "weights/ten.bin", ten),
                else_branch=branch("one", "./weights/one.bin", one),
            )
        ],
        [tensor("x", FLOAT, ["batch"]), tensor("large", BOOL, [])],
        [tensor("y", FLOAT, ["batch"])],
    )
    (target / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))


def main():
    save_external()
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
        "zipmap_names",
        [
            helper.make_node(
                "ZipMap",
                ["x"],
                ["maps"],
                domain="ai.onnx.ml",
                classlabels_strings=["dog", "cat", "ünknown"],
            ),
        ],
        [tensor("x", FLOAT, ["batch", 3])],
        [
            helper.make_value_info(
                "maps",
                helper.make_sequence_type_proto(
                    helper.make_map_type_proto(
                        TensorProto.STRING, helper.make_tensor_type_proto(FLOAT, [])
                    )
                ),
            )
        ],
    )
    # One tensor, and one output of each kind that a column cannot hold.
    save(
        "kinds",
        [
            helper.make_node("Neg", ["x"], ["y"]),
            helper.make_node("SplitToSequence", ["x"], ["parts"]),
            helper.make_node("Cast", ["x"], ["eighth"], to=TensorProto.FLOAT8E5M2),
            helper.make_node("Cast", ["x"], ["half_byte"], to=TensorProto.INT4),
            helper.make_node("Optional", ["x"], ["perhaps"]),
        ],
        [tensor("x", FLOAT, ["batch", 2])],
        [
            tensor("y", FLOAT, ["batch", 2]),
            sequence("parts"),
            tensor("eighth", TensorProto.FLOAT8E5M2, ["batch", 2]),
            tensor("half_byte", TensorProto.INT4, ["batch", 2]),
            helper.make_value_info(
                "perhaps",
                helper.make_optional_type_proto(
                    helper.make_tensor_type_proto(FLOAT, ["batch", 2])
                ),
            ),
        ],
        opset=21,
        ir=10,
    )
    # An operator that no runtime has by itself.
    save(
        "custom_operator",
        [helper.make_node("Frobnicate", ["x"], ["y"], domain="org.needletail.tests")],
        [tensor("x", FLOAT, ["batch"])],
        [tensor("y", FLOAT, ["batch"])],
    )
    # A language that no machine has.
    save(
        "locale",
        [
            helper.make_node(
                "StringNormalizer", ["x"], ["y"], case_change_action="LOWER", locale="xx_YY"
            )
        ],
        [tensor("x", TensorProto.STRING, ["batch"])],
        [tensor("y", TensorProto.STRING, ["batch"])],
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
