import Foundation
import Needletail
import Testing

/// Built programs that the tests start.
enum Programs {
  struct Outcome: Sendable {
    var status: Int32
    var output: String
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static var quickStart: String { root.appending(path: "Examples/QuickStart").path }

  /// The folder of built programs: that of the test program itself.
  static var built: URL {
    URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
  }

  /// The Python that the tests' Spark is installed in.
  static var python: URL {
    get throws {
      let python = try #require(try SparkInstallation.find().python, "Spark is not a pip package")
      return URL(filePath: python)
    }
  }

  /// Runs a built program to its end; with `isInstalled` the executors start it where it was built.
  static func run(
    _ program: String, _ arguments: [String], in folder: String? = nil, isInstalled: Bool = false,
    environment: [String: String] = [:]
  ) async throws -> Outcome {
    try await run(
      built.appending(path: program), arguments, in: folder, isInstalled: isInstalled,
      environment: environment)
  }

  static func run(
    _ program: URL, _ arguments: [String], in folder: String? = nil, isInstalled: Bool = false,
    environment additions: [String: String] = [:]
  ) async throws -> Outcome {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    var environment = ProcessInfo.processInfo.environment
    environment["SPARK_REMOTE"] = nil
    if isInstalled { environment["NEEDLETAIL_WORKER"] = program.path }
    process.environment = environment.merging(additions) { $1 }
    let reading = Task.detached { pipe.fileHandleForReading.readDataToEndOfFile() }
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in done.resume() }
      do { try process.run() } catch { done.resume(throwing: error) }
    }
    return Outcome(
      status: process.terminationStatus,
      output: String(decoding: await reading.value, as: UTF8.self))
  }
}
