import Foundation
import Testing

@testable import Deployment

/// A folder for a test's files, to be removed afterwards.
struct TestFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/deployment-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// A program that tells how it was started, and a library of random bytes.
enum SmallProgram {
  /// The name needs quoting in a shell.
  static let name = "it's a program"

  static func package(in folder: String, byteCount: Int = 50_000) throws -> ProgramPackage {
    let (program, library) = ("\(folder)/program", "\(folder)/library")
    try Data("#!/bin/sh\nprintf '%s|' \"$0\" \"$@\"\n".utf8).write(to: URL(filePath: program))
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    try Data(bytes).write(to: URL(filePath: library))
    return ProgramPackage(
      program: name,
      files: [
        .init(name: "bin/\(name)", image: try ExecutableImage(path: program)),
        .init(name: "lib/library.so", image: try ExecutableImage(path: library)),
      ])
  }
}

/// A session's folder on an executor: what was sent, and how Spark starts the worker in it.
struct SessionFolder {
  struct Outcome {
    var status: Int32
    /// What the program got: its path, and its arguments.
    var words: [String]
    var errors: String

    /// The folder of the program.
    var folder: String {
      let file = URL(filePath: words.first ?? "/none/none/none")
      return file.deletingLastPathComponent().deletingLastPathComponent().path
    }
  }

  static let shells = ["/bin/sh", "/bin/bash", "/bin/dash"].filter {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  let path: String
  let launcher: ProgramLauncher

  init(_ path: String, _ package: ProgramPackage, sendsArchive: Bool) throws {
    self.path = path
    launcher = ProgramLauncher(package: package)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let script = "\(path)/\(launcher.name)"
    try Data(launcher.text.utf8).write(to: URL(filePath: script))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    if sendsArchive {
      let archive = try package.archive { try $0.packed(level: 1) }
      try archive.write(to: URL(filePath: "\(path)/\(launcher.name(ofArchive: archive))"))
    }
  }

  /// A process that starts the worker, with its temporary files in `temporary`; `nil` for the shell that
  /// the script names.
  func start(
    _ temporary: String, shell: String?, environment: [String: String] = [:]
  ) throws -> Start {
    let start = Start()
    let words = [shell, "./\(launcher.name)", "-m", "pyspark.daemon", "two words"].compactMap { $0 }
    start.process.executableURL = URL(filePath: shell ?? "\(path)/\(launcher.name)")
    start.process.arguments = Array(words.dropFirst())
    start.process.currentDirectoryURL = URL(filePath: path)
    start.process.environment = ["PATH": "/usr/bin:/bin", "TMPDIR": temporary]
      .merging(environment) { $1 }
    start.process.standardOutput = start.output
    start.process.standardError = start.errors
    start.process.standardInput = FileHandle.nullDevice
    try start.process.run()
    return start
  }

  func run(
    _ temporary: String, shell: String? = "/bin/sh", environment: [String: String] = [:]
  ) throws -> Outcome {
    try start(temporary, shell: shell, environment: environment).outcome()
  }

  /// A worker that was started.
  final class Start {
    let process = Process()
    let output = Pipe()
    let errors = Pipe()

    /// Waits for its end.
    func outcome() -> Outcome {
      // Both are far smaller than a pipe.
      let text = String(
        decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      let complaints = String(
        decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      let words = text.split(separator: "|", omittingEmptySubsequences: false).dropLast()
      return Outcome(
        status: process.terminationStatus, words: words.map(String.init), errors: complaints)
    }
  }
}
