import FoundationEssentials
import Needletail

/// Where the tables of a prediction are, as far as this machine can tell.
struct TablePlaces: Sendable {
  /// `nil` for what Spark knows by name.
  let input: String?
  let output: String?
  /// Whether Spark runs on this machine, or its server's address is one of this machine.
  private let mayBeLocal: Bool
  /// The paths on this machine; `nil` for those of another file system, or of a server's.
  let localInput: String?
  let localOutput: String?
  /// Whether a Spark, if one is needed, is started by this process.
  let startsSpark: Bool
  /// A path that may be one of HDFS, because Hadoop's configuration is there and it has no scheme.
  let hadoopPath: String?

  init(input: String?, output: String?, remote: String?) {
    self.input = input
    self.output = output
    let environment = ProcessInfo.processInfo.environment
    let server = remote ?? environment["SPARK_REMOTE"] ?? ""
    mayBeLocal =
      server.isEmpty
      || ["sc://localhost", "sc://127.0.0.1", "sc://[::1]"].contains(where: server.hasPrefix)
    // With Hadoop's configuration a path without a scheme may be one of HDFS.
    let isPlain = environment["HADOOP_CONF_DIR"] == nil && environment["YARN_CONF_DIR"] == nil
    func local(_ path: String) -> String? {
      let place = StoragePath(path)
      return isPlain || !place.isOfDefaultFileSystem ? place.localPath : nil
    }
    // A Spark that this command starts sees the same files.
    localInput = server.isEmpty ? input.flatMap(local) : nil
    let isPrinted = output == "-"
    localOutput = server.isEmpty && !isPrinted ? output.flatMap(local) : nil
    startsSpark = server.isEmpty
    hadoopPath =
      isPlain
      ? nil
      : [input, isPrinted ? nil : output].compactMap(\.self)
        .first { StoragePath($0).isOfDefaultFileSystem }
  }

  /// Whether it is known before Spark starts whether the output exists.
  var isOutputSeen: Bool { localOutput != nil }

  /// Whether there is something at the output's place that this machine sees.
  var isOutputThere: Bool {
    localOutput.map { FileManager.default.fileExists(atPath: $0) && !Self.isEmpty($0) } ?? false
  }

  var outputExists: CommandFailure {
    CommandFailure(
      "the output '\(output ?? "")' exists; name another, or say --mode overwrite, append or ignore"
    )
  }

  /// Checks the paths on this machine.
  ///
  /// - Returns: the mode to write with.
  /// - Throws: ``CommandFailure`` if the input cannot be read, the output cannot be written, or writing
  ///   it would destroy the input.
  func check(mode: SaveMode) throws -> SaveMode {
    try checkInput()
    return try checkOutput(mode: mode)
  }

  /// Checks the input alone.
  func checkInput() throws {
    if let file = localInput { try checkInput(file) }
  }

  /// Checks the output alone.
  ///
  /// - Returns: the mode to write with.
  @discardableResult
  func checkOutput(mode: SaveMode) throws -> SaveMode {
    if mode == .overwrite, let input, let output,
      StoragePath.replacing(output, deletes: input, isLocal: mayBeLocal)
    {
      throw CommandFailure(
        "--mode overwrite would delete the input: '\(input)' and '\(output)' are the same, or one lies "
          + "in the other; name another --output")
    }
    guard let file = localOutput else { return mode }
    if isOutputThere {
      if mode == .error { throw outputExists }
    } else if FileManager.default.fileExists(atPath: file), mode == .error || mode == .ignore {
      // The empty folder of a job that failed is in nobody's way.
      if let input, StoragePath.replacing(file, deletes: input, isLocal: true) {
        throw outputExists
      }
      return .overwrite
    }
    try checkFolder(of: file)
    return mode
  }

  /// Makes sure that parts can be added to the output.
  ///
  /// - Throws: ``CommandFailure`` if the input is read from there.
  func checkResume() throws {
    guard let input, let output,
      StoragePath.replacing(output, deletes: input, isLocal: mayBeLocal)
    else { return }
    throw CommandFailure(
      "--resume would add parts to the input: '\(input)' and '\(output)' are the same, or one lies in the "
        + "other; name another --output")
  }

  private func checkInput(_ file: String) throws {
    let input = input ?? file
    let files = FileManager.default
    if StoragePath(file).isPattern {
      if StoragePath.matches(file).isEmpty {
        throw CommandFailure("there is no input that '\(input)' stands for\(Self.place(input))")
      }
    } else {
      guard files.fileExists(atPath: file) else {
        throw CommandFailure("there is no input '\(input)'\(Self.place(input))")
      }
      guard files.isReadableFile(atPath: file) else {
        throw CommandFailure("the input '\(input)' cannot be read: this user has no right to")
      }
    }
    guard let first = DataFiles(file).first(1).first else {
      throw CommandFailure("the input '\(input)' is a folder without files to read")
    }
    guard FileSystem.isFile(first) else {
      throw CommandFailure(
        "the input '\(first)' is no file, but a pipe or a device, which cannot be read in parts; write "
          + "it to a file first")
    }
    guard files.isReadableFile(atPath: first) else {
      throw CommandFailure("the input's file '\(first)' cannot be read: this user has no right to")
    }
  }

  private func checkFolder(of file: String) throws {
    let output = output ?? file
    var folder = URL(fileURLWithPath: file).deletingLastPathComponent()
    while !FileManager.default.fileExists(atPath: folder.path), folder.pathComponents.count > 1 {
      folder.deleteLastPathComponent()
    }
    guard FileManager.default.isFolder(folder.path) else {
      throw CommandFailure("the output '\(output)' cannot be made: '\(folder.path)' is a file")
    }
    guard FileManager.default.isWritableFile(atPath: folder.path) else {
      throw CommandFailure(
        "the output '\(output)' cannot be made: this user has no right to write to '\(folder.path)'"
      )
    }
  }

  /// Where a relative path counts from.
  private static func place(_ path: String) -> String {
    path.hasPrefix("/") || path.contains(":/")
      ? "" : " (the current folder is \(FileManager.default.currentDirectoryPath))"
  }

  /// Whether a folder has nothing in it, but what a job that failed leaves behind.
  private static func isEmpty(_ path: String) -> Bool {
    guard FileManager.default.isFolder(path),
      let names = try? FileManager.default.contentsOfDirectory(atPath: path)
    else { return false }
    return names.allSatisfy { $0 == "_temporary" }
  }
}
