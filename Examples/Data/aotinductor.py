"""AOTInductor packages: a model as compiled code for the processor, or GPU, of this machine."""

import argparse
import warnings
from pathlib import Path

import torch

warnings.filterwarnings("ignore", category=FutureWarning, module="copyreg")


def make(script, model, example, output):
    """Compiles a model whose only input, `x`, is a matrix of rows, and checks the package.

    The output's name goes into the package's metadata.

    Writes made/model.pt2 beside the script, or made/model-cuda.pt2 with --device cuda. The file
    runs where it was made: it holds code for this processor's instructions, or this GPU.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    device = parser.parse_args().device
    path = Path(script).resolve().parent / "made" / f"model{'' if device == 'cpu' else '-cuda'}.pt2"
    path.parent.mkdir(exist_ok=True)

    model, example = model.eval().to(device), example.to(device)
    batch = torch.export.Dim("batch", min=1, max=65536)
    program = torch.export.export(model, (example,), dynamic_shapes={"x": {0: batch}})
    names = {"needletail.inputs": "x", "needletail.outputs": output}
    torch._inductor.aoti_compile_and_package(
        program,
        package_path=str(path),
        inductor_configs={"aot_inductor.metadata": names},
    )

    packaged = torch._inductor.aoti_load_package(str(path))
    with torch.no_grad():
        for rows in (len(example), 1):
            gap = (packaged(example[:rows]) - model(example[:rows])).abs().max().item()
            if gap > 1e-5:
                raise SystemExit(f"the package differs from the model by {gap} in {rows} rows")
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
