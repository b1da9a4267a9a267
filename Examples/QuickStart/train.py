"""Trains the model of this example and writes its data.

    python Examples/QuickStart/train.py            needs Examples/requirements.txt

The data is scikit-learn's copy of the "Optical Recognition of Handwritten Digits" test set: 1797
scans of 8x8 pixels, each 0 to 16, here divided by 16. They are kept in their own order, which
groups writers: the first 1297 images (id < 1297) train the model, the last 500 (id >= 1297) are
only ever used to test it.

Files written, beside this script:

digits.onnx       input `pixels` float32 [batch, 64]; output `probabilities` float32 [batch, 10]
digits.parquet    id int, pixels array<float> of 64, label int; all 1797 images
expected.parquet  id int, probabilities array<float> of 10, digit int: PyTorch's own answers, which
                  the example and the tests are compared with

Training again does not give the same bits on another machine or with other library versions, so
the three files belong together and are written together.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from sklearn.datasets import load_digits
from torch import nn

FOLDER = Path(__file__).resolve().parent
TRAINING_IMAGES = 1297
EPOCHS = 60
SEED = 20250101


class DigitClassifier(nn.Module):
    """64 pixels to the probabilities of the ten digits."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)
        )

    def logits(self, pixels):
        return self.layers(pixels)

    def forward(self, pixels):
        return torch.softmax(self.logits(pixels), dim=1)


def train(pixels, labels):
    torch.manual_seed(SEED)
    model = DigitClassifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
    shuffle = torch.Generator().manual_seed(SEED)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(pixels), generator=shuffle).split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model.logits(pixels[rows]), labels[rows])
            loss.backward()
            optimizer.step()
    return model.eval()


def float_lists(matrix):
    flat = pa.array(np.ascontiguousarray(matrix, np.float32).reshape(-1))
    offsets = pa.array(np.arange(len(matrix) + 1, dtype=np.int32) * matrix.shape[1])
    return pa.ListArray.from_arrays(offsets, flat)


def write(name, columns):
    pq.write_table(pa.table(columns), FOLDER / name, compression="snappy")


def main():
    torch.set_num_threads(1)
    digits = load_digits()
    pixels = (digits.data / 16).astype(np.float32)
    labels = digits.target.astype(np.int32)
    ids = np.arange(len(labels), dtype=np.int32)

    model = train(
        torch.from_numpy(pixels[:TRAINING_IMAGES]),
        torch.from_numpy(labels[:TRAINING_IMAGES]).long(),
    )
    with torch.no_grad():
        probabilities = model(torch.from_numpy(pixels)).numpy()
    predicted = probabilities.argmax(axis=1).astype(np.int32)

    path = FOLDER / "digits.onnx"
    program = torch.onnx.export(
        model,
        (torch.zeros(2, 64),),
        input_names=["pixels"],
        output_names=["probabilities"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    # What the exporter adds for debugging (source lines, stack traces) names the machine it ran on.
    proto = program.model_proto
    proto.doc_string = ""
    for node in proto.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in [*proto.graph.input, *proto.graph.output, *proto.graph.value_info]:
        del value.metadata_props[:]
    del proto.graph.metadata_props[:]
    path.write_bytes(proto.SerializeToString())

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    exported = session.run(["probabilities"], {"pixels": pixels})[0]
    difference = np.abs(exported - probabilities).max()
    if difference > 1e-5 or (exported.argmax(axis=1) != predicted).any():
        raise SystemExit(f"the ONNX file differs from PyTorch by {difference}")

    write("digits.parquet", {"id": ids, "pixels": float_lists(pixels), "label": labels})
    write(
        "expected.parquet",
        {"id": ids, "probabilities": float_lists(probabilities), "digit": predicted},
    )

    right = predicted == labels
    print(f"training images  {right[:TRAINING_IMAGES].sum():5d} of {TRAINING_IMAGES}")
    print(f"test images      {right[TRAINING_IMAGES:].sum():5d} of {len(labels) - TRAINING_IMAGES}")
    print(f"all images       {right.sum():5d} of {len(labels)} = {right.mean():.6f}")
    print(f"largest difference between ONNX Runtime and PyTorch: {difference:.2g}")


if __name__ == "__main__":
    main()
