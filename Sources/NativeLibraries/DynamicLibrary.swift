import Glibc
import Synchronization

/// A shared library that was opened at run time.
///
/// A library is opened once for each path and stays open until the process ends: the runtimes that
/// are loaded this way start threads and register global state, so that unloading them is not safe.
///
/// ```swift
/// let search = DynamicLibrarySearch(
///   library: "ONNX Runtime", fileName: "libonnxruntime.so",
///   environmentVariable: "NEEDLETAIL_ONNXRUNTIME", advice: "pip install onnxruntime")
/// let library = try DynamicLibrary.open(search)
/// ```
public final class DynamicLibrary: Sendable {
  /// A library's name as messages give it.
  public let name: String
  /// The file, or the name that the system's loader resolved.
  public let path: String
  private nonisolated(unsafe) let handle: UnsafeMutableRawPointer

  private static let opened = Mutex<[String: DynamicLibrary]>([:])

  private init(name: String, path: String, handle: UnsafeMutableRawPointer) {
    self.name = name
    self.path = path
    self.handle = handle
  }

  /// Opens the first library of `search` that can be opened.
  ///
  /// - Throws: ``DynamicLibraryError`` with code ``DynamicLibraryError/Code/cannotOpen`` that lists
  ///   every place tried and why it did not serve.
  public static func open(_ search: DynamicLibrarySearch) throws(DynamicLibraryError)
    -> DynamicLibrary
  {
    var attempts = SearchedPlaces()
    for location in search.locations() {
      let candidates = location.candidates(fileName: search.fileName)
      if candidates.isEmpty {
        attempts.add(location.pattern(fileName: search.fileName))
      }
      for path in candidates {
        switch open(path, name: search.library) {
        case .success(let library): return library
        case .failure(let failure): attempts.add(path, failure.text)
        }
      }
    }
    throw DynamicLibraryError(
      .cannotOpen, attempts.message("no usable library was found", advice: search.advice),
      library: search.library, paths: attempts.places)
  }

  /// Opens the library at `path`, or the one that is open already.
  ///
  /// - Parameter path: a file, or a bare name for the system's loader.
  /// - Throws: ``DynamicLibraryError`` with the loader's reason.
  public static func open(path: String, name: String) throws(DynamicLibraryError) -> DynamicLibrary
  {
    switch open(path, name: name) {
    case .success(let library): return library
    case .failure(let failure):
      throw DynamicLibraryError(
        .cannotOpen, "\(path) cannot be opened: \(failure.text)", library: name, paths: [path])
    }
  }

  private struct OpenFailure: Error { var text: String }

  private static func open(_ path: String, name: String) -> Result<DynamicLibrary, OpenFailure> {
    opened.withLock { opened in
      if let library = opened[path] { return .success(library) }
      guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
        let reason = dlerror().map { String(cString: $0) } ?? "the loader gave no reason"
        let isPrefixed = reason.hasPrefix("\(path): ")
        return .failure(
          OpenFailure(text: isPrefixed ? String(reason.dropFirst(path.count + 2)) : reason))
      }
      let library = DynamicLibrary(name: name, path: path, handle: handle)
      opened[path] = library
      return .success(library)
    }
  }

  /// The address of the function or variable `symbol`, `nil` if the library has none.
  public func address(of symbol: String) -> UnsafeMutableRawPointer? { dlsym(handle, symbol) }

  /// The function `symbol`; `Function` is a `@convention(c)` type, which nobody can check.
  ///
  /// - Throws: ``DynamicLibraryError`` with code ``DynamicLibraryError/Code/symbolMissing``.
  public func function<Function>(_ symbol: String, as type: Function.Type = Function.self)
    throws(DynamicLibraryError) -> Function
  {
    guard let address = address(of: symbol) else {
      throw failure(
        .symbolMissing,
        "has no function \(symbol), so it is another library or one of another kind; name the right "
          + "file, or remove this one from the place where it was found")
    }
    precondition(
      MemoryLayout<Function>.size == MemoryLayout<UnsafeMutableRawPointer>.size,
      "\(Function.self) is not a C function")
    return unsafeBitCast(address, to: Function.self)
  }

  /// An error about this library, whose path the message begins with.
  package func failure(
    _ code: DynamicLibraryError.Code, _ message: String
  ) -> DynamicLibraryError {
    DynamicLibraryError(code, "\(path) \(message)", library: name, paths: [path])
  }
}
