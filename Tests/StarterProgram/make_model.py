"""Makes what `needletail new` writes beside the program: a model of iris flowers, and fifteen of them.

    .venv-training/bin/python Tests/StarterProgram/make_model.py

Prints both as they stand in Sources/NeedletailCommand/Starter/StarterFlowers.swift.
"""

import base64
import textwrap

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

data = load_iris()
fitted = LogisticRegression(max_iter=1000).fit(data.data, data.target)
weights, bias = fitted.coef_.T.astype(np.float32), fitted.intercept_.astype(np.float32)
graph = helper.make_graph(
    [
        helper.make_node("Gemm", ["measures", "w", "b"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["species"], axis=1),
    ],
    "flowers",
    [helper.make_tensor_value_info("measures", TensorProto.FLOAT, ["N", 4])],
    [helper.make_tensor_value_info("species", TensorProto.FLOAT, ["N", 3])],
    [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(model)
print("\n".join(textwrap.wrap(base64.b64encode(model.SerializeToString()).decode(), 90)))
print("sepal_length,sepal_width,petal_length,petal_width,species")
for row in range(0, 150, 10):
    print(",".join(map(str, data.data[row])) + "," + data.target_names[data.target[row]])
