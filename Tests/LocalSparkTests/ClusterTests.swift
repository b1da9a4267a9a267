import Foundation
import Glibc
import HostProcesses
import Testing

@testable import LocalSpark

/// What is noted of a cluster, without a Spark.
struct ClusterTests {
  private static func record(_ processes: [(String, ProcessIdentity)]) -> ClusterRecord {
    let options = ClusterOptions(
      installation: SparkInstallation(home: "/spark", java: "/java"), workers: 1, cores: 1,
      memory: 512, gpus: 0, port: 0, token: nil)
    var record = ClusterRecord(options, started: 0)
    record.phase = .ready
    record.processes = processes.map { role, identity in
      .init(role: role, identity: identity, log: "/log")
    }
    return record
  }

  private static func own() throws -> ProcessIdentity {
    try #require(ProcessIdentity(pid: getpid()))
  }

  /// A process that has this one's number and is not it.
  private static func stranger() throws -> ProcessIdentity {
    let own = try own()
    return try #require(ProcessIdentity("\(own.pid)-\(own.startTime + 1)"))
  }

  @Test("processes are those that were started, and not later ones with their numbers")
  func identity() throws {
    let (own, stranger) = (try Self.own(), try Self.stranger())
    let all = ClusterStatus(Self.record([("master", own), ("connect", own)]))
    #expect(all.state == .running && all.isServing && all.ended.isEmpty)
    let some = ClusterStatus(Self.record([("master", stranger), ("connect", own)]))
    #expect(some.state == .incomplete && some.isServing && some.ended == ["master"])
    let none = ClusterStatus(Self.record([("master", stranger), ("connect", stranger)]))
    #expect(none.state == .stopped && !none.isServing)
    var early = Self.record([("master", own)])
    early.phase = .starting
    #expect(ClusterStatus(early).state == .starting && !ClusterStatus(early).isServing)
    // It was broken off, and the machine started anew, or somebody has killed them.
    early.processes[0].identity = stranger
    #expect(ClusterStatus(early).state == .stopped)
    var before = Self.record([("connect", own)])
    before.boot = "another boot"
    #expect(ClusterStatus(before).state == .stopped)
  }

  private static func canLock(_ path: String) throws -> Bool {
    guard let lock = try FolderLock.of(path) else { return false }
    _ = consume lock
    return true
  }

  @Test("the record is read as it was written, and only this user can read it")
  func file() throws {
    let path = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    let folder = ClusterFolder(path: path)
    #expect(folder.record() == nil)
    guard let lock = try FolderLock.of(path) else {
      Issue.record("a folder of its own cannot be locked")
      return
    }
    let record = Self.record([("master", try Self.own())])
    try folder.write(record)
    #expect(folder.record() == record)
    let attributes = try FileManager.default.attributesOfItem(atPath: path + "/cluster.json")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    // Another lock of the same process is another one.
    #expect(try !Self.canLock(path))
    folder.empty()
    #expect(folder.record() == nil && FileManager.default.fileExists(atPath: path))
    folder.remove()
    // The one of the folder that is gone does not count.
    #expect(try Self.canLock(path))
    _ = consume lock
    folder.remove()
  }

  @Test("a program that was started apart is found by its mark, and ends with a status")
  func mark() async throws {
    let path = FileManager.default.temporaryDirectory.path + "/needletail-\(UUID().uuidString)"
    let folder = ClusterFolder(path: path)
    let process = try DetachedProcess(
      ["/bin/sh", "-c", "sleep 60 & wait"],
      environment: [ClusterFolder.variable: path, "PATH": "/usr/bin:/bin"], log: "/dev/null")
    // The shell and what it has started.
    while folder.processes().count < 2 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(folder.processes().contains { $0.pid == process.pid })
    #expect(process.poll() == nil)
    for found in folder.processes() { kill(found.pid, SIGTERM) }
    while process.poll() == nil { try await Task.sleep(for: .milliseconds(10)) }
    #expect(process.poll() == 128 + SIGTERM || process.poll() == 0)
    while !folder.processes().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
  }

  @Test("a port on which somebody listens is refused before anything starts")
  func port() throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    #expect(listen(descriptor, 1) == 0)
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(descriptor, $0, &size)
      }
    }
    let port = Int(in_port_t(bigEndian: address.sin_port))
    let error = #expect(throws: NeedletailError.self) { try LoopbackPort.check(port) }
    #expect(
      error?.message.hasPrefix("the port \(port) cannot be had: somebody listens there already")
        == true)
    try LoopbackPort.check(0)
  }

  @Test("a token stands in the address so that it is read from there as it is")
  func address() {
    #expect(ConnectServer.remote(port: 1, token: nil) == "sc://localhost:1")
    #expect(ConnectServer.remote(port: 1, token: "a-B_1") == "sc://localhost:1/;token=a-B_1")
    #expect(
      ConnectServer.remote(port: 1, token: "a;b%'=") == "sc://localhost:1/;token=a%3Bb%25%27%3D")
  }

  @Test("of a log the words that count are read, and its end is told without stacks")
  func log() {
    let text = """
      NOTE: Picked up JDK_JAVA_OPTIONS: -Xint
      12:00:00 INFO Master: Starting Spark master at spark://127.0.0.1:7077
      12:00:01 ERROR Master: it broke
      java.lang.Exception: why
      \tat org.apache.spark.Master.main(Master.scala:1)
      12:00:02 INFO Master: half a li
      """
    #expect(SparkLog.word(behind: "Spark master at ", in: text) == "spark://127.0.0.1:7077")
    // A line that is still being written says nothing yet.
    #expect(SparkLog.word(behind: "INFO Master: half ", in: text) == nil)
    #expect(
      SparkLog.tail(text, lines: 3) == """
          12:00:01 ERROR Master: it broke
          java.lang.Exception: why
          12:00:02 INFO Master: half a li
        """)
    #expect(SparkLog.settings("warn", telling: ["deploy"]).contains("logger.0.level = info\n"))
  }
}
