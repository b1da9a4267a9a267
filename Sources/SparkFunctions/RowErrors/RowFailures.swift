public import ErrorCauses
import Models

/// The rows of a run that could not be predicted, by what was wrong with them.
public struct RowFailures: Sendable, Hashable {
  /// The rows with which the same is wrong.
  public struct Group: Sendable, Hashable {
    /// What is wrong.
    public var kind: RowFaultKind
    /// How many rows there are.
    public var count: Int
    /// What is wrong with one of them, with its number.
    public var example: String
    /// The number by which the example was chosen.
    var exampleRow: Int
  }

  /// The kinds that there are, those of most rows first.
  public var groups: [Group] {
    known.values.sorted { ($1.count, $0.kind.rawValue) < ($0.count, $1.kind.rawValue) }
  }

  private var known: [RowFaultKind: Group] = [:]

  /// No rows.
  public init() {}

  /// The number of rows.
  public var count: Int { known.values.reduce(0) { $0 + $1.count } }

  /// Counts a row, whose number counts as `origin` says.
  mutating func add(_ fault: RowFault, row: Int, of origin: RowOrigin) {
    if let known = known[fault.kind], known.exampleRow < row {
      self.known[fault.kind]?.count += 1
      return
    }
    add(
      Group(
        kind: fault.kind, count: 1, example: Self.example(of: fault, row: row, of: origin),
        exampleRow: row))
  }

  static func example(of fault: RowFault, row: Int, of origin: RowOrigin) -> String {
    let place = origin.place.map { " (\($0))" } ?? ""
    return "row \(row) of \(origin.whole)\(place): \(fault.message)"
  }

  /// Counts `count` rows, one of which is `example`.
  package mutating func add(_ count: Int, _ kind: RowFaultKind, example: String) {
    add(Group(kind: kind, count: count, example: example, exampleRow: 0))
  }

  /// Counts the rows of `others`, too.
  package mutating func add(_ others: RowFailures) {
    for group in others.known.values { add(group) }
  }

  private mutating func add(_ group: Group) {
    guard var sum = known[group.kind] else {
      known[group.kind] = group
      return
    }
    sum.count += group.count
    // The same one, whichever thread comes first.
    if (group.exampleRow, group.example) < (sum.exampleRow, sum.example) {
      sum.example = group.example
      sum.exampleRow = group.exampleRow
    }
    known[group.kind] = sum
  }
}

extension RowFailures: CustomStringConvertible {
  /// `3 rows failed: 2 x null (row 4 of the table: column 'x': ...), 1 x model (...)`
  public var description: String {
    if known.isEmpty { return "no row failed" }
    let count = count
    return (count == 1 ? "1 row failed: " : "\(count) rows failed: ")
      + groups.map { "\($0.count) x \($0.kind.rawValue) (\($0.example))" }.joined(separator: ", ")
  }
}
