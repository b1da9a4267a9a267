"""Pictures of what the examples' programs wrote, as SVG.

    python Examples/plots.py KIND RESULT OUT.svg      needs Examples/requirements.txt

RESULT is a file, or a folder that Spark wrote: Parquet, or CSV or JSON where its name ends so. KIND
is one of

fashion     a grid of clothes with predicted and true names; columns data, label, preds
digits      the same of digits
flowers     the same of photographs; columns path (its end is enough: daisy/00012.jpg), label, preds
housing     predicted against true prices; columns target, preds
similarity  how alike the first twelve sentences are; columns input, preds

`preds` is what the model gave: a number, an array of scores, or an embedding. With a column `id`, or
else `path`, the rows are taken in its order. Grids show more of the wrong ones than there are: below
them stands how many are right in all. --predictions NAME names another column than preds. The same
result gives the same file.
"""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np
import pyarrow.dataset
from PIL import Image

EXAMPLES = Path(__file__).resolve().parent
RIGHT, WRONG = "#2b6cb0", "#c53030"


def read(path):
    """The rows of a file or folder, in the order of `id`, or of the names of files in `path`."""
    path = Path(path)
    kind = {".csv": "csv", ".json": "json"}.get(path.suffix, "parquet")
    rows = pyarrow.dataset.dataset(path, format=kind).to_table()
    if "id" in rows.column_names:
        return rows.sort_by("id")
    if "path" in rows.column_names:
        names = [Path(path).name for path in rows["path"].to_pylist()]
        return rows.take(np.argsort(names, kind="stable"))
    return rows


def matrix(column):
    return np.array(column.to_pylist(), np.float64)


def classes(example):
    return json.loads((EXAMPLES / example / "expected.json").read_text())["classes"]


def grid(image, predicted, true, rows=4, columns=8, size=1.15):
    """Images with the predicted name above each; where it is wrong, in red with the true one.

    `image(i)` is that of row i. A quarter of those shown are wrong ones, if there are as many.
    """
    is_right = [found == name for found, name in zip(predicted, true)]
    wrong = [i for i, right in enumerate(is_right) if not right][: rows * columns // 4]
    right = [i for i, right in enumerate(is_right) if right][: rows * columns - len(wrong)]
    figure, axes = plt.subplots(
        rows, columns, figsize=(size * columns, (size + 0.3) * rows), squeeze=False)
    for place in axes.flat:
        place.axis("off")
    for place, i in zip(axes.flat, sorted(wrong + right)):
        pixels = image(i)
        place.imshow(pixels, cmap=None if pixels.ndim == 3 else "gray_r", interpolation="nearest")
        title = predicted[i] if is_right[i] else f"{predicted[i]}\nnot {true[i]}"
        place.set_title(title, fontsize=8, color=RIGHT if is_right[i] else WRONG, pad=3)
    total = f"{sum(is_right)} of all {len(is_right)} right"
    figure.text(0.5, 0.07, total, fontsize=9, ha="center", va="top")
    return figure


def pixel_grid(rows, scores, names):
    predicted = [names[i] for i in matrix(scores).argmax(axis=1)]
    true = [names[i] for i in rows["label"].to_pylist()]

    def image(i):
        pixels = np.array(rows["data"][i].as_py()).reshape(28, 28)
        return np.round(pixels * 255).astype(np.uint8)

    return grid(image, predicted, true)


def fashion(rows, scores):
    return pixel_grid(rows, scores, classes("FashionMNIST"))


def digits(rows, scores):
    return pixel_grid(rows, scores, [str(digit) for digit in range(10)])


def flowers(rows, scores):
    names = classes("FlowerRecognition")
    predicted = [names[i] for i in matrix(scores).argmax(axis=1)]
    folder = EXAMPLES / "FlowerRecognition" / "data" / "flower_photos"

    def image(i):
        path = folder.joinpath(*Path(rows["path"][i].as_py()).parts[-2:])
        return np.asarray(Image.open(path).convert("RGB").resize((70, 70)))

    return grid(image, predicted, rows["label"].to_pylist(), rows=2, columns=5, size=1.6)


def housing(rows, prices):
    true, predicted = matrix(rows["target"]), matrix(prices).reshape(-1)
    error = np.abs(predicted - true).mean()
    figure, place = plt.subplots(figsize=(5, 4.6))
    # As an image within the SVG: twenty thousand points would make it large.
    place.plot(true, predicted, ".", markersize=2, alpha=0.25, color=RIGHT, rasterized=True)
    limits = [0, 1.05 * max(true.max(), predicted.max())]
    place.plot(limits, limits, color="0.3", linewidth=0.8)
    place.set(
        xlim=limits, ylim=limits, aspect="equal", xlabel="true price (100 000 $)",
        ylabel="predicted price (100 000 $)", title=f"mean absolute error {error:.4f}")
    return figure


def similarity(rows, embeddings, count=12):
    vectors = matrix(embeddings)[:count]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = vectors @ vectors.T
    names = [text if len(text) < 34 else text[:31] + "..." for text in rows["input"].to_pylist()]
    figure, place = plt.subplots(figsize=(7.5, 5))
    image = place.imshow(cosine, cmap="Blues", vmin=0, vmax=1)
    place.set_xticks(range(len(cosine)), range(1, len(cosine) + 1), fontsize=8)
    labels = [f"{name}  {i}" for i, name in enumerate(names[:count], 1)]
    place.set_yticks(range(len(cosine)), labels, fontsize=8)
    for (i, j), value in np.ndenumerate(cosine):
        color = "white" if value > 0.6 else "black"
        place.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=6.5, color=color)
    figure.colorbar(image, label="cosine similarity")
    return figure


KINDS = {f.__name__: f for f in (fashion, digits, flowers, housing, similarity)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("result", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--predictions", default="preds", metavar="NAME")
    options = parser.parse_args()

    rows = read(options.result)
    if options.predictions not in rows.column_names:
        raise SystemExit(
            f"{options.result} has no column {options.predictions}: {', '.join(rows.column_names)}")
    # Names of elements are else made of random numbers.
    plt.rcParams["svg.hashsalt"] = options.kind
    figure = KINDS[options.kind](rows, rows[options.predictions])
    figure.savefig(options.out, bbox_inches="tight", dpi=100, metadata={"Date": None})
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
