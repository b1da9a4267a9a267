import Glibc
import NativeLibraries
import Synchronization

/// PyTorch's runtime libraries as found on this machine.
///
/// The package neither links nor needs them to build: `libtorch_cpu.so` is opened at run time, from
/// wherever `DynamicLibrarySearch` finds it, first of all the file or directory in the environment
/// variable `NEEDLETAIL_TORCH`. The libraries of the Python package `torch` serve; Python itself is
/// not needed. Packages compiled for CUDA take `libtorch_cuda.so` beside it, opened with the first.
///
/// ```swift
/// let library = try TorchLibrary.shared()
/// print(library)                                      // PyTorch 2.13.0
/// ```
public final class TorchLibrary: Sendable {
  /// The environment variable that names the library's file or its directory.
  public static let environmentVariable = "NEEDLETAIL_TORCH"

  /// The file, or the name that the system's loader resolved.
  public let path: String
  /// The version, such as `2.13.0`; `nil` if the library does not tell (before 2.9).
  public let version: String?
  let api: TorchAPI
  /// What the CUDA part offers once it is open.
  private let cuda = Mutex<CUDAFunctions?>(nil)

  private static let loaded = LoadedLibraries<TorchLibrary>()

  /// The library that the search finds; loaded once for the process.
  ///
  /// - Parameter path: the library's file or directory, instead of the search.
  /// - Throws: `DynamicLibraryError`: nothing can be opened (with all places tried), or the file is
  ///   another library or an older version.
  public static func shared(path: String? = nil) throws -> TorchLibrary {
    try loaded.shared(search(path: path)) { try TorchLibrary($0) }
  }

  private init(_ library: DynamicLibrary) throws(DynamicLibraryError) {
    api = try TorchAPI(library)
    path = library.path
    // Some compilers link packages with this one, too, which is nothing but a name for the others; the
    // loader does not look for it where they are, but knows it once it is open.
    if let slash = library.path.lastIndex(of: "/") {
      let alias = String(library.path[...slash]) + Self.aliasName
      if access(alias, F_OK) == 0 { _ = try DynamicLibrary.open(path: alias, name: Self.name) }
    }
    typealias ABIVersion = @convention(c) () -> UInt64
    let abiVersion: ABIVersion? = try library.optional("aoti_torch_abi_version")
    version = abiVersion.map { abiVersion in
      // The uppermost bytes are the parts of the version.
      let number = abiVersion()
      return [56, 48, 40].map { String(number >> $0 & 0xFF) }.joined(separator: ".")
    }
  }

  /// The functions of the CUDA part, opened when it is first needed.
  ///
  /// - Throws: `DynamicLibraryError` if there is none beside the library, or no driver.
  func cudaFunctions() throws(DynamicLibraryError) -> CUDAFunctions {
    try cuda.withLock { cuda throws(DynamicLibraryError) in
      if let cuda { return cuda }
      let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
      let file = "\(directory)libtorch_cuda.so"
      if !directory.isEmpty, access(file, F_OK) != 0 {
        throw DynamicLibraryError(
          .cannotOpen,
          "\(file) does not exist: this PyTorch is for CPUs only, and the model was compiled for "
            + "CUDA. Install PyTorch with CUDA, or compile the model for the CPU",
          library: Self.name, paths: [file])
      }
      let functions = try CUDAFunctions(
        DynamicLibrary.open(path: file, name: "\(Self.name) for CUDA"))
      cuda = functions
      return functions
    }
  }
}

extension TorchLibrary: CustomStringConvertible {
  public var description: String { version.map { "PyTorch \($0)" } ?? "PyTorch" }
}

/// The functions of `libtorch_cuda.so` that choose a GPU for the calling thread.
struct CUDAFunctions: Sendable {
  let createGuard: @convention(c) (Int32, UnsafeMutablePointer<OpaquePointer?>) -> Int32
  let deleteGuard: @convention(c) (OpaquePointer) -> Int32

  init(_ library: DynamicLibrary) throws(DynamicLibraryError) {
    createGuard = try library.function("aoti_torch_create_cuda_guard")
    deleteGuard = try library.function("aoti_torch_delete_cuda_guard")
  }
}
