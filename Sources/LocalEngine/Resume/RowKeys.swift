import ArrowIPC
import SparkFunctions
import Synchronization

/// The keys of a table's rows: those that are done, and those that a run has met.
final class RowKeys: Sendable {
  /// A whole number as it is, anything else as 128 bits of a hash.
  private struct Key: Hashable {
    var high: Int
    var low: Int
  }

  private struct State {
    var done: Set<Key> = []
    var met: Set<Key> = []
    var skipped = 0
  }

  /// The names of the columns, for messages.
  private let names: [String]
  private let state = Mutex(State())

  init(_ names: [String]) { self.names = names }

  /// How many rows are done.
  var doneCount: Int { state.withLock { $0.done.count } }

  /// How many rows of the run were done before.
  var skipped: Int { state.withLock { $0.skipped } }

  private var name: String { names.joined(separator: ", ") }

  /// Notes rows that are done.
  ///
  /// - Parameter place: the file that they are in, for messages.
  /// - Throws: ``LocalTableError`` if one has no key, or one that was there before.
  func add(_ columns: [ArrowColumn], count: Int, in place: String) throws {
    for (row, key) in keys(columns, count: count).enumerated() {
      guard let key else {
        throw LocalTableError(
          .invalidArgument,
          "resume (--resume): a row of \(place) has no \(name); begin anew with restarting: true (--restart)"
        )
      }
      guard state.withLock({ $0.done.insert(key).inserted }) else {
        throw LocalTableError(
          .invalidArgument,
          "resume (--resume): the \(name) \(text(columns, row)) is twice in the output, the second time in "
            + "\(place): two jobs may have written to it at once. Begin anew with restarting: true "
            + "(--restart)")
      }
    }
  }

  /// The positions of the rows that are not done; `nil` if none is.
  ///
  /// - Throws: ``LocalTableError`` if a row has no key, or the one of another row of the table.
  func remaining(_ columns: [ArrowColumn], count: Int, of origin: RowOrigin) throws -> [Int]? {
    let keys = keys(columns, count: count)
    func row(_ row: Int) -> String {
      "row \(origin.first + row) of \(origin.whole)" + (origin.place.map { " (\($0))" } ?? "")
    }
    if let null = keys.firstIndex(where: { $0 == nil }) {
      throw LocalTableError(
        .invalidArgument,
        "resume (--resume): \(row(null)) has no \(name); each row needs a key of its own, by which it is "
          + "found in the output. Name other columns, or give the rows numbers")
    }
    var repeated: Int?
    let kept: [Int] = state.withLock { state in
      var kept: [Int] = []
      for (row, key) in keys.enumerated() {
        guard let key else { continue }
        guard state.met.insert(key).inserted else {
          repeated = row
          break
        }
        if state.done.contains(key) { state.skipped += 1 } else { kept.append(row) }
      }
      return kept
    }
    if let repeated {
      throw LocalTableError(
        .invalidArgument,
        "resume (--resume): \(row(repeated)) has the \(name) \(text(columns, repeated)), as another row has; "
          + "each row needs a key of its own, by which it is found in the output. Name further columns, or "
          + "take one of the rows out")
    }
    return kept.count == count ? nil : kept
  }

  /// The keys of rows; `nil` for those with a null.
  private func keys(_ columns: [ArrowColumn], count: Int) -> [Key?] {
    if columns.count == 1, columns[0].type.isWholeNumber {
      return (0..<count).map { row in
        guard case .int(let number) = columns[0].value(at: row) else { return nil }
        return Key(high: 0, low: Int(number))
      }
    }
    return (0..<count).map { row in
      var first = Hasher()
      var second = Hasher()
      second.combine(1)
      for column in columns {
        if column.isNull(row) { return nil }
        if column.type.hasBytes {
          column.withBytes(row) { bytes in
            first.combine(bytes.count)
            first.combine(bytes: bytes)
            second.combine(bytes.count)
            second.combine(bytes: bytes)
          }
        } else {
          let value = column.value(at: row)
          first.combine(value)
          second.combine(value)
        }
      }
      return Key(high: first.finalize(), low: second.finalize())
    }
  }

  private func text(_ columns: [ArrowColumn], _ row: Int) -> String {
    columns.map { column in
      switch column.value(at: row) {
      case .int(let number): "\(number)"
      case .string(let text): "'\(text.prefix(100))'"
      case .decimal(let number): "\(number)"
      case .binary(let bytes): "of \(bytes.count) bytes"
      case let value: "\(value)"
      }
    }.joined(separator: ", ")
  }
}

extension ArrowType {
  fileprivate var isWholeNumber: Bool {
    switch self {
    case .int8, .int16, .int32, .int64, .date32, .timestamp: true
    default: false
    }
  }

  fileprivate var hasBytes: Bool {
    switch self {
    case .utf8, .largeUTF8, .utf8View, .binary, .largeBinary, .binaryView: true
    default: false
    }
  }
}
