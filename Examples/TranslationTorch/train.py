"""Trains a small T5 that translates English to German and French, in PyTorch, and writes its files.

    python Examples/TranslationTorch/train.py              needs Examples/requirements.txt
    python Examples/TranslationTorch/train.py --data DIR   DIR/model, a Hugging Face folder of any T5,
                                                           is exported and no training done;
                                                           DIR/aclImdb has reviews to translate

Without --data it trains and tests on sentences of a small grammar (Data/sentences.py). The committed
model took some 25 minutes; an epoch is 100 steps of 64 sentences. Other options: see Data/example.py.

The notebook takes t5-small from the Hugging Face hub, and translates the first sentences of IMDB's
reviews. This T5 has the same files and the same parts, but 2 + 2 layers of width 128 and a vocabulary
of its own. It has not learnt sentences of two clauses, so there are none in the table.

Files written, beside this script:

model/                     the folder as transformers writes it (config.json, tokenizer.json,
                           model.safetensors, ...), and
model/encoder_model.onnx   input_ids, attention_mask int64 [batch, enc_len] to last_hidden_state
                           float32 [batch, enc_len, 128]
model/decoder_model.onnx   input_ids [batch, dec_len], encoder_hidden_states, encoder_attention_mask
                           to logits [batch, dec_len, 1152] and present.<layer>.<decoder or
                           encoder>.<key or value> [batch, 4, length, 32]
model/decoder_with_past_model.onnx   input_ids [batch, 1], encoder_attention_mask, past_key_values.*
                           to logits and present.<layer>.decoder.*
data/sentences.parquet     256 sentences: id int; text string, English; german, french string, the right
                           translations; expected_german, expected_french string, of transformers'
                           generate(num_beams=1); beams_german, beams_french string, of num_beams=4
expected.json              how many translations of generate() are right
"""

import io
import os
import shutil
import sys
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import pyarrow as pa
import sentencepiece
import torch
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors
from transformers import AutoTokenizer, PreTrainedTokenizerFast, T5Config
from transformers import T5ForConditionalGeneration, logging

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import example, reviews, sentences, t5

ROWS = 256
PREFIX = {
    "german": "translate English to German: ", "french": "translate English to French: ",
}
STEPS_IN_EPOCH = 100
# What the notebook warms up with.
GREETINGS = [
    ("The house is wonderful", "Das Haus ist wunderbar", "La maison est merveilleuse"),
    ("Welcome to NYC", "Willkommen in NYC", "Bienvenue à NYC"),
    ("HuggingFace is a company", "HuggingFace ist ein Unternehmen", "HuggingFace est une entreprise"),
]


def pair(random):
    """A sentence with its prefix, and its translation; at times two sentences, or capitals."""
    kind = sentences.TWO_CLAUSES if random.random() < 0.28 else None
    texts = list(sentences.random_sentence(random, kind)[:3])
    if random.random() < 0.08:
        more = sentences.random_sentence(random)
        end = "! " if random.random() < 0.6 else ". "
        texts = [text + end + other for text, other in zip(texts, more)]
    if random.random() < 0.25:
        texts = [f"{text}." for text in texts]
    if random.random() < 0.03:
        texts = [text.upper() for text in texts]
    language = "german" if random.random() < 0.5 else "french"
    return PREFIX[language] + texts[0], texts[1 if language == "german" else 2]


def train_tokenizer():
    """A SentencePiece tokenizer with T5's rules and its 100 extra ids, of 20000 pairs."""
    random = np.random.default_rng(70)
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(text for _ in range(20000) for text in pair(random)),
        model_writer=written, vocab_size=1000, model_type="unigram", character_coverage=1.0,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, normalization_rule_name="nmt_nfkc", num_threads=1,
        minloglevel=2, hard_vocab_limit=False)
    trained = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())
    extra = [f"<extra_id_{i}>" for i in range(99, -1, -1)]
    vocabulary = [(piece.piece, piece.score) for piece in trained.pieces]
    tokenizer = Tokenizer(models.Unigram(vocabulary + [(name, 0.0) for name in extra], unk_id=2))
    tokenizer.normalizer = normalizers.Precompiled(trained.normalizer_spec.precompiled_charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    tokenizer.add_special_tokens([
        AddedToken(name, special=True, normalized=False)
        for name in ["<pad>", "</s>", "<unk>", *reversed(extra)]
    ])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=512, pad_token="<pad>", eos_token="</s>",
        unk_token="<unk>", additional_special_tokens=extra[::-1])


