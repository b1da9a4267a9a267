import FoundationEssentials
import Glibc

/// Processes of this machine, from Linux's /proc.
enum Processes {
  /// Those that `parent` has started and that run.
  static func children(of parent: Int32) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { process in
      guard let fields = status(process), fields.count > 1 else { return false }
      return Int32(fields[1]) == parent && fields[0] != "Z"
    }.sorted()
  }

  static func exists(_ process: Int32) -> Bool {
    status(process).map { $0.first != "Z" } ?? false
  }

  /// The fields of /proc/PID/stat behind the name: state, parent, and more.
  private static func status(_ process: Int32) -> [Substring]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") else {
      return nil
    }
    let text = String(decoding: data, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    return text[text.index(after: end)...].split(separator: " ")
  }
}
