public import ArrowIPC
import HostProcesses
public import SparkConnect
public import SparkFunctions
public import SparkTypes

/// Batches made of batches, by a closure that stands where it is used.
public typealias InlineBatchesBody =
  @Sendable (RecordBatches) async throws -> any AsyncSequence<RecordBatch, any Error>

extension DataFrame {
  /// The batches that a closure makes of this table's: Spark's `mapInArrow`.
  ///
  /// ```swift
  /// try await table.mapBatches("evens", returning: ["id": .long]) { batches in
  ///   batches.map { try evenRows($0) }
  /// }
  /// ```
  /// The closure runs once for each task. Only its code travels to the executors, which run this
  /// same program, so it may use what the program declares but must not capture values; for
  /// parameters, or for a model, declare a ``MapBatchesFunction``.
  ///
  /// - Parameters:
  ///   - name: names the function in messages and plans.
  ///   - returning: the columns of the result.
  ///   - isBarrier: whether all tasks of the stage must run at the same time.
  ///   - resources: what the tasks of the stage, and their executors, must have.
  /// - Throws: ``SparkError`` if this table cannot be, two of its columns have the same name, or the
  ///   server refuses the resources.
  public func mapBatches(
    _ name: String, returning schema: StructType, isBarrier: Bool = false,
    resources: ResourceProfile? = nil, body: @escaping InlineBatchesBody
  ) async throws -> DataFrame {
    try await mapBatches(
      name, returning: schema, isBarrier: isBarrier, resources: resources,
      command: { argumentNames in
        let parameters = InlineBatchesFunction.Parameters(
          name: name, schema: schema, codeOffset: try ProgramCode.offset(of: body, name: name))
        return try commandBytes(
          InlineBatchesFunction(), try FunctionInvocation.encode(parameters), argumentNames)
      })
  }
}

/// Evaluates closures that are given where they are used; every program has it.
package struct InlineBatchesFunction: UserDefinedFunction {
  struct Parameters: Codable, Sendable {
    var name: String
    /// The declared columns; their DDL form does not tell of nulls within arrays and maps.
    var schema: StructType
    /// Where the closure's code lies, in bytes from the start of the loaded program.
    var codeOffset: Int
  }

  package static let name = "needletail.mapBatches"
  package var name: String { Self.name }
  package var kind: FunctionKind { .batches }

  package init() {}

  package func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource {
    let parameters = try invocation.decodeParameters(as: Parameters.self)
    let body = try ProgramCode.body(at: parameters.codeOffset, name: parameters.name)
    let function = MapBatchesFunction(parameters.name, returning: parameters.schema) { batches in
      ErasedBatches(base: try await body(batches))
    }
    var inner = invocation
    inner.parameters = try FunctionInvocation.encode(NoParameters())
    return try await function.evaluate(input, invocation: inner, worker: worker)
  }
}

/// A sequence of batches whose type is known at run time only.
private struct ErasedBatches: AsyncSequence {
  let base: any AsyncSequence<RecordBatch, any Error>

  struct Iterator: AsyncIteratorProtocol {
    var base: any AsyncIteratorProtocol<RecordBatch, any Error>

    mutating func next() async throws -> RecordBatch? { try await base.next(isolation: nil) }
  }

  func makeAsyncIterator() -> Iterator { Iterator(base: base.makeAsyncIterator()) }
}

/// The code of the running program, in which a closure is a place.
///
/// A Swift closure is two words: the place of its code and its captured values (none: zero). Driver
/// and executors run the same build, which the worker checks by the fingerprint before it evaluates
/// anything, so a place is the same distance from the start of the program on both sides.
private enum ProgramCode {
  private struct Closure {
    var code: UInt
    var captured: UInt
  }

  /// Keeps a closure as it is: passed alone to a generic function, it would be wrapped in another.
  private struct Holder {
    var body: InlineBatchesBody
  }

  /// - Throws: ``NeedletailError`` for a closure that captures values or lies in another library.
  static func offset(of body: @escaping InlineBatchesBody, name: String) throws -> Int {
    let closure = unsafeBitCast(Holder(body: body), to: Closure.self)
    guard closure.captured == 0 else {
      throw NeedletailError(
        .inlineClosure,
        "mapBatches(\"\(name)\"): the closure captures values of its surroundings, but only its code "
          + "travels to the executors. Use a MapBatchesFunction with `parameters:`, listed in the "
          + "program's `functions`, and pass the values as parameters")
    }
    let program = try loadedProgram()
    guard program.contains(closure.code) else {
      throw NeedletailError(
        .inlineClosure,
        "mapBatches(\"\(name)\"): the closure's code lies in a shared library, not in the program "
          + "itself. Link the module statically, or use a MapBatchesFunction in the program's "
          + "`functions`")
    }
    return Int(closure.code - program.lowerBound)
  }

  /// - Throws: ``NeedletailError`` if the program has no code at `offset`.
  static func body(at offset: Int, name: String) throws -> InlineBatchesBody {
    let program = try loadedProgram()
    guard offset >= 0, offset < program.count else {
      throw NeedletailError(
        .inlineClosure,
        "mapBatches(\"\(name)\"): this program has no code \(offset) bytes from its start; driver "
          + "and worker are different builds")
    }
    let closure = Closure(code: program.lowerBound + UInt(offset), captured: 0)
    return unsafeBitCast(closure, to: Holder.self).body
  }

  /// The addresses of the running program without its libraries, from /proc/self/maps (proc(5): a
  /// line has "start-end", four more fields, and the file).
  private static func loadedProgram() throws -> Range<UInt> {
    let program = try ProcFile.programPath()
    let maps = ProcFile.text("/proc/self/maps") ?? ""
    var range: Range<UInt>?
    for line in maps.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard fields.count == 6, fields[5].drop(while: { $0 == " " }) == program else { continue }
      let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard ends.count == 2 else { continue }
      range = min(range?.lowerBound ?? .max, ends[0])..<max(range?.upperBound ?? 0, ends[1])
    }
    guard let range else {
      throw NeedletailError(
        .inlineClosure, "the program \(program) was not found among this process's mapped files")
    }
    return range
  }
}
