"""Writes the small ONNX models of the tests and, beside each, its reference case.

    .venv/bin/python Tests/Models/make_models.py

NAME.onnx is the model. NAME.json is its case: what ONNX Runtime's Python package answers.

    {"model": "two_inputs.onnx", "about": "...",
     "fails": null | "load" | "run",            when ONNX Runtime itself refuses
     "signature": {"inputs": [{"name", "type", "shape"}], "outputs": [...]},
     "inputs": [{"name", "type", "shape", "values"}], "outputs": [...]}

Element types are named as NumPy names them, with `string` and `bfloat16` beside. `values` are the
elements in row-major order; a size in the signature's shape is a number or the axis's name. A model
that fails at load has neither signature nor inputs, and one that fails has no outputs.

Everything is drawn from one fixed seed: running this again changes nothing.
"""

import ctypes
import json
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent
RANDOM = np.random.RandomState(20250102)

ELEMENT_TYPES = {
    "bool": (TensorProto.BOOL, np.bool_),
    "int8": (TensorProto.INT8, np.int8),
    "int16": (TensorProto.INT16, np.int16),
    "int32": (TensorProto.INT32, np.int32),
    "int64": (TensorProto.INT64, np.int64),
    "uint8": (TensorProto.UINT8, np.uint8),
    "uint16": (TensorProto.UINT16, np.uint16),
    "uint32": (TensorProto.UINT32, np.uint32),
    "uint64": (TensorProto.UINT64, np.uint64),
    "float16": (TensorProto.FLOAT16, np.float16),
    "bfloat16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16),
    "float32": (TensorProto.FLOAT, np.float32),
    "float64": (TensorProto.DOUBLE, np.float64),
    "string": (TensorProto.STRING, np.object_),
}
RUNTIME_NAMES = {"float": "float32", "double": "float64"}


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, ELEMENT_TYPES[kind][0], shape)


def weights(name, *shape, kind="float32"):
    drawn = RANDOM.uniform(-1, 1, shape).round(3)
    return numpy_helper.from_array(drawn.astype(ELEMENT_TYPES[kind][1]), name)


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values, np.int64), name)


