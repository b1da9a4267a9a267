import Foundation
import HostProcesses
import Testing

@testable import Deployment

/// What a session gets that another process holds.
struct SessionFileTests {
  @Test("what an artifact has becomes a file under its name, once")
  func files() throws {
    let folder = try TestFolder()
    defer { folder.remove() }
    let directory = "\(folder.path)/plans"
    let plain = try SessionFile(artifact: "files/ab12-model.onnx", Data([1, 2]), in: directory)
    #expect(plain == SessionFile(path: "\(directory)/ab12-model.onnx"))
    let archive = try SessionFile(
      artifact: "archives/cd34-model.tar.gz#cd34-model", Data([3]), in: directory)
    #expect(
      archive == SessionFile(path: "\(directory)/cd34-model.tar.gz", folder: "cd34-model"))
    // The name tells what is in it: nothing is written again.
    _ = try SessionFile(artifact: "files/ab12-model.onnx", Data([9]), in: directory)
    #expect(FileManager.default.contents(atPath: plain.path) == Data([1, 2]))
    #expect(FileManager.default.contents(atPath: archive.path) == Data([3]))
    let error = #expect(throws: NeedletailError.self) {
      try SessionFile(artifact: "files/x", Data(), in: plain.path)
    }
    #expect(error?.message.hasPrefix("\(plain.path)/x, which is for the executors, cannot") == true)
  }

  @Test("a program that an operator has installed is not sent")
  func installed() throws {
    let program = try CarriedProgram(
      in: "/nowhere", isHere: false, environment: ["NEEDLETAIL_WORKER": "/opt/program"])
    #expect(program.worker == "/opt/program" && program.files.isEmpty && !program.id.isEmpty)
  }

  @Test(
    "the settings that a session changes",
    arguments: [
      ((4, 0), [:], ["maxBytesPerBatch"]), ((4, 1), [:], ["maxBytesPerBatch"]),
      ((4, 2), [:], ["enabled", "maxBytesPerBatch"]),
      ((4, 3), [:], ["enabled", "maxBytesPerBatch"]),
      ((4, 3), ["NEEDLETAIL_COLUMNAR_INPUT": "spark"], ["maxBytesPerBatch"]),
    ] as [((Int, Int), [String: String], [String])])
  func settings(version: (Int, Int), environment: [String: String], names: [String]) {
    let changes = WorkerSettings.changes(version: version, environment: environment)
    #expect(changes.map { String($0.name.split(separator: ".").last ?? "") } == names)
    #expect(changes.last?.replaces == "67108864b" && changes.last?.value == "16777216b")
  }
}
