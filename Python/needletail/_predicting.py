"""`predicting`: from Python's arguments to the command's options, and from its plan to new columns."""

import atexit
import json
import os
import shutil
import tempfile
import warnings
from functools import cache
from typing import Any, Dict, Mapping, Optional, Sequence, Union
from weakref import WeakKeyDictionary

from pyspark.sql import DataFrame
from pyspark.sql.types import StructField, StructType

from . import _command
from ._command import NeedletailError
from ._execution import Call, Choice, asked, explained, returned_type

# What sessions were sent before, by their names.
_sent: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()


@cache
def _folder() -> str:
    """The folder for what executors need. Classic sessions read it as long as they live."""
    folder = tempfile.mkdtemp(prefix="needletail-plans-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _text(value: Any) -> str:
    """The value of an option or a constant, as the command reads it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return value if value == "zeros" else json.dumps(value)


def predicting(
    df: DataFrame,
    model: Union[str, "os.PathLike[str]"],
    *,
    inputs: Mapping[str, Union[str, Sequence[str]]] = {},
    outputs: Mapping[str, str] = {},
    only: Sequence[str] = (),
    into: Optional[str] = None,
    batch_size: Optional[int] = None,
    batch_dimension: Optional[str] = None,
    rows: str = "checked",
    on_null: str = "fail",
    on_ragged: str = "fail",
    on_error: str = "fail",
    max_errors: Union[int, str, None] = None,
    softmax: Sequence[str] = (),
    argmax: Sequence[str] = (),
    top_k: Union[int, str, None] = None,
    labels: Union[str, "os.PathLike[str]", None] = None,
    round: Union[int, Mapping[str, int], None] = None,
    output_as: Union[str, Mapping[str, str], None] = None,
    shapes: Mapping[str, Sequence[int]] = {},
    constants: Mapping[str, Any] = {},
    options: Mapping[str, Any] = {},
    headers: Mapping[str, str] = {},
    deterministic: bool = False,
    execution_mode: Optional[str] = None,
) -> DataFrame:
    """Adds the outputs of a model as columns.

    The arguments are the options of `needletail predict` (docs/Predicting.md): `on_error="column=why"` is
    `--on-error column=why`. Everything is checked against the model and the table's schema at once; the
    model runs when the table is computed.

    :param model: a file, a folder, a model's id (`hf:ORG/NAME`), one of MLflow
        (`models:/NAME@ALIAS`), or the address of one on a server.
    :param inputs: the column, or columns, that feed each input of the model; an input that is not given
        takes the column of its name. `"s.x"` is a field of a struct.
    :param outputs: names of the new columns by output; others keep their names.
    :param only: the outputs that are wanted; all without it.
    :param into: the name of one new column, a struct with the outputs as its fields.
    :param top_k: `5`, or `"OUTPUT=5"`.
    :param round: decimal places of all floating-point numbers, or by output: `{"p": 3}`.
    :param output_as: `"array"`, `"vector"` (of Spark ML) or `"binary"` of the only output with rows of
        numbers, or by output: `{"embedding": "vector"}`.
    :param constants: values of inputs that no column feeds; `"zeros"` for zeros.
    :param options: options of the model, such as `{"threads": 2, "provider": "cuda"}`.
    :param deterministic: whether Spark may compute predictions again, and filter before them.
    :param execution_mode: how executors come to run the program: `"direct"`, in the place of Python;
        `"shim"`, beside their own Python, which passes the batches on; `"auto"`, which finds out. Without
        it what NEEDLETAIL_EXECUTION_MODE says, or `"auto"`.
    :raises NeedletailError: that names the input, output or column that does not fit, or what the session
        refuses.
    """
    arguments = [os.fspath(model)]
    single = {
        "into": into, "batch-size": batch_size, "batch-dimension": batch_dimension, "rows": rows,
        "on-null": on_null, "on-ragged": on_ragged, "on-error": on_error, "max-errors": max_errors,
        "top-k": top_k, "labels": None if labels is None else os.fspath(labels),
    }
    for name, value in single.items():
        if value is not None:
            arguments.append(f"--{name}={value}")
    for name, names in (("outputs", only), ("softmax", softmax), ("argmax", argmax)):
        if isinstance(names, str):
            raise TypeError(f"{'only' if name == 'outputs' else name} is a list of names: [{names!r}]")
        arguments += [f"--{name}={output}" for output in names]
    for name, value in (("round", round), ("output-as", output_as)):
        if isinstance(value, Mapping):
            arguments += [f"--{name}={output}={each}" for output, each in value.items()]
        elif value is not None:
            arguments.append(f"--{name}={value}")
    for name, columns in inputs.items():
        listed = [columns] if isinstance(columns, str) else columns
        arguments.append(f"--map={name}=" + ",".join(map(_quoted, listed)))
    arguments += [f"--output-map={name}={_quoted(column)}" for name, column in outputs.items()]
    arguments += [f"--shape={name}=" + ",".join(map(str, sizes)) for name, sizes in shapes.items()]
    arguments += [f"--constant={name}={_text(value)}" for name, value in constants.items()]
    for name, value in options.items():
        arguments.append(f"--option={name}={value if isinstance(value, str) else _text(value)}")
    arguments += [f"--header={name}: {value}" for name, value in headers.items()]
    if deterministic:
        arguments.append("--deterministic")
    return _predicted(df, arguments, asked(execution_mode))


def _predicted(df: DataFrame, arguments: Sequence[str], mode: str) -> DataFrame:
    """The table with the columns of the plan that the command makes of `arguments`."""
    from . import _classic, _connect

    is_remote = type(df).__module__.startswith("pyspark.sql.connect.")
    schema = df.schema
    with explained("the session does not tell of itself"):
        session: Any = (_connect if is_remote else _classic).Session(df.sparkSession)
        here = ["--here"] if session.is_here() else []
        version = session.spark.version
    plan = _command.plan(
        [*arguments, *here, "--files", _folder(), "--spark-version", version], schema.json())
    for output in plan["omitted"]:
        warnings.warn(f"left out: the output {output}", stacklevel=3)

    choice = Choice(session, plan, mode)
    with explained("the session does not take the program"):
        choice.begin()
        _send(session, plan["files"])
        execution = choice.finish()
        settings = choice.settings()
    for change in plan["settings"]:
        name, old = change["name"], change.get("replaces")
        try:
            with explained(f"the session does not take the setting {name}"):
                if old is None or session.spark.conf.get(name) == old:
                    session.spark.conf.set(name, change["value"])
        except NeedletailError:
            # They make queries faster and no different, and a server that keeps its Python may refuse them.
            if execution.mode == "direct":
                raise

    for vector in plan["vectors"]:
        df = df.withColumn(vector["array"], session.array(_quoted(vector["column"])))
    # The struct of all outputs is computed once; its fields become the columns.
    results = "needletail.predictions"
    df = _added(df, session, results, execution.call(plan, "function", settings))
    metadata = json.loads(plan["metadata"])
    struct = session.column(_quoted(results))
    new = {plan["structure"]: struct} if "structure" in plan else {
        name: struct.getField(name) for name in plan["columns"]}
    df = df.select("*", *(column.alias(name, metadata=metadata) for name, column in new.items()))
    return df.drop(results, *(vector["array"] for vector in plan["vectors"]))


def _send(session: Any, files: Sequence[Dict[str, str]]) -> None:
    """Sends each file once."""
    sent = _sent.setdefault(session.owner, set())
    for file in files:
        path, folder = file["path"], file.get("folder")
        if path in sent:
            continue
        if folder:
            session.spark.addArtifacts(f"{path}#{folder}", archive=True)
        else:
            session.spark.addArtifacts(path, file=True)
        sent.add(path)


def _added(df: DataFrame, session: Any, name: str, call: Call) -> DataFrame:
    """The table with what the function gives as its last column."""
    if not call.carries:
        return df.withColumn(name, session.call(call))
    # The others pass by it, at their places: two may have one name.
    arguments = session.arguments(call)
    table = df.select("*", *arguments)
    table = table.toDF(*(f"_{place}" for place in range(len(df.columns) + len(arguments))))
    result = StructField(name, returned_type(call))
    returned = StructType([*df.schema.fields, result])
    return session.map(table, call._replace(returned=returned.json()))