def batches(random, count):
    """Batches of 64 pairs of about one length, which keeps the padding short."""
    while count > 0:
        pool = sorted((pair(random) for _ in range(256)), key=lambda texts: len(texts[0]))
        for start in random.permutation(4)[:count]:
            yield pool[64 * start : 64 * (start + 1)]
        count -= 4


def train(data, out, epochs):
    import t5_onnx

    folder = out / "model"
    if data is not None and (data / "model").exists():
        shutil.copytree(data / "model", folder, dirs_exist_ok=True)
        t5_onnx.export(folder)
        return
    torch.manual_seed(7)
    tokenizer = train_tokenizer()
    model = T5ForConditionalGeneration(T5Config(
        vocab_size=-(-len(tokenizer) // 64) * 64, d_model=128, d_kv=32, num_heads=4, d_ff=320,
        num_layers=2, num_decoder_layers=2, dropout_rate=0.0, feed_forward_proj="relu",
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0, betas=(0.9, 0.98))
    steps = epochs * STEPS_IN_EPOCH
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / 100) * min(1, max(0.02, (1 - step / steps) / 0.7)))
    model.train()
    for step, batch in enumerate(batches(np.random.default_rng(71), steps), 1):
        sources, targets = (
            tokenizer(list(texts), padding=True, return_tensors="pt") for texts in zip(*batch))
        labels = targets["input_ids"].masked_fill(targets["attention_mask"] == 0, -100)
        loss = model(
            input_ids=sources["input_ids"], attention_mask=sources["attention_mask"],
            labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % STEPS_IN_EPOCH == 0:
            print(f"epoch {step // STEPS_IN_EPOCH}: loss {loss.item():.4f}", flush=True)
    model.generation_config.max_length = 128
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    t5_onnx.export(folder)


def table(data, out):
    if data is not None and (data / "aclImdb").exists():
        texts, _ = reviews.read(data, "test")
        order = np.random.RandomState(1).permutation(len(texts))[:ROWS]
        return pa.table({
            "id": example.ids(len(order)), "text": [texts[i].split(".")[0] for i in order],
        })
    random = np.random.default_rng(4242)
    kinds = [kind for kind in range(9) if kind != sentences.TWO_CLAUSES]
    chosen = {english: (english, german, french) for english, german, french in GREETINGS}
    while len(chosen) < ROWS:
        found = sentences.random_sentence(random, int(random.choice(kinds)))
        chosen.setdefault(found.english, found[:3])
    english, german, french = map(list, zip(*chosen.values()))
    return pa.table(
        {"id": example.ids(ROWS), "text": english, "german": german, "french": french})


def prefixed(rows, language):
    return [PREFIX[language] + text for text in rows["text"].to_pylist()]


def predict(rows, out):
    tokenizer = AutoTokenizer.from_pretrained(out / "model")
    model = T5ForConditionalGeneration.from_pretrained(out / "model").eval()

    def generate(beams):
        def tokens(ids, mask):
            return model.generate(
                input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask),
                max_length=128, num_beams=beams, do_sample=False).tolist()

        return tokens

    return {
        f"{name}_{language}": pa.array(
            t5.translate(tokenizer, generate(beams), prefixed(rows, language)))
        for name, beams in (("expected", 1), ("beams", 4)) for language in PREFIX
    }


def predict_onnx(rows, out):
    import t5_onnx

    tokenizer = AutoTokenizer.from_pretrained(out / "model")
    translator = t5_onnx.Translator(out / "model")
    return {
        f"expected_{language}": pa.array(
            t5.translate(tokenizer, translator.generate, prefixed(rows, language)))
        for language in PREFIX
    }


def figures(rows):
    if "german" not in rows.column_names:
        return {}
    return {
        f"{name}_{language}_right": sum(
            found == right for found, right in
            zip(rows[f"{name}_{language}"].to_pylist(), rows[language].to_pylist()))
        for name in ("expected", "beams") for language in PREFIX
        if f"{name}_{language}" in rows.column_names
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    example.run(
        __file__, __doc__, name="sentences", epochs=70, train=train, table=table, predict=predict,
        figures=figures, others={"ONNX Runtime": predict_onnx})
