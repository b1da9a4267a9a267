"""Writes the models and reference answers of this folder's tests.

    python Tests/TextPipelinesTests/make_models.py [--translation DIR]

needs Examples/requirements.txt. DIR is the Hugging Face folder of the small T5 that
Examples/TranslationTorch trains (its `model` folder unless given).

Models/sequence         a T5 with random weights: encoder, decoder, decoder with past, merged decoder
Models/embeddings       a BERT with random weights as a sentence-transformers folder
Models/classes          a BERT with random weights and three labels
Goldens/sequence.json   what transformers' generate() makes of it under many settings
Goldens/embeddings.json what sentence-transformers makes of texts in several ways of pooling
Goldens/classes.json    what transformers' pipeline makes of texts for several kinds of problem
Goldens/translation.json generate() of the trained T5, greedy and by beam search

The same versions write the same files: all weights are drawn from fixed seeds.
"""

import argparse
import json
import os
import shutil
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import onnx
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast, T5Config,
    T5ForConditionalGeneration, logging, pipeline)

HERE = Path(__file__).resolve().parent
MODELS, GOLDENS = HERE / "Models", HERE / "Goldens"
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'"
WORDS = (
    "the a is was good bad film music plot house dog cat city rain we they love hate red blue "
    "very not and but in of to two ten").split()
TEXTS = [
    "The film was good.", "They hate the plot", "a", "", "Rain in the city, and a red house!",
    "we love the music, but not the film. It is a very bad plot and the dog was not in it",
    "Ten cats? Two dogs!", "x" * 40, "naïve café", "blue blue blue blue", "The cat is not the dog",
    "They love it; we hate it", "!", "good bad good bad good bad good bad good bad good bad",
]


def tokenizer(special, template, **ids):
    """A WordPiece tokenizer of a few words and of all letters."""
    pieces = special + WORDS + list(LETTERS) + ["##" + letter for letter in LETTERS]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    result = Tokenizer(models.WordPiece(vocabulary, unk_token=special[2]))
    result.normalizer = normalizers.BertNormalizer(lowercase=True)
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    result.decoder = decoders.WordPiece()
    result.post_processor = processors.TemplateProcessing(
        single=template, pair=template + " $B",
        special_tokens=[(piece, vocabulary[piece]) for piece in special if piece in template])
    result.add_special_tokens(special)
    return result


def export(module, arguments, path, inputs, outputs, axes):
    torch.onnx.export(
        module.eval(), arguments, str(path), dynamo=True, input_names=inputs, output_names=outputs,
        dynamic_shapes=(axes,), external_data=False, verbose=False, optimize=True)


def dimension(name):
    return torch.export.Dim(name, min=1, max=1024)


