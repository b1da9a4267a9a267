"""Tables for the proofs: the digits, and eight numbers a row as CSV and as JSON lines."""

import json
import shutil

from bare_systems.common import EXAMPLE
from bare_systems.systems import ROOT


def make(folder):
    folder.mkdir()
    for path in [*EXAMPLE.glob("digits.*"), ROOT / "Tests/Models/eight_features.onnx"]:
        shutil.copy(path, folder)
    rows = [
        (row, [round((row * 37 + column * 101) % 997 / 250 - 2, 3) for column in range(8)])
        for row in range(1000)]
    lines = ["id,a,b,c,d,e,f,g,h"] + [f"{row}," + ",".join(f"{n:.3f}" for n in numbers) for row, numbers in rows]
    (folder / "houses.csv").write_text("\n".join(lines) + "\n")
    lines = [json.dumps({"id": row, "features": numbers}) for row, numbers in rows]
    (folder / "houses.json").write_text("\n".join(lines) + "\n")
