"""Trains the regression of house prices in PyTorch and writes its files.

    python Examples/HousingRegression/train.py              needs Examples/requirements.txt
    python Examples/HousingRegression/train.py --data DIR   DIR/CaliforniaHousing/cal_housing.data

Without --data it makes up houses itself (stand_in.py). Other options: see Data/example.py.

The network is the notebook's: 8-64-32-1 with ReLU, trained on the L1 loss. As there, the features are
standardised with the mean and deviation of the whole table. Prices are in 100 000 dollars.

Files written, beside this script:

model.onnx            input `x` float32 [batch, 8], standardised; output `value` float32 [batch, 1]
scaler.json           mean and deviation of each feature, to score raw rows with
data/housing.parquet  all districts: id int; the eight features float, standardised; target float;
                      is_test boolean, false where the row trained the model; expected float,
                      PyTorch's own prediction
expected.json         mean absolute error in PyTorch on the test rows, and on all
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import stand_in
from Data import example, onnx_files

FEATURES = [
    "MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude",
]


class Regression(nn.Module):
    """Eight standardised features to a price."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1)
        )

    def forward(self, x):
        return self.layers(x)


def read(data):
    """Raw features in scikit-learn's order, prices, and which of the rows are for training."""
    rows = np.loadtxt(data / "CaliforniaHousing" / "cal_housing.data", delimiter=",")
    longitude, latitude, age, rooms, bedrooms, population, households, income, value = rows.T
    features = np.column_stack([
        income, age, rooms / households, bedrooms / households, population,
        population / households, latitude, longitude,
    ]).astype(np.float32)
    order = np.random.RandomState(0).permutation(len(rows))
    return features, (value / 100000).astype(np.float32), order[: int(len(rows) * 0.8)]


def standardise(features, out):
    scaler = json.loads((out / "scaler.json").read_text())
    return ((features - np.array(scaler["mean"])) / np.array(scaler["scale"])).astype(np.float32)


def train(data, out, epochs):
    torch.manual_seed(2)
    features, prices, training = read(data)
    scaler = {
        "columns": FEATURES,
        "mean": features.mean(axis=0, dtype=np.float64).tolist(),
        "scale": features.std(axis=0, dtype=np.float64).tolist(),
    }
    (out / "scaler.json").write_text(json.dumps(scaler))
    inputs = torch.from_numpy(standardise(features, out)[training])
    targets = torch.from_numpy(prices[training])[:, None]

    model = Regression()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 1 / epochs, total_iters=epochs)
    for epoch in range(epochs):
        for rows in torch.randperm(len(inputs)).split(128):
            optimizer.zero_grad()
            loss = nn.functional.l1_loss(model(inputs[rows]), targets[rows])
            loss.backward()
            optimizer.step()
        schedule.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")
    onnx_files.export(
        model, (inputs[:10],), out / "model.onnx", ["x"], ["value"],
        ({0: torch.export.Dim("batch")},))


def load(out):
    """The trained model, in PyTorch."""
    model = Regression()
    model.load_state_dict(onnx_files.weights(out / "model.onnx"))
    return model.eval()


def table(data, out):
    features, prices, training = read(data)
    columns = dict(zip(FEATURES, standardise(features, out).T))
    is_test = np.ones(len(prices), bool)
    is_test[training] = False
    return pa.table({"id": example.ids(len(prices)), **columns, "target": prices, "is_test": is_test})


def inputs(rows):
    return np.column_stack([rows[name].to_numpy() for name in FEATURES])


def predict(rows, out):
    with torch.no_grad():
        values = load(out)(torch.from_numpy(inputs(rows)))
    return {"expected": pa.array(values.numpy()[:, 0])}


def predict_onnx(rows, out):
    return {"expected": pa.array(onnx_files.predict(out / "model.onnx", {"x": inputs(rows)})[:, 0])}


def figures(rows):
    error = np.abs(rows["expected"].to_numpy() - rows["target"].to_numpy()).astype(np.float64)
    test = rows["is_test"].to_numpy()
    return {
        "mae": float(error.mean()), "test_rows": int(test.sum()), "test_mae": float(error[test].mean()),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    example.run(
        __file__, __doc__, name="housing", epochs=25, stand_in=stand_in.write, train=train,
        table=table, predict=predict, figures=figures, others={"ONNX Runtime": predict_onnx})
