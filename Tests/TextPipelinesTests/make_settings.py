"""Writes the reference answers for settings in configuration files.

    python Tests/TextPipelinesTests/make_settings.py

needs Examples/requirements.txt. The models are those of make_models.py, made again from their seeds.

Goldens/entries.json     the entries that transformers and sentence-transformers read from each file
Goldens/settings.json    generate() of Models/sequence under many settings together
Goldens/folders.json     sentence-transformers on Models/embeddings with changed files
"""

import inspect
import itertools
import json
import random
import shutil
import tempfile
from pathlib import Path

import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Dropout, Pooling
from transformers import GenerationConfig, logging

from make_models import MODELS, TEXTS, embedding_model, generate, sequence_model, write

TOKENIZERS = [
    "PreTrainedTokenizerFast", "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer",
    "MPNetTokenizer", "FunnelTokenizer", "SplinterTokenizer", "RobertaTokenizer", "GPT2Tokenizer",
    "T5Tokenizer", "XLMRobertaTokenizer", "MBartTokenizer", "NllbTokenizer", "AlbertTokenizer",
    "DebertaV2Tokenizer", "PegasusTokenizer", "BarthezTokenizer", "CamembertTokenizer"]


def parameters(function):
    return {
        name for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)} - {"self"}


def entries():
    generation = {key for key in vars(GenerationConfig()) if not key.startswith("_")}
    tokenizer = set()
    for name in TOKENIZERS:
        kind = getattr(transformers, name, None)
        if kind is not None:
            tokenizer |= parameters(kind.__init__)
    base = inspect.getsource(transformers.tokenization_utils_base.PreTrainedTokenizerBase.__init__)
    for name in base.split('kwargs.pop("')[1:]:
        tokenizer.add(name.split('"')[0])
    tokenizer |= set(transformers.PreTrainedTokenizerFast.SPECIAL_TOKENS_ATTRIBUTES)
    write("entries.json", {
        "generation": sorted(generation),
        "tokenizer": sorted(name for name in tokenizer if not name.startswith("_")),
        "transformer": sorted(parameters(Transformer.__init__)),
        "pooling": sorted(set(Pooling.config_keys) | set(Pooling.config_key_renames)),
        "normalize": sorted(Normalize.config_keys),
        "dropout": sorted(Dropout.config_keys),
        "sentence": sorted(set(SentenceTransformer(modules=[Normalize()])._get_model_config()) | {
            "truncate_dim", "requirements"}),
    })


# Each list holds the values of one setting; a case takes one of each of some settings.
POOL = {
    "exponential_decay_length_penalty": [[2, 1.3], [5, 1.05], [0, 1.01], [3, 2.0]],
    "sequence_bias": [
        [[[44], 4.0], [[60, 61], 5.0]], [[[7], -6.0], [[12, 13], 3.5], [[13], -1.5]],
        [[[0, 20], 9.0], [[20, 21, 22], 9.0]]],
    "encoder_repetition_penalty": [2.5, 0.6, 1.2],
    "encoder_no_repeat_ngram_size": [1, 2, 3],
    "repetition_penalty": [1.5, 0.8, 1.1],
    "no_repeat_ngram_size": [1, 2, 3],
    "renormalize_logits": [True],
    "remove_invalid_values": [True],
    "min_length": [6], "min_new_tokens": [7],
    "bad_words_ids": [[[7], [12, 13]], [[44], [1]]],
    "suppress_tokens": [[5, 8, 40]], "begin_suppress_tokens": [[1, 6, 20]],
    "forced_bos_token_id": [9], "forced_eos_token_id": [1, [14, 33]],
    "eos_token_id": [[1, 14, 33]], "length_penalty": [2.0, -0.5],
    "early_stopping": [True, "never"], "max_length": [8, 14, 20],
}
NEW = list(POOL)[:4] + ["renormalize_logits", "remove_invalid_values"]
BEAMS_ONLY = {"length_penalty", "early_stopping"}


