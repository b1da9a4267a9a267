"""Makes the TensorFlow form of the T5 that TranslationTorch trains.

    python Examples/TranslationTensorFlow/train.py              needs Examples/requirements.txt
    python Examples/TranslationTensorFlow/train.py --data DIR   DIR/model, a Hugging Face folder of any
                                                                T5; DIR/aclImdb, reviews to translate

Without --data it takes ../TranslationTorch/model and sentences of the grammar. Other options: see
Data/example.py; there is nothing to train, so --epochs does nothing.

The notebook uses the TensorFlow classes of transformers, which version 5 has no more. t5_tensorflow.py
builds the same network of TensorFlow's own operations, from config.json and model.safetensors.

Files written, beside this script:

model/saved_model/      three signatures, of the shapes of the three ONNX files in TranslationTorch:
    encode              input_ids, attention_mask to last_hidden_state
    decode_first        input_ids, encoder_hidden_states, encoder_attention_mask to logits and
                        present_<layer>_<decoder or encoder>_<key or value>
    decode_next         input_ids, encoder_attention_mask, past_* to logits and
                        present_<layer>_decoder_<key or value>
model/                  config.json, tokenizer.json and the tokenizer's settings, as they were
data/sentences.parquet  256 sentences: id int; text string, English; german, french string, the right
                        translations; expected_german, expected_french string, TensorFlow's own, greedy
expected.json           how many of those are right
"""

import shutil
import sys
from pathlib import Path

import pyarrow as pa

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
from Data import example, t5
import t5_tensorflow

from TranslationTorch import train as torch_form
from transformers import AutoTokenizer

COPIED = [
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json",
]


def train(data, out, epochs):
    source = FOLDER.parent / "TranslationTorch" / "model"
    if data is not None and (data / "model").exists():
        source = data / "model"
    folder = out / "model"
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (source / name).exists():
            shutil.copy(source / name, folder / name)
    t5_tensorflow.write_saved_model(source, folder / "saved_model")


def predict(rows, out):
    tokenizer = AutoTokenizer.from_pretrained(out / "model")
    translator = t5_tensorflow.Translator(out / "model" / "saved_model")
    return {
        f"expected_{language}": pa.array(
            t5.translate(tokenizer, translator.generate, torch_form.prefixed(rows, language)))
        for language in torch_form.PREFIX
    }


if __name__ == "__main__":
    example.run(
        __file__, __doc__, name="sentences", train=train, table=torch_form.table, predict=predict,
        figures=torch_form.figures)
