import ArrowIPC
import FileTables
import FoundationEssentials
import Models
import ProgramFunctions
package import SparkFunctions
import SparkTypes
import Texts

/// Reads a table's files in the worker and gives the rows to a function of the program.
///
/// Spark gives it the numbers of tasks (`mapInArrow` over a range), retries, speculates and commits; the
/// rows never pass the JVM on their way to the function.
package struct ScanFunction: UserDefinedFunction {
  package static let name = "needletail.scan"
  package var name: String { Self.name }
  package var kind: FunctionKind { .batches }

  /// Finds the functions that get the rows; by default those of this program.
  private let find: @Sendable (String) throws -> any UserDefinedFunction

  package init() {
    find = { try Program.current().registry.function(named: $0) }
  }

  init(_ registry: FunctionRegistry) {
    find = { try registry.function(named: $0) }
  }

  package func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource {
    let plan = try invocation.decodeParameters(as: ScanPlan.self)
    if let library = plan.library { try FileLibrary.use(worker.file(library)) }
    let parts = try await plan.parts.tasks(input, worker).flatMap(\.self)
    let rows = try ScanRows(
      plan, parts: parts,
      zone: worker.configuration["spark.sql.session.timeZone"] ?? plan.options["timeZone"] ?? "UTC")
    var worker = worker
    if let origin = try rows.origin() { worker.rows = origin }
    let function = try find(plan.call.function)
    let inner = FunctionInvocation(
      function: plan.call.function, id: plan.call.id, fingerprint: invocation.fingerprint,
      parameters: Array(plan.call.parameters.utf8), argumentNames: plan.call.argumentNames)
    guard let arguments = plan.call.arguments else {
      return placed(rows, try await function.evaluate(rows, invocation: inner, worker: worker))
    }
    let table = PassedTable(rows, arguments: arguments)
    let results = try await function.evaluate(table, invocation: inner, worker: worker)
    return besides(table, placed(rows, results), plan.call)
  }

  /// The results, whose errors name the file.
  private func placed(_ rows: ScanRows, _ results: any BatchSource) -> any BatchSource {
    BatchGenerator {
      do {
        return try await results.next()
      } catch var error as InferenceError {
        if let place = rows.place { error.message += " (\(place))" }
        throw error
      }
    }
  }

  /// The columns of `table` that are wanted, and beside them the function's.
  private func besides(
    _ table: PassedTable, _ results: any BatchSource, _ call: ScanPlan.Call
  ) -> any BatchSource {
    var rest: RecordBatch?
    return BatchGenerator {
      var found = rest
      while found == nil {
        guard let batch = try await results.next() else {
          if table.isComplete { return nil }
          throw InferenceError(
            .invalidOutput, "the function gave fewer rows than it got", function: call.function)
        }
        if batch.rowCount == 0 { continue }
        found = try RecordBatch([(call.result, batch.columns[0])])
      }
      guard let found else { return nil }
      let (whole, left) = try table.beside(found)
      rest = left
      let places = call.passed + [whole.columns.count - 1]
      return try RecordBatch(
        schema: ArrowSchema(places.map { whole.schema.fields[$0] }),
        columns: places.map { whole.columns[$0] }, rowCount: whole.rowCount)
    }
  }
}

extension ScanPlan.Parts {
  /// What the tasks read whose numbers are in the first column of `input`.
  func tasks(_ input: any BatchSource, _ worker: WorkerContext) async throws -> [[ScanPart]] {
    let all = try load(worker)
    var tasks: [[ScanPart]] = []
    while let batch = try await input.next() {
      for row in 0..<batch.rowCount {
        guard case .int(let task)? = batch.columns.first?.value(at: row),
          all.indices.contains(Int(task))
        else {
          throw InferenceError(
            .invalidCommand, "the plan has no task of this number", function: ScanFunction.name)
        }
        tasks.append(all[Int(task)])
      }
    }
    return tasks
  }

  private func load(_ worker: WorkerContext) throws -> [[ScanPart]] {
    switch self {
    case .here(let parts): return parts
    case .file(let name):
      let path = worker.file(name)
      do {
        return try JSONDecoder().decode(
          [[ScanPart]].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
      } catch {
        throw InferenceError(
          .invalidCommand,
          "the list of the table's files, \(path), cannot be read: \(error.reason)",
          function: ScanFunction.name, cause: error)
      }
    }
  }
}
