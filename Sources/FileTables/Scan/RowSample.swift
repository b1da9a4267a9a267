import Synchronization

/// Some rows from places all over a table, of which little else is read.
package struct RowSample: Sendable {
  let rows: Int
  let seed: UInt64
  /// The places, once they have been looked for: in the footers of many files.
  fileprivate let found = FoundPlaces()

  init(rows: Int, seed: UInt64) {
    self.rows = rows
    self.seed = seed
  }

  /// The number of places, if these have enough rows: rows beside each other are often alike.
  static let places = 16
  /// The number of files that are looked into.
  static let files = 256

  /// What each of some places gives to a sample of `rows` rows: those with few rows all of them, the others
  /// what is left in equal parts.
  ///
  /// - Parameter counts: the rows of each place.
  package static func shares(of rows: Int, among counts: [Int]) -> [Int] {
    var shares = counts
    var remaining = max(rows, 0)
    for (done, index) in counts.indices.sorted(by: { counts[$0] < counts[$1] }).enumerated() {
      let left = counts.count - done
      shares[index] = min((remaining + left - 1) / left, counts[index])
      remaining -= shares[index]
    }
    return shares
  }
}

private final class FoundPlaces: Sendable {
  let splits = Mutex<[FileSplit]?>(nil)
}

extension FileScan {
  /// The same table with about `rows` rows from places all over it, the same ones each time: neighbours from
  /// some row groups of Parquet, of other formats the first rows of some files. Exactly as many if Parquet
  /// has them.
  public func sampled(rows: Int, seed: UInt64 = 1) -> FileScan {
    var scan = self
    scan.sample = RowSample(rows: max(rows, 0), seed: seed)
    return scan
  }

  /// The places of a sample, in the order of rows.
  func splits(of sample: RowSample) -> [FileSplit] {
    sample.found.splits.withLock { known in
      if let known { return known }
      let found = places(of: sample)
      known = found
      return found
    }
  }

  private func places(of sample: RowSample) -> [FileSplit] {
    var random = SeededRandom(state: sample.seed)
    let some = files.indices.shuffled(using: &random).prefix(RowSample.files).sorted()
    var places = some.flatMap(places(in:)).shuffled(using: &random)
    var known = 0
    var count = 0
    for place in places where known < sample.rows || count < RowSample.places {
      known += place.rows ?? sample.rows
      count += 1
    }
    places = Array(places.prefix(count))
    let shares = RowSample.shares(of: sample.rows, among: places.map { $0.rows ?? .max })
    for (index, share) in shares.enumerated() { places[index].rows = share }
    return places.filter { $0.rows != 0 }
      .sorted { ($0.file, $0.start) < ($1.file, $1.start) }
  }

  /// The parts of a file that a sample may have rows of, with their numbers of rows where these are known.
  private func places(in index: Int) -> [FileSplit] {
    let file = files[index]
    let whole = FileSplit(
      location: file.location, length: file.length, modified: file.modified, start: 0,
      size: max(file.length, 0), file: index)
    guard format == .parquet,
      // A file that cannot be read says so when its rows are asked for.
      let table = try? opened.table(file, .parquet)
    else { return [whole] }
    return table.rowGroups.filter { $0.rows > 0 }.map { group in
      var split = whole
      split.start = group.offset
      split.size = group.length
      split.rows = Int(group.rows)
      return split
    }
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
private struct SeededRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