class Part(torch.nn.Module):
    """A part of a T5 as Optimum cuts it: the encoder, or the decoder with or without pasts.

    Position buckets are looked up in a table that transformers' own formula fills.
    """

    REACH = 256

    def __init__(self, model, part):
        super().__init__()
        self.config, self.part = model.config, part
        self.stack = model.encoder if part == "encoder" else model.decoder
        self.head, self.embedding = model.lm_head, model.shared
        attention = self.stack.block[0].layer[0].SelfAttention
        distances = torch.arange(-self.REACH, self.REACH + 1)
        buckets = attention._relative_position_bucket(
            distances, bidirectional=part == "encoder",
            num_buckets=self.config.relative_attention_num_buckets,
            max_distance=self.config.relative_attention_max_distance)
        self.register_buffer("table", attention.relative_attention_bias.weight[buckets].detach())

    def heads(self, values):
        rows, length, _ = values.shape
        return values.reshape(rows, length, self.config.num_heads, self.config.d_kv).transpose(1, 2)

    def attend(self, attention, queries, keys, values, bias):
        mixed = torch.softmax(queries @ keys.transpose(2, 3) + bias, -1) @ values
        rows, heads, length, width = mixed.shape
        return attention.o(mixed.transpose(1, 2).reshape(rows, length, heads * width))

    def positions(self, queries, keys):
        distances = (keys[None, :] - queries[:, None]).clamp(-self.REACH, self.REACH)
        return self.table[distances + self.REACH].permute(2, 0, 1)[None]

    def forward(self, *arguments):
        ids = arguments[0]
        if self.part == "encoder":
            mask, encoded, pasts = arguments[1], None, ()
        elif self.part == "decoder":
            encoded, mask, pasts = arguments[1], arguments[2], ()
        else:
            encoded, mask, pasts = None, arguments[1], arguments[2:]
        hidden, presents = self.embedding(ids), []
        done = pasts[0].shape[2] if pasts else 0
        queries = torch.arange(ids.shape[1]) + done
        keys = torch.arange(ids.shape[1] + done)
        bias, hidden_source = self.positions(queries, keys), (1.0 - mask[:, None, None, :].float()) * -1e9
        if self.part == "encoder":
            bias = bias + hidden_source
        else:
            bias = bias + torch.where(keys[None, :] <= queries[:, None], 0.0, -1e9)[None, None]
        for number, block in enumerate(self.stack.block):
            layer = block.layer[0]
            inner, attention = layer.layer_norm(hidden), layer.SelfAttention
            key, value = self.heads(attention.k(inner)), self.heads(attention.v(inner))
            if pasts:
                key = torch.cat([pasts[4 * number], key], 2)
                value = torch.cat([pasts[4 * number + 1], value], 2)
            hidden = hidden + self.attend(attention, self.heads(attention.q(inner)), key, value, bias)
            presents += [key, value]
            if self.part != "encoder":
                layer = block.layer[1]
                inner, attention = layer.layer_norm(hidden), layer.EncDecAttention
                if pasts:
                    key, value = pasts[4 * number + 2], pasts[4 * number + 3]
                else:
                    key, value = self.heads(attention.k(encoded)), self.heads(attention.v(encoded))
                    presents += [key, value]
                hidden = hidden + self.attend(
                    attention, self.heads(attention.q(inner)), key, value, hidden_source)
            layer = block.layer[-1]
            hidden = hidden + layer.DenseReluDense(layer.layer_norm(hidden))
        hidden = self.stack.final_layer_norm(hidden)
        if self.part == "encoder":
            return hidden
        if getattr(self.config, "scale_decoder_outputs", True):
            hidden = hidden * self.config.d_model ** -0.5
        return (self.head(hidden), *presents)


def export_parts(model, folder):
    layers, width = model.config.num_decoder_layers, model.config.d_model
    every = ["decoder.key", "decoder.value", "encoder.key", "encoder.value"]

    def names(beginning, kinds):
        return [f"{beginning}.{layer}.{kind}" for layer in range(layers) for kind in kinds]

    ids = torch.randint(3, 30, (2, 7))
    mask, encoded = torch.ones(2, 7, dtype=torch.int64), torch.randn(2, 7, width)
    rows, source, steps, past = (
        dimension(name) for name in ("batch", "source", "steps", "past"))
    export(
        Part(model, "encoder"), (ids, mask), folder / "encoder_model.onnx",
        ["input_ids", "attention_mask"], ["last_hidden_state"],
        ({0: rows, 1: source}, {0: rows, 1: source}))
    export(
        Part(model, "decoder"), (ids[:, :3], encoded, mask), folder / "decoder_model.onnx",
        ["input_ids", "encoder_hidden_states", "encoder_attention_mask"],
        ["logits"] + names("present", every),
        ({0: rows, 1: steps}, {0: rows, 1: source}, {0: rows, 1: source}))
    shape = (2, model.config.num_heads, 4, model.config.d_kv)
    pasts = [
        torch.randn(shape) if kind % 4 < 2 else torch.randn(2, shape[1], 7, shape[3])
        for kind in range(4 * layers)]
    export(
        Part(model, "past"), (ids[:, :1], mask, *pasts), folder / "decoder_with_past_model.onnx",
        ["input_ids", "encoder_attention_mask"] + names("past_key_values", every),
        ["logits"] + names("present", every[:2]),
        ({0: rows}, {0: rows, 1: source},
         *[{0: rows, 2: past if kind % 4 < 2 else source} for kind in range(4 * layers)]))


