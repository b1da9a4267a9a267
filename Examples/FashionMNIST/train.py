"""Trains the classifier of clothes in PyTorch and writes its files.

    python Examples/FashionMNIST/train.py              needs Examples/requirements.txt
    python Examples/FashionMNIST/train.py --data DIR   DIR has FashionMNIST/raw, the four IDX files

Without --data it draws clothes itself (stand_in.py). Other options: see Data/example.py.

The network is the notebook's: 784-512-512-10 with ReLU, logits out. The notebook trains it by plain
SGD for five epochs, to 64 %; Adam takes it further in as little time.

Files written, beside this script:

model.onnx            input `x` float32 [batch, 784], pixels / 255; output `logits` float32 [batch, 10]
data/fashion.parquet  the test images: id int; data array<float> of 784, pixels / 255; label int;
                      expected array<float> of 10, PyTorch's own logits
expected.json         accuracy in PyTorch; the names of the classes
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import stand_in
from Data import example, idx, onnx_files


class Classifier(nn.Module):
    """784 pixels to ten logits."""

    def __init__(self):
        super().__init__()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
        )

    def forward(self, x):
        return self.linear_relu_stack(x)


def read(data, part):
    """Images as float rows of 784, and labels."""
    images, labels = idx.read_part(data / "FashionMNIST" / "raw", part)
    # Dividing, not multiplying by 1/255: the notebook's values to the last bit.
    return images.reshape(-1, 784).astype(np.float32) / 255, labels.astype(np.int64)


def train(data, out, epochs):
    torch.manual_seed(1)
    pixels, labels = map(torch.from_numpy, read(data, "train"))
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(epochs):
        for rows in torch.randperm(len(pixels)).split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(pixels[rows]), labels[rows])
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")
    onnx_files.export(
        model, (pixels[:8],), out / "model.onnx", ["x"], ["logits"],
        ({0: torch.export.Dim("batch")},))


def load(out):
    """The trained model, in PyTorch."""
    model = Classifier()
    model.load_state_dict(onnx_files.weights(out / "model.onnx"))
    return model.eval()


def table(data, out):
    pixels, labels = read(data, "t10k")
    return pa.table({
        "id": example.ids(len(labels)),
        "data": example.lists(pixels),
        "label": labels.astype(np.int32),
    })


def predict(rows, out):
    with torch.no_grad():
        logits = load(out)(torch.from_numpy(example.numbers(rows["data"]).copy()))
    return {"expected": example.lists(logits.numpy())}


def predict_onnx(rows, out):
    logits = onnx_files.predict(out / "model.onnx", {"x": example.numbers(rows["data"])})
    return {"expected": example.lists(logits)}


def figures(rows):
    digits = example.numbers(rows["expected"]).argmax(axis=1)
    return {**example.accuracy(digits, rows["label"]), "classes": stand_in.CLASSES}


if __name__ == "__main__":
    torch.set_num_threads(1)
    example.run(
        __file__, __doc__, name="fashion", epochs=6, stand_in=stand_in.write, train=train,
        table=table, predict=predict, figures=figures, others={"ONNX Runtime": predict_onnx})