def model(name, inputs, outputs, nodes, initializers=()):
    graph = helper.make_graph(
        nodes,
        name,
        [value(*each) for each in inputs],
        [value(*each) for each in outputs],
        initializer=list(initializers),
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(
        graph, opset_imports=opsets, ir_version=8, producer_name="needletail-tests"
    )
    onnx.checker.check_model(made)
    return made


def floats(*shape):
    return RANDOM.uniform(-2, 2, shape).round(3).astype(np.float32)


def tensor(name, kind, array):
    array = np.asarray(array)
    elements = array.reshape(-1)
    if kind in ("float16", "bfloat16", "float32"):
        elements = elements.astype(np.float64)
    return {
        "name": name,
        "type": kind,
        "shape": list(array.shape),
        "values": elements.tolist(),
    }


def kind_of(runtime_type):
    element = runtime_type.removeprefix("tensor(").removesuffix(")")
    return RUNTIME_NAMES.get(element, element)


def signature(session):
    def described(arguments):
        return [
            {"name": each.name, "type": kind_of(each.type), "shape": each.shape}
            for each in arguments
        ]

    return {"inputs": described(session.get_inputs()), "outputs": described(session.get_outputs())}


def run(session, feeds):
    arguments = session.get_outputs()
    kinds = [kind_of(each.type) for each in arguments]
    if "bfloat16" in kinds:
        outputs = run_on_own_memory(session, feeds)
    else:
        outputs = session.run(None, {name: array for name, (_, array) in feeds.items()})
    return [
        tensor(argument.name, kind, output)
        for argument, kind, output in zip(arguments, kinds, outputs, strict=True)
    ]


def run_on_own_memory(session, feeds):
    """NumPy has no bfloat16, so neither has `session.run`: its two bytes are passed as they are."""
    values = {
        name: onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(
            array.view(np.uint16) if kind == "bfloat16" else array, ELEMENT_TYPES[kind][0]
        )
        for name, (kind, array) in feeds.items()
    }
    outputs = []
    for output in session.run_with_ort_values(None, values):
        if output.data_type() == "tensor(bfloat16)":
            content = ctypes.string_at(output.data_ptr(), 2 * int(np.prod(output.shape())))
            outputs.append(np.frombuffer(content, ml_dtypes.bfloat16).reshape(output.shape()))
        else:
            outputs.append(output.numpy())
    return outputs


def write_case(name, about, content):
    text = json.dumps({"model": f"{name}.onnx", "about": about, **content}, indent=1)
    (FOLDER / f"{name}.json").write_text(flatten_lists(text) + "\n")


def flatten_lists(text):
    """Puts lists of plain elements on one line: the files are read by people too."""
    lines, pending = [], None
    for line in text.split("\n"):
        if pending is None:
            if line.endswith("["):
                pending = [line]
            else:
                lines.append(line)
        else:
            stripped = line.strip()
            if stripped.startswith(("{", "[")) or stripped.endswith(("{", "[")):
                lines += pending
                pending = [line] if line.endswith("[") else None
                if pending is None:
                    lines.append(line)
            elif stripped in ("]", "],"):
                lines.append(pending[0] + " ".join(each.strip() for each in pending[1:]) + stripped)
                pending = None
            else:
                pending.append(line)
    return "\n".join(lines + (pending or []))


def add(name, about, made, feeds, fails=None):
    content = made.SerializeToString(deterministic=True)
    (FOLDER / f"{name}.onnx").write_bytes(content)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    outputs = []
    try:
        outputs = run(session, feeds)
    except Exception:
        if fails != "run":
            raise
    else:
        if fails:
            raise SystemExit(f"{name} was meant to fail")
    write_case(
        name,
        about,
        {
            "fails": fails,
            "signature": signature(session),
            "inputs": [tensor(each, kind, array) for each, (kind, array) in feeds.items()],
            "outputs": outputs,
        },
    )


def add_broken(name, about, content):
    (FOLDER / f"{name}.onnx").write_bytes(content)
    try:
        onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception:
        write_case(name, about, {"fails": "load"})
    else:
        raise SystemExit(f"{name} was meant to fail")


def add_numeric_models():
    add(
        "two_inputs",
        "two float inputs of different widths, concatenated before one layer",
        model(
            "two_inputs",
            [("a", "float32", ["batch", 3]), ("b", "float32", ["batch", 2])],
            [("y", "float32", ["batch", 4])],
            [
                helper.make_node("Concat", ["a", "b"], ["both"], axis=1),
                helper.make_node("Gemm", ["both", "weight", "bias"], ["y"]),
            ],
            [weights("weight", 5, 4), weights("bias", 4)],
        ),
        {"a": ("float32", floats(5, 3)), "b": ("float32", floats(5, 2))},
    )
    add(
        "two_outputs",
        "outputs of different names, types and ranks",
        model(
            "two_outputs",
            [("x", "float32", ["batch", 4])],
            [("scores", "float32", ["batch", 3]), ("label", "int64", ["batch"])],
            [
                helper.make_node("Gemm", ["x", "weight", "bias"], ["logits"]),
                helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
                helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
            ],
            [weights("weight", 4, 3), weights("bias", 3)],
        ),
        {"x": ("float32", floats(6, 4))},
    )
    add(
        "eight_features",
        "a regression on eight features, one float for each row",
        model(
            "eight_features",
            [("features", "float32", ["batch", 8])],
            [("price", "float32", ["batch", 1])],
            [
                helper.make_node("Gemm", ["features", "w1", "b1"], ["h1"]),
                helper.make_node("Relu", ["h1"], ["r1"]),
                helper.make_node("Gemm", ["r1", "w2", "b2"], ["price"]),
            ],
            [weights("w1", 8, 16), weights("b1", 16), weights("w2", 16, 1), weights("b2", 1)],
        ),
        {"features": ("float32", floats(7, 8))},
    )
    add(
        "scalar_outputs",
        "one number for each row, as [batch] and as [batch, 1]",
        model(
            "scalar_outputs",
            [("x", "float32", ["batch", 3])],
            [("flat", "float32", ["batch"]), ("column", "float32", ["batch", 1])],
            [
                helper.make_node("ReduceSum", ["x", "axes"], ["flat"], keepdims=0),
                helper.make_node("ReduceSum", ["x", "axes"], ["column"], keepdims=1),
            ],
            [constant("axes", [1])],
        ),
        {"x": ("float32", floats(4, 3))},
    )
    add(
        "scalar_input",
        "one number for each row goes in: [batch]",
        model(
            "scalar_input",
            [("x", "float64", ["batch"])],
            [("y", "float64", ["batch"])],
            [helper.make_node("Mul", ["x", "factor"], ["y"])],
            [weights("factor", 1, kind="float64")],
        ),
        {"x": ("float64", floats(5).astype(np.float64))},
    )
    add(
        "matrix_output",
        "a matrix for each row comes out: [batch, 2, 3]",
        model(
            "matrix_output",
            [("x", "float32", ["batch", 4])],
            [("y", "float32", ["batch", 2, 3])],
            [
                helper.make_node("Gemm", ["x", "weight"], ["flat"]),
                helper.make_node("Reshape", ["flat", "shape"], ["y"]),
            ],
            [weights("weight", 4, 6), constant("shape", [-1, 2, 3])],
        ),
        {"x": ("float32", floats(3, 4))},
    )
    add(
        "image",
        "rank 4: three channels of 8x8 pixels through a convolution",
        model(
            "image",
            [("image", "float32", ["batch", 3, 8, 8])],
            [("features", "float32", ["batch", 4])],
            [
                helper.make_node(
                    "Conv",
                    ["image", "kernel", "bias"],
                    ["convolved"],
                    kernel_shape=[3, 3],
                    pads=[1, 1, 1, 1],
                ),
                helper.make_node("Relu", ["convolved"], ["positive"]),
                helper.make_node("GlobalAveragePool", ["positive"], ["pooled"]),
                helper.make_node("Flatten", ["pooled"], ["features"]),
            ],
            [weights("kernel", 4, 3, 3, 3), weights("bias", 4)],
        ),
        {"image": ("float32", floats(2, 3, 8, 8))},
    )
    add(
        "fixed_batch",
        "takes exactly four rows at a time",
        model(
            "fixed_batch",
            [("x", "float32", [4, 3])],
            [("y", "float32", [4, 2])],
            [helper.make_node("Gemm", ["x", "weight"], ["y"])],
            [weights("weight", 3, 2)],
        ),
        {"x": ("float32", floats(4, 3))},
    )
    add(
        "dynamic_sequence",
        "an axis beside the batch has no fixed size",
        model(
            "dynamic_sequence",
            [("x", "float32", ["batch", "seq"])],
            [("total", "float32", ["batch"]), ("centered", "float32", ["batch", "seq"])],
            [
                helper.make_node("ReduceSum", ["x", "axes"], ["total"], keepdims=0),
                helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1),
                helper.make_node("Sub", ["x", "mean"], ["centered"]),
            ],
            [constant("axes", [1])],
        ),
        {"x": ("float32", floats(3, 5))},
    )
    add(
        "embedding",
        "int64 ids look vectors up, and their mean comes out",
        model(
            "embedding",
            [("ids", "int64", ["batch", 4])],
            [("embedding", "float32", ["batch", 3])],
            [
                helper.make_node("Gather", ["table", "ids"], ["vectors"], axis=0),
                helper.make_node(
                    "ReduceMean", ["vectors"], ["embedding"], axes=[1], keepdims=0
                ),
            ],
            [weights("table", 10, 3)],
        ),
        {"ids": ("int64", RANDOM.randint(0, 10, (4, 4)).astype(np.int64))},
    )
    add(
        "category",
        "one int64 for each row looks a vector up: fed from an int column",
        model(
            "category",
            [("category", "int64", ["batch"])],
            [("vector", "float32", ["batch", 3])],
            [helper.make_node("Gather", ["table", "category"], ["vector"], axis=0)],
            [weights("table", 10, 3)],
        ),
        {"category": ("int64", RANDOM.randint(0, 10, 6).astype(np.int64))},
    )


