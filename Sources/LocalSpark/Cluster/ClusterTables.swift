import FoundationEssentials
import HostProcesses
import NativeLibraries
import Texts

/// The tables of the catalog of the cluster on this machine: files and names, which stay when it is stopped,
/// for this user's next one.
package struct ClusterTables: Sendable, Hashable {
  /// The folder of both.
  package let path: String

  package init(path: String) { self.path = path }

  /// Those of this user: in the folder for users' data, `XDG_DATA_HOME` or else `~/.local/share`.
  ///
  /// - Throws: ``NeedletailError`` if the user has no such folder.
  init(environment: [String: String]) throws {
    // The convention has paths that are not absolute ignored.
    let named = environment["XDG_DATA_HOME"] ?? ""
    let home = environment["HOME"] ?? ""
    guard named.hasPrefix("/") || home.hasPrefix("/") else {
      throw NeedletailError(
        .localSpark,
        "there is no place for the tables of Spark's catalog, which shall stay when it is stopped: neither "
          + "XDG_DATA_HOME nor HOME is an absolute path; name a folder in XDG_DATA_HOME")
    }
    let data = named.hasPrefix("/") ? named : home + "/.local/share"
    path = data + (data.hasSuffix("/") ? "" : "/") + "needletail/spark"
  }

  private var warehouse: String { path + "/warehouse" }
  private var userFile: String { path + "/server" }

  /// The names of what tables and databases lie there, as folders have them.
  package var entries: [String] {
    FileSystem.entries(of: warehouse).filter { !$0.hasPrefix(".") }.sorted()
  }

  // MARK: The server that has them open

  /// Makes the folder, and makes sure that no other server has the catalog open: Derby lets in one.
  func prepare() throws {
    if let user {
      throw NeedletailError(
        .localSpark,
        "the tables in \(path) are those of a Spark of this user that runs (pid \(user.pid)), which was started "
          + "with another folder for temporary files (TMPDIR); stop it there, or name another folder for the "
          + "tables in XDG_DATA_HOME")
    }
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw NeedletailError(
        .localSpark,
        "the folder for the tables of Spark's catalog, \(path), cannot be made: \(error.reason); name "
          + "another in XDG_DATA_HOME", cause: error)
    }
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw NeedletailError(
        .localSpark,
        "the tables of Spark's catalog lie in \(path), where this user cannot write; name another folder "
          + "in XDG_DATA_HOME")
    }
  }

  /// The server that has them open.
  private var user: ProcessIdentity? {
    guard let bytes = FileSystem.contents(of: userFile, limit: 1000) else { return nil }
    let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    guard words.count == 2, words[0] == Machine.identity,
      let server = ProcessIdentity(String(words[1])), server.isAlive
    else { return nil }
    return server
  }

  /// Notes the server that opens them.
  func note(_ server: ProcessIdentity) throws {
    try Data("\(Machine.identity) \(server)".utf8)
      .write(to: URL(fileURLWithPath: userFile), options: .atomic)
  }

  // MARK: Settings

  /// The settings by which Spark keeps them there.
  ///
  /// Files alone are not enough: Spark's catalog in memory forgets that they are a table, and refuses to
  /// make one where they lie. Hive's client, which comes with Spark, keeps names in a database of Derby.
  func settings(confFolder: String) -> [String: String] {
    var settings = ["spark.sql.warehouse.dir": "file:" + warehouse]
    // Who has described a metastore has it.
    if FileSystem.isFile(confFolder + "/hive-site.xml") { return settings }
    settings["spark.sql.catalogImplementation"] = "hive"
    settings["spark.hadoop.javax.jdo.option.ConnectionURL"] =
      "jdbc:derby:;databaseName=\(path)/catalog;create=true"
    return settings
  }

  /// Whether the installation can keep the names of tables.
  static func canBeKept(by installation: SparkInstallation) -> Bool {
    let jars = FileSystem.entries(of: installation.home + "/jars")
    return ["spark-hive_", "derby-"].allSatisfy { part in jars.contains { $0.hasPrefix(part) } }
  }

  // MARK: The end

  /// Removes them all.
  ///
  /// - Returns: whether there were any.
  /// - Throws: ``NeedletailError`` if a server has them open, or they cannot be removed.
  func remove() throws -> Bool {
    if let user {
      throw NeedletailError(
        .localSpark,
        "the tables in \(path) are not removed: a Spark of this user (pid \(user.pid)), which was started "
          + "with another folder for temporary files (TMPDIR), has them open; stop it there first")
    }
    let had = !entries.isEmpty
    do {
      for name in ["warehouse", "catalog", "server"] {
        let item = "\(path)/\(name)"
        guard FileManager.default.fileExists(atPath: item) else { continue }
        try FileManager.default.removeItem(atPath: item)
      }
    } catch {
      throw NeedletailError(
        .localSpark, "the tables in \(path) cannot be removed: \(error.reason)", cause: error)
    }
    return had
  }
}
