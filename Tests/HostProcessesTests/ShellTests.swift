import Foundation
import Glibc
import Testing

@testable import HostProcesses

struct ShellTests {
  /// The children of this process, also those that have ended and that nobody has waited for.
  private static var children: Set<Int32> {
    Set(ProcessTable.entries().filter { $0.parent == getpid() }.map(\.pid))
  }

  @Test("a program on its own is nobody's child, and gets its arguments as they are")
  func detach() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let log = folder.appending(path: "log").path
    let before = Self.children
    try Shell.detach(
      ["/bin/sh", "-c", "echo $PPID $A \"$1\"", "sh", "b  c"], environment: ["A": "a"], log: log)
    // Other tests have children at the same time; one that nobody waits for would stay.
    var left = Self.children.subtracting(before)
    for _ in 0..<500 where !left.isEmpty {
      try await Task.sleep(for: .milliseconds(10))
      left.formIntersection(Self.children)
    }
    #expect(left.isEmpty)
    var said = ""
    for _ in 0..<500 where !said.hasSuffix("\n") {
      try await Task.sleep(for: .milliseconds(10))
      said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    }
    #expect(said.hasSuffix(" a b  c\n"), "\(said)")
    #expect(!said.hasPrefix("\(getpid()) "), "\(said)")
  }
}
