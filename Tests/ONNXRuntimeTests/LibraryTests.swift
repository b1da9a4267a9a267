import Foundation
import NativeLibraries
import Testing

@testable import ONNXRuntime

@Suite("Finding the library")
struct LibraryTests {
  /// A directory with empty files of these names.
  private func directory(_ files: [String]) throws -> String {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("needletail-\(UUID().uuidString)")
    for file in files + ["."] {
      let url = directory.appendingPathComponent(file)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      if file != "." { try Data().write(to: url) }
    }
    return directory.resolvingSymlinksInPath().path
  }

  private func search(
    _ environment: [String: String] = [:], current: String = "/nowhere", executable: String? = nil,
    path: String? = nil
  ) -> DynamicLibrarySearch {
    var search = ONNXLibrary.search(path: path)
    search.loaderName = "libneedletail-no-such-library.so.1"
    search.surroundings = .init(
      environment: environment, currentDirectory: current, executableDirectory: executable)
    return search
  }

  @Test func order() throws {
    let root = try directory([
      "explicit/libonnxruntime.so", "variable/lib/libonnxruntime.so.1.20.0",
      "runtimes/onnxruntime/lib/libonnxruntime.so.1", "app/bin/program",
      "app/lib/libonnxruntime.so.1.32.0",
      "python/lib/python3.9/site-packages/onnxruntime/capi/libonnxruntime.so.1.28.0",
      "python/lib/python3.13/site-packages/onnxruntime/capi/libonnxruntime.so.1.29.0",
      "venv/lib/python3.12/site-packages/onnxruntime/capi/libonnxruntime.so.1.31.0",
      "project/.venv/lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so.1.30.0",
      "project/deep/down/file",
    ])
    defer { try? FileManager.default.removeItem(atPath: root) }
    var environment = [
      "NEEDLETAIL_ONNXRUNTIME": "\(root)/variable", "NEEDLETAIL_RUNTIMES": "/none:\(root)/runtimes",
      "NEEDLETAIL_PYTHON": "\(root)/python/bin/python3", "VIRTUAL_ENV": "\(root)/venv",
    ]
    func found(path: String? = nil, executable: String? = nil) -> String? {
      search(
        environment, current: "\(root)/project/deep/down", executable: executable, path: path
      ).locateFile().map { String($0.dropFirst(root.count)) }
    }
    let executable = "\(root)/app/bin"
    #expect(found(path: "\(root)/explicit/libonnxruntime.so") == "/explicit/libonnxruntime.so")
    #expect(found(path: "\(root)/explicit") == "/explicit/libonnxruntime.so")
    #expect(found(executable: executable) == "/variable/lib/libonnxruntime.so.1.20.0")
    environment["NEEDLETAIL_ONNXRUNTIME"] = nil
    #expect(found(executable: executable) == "/runtimes/onnxruntime/lib/libonnxruntime.so.1")
    environment["NEEDLETAIL_RUNTIMES"] = nil
    #expect(found(executable: executable) == "/app/bin/../lib/libonnxruntime.so.1.32.0")
    let package = "site-packages/onnxruntime/capi"
    #expect(found() == "/python/lib/python3.13/\(package)/libonnxruntime.so.1.29.0")
    environment["NEEDLETAIL_PYTHON"] = nil
    #expect(found() == "/venv/lib/python3.12/\(package)/libonnxruntime.so.1.31.0")
    environment["VIRTUAL_ENV"] = nil
    #expect(found() == "/project/.venv/lib/python3.11/\(package)/libonnxruntime.so.1.30.0")
  }

