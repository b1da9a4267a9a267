"""Compiles the model for this machine: made/model.pt2. Run by scripts/make-models."""

from pathlib import Path

import torch
from train import load

from Data import aotinductor

if __name__ == "__main__":
    torch.manual_seed(0)
    aotinductor.make(__file__, load(Path(__file__).resolve().parent), torch.rand(8, 784), "logits")