def merge(folder):
    """Puts both decoders into one, as Optimum's merged decoder: an If on `use_cache_branch`."""
    first = onnx.load(folder / "decoder_model.onnx")
    later = onnx.load(folder / "decoder_with_past_model.onnx")
    shared = {}

    def branch(graph, beginning):
        """The graph as a branch, its inner names made its own and its weights put outside."""
        outer = {value.name for value in [*first.graph.input, *later.graph.input]}
        results = {value.name for value in graph.output}
        renamed = {}
        for weight in graph.initializer:
            content = (tuple(weight.dims), weight.data_type, weight.raw_data, bytes(weight.int64_data))
            if content not in shared:
                copy = onnx.TensorProto()
                copy.CopyFrom(weight)
                copy.name = f"weight_{len(shared)}"
                shared[content] = copy
            renamed[weight.name] = shared[content].name

        def name(old):
            return old if not old or old in outer else renamed.get(old, beginning + old)

        nodes = []
        for node in graph.node:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            copy.name = beginning + node.name
            copy.input[:] = [name(old) for old in node.input]
            copy.output[:] = [name(old) for old in node.output]
            nodes.append(copy)
        return nodes, {result: name(result) for result in results}

    outputs = list(first.graph.output)
    branches = []
    for graph, beginning in ((later.graph, "later_"), (first.graph, "first_")):
        nodes, results = branch(graph, beginning)
        values = []
        for output in outputs:
            if output.name not in results:
                past = output.name.replace("present", "past_key_values")
                results[output.name] = beginning + output.name
                nodes.append(onnx.helper.make_node("Identity", [past], [results[output.name]]))
            values.append(onnx.helper.make_tensor_value_info(
                results[output.name], output.type.tensor_type.elem_type, None))
        branches.append(onnx.helper.make_graph(nodes, beginning + "branch", [], values))
    inputs = {value.name: value for value in [*first.graph.input, *later.graph.input]}
    inputs["input_ids"] = next(v for v in first.graph.input if v.name == "input_ids")
    switch = onnx.helper.make_tensor_value_info("use_cache_branch", onnx.TensorProto.BOOL, [1])
    choice = onnx.helper.make_node(
        "If", ["use_cache_branch"], [output.name for output in outputs],
        then_branch=branches[0], else_branch=branches[1])
    graph = onnx.helper.make_graph(
        [choice], "merged", [*inputs.values(), switch], outputs, list(shared.values()))
    model = onnx.helper.make_model(
        graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "decoder_model_merged.onnx")