def add_half_precision_models():
    add(
        "float16",
        "half precision in and out",
        model(
            "float16",
            [("x", "float16", ["batch", 3])],
            [("y", "float16", ["batch", 2])],
            [helper.make_node("MatMul", ["x", "weight"], ["y"])],
            [weights("weight", 3, 2, kind="float16")],
        ),
        {"x": ("float16", floats(5, 3).astype(np.float16))},
    )
    add(
        "bfloat16",
        "bfloat16 in and out, computed in float",
        model(
            "bfloat16",
            [("x", "bfloat16", ["batch", 3])],
            [("y", "bfloat16", ["batch", 3]), ("wide", "float32", ["batch", 3])],
            [
                helper.make_node("Cast", ["x"], ["wide"], to=TensorProto.FLOAT),
                helper.make_node("Mul", ["wide", "weight"], ["product"]),
                helper.make_node("Cast", ["product"], ["y"], to=TensorProto.BFLOAT16),
            ],
            [weights("weight", 3)],
        ),
        {"x": ("bfloat16", floats(4, 3).astype(ml_dtypes.bfloat16))},
    )


def words(*elements):
    return np.array(elements, dtype=np.object_)


def add_string_models():
    colors = ["red", "green", "blue", "sea-green", "grün", "赤"]
    add(
        "string_input",
        "a string for each row becomes its index, -1 when unknown",
        model(
            "string_input",
            [("word", "string", ["batch"])],
            [("index", "int64", ["batch"])],
            [
                helper.make_node(
                    "LabelEncoder",
                    ["word"],
                    ["index"],
                    domain="ai.onnx.ml",
                    keys_strings=colors,
                    values_int64s=list(range(len(colors))),
                    default_int64=-1,
                )
            ],
        ),
        {"word": ("string", words("green", "", "grün", "赤", "Red", "blue"))},
    )
    add(
        "string_features",
        "two strings and one float for each row give one score",
        model(
            "string_features",
            [("words", "string", ["batch", 2]), ("age", "float32", ["batch", 1])],
            [("score", "float32", ["batch", 1])],
            [
                helper.make_node(
                    "LabelEncoder",
                    ["words"],
                    ["values"],
                    domain="ai.onnx.ml",
                    keys_strings=colors,
                    values_floats=[0.25, 0.5, 1.5, 2.5, -1.0, 4.0],
                    default_float=-0.5,
                ),
                helper.make_node("Concat", ["values", "age"], ["features"], axis=1),
                helper.make_node("Gemm", ["features", "weight", "bias"], ["score"]),
            ],
            [weights("weight", 3, 1), weights("bias", 1)],
        ),
        {
            "words": ("string", words("red", "blue", "赤", "none", "grün", "").reshape(3, 2)),
            "age": ("float32", floats(3, 1)),
        },
    )
    add(
        "string_output",
        "an int64 for each row becomes its name",
        model(
            "string_output",
            [("index", "int64", ["batch"])],
            [("name", "string", ["batch"])],
            [
                helper.make_node(
                    "LabelEncoder",
                    ["index"],
                    ["name"],
                    domain="ai.onnx.ml",
                    keys_int64s=list(range(len(colors))),
                    values_strings=colors,
                    default_string="?",
                )
            ],
        ),
        {"index": ("int64", np.array([3, 0, 9, 4, 5, -1], np.int64))},
    )


