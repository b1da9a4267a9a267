import Glibc
import NativeLibraries
import Synchronization

/// How a time zone's clocks differ from UTC at all times, from the system's time zone database.
///
/// Foundation is not used: it would bring its own database, 30 MB of it, into every worker.
package struct ZoneRules: Sendable, Equatable {
  /// As timestamps in Arrow name it.
  package let name: String
  /// When another offset begins, in seconds since 1970, in order.
  private let transitions: [Int64]
  /// One offset for each transition, in seconds east of UTC.
  private let offsets: [Int]
  private let initial: Int
  /// What holds after the last transition.
  private let rule: YearlyRule?

  package static let utc = ZoneRules(name: "UTC", offset: 0)

  init(name: String, offset: Int) {
    self.name = name
    transitions = []
    offsets = []
    initial = offset
    rule = nil
  }

  /// The zone of this machine: `TZ`, or where `/etc/localtime` points; else UTC.
  package static let current: ZoneRules = {
    var name = getenv("TZ").map { String(cString: $0) } ?? ""
    if name.hasPrefix(":") { name.removeFirst() }
    if name.isEmpty, let path = FileSystem.resolved("/etc/localtime"),
      let range = path.firstRange(of: "/zoneinfo/")
    {
      name = String(path[range.upperBound...])
    }
    return (try? named(name)) ?? .utc
  }()

  /// The zones that were read: values name them one by one.
  private static let known = Mutex<[String: ZoneRules]>([:])

  /// The zone called `name`: of the database (`Europe/Berlin`), or an offset (`+02:00`, `UTC+2`).
  package static func named(_ name: String) throws(FileTableError) -> ZoneRules {
    if ["UTC", "Z", "GMT", "UT", "Etc/UTC"].contains(name) {
      return ZoneRules(name: name == "Z" ? "UTC" : name, offset: 0)
    }
    if let offset = offset(name) { return ZoneRules(name: name, offset: offset) }
    if let zone = known.withLock({ $0[name] }) { return zone }
    let isName = !name.isEmpty && !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
    for folder in ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo"]
    where isName {
      guard let bytes = FileSystem.contents(of: "\(folder)/\(name)", limit: 1 << 20) else {
        continue
      }
      if let zone = ZoneRules(name: name, file: bytes) {
        known.withLock { $0[name] = zone }
        return zone
      }
    }
    throw FileTableError(
      .invalidOption,
      "the time zone '\(name)' is not known on this machine (it has \(FileSystem.isDirectory("/usr/share/zoneinfo") ? "no file of this name in" : "no") "
        + "/usr/share/zoneinfo); use one like Europe/Berlin, UTC or +02:00")
  }

  /// The offset that a text like `+02:00`, `-8`, `UTC+1` or `GMT+01:30` tells.
  static func offset(_ text: String) -> Int? {
    var rest = Substring(text)
    for prefix in ["UTC", "GMT", "UT"] where rest.hasPrefix(prefix) {
      rest = rest.dropFirst(prefix.count)
      break
    }
    guard let sign = rest.first, sign == "+" || sign == "-" else { return nil }
    rest.removeFirst()
    var parts = rest.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 1, parts[0].count == 4 { parts = [parts[0].prefix(2), parts[0].suffix(2)] }
    guard (1...3).contains(parts.count),
      parts.allSatisfy({
        (1...2).contains($0.count) && $0.allSatisfy { $0.isASCII && $0.isNumber }
      })
    else { return nil }
    let numbers = parts.compactMap { Int($0) } + [0, 0]
    let seconds = numbers[0] * 3600 + numbers[1] * 60 + numbers[2]
    guard numbers[1] < 60, numbers[2] < 60, seconds <= 18 * 3600 else { return nil }
    return sign == "-" ? -seconds : seconds
  }

  /// The offset from UTC at an instant, in seconds.
  package func offset(at seconds: Int64) -> Int {
    if let last = transitions.last, seconds >= last, let rule { return rule.offset(at: seconds) }
    if transitions.isEmpty { return rule?.offset(at: seconds) ?? initial }
    var (low, high) = (0, transitions.count)
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? initial : offsets[low - 1]
  }

  /// The instant at which clocks show `local`, as Java resolves it: the earlier one where they show it
  /// twice; where they skip it, as long after the gap's begin.
  package func instant(ofLocal local: Int64) -> Int64 {
    let before = offset(at: local - 86_400)
    let after = offset(at: local + 86_400)
    if before == after {
      let instant = local - Int64(before)
      // Two changes within two days are possible, if rare.
      if offset(at: instant) == before { return instant }
    }
    for candidate in [before, after, offset(at: local)] {
      let instant = local - Int64(candidate)
      if offset(at: instant) == candidate { return instant }
    }
    return local - Int64(before)
  }
}

extension ZoneRules {
  /// Reads a file of the database (RFC 9636), whose second part has times of 64 bits.
  init?(name: String, file bytes: [UInt8]) {
    func number(_ at: Int) -> Int64 {
      (0..<4).reduce(0) { $0 << 8 | Int64(bytes[at + $1]) }
    }
    guard bytes.count >= 44, bytes.starts(with: "TZif".utf8), bytes[4] >= UInt8(ascii: "2") else {
      return nil
    }
    func counts(_ at: Int) -> (utc: Int, std: Int, leap: Int, times: Int, types: Int, text: Int) {
      let counts = (0..<6).map { Int(number(at + 20 + $0 * 4)) }
      return (counts[0], counts[1], counts[2], counts[3], counts[4], counts[5])
    }
    let first = counts(0)
    let start =
      44 + first.times * 5 + first.types * 6 + first.text + first.leap * 8 + first.std + first.utc
    guard bytes.count >= start + 44 else { return nil }
    let second = counts(start)
    let times = start + 44
    let indices = times + second.times * 8
    let types = indices + second.times
    let end =
      types + second.types * 6 + second.text + second.leap * 12 + second.std + second.utc
    guard bytes.count >= end, second.types > 0 else { return nil }
    func offset(_ type: Int) -> Int {
      Int(Int32(truncatingIfNeeded: number(types + min(type, second.types - 1) * 6)))
    }
    self.name = name
    transitions = (0..<second.times).map {
      number(times + $0 * 8) << 32 | number(times + $0 * 8 + 4)
    }
    offsets = (0..<second.times).map { offset(Int(bytes[indices + $0])) }
    initial = offset(0)
    rule = YearlyRule(
      String(decoding: bytes[end...].filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }
}
