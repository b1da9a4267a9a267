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
    let tasks = try await plan.parts.tasks(input, worker)
    var reasons: [String] = []
    do throws(FileTableError) {
      if let library = plan.library { try FileLibrary.use(worker.file(library)) }
      let files = try KnownFiles(
        format: plan.format, options: plan.options, schema: plan.schema,
        partitions: plan.partitions, columns: plan.columns.compactMap(\.file))
      reasons = tasks.compactMap(\.first).compactMap { Self.reason($0.split, files) }
    } catch {
      reasons.append(error.message)
    }
    return BatchList([try RecordBatch([("reason", .strings(reasons))])])
  }

  private static func reason(_ split: FileSplit, _ files: KnownFiles) -> String? {
    do throws(FileTableError) {
      try files.check(split.location)
      return nil
    } catch {
      return error.message
    }
  }
}