def add_identity():
    feeds = {
        "bool": np.array([[True, False], [False, True], [True, True]]),
        "int8": [[-128, 127], [0, 1], [-1, 2]],
        "int16": [[-32768, 32767], [0, 1], [-1, 2]],
        "int32": [[-(2**31), 2**31 - 1], [0, 1], [-1, 2]],
        "int64": [[-(2**63), 2**63 - 1], [0, 1], [-1, 2]],
        "uint8": [[0, 255], [1, 2], [128, 127]],
        "uint16": [[0, 65535], [1, 2], [32768, 32767]],
        "uint32": [[0, 2**32 - 1], [1, 2], [2**31, 3]],
        "uint64": [[0, 2**64 - 1], [1, 2], [2**63, 3]],
        "float16": [[0.5, -65504], [0.333251953125, 6.103515625e-05], [0, 1]],
        "float32": floats(3, 2),
        "float64": [[0.1, -1e300], [1e-300, 2.5], [0, 1]],
        "string": words("", "a", "grün", "赤 \U0001f5fa", "line\nbreak", '"quoted"').reshape(3, 2),
    }
    typed = {
        f"{kind}_in": (kind, np.asarray(array, ELEMENT_TYPES[kind][1]))
        for kind, array in feeds.items()
    }
    add(
        "identity",
        "every element type comes out as it went in",
        model(
            "identity",
            [(f"{kind}_in", kind, ["batch", 2]) for kind in feeds],
            [(f"{kind}_out", kind, ["batch", 2]) for kind in feeds],
            [helper.make_node("Identity", [f"{kind}_in"], [f"{kind}_out"]) for kind in feeds],
        ),
        typed,
    )


