"""Checks that the server speaks Triton's protocol as the real tritonserver does, case by case.

    NEEDLETAIL_BIN=.build/debug .venv-peers/bin/python scripts/checks/kserve_conformance.py
        [--record] [--only SUBJECT]...

The questions of Tests/Triton/conformance.py go to the tritonserver of nvidia-pytriton and to the
program KServeFixture, which serves the same models. The real server must answer as it did when the
goldens in Tests/Triton/goldens were recorded (`--record` writes them anew), ours as the goldens
say: the same status, content type, shapes, bytes and message, but for what GISTS and BY_DESIGN
below name. Exits with 77 where one of the two servers is missing.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRITON = ROOT / "Tests" / "Triton"
GOLDENS = TRITON / "goldens"
sys.path.insert(0, str(TRITON))

# Messages that say the same in other words, or more: the case, and what both of them have in them.
GISTS = [
    ("http_wire: (JSON .*|a header length that cuts the JSON)|.*damaged( JSON, HTTP)?",
     "JSON|'(name|shape|datatype|data|inputs)'|invalid datatype"),
    ("mistakes: shape with (a negative|an open) dimension, HTTP", "JSON"),
    # The real one names no input, or one that overflow has made look right.
    ("mistakes: shape with (a negative|an open) dimension, gRPC", "input 'x' for model 'bench'"),
    ("mistakes: (empty|unknown) data-type, .*", "data-?type"),
    ("mistakes: one input too many, .*",
     r"expected 1 inputs but got 2 inputs for model 'bench'. Got input\(s\) \['"),
    # Whichever of the two is looked at first.
    ("mistakes: rows that differ, .*",
     "input 'in_int(8|16)' batch size does not match other inputs for 'echo'"),
    ("mistakes: strings, cut off, .*", "incomplete string data for inference input 'in_bytes'"),
    ("mistakes: strings, with a cut off length, .*",
     "incomplete string length indicator for inference input 'in_bytes' for model 'echo', "
     "expecting 4 bytes but only 2 bytes available"),
    # The kind of the model's own error is a matter of its language.
    ("(mistakes|streams): (failing model|a stream to a failing model).*",
     r"Failed to process the request\(s\) for model 'slow', message: "
     "(.*: )?the time must not be negative$"),
    ("streams: a failing stream.*", "the count must not be negative$"),
    ("repository: a load that fails, .*",
     "^load failed for model 'loads_once': version 1 is at UNAVAILABLE state: .*it has been loaded "
     "before"),
    ("repository: index with a model that cannot be loaded", "it has been loaded before"),
    ("classification: classes of (BF16|BOOL|FP16), .*",
     "class result not available for output .*due to unsupported type '(BF16|BOOL|FP16)'"),
    (".*of (a|the) wrong type", r"invalid value type for '\w+' parameter, expected int64_param"),
    ("grpc_wire: (nonsense for .*|a request that is cut off)", "Unable to parse"),
    ("grpc_wire: neither raw nor typed contents", "unable to find data for input tensor 'x'"),
    ("grpc_wire: typed contents .*", r"unexpected explicit tensor data for input tensor 'in_\w+'"),
    ("http_wire: an unknown encoding", "Unsupported compression type"),
    ("http_wire: bytes behind the last tensor",
     "unexpected additional input data for model 'bench'"),
    ("http_wire: fewer bytes than the JSON says", "unexpected size for input 'x'"),
    # The tensor has the name of the model's input here, none there.
    ("http_wire: (no body|nothing but a tensor that is too short)",
     r"input byte size mismatch for input '(x|raw_input)' for model 'bench'. Expected 3136, "
     r"got \d+$"),
    ("http_wire: nothing but a tensor, of many inputs",
     "Raw request must only have 1 input .* to be deduced but got 14 inputs in 'echo'"),
    ("shared_memory: register (more than there is|behind the end|nothing), .*",
     "shared.memory (region|object) '"),
]

OURS = {
    "name": "needletail", "version": "0.1.0", "extensions": [
        "classification", "model_repository", "model_repository(unload_dependents)",
        "schedule_policy", "model_configuration", "system_shared_memory", "binary_tensor_data",
        "parameters", "statistics", "trace", "logging"]}

# Answers that differ on purpose: the cases, why, and what is there instead. With a status or code
# the rest of the answer is not compared; None stands for a member that is not there.
BY_DESIGN = [
    ("questions: GET /v2", "It is another server, without sequences and CUDA.", {"body": OURS}),
    ("questions: ServerMetadata", "It is another server, without sequences and CUDA.",
     {"response": OURS}),
    ("questions: another (log|trace) setting",
     "The process decides what is logged; a setting that would have no effect is refused.",
     {"status": 501}),
    ("questions: a name in percents", "Percents stand for characters in every part of a path.",
     {"status": 200}),
    ("shared_memory: register a CUDA region", "There is no CUDA.", {"code": "UNIMPLEMENTED"}),
    ("shared_memory: register the same memory by another name, gRPC",
     "Several regions of one object do no harm.", {"code": "OK"}),
    ("shared_memory: register the same memory by another name, HTTP",
     "Several regions of one object do no harm.", {"status": 200}),
    ("mistakes: shape with a huge dimension, gRPC",
     "The real server's product of the dimensions overflows, and the model gets 0 rows.",
     {"code": "INVALID_ARGUMENT"}),
    ("mistakes: shape with a huge dimension, HTTP",
     "The real server's product of the dimensions overflows, and the model gets 0 rows.",
     {"status": 400}),
    ("classification: 0 classes, gRPC", "None are asked for, as over HTTP.", {"code": "OK"}),
    ("grpc_wire: more raw contents than inputs",
     "They are a client's mistake that would stay unseen; over HTTP both servers refuse them.",
     {"code": "INVALID_ARGUMENT"}),
    ("grpc_wire: the health of an unknown service", "So says gRPC's health protocol.",
     {"code": "NOT_FOUND"}),
    ("streams: nonsense on a stream", "The client is told, where the real server says nothing.", {
        "responses": [{"error": "Unable to parse the message, which is cut off: the field at byte "
                       "0 goes beyond its end", "raw": []}]}),
    ("http_wire: the answer (as JSON )?with .*(gzip|deflate)",
     "Numbers hardly get smaller, and some clients ask for it without being told to.",
     {"encoding": None}),
    ("http_wire: damaged (gzip|deflate)", "It says what is wrong.", {
        "message": "the request's body is not what its Content-Encoding says, or is cut off"}),
    ("http_wire: a header length of letters", "It says what is wrong.", {
        "message": "Unable to parse Inference-Header-Content-Length, got: x"}),
    ("http_wire: the metrics at a wrong path", "There is nothing.", {"status": 404}),
    ("deadline: a deadline, counted",
     "Nobody gets the result, so that it is no success; the real server counts it as one.",
     {"CANCELED": 1, "success": 0}),
]

# What a configuration says of the real server's repository, files and GPUs.
ITS_OWN = {
    "platform", "backend", "default_model_filename", "optimization", "cc_model_filenames",
    "metric_tags", "secondary_devices", "profile", "passive", "host_policy", "version_policy"}


def plain(value):
    """An answer without the paths and tracebacks that the real server tells and ours must not."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        value = re.sub(r"\n\nAt:\n(  .*\n)*", "", value)
        # The name of an instance's process.
        return re.sub(r"for model '(\w+)_0_0'", r"for model '\1'", value)
    return value


