import Glibc

/// A process that is told apart from later ones with its number.
struct ProcessStart: Sendable, Hashable {
  private let processID: pid_t
  /// When it began, in clock ticks since the machine did.
  private let start: Substring

  /// The running process `processID`, `nil` if there is none.
  init?(_ processID: pid_t) {
    guard let start = Self.start(of: processID) else { return nil }
    self.processID = processID
    self.start = start
  }

  var isRunning: Bool { Self.start(of: processID) == start }

  /// proc(5): in `/proc/N/stat` the name stands in parentheses and may hold anything; the state is the
  /// first field behind it, the start the twentieth.
  private static func start(of processID: pid_t) -> Substring? {
    let file = open("/proc/\(processID)/stat", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(file, &bytes, bytes.count)
    guard count > 0 else { return nil }
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    // One that has ended and waits for its parent runs no more.
    guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
    return fields[19]
  }
}
