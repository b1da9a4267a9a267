/// The Python between Spark's own Python worker and this program, where a server does not let the program
/// be the worker: it moves Arrow batches and decides nothing.
///
/// To the program it speaks as Spark 4.3 does to a worker at a Unix socket, whichever version Spark is, so
/// that the program serves it with the same daemon, memory rules and errors. What differs between calls
/// comes as data (`spec`, `command`), never as part of the text.
enum ShimSource {
  /// The name of the file in Python's tracebacks.
  static let file = "needletail_shim.py"

  /// The source; runs with Python 3.9 and pyarrow 11, and later.
  static let text = #"""
    """Moves batches between Spark's Python worker and a Needletail program on the same machine."""
    import collections, fcntl, itertools, json, os, select, socket, struct, subprocess, threading
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple
    import pyarrow as pa
    from pyspark import BarrierTaskContext, SparkFiles, TaskContext
    from pyspark.sql.types import DataType, _parse_datatype_json_string

    # Spark's special lengths.
    END_OF_DATA, EXCEPTION, TIMES, END, ARROW, INITIALIZATION = -1, -2, -3, -4, -6, -8
    START_SECONDS = 120


    def number(value: int) -> bytes:
        return struct.pack(">i", value)


    def counted(data: bytes) -> bytes:
        return number(len(data)) + data


    def pairs(values: Dict[str, str]) -> bytes:
        texts = [text.encode() for pair in sorted(values.items()) for text in pair]
        return number(len(values)) + b"".join(map(counted, texts))


    def task(spec: Dict[str, Any], command: bytes, folder: str) -> bytes:
        """What Spark tells a worker before the rows."""
        context = TaskContext.get()
        barrier = isinstance(context, BarrierTaskContext)
        meeting = getattr(context, "_conn_info", None)
        identity = {
            "isBarrier": barrier,
            "connInfo": getattr(context, "_port", None) if meeting is None else meeting,
            "secret": getattr(context, "_secret", None),
            "stageId": context.stageId(), "partitionId": context.partitionId(),
            "attemptNumber": context.attemptNumber(), "taskAttemptId": context.taskAttemptId(),
            "cpus": int(context.cpus()),
            "resources": {
                name: {"addresses": list(found.addresses)}
                for name, found in context.resources().items()},
        }
        body = number(context.partitionId()) + counted(spec["version"].encode())
        body += counted(json.dumps(identity).encode()) + counted(folder.encode())
        body += number(0) + b"\0" + number(0) + number(spec["evaluation"])
        body += pairs(spec["settings"]) + pairs({}) + number(1) + number(len(spec["columns"]))
        body += b"".join(number(column) + b"\0" for column in spec["columns"])
        body += number(1) + counted(command) + struct.pack(">q", 0)
        return number(INITIALIZATION) + counted(body)


    def executor() -> int:
        """The process of the executor: the parent of this one, or of the pyspark daemon that forked it."""
        parent = os.getppid()
        try:
            if os.readlink("/proc/%d/exe" % parent) == os.readlink("/proc/self/exe"):
                with open("/proc/%d/stat" % parent) as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            return 0
        return parent if parent > 1 else 0


    def attempt(address: str) -> Optional[socket.socket]:
        channel = socket.socket(socket.AF_UNIX)
        try:
            channel.connect(address)
            return channel
        except (FileNotFoundError, ConnectionRefusedError):
            channel.close()
            return None


