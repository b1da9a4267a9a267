"""Runs the commands of docs/Serving.md against `needletail serve` and compares what they print.

A block marked `console` has commands behind "$ " and what they print below; "..." in a line stands for
anything. The server gets free ports, which replace the documented ones. All commands run in one shell, in
the project's folder.

    NEEDLETAIL_BIN=... python scripts/checks/serving_docs.py
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from documents import blocks, matches  # noqa: E402

DOCUMENT = ROOT / "docs" / "Serving.md"
END = "=end of command="


def commands():
    """Commands with the lines that they print."""
    found = []
    for block in blocks(DOCUMENT):
        for line in block.lines if block.language == "console" else []:
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def main():
    if shutil.which("curl") is None or shutil.which("bash") is None:
        print("curl or bash is missing: the commands of docs/Serving.md are not tried")
        return 77
    program = Path(os.environ["NEEDLETAIL_BIN"]) / "needletail"
    words = [program, "serve", "Examples/QuickStart/digits.onnx", "--json"]
    for service in ("http", "grpc", "metrics"):
        words += [f"--{service}-port", "0"]
    server = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        ports = json.loads(server.stdout.readline())
        script = ""
        for command, _ in commands():
            for documented, port in ((8000, ports["http"]), (8002, ports["metrics"])):
                command = command.replace(f"localhost:{documented}", f"127.0.0.1:{port}")
            script += f"{command}\necho; echo '{END}'\n"
        done = subprocess.run(
            ["bash"], input=script, cwd=ROOT, capture_output=True, text=True, timeout=120,
            check=False)
    finally:
        server.terminate()
        server.wait(30)
    failed = 0
    answers = done.stdout.split(END + "\n")
    for (command, wanted), said in zip(commands(), answers):
        lines = [line.rstrip("\r") for line in said.split("\n") if line.strip()]
        if len(lines) != len(wanted) or not all(map(matches, wanted, lines)):
            failed += 1
            print(f"$ {command}\nwanted:\n  " + "\n  ".join(wanted))
            print("printed:\n  " + "\n  ".join(lines) + "\n" + done.stderr[-500:])
    print(f"docs/Serving.md: {len(commands())} commands, {failed} print something else")
    if not commands() or len(answers) != len(commands()) + 1:
        print(f"{len(answers) - 1} of {len(commands())} commands ran: {done.stderr[-1000:]}")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
