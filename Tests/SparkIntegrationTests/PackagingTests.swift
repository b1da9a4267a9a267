import Foundation
import Testing

@testable import Deployment
@testable import HostProcesses
@testable import LocalSpark
@testable import Needletail

/// What the program puts together for the executors.
struct PackagingTests {
  @Test(
    "Swift's libraries travel, the system's stay",
    arguments: [
      ("/usr/lib/swift/linux/libswiftCore.so", true),
      ("/home/me/swift/usr/lib/swift/linux/libFoundation.so", true),
      ("/home/me/lib/libmine.so", true),
      ("/usr/lib/x86_64-linux-gnu/libz.so.1", false),
      ("/lib64/ld-linux-x86-64.so.2", false),
    ])
  func libraries(_ path: String, _ travels: Bool) {
    #expect(SharedLibraries.shouldShip(path) == travels)
  }

  @Test("the libraries that a program is linked with travel, and no others")
  func linkedLibraries() throws {
    let program = try ProcFile.programPath()
    let names = try #require(
      LinkedLibraries.names(of: try Data(contentsOf: URL(fileURLWithPath: program))))
    #expect(names.contains { $0.hasPrefix("libc.so") }, "\(names)")
    let travelling = SharedLibraries.toShip(program: program)
    #expect(travelling.contains { $0.name == "libswiftCore.so" })
    // A library of a library: Foundation's, which nothing else is linked with.
    #expect(travelling.contains { $0.name == "lib_FoundationICU.so" })
    for library in travelling {
      #expect(SharedLibraries.shouldShip(library.path) && library.path.contains(library.name))
      #expect(!library.name.contains("onnxruntime"))
    }
    #expect(LinkedLibraries.names(of: Data("no program".utf8)) == nil)
    #expect(
      LinkedLibraries.names(of: Data([0x7F, 0x45, 0x4C, 0x46, 2, 1]) + Data(count: 99)) != nil)
  }

  @Test("the loaded part of a program is smaller, starts, and is the same build")
  func image() throws {
    let whole = try ExecutableImage.current()
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try whole.contents.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let part = try ExecutableImage(path: file.path)
    #expect(part.fingerprint == whole.fingerprint)
    #expect(part.contents == whole.contents)
    let size = try #require(
      try FileManager.default.attributesOfItem(atPath: whole.path)[.size] as? Int)
    #expect(whole.contents.count < size)
  }

  @Test("tar reads the archive, the permission to execute included", arguments: [Int32(0), 1])
  func archive(_ level: Int32) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var tar = TarArchive()
    let contents = Data((0..<100_000).map { UInt8($0 % 251) })
    tar.add("bin/program", contents, mode: 0o755)
    tar.add("lib/empty", Data())
    try tar.gzipped(level: level).write(to: folder.appending(path: "a.tar.gz"))
    let process = Process()
    process.executableURL = URL(filePath: "/bin/tar")
    process.arguments = ["-xzf", "a.tar.gz"]
    process.currentDirectoryURL = folder
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let program = folder.appending(path: "bin/program")
    #expect(try Data(contentsOf: program) == contents)
    #expect(FileManager.default.isExecutableFile(atPath: program.path))
    #expect(try Data(contentsOf: folder.appending(path: "lib/empty")).isEmpty)
  }

  @Test(
    "the port in Spark's log",
    arguments: [
      ("INFO SparkConnectServer: Spark Connect server started at: 127.0.0.1:44255\n", 44255),
      ("Spark Connect server started at: 0:0:0:0:0:0:0:0%0:15002\nmore", 15002),
      ("Spark Connect server started at: 127.0.0.1:442", nil),
      ("nothing of it", nil),
    ] as [(String, Int?)])
  func port(_ log: String, _ port: Int?) { #expect(SparkLog.port(in: log) == port) }

  @Test("runtimes are sent on request only, and an unknown one is refused")
  func shippedRuntimes() throws {
    #expect(try ShippedRuntimes.files(nil).isEmpty)
    #expect(try ShippedRuntimes.files("").isEmpty)
    let error = #expect(throws: NeedletailError.self) { try ShippedRuntimes.files("jax") }
    #expect(error?.message.contains("tensorflow, torch") == true)
    if TensorFlowLibrary.locate() != nil {
      let files = try ShippedRuntimes.files(" TensorFlow ")
      #expect(files.contains { $0.contains("libtensorflow_framework") }, "\(files)")
    }
  }
}
