import Synchronization

/// How executors come to run this program's functions.
public enum ExecutionMode: String, Sendable, Hashable, CaseIterable {
  /// ``direct`` if the server allows it and a row comes back, else ``shim``.
  case auto
  /// Executors start the program in the place of Python.
  case direct
  /// Executors start their own Python, which hands batches to the program beside it: for servers that
  /// let no session choose its Python, or speak a protocol of their own with it.
  case shim
}

extension SparkSession {
  /// How executors come to run this program's functions; to be set before the first of them is used.
  ///
  /// ```swift
  /// spark.executionMode = .shim
  /// ```
  public var executionMode: ExecutionMode {
    get { state.withLock { $0.executionMode } }
    set { state.withLock { $0.executionMode = newValue } }
  }

  /// Why ``ExecutionMode/auto`` has become ``ExecutionMode/shim``; `nil` if it has not.
  package var shimReason: String? {
    get { state.withLock { $0.shimReason } }
    set { state.withLock { $0.shimReason = newValue } }
  }
}
