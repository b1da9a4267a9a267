import ArrowIPC
import SparkConnect
import SparkFunctions
import SparkTypes

/// The columns of a function's table that its workers read, and where function and query find them.
struct ScanSelection: Sendable {
  let columns: [ScanPlan.Column]
  private let arguments: [BatchModelPrediction.Argument]?
  private let passed: [Int]

  init(_ candidate: ScanCandidate) throws {
    var needed = candidate.passed
    var paths: [[Int]] = []
    if case .column(let arguments) = candidate.form {
      paths = try arguments.map { try Self.positions(of: $0, in: candidate.columns) }
      needed += paths.map { $0[0] }
    } else {
      needed = Array(candidate.columns.indices)
    }
    let places = Set(needed).sorted()
    columns = try places.map { place in
      let column = candidate.columns[place]
      guard Self.isPlain(column.type) else {
        throw ScanRefusal("the column \(column.name) is \(column.type)")
      }
      switch column.value {
      case .file(let name):
        return ScanPlan.Column(name: column.name, file: name, type: column.type)
      case .literal(let value):
        return ScanPlan.Column(name: column.name, type: column.type, value: ScanValue(value))
      }
    }
    let numbers = Dictionary(uniqueKeysWithValues: zip(places, places.indices))
    guard case .column(let names) = candidate.form else {
      arguments = nil
      passed = []
      return
    }
    arguments = zip(names, paths).map { name, path in
      BatchModelPrediction.Argument(
        name: name.joined(separator: "."), path: [numbers[path[0]] ?? 0] + path.dropFirst())
    }
    passed = candidate.passed.map { numbers[$0] ?? 0 }
  }

  /// The function as the plan tells it.
  func call(of candidate: ScanCandidate) throws -> ScanPlan.Call {
    let invocation = try FunctionCommand.decode(candidate.command)
    return ScanPlan.Call(
      function: invocation.function, id: invocation.id, argumentNames: invocation.argumentNames,
      parameters: String(decoding: invocation.parameters, as: UTF8.self), arguments: arguments,
      result: candidate.result, passed: passed)
  }

  /// The columns of what the workers give.
  func returned(by candidate: ScanCandidate) -> StructType {
    if candidate.form == .batches, case .struct(let fields) = candidate.returnType { return fields }
    return StructType(
      candidate.passed.map { place in
        let column = candidate.columns[place]
        return StructField(column.name, column.type, metadata: column.metadata)
      } + [StructField(candidate.result, candidate.returnType)])
  }

  /// The place of a column, then those of fields within structs.
  private static func positions(of path: [String], in columns: [ScannedColumn]) throws -> [Int] {
    var fields = StructType(columns.map { StructField($0.name, $0.type) })
    var positions: [Int] = []
    for (depth, name) in path.enumerated() {
      guard let field = fields[name], let place = fields.fields.firstIndex(of: field) else {
        throw ScanRefusal(
          "the function's argument \(path.joined(separator: ".")) is not understood")
      }
      positions.append(place)
      if depth == path.count - 1 { break }
      guard case .struct(let inner) = field.type else {
        throw ScanRefusal(
          "the function's argument \(path.joined(separator: ".")) is not understood")
      }
      fields = inner
    }
    return positions
  }

  /// Types whose values are the same whoever reads them.
  static func isPlain(_ type: DataType) -> Bool {
    switch type {
    case .boolean, .byte, .short, .integer, .long, .float, .double, .decimal, .string, .binary,
      .date, .timestamp, .timestampNTZ:
      true
    case .array(let element, _): isPlain(element)
    case .map(let key, let value, _): isPlain(key) && isPlain(value)
    case .struct(let fields): fields.allSatisfy { isPlain($0.type) }
    default: false
    }
  }

  /// Types of partitions whose values travel in a plan.
  static func isPartition(_ type: DataType) -> Bool {
    switch type {
    case .boolean, .byte, .short, .integer, .long, .float, .double, .string, .date, .timestamp,
      .timestampNTZ:
      true
    default: false
    }
  }
}
