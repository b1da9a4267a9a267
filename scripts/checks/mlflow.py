#!/usr/bin/env python3
"""Models of a real MLflow server: what the command finds by each form of a name, and what it refuses.

    .venv-writers/bin/python scripts/checks/mlflow.py [--needletail PROGRAM]

Starts `mlflow server` on a port of this machine, logs models with MLflow's own client, and asks the command
for them. Exits 77 where MLflow or the command is missing.
"""
import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

# This file is called as the package is.
sys.path.pop(0)
ROOT = Path(__file__).resolve().parents[2]
SAVED_MODELS = ROOT / "Tests" / "TensorFlowRuntimeTests" / "Models"
TIME_LIMIT = 240
USAGE, FAILED = 64, 1


class Check:
    """Counts what passed and tells what did not."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def __call__(self, title, wrong):
        print(f"{'FAILED' if wrong else 'ok'}  {title}", flush=True)
        if wrong:
            print(f"        {wrong}", flush=True)
            self.failed += 1
        else:
            self.passed += 1


class Place:
    """The server, a cache, and the command."""

    def __init__(self, program, scratch):
        self.program, self.scratch = program, scratch
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        (scratch / "server").mkdir()
        self.log = scratch / "server.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        with open(self.log, "wb") as log:
            self.server = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
                 "--workers", "1"],
                cwd=scratch / "server", env=kept, stdout=log, stderr=log, start_new_session=True)

    def wait(self):
        """What is wrong with the server, if it does not get ready."""
        deadline = time.monotonic() + TIME_LIMIT
        while time.monotonic() < deadline:
            if self.server.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=2):
                    return ""
            except OSError:
                time.sleep(0.5)
        return self.log.read_text(errors="replace")[-2000:] or "no answer"

    def stop(self):
        # Its workers are of its session.
        try:
            os.killpg(self.server.pid, 15)
            self.server.wait(timeout=20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.server.pid, 9)
        except ProcessLookupError:
            pass

    def run(self, *words, **more):
        kept = {
            name: value for name, value in os.environ.items()
            if not name.startswith("MLFLOW_") and not name.lower().endswith("_proxy")}
        environment = kept | {
            "MLFLOW_TRACKING_URI": self.address,
            "NEEDLETAIL_MLFLOW_CACHE": str(self.scratch / "cache")} | more
        done = subprocess.run(
            [str(self.program), *map(str, words)], env=environment, cwd=self.scratch, text=True,
            capture_output=True, timeout=TIME_LIMIT)
        return done.returncode, done.stdout, done.stderr

    def same(self, name, local, warning=None, **more):
        """What is wrong with what the command tells of a model; it must be that of a file or folder."""
        status, out, error = self.run("inspect", name, "--json", **more)
        if status != 0:
            return f"status {status}: {error}"
        status, expected, error = self.run("inspect", local, "--json")
        if status != 0:
            return f"status {status} of {local}: {error}"
        found, expected = json.loads(out), json.loads(expected)
        warnings = found.pop("warnings")
        expected.pop("warnings")
        if warning is None and warnings or warning and warning not in "".join(warnings):
            return f"the warnings are {warnings}"
        return "" if found == expected else f"{found}, expected {expected}"


def log_models(place):
    """Logs what the checks ask for; returns the folder of the ONNX model and the run of the others."""
    import mlflow
    import mlflow.onnx
    import numpy
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec
    from onnx import TensorProto, helper, load, numpy_helper, save_model

    weights = numpy.arange(4000 * 3, dtype=numpy.float32).reshape(4000, 3) / 12000
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 4000])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 3])],
        [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    local = place.scratch / "linear.onnx"
    save_model(model, str(local))

    def tensors(name, *shape):
        return Schema([TensorSpec(numpy.dtype("float32"), shape, name)])

    mlflow.set_tracking_uri(place.address)
    right = ModelSignature(tensors("x", -1, 4000), tensors("y", -1, 3))
    wrong = ModelSignature(Schema([ColSpec("double", name) for name in "abc"]), tensors("z", -1, 3))
    with mlflow.start_run() as run:
        for signature in (right, wrong):
            # It writes the weights into a file of their own.
            logged = mlflow.onnx.log_model(
                load(str(local)), name="net", signature=signature, registered_model_name="linear")
            if signature is right:
                first = logged.model_id
        # TensorFlow is not here: its model is logged as mlflow.tensorflow would.
        client = mlflow.MlflowClient()
        folder = place.scratch / "tensorflow"
        saved = next(SAVED_MODELS.glob("*/saved_model.pb")).parent
        shutil.copytree(saved, folder / "tf2model")
        (folder / "MLmodel").write_text(
            "flavors:\n  tensorflow:\n    code: null\n    model_type: tf2-module\n"
            "    saved_model_dir: tf2model\nmodel_uuid: by-hand\n")
        client.log_artifacts(run.info.run_id, str(folder), "tensorflow")
        (folder / "MLmodel").write_text(
            "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
            "  sklearn:\n    pickled_model: model.pkl\nmodel_uuid: by-hand-2\n")
        client.log_artifact(run.info.run_id, str(folder / "MLmodel"), "sklearn")
    client.set_registered_model_alias("linear", "champion", "1")
    client.transition_model_version_stage("linear", "1", "Production")
    return local, saved, run.info.run_id, first


def check_names(check, place, local, saved, run, first):
    for name in ("models:/linear/1", "models:/linear@champion", "models:/linear/production",
                 "mlflow:models:/linear/1", f"models:/{first}"):
        check(name, place.same(name, local))
    check("the server before the name", place.same(
        f"mlflow:{place.address}/models:/linear/1", local, MLFLOW_TRACKING_URI=""))
    check("another signature is told", place.same(
        "models:/linear/latest", local, warning="names 3 columns"))
    check("the newest of a run's models of one name", place.same(
        f"runs:/{run}/net", local, warning="names 3 columns"))
    status, _, error = place.run("inspect", saved)
    if status != 0:
        print(f"skipped  a SavedModel of a run: {error}")
    else:
        check("a SavedModel of a run", place.same(f"runs:/{run}/tensorflow", saved))
    files = sorted((place.scratch / "cache").rglob("*.onnx"))
    before = [(file, file.stat().st_ino) for file in files]
    check("what was fetched is not fetched again", place.same("models:/linear/1", local))
    after = [(file, file.stat().st_ino) for file in sorted((place.scratch / "cache").rglob("*.onnx"))]
    check("the cache is as it was", "" if before and before == after else f"{before}, {after}")


def check_folder(check, place, local):
    """What MLflow's own client fetches is a folder that can be named."""
    import mlflow
    folder = place.scratch / "fetched"
    mlflow.artifacts.download_artifacts("models:/linear/1", dst_path=str(folder))
    check("a folder with MLmodel", place.same(folder, local, MLFLOW_TRACKING_URI=""))


