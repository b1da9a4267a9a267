import Foundation
import Glibc
import HostProcesses
import Testing

@testable import LocalSpark

/// Where the tables of a cluster lie, and who may have them open.
struct ClusterTablesTests {
  @Test(
    "they are in the user's folder for data",
    arguments: [
      (["XDG_DATA_HOME": "/data", "HOME": "/home/a"], "/data/needletail/spark"),
      (["XDG_DATA_HOME": "/data/"], "/data/needletail/spark"),
      (["HOME": "/home/a"], "/home/a/.local/share/needletail/spark"),
      (["XDG_DATA_HOME": "", "HOME": "/home/a"], "/home/a/.local/share/needletail/spark"),
      (["XDG_DATA_HOME": "data", "HOME": "/home/a"], "/home/a/.local/share/needletail/spark"),
    ])
  func place(_ environment: [String: String], _ path: String) throws {
    #expect(try ClusterTables(environment: environment).path == path)
  }

  @Test("without such a folder nothing is kept where it would be lost")
  func nowhere() {
    for environment in [[:], ["HOME": ""], ["XDG_DATA_HOME": "data", "HOME": "."]] {
      let error = #expect(throws: NeedletailError.self) {
        try ClusterTables(environment: environment)
      }
      #expect(error?.message.contains("name a folder in XDG_DATA_HOME") == true)
    }
  }

  private static func withTables(_ body: (ClusterTables, String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(try ClusterTables(environment: ["XDG_DATA_HOME": folder]), folder)
  }

  @Test("one server has them open, and as long as it runs nobody else has, and nobody removes them")
  func owner() throws {
    try Self.withTables { tables, _ in
      try tables.prepare()
      try tables.prepare()
      let attributes = try FileManager.default.attributesOfItem(atPath: tables.path)
      #expect(attributes[.posixPermissions] as? Int == 0o700)
      let own = try #require(ProcessIdentity(pid: getpid()))
      try tables.note(own)
      let error = #expect(throws: NeedletailError.self) { try tables.prepare() }
      #expect(error?.message.contains("runs (pid \(own.pid))") == true)
      #expect(throws: NeedletailError.self) { try tables.remove() }
      // A process that is another's by now.
      try tables.note(try #require(ProcessIdentity("\(own.pid)-\(own.startTime + 1)")))
      try tables.prepare()
    }
  }

  @Test("they are told by their names, and removed with those")
  func removal() throws {
    try Self.withTables { tables, folder in
      #expect(try !tables.remove())
      try tables.prepare()
      #expect(tables.entries.isEmpty)
      for name in ["warehouse/digits", "warehouse/.hive", "warehouse/a.db/t", "catalog/seg0"] {
        try FileManager.default.createDirectory(
          atPath: "\(tables.path)/\(name)", withIntermediateDirectories: true)
      }
      #expect(tables.entries == ["a.db", "digits"])
      #expect(try tables.remove())
      #expect(tables.entries.isEmpty)
      #expect(!FileManager.default.fileExists(atPath: tables.path + "/catalog"))
      // What is not theirs stays.
      #expect(FileManager.default.fileExists(atPath: tables.path))
    }
  }

  @Test("a Spark without Hive cannot keep them, and one with a metastore keeps its own")
  func settings() throws {
    try Self.withTables { tables, folder in
      let home = SparkInstallation(home: folder + "/spark", java: "/java")
      #expect(!ClusterTables.canBeKept(by: home))
      try FileManager.default.createDirectory(
        atPath: home.home + "/jars", withIntermediateDirectories: true)
      for jar in ["spark-hive_2.13-4.3.0.jar", "derby-10.16.1.1.jar"] {
        try Data().write(to: URL(filePath: "\(home.home)/jars/\(jar)"))
      }
      #expect(ClusterTables.canBeKept(by: home))
      let own = tables.settings(confFolder: home.home)
      #expect(own["spark.sql.warehouse.dir"] == "file:\(tables.path)/warehouse")
      #expect(own["spark.sql.catalogImplementation"] == "hive")
      #expect(
        own["spark.hadoop.javax.jdo.option.ConnectionURL"]
          == "jdbc:derby:;databaseName=\(tables.path)/catalog;create=true")
      try Data().write(to: URL(filePath: home.home + "/hive-site.xml"))
      #expect(Array(tables.settings(confFolder: home.home).keys) == ["spark.sql.warehouse.dir"])
    }
  }
}
