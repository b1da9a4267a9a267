import Glibc
import Models
import Synchronization

/// The loaded models of one process, shared by all its tasks.
///
/// A model is loaded once however many tasks ask for it at the same time; a failure is remembered
/// for a while, so that Spark's retries of a task fail at once instead of loading again; beyond the
/// capacity the model that was not used for the longest time goes (tasks still using it keep it).
public final class ModelCache: Sendable {
  /// What a cached model depends on: the function and its parameters.
  public struct Key: Sendable, Hashable {
    /// What is loaded, and for which files or which device.
    public var id: String
    /// The function's parameters as they travelled.
    public var parameters: [UInt8]

    public init(id: String, parameters: [UInt8] = []) {
      self.id = id
      self.parameters = parameters
    }
  }

  private struct Entry {
    let loading: Task<any Sendable, any Error>
    let number: Int
    var lastUse: ContinuousClock.Instant
    var failedAt: ContinuousClock.Instant?
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var loads = 0
  }

  /// The cache of this process. If the environment has ``loadsFileVariable``, every load is written
  /// down there.
  public static let shared = ofProcess()

  /// The variable that names a file to which each process appends a line for each load.
  public static let loadsFileVariable = "NEEDLETAIL_LOADS_FILE"

  /// The greatest number of models kept.
  public let capacity: Int
  /// How long a failed load is remembered.
  public let failureRetention: Duration
  private let onLoad: (@Sendable (Key) -> Void)?
  private let state = Mutex(State())

  /// - Parameter onLoad: is told of each load when it begins.
  public init(
    capacity: Int = 8, failureRetention: Duration = .seconds(30),
    onLoad: (@Sendable (Key) -> Void)? = nil
  ) {
    precondition(capacity > 0, "a model cache needs room for one model")
    self.capacity = capacity
    self.failureRetention = failureRetention
    self.onLoad = onLoad
  }

  /// A cache as the environment wants it now.
  static func ofProcess() -> ModelCache {
    ModelCache(onLoad: getenv(loadsFileVariable).map { appendLine(to: String(cString: $0)) })
  }

  /// An observer that appends the process and the model to the file at `path`; a short line is
  /// appended whole even when several processes do so at once.
  private static func appendLine(to path: String) -> @Sendable (Key) -> Void {
    { key in
      let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
      if file < 0 { return }
      defer { close(file) }
      let line = Array("\(getpid()) \(key.id)\n".utf8)
      _ = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }
  }

  /// The number of loads begun since the process started.
  public var loadCount: Int { state.withLock { $0.loads } }

  /// The number of models held, those being loaded included.
  public var count: Int { state.withLock { $0.entries.count } }

  /// The value for `key`, made by `load` unless the cache has it.
  ///
  /// - Throws: what `load` threw, now or within ``failureRetention``; or an ``InferenceError`` if the
  ///   key was used before for a value of another type.
  public func value<Value: Sendable>(
    for key: Key, as type: Value.Type = Value.self,
    load: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let entry = state.withLock { state -> Entry in
      let now = ContinuousClock.now
      if var entry = state.entries[key],
        entry.failedAt.map({ now - $0 < failureRetention }) ?? true
      {
        entry.lastUse = now
        state.entries[key] = entry
        return entry
      }
      state.loads += 1
      let entry = Entry(
        loading: Task { [onLoad] in
          onLoad?(key)
          return try await load()
        }, number: state.loads, lastUse: now, failedAt: nil)
      state.entries[key] = entry
      if state.entries.count > capacity,
        let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
      {
        state.entries[oldest.key] = nil
      }
      return entry
    }
    let value: any Sendable
    do {
      value = try await entry.loading.value
    } catch {
      state.withLock { state in
        if let current = state.entries[key], current.number == entry.number,
          current.failedAt == nil
        {
          state.entries[key]?.failedAt = .now
        }
      }
      throw error
    }
    guard let typed = value as? Value else {
      throw InferenceError(
        .modelLoad, "the model cache holds a \(Swift.type(of: value)) where a \(type) was expected")
    }
    return typed
  }

  /// Forgets all models, those idle longer than `idle` if given; tasks still using one keep it.
  public func removeAll(idle: Duration = .zero) {
    let now = ContinuousClock.now
    state.withLock { state in
      state.entries = state.entries.filter { now - $0.value.lastUse < idle }
    }
  }
}

extension ModelCache.Key {
  /// What a function's model depends on: the function, its parameters, and the session's files.
  init(_ invocation: FunctionInvocation, _ worker: WorkerContext) {
    self.init(
      id: "\(invocation.id)@\(worker.filesDirectory)", parameters: invocation.parameters)
  }
}
