"""Models that scikit-learn, LightGBM and XGBoost learn, as their converters write them to ONNX."""

import lightgbm
import numpy as np
import onnxmltools
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def iris():
    data = load_iris()
    return data.data.astype(np.float32), data.target, data.target_names


def diabetes():
    data = load_diabetes()
    return data.data.astype(np.float32), data.target


def write(folder):
    """Writes the models into `folder`."""
    flowers, kinds, names = iris()
    patients, progress = diabetes()
    two = np.stack([kinds, (flowers[:, 0] > 5.8).astype(int)], 1)
    inputs = [("input", FloatTensorType([None, 4]))]
    models = {
        # A label, and a map from class to probability: skl2onnx's default.
        "forest": to_onnx(
            RandomForestClassifier(20, random_state=0).fit(flowers, names[kinds]), flowers[:1]),
        "pipeline": to_onnx(
            make_pipeline(StandardScaler(), LogisticRegression()).fit(flowers, kinds), flowers[:1]),
        # Two labels, and a sequence with the probabilities of each.
        "two_labels": to_onnx(
            MultiOutputClassifier(LogisticRegression(max_iter=500)).fit(flowers, two), flowers[:1]),
        "boosting": to_onnx(
            GradientBoostingRegressor(n_estimators=20, random_state=0).fit(patients, progress),
            patients[:1]),
        "lightgbm": onnxmltools.convert_lightgbm(
            lightgbm.LGBMClassifier(n_estimators=10, verbose=-1).fit(flowers, kinds),
            initial_types=inputs, target_opset=15),
        "xgboost": onnxmltools.convert_xgboost(
            xgboost.XGBClassifier(n_estimators=10).fit(flowers, kinds), initial_types=inputs,
            target_opset=15),
    }
    for name, model in models.items():
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
