"""Writes graphs.json: small random ONNX models, the rows of a table for each, and what ONNX Runtime
gives for each row alone.

    .venv/bin/python Tests/ONNXRuntimeTests/Batches/make_graphs.py

    [{"name": "...", "model": "<base64>", "rows": 7,
      "clear": bool,        whether names and positions tell which dimension is the batch
      "hint": "x0:0,...",   the batch dimension of every tensor, for a caller who says it
      "independent": bool,  whether every output has a part for each row that depends on no other
      "type": "float32" | "int64",
      "inputs": [{"name", "isScalar", "values": [[...], ...]}],     a list for each row
      "outputs": [{"name", "values": [[...], ...]}]}]

First come some models made by hand, then random ones. The batch is in any dimension and its names are
of all kinds. Outputs are made of rows (also with the dimension of a single row dropped, also
undeclared), mix rows, reduce them, or are constants. For each row the batch dimension has size 1, and
everything that comes out is the row's. Numbers are small integers or
multiples of 1/4, so that every order of additions gives the same.

Everything is drawn from one fixed seed: running this again changes nothing.
"""

import base64
import json
import random
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent
RANDOM = random.Random(20260112)
ROWS = 7
COUNT = 240


class Graph:
    """A graph in the making; tensors have a name and the rank and place of their batch dimension."""

    def __init__(self, kind=np.float32):
        self.kind = kind
        self.nodes = []
        self.initializers = []
        self.names = 0

    def add(self, kind, inputs, **attributes):
        self.names += 1
        name = f"t{self.names}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values, kind=None):
        self.names += 1
        name = f"c{self.names}"
        array = np.asarray(values, kind or self.kind)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def axes(self, *axes):
        return self.constant(list(axes), np.int64)


    def drawn(self):
        number = RANDOM.randint(-8, 8)
        return number / 4 if self.kind == np.float32 else number

    def model(self, name, inputs, outputs):
        """The model; inputs and outputs are pairs of a name and a shape."""
        kind = TensorProto.FLOAT if self.kind == np.float32 else TensorProto.INT64
        made = helper.make_model(
            helper.make_graph(
                self.nodes,
                name,
                [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs],
                [helper.make_tensor_value_info(name, kind, shape) for name, shape in outputs],
                initializer=self.initializers,
            ),
            opset_imports=[helper.make_opsetid("", 18)],
            ir_version=8,
            producer_name="needletail-tests",
        )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            made.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return made, session


def case(name, graph, made, clear, hint, independent, inputs, outputs):
    """A case as it is written; inputs have their values for each row, outputs too."""
    return {
        "name": name,
        "model": base64.b64encode(made.SerializeToString()).decode(),
        "rows": ROWS,
        "clear": clear,
        "hint": hint,
        "independent": independent,
        "type": np.dtype(graph.kind).name,
        "inputs": [
            {"name": name, "isScalar": is_scalar, "values": values}
            for name, is_scalar, values in inputs
        ],
        "outputs": [{"name": name, "values": values} for name, values in outputs],
    }


def flat(array, rows=None):
    """The elements of some rows, or of all."""
    return np.asarray(array)[rows or ...].ravel().tolist()


