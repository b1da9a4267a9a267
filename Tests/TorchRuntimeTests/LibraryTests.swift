import Foundation
import NativeLibraries
import Testing

@testable import TorchRuntime

@Suite("Finding PyTorch")
struct LibraryTests {
  private func search(_ environment: [String: String], path: String? = nil) -> DynamicLibrarySearch
  {
    var search = TorchLibrary.search(path: path)
    search.loaderName = "libneedletail-no-such-library.so.1"
    search.surroundings = .init(
      environment: environment, currentDirectory: "/nowhere", executableDirectory: nil)
    return search
  }

  @Test func places() throws {
    let scratch = try Scratch()
    let files = FileManager.default
    for folder in ["runtimes/torch/lib", "venv/lib/python3.12/site-packages/torch/lib", "own"] {
      let directory = "\(scratch.path)/\(folder)"
      try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
      _ = try scratch.write([], "\(folder)/libtorch_cpu.so")
    }
    var environment = [
      "NEEDLETAIL_TORCH": "\(scratch.path)/own", "NEEDLETAIL_RUNTIMES": "\(scratch.path)/runtimes",
      "VIRTUAL_ENV": "\(scratch.path)/venv",
    ]
    func found() -> String? {
      search(environment).locateFile().map { String($0.dropFirst(scratch.path.count)) }
    }
    #expect(found() == "/own/libtorch_cpu.so")
    environment["NEEDLETAIL_TORCH"] = nil
    #expect(found() == "/runtimes/torch/lib/libtorch_cpu.so")
    environment["NEEDLETAIL_RUNTIMES"] = nil
    #expect(found() == "/venv/lib/python3.12/site-packages/torch/lib/libtorch_cpu.so")
  }

  @Test func missingLibrary() {
    let search = search(["NEEDLETAIL_RUNTIMES": "/no/runtimes"])
    let error = #expect(throws: DynamicLibraryError.self) { try DynamicLibrary.open(search) }
    #expect(error?.code == .cannotOpen && error?.library == "PyTorch")
    for text in [
      "/no/runtimes/torch/lib/libtorch_cpu.so*", "pip install torch", "NEEDLETAIL_RUNTIMES",
    ] {
      #expect(error?.message.contains(text) == true)
    }
  }

  @Test func missingPlugin() {
    var search = TorchPlugin.search(beside: nil)
    search.surroundings = .init(
      environment: ["NEEDLETAIL_TORCH_PLUGIN": "/no/plugin.so"], currentDirectory: "/nowhere",
      executableDirectory: nil)
    let error = #expect(throws: DynamicLibraryError.self) { try DynamicLibrary.open(search) }
    #expect(error?.code == .cannotOpen && error?.paths == ["/no/plugin.so"])
    #expect(error?.message.contains("scripts/build-torch-plugin") == true)
  }

  @Test("how the plug-in is built, in a clone and with a package of the command")
  func pluginAdvice() throws {
    let scratch = try Scratch()
    for file in ["clone/scripts/build-torch-plugin", "venv/bin/python"] {
      let url = URL(fileURLWithPath: "\(scratch.path)/\(file)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      let made = FileManager.default.createFile(
        atPath: url.path, contents: Data(), attributes: [.posixPermissions: 0o755])
      #expect(made)
    }
    let installed = "\(scratch.path)/venv/lib/python3.12/site-packages/torch/lib/libtorch_cpu.so"
    func advice(_ program: String, _ library: String?) -> String {
      TorchPluginAdvice(programDirectory: "\(scratch.path)/\(program)", libraryPath: library).text
    }
    let built = advice("clone/.build/debug", installed)
    #expect(
      built.contains(
        "`\(scratch.path)/clone/scripts/build-torch-plugin \(scratch.path)/venv/bin/python`;"),
      "\(built)")
    #expect(!built.contains("sources"))
    let packaged = advice("venv/bin", installed)
    #expect(
      packaged.contains(
        "from Needletail's sources, of the version that `needletail --version` tells and with a compiler "
          + "of C++20, by `scripts/build-torch-plugin \(scratch.path)/venv/bin/python` in their folder"
      ),
      "\(packaged)")
    #expect(packaged.contains("NEEDLETAIL_TORCH_PLUGIN=FILE"))
    let runtimes = advice("venv/bin", "/runtimes/torch/lib/libtorch_cpu.so")
    #expect(
      runtimes.contains("`scripts/build-torch-plugin PYTHON /runtimes/torch/lib`"), "\(runtimes)")
  }

  @Test func anotherLibrary() {
    let error = #expect(throws: DynamicLibraryError.self) {
      try TorchLibrary.shared(path: "libm.so.6")
    }
    #expect(error?.code == .symbolMissing)
    #expect(error?.message.contains("aoti_torch_") == true)
  }

  @Test(.needsRuntime) func loadedOnce() async throws {
    let libraries = try await withThrowingTaskGroup(of: TorchLibrary.self) { group in
      for _ in 0..<8 { group.addTask { try TorchLibrary.shared() } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(libraries.allSatisfy { $0 === libraries[0] })
    #expect(libraries[0].version?.hasPrefix("2.") == true)
    #expect(libraries[0].api.codes.count == 13)
    #expect(libraries[0].api.setThreadCount != nil)
  }

  @Test(.needsRuntime) func filesToShip() {
    let files = TorchLibrary.locateFiles()
    #expect(files.contains { $0.hasSuffix("/libc10.so") })
    #expect(files.allSatisfy { FileManager.default.fileExists(atPath: $0) })
  }
}
