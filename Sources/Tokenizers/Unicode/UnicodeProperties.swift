/// The scripts, blocks and binary properties of ``PropertyData``, unpacked when a regular expression
/// first names one.
final class UnicodeProperties: Sendable {
  static let shared = UnicodeProperties()

  private let numbers: [String: Int]
  private let sets: [[ClosedRange<UInt32>]]

  private init() {
    var numbers: [String: Int] = [:]
    let words = PropertyData.names.description.split(separator: " ")
    for index in stride(from: 0, to: words.count - 1, by: 2) {
      numbers[String(words[index])] = Int(words[index + 1])
    }
    self.numbers = numbers
    var sets: [[ClosedRange<UInt32>]] = []
    var reader = PackedData(PropertyData.sets)
    while !reader.isAtEnd {
      let end = reader.varint() + reader.offset
      var ranges: [ClosedRange<UInt32>] = []
      var last: UInt32 = 0
      while reader.offset < end {
        let low = last + UInt32(reader.varint())
        last = low + UInt32(reader.varint())
        ranges.append(low...last)
      }
      sets.append(ranges)
    }
    self.sets = sets
  }

  /// The ranges of a property, in order; its name in lower case without spaces, hyphens and
  /// underscores. A POSIX class such as `:alpha:` has its colons.
  func ranges(_ name: String) -> [ClosedRange<UInt32>]? { numbers[name].map { sets[$0] } }
}

extension [ClosedRange<UInt32>] {
  /// Whether a scalar is in one of the ranges, which are in order.
  func containsSorted(_ scalar: UInt32) -> Bool {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low].lowerBound <= scalar
  }
}
