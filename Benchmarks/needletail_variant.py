"""Our side: the executable NeedletailBenchmark, which runs one job for each line it is sent."""

import json
import os
import subprocess


class NeedletailVariant:
    """One running NeedletailBenchmark, with its session; it ends when its input ends."""

    def __init__(self, program, remote, table, model, model_path, columnar, loads_file, log, mode):
        self.log = log
        scan = "native" if columnar == "scan" else "spark"
        columnar = "off" if columnar == "scan" else columnar
        self.process = subprocess.Popen(
            [
                str(program),
                *("--remote", remote),
                *("--input", str(table)),
                *("--model", model),
                *("--model-path", str(model_path)),
                *("--columnar", columnar),
                *("--scan", scan),
                *("--loads-file", str(loads_file)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(log, "wb"),
            text=True,
            env={**os.environ, "NEEDLETAIL_EXECUTION_MODE": mode},
        )

    def run(self):
        """Runs the job once; returns its wall seconds, measured by the program."""
        try:
            self.process.stdin.write("run\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.process.wait()
            tail = self.log.read_text(errors="replace")[-3000:]
            raise SystemExit(
                f"NeedletailBenchmark ended with {self.process.returncode}; its last words:\n{tail}"
            )
        return json.loads(line)["wall_s"]

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(30)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
