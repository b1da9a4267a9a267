"""Compares TorchRuntime with PyTorch's own runner of compiled packages and with PyTorch itself;
`scripts/benchmark torch` runs it.

All run the same batches of the packages that Tests/TorchRuntimeTests/make_packages.py compiles, on
one thread, one after the other, in turns. Printed are CPU milliseconds of a batch (the median within
a run, then of the runs) and our ratio to each.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

CASES = [("fashion", 784, 50), ("fashion", 784, 1024), ("housing", 8, 50), ("housing", 8, 4096)]


def torch_variant(kind, package, width, rows, seconds):
    import torch

    torch.set_num_threads(1)
    x = ((torch.arange(rows * width) % 255).float() / 255).reshape(rows, width)
    if kind == "compiled":
        model = torch._inductor.aoti_load_package(package)
    else:
        sizes = [784, 512, 512, 10] if width == 784 else [8, 64, 32, 1]
        layers = []
        for before, size in zip(sizes, sizes[1:]):
            layers += [torch.nn.Linear(before, size), torch.nn.ReLU()]
        model = torch.nn.Sequential(*layers[:-1]).eval()
    times = []
    with torch.inference_mode():
        for _ in range(50):
            model(x)
        begin = now = time.process_time()
        while now - begin < seconds:
            model(x)
            following = time.process_time()
            times.append(following - now)
            now = following
    print(statistics.median(times) * 1000, statistics.mean(times) * 1000, len(times))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="TorchBenchmark in release")
    parser.add_argument(
        "--packages", type=Path, required=True, help="the folder of the compiled packages"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    options = parser.parse_args()
    results = []
    for name, width, rows in CASES:
        package = str(options.packages / f"{name}.pt2")
        own = [options.program, package, str(rows), str(options.seconds)]
        other = [sys.executable, __file__, "--variant"]
        rest = [package, str(width), str(rows), str(options.seconds)]
        commands = {
            "needletail": own,
            "compiled": [*other, "compiled", *rest],
            "eager": [*other, "eager", *rest],
        }
        times = {key: [] for key in commands}
        for _ in range(options.rounds):
            for key, command in commands.items():
                answer = subprocess.run(command, capture_output=True, text=True, check=True)
                times[key].append(float(answer.stdout.split()[0]))
        medians = {key: statistics.median(values) for key, values in times.items()}
        ours = medians["needletail"]
        results.append({"model": name, "rows": rows, **medians})
        print(
            f"{name:8} {rows:5} rows: needletail {ours:.4f} ms, compiled {medians['compiled']:.4f} ms"
            f" (ratio {ours / medians['compiled']:.3f}), eager {medians['eager']:.4f} ms"
            f" (ratio {ours / medians['eager']:.3f})",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--variant"]:
        kind, package, width, rows, seconds = sys.argv[2:]
        torch_variant(kind, package, int(width), int(rows), float(seconds))
    else:
        main()
