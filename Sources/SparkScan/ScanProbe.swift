import ArrowIPC
import FileTables
package import SparkFunctions
import SparkTypes

/// Looks in the workers, before a job begins, into some of the files that its tasks will read.
///
/// Only there it shows whether an executor has the plug-in, reaches a file and may read it. It gets the
/// numbers of tasks, and looks at the first file of each.
package struct ScanProbe: UserDefinedFunction {
  package static let name = "needletail.scan.probe"
  /// Why a file will not be read by its task: a row for each such file.
  static let result: StructType = ["reason": .string]

  package var name: String { Self.name }
  package var kind: FunctionKind { .batches }

  package init() {}

  package func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource {
    let plan = try invocation.decodeParameters(as: ScanPlan.self)
    let parts = try plan.parts.load(worker)
    var reasons: [String] = []
    let tasks = try await Self.numbers(input)
    do throws(FileTableError) {
      if let library = plan.library { try FileLibrary.use(worker.file(library)) }
      let files = try KnownFiles(
        format: plan.format, options: plan.options, schema: plan.schema,
        partitions: plan.partitions, columns: plan.columns.compactMap(\.file))
      for task in tasks where parts.indices.contains(task) {
        guard let part = parts[task].first else { continue }
        if let reason = Self.reason(part.split, files) { reasons.append(reason) }
      }
    } catch {
      reasons.append(error.message)
    }
    let batch = try RecordBatch([("reason", .strings(reasons))])
    var rest: RecordBatch? = batch
    return BatchGenerator {
      defer { rest = nil }
      return rest
    }
  }

  private static func reason(_ split: FileSplit, _ files: KnownFiles) -> String? {
    do throws(FileTableError) {
      try files.check(split.location)
      return nil
    } catch {
      return error.message
    }
  }

  private static func numbers(_ input: any BatchSource) async throws -> [Int] {
    var numbers: [Int] = []
    while let batch = try await input.next() {
      for row in 0..<batch.rowCount {
        if case .int(let number)? = batch.columns.first?.value(at: row) {
          numbers.append(Int(number))
        }
      }
    }
    return numbers
  }
}
