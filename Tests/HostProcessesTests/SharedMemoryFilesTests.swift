import Foundation
import Testing

@testable import HostProcesses

/// Shared memory told by the processes that have mapped it.
struct SharedMemoryFilesTests {
  @Test("what a process has mapped is removed when it has ended, and not before")
  func mapped() throws {
    let name = "unprefixed-\(UUID().uuidString)"
    let path = "/dev/shm/\(name)"
    let script = """
      import mmap, sys
      file = open("\(path)", "w+b")
      file.truncate(4096)
      memory = mmap.mmap(file.fileno(), 4096)
      print("mapped", flush=True)
      sys.stdin.read()
      """
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = output.fileHandleForReading.availableData
    let entry = try #require(ProcessTable.entry(of: process.processIdentifier))
    var files = SharedMemoryFiles(prefix: nil)
    files.note([entry])
    #expect(files.mapped == [name])
    files.remove()
    #expect(FileManager.default.fileExists(atPath: path), "a living process has it")
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    files.remove()
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