def fold_weights(path):
    """Drops what exporters write for readers: it is larger than small weights are."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    model.graph.ClearField("value_info")
    model.ClearField("functions")
    for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
        value.ClearField("metadata_props") if hasattr(value, "metadata_props") else None
    onnx.save(model, path)


def write(name, content):
    GOLDENS.mkdir(exist_ok=True)
    (GOLDENS / name).write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


SETTINGS = [
    dict(), dict(max_length=1), dict(max_length=2), dict(max_length=5), dict(max_length=9),
    dict(max_new_tokens=6), dict(min_length=8), dict(min_new_tokens=6),
    dict(repetition_penalty=1.7), dict(no_repeat_ngram_size=2), dict(no_repeat_ngram_size=1),
    dict(forced_bos_token_id=9), dict(forced_eos_token_id=1, max_length=10),
    dict(bad_words_ids=[[7], [12, 13], [1]]), dict(suppress_tokens=[5, 8, 40]),
    dict(begin_suppress_tokens=[1, 6]), dict(eos_token_id=[1, 14, 33]),
]
BEAMS = [
    dict(num_beams=4), dict(num_beams=2), dict(num_beams=4, early_stopping=True),
    dict(num_beams=4, early_stopping="never", length_penalty=2.0),
    dict(num_beams=4, early_stopping="never", length_penalty=-1.0),
    dict(num_beams=4, length_penalty=0.0), dict(num_beams=3, length_penalty=2.0, max_length=12),
    dict(num_beams=4, length_penalty=-1.0, early_stopping=True),
    dict(num_beams=4, eos_token_id=[1, 14, 33]), dict(num_beams=4, max_length=2),
    dict(num_beams=5, no_repeat_ngram_size=2), dict(num_beams=4, repetition_penalty=1.5),
    dict(num_beams=4, min_length=9), dict(num_beams=4, forced_bos_token_id=9),
    dict(num_beams=4, forced_eos_token_id=1, max_length=8),
    dict(num_beams=4, bad_words_ids=[[7], [12, 13]]), dict(num_beams=8, max_new_tokens=10),
]


def generate(model, rows, size=8, **settings):
    """The ids of generate() up to the end token, and the scores of beam searches."""
    pad, ends = model.generation_config.pad_token_id, settings.get(
        "eos_token_id", model.generation_config.eos_token_id)
    ends, results, scores = np.atleast_1d(ends).tolist(), [], []
    if settings.get("max_length") == 1:
        return [[model.generation_config.decoder_start_token_id] for _ in rows], []
    for start in range(0, len(rows), size):
        batch = rows[start:start + size]
        width = max(map(len, batch))
        ids = torch.tensor([row + [pad] * (width - len(row)) for row in batch])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in batch])
        with torch.no_grad():
            answer = model.generate(
                input_ids=ids, attention_mask=mask, return_dict_in_generate=True,
                output_scores=True, **settings)
        for row in answer.sequences.tolist():
            end = next((i for i, token in enumerate(row) if i and token in ends), len(row) - 1)
            results.append(row[:end + 1])
        scores += getattr(answer, "sequences_scores", torch.tensor([])).tolist()
    return results, scores


def sequence_model():
    """The tokenizer and the T5 of Models/sequence."""
    words = tokenizer(["<pad>", "</s>", "<unk>"], "$A </s>")
    torch.manual_seed(3)
    model = T5ForConditionalGeneration(T5Config(
        vocab_size=-(-words.get_vocab_size() // 8) * 8, d_model=32, d_kv=8, num_heads=2, d_ff=48,
        num_layers=2, num_decoder_layers=2, dropout_rate=0.0, decoder_start_token_id=0,
        pad_token_id=0, eos_token_id=1, initializer_factor=1.0)).eval()
    with torch.no_grad():
        # Weights of usual size give every token the same chance; these give margins, and ends.
        for weight in model.parameters():
            weight.normal_(0, 0.35)
        for name, weight in model.named_parameters():
            if "layer_norm" in name:
                weight.fill_(1.0)
        model.shared.weight[1] *= 1.6
    model.generation_config.max_length = 24
    return words, model


def sequence():
    folder = MODELS / "sequence"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    words, model = sequence_model()
    words.save(str(folder / "tokenizer.json"))
    model.config.task_specific_params = {
        "shout": {"prefix": "we love ", "num_beams": 2, "max_length": 7, "early_stopping": True}}
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(model_max_length=40)) + "\n")
    export_parts(model, folder)
    for file in folder.glob("*.onnx"):
        fold_weights(file)
    merge(folder)
    words.enable_truncation(40)
    rows = [words.encode(text).ids for text in TEXTS]
    cases = []
    for settings in SETTINGS + BEAMS:
        ids, scores = generate(model, rows, **settings)
        cases.append(dict(
            settings=settings, ids=ids, scores=scores,
            texts=[words.decode(row[1:], skip_special_tokens=True) for row in ids]))
    task = [words.encode("we love " + text).ids for text in TEXTS]
    ids, _ = generate(model, task, num_beams=2, max_length=7, early_stopping=True)
    shout = [words.decode(row[1:], skip_special_tokens=True) for row in ids]
    write("sequence.json", dict(inputs=TEXTS, rows=rows, cases=cases, shout=shout))
    lengths = [len(row) for case in cases for row in case["ids"]]
    print("sequence: mean length", np.mean(lengths), "ended", np.mean(
        [row[-1] == 1 for case in cases for row in case["ids"]]))


def bert(**options):
    return BertConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32,
        max_position_embeddings=32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        initializer_range=0.4, attn_implementation="eager", **options)


class Outputs(torch.nn.Module):
    def __init__(self, model, name):
        super().__init__()
        self.model, self.name = model, name

    def forward(self, input_ids, attention_mask, token_type_ids):
        return getattr(self.model(
            input_ids=input_ids, attention_mask=attention_mask,
            token_type_ids=token_type_ids), self.name)


def export_bert(model, name, path):
    path.parent.mkdir(exist_ok=True)
    ids = torch.randint(5, 40, (3, 11))
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    axes = {0: dimension("batch"), 1: torch.export.Dim("sequence", min=1, max=32)}
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        Outputs(model, name).eval(), (ids, mask, torch.zeros_like(ids)), str(path), dynamo=True,
        input_names=names, output_names=[name], dynamic_shapes={key: axes for key in names},
        external_data=False, verbose=False)
    fold_weights(path)


def fast(words):
    return PreTrainedTokenizerFast(
        tokenizer_object=words, model_max_length=32, pad_token="[PAD]", unk_token="[UNK]",
        cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")


SPECIAL = ["[PAD]", "[MASK]", "[UNK]", "[CLS]", "[SEP]"]


def embedding_model():
    """The tokenizer and the BERT of Models/embeddings."""
    words = tokenizer(SPECIAL, "[CLS] $A [SEP]")
    torch.manual_seed(5)
    return words, BertModel(
        bert(vocab_size=words.get_vocab_size()), add_pooling_layer=False).eval()


def embeddings():
    folder = MODELS / "embeddings"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    words, model = embedding_model()
    plain = HERE / "plain"
    model.save_pretrained(plain)
    fast(words).save_pretrained(plain)
    transformer = Transformer(str(plain), max_seq_length=12)
    result = SentenceTransformer(modules=[
        transformer, Pooling(24, "mean"), Normalize()], device="cpu")
    rows, cases = None, []
    for modes, normalized in [
            (("mean",), True), (("mean",), False), (("cls",), True), (("max",), True),
            (("mean_sqrt_len_tokens",), False), (("weightedmean",), False),
            (("lasttoken",), False), (("cls", "max", "mean"), True)]:
        modules = [transformer, Pooling(24, modes)] + ([Normalize()] if normalized else [])
        vectors = SentenceTransformer(modules=modules, device="cpu").encode(TEXTS, batch_size=4)
        cases.append(dict(
            pooling=list(modes), normalized=normalized, vectors=vectors.astype(float).round(7).tolist()))
    # The layout of 2020 to 2025, which most published models have.
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(dict(
        word_embedding_dimension=24, pooling_mode_cls_token=False, pooling_mode_mean_tokens=True,
        pooling_mode_max_tokens=False, pooling_mode_mean_sqrt_len_tokens=False), indent=2) + "\n")
    (folder / "modules.json").write_text(json.dumps([
        dict(idx=number, name=str(number), path=path, type="sentence_transformers.models." + kind)
        for number, (path, kind) in enumerate([
            ("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")])],
        indent=2) + "\n")
    (folder / "sentence_bert_config.json").write_text(
        json.dumps(dict(max_seq_length=12, do_lower_case=False), indent=2) + "\n")
    shutil.copy(plain / "config.json", folder)
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(model_max_length=32)) + "\n")
    # As that of all-MiniLM-L6-v2, the tokenizer cuts and pads on its own, which must be overridden.
    words.enable_truncation(6)
    words.enable_padding(length=20, pad_id=0, pad_token="[PAD]")
    words.save(str(folder / "tokenizer.json"))
    words.no_padding()
    words.enable_truncation(12)
    rows = [words.encode(text).ids for text in TEXTS]
    export_bert(model, "last_hidden_state", folder / "onnx" / "model.onnx")
    shutil.rmtree(plain)
    write("embeddings.json", dict(inputs=TEXTS, rows=rows, cases=cases))


def classes():
    folder = MODELS / "classes"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    words = tokenizer(SPECIAL, "[CLS] $A [SEP]")
    torch.manual_seed(7)
    labels = ["bad", "middling", "good"]
    model = BertForSequenceClassification(bert(
        vocab_size=words.get_vocab_size(), num_labels=3, id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)})).eval()
    model.config.save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(model_max_length=32)) + "\n")
    words.save(str(folder / "tokenizer.json"))
    export_bert(model, "logits", folder / "model.onnx")
    cases = []
    for problem in (None, "single_label_classification", "multi_label_classification", "regression"):
        model.config.problem_type = problem
        classify = pipeline("text-classification", model=model, tokenizer=fast(words), device="cpu")
        answers = classify(TEXTS, truncation=True, top_k=None)
        cases.append(dict(problem=problem, answers=answers))
    words.enable_truncation(32)
    write("classes.json", dict(
        inputs=TEXTS, rows=[words.encode(text).ids for text in TEXTS], cases=cases))


def translation(source):
    """What the trained T5 answers; the inputs are those of the file as it is."""
    path = GOLDENS / "translation.json"
    inputs = json.loads(path.read_text())["inputs"]
    words = Tokenizer.from_file(str(source / "tokenizer.json"))
    model = T5ForConditionalGeneration.from_pretrained(source).eval()
    rows = [words.encode(text).ids for text in inputs]
    cases = []
    for settings in [
            dict(num_beams=1), dict(num_beams=1, max_length=2), dict(num_beams=1, max_length=5),
            dict(num_beams=1, max_length=9), dict(num_beams=4),
            dict(num_beams=4, early_stopping=True, length_penalty=0.6, no_repeat_ngram_size=3)]:
        # Greedy answers one by one, so that nothing is padded.
        ids, scores = generate(model, rows, size=1 if settings["num_beams"] == 1 else 8, **settings)
        cases.append(dict(
            settings=settings, ids=ids, scores=scores,
            texts=[words.decode(row[1:], skip_special_tokens=True) for row in ids]))
    write("translation.json", dict(inputs=inputs, rows=rows, cases=cases))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    default = HERE.parents[1] / "Examples" / "TranslationTorch" / "model"
    parser.add_argument("--translation", type=Path, default=default)
    parser.add_argument("--only", choices=["sequence", "embeddings", "classes", "translation"])
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    for step in (sequence, embeddings, classes):
        if arguments.only in (None, step.__name__):
            step()
    if arguments.only in (None, "translation"):
        translation(arguments.translation)
