import Synchronization

/// What a runtime has made of its library, once in the process for each file that was opened.
///
/// ```swift
/// private static let loaded = LoadedLibraries<ONNXLibrary>()
/// let library = try loaded.shared(search()) { try ONNXLibrary($0) }
/// ```
package final class LoadedLibraries<Library: Sendable>: Sendable {
  private let loaded = Mutex<[String: Library]>([:])

  package init() {}

  /// Opens the first library of `search` that can be opened, and makes of it what is shared.
  ///
  /// - Throws: ``DynamicLibraryError`` if there is none; what `make` throws.
  package func shared(
    _ search: DynamicLibrarySearch, make: (DynamicLibrary) throws -> Library
  ) throws -> Library {
    try shared({ try DynamicLibrary.open(search) }, make: make)
  }

  /// The same for a runtime that opens its library in a way of its own.
  ///
  /// - Parameter open: is called by one thread at a time.
  package func shared(
    _ open: () throws -> DynamicLibrary, make: (DynamicLibrary) throws -> Library
  ) throws -> Library {
    try loaded.withLock { loaded in
      let library = try open()
      if let known = loaded[library.path] { return known }
      let new = try make(library)
      loaded[library.path] = new
      return new
    }
  }
}
