import Synchronization

/// Who reads the files of a table that a function gets: Spark, whose rows then come over the JVM, or the
/// workers that compute the function.
public enum ScanChoice: String, Sendable, Hashable, CaseIterable {
  /// The workers where that is sure to give the same rows and is worth it, else Spark.
  case automatic
  /// The workers; a query in which they cannot is an error that says why.
  case native
  /// Spark.
  case spark
}

extension SparkSession {
  /// Who reads files for functions whose call does not say it.
  ///
  /// ```swift
  /// spark.scan = .spark
  /// ```
  public var scan: ScanChoice {
    get { scanState.withLock { $0.choice } }
    set { scanState.withLock { $0.choice = newValue } }
  }

  /// Sets who decides how files are read for functions.
  package func planScans(with planner: any ScanPlanner) {
    scanState.withLock { $0.planner = planner }
  }

  var scanPlanner: (any ScanPlanner)? { scanState.withLock { $0.planner } }

  /// Notes that Spark keeps the rows of the query with number `plan`, or does so no longer: a query
  /// that reads files by itself would not find them.
  func keepsRows(_ keeps: Bool, plan: Int64) {
    scanState.withLock {
      if keeps { $0.kept.insert(plan) } else { $0.kept.remove(plan) }
    }
  }

  /// Notes the same of a table or view.
  func keepsRows(_ keeps: Bool, table: String) {
    keepsRows(keeps, plan: Int64(table.lowercased().hashValue))
  }

  /// Notes that Spark keeps no rows any more.
  func forgetKeptRows() { scanState.withLock { $0.kept = [] } }

  var keepsRows: Bool { scanState.withLock { !$0.kept.isEmpty } }
}

/// What a session knows of the reading of files by workers.
struct ScanState {
  var choice = ScanChoice.automatic
  var planner: (any ScanPlanner)?
  /// The queries whose rows Spark keeps.
  var kept: Set<Int64> = []
}