def made_by_hand():
    """Layouts of models that people have."""
    numbers = range(ROWS)

    def finish(name, graph, inputs, outputs, feeds, hint, clear=True, independent=True, row=None):
        """feeds gives the feeds of a row, row takes the row's part of an output (else all is its)."""
        made, session = graph.model(name.split()[0], inputs, outputs)
        answers = [session.run(None, feeds(number)) for number in numbers]
        given = [
            (each, False, [flat(feeds(number)[each], row) for number in numbers])
            for each, _ in inputs
        ]
        return case(
            name, graph, made, clear, hint, independent, given,
            [
                (each, [flat(answer[index], row) for answer in answers])
                for index, (each, _) in enumerate(outputs)
            ],
        )

    def voice(names, clear):
        graph = Graph()
        total = graph.add("ReduceSum", ["state", graph.axes(0, 2)], keepdims=0)
        total = graph.add("Reshape", [total, graph.axes(-1, 1)])
        mean = graph.add("ReduceMean", ["x", graph.axes(1)], keepdims=1)
        graph.nodes.append(helper.make_node("Add", [mean, total], ["y"]))
        graph.nodes.append(helper.make_node("Mul", ["state", graph.constant(2)], ["stateN"]))
        return finish(
            f"voice activity, the state's batch second ({names})",
            graph,
            [("x", [names[0], 4]), ("state", [2, names[1], 3])],
            [("y", [names[0], 1]), ("stateN", [2, names[1], 3])],
            lambda row: {
                "x": np.full((1, 4), row + 1, np.float32),
                "state": np.stack([np.full((1, 3), row), np.full((1, 3), 10 * row)]).astype("f4"),
            },
            "x:0,state:1,y:0,stateN:1",
            clear,
        )

    yield voice(("N", "N"), True)
    yield voice(("batch", "batch"), True)
    yield voice((None, None), False)

    graph = Graph()
    total = graph.add("ReduceSum", ["x", graph.axes(0)], keepdims=0)
    graph.nodes.append(helper.make_node("Identity", [total], ["last"]))
    graph.nodes.append(helper.make_node("Neg", ["x"], ["y"]))
    yield finish(
        "time before batch",
        graph,
        [("x", ["time", "batch", 3])],
        [("y", ["time", "batch", 3]), ("last", ["batch", 3])],
        lambda row: {"x": np.arange(6, dtype=np.float32).reshape(2, 1, 3) + np.float32(row)},
        "batch",
    )

    graph = Graph()
    graph.nodes.append(helper.make_node("Reshape", ["x", graph.axes(1, 4)], ["y"]))
    yield finish(
        "one row only, though more are declared",
        graph,
        [("x", ["N", 4])],
        [("y", ["N", 4])],
        lambda row: {"x": np.arange(4, dtype=np.float32).reshape(1, 4) * np.float32(row)},
        "x:0,y:0",
        independent=False,
    )

    graph = Graph()
    indices = graph.add("NonZero", ["x"])
    indices = graph.add("Cast", [indices], to=TensorProto.FLOAT)
    graph.nodes.append(helper.make_node("Transpose", [indices], ["boxes"], perm=[1, 0]))
    graph.nodes.append(helper.make_node("Mul", ["x", graph.constant(3)], ["y"]))
    yield finish(
        "boxes of one image",
        graph,
        [("x", [1, 6])],
        [("boxes", ["n", 2]), ("y", [1, 6])],
        lambda row: {"x": (np.arange(6) < row).astype(np.float32).reshape(1, 6)},
        "none",
    )

    for shape in (["N", 2], [None, 2], None):
        graph = Graph()
        indices = graph.add("NonZero", ["x"])
        indices = graph.add("Cast", [indices], to=TensorProto.FLOAT)
        graph.nodes.append(helper.make_node("Transpose", [indices], ["boxes"], perm=[1, 0]))
        yield finish(
            f"boxes of any images, as many as these by chance ({shape})",
            graph,
            [("x", ["N", 3])],
            [("boxes", shape)],
            lambda row: {"x": np.array([[[0, 0, 0], [1, 1, 0], [0, 1, 0]][row % 3]], np.float32)},
            "x:0",
            independent=False,
        )

    graph = Graph()
    graph.nodes.append(helper.make_node("Add", ["x", "x"], ["y"]))
    yield finish(
        "four rows",
        graph,
        [("x", [4, 2])],
        [("y", [4, 2])],
        lambda row: {"x": np.tile(np.array([[row, -row]], np.float32), (4, 1))},
        "x:0,y:0",
        row=slice(0, 1),
    )

    graph = Graph()
    graph.nodes.append(helper.make_node("Mul", ["x", "rate"], ["y"]))
    made = finish(
        "a scalar that is the same in some rows",
        graph,
        [("x", ["N", 2]), ("rate", [])],
        [("y", ["N", 2])],
        lambda row: {"x": np.array([[row, -row]], np.float32), "rate": np.array(row // 3, np.float32)},
        "N",
    )
    made["inputs"][1]["isScalar"] = True
    yield made


def make(number):
    graph = Graph(RANDOM.choice([np.float32, np.float32, np.int64]))
    quarter = graph.drawn
    naming = RANDOM.choice(["batch", "batch", "N", "neutral", "unnamed", "unnamed", "made up"])
    name = {"batch": "batch", "N": "N", "neutral": "q", "made up": "s0"}.get(naming)
    inputs = []
    for index in range(RANDOM.choice([1, 1, 2, 3])):
        row = [RANDOM.randint(1, 3) for _ in range(RANDOM.choice([0, 1, 1, 1, 2]))]
        axis = 0 if RANDOM.random() < 0.6 else RANDOM.randint(0, len(row))
        inputs.append({"name": f"x{index}", "row": row, "axis": axis})
    declared = {}
    for each in inputs:
        shape = list(each["row"])
        shape.insert(each["axis"], name)
        declared[each["name"]] = shape

    outputs = []
    kinds = ["rows"] * 4 + ["squeezed", "moved", "mixed", "summed", "constant", "shape", "reduced"]
    independent = True
    for index in range(RANDOM.choice([1, 1, 2])):
        kind = RANDOM.choice(kinds)
        source = RANDOM.choice(inputs)
        tensor = source["name"]
        row, axis = list(source["row"]), source["axis"]
        if RANDOM.random() < 0.5:
            tensor = graph.add("Mul", [tensor, graph.constant(quarter() or 2)])
        if RANDOM.random() < 0.4 and graph.kind == np.float32:
            tensor = graph.add("Relu", [tensor])
        if RANDOM.random() < 0.4:
            tensor = graph.add("Add", [tensor, graph.constant(quarter())])
        if row and RANDOM.random() < 0.3:
            # The sum of the elements of a row along one of its dimensions.
            victim = RANDOM.randrange(len(row))
            place = victim if victim < axis else victim + 1
            tensor = graph.add("ReduceSum", [tensor, graph.axes(place)], keepdims=0)
            del row[victim]
            axis -= place < axis
        other = RANDOM.choice(inputs)
        if other is not source and RANDOM.random() < 0.6:
            # One number of each row of another input, for each row of this one.
            total = other["name"]
            axes = [i for i in range(len(other["row"]) + 1) if i != other["axis"]]
            if axes:
                total = graph.add("ReduceSum", [total, graph.axes(*axes)], keepdims=0)
            wide = [-1 if i == axis else 1 for i in range(len(row) + 1)]
            total = graph.add("Reshape", [total, graph.axes(*wide)])
            tensor = graph.add("Add", [tensor, total])
        shape = list(row)
        shape.insert(axis, name)
        place = axis
        if kind == "squeezed":
            # Without axes all dimensions of size 1 go, in a run of one row the batch's too.
            before = sum(size != 1 for size in row[:axis])
            tensor = graph.add("Squeeze", [tensor])
            row = [size for size in row if size != 1]
            place = before
            shape = list(row)
            shape.insert(place, name)
        elif kind == "moved":
            order = list(range(len(row) + 1))
            RANDOM.shuffle(order)
            tensor = graph.add("Transpose", [tensor], perm=order)
            shape = [shape[i] for i in order]
            place = order.index(axis)
        elif kind == "mixed":
            independent = False
            how = RANDOM.choice(["mean", "sum so far", "reverse", "greatest"])
            if how == "mean" and graph.kind == np.float32:
                mean = graph.add("ReduceMean", [tensor, graph.axes(axis)], keepdims=1)
                tensor = graph.add("Sub", [tensor, mean])
            elif how == "sum so far":
                tensor = graph.add("CumSum", [tensor, graph.constant(axis, np.int64)])
            elif how == "reverse":
                first, end, step = graph.axes(-1), graph.axes(-(2**62)), graph.axes(-1)
                tensor = graph.add("Slice", [tensor, first, end, graph.axes(axis), step])
            else:
                greatest = graph.add("ReduceMax", [tensor, graph.axes(axis)], keepdims=1)
                tensor = graph.add("Sub", [tensor, greatest])
        elif kind in ("summed", "reduced"):
            independent = False
            keep = kind == "summed"
            tensor = graph.add("ReduceSum", [tensor, graph.axes(axis)], keepdims=int(keep))
            shape = list(row)
            if keep:
                shape.insert(axis, RANDOM.choice([1, None]))
        elif kind == "constant":
            independent = False
            size = RANDOM.randint(1, ROWS)
            tensor = graph.add("Identity", [graph.constant([quarter() for _ in range(size)])])
            shape = RANDOM.choice([[size], [None]])
        elif kind == "shape":
            # As many numbers as the input has dimensions.
            independent = False
            tensor = graph.add("Shape", [tensor])
            if graph.kind == np.float32:
                tensor = graph.add("Cast", [tensor], to=TensorProto.FLOAT)
            shape = [len(row) + 1]
        result = f"y{index}"
        graph.nodes.append(helper.make_node("Identity", [tensor], [result]))
        is_declared = RANDOM.random() < 0.7
        if RANDOM.random() < 0.2 and kind in ("rows", "moved", "squeezed"):
            shape = [None if size == name else size for size in shape]
        outputs.append(
            {
                "name": result,
                "kind": kind,
                "shape": shape if is_declared else None,
                "axis": place if kind in ("rows", "squeezed", "moved", "mixed") else None,
            }
        )
    used = {each for node in graph.nodes for each in node.input}
    inputs = [each for each in inputs if each["name"] in used]
    if not inputs:
        return None
    firsts = [each["axis"] == 0 for each in inputs]
    # Without a name that says so, only the first dimension can be told to be the batch; one input that
    # has it there leads to the others that have the same name.
    clear = {"unnamed": all(firsts), "neutral": any(firsts), "made up": any(firsts)}
    clear = clear.get(naming, True)
    made, session = graph.model(
        f"graph{number}",
        [(each["name"], declared[each["name"]]) for each in inputs],
        [(each["name"], each["shape"]) for each in outputs],
    )
    values = {
        each["name"]: [
            [quarter() for _ in range(int(np.prod(each["row"], dtype=int)))] for _ in range(ROWS)
        ]
        for each in inputs
    }

    def feeds(rows):
        result = {}
        for each in inputs:
            table = np.array([values[each["name"]][row] for row in rows], graph.kind)
            table = table.reshape([len(rows)] + each["row"])
            result[each["name"]] = np.ascontiguousarray(np.moveaxis(table, 0, each["axis"]))
        return result

    alone = [session.run(None, feeds([row])) for row in range(ROWS)]
    together = session.run(None, feeds(range(ROWS)))
    if independent:
        # The script's own idea of the rows must be right.
        for index, each in enumerate(outputs):
            rows = np.moveaxis(together[index], each["axis"], 0).reshape(ROWS, -1)
            assert np.array_equal(rows, [one[index].ravel() for one in alone]), (number, each)
    hint = [f"{each['name']}:{each['axis']}" for each in inputs]
    hint += [f"{each['name']}:{each['axis']}" for each in outputs if each["axis"] is not None]
    return case(
        f"{number}: {naming}, " + ", ".join(each["kind"] for each in outputs),
        graph,
        made,
        clear,
        ",".join(hint),
        independent,
        [(each["name"], not each["row"], values[each["name"]]) for each in inputs],
        [
            (each["name"], [one[index].ravel().tolist() for one in alone])
            for index, each in enumerate(outputs)
        ],
    )


def main():
    graphs = list(made_by_hand())
    number = 0
    while len(graphs) < COUNT:
        number += 1
        made = make(number)
        if made:
            graphs.append(made)
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in graphs)
    (FOLDER / "graphs.json").write_text(f"[\n{lines}\n]\n")
    independent = sum(each["independent"] for each in graphs)
    clear = sum(each["clear"] for each in graphs)
    print(f"{len(graphs)} graphs, {independent} of independent rows, {clear} of a clear batch")


if __name__ == "__main__":
    main()
