import Foundation
import NativeLibraries
import Testing

@testable import FileTables

@Suite("Finding the plug-in for files")
struct FileLibraryTests {
  private func search(_ environment: [String: String]) -> DynamicLibrarySearch {
    var search = FileLibrary.search()
    search.surroundings = .init(
      environment: environment, currentDirectory: "/nowhere", executableDirectory: nil)
    return search
  }

  @Test func missing() {
    let error = failure {
      _ = try FileLibrary.shared(search(["NEEDLETAIL_FILES": "/no/plugin.so"]))
    }
    #expect(error?.code == .libraryMissing)
    #expect(
      error?.message.hasPrefix(
        "files can't be read or written here without the plug-in for files:\n") == true)
    for text in ["/no/plugin.so", "scripts/build-files-plugin", "NEEDLETAIL_FILES", "pyarrow"] {
      #expect(error?.description.contains(text) == true)
    }
  }

  @Test func places() {
    let places = search(["NEEDLETAIL_RUNTIMES": "/runtimes", "VIRTUAL_ENV": "/venv"]).locations()
    #expect(places.contains(.directory("/runtimes/pyarrow")))
  }

  @Test(.needsFilePlugin) func anotherLibrary() throws {
    let path = try FileLibrary.shared().path
    let folder = try #require(path.lastIndex(of: "/").map { String(path[..<$0]) })
    let arrow = try #require(
      DynamicLibrarySearch.files(in: folder, prefix: "libarrow.so.", suffix: "").first)
    let error = failure { _ = try FileLibrary.shared(search(["NEEDLETAIL_FILES": arrow])) }
    #expect(error?.code == .libraryMissing)
    #expect(error?.message.contains("needletail_files") == true)
  }

  @Test(.needsFilePlugin) func files() throws {
    let library = try FileLibrary.shared()
    #expect(library.arrowVersion.split(separator: ".").count == 3)
    #expect("\(library)" == "Apache Arrow \(library.arrowVersion)")
    #expect(library.bytesAllocated >= 0 && library.peakBytes >= library.bytesAllocated)
    library.releaseUnused()
  }
}
