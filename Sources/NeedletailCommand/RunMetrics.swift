import FoundationEssentials
import Needletail
import Texts

/// What a prediction did, for programs: `--metrics FILE`.
struct RunMetrics: Encodable {
  /// `local` or `spark`.
  var engine: String
  var version = PackageVersion.text
  var model: String
  var input: String
  var output: String
  var format: String
  /// The rows that were written.
  var rows: Int
  /// Those that were in the output before, and those of them that were done again.
  var skippedRows: Int?
  var redoneRows: Int?
  /// The rows that could not be predicted, in all and by what was wrong; nothing where a server tells nothing.
  var failedRows: Int?
  var failures: [String: Int]?
  var seconds: Double
  var rowsPerSecond: Double
  var modelLoadSeconds: Double
  /// The threads of this process, and what all of them together spent their time with.
  var threads: Int?
  var readingSeconds: Double?
  var modelSeconds: Double?
  var writingSeconds: Double?
}

extension RunMetrics {
  /// - Parameters:
  ///   - engine: what computed the rows.
  ///   - failures: those that failed, if they are known.
  init(
    _ job: PredictionJob, engine: String, rows: Int, _ failures: RowFailures?, seconds: Double
  ) {
    self.engine = engine
    model = job.source.plainIdentity.name
    input = job.request.input
    output = job.request.output
    format = job.writing.name
    self.rows = rows
    self.seconds = seconds
    rowsPerSecond = seconds > 0 ? Double(rows) / seconds : 0
    modelLoadSeconds = job.loadSeconds
    failedRows = failures?.count
    self.failures = failures.map { failures in
      Dictionary(uniqueKeysWithValues: failures.groups.map { ($0.kind.rawValue, $0.count) })
    }
  }

  init(_ job: PredictionJob, _ summary: LocalSummary) {
    self.init(
      job, engine: "local", rows: summary.rows, summary.failures,
      seconds: summary.elapsed / .seconds(1))
    if job.request.isResumed {
      skippedRows = summary.skipped
      redoneRows = summary.redone
    }
    threads = summary.threads
    readingSeconds = summary.decoding / .seconds(1)
    modelSeconds = summary.computing / .seconds(1)
    writingSeconds = summary.writing / .seconds(1)
  }

  /// Writes the file, in place of one that is there.
  ///
  /// - Throws: ``CommandFailure`` if it cannot be written.
  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      let text = try encoder.encode(self) + Data("\n".utf8)
      try text.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CommandFailure(
        "the rows are written, but --metrics '\(path)' cannot be: \(error.reason)",
        status: 1, cause: error)
    }
  }

  /// Makes sure that there is a folder for the file, before anything is computed.
  ///
  /// - Throws: ``CommandFailure`` if there is none.
  static func check(_ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard FileManager.default.isWritableFile(atPath: folder),
      !FileManager.default.isFolder(path)
    else {
      throw CommandFailure(
        "--metrics '\(path)' cannot be written: '\(folder)' is no folder that this user may write to, or the "
          + "name is one of a folder")
    }
  }
}
