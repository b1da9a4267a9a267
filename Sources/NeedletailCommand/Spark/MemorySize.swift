import ArgumentParser
import Needletail

/// An amount of memory as Spark's options have it, in GiB where no unit stands.
struct MemorySize: ExpressibleByArgument {
  /// As it was given.
  let text: String
  let mebibytes: Int

  init?(argument: String) {
    let text = argument.lowercased()
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int(digits), number < 1 << 30 else { return nil }
    switch text.dropFirst(digits.count) {
    case "", "g", "gb", "gib": mebibytes = number * 1024
    case "m", "mb", "mib": mebibytes = number
    default: return nil
    }
    self.text = argument
  }

  private init(mebibytes: Int) {
    text = "\(mebibytes)m"
    self.mebibytes = mebibytes
  }

  /// What each of some workers gets of this machine unless somebody says it.
  static func share(of workers: Int) -> MemorySize {
    let all = Int((Machine.availableMemory ?? 4 << 30) >> 20)
    return MemorySize(mebibytes: max(1024, all / 4 / workers))
  }
}
