"""ResNet50 in Keras, of any width, and the same as ONNX."""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import saved_models  # noqa: F401  sets TensorFlow's threads before Keras starts it

import keras
from keras import layers

# Filters, blocks and stride of the four stages after the first convolution.
STAGES = [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]


def build(classes, divisor=1, size=224):
    """ResNet50 with its filters divided by `divisor`; layers have the names of Keras' own."""

    def convolution(x, filters, kernel, stride, name, padding="valid"):
        x = layers.Conv2D(filters, kernel, stride, padding, name=f"{name}_conv")(x)
        return layers.BatchNormalization(epsilon=1.001e-5, momentum=0.9, name=f"{name}_bn")(x)

    def block(x, filters, stride, name, widens):
        shortcut = convolution(x, 4 * filters, 1, stride, f"{name}_0") if widens else x
        y = layers.ReLU()(convolution(x, filters, 1, stride, f"{name}_1"))
        y = layers.ReLU()(convolution(y, filters, 3, 1, f"{name}_2", "same"))
        y = convolution(y, 4 * filters, 1, 1, f"{name}_3")
        return layers.ReLU()(layers.Add()([shortcut, y]))

    image = keras.Input((size, size, 3), name="image")
    x = layers.ZeroPadding2D(3)(image)
    x = layers.ReLU()(convolution(x, 64 // divisor, 7, 2, "conv1"))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stage, (filters, blocks, stride) in enumerate(STAGES, 2):
        for number in range(1, blocks + 1):
            first = number == 1
            x = block(
                x, filters // divisor, stride if first else 1, f"conv{stage}_block{number}", first)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return keras.Model(image, layers.Dense(classes, activation="softmax", name="predictions")(x))


def write_onnx(model, path):
    """Writes a model of `build`, or keras.applications.ResNet50, with each normalisation folded into
    the convolution before it. Input `image` [batch, 224, 224, 3], output `predictions`."""
    nodes, constants = [], []

    def node(kind, sources, target, **attributes):
        nodes.append(helper.make_node(kind, sources, [target], **attributes))
        return target

    def constant(name, value):
        value = np.ascontiguousarray(value, np.float32)
        constants.append(numpy_helper.from_array(value, name))
        return name

    def convolution(x, name, kernel, stride, padding):
        convolved, normal = model.get_layer(f"{name}_conv"), model.get_layer(f"{name}_bn")
        weight, bias, gamma, beta, mean, variance = (
            np.asarray(v).astype(np.float64)
            for v in (convolved.kernel, convolved.bias, normal.gamma, normal.beta,
                      normal.moving_mean, normal.moving_variance))
        factor = gamma / np.sqrt(variance + normal.epsilon)
        sources = [
            x, constant(f"{name}_weight", (weight * factor).transpose(3, 2, 0, 1)),
            constant(f"{name}_bias", (bias - mean) * factor + beta),
        ]
        return node(
            "Conv", sources, name, strides=[stride] * 2, pads=[padding] * 4,
            kernel_shape=[kernel] * 2)

    def relu(x):
        return node("Relu", [x], f"{x}_relu")

    x = node("Transpose", ["image"], "channels_first", perm=[0, 3, 1, 2])
    x = relu(convolution(x, "conv1", 7, 2, 3))
    x = node("MaxPool", [x], "pool1", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for stage, (_, blocks, step) in enumerate(STAGES, 2):
        for number in range(1, blocks + 1):
            name, stride = f"conv{stage}_block{number}", step if number == 1 else 1
            shortcut = convolution(x, f"{name}_0", 1, stride, 0) if number == 1 else x
            y = relu(convolution(x, f"{name}_1", 1, stride, 0))
            y = relu(convolution(y, f"{name}_2", 3, 1, 1))
            y = convolution(y, f"{name}_3", 1, 1, 0)
            x = relu(node("Add", [shortcut, y], f"{name}_sum"))
    x = node("Flatten", [node("GlobalAveragePool", [x], "averages")], "features")
    head = model.get_layer("predictions")
    sources = [x, constant("head_weight", head.kernel), constant("head_bias", head.bias)]
    node("Softmax", [node("Gemm", sources, "logits")], "predictions", axis=-1)

    size, classes = model.input_shape[1], model.output_shape[1]
    graph = helper.make_graph(
        nodes, "resnet50",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", size, size, 3])],
        [helper.make_tensor_value_info("predictions", TensorProto.FLOAT, ["batch", classes])],
        constants)
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(proto)
    onnx.save(proto, path)
