"""The adoption model as ONNX, its look-ups by LabelEncoder: Keras cannot export strings to ONNX."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write(path, numbers, whole, words, learnt, weights):
    """Writes the model.

    learnt   (mean, variance) of each of `numbers`; the vocabulary, whose first entry stands for the
             unknown, of each of `whole` and `words`
    weights  kernel and bias of the two dense layers
    """
    nodes, inputs, constants, encoded = [], [], [], []

    def node(kind, sources, target, **attributes):
        nodes.append(helper.make_node(kind, sources, [target], **attributes))
        return target

    def constant(name, value, element):
        constants.append(numpy_helper.from_array(np.array(value, element), name))
        return name

    def declare(name, element):
        inputs.append(helper.make_tensor_value_info(name, element, ["batch", 1]))

    for name in numbers:
        declare(name, TensorProto.FLOAT)
        mean, variance = learnt[name]
        # Keras bounds the deviation by this number too.
        deviation = max(np.sqrt(variance), 1e-7)
        centred = node("Sub", [name, constant(f"{name}_mean", mean, np.float32)], f"{name}_centred")
        scale = constant(f"{name}_deviation", deviation, np.float32)
        encoded.append(node("Div", [centred, scale], f"{name}_encoded"))

    off_on = constant("off_on", [0, 1], np.float32)
    second = constant("second_axis", [1], np.int64)
    for name in whole + words:
        declare(name, TensorProto.INT64 if name in whole else TensorProto.STRING)
        known = learnt[name][1:]
        keys = {"keys_int64s": list(map(int, known))} if name in whole else {"keys_strings": known}
        index = node(
            "LabelEncoder", [name], f"{name}_index", domain="ai.onnx.ml", default_int64=0,
            values_int64s=list(range(1, len(known) + 1)), **keys)
        flat = node("Squeeze", [index, second], f"{name}_flat")
        depth = constant(f"{name}_depth", len(known) + 1, np.int64)
        encoded.append(node("OneHot", [flat, depth, off_on], f"{name}_encoded"))

    names = [constant(f"dense_{i}", weight, np.float32) for i, weight in enumerate(weights)]
    joined = node("Concat", encoded, "joined", axis=1)
    hidden = node("Relu", [node("Gemm", [joined, *names[:2]], "hidden")], "activated")
    node("Gemm", [hidden, *names[2:]], "logit")

    output = helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["batch", 1])
    graph = helper.make_graph(nodes, "pets", inputs, [output], constants)
    operators = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 4)]
    model = helper.make_model(graph, opset_imports=operators, ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
