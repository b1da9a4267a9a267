"""What is done with a batch of rows in Python, by the kind of the table: `work_of(job)` opens the model."""

import io

import numpy as np

# What torchvision's models want.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def open_session(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def tensor_of(job, columns):
    """Arrow arrays as the model's input; the list's numbers are not copied."""
    if job["is_list"]:
        return columns[0].flatten().to_numpy().reshape(-1, job["width"])
    return np.stack([column.to_numpy() for column in columns], axis=1)


def column_of(job, predictions):
    """The model's output as an Arrow array: lists, or numbers where there is one a row."""
    import pyarrow as pa

    numbers = pa.array(predictions.reshape(-1))
    if job["outputs"] == 1:
        return numbers
    offsets = np.arange(len(predictions) + 1, dtype=np.int32) * job["outputs"]
    return pa.ListArray.from_arrays(offsets, numbers)


class Numbers:
    """Numbers, as they are."""

    def __init__(self, job):
        import pyarrow as pa

        self.job, self.session = job, open_session(job["model"])
        kind = pa.float32() if job["outputs"] == 1 else pa.list_(pa.float32())
        self.fields = [("preds", kind)]

    def input(self, columns):
        return tensor_of(self.job, columns)

    def predict(self, columns):
        predictions = self.session.run(None, {self.job["input"]: self.input(columns)})[0]
        return [column_of(self.job, predictions)]


def pixels_of(file, side):
    """What Needletail's ImagePreprocessing makes of a JPEG: [3, side, side]."""
    from PIL import Image

    image = Image.open(io.BytesIO(file)).convert("RGB")
    image = image.resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(image).transpose(2, 0, 1)


def normalized(pixels):
    """Bytes of shape [rows, 3, height, width] as the network's numbers."""
    shape = (1, 3, 1, 1)
    mean = np.array(MEAN, np.float32).reshape(shape)
    deviation = np.array(DEVIATION, np.float32).reshape(shape)
    return (pixels.astype(np.float32) / np.float32(255) - mean) / deviation


class Images(Numbers):
    """JPEGs, by PIL."""

    def input(self, columns):
        files = columns[0].to_pylist()
        return normalized(np.stack([pixels_of(file, self.job["side"]) for file in files]))


class DecodedImages(Images):
    """Images that somebody else has decoded and resized: Daft's column of images of one size."""

    def input(self, columns):
        pixels = getattr(columns[0], "storage", columns[0]).flatten().to_numpy()
        side = self.job["side"]
        return normalized(pixels.reshape(-1, side, side, 3).transpose(0, 3, 1, 2))


class Texts:
    """Texts to a label and its score, by HuggingFace's tokenizers. As Needletail does, texts of like length
    go together."""

    def __init__(self, job):
        import json
        from pathlib import Path

        import pyarrow as pa

        folder = Path(job["model"])
        self.job, self.session = job, open_session(str(folder / "model.onnx"))
        names = json.loads((folder / "config.json").read_text())["id2label"]
        self.labels = np.array([names[str(index)] for index in range(len(names))], object)
        self.fields = [("label", pa.string()), ("score", pa.float32())]
        self.open_tokenizer(folder)

    def open_tokenizer(self, folder):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(512)
        self.tokenizer.no_padding()

    def batches(self, texts):
        """The rows of each batch of the network, with its inputs."""
        rows = self.tokenizer.encode_batch_fast(texts)
        order = sorted(range(len(rows)), key=lambda row: -len(rows[row]))
        for start in range(0, len(order), self.job["at_once"]):
            part = order[start : start + self.job["at_once"]]
            ids = np.zeros((len(part), len(rows[part[0]])), np.int64)
            mask = np.zeros_like(ids)
            for place, row in enumerate(part):
                ids[place, : len(rows[row])] = rows[row].ids
                mask[place, : len(rows[row])] = 1
            yield part, {"input_ids": ids, "attention_mask": mask}

    def predict(self, columns):
        import pyarrow as pa

        texts = columns[0].to_pylist()
        logits = np.empty((len(texts), len(self.labels)), np.float32)
        for rows, inputs in self.batches(texts):
            logits[rows] = self.session.run(None, inputs)[0]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores = powers.max(axis=1) / powers.sum(axis=1)
        return [pa.array(self.labels[logits.argmax(axis=1)], pa.string()), pa.array(scores)]


class TransformersTexts(Texts):
    """What users write: transformers' tokenizer, and batches in the order of the rows."""

    def open_tokenizer(self, folder):
        from transformers import AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(str(folder))

    def batches(self, texts):
        for start in range(0, len(texts), self.job["at_once"]):
            part = texts[start : start + self.job["at_once"]]
            inputs = self.tokenizer(part, padding=True, truncation=True, return_tensors="np")
            names = ("input_ids", "attention_mask")
            rows = slice(start, start + len(part))
            yield rows, {name: inputs[name].astype(np.int64) for name in names}


KINDS = {"numbers": Numbers, "texts": Texts, "images": Images}


def work_of(job):
    return KINDS[job.get("kind", "numbers")](job)
