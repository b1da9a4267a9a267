"""A PyTriton script as a user has it: it knows nothing of addresses, and serves until it is stopped.

With NEEDLETAIL_ONLY_ONE in its environment it starts once only: who makes that folder.
"""

import os
import sys

import numpy
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton


@batch
def double(x):
    return {"y": 2 * x}


if "NEEDLETAIL_ONLY_ONE" in os.environ:
    try:
        os.mkdir(os.environ["NEEDLETAIL_ONLY_ONE"])
    except FileExistsError:
        sys.exit("this node has no room for a server")

with Triton() as triton:
    triton.bind(
        model_name="double", infer_func=double,
        inputs=[Tensor(name="x", dtype=numpy.float32, shape=(3,))],
        outputs=[Tensor(name="y", dtype=numpy.float32, shape=(3,))],
        config=ModelConfig(max_batch_size=64))
    triton.serve()
