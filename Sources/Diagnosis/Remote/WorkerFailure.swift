import Deployment
import SparkConnect

/// Why workers do not start, by what Spark, the system's loader or Python say.
enum WorkerFailure {
  // The first that fits is told: the more exact ones come first.
  private static let remedies: Remedies = [
    ["version `GLIBC_", "version 'GLIBC_"]: """
    The executors' system is older than the one that built this program: build it there, \
    or on a system as old (Debian 11, Rocky 9)
    """,
    ["error while loading shared libraries"]: """
    Ask the operator: 'Please install the library that the message names on the \
    executors'; or build the program with --static-swift-stdlib if it is one of Swift's
    """,
    ["error=13", "Permission denied"]: """
    The executors may not start programs where Spark unpacks files. Ask the operator: \
    'Please put spark.local.dir (on YARN yarn.nodemanager.local-dirs) on a file system \
    that is mounted without noexec, or install the program, which I name with \
    --worker-executable installed:PATH'
    """,
    ["error=8", "Exec format error"]: """
    The executors have another processor than the one that this program was built for: \
    build it for theirs
    """,
    ["error=2,", "No such file or directory"]: """
    The program is not where the executors look for it. With --worker-executable or \
    NEEDLETAIL_WORKER, correct the path; else ask the operator: 'Do artifacts of Spark Connect sessions reach the \
    executors?'
    """,
    ["BUILD_MISMATCH"]: """
    The program that is installed on the executors is another build: install this one \
    there, or let it be sent: --worker-executable sent
    """,
    [
      "UnpicklingError", "pickle data", "PYTHON_VERSION_MISMATCH", "ModuleNotFoundError",
      "pyspark/worker.py",
    ]: """
    The server starts its own Python, whatever the session sets, so programs cannot \
    replace it there. Ask the operator: 'Please let \(WorkerSettings.executable) of the \
    session choose the worker'
    """,
    ["INVALID_INITIALIZATION"]: """
    The server's maker has changed the protocol of workers; use a plain Spark \
    \(SparkVersion.supported)
    """,
    ["Initial job has not accepted any resources", "timed out", "DEADLINE"]: """
    No executor has taken the task. Ask the operator: 'Does the cluster have free \
    executors for me?'
    """,
    ["EOFException", "Python worker exited", "WORKER_LOST"]: """
    The program ended as it started. Ask the operator: 'What does the log of an executor \
    (stderr) say, and is there memory for another process \
    (spark.executor.memoryOverhead)?'
    """,
    ["ot implemented", "ot supported", "nsupported", "UNIMPLEMENTED"]: """
    The server has no such functions: it may be another engine that speaks Spark Connect; \
    tables and SQL work there, predictions need Spark \(SparkVersion.supported)
    """,
  ]

  // What only Python that passes batches on can lack.
  private static let remediesOfPython: Remedies = [
    ["Cannot run program \"python", "Cannot run program \"/usr/bin/python"]: """
    Ask the operator: 'Please install Python 3 with PySpark and pyarrow on the executors, or \
    name one that they have in spark.pyspark.python'
    """,
    ["PACKAGE_NOT_INSTALLED", "ModuleNotFoundError", "No module named"]: """
    Ask the operator: 'Please install the module that the message names (PySpark and pyarrow \
    are needed) for the executors' Python'
    """,
    ["PYTHON_VERSION_MISMATCH", "different version"]: """
    Correct or unset NEEDLETAIL_EXECUTOR_PYTHON: the message has the version of the \
    executors' Python
    """,
  ]

  /// `nil` if the text has no sign that is known.
  static func remedy(for text: String) -> String? {
    remedies.first(for: text)
  }

  /// The same for a program that Spark's own Python starts.
  static func remedyThroughPython(for text: String) -> String? {
    remediesOfPython.first(for: text) ?? remedies.first(for: text)
  }
}