def without(value, names):
    if isinstance(value, dict):
        return {n: without(inner, names) for n, inner in value.items() if n not in names}
    return [without(inner, names) for inner in value] if isinstance(value, list) else value


def texts(value):
    """The messages in an answer, and the answer without them."""
    found = []

    def taken(value):
        if isinstance(value, dict):
            found.extend(v for n, v in value.items() if n in ("message", "error", "reason") and v)
            return {
                n: "text" if n in ("message", "error", "reason") and v else taken(v)
                for n, v in value.items()}
        return [taken(inner) for inner in value] if isinstance(value, list) else value

    rest = taken(value)
    return found, rest


def first(rules, name):
    return next((rule for rule in rules if re.fullmatch(rule[0], name)), None)


def difference(name, golden, ours):
    """How ours differs from the golden beyond what is allowed, or None; and whether by design."""
    if re.match("questions: (configuration|metadata)", name):
        golden, ours = without(golden, ITS_OWN), without(ours, ITS_OWN)
    if name == "counts: metrics":
        # Memory that is pinned for a GPU.
        golden = {"names": [line for line in golden["names"] if "nv_pinned_memory" not in line]}
    # Errors are JSON; depending on where in the real server they arise it calls them text.
    if "message" in golden and golden.get("type") == "text/plain" and isinstance(ours, dict):
        if ours.get("type") == "application/json":
            golden = {**golden, "type": "application/json"}
    design = first(BY_DESIGN, name)
    if design:
        if golden == ours:
            return "does not differ, though it should by design", True
        wanted = design[2]
        if "status" in wanted or "code" in wanted:
            ours = {member: ours.get(member) for member in wanted}
        else:
            wanted = {**golden, **wanted}
            wanted = {member: value for member, value in wanted.items() if value is not None}
        return (None if ours == wanted else f"is {ours}\n  by design {wanted}"), True
    gist = first(GISTS, name)
    if gist and golden != ours:
        (said, golden), (says, ours) = texts(golden), texts(ours)
        if len(said) != len(says) or not said:
            return f"says {says}, the real one {said}", False
        for text in said + says:
            if not re.search(gist[1], text):
                return f"says {says}, the real one {said}, both must have {gist[1]!r}", False
    return (None if golden == ours else f"is {ours}\n  the real {golden}"), False


