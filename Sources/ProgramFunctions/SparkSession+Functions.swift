import ArrowIPC
import Deployment
import FoundationEssentials
import HostProcesses
public import SparkConnect
package import SparkFunctions
package import SparkTypes

extension SparkSession {
  /// Connects and makes the program's functions usable in the session's queries.
  ///
  /// - Throws: ``SparkError`` if no server answers or it refuses, ``NeedletailError`` if
  ///   `NEEDLETAIL_EXECUTION_MODE` is no ``ExecutionMode``.
  public static func openForFunctions(_ remote: String) async throws -> SparkSession {
    let mode = try ExecutionMode.ofEnvironment()
    let session = try await connect(remote)
    if let mode { session.executionMode = mode }
    session.prepareForFunctions()
    return session
  }

  /// Brings the program when functions are used first, and lets clones do the same for themselves.
  private func prepareForFunctions() {
    let deployment = ProgramDeployment { try await EchoFunction.runs(in: $0) }
    checkStreams { try await deployment.ensureForStreams($0) }
    prepareClones { $0.prepareForFunctions() }
    prepareInlineCalls { session, calls in
      // The deployment itself asks.
      if EchoFunction.isAsked { return }
      for call in calls {
        if call.arguments.isEmpty {
          try call.function.check([])
          continue
        }
        let schema = try await call.input.select(call.arguments).schema()
        try call.function.check(
          zip(call.arguments, schema).map { ($0.description, $1.type) })
      }
      try await deployment.ensure(session)
    }
  }
}

extension ExecutionMode {
  private static let variable = "NEEDLETAIL_EXECUTION_MODE"

  /// Whether the environment says it.
  package static var isInEnvironment: Bool { (try? ofEnvironment()) != nil }

  /// What the environment says, for programs that ask nobody.
  fileprivate static func ofEnvironment() throws -> ExecutionMode? {
    guard let text = ProcessInfo.processInfo.environment[variable], !text.isEmpty else {
      return nil
    }
    if let mode = ExecutionMode(rawValue: text) { return mode }
    throw NeedletailError(
      .usage,
      "\(variable) is '\(text)'; it must be \(allCases.map(\.rawValue).joined(separator: ", "))")
  }
}

/// Gives back what it gets: who asks for it learns whether executors can start the program. Every
/// program has it.
package enum EchoFunction {
  @TaskLocal fileprivate static var isAsked = false

  /// What it takes and gives in a query.
  package static let schema: StructType = ["id": .long]

  /// What a program declares.
  package static var declared: any UserDefinedFunction {
    MapBatchesFunction("needletail.echo", returning: schema) { batches in batches }
  }

  /// A call of it in a query.
  package static func call() -> InlineFunction {
    .batches(declared, NoParameters(), returning: schema)
  }

  /// Whether an executor of `session` starts the program and computes a row.
  ///
  /// - Throws: ``SparkError``: why it does not, or why there is no answer.
  fileprivate static func runs(in session: SparkSession) async throws -> Bool {
    let rows = session.range(0, 1, partitions: 1).mapPartitions(call(), columns: ["id"])
    let batches = try await $isAsked.withValue(true) {
      try await Housekeeping.$isActive.withValue(true) { try await rows.collectBatches() }
    }
    return batches.reduce(0) { $0 + $1.rowCount } == 1
  }
}
