import ArgumentParser
import Needletail

/// How Spark's executors run the program.
struct ExecutionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How Spark's executors run the program: direct (in the place of their Python), shim (their own "
        + "Python passes the batches to it, for servers that let no session choose its Python), or auto "
        + "(direct where it works). Default: NEEDLETAIL_EXECUTION_MODE, else auto.",
      valueName: "auto|direct|shim"))
  var executionMode: ExecutionMode?

  @OptionGroup
  var worker: WorkerExecutableOption

  /// Those that were given, and ask for Spark.
  var ofSpark: [String] {
    var given: [String] = []
    if let executionMode, executionMode != .auto {
      given.append("--execution-mode \(executionMode.rawValue)")
    }
    if case .installed? = worker.workerExecutable { given.append("--worker-executable") }
    return given
  }
}