def add_metadata():
    made = model(
        "metadata",
        [("x", "float32", ["batch", 2])],
        [("y", "float32", ["batch", 2])],
        [helper.make_node("Neg", ["x"], ["y"])],
    )
    made.producer_version = "1.2.3"
    made.domain = "org.needletail.tests"
    made.model_version = 7
    made.doc_string = "Negates its input."
    made.graph.doc_string = "One node."
    helper.set_model_props(made, {"author": "Needletail", "labels": "first,second", "名": "値"})
    add("metadata", "carries every field of metadata", made, {"x": ("float32", floats(2, 2))})


def add_failures():
    add(
        "fails_reshape",
        "loads, but asks for a shape that three columns cannot have",
        model(
            "fails_reshape",
            [("x", "float32", ["batch", 3])],
            [("y", "float32", ["batch", 7])],
            [helper.make_node("Reshape", ["x", "shape"], ["y"])],
            [constant("shape", [-1, 7])],
        ),
        {"x": ("float32", floats(2, 3))},
        fails="run",
    )
    embedding = onnx.load(FOLDER / "embedding.onnx")
    add(
        "fails_index",
        "an id lies outside the table; other ids work",
        embedding,
        {"ids": ("int64", np.array([[0, 1, 2, 99]], np.int64))},
        fails="run",
    )
    add(
        "wrong_row_count",
        "runs, but gives one row whatever goes in: a caller that counts rows must refuse it",
        model(
            "wrong_row_count",
            [("x", "float32", ["batch", 3])],
            [("y", "float32", ["rows", 3])],
            [helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=1)],
            [constant("axes", [0])],
        ),
        {"x": ("float32", floats(4, 3))},
    )
    whole = (FOLDER / "two_inputs.onnx").read_bytes()
    add_broken("truncated", "the first half of a model", whole[: len(whole) // 2])
    add_broken("garbage", "random bytes", RANDOM.bytes(512))
    add_broken("empty", "no bytes at all", b"")


if __name__ == "__main__":
    onnxruntime.set_default_logger_severity(4)
    add_numeric_models()
    add_half_precision_models()
    add_string_models()
    add_identity()
    add_metadata()
    add_failures()
    print(f"{len(list(FOLDER.glob('*.json')))} models and their cases in {FOLDER}")
