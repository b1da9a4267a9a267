/// One map of names to numbers for each row, such as a classifier's probabilities by class; Spark's
/// `map<string,double>`.
///
/// ```swift
/// let maps = MapRows([["cat": 0.9, "dog": 0.1], ["cat": 0.2, "dog": 0.8]])
/// print(maps[1]["dog"])                          // Optional(0.8)
/// ```
public struct MapRows: Sendable, Hashable {
  /// The entries of all rows, one row after the other.
  public private(set) var keys: [String] = []
  /// The number of each entry, beside its key in ``keys``.
  public private(set) var values: [Double] = []
  /// Where each row's entries begin, and at the end where the last row's end.
  public private(set) var offsets: [Int] = [0]

  public init() {}

  /// The entries of each row are in the order of their keys.
  public init(_ rows: [[String: Double]]) {
    for row in rows { append(row.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }) }
  }

  /// The number of rows.
  public var rowCount: Int { offsets.count - 1 }

  /// A row's map.
  public subscript(row: Int) -> [String: Double] {
    let range = offsets[row]..<offsets[row + 1]
    return Dictionary(zip(keys[range], values[range])) { _, last in last }
  }

  /// Adds a row with `entries`, whose keys differ from each other.
  public mutating func append(_ entries: some Sequence<(String, Double)>) {
    for (key, value) in entries {
      keys.append(key)
      values.append(value)
    }
    offsets.append(keys.count)
  }
}