def settings():
    words, model = sequence_model()
    words.enable_truncation(40)
    texts = TEXTS[:10]
    rows = [words.encode(text).ids for text in texts]
    choose = random.Random(7)
    cases = []
    singles = [{key: value} for key in NEW for value in POOL[key]]
    for number in range(90):
        if number < 2 * len(singles):
            case = dict(singles[number // 2], num_beams=[1, 4][number % 2])
        else:
            beams = choose.choice([1, 1, 2, 3, 4, 5])
            keys = choose.sample([
                key for key in POOL if beams > 1 or key not in BEAMS_ONLY], choose.randint(2, 6))
            if not set(keys) & set(NEW):
                keys.append(choose.choice(NEW))
            case = {key: choose.choice(POOL[key]) for key in keys}
            case["num_beams"] = beams
        case.setdefault("max_length", 16)
        # Beams of equal scores come in any order.
        if case["num_beams"] > 1 and isinstance(case.get("forced_eos_token_id"), list):
            continue
        # One by one: transformers counts the padding of a batch as tokens of the source.
        ids, scores = generate(model, rows, size=1, **case)
        cases.append(dict(settings=case, ids=ids, scores=scores, texts=[]))
    write("settings.json", dict(inputs=texts, rows=rows, cases=cases))


SENTENCES = [
    "The film was good.", "[CLS] A Dog [SEP] b", "[MASK] X", "Naïve CAFÉ 猫 and a dog",
    "they love the music, but not the film. It is a very bad plot", "a"]
OLD = [
    "bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"]


def folders():
    words, model = embedding_model()
    source = MODELS / "embeddings"
    modes = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
    modules = json.loads((source / "modules.json").read_text())
    plain = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 32}
    named = {"tokenizer_class": "BertTokenizer", "model_max_length": 32}
    special = dict(
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]")
    prompt = {"prompts": {"ask": "we love the ", "other": "x"}, "default_prompt_name": "ask"}
    # Each case: the files that change (null: gone), by their names.
    cases = [{}]
    for name in OLD[1:]:
        cases.append({
            "sentence_bert_config.json": None,
            f"sentence_{name}_config.json": {"max_seq_length": 5, "do_lower_case": False}})
    cases.append({
        "sentence_roberta_config.json": {"max_seq_length": 4},
        "sentence_xlnet_config.json": {"max_seq_length": 7}, "sentence_bert_config.json": None})
    cases.append({"sentence_bert_config.json": None})
    for size in (1, 10, 24, 40):
        cases.append({"config_sentence_transformers.json": {"truncate_dim": size}})
        cases.append({
            "config_sentence_transformers.json": {"truncate_dim": size, **prompt},
            "modules.json": modules[:2]})
    for name, prompts in itertools.product(("ask", "other", "query"), (prompt["prompts"], {})):
        if name in prompts or name == "query":
            cases.append({"config_sentence_transformers.json": {
                "prompts": prompts, "default_prompt_name": name}})
    for mode in modes + [["cls", "mean"]]:
        cases.append({
            "config_sentence_transformers.json": prompt, "modules.json": modules[:2],
            "1_Pooling/config.json": {
                "word_embedding_dimension": 24, "pooling_mode": mode, "include_prompt": False}})
    # The prompt alone fills what the limit leaves.
    for mode in modes:
        cases.append({
            "config_sentence_transformers.json": prompt, "modules.json": modules[:2],
            "sentence_bert_config.json": {"max_seq_length": 5},
            "1_Pooling/config.json": {
                "word_embedding_dimension": 24, "pooling_mode": mode, "include_prompt": False}})
    dropout = dict(
        idx=2, name="2", path="2_Dropout", type="sentence_transformers.models.Dropout")
    cases.append({
        "modules.json": [*modules[:2], dropout, {**modules[2], "path": "3_Normalize"}],
        "2_Dropout/config.json": {"dropout": 0.3}})
    for lower, side in itertools.product((False, True), ("left", "right")):
        cases.append({
            "sentence_bert_config.json": {"max_seq_length": 6, "do_lower_case": lower},
            "tokenizer_config.json": {**plain, "truncation_side": side, "padding_side": "left"}})
    flags = itertools.product((None, True, False), (None, True, False), (None, True, False))
    for lower, strip, chinese in flags:
        given = {
            "do_lower_case": lower, "strip_accents": strip, "tokenize_chinese_chars": chinese}
        given = {key: value for key, value in given.items() if value is not None}
        cases.append({"tokenizer_config.json": {**named, **given}})
    cases.append({"tokenizer_config.json": {**plain, "do_lower_case": False}})
    cases.append({
        "tokenizer_config.json": {**named, "do_lower_case": False},
        "sentence_bert_config.json": {"max_seq_length": 12, "do_lower_case": True}})
    cases.append({
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 9},
        "sentence_bert_config.json": {"do_lower_case": False}})
    cases.append({"tokenizer_config.json": {
        **plain, "extra_special_tokens": ["dog"], "mask_token": "film"}})
    cases.append({"tokenizer_config.json": {**plain, "added_tokens_decoder": {
        "1": {"content": "[MASK]", "lstrip": True, "rstrip": True, "normalized": False,
              "single_word": False, "special": True}}}})
    results = []
    for case in cases:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "model"
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("onnx"))
            model.save_pretrained(folder)
            # The reference reads no class from the tests' shorter file; it has to know this one.
            standard = {"tokenizer_config.json": plain}
            for name, content in {**standard, **case}.items():
                file = folder / name
                if content is None:
                    file.unlink()
                    continue
                if name == "tokenizer_config.json":
                    content = {**special, **content}
                    if name in case:
                        case[name] = content
                file.parent.mkdir(exist_ok=True)
                file.write_text(json.dumps(content))
            for number in range(4):
                (folder / f"{number}_Normalize").mkdir(exist_ok=True)
            vectors = SentenceTransformer(str(folder), device="cpu").encode(
                SENTENCES, batch_size=1)
        results.append(dict(
            files=case, vectors=[[round(float(x), 6) for x in row] for row in vectors]))
    write("folders.json", dict(inputs=SENTENCES, cases=results))


if __name__ == "__main__":
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    entries()
    settings()
    folders()
