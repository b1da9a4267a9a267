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
