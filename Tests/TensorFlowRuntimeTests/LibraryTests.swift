import Foundation
import NativeLibraries
import Testing

@testable import TensorFlowRuntime

@Suite("Finding TensorFlow")
struct LibraryTests {
  @Test func nothingFound() throws {
    var search = TensorFlowLibrary.search()
    search.loaderName = "libneedletail-no-such-library.so.1"
    search.surroundings = .init(
      environment: ["NEEDLETAIL_RUNTIMES": "/none"], currentDirectory: "/nowhere",
      executableDirectory: nil)
    #expect(search.locateFile() == nil)
    let error = #expect(throws: DynamicLibraryError.self) { try DynamicLibrary.open(search) }
    #expect(error?.code == .cannotOpen)
    for text in [
      "/none/tensorflow/libtensorflow_cc.so",
      "/nowhere/.venv/lib/python3*/site-packages/tensorflow/",
      "pip install tensorflow-cpu", "NEEDLETAIL_RUNTIMES", "NEEDLETAIL_TENSORFLOW",
    ] {
      #expect(error?.message.contains(text) == true, "\(text) in \(String(describing: error))")
    }
  }

  @Test func libraryForCAlone() throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("needletail-\(UUID().uuidString)").resolvingSymlinksInPath()
    let directory = root.appendingPathComponent("tensorflow/lib")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: root) }
    let file = directory.appendingPathComponent("libtensorflow.so.2")
    try Data().write(to: file)
    for (search, found) in [
      (TensorFlowLibrary.search(), nil), (TensorFlowLibrary.searchForC(), file.path),
    ] {
      var search = search
      search.surroundings = .init(
        environment: ["NEEDLETAIL_RUNTIMES": root.path], currentDirectory: "/nowhere",
        executableDirectory: nil)
      #expect(search.locateFile() == found)
    }
  }

  @Test(arguments: [("2.21.0", true), ("1.15.5", false), ("", false)])
  func versions(_ text: String, _ isSupported: Bool) {
    do {
      try TensorFlowLibrary.checkVersion(text, path: "lib.so")
      #expect(isSupported)
    } catch {
      #expect(!isSupported && error.code == .badVersion)
    }
  }

  @Test func linesKeptFromStandardError() {
    let result = StandardErrorFilter.withoutLines {
      $0.hasPrefix("noise")
    } _: {
      FileHandle.standardError.write(Data("noise of a library\n".utf8))
      return 7
    }
    #expect(result == 7)
  }

  @Test(.needsRuntime) func version() throws {
    let library = try Runtime.library.get()
    #expect(library.description == "TensorFlow \(library.version)")
    #expect(library.version.hasPrefix("2."))
    #expect(try TensorFlowLibrary.shared() === library)
  }
}
