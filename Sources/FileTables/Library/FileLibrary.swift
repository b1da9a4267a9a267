import CFileTables
package import NativeLibraries
import Synchronization

/// The plug-in in C++ that reads and writes files with Apache Arrow's libraries, as found on this machine.
///
/// The package neither links nor needs it to build. `scripts/build-files-plugin` makes it, for one
/// version of Arrow; its interface is `needletail_files.h`.
package final class FileLibrary: Sendable {
  /// The environment variable that names the plug-in's file or its directory.
  package static let environmentVariable = "NEEDLETAIL_FILES"

  /// The file, or the name that the system's loader resolved.
  package let path: String
  /// The version of Arrow's libraries, such as `26.0.1`.
  package let arrowVersion: String
  /// The plug-in's functions; they may be called by any thread.
  nonisolated(unsafe) let api: NTFiles

  private static let loaded = LoadedLibraries<FileLibrary>()
  /// What the search found. Files are opened often, and a search looks into many folders.
  private static let found = Mutex<FileLibrary?>(nil)

  /// The plug-in that the search finds; loaded once for the process.
  ///
  /// - Throws: ``FileTableError`` with code ``FileTableError/Code/libraryMissing``: the places tried and
  ///   how to build it.
  package static func shared() throws(FileTableError) -> FileLibrary {
    if let library = found.withLock({ $0 }) { return library }
    let library = try shared(search())
    found.withLock { $0 = library }
    return library
  }

  /// The same with a search of one's own.
  package static func shared(
    _ search: DynamicLibrarySearch
  ) throws(FileTableError) -> FileLibrary {
    do {
      return try loaded.shared(search) { try FileLibrary($0) }
    } catch let error as DynamicLibraryError {
      // The first line says it all to those whose job Spark then does.
      let what =
        error.code == .cannotOpen
        ? "files can't be read or written here without the plug-in for files:\n"
        : "files can't be read or written here: "
      throw FileTableError(
        .libraryMissing, what + error.message,
        path: error.code == .badVersion ? nil : error.paths.first)
    } catch {
      throw FileTableError(.libraryMissing, "files can't be read or written here: \(error)")
    }
  }

  /// Takes the plug-in at `path`, unless one is in use already.
  ///
  /// - Throws: ``FileTableError`` as ``shared()``.
  package static func use(_ path: String) throws(FileTableError) {
    if found.withLock({ $0 }) != nil { return }
    let library = try shared(search(path: path))
    found.withLock { $0 = $0 ?? library }
  }

  /// Whether files can be read and written here.
  package static var isAvailable: Bool { (try? shared()) != nil }

  private init(_ library: DynamicLibrary) throws(DynamicLibraryError) {
    let functions: @convention(c) () -> UnsafePointer<NTFiles>? = try library.function(
      "needletail_files")
    guard let table = functions() else {
      throw library.failure(
        .badVersion, "answers with no functions; build it again. \(Self.advice)")
    }
    // Of another version nothing but its number may be looked at.
    let version = UnsafeRawPointer(table).load(as: UInt32.self)
    guard version == UInt32(NT_FILES_VERSION) else {
      throw library.failure(
        .badVersion,
        "has version \(version) of the plug-in's interface, \(NT_FILES_VERSION) is needed; build it "
          + "again with scripts/build-files-plugin")
    }
    api = table.pointee
    path = library.path
    arrowVersion = table.pointee.arrow_version.map { String(cString: $0) } ?? "unknown"
  }

  /// Bytes that the plug-in's batches and buffers hold now.
  package var bytesAllocated: Int64 { api.bytes_allocated() }

  /// The most bytes that they have held.
  package var peakBytes: Int64 { api.peak_bytes() }

  /// Gives memory that is not used back to the system.
  package func releaseUnused() { api.release_unused() }
}

extension FileLibrary: CustomStringConvertible {
  package var description: String { "Apache Arrow \(arrowVersion)" }
}