    def start(spec: Dict[str, Any], folder: str, address: str) -> socket.socket:
        """Starts the program for all tasks of the session on this executor, unless another has."""
        with open(os.path.join(folder, spec["socket"] + ".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            channel = attempt(address)
            if channel is not None:
                return channel
            if os.path.lexists(address):
                os.unlink(address)
            program = os.path.join(folder, spec["program"])
            words = [program] if os.path.isabs(spec["program"]) else ["/bin/sh", program]
            variables = {
                name: value for name, value in os.environ.items()
                if not name.startswith(("PYTHON", "PYSPARK")) and name != "OMP_NUM_THREADS"}
            variables["NEEDLETAIL_EXECUTOR_PID"] = str(executor())
            path = os.path.join(folder, spec["socket"] + ".log")
            with open(path, "wb") as errors:
                try:
                    child = subprocess.Popen(
                        words + ["-m", "needletail.daemon", spec["socket"]], cwd=folder,
                        env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                        stderr=errors, start_new_session=True)
                except OSError as error:
                    raise RuntimeError(spec["startFailure"] + str(error)) from None
            ready = select.select([child.stdout], [], [], START_SECONDS)[0]
            if ready and child.stdout.read(4):
                channel = attempt(address)
            if channel is None:
                child.kill()
                with open(path, errors="replace") as errors:
                    said = errors.read()[-2000:].strip()
                raise RuntimeError(spec["startFailure"] + (
                    said or "it said nothing (status %s)" % child.wait()))
            return channel


    def connect(spec: Dict[str, Any], folder: str) -> socket.socket:
        directory = os.open(folder, os.O_RDONLY)
        try:
            # By the descriptor, since the path of a socket must be short.
            address = "/proc/self/fd/%d/%s" % (directory, spec["socket"])
            for _ in range(5):
                channel = attempt(address) or start(spec, folder, address)
                # One that is about to end takes the connection and says nothing.
                if len(channel.recv(4, socket.MSG_WAITALL)) == 4:
                    return channel
                channel.close()
        finally:
            os.close(directory)
        raise RuntimeError(spec["startFailure"] + "it ends as soon as it has started")


    def answers(
        spec: Dict[str, Any], command: bytes, schema: pa.Schema, batches: Iterator[pa.RecordBatch]
    ) -> Iterator[pa.RecordBatch]:
        """What the program makes of `batches`."""
        folder = os.path.abspath(SparkFiles.getRootDirectory())
        channel = connect(spec, folder)
        failures: List[BaseException] = []
        over = threading.Event()

        def feed() -> None:
            # In a thread of its own, so that Spark, the program and this process work at the same time.
            try:
                with channel.makefile("wb", 1 << 16) as sink:
                    sink.write(task(spec, command, folder))
                    writer = pa.ipc.new_stream(sink, schema)
                    for batch in batches:
                        if over.is_set():
                            return
                        writer.write_batch(batch)
                    writer.close()
                    sink.write(number(END))
            except BaseException as error:
                failures.append(error)
                if not over.is_set():
                    channel.shutdown(socket.SHUT_RDWR)

        feeder = threading.Thread(target=feed, daemon=True)
        try:
            with channel.makefile("rb", 1 << 16) as source:

                def take(count: int) -> bytes:
                    data = source.read(count)
                    if len(data) < count:
                        raise EOFError
                    return data

                def taken() -> int:
                    return int(struct.unpack(">i", take(4))[0])

                feeder.start()
                mark = taken()
                while mark != END_OF_DATA:
                    if mark == ARROW:
                        for batch in pa.ipc.open_stream(source):
                            yield batch
                    elif mark == TIMES:
                        take(48)
                    elif mark == EXCEPTION:
                        raise RuntimeError(take(taken()).decode(errors="replace"))
                    else:
                        raise RuntimeError("%s (%d instead of a mark)" % (spec["lost"], mark))
                    mark = taken()
                taken()
                complete = taken() == END
                over.set()
                if not complete:
                    channel.shutdown(socket.SHUT_RDWR)
                feeder.join()
                if complete and failures:
                    raise failures[0]
        except EOFError:
            if failures:
                raise failures[0]
            raise RuntimeError(spec["lost"])
        finally:
            over.set()
            try:
                channel.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            channel.close()


    def readable(spec: Dict[str, Any], batches: Iterator[Any]) -> Iterator[Any]:
        """`batches` as Spark's own Python gives them, and what it says where pyarrow lacks a column's type."""
        try:
            yield from batches
        except (KeyError, pa.lib.ArrowNotImplementedError) as error:
            raise RuntimeError("%s%r" % (spec["unreadable"], error)) from error


    def table(spec: Dict[str, Any], command: bytes) -> Callable[..., Iterator[pa.RecordBatch]]:
        """A function of mapInArrow: batches of all columns."""

        def wrapped(batch: pa.RecordBatch) -> pa.RecordBatch:
            if batch.num_columns == 0:
                column = pa.array([{}] * batch.num_rows, pa.struct([]))
            else:
                column = pa.StructArray.from_arrays(batch.columns, fields=list(batch.schema))
            return pa.RecordBatch.from_arrays([column], ["_0"])

        def function(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            inputs = map(wrapped, readable(spec, batches))
            first = list(itertools.islice(inputs, 1))
            schema = first[0].schema if first else pa.schema([("_0", pa.struct([]))])
            for batch in answers(spec, command, schema, itertools.chain(first, inputs)):
                yield pa.RecordBatch.from_struct_array(batch.column(0))

        return function


    def column(spec: Dict[str, Any], command: bytes) -> Callable[..., Iterator[pa.Array]]:
        """A function of columns: one array, or a tuple of them, for each batch."""

        def batch(arrays: Any) -> pa.RecordBatch:
            columns = list(arrays) if isinstance(arrays, tuple) else [arrays]
            return pa.RecordBatch.from_arrays(columns, ["_%d" % i for i in range(len(columns))])

        def function(arguments: Iterator[Any]) -> Iterator[pa.Array]:
            inputs = map(batch, readable(spec, arguments))
            first = list(itertools.islice(inputs, 1))
            if first:
                # Who calls a function by its name in SQL may give it more or fewer than it takes.
                given = dict(spec, columns=spec["columns"] and list(range(first[0].num_columns)))
                for result in answers(
                    given, command, first[0].schema, itertools.chain(first, inputs)
                ):
                    yield result.column(0)

        return function


    def carried(spec: Dict[str, Any], command: bytes) -> Callable[..., Iterator[pa.RecordBatch]]:
        """A function of mapInArrow: batches of columns that pass by, and of its arguments behind them."""
        count = spec["passing"]
        waiting: "collections.deque[Tuple[int, List[pa.Array]]]" = collections.deque()

        def arguments(batch: pa.RecordBatch) -> pa.RecordBatch:
            waiting.append((batch.num_rows, batch.columns[:count]))
            columns = batch.columns[count:]
            return pa.RecordBatch.from_arrays(columns, ["_%d" % i for i in range(len(columns))])

        def function(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            inputs = map(arguments, (batch for batch in readable(spec, batches) if batch.num_rows))
            first = list(itertools.islice(inputs, 1))
            if not first:
                return
            given = dict(spec, columns=spec["columns"] and list(range(first[0].num_columns)))
            names = ["_%d" % i for i in range(count + 1)]
            for results in answers(given, command, first[0].schema, itertools.chain(first, inputs)):
                # The program may cut batches elsewhere.
                done, total = 0, results.num_rows
                while done < total:
                    if not waiting:
                        raise RuntimeError(spec["lost"])
                    rows, passing = waiting.popleft()
                    taken = min(rows, total - done)
                    if taken < rows:
                        rest = [column.slice(taken) for column in passing]
                        waiting.appendleft((rows - taken, rest))
                        passing = [column.slice(0, taken) for column in passing]
                    yield pa.RecordBatch.from_arrays(
                        passing + [results.column(0).slice(done, taken)], names)
                    done += taken
            if waiting:
                raise RuntimeError(spec["lost"])

        return function


    def make(spec: str, command: bytes, kind: str) -> Tuple[Callable[..., Any], DataType]:
        given = json.loads(spec)
        function = table if given["table"] else column if given.get("passing") is None else carried
        return function(given, command), _parse_datatype_json_string(kind)
    """# + "\n"
}
