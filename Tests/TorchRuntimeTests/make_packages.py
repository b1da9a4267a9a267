"""Builds the AOTInductor packages of the tests, and beside each the answers of PyTorch itself.

    .venv/bin/python Tests/TorchRuntimeTests/make_packages.py FOLDER

Packages hold machine code for the CPU of the machine that compiles them, so they are made where the
tests run and are not committed. What is there already for this version of PyTorch, this CPU and this
script stays as it is. NAME.pt2 is a package; NAME.json is its reference:

    {"package": "two.pt2", "signature": {"inputs": [{"name", "type", "shape"}], "outputs": [...]},
     "cases": [{"inputs": [{"name", "type", "shape", "values"}], "outputs": [...],
                "tolerance": 1e-6}]}

A size in a signature's shape is a number, or null where it varies.
"""

import hashlib
import json
import os
import shutil
import struct
import sys
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

TESTS = Path(__file__).resolve().parent
MODELS = TESTS / "Models"


def stamp():
    """What the packages depend on."""
    import torch

    flags = next(
        (line for line in open("/proc/cpuinfo") if line.startswith("flags")), "unknown"
    )
    parts = [torch.__version__, flags, Path(__file__).read_text()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_safetensors(path):
    """The tensors of a safetensors file by name."""
    import numpy as np
    import torch

    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    return {
        name: torch.from_numpy(
            np.frombuffer(data[8 + length + begin : 8 + length + end], "<f4")
            .reshape(entry["shape"])
            .copy()
        )
        for name, entry in header.items()
        for begin, end in [entry["data_offsets"]]
    }


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def entry(name, tensor):
    import torch

    kind = str(tensor.dtype).removeprefix("torch.")
    flat = tensor.detach().reshape(-1)
    if tensor.dtype in (torch.float16, torch.bfloat16):
        flat = flat.float()
    return {
        "name": name,
        "type": kind,
        "shape": list(tensor.shape),
        "values": flat.tolist(),
    }


class Recipe:
    """One package: the module, example inputs, what varies, and the rows of each case."""

    def __init__(
        self, module, inputs, outputs, arguments, dynamic, rows, keywords=False, configs=None,
        compiled_rows=8, tolerance=1e-6, after=None,
    ):  # fmt: skip
        self.module, self.inputs, self.outputs = module.eval(), inputs, outputs
        self.arguments, self.dynamic, self.rows = arguments, dynamic, rows
        self.keywords, self.configs = keywords, configs or {}
        self.compiled_rows, self.tolerance, self.after = compiled_rows, tolerance, after

    def build(self, folder, name):
        import torch

        torch.manual_seed(1)
        example = self.arguments(self.compiled_rows)
        shapes = {
            key: {axis: torch.export.Dim(dim, min=1, max=4096) for axis, dim in axes.items()}
            for key, axes in self.dynamic.items()
        }
        dimensions = {}
        for axes in shapes.values():
            for axis, dim in axes.items():
                axes[axis] = dimensions.setdefault(dim.__name__, dim)
        keywords = dict(zip(self.inputs, example)) if self.keywords else {}
        by_name = {key: shapes.get(key) for key in self.inputs}
        if not shapes:
            dynamic = None
        elif self.keywords:
            dynamic = by_name
        else:
            dynamic = tuple(by_name.values())
        program = torch.export.export(
            self.module, () if self.keywords else tuple(example), keywords, dynamic_shapes=dynamic
        )
        torch._inductor.aoti_compile_and_package(
            program, package_path=str(folder / f"{name}.pt2"), inductor_configs=self.configs
        )
        cases = []
        for rows in self.rows:
            values = self.arguments(rows)
            with torch.no_grad():
                if self.keywords:
                    results = self.module(**dict(zip(self.inputs, values)))
                else:
                    results = self.module(*values)
            if isinstance(results, dict):
                results = [results[key] for key in self.outputs]
            elif not isinstance(results, tuple):
                results = [results]
            cases.append(
                {
                    "inputs": [entry(k, v) for k, v in zip(self.inputs, values)],
                    "outputs": [entry(k, v) for k, v in zip(self.outputs, results)],
                    "tolerance": self.tolerance,
                }
            )
        signature = self.signature(example, cases)
        (folder / f"{name}.json").write_text(
            json.dumps({"package": f"{name}.pt2", "signature": signature, "cases": cases})
        )
        if self.after:
            self.after(self, folder, name)

    def signature(self, example, cases):
        def varying(key, index):
            shapes = [tuple(case[key][index]["shape"]) for case in cases]
            return [
                None if any(shape[axis] != shapes[0][axis] for shape in shapes) else size
                for axis, size in enumerate(shapes[0])
            ]

        return {
            key: [
                {"name": item["name"], "type": item["type"], "shape": varying(key, index)}
                for index, item in enumerate(cases[0][key])
            ]
            for key in ("inputs", "outputs")
        }


def goldens(name, file, inputs, expected):
    """Adds the case of the golden rows in `file`."""

    def after(recipe, folder, _):
        import numpy as np
        import pyarrow.parquet as parquet

        table = parquet.read_table(MODELS / file)
        x, y = inputs(table), expected(table)

        def item(key, array):
            shape, values = list(array.shape), array.reshape(-1).astype(np.float64).tolist()
            return {"name": key, "type": "float32", "shape": shape, "values": values}

        path = folder / f"{name}.json"
        reference = json.loads(path.read_text())
        reference["cases"].append(
            {
                "inputs": [item(recipe.inputs[0], x)],
                "outputs": [item(recipe.outputs[0], y)],
                "tolerance": 1e-4,
            }
        )
        path.write_text(json.dumps(reference))

    return after


def recipes():
    import numpy as np
    import torch
    from torch import nn

    def random(*shape):
        return torch.rand(*shape, generator=torch.Generator().manual_seed(sum(shape) + 1)) * 2 - 1

    def mlp(sizes, file, prefix):
        layers = []
        for before, size in zip(sizes, sizes[1:]):
            layers += [nn.Linear(before, size), nn.ReLU()]

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                setattr(self, prefix, nn.Sequential(*layers[:-1]))

            def forward(self, x):
                return getattr(self, prefix)(x)

        network = Network()
        network.load_state_dict(read_safetensors(MODELS / file))
        return network

    def fashion():
        return mlp([784, 512, 512, 10], "fashion.safetensors", "linear_relu_stack")

    def housing():
        return mlp([8, 64, 32, 1], "housing.safetensors", "layers")

    columns = (
        "MedInc HouseAge AveRooms AveBedrms Population AveOccup Latitude Longitude".split()
    )
    batch = {"arg6_1": {0: "batch"}}

    yield "fashion", Recipe(
        fashion(), ["arg6_1"], ["output0"], lambda n: [random(n, 784)], batch,
        [2, 1, 50], tolerance=1e-5,
        after=goldens(
            "fashion", "fashion_cases.parquet",
            lambda t: np.stack(
                [np.frombuffer(v, np.uint8) for v in t["pixels_u8"].to_pylist()]
            ).astype(np.float32) / 255,
            lambda t: np.array(t["preds"].to_pylist(), np.float32),
        ),
    )  # fmt: skip
    yield "housing", Recipe(
        housing(), ["arg6_1"], ["output0"], lambda n: [random(n, 8)], batch, [2, 1, 50],
        configs={"cpp.dynamic_threads": True},
        after=goldens(
            "housing", "housing_cases.parquet",
            lambda t: np.stack([t[name].to_numpy() for name in columns], 1).astype(np.float32),
            lambda t: t["preds"].to_numpy().reshape(-1, 1),
        ),
    )  # fmt: skip

    types = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
    types += "float16 bfloat16 float32 float64".split()

    class Types(nn.Module):
        """Every element type in and out."""

        def forward(
            self, bool_in, int8_in, int16_in, int32_in, int64_in, uint8_in, uint16_in, uint32_in,
            uint64_in, float16_in, bfloat16_in, float32_in, float64_in,
        ):  # fmt: skip
            given = dict(locals())
            return {f"{name}_out": given[f"{name}_in"].clone() for name in types}

    def every_type(rows):
        count = rows * 3
        values = []
        for name in types:
            kind = getattr(torch, name)
            if name == "bool":
                whole = [index % 2 == 0 for index in range(count)]
            elif kind.is_floating_point:
                whole = [index / 4 - 1 for index in range(count)]
            else:
                limits = torch.iinfo(kind)
                # JSON's numbers are read as signed or unsigned 64-bit ones: both limits are exact.
                whole = [[limits.min, limits.max, index % 100][index % 3] for index in range(count)]
            values.append(torch.tensor(whole, dtype=kind).reshape(rows, 3))
        return values

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(2)
            self.table = nn.Embedding(50, 6)
            self.head = nn.Linear(6, 3)

        def forward(self, ids, mask):
            vectors = self.table(ids) * mask[:, :, None]
            scores = self.head(vectors.sum(1) / mask.sum(1, keepdim=True))
            return {"scores": scores, "label": scores.argmax(1)}

    def tokens(rows):
        length = 5 + rows % 3
        ids = (torch.arange(rows * length).reshape(rows, length) * 7) % 50
        return [ids, (ids % 3 != 0).float() + 0.5]

    yield "two", Recipe(
        Two(), ["ids", "mask"], ["scores", "label"], tokens,
        {"ids": {0: "batch", 1: "length"}, "mask": {0: "batch", 1: "length"}}, [2, 1, 7],
        keywords=True,
    )  # fmt: skip

    class Fixed(nn.Module):
        def forward(self, a, b):
            return a @ torch.ones(3, 2) + b, (a * 2).sum(1)

    yield "fixed", Recipe(
        Fixed(), ["arg0_1", "arg1_1"], ["output0", "output1"],
        lambda n: [random(n, 3), random(n, 2)], {}, [4], compiled_rows=4,
    )  # fmt: skip
    yield "one", Recipe(
        Fixed(), ["arg0_1", "arg1_1"], ["output0", "output1"],
        lambda n: [random(n, 3), random(n, 2)], {}, [1], compiled_rows=1,
    )  # fmt: skip

    class Scalars(nn.Module):
        def forward(self, x, factor):
            return x.sum(), x * factor

    yield "scalars", Recipe(
        Scalars(), ["x", "factor"], ["total", "scaled"],
        lambda n: [random(n, 4), torch.tensor(2.5)], {"x": {0: "batch"}, "factor": {}}, [2, 5],
        configs={
            "aot_inductor.metadata": {
                "needletail.inputs": "x, factor",
                "needletail.outputs": "total, scaled",
                "author": "Needletail",
            }
        },
    )  # fmt: skip

    class Layout(nn.Module):
        """A column-major input and output, the input given back, and an input that is not used."""

        def forward(self, unused, x):
            return (x + 1).transpose(1, 2), x

    yield "layout", Recipe(
        Layout(), ["arg0_1", "arg1_1"], ["output0", "output1"],
        lambda n: [random(n, 2), random(n, 5, 4).transpose(1, 2)],
        {"arg0_1": {0: "batch"}, "arg1_1": {0: "batch"}}, [2, 1, 3],
    )  # fmt: skip

    external = {"aot_inductor.package_constants_in_so": False}

    def weights_beside(recipe, folder, name):
        write_safetensors(folder / f"{name}.safetensors", recipe.module.state_dict())

    yield "blob", Recipe(
        housing(), ["arg6_1"], ["output0"], lambda n: [random(n, 8)], batch, [2, 6],
        configs={**external, "aot_inductor.package_constants_on_disk_format": "binary_blob"},
    )  # fmt: skip
    yield "beside", Recipe(
        housing(), ["arg6_1"], ["output0"], lambda n: [random(n, 8)], batch, [2, 6],
        configs=external, after=weights_beside,
    )  # fmt: skip

    class Values(nn.Module):
        """An operator that AOTInductor leaves to PyTorch's dispatcher."""

        def forward(self, x):
            return torch.linalg.svdvals(x)

    yield "dispatcher", Recipe(
        Values(), ["arg0_1"], ["output0"], lambda n: [random(n, 3, 3)], {"arg0_1": {0: "batch"}}, [2, 5],
        tolerance=1e-5,
    )  # fmt: skip
    yield "types", Recipe(
        Types(), [f"{name}_in" for name in types], [f"{name}_out" for name in types], every_type,
        {f"{name}_in": {0: "batch"} for name in types}, [2, 1, 5], keywords=True,
    )  # fmt: skip


def build(folder, name):
    import torch

    # Two recipes of one module write the same files; at the same time they would disturb each other.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "cache" / str(os.getpid()))
    # Kernels for one thread have no OpenMP, from which a failed check could not return.
    torch.set_num_threads(1)
    for key, recipe in recipes():
        if key == name:
            start = time.monotonic()
            try:
                recipe.build(folder, name)
            except Exception as error:
                return f"{name}: {error!r}"
            print(f"{name}: {time.monotonic() - start:.1f} s", file=sys.stderr)
    return None


def names():
    return [name for name, _ in recipes()]


def exported_only(folder):
    """Files that PyTorch writes and that are no compiled packages."""
    import torch
    from torch import nn

    module = nn.Linear(2, 1)
    program = torch.export.export(module, (torch.ones(2, 2),))
    torch.export.save(program, str(folder / "exported_program.pt2"))
    torch.save(module.state_dict(), str(folder / "state_dict.pt"))
    torch.jit.save(torch.jit.trace(module, torch.ones(2, 2)), str(folder / "torchscript.pt"))


def deflate(package, result):
    """The same package with compressed entries."""
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(result, "w") as new:
        for item in old.infolist():
            new.writestr(item.filename, old.read(item), compress_type=zipfile.ZIP_DEFLATED)


def main():
    folder = Path(sys.argv[1]).resolve()
    wanted = stamp()
    stamp_file = folder / "stamp"
    if stamp_file.exists() and stamp_file.read_text() == wanted:
        return
    only = sys.argv[2:]
    if not only:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    exported_only(folder)
    with ProcessPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        failures = list(filter(None, pool.map(build, *zip(*[(folder, n) for n in only or names()]))))
    if failures:
        sys.exit("\n".join(failures))
    deflate(folder / "one.pt2", folder / "deflated.pt2")
    if not only:
        shutil.rmtree(folder / "cache", ignore_errors=True)
        stamp_file.write_text(wanted)


if __name__ == "__main__":
    main()
