import Foundation
import Testing

/// The built command, run in a folder of its own with what no case may reach: a Spark.
struct Command {
  struct Outcome: Sendable, Equatable {
    var status: Int32
    /// Standard error, with `$FOLDER` for the folder.
    var complaint: String
    var output: String
  }

  let folder: URL

  /// Makes a folder with models and tables.
  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appending(path: "needletail-command-\(UUID().uuidString)").resolvingSymlinksInPath()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: Self.root.appending(path: "Examples/QuickStart/digits.onnx"),
      to: folder.appending(path: "digits.onnx"))
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  func write(_ name: String, _ text: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  /// Copies a model of the tests into the folder.
  func copyModel(_ name: String) throws {
    try FileManager.default.copyItem(
      at: Self.root.appending(path: "Tests/Models/\(name)"), to: folder.appending(path: name))
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending(path: name).path,
      withDestinationPath: folder.appending(path: target).path)
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static var program: URL {
    URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "needletail")
  }

  /// Puts the command into a folder of the folder, as `pip install` does, and gives its place.
  func install(into name: String) throws -> URL {
    let place = folder.appending(path: "\(name)/needletail")
    try FileManager.default.createDirectory(
      at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
    do {
      try FileManager.default.linkItem(at: Self.program, to: place)
    } catch {
      try FileManager.default.copyItem(at: Self.program, to: place)
    }
    return place
  }

  /// - Parameters:
  ///   - variables: what the environment has besides.
  ///   - program: the command, if it is another one than that of the build.
  func run(
    _ arguments: [String], _ variables: [String: String] = [:], program: URL? = nil
  ) async throws -> Outcome {
    let process = Process()
    process.executableURL = program ?? Self.program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let (output, complaint) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = complaint
    process.standardInput = FileHandle.nullDevice
    var environment = ProcessInfo.processInfo.environment
    for name in ["SPARK_REMOTE", "SPARK_HOME", "JAVA_HOME", "HADOOP_CONF_DIR", "YARN_CONF_DIR"] {
      environment[name] = nil
    }
    // Whoever gets as far as Spark is told that there is no Java.
    environment["PATH"] = folder.path
    // ONNX Runtime's.
    let python = Self.root.appending(path: ".venv").path
    if FileManager.default.fileExists(atPath: python) { environment["VIRTUAL_ENV"] = python }
    environment.merge(variables) { _, new in new }
    process.environment = environment
    let reading = Task.detached {
      (
        output.fileHandleForReading.readDataToEndOfFile(),
        complaint.fileHandleForReading.readDataToEndOfFile()
      )
    }
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in done.resume() }
      do { try process.run() } catch { done.resume(throwing: error) }
    }
    let (said, complained) = await reading.value
    return Outcome(
      status: process.terminationStatus,
      complaint: String(decoding: complained, as: UTF8.self)
        .replacingOccurrences(of: folder.path, with: "$FOLDER"),
      output: String(decoding: said, as: UTF8.self))
  }
}