  /// The environments are those in which a local Spark is looked for.
  @Test func environments() throws {
    let root = try directory([
      "python/bin/python", "project/.venv/x", "project/deep/down/x", "app/.venv/x",
      "app/bin/program",
    ])
    defer { try? FileManager.default.removeItem(atPath: root) }
    let found = PythonEnvironments.folders(
      ["NEEDLETAIL_PYTHON": "\(root)/python/bin/python", "VIRTUAL_ENV": "\(root)/python"],
      above: ["\(root)/project/deep/down", "\(root)/app/bin", "\(root)/project"])
    #expect(
      found.filter { $0.hasPrefix(root) }
        == ["/python", "/project/.venv", "/app/.venv"].map {
          root + $0
        })
    #expect(
      PythonEnvironments.folders(["NEEDLETAIL_PYTHON": "", "VIRTUAL_ENV": ""], above: []).isEmpty)
  }

  /// What `pip install` puts into an environment's `bin` finds that environment's packages by itself.
  @Test(arguments: [
    // A virtual environment comes before those that lie about, but not before a named one.
    ("venv/bin", "", "/venv/lib/python3.12/site-packages"),
    ("venv/bin", "named", "/named/lib/python3.9/site-packages"),
    // The system's Python comes last, and Debian's has another folder.
    ("usr/bin", "", "/project/.venv/lib/python3.11/site-packages"),
    ("debian/bin", "", "/debian/lib/python3.11/dist-packages"),
    ("user/bin", "", "/user/lib/python3.13/site-packages"),
  ])
  func environmentOfTheProgram(_ program: String, _ named: String, _ expected: String) throws {
    let library = "onnxruntime/capi/libonnxruntime.so.1.32.0"
    let root = try directory([
      "venv/pyvenv.cfg", "venv/bin/needletail", "venv/lib/python3.12/site-packages/\(library)",
      "named/lib/python3.9/site-packages/\(library)", "usr/bin/needletail",
      "usr/lib/python3.12/site-packages/\(library)", "debian/bin/needletail",
      "debian/lib/python3.11/dist-packages/\(library)", "user/bin/needletail",
      "user/lib/python3.13/site-packages/\(library)",
      "project/.venv/lib/python3.11/site-packages/\(library)",
    ])
    defer { try? FileManager.default.removeItem(atPath: root) }
    // The last two have no other environment about them.
    let isAlone = program.hasPrefix("debian") || program.hasPrefix("user")
    let found = search(
      named.isEmpty ? [:] : ["VIRTUAL_ENV": "\(root)/\(named)"],
      current: isAlone ? "/nowhere" : "\(root)/project", executable: "\(root)/\(program)"
    ).locateFile()
    #expect(found == "\(root)\(expected)/\(library)")
  }

  @Test func newestVersionOfADirectory() throws {
    let root = try directory([
      "libonnxruntime.so.1.9.0", "libonnxruntime.so.1.32.0", "libonnxruntime.so",
      "libonnxruntime.so.1.99.0.bak", "libonnxruntime.so.old", "libonnxruntime_providers_cuda.so",
    ])
    defer { try? FileManager.default.removeItem(atPath: root) }
    #expect(search(path: root).locateFile() == "\(root)/libonnxruntime.so.1.32.0")
  }

  @Test func nothingFoundListsWhatWasTried() throws {
    let root = try directory([])
    defer { try? FileManager.default.removeItem(atPath: root) }
    let search = search(
      ["NEEDLETAIL_RUNTIMES": "\(root)/a"], current: root, executable: "\(root)/b")
    let error = #expect(throws: DynamicLibraryError.self) { try DynamicLibrary.open(search) }
    #expect(error?.code == .cannotOpen)
    for place in [
      "\(root)/a/libonnxruntime.so*", "\(root)/a/onnxruntime/libonnxruntime.so*",
      "\(root)/b/libonnxruntime.so*", "\(root)/b/../lib/libonnxruntime.so*",
      "\(root)/.venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so*",
      "libneedletail-no-such-library.so.1",
    ] {
      #expect(error?.paths.contains(place) == true, "\(place)")
      #expect(error?.message.contains("\n  \(place): ") == true)
    }
    #expect(error?.message.contains("pip install onnxruntime") == true)
  }

  @Test func aNamedFileIsTheOnlyOneTried() {
    let error = #expect(throws: DynamicLibraryError.self) {
      try ONNXLibrary.shared(path: "/no/such/libonnxruntime.so")
    }
    #expect(error?.code == .cannotOpen && error?.paths == ["/no/such/libonnxruntime.so"])
  }

  @Test func fileThatIsNoLibrary() throws {
    let root = try directory(["libonnxruntime.so"])
    defer { try? FileManager.default.removeItem(atPath: root) }
    let error = #expect(throws: DynamicLibraryError.self) { try ONNXLibrary.shared(path: root) }
    #expect(error?.code == .cannotOpen && error?.paths.first == "\(root)/libonnxruntime.so")
    #expect(error?.message.contains("too short") == true)
  }

  @Test func libraryWithoutTheFunction() {
    let error = #expect(throws: DynamicLibraryError.self) {
      try ONNXLibrary.shared(path: "libm.so.6")
    }
    #expect(error?.code == .symbolMissing && error?.paths == ["libm.so.6"])
    #expect(error?.message.contains("OrtGetApiBase") == true)
  }

  @Test(arguments: ["1.16.3", "0.9.0", "2.0.0", "", "nonsense", "1.17"])
  func unsupportedVersions(_ text: String) {
    let error = #expect(throws: DynamicLibraryError.self) {
      try ONNXLibrary.checkVersion(text, path: "lib.so")
    }
    #expect(error?.code == .badVersion && error?.paths == ["lib.so"])
    #expect(error?.message.contains("1.17.0") == true)
  }

  @Test(arguments: [("1.17.0", 17), ("1.32.0", 32), ("1.40.1-dev+abc", 40)])
  func supportedVersions(_ text: String, minor: Int) throws {
    #expect(try ONNXLibrary.checkVersion(text, path: "lib.so").minor == minor)
  }

  @Test(.needsRuntime) func loadedOnce() async throws {
    let libraries = try await withThrowingTaskGroup(of: ONNXLibrary.self) { group in
      for _ in 0..<8 { group.addTask { try ONNXLibrary.shared() } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(libraries.allSatisfy { $0 === libraries[0] })
    #expect(libraries[0].version >= .oldest)
    #expect(libraries[0].availableProviders.contains("CPUExecutionProvider"))
    #expect(libraries[0].path.contains("libonnxruntime.so"))
  }

  @Test(.needsRuntime) func filesToShip() throws {
    guard let file = ONNXLibrary.locate() else { return }
    let files = ONNXLibrary.locateFiles()
    #expect(files.first == file)
    #expect(files.allSatisfy { FileManager.default.fileExists(atPath: $0) })
    #expect(files.dropFirst().allSatisfy { $0.contains("libonnxruntime_providers_") })
  }
}