def ask(server, subjects):
    """The answers of a server by subject and case."""
    answers = {}
    for subject in subjects:
        found = {}
        for name, answer in subject(server):
            if name in found:
                raise ValueError(f"two cases are called {name!r}")
            # As JSON has it, so that it can be compared with the goldens.
            found[name] = json.loads(json.dumps(plain(answer)))
        answers[subject.__name__] = found
    return answers


def real_server(Server, models):
    """The real server with the models of both folders, one of which writes into its own."""
    folder = tempfile.mkdtemp(prefix="needletail-models-")
    shutil.copytree(TRITON / "more_models", folder, dirs_exist_ok=True)
    try:
        return folder, Server.triton(*sorted(models), "--", f"--model-repository={folder}")
    except BaseException:
        shutil.rmtree(folder)
        raise


def compare_real(answers):
    """The number of cases in which the real server does not answer as it did."""
    wrong = 0
    for subject, cases in answers.items():
        golden = json.loads((GOLDENS / f"{subject}.json").read_text())
        for name in sorted(set(golden) | set(cases)):
            if golden.get(name) != cases.get(name):
                wrong += 1
                print(f"{subject}: {name}\n  the real server: {cases.get(name)}")
                print(f"  it was recorded: {golden.get(name)}")
    return wrong


def compare_ours(answers):
    """The number of cases, of those that differ by design, and of those that must not differ."""
    total = designed = wrong = 0
    used = set()
    for subject, cases in answers.items():
        golden = json.loads((GOLDENS / f"{subject}.json").read_text())
        for name in sorted(set(golden) | set(cases)):
            total += 1
            title = f"{subject}: {name}"
            used |= {rule[0] for rule in GISTS + BY_DESIGN if re.fullmatch(rule[0], title)}
            if name not in golden or name not in cases:
                wrong += 1
                print(f"{title}: only {'ours' if name in cases else 'the real one'} has the case")
                continue
            what, by_design = difference(title, golden[name], cases[name])
            designed += by_design
            if what:
                wrong += 1
                print(f"{title}\n  ours {what}")
    return total, designed, wrong, used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", action="store_true", help="write the goldens anew")
    parser.add_argument("--only", action="append", default=[], help="a subject")
    options = parser.parse_args()
    try:
        import conformance
        import pytriton  # noqa: F401
        from peers import Server, binaries
    except ImportError as error:
        print(f"skipped: {error}; the interpreter must be that of .venv-peers")
        return 77
    if not (binaries() / "KServeFixture").exists():
        print(f"skipped: no KServeFixture in {binaries()}; run `swift build --build-tests`")
        return 77
    subjects = [s for s in conformance.SUBJECTS if s.__name__ in options.only or not options.only]

    folder, server = real_server(Server, conformance.MODELS)
    try:
        with server:
            real = ask(server, subjects)
    finally:
        shutil.rmtree(folder)
    if options.record:
        GOLDENS.mkdir(exist_ok=True)
        for subject, cases in real.items():
            text = json.dumps(cases, indent=1, sort_keys=True, ensure_ascii=False)
            (GOLDENS / f"{subject}.json").write_text(text + "\n")
        print(f"recorded {sum(map(len, real.values()))} cases")
    changed = compare_real(real)

    with Server.fixture() as server:
        ours = ask(server, subjects)
    total, designed, wrong, used = compare_ours(ours)
    unused = [] if options.only else [r[0] for r in GISTS + BY_DESIGN if r[0] not in used]
    for rule in unused:
        print(f"no case is called {rule!r}")
    print(
        f"conformance: {total} cases, {wrong} differ, {designed} more do by design; the real "
        f"server answers otherwise than recorded in {changed}")
    return 1 if changed or wrong or unused or not total else 0


sys.exit(main())
