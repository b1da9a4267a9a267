import Threads

/// How a SavedModel is loaded and run.
///
/// The defaults suit an executor: one thread per run, because Spark already runs one task per core.
public struct SavedModelOptions: Sendable, Hashable, Codable {
  /// Threads that share the work of one operator; 0 for one per core.
  ///
  /// TensorFlow has one such pool for the process: the first model that is loaded decides.
  public var intraOpThreads = 1
  /// Threads that run operators side by side; 0 for one per core. With 1, operators run on the thread
  /// that calls, so that runs of several tasks do not wait for each other.
  public var interOpThreads = 1
  /// The tags of the graph to load.
  public var tags = ["serve"]
  /// Files of libraries with operators of their own, such as those of TensorFlow Text.
  public var operatorLibraries: [String] = []
  /// The greatest number of runs at the same time; more callers wait. `nil` for no limit.
  public var maximumConcurrentRuns: Int?

  public init() {}

  /// - Throws: ``TensorFlowError`` for numbers that make no sense.
  func check(model: String) throws(TensorFlowError) {
    for (name, value) in [("intraOpThreads", intraOpThreads), ("interOpThreads", interOpThreads)]
    where !(0...4096).contains(value) {
      throw TensorFlowError(
        .invalidOption, "\(name) is \(value); give 0 (one per core) to 4096", model: model)
    }
    if let limit = maximumConcurrentRuns, limit < 1 {
      throw TensorFlowError(
        .invalidOption, "maximumConcurrentRuns is \(limit); give 1 or more, or nil", model: model)
    }
    if tags.contains(where: { $0.utf8.contains(0) }) {
      throw TensorFlowError(.invalidOption, "a tag has a NUL character in it", model: model)
    }
  }

  /// TensorFlow documents that any number of threads may call a session's `Run`.
  var runPolicy: RunPolicy { maximumConcurrentRuns.map { RunPolicy.limited($0) } ?? .concurrent }

  /// The options as a `ConfigProto` (`tensorflow/core/protobuf/config.proto`).
  var configuration: [UInt8] {
    // Fields 2 and 5 are the numbers of threads; 9 gives the session pools of its own. Field 6 is for
    // GPUs: its field 4 takes memory as it is needed, where the default takes all there is.
    Self.field(2, intraOpThreads) + Self.field(5, interOpThreads) + Self.field(9, 1)
      + [6 << 3 | 2, 2] + Self.field(4, 1)
  }

  /// The options of each run as a `RunOptions`; `nil` for the runtime's defaults.
  var runConfiguration: [UInt8]? {
    // Field 3 chooses the pool of threads, −1 for the thread that calls.
    interOpThreads == 1 ? Self.field(3, -1) : nil
  }

  private static func field(_ number: UInt8, _ value: Int) -> [UInt8] {
    var bytes = [number << 3]
    var rest = UInt64(bitPattern: Int64(value))
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
