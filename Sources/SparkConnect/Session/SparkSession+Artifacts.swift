import CGzip
import Crypto
package import FoundationEssentials
import GRPCCore
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization
import Texts

extension SparkSession {
  /// The size of a chunk of an artifact, in bytes.
  private static let chunkSize = 256 << 10

  /// Makes the file at `path` available to the executors under its own name (or `name`): worker
  /// closures find it by `worker.file(name)`.
  ///
  /// - Throws: ``SparkError`` if the file cannot be read, or the server does not take it.
  public func addFile(_ path: String, as name: String? = nil) async throws {
    try await addArtifact("files/\(name ?? Self.baseName(path))", path: path)
  }

  /// Makes the archive at `path` (`.zip`, `.tar.gz`, `.tgz`, `.tar`, `.jar`) available unpacked, as a
  /// folder called `name` (by default the archive's own name).
  ///
  /// - Throws: ``SparkError`` if the file cannot be read, or the server does not take it.
  public func addArchive(_ path: String, as name: String? = nil) async throws {
    let base = Self.baseName(path)
    let known = [".zip", ".tar.gz", ".tgz", ".tar", ".jar"]
    guard known.contains(where: { base.hasSuffix($0) }) else {
      throw SparkError(
        .artifact,
        "\(path) is no archive that Spark unpacks; it takes \(known.joined(separator: " "))")
    }
    try await addArtifact("archives/\(base)#\(name ?? base)", path: path)
  }

  /// Adds a jar to the session's class path.
  ///
  /// - Throws: ``SparkError`` if the file cannot be read, or the server does not take it.
  public func addJar(_ path: String) async throws {
    try await addArtifact("jars/\(Self.baseName(path))", path: path)
  }

  private static func baseName(_ path: String) -> String {
    URL(fileURLWithPath: path).lastPathComponent
  }

  private func addArtifact(_ name: String, path: String) async throws {
    var isFolder = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw SparkError(
        .artifact,
        "there is no file \(path) to send to the executors (the current folder is "
          + "\(FileManager.default.currentDirectoryPath))")
    }
    if isFolder {
      throw SparkError(
        .artifact, "\(path) is a folder; pack it (.tar.gz or .zip) and use addArchive")
    }
    let contents: Data
    do {
      contents = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw SparkError(
        .artifact, "\(path) cannot be read: \(error.reason)", cause: error)
    }
    try await addArtifact(named: name, contents)
  }

  /// Sends an artifact under its full name (`files/...`, `archives/...#...`, `cache/...`), unless
  /// this session has sent the same contents under it before.
  ///
  /// - Throws: ``SparkError`` if the server does not take it.
  package func addArtifact(named name: String, _ contents: Data) async throws {
    let hash = SHA256.hash(data: contents).map { String($0, radix: 16) }.joined(separator: ".")
    if let sent = sentArtifacts.withLock({ $0[name] }) {
      if sent == hash { return }
      throw SparkError(
        .artifact,
        "another file was already added under the name '\(name)' in this session; Spark does not "
          + "replace it: give the new one another name or open a new session")
    }
    let connection = connection
    let chunks = max(1, (contents.count + Self.chunkSize - 1) / Self.chunkSize)
    let response = try await connection.reopening { id in
      let base: Spark_Connect_AddArtifactsRequest = connection.request(id)
      return try await storing(name, in: id) { metadata in
        try await connection.service.addArtifacts(
          metadata: metadata, options: connection.options
        ) { writer in
          for index in 0..<chunks {
            let start = contents.startIndex + index * Self.chunkSize
            let piece = contents[start..<min(start + Self.chunkSize, contents.endIndex)]
            let chunk = Spark_Connect_AddArtifactsRequest.ArtifactChunk.with {
              $0.data = Data(piece)
              $0.crc = Self.checksum(piece)
            }
            var request = base
            if chunks == 1 {
              request.batch.artifacts = [
                .with {
                  $0.name = name
                  $0.data = chunk
                }
              ]
            } else if index == 0 {
              request.beginChunk.name = name
              request.beginChunk.totalBytes = Int64(contents.count)
              request.beginChunk.numChunks = Int64(chunks)
              request.beginChunk.initialChunk = chunk
            } else {
              request.chunk = chunk
            }
            try await writer.write(request)
          }
        }
      }
    }
    guard
      let summary = response.artifacts.first(where: { $0.name == name })
        ?? response.artifacts.first,
      summary.isCrcSuccessful
    else {
      throw SparkError(
        .artifact, "the server received '\(name)' damaged (its checksum differs); try again")
    }
    sentArtifacts.withLock { $0[name] = hash }
    connection.serverSession.holdsSomething()
  }

  /// Runs an upload; what the server says against it is told with the artifact's name.
  private func storing(
    _ name: String, in id: String,
    _ upload: @Sendable (Metadata) async throws -> Spark_Connect_AddArtifactsResponse
  ) async throws -> Spark_Connect_AddArtifactsResponse {
    do {
      return try await connection.retrying(session: id, upload)
    } catch var error as SparkError where error.kind == .server {
      error.kind = .artifact
      // A failure to write hides behind this one in Spark: it closes the file, and finds it short.
      let cause =
        error.message.contains("Missing data chunks")
        ? " (all were sent: the disk of the server's temporary files, java.io.tmpdir, is full or "
          + "cannot be written)" : ""
      error.message = "the server could not store the artifact '\(name)': \(error.message)\(cause)"
      // Other engines than Spark take none.
      if let refusal = try? await refusalOfFunctions() { error.message += "; \(refusal)" }
      throw error
    }
  }

  /// The CRC-32 of zlib, as the protocol wants it.
  static func checksum(_ bytes: Data) -> Int64 {
    bytes.withUnsafeBytes { Int64(needletail_crc32(0, $0.baseAddress, $0.count)) }
  }

  /// Whether the server has the artifact called `name` (of the `cache/` kind).
  func hasArtifact(_ name: String) async throws -> Bool {
    try await connection.answer {
      $0.names = [name]
    } to: {
      try await $0.artifactStatus($1, metadata: $2, options: $3)
    }.statuses[name]?.exists ?? false
  }
}
