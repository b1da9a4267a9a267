"""Makes ResNet50 of full width, of 94 MB, from a file of 0.26 MB. Run by scripts/make-models.

The kernels of its convolutions are drawn from a seeded generator whose numbers never change;
resnet50_calibration.npz has the statistics of the normalisations and the trained last layer. On the
80 test images of this example it is right in 56.

made/resnet50/          SavedModel, like model/
made/resnet50.onnx      like model.onnx
made/expected.parquet   path, label, expected: like data/flowers.parquet, of this network
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import train

from Data import example, saved_models

import keras  # after saved_models, which sets TensorFlow's threads
import resnet

FOLDER = Path(__file__).resolve().parent
SEED = 20250101
RIGHT = 56


def rebuild(calibration):
    image = keras.Input((224, 224, 3), name="image")
    model = keras.applications.ResNet50(weights=None, classes=5, input_tensor=image)
    random = np.random.RandomState(SEED)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            height, width, channels, _ = shape = layer.kernel.shape
            deviation = np.sqrt(2 / (height * width * channels))
            layer.kernel.assign((random.standard_normal(shape) * deviation).astype(np.float32))
        if isinstance(layer, keras.layers.BatchNormalization):
            if layer.name.endswith("_3_bn"):
                layer.gamma.assign(np.full(layer.gamma.shape, 0.25, np.float32))
            layer.moving_mean.assign(calibration[f"{layer.name}/mean"])
            layer.moving_variance.assign(calibration[f"{layer.name}/var"])
    model.get_layer("predictions").set_weights(
        [calibration["predictions/kernel"], calibration["predictions/bias"]])
    return model


def main():
    made = FOLDER / "made"
    made.mkdir(exist_ok=True)
    model = rebuild(np.load(FOLDER / "resnet50_calibration.npz"))
    saved_models.export_once(model, made / "resnet50")
    resnet.write_onnx(model, made / "resnet50.onnx")

    rows = pq.read_table(FOLDER / "data" / "flowers.parquet", columns=["path", "label"])
    images = train.images(rows, FOLDER)
    found = saved_models.predict(made / "resnet50", {"image": images}, batch=16)
    rows = example.with_columns(rows, {"expected": example.lists(found)})
    pq.write_table(rows, made / "expected.parquet")
    figures = train.figures(rows)
    example.show(figures)
    # One image may be decided by the last bits.
    if abs(figures["right"] - RIGHT) > 1:
        raise SystemExit(f"the rebuilt network is not the trained one: that is right in {RIGHT}")


if __name__ == "__main__":
    main()