def check_refusals(check, place, run):
    def fails(title, name, status, *says, **more):
        got, _, error = place.run("inspect", name, **more)
        missing = [text for text in says if text not in error]
        check(title, "" if got == status and not missing else f"status {got}, {missing}: {error}")

    fails("no such model", "models:/other/1", USAGE, "does not have version 1 of the model 'other'")
    fails("no such version", "models:/linear/9", USAGE, "version 9 of the model 'linear'")
    fails("no such alias", "models:/linear@nobody", USAGE, "with the alias 'nobody'")
    fails("no such stage", "models:/linear/Staging", USAGE, "in the stage 'Staging'")
    fails("no such logged model", "models:/m-0", USAGE, "the logged model 'm-0'")
    fails("no such run", "runs:/0/net", USAGE, "the run '0'")
    fails("no model in a run", f"runs:/{run}/nothing", USAGE, "there is no file MLmodel")
    fails("another flavor", f"runs:/{run}/sklearn", USAGE, "the flavor sklearn",
          "skl2onnx", "mlflow.onnx.log_model")
    fails("no server", "models:/linear/1", USAGE, "set MLFLOW_TRACKING_URI", MLFLOW_TRACKING_URI="")
    fails("a server that is not there", "models:/linear/1", FAILED, "cannot be had from",
          MLFLOW_TRACKING_URI="http://127.0.0.1:1")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    folder = os.environ.get("NEEDLETAIL_BIN", ROOT / ".build" / "debug")
    parser.add_argument("--needletail", type=Path, default=Path(folder) / "needletail")
    program = parser.parse_args().needletail
    try:
        import mlflow
    except ImportError:
        print("mlflow is not in this Python: scripts/lib/writers.sh installs it")
        return 77
    if not program.exists():
        print(f"there is no {program}: build it, or name it with --needletail")
        return 77
    print(f"mlflow {mlflow.__version__}")
    check = Check()
    scratch = Path(tempfile.mkdtemp(prefix="needletail-mlflow-"))
    place = Place(program.resolve(), scratch)
    try:
        if wrong := place.wait():
            print(f"the server did not start: {wrong}")
            return 1
        local, saved, run, first = log_models(place)
        check_names(check, place, local, saved, run, first)
        check_folder(check, place, local)
        check_refusals(check, place, run)
    finally:
        place.stop()
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
