import Glibc
import Synchronization

/// The shared library of a package, open, with the functions of its C interface
/// (`torch/csrc/inductor/aoti_runtime/interface.h`).
///
/// It stays open until the process ends: the system's loader cannot close such libraries, because
/// C++ makes some of their variables unique to the process. So the same code is not opened twice.
final class CompiledCode: Sendable {
  typealias Container = OpaquePointer
  typealias Text = UnsafeMutablePointer<UnsafePointer<CChar>?>
  typealias Number = UnsafeMutablePointer<Int>
  typealias Handles = UnsafeMutablePointer<OpaquePointer?>
  typealias Run =
    @convention(c) (
      Container, Handles, Int, Handles, Int, OpaquePointer?, OpaquePointer?
    ) -> Int32

  let create: @convention(c) (Handles, Int, UnsafePointer<CChar>, UnsafePointer<CChar>?) -> Int32
  let delete: @convention(c) (Container) -> Int32
  let inputCount: @convention(c) (Container, Number) -> Int32
  let outputCount: @convention(c) (Container, Number) -> Int32
  let inputName: @convention(c) (Container, Int, Text) -> Int32
  let outputName: @convention(c) (Container, Int, Text) -> Int32
  let callSpecification: (@convention(c) (Container, Text, Text) -> Int32)?
  let run: Run
  let lastError: (@convention(c) (Text) -> Int32)?
  let constantCount: (@convention(c) (Container, Number) -> Int32)?
  let constantName: (@convention(c) (Container, Int, Text) -> Int32)?
  let constantOriginalName: (@convention(c) (Container, Int, Text) -> Int32)?
  let constantIsFolded: (@convention(c) (Container, Int, UnsafeMutablePointer<Bool>) -> Int32)?
  let constantElementType: (@convention(c) (Container, Int, UnsafeMutablePointer<Int32>) -> Int32)?
  let constantByteCount: (@convention(c) (Container, Int, Number) -> Int32)?
  /// Container, pointer to the entries, their number, whether the inactive set is meant.
  let presentConstants:
    (
      @convention(c) (
        Container, UnsafeMutablePointer<UnsafeRawPointer?>, Number, Bool
      ) -> Int32
    )?
  /// Container, pairs of name and tensor (which stay the caller's), their number, whether the
  /// inactive set is meant, whether all must be there.
  let updateConstants: (@convention(c) (Container, UnsafeRawPointer, Int, Bool, Bool) -> Int32)?
  let blobByteCount: (@convention(c) (Container, UnsafeMutablePointer<UInt64>) -> Int32)?
  let loadBlob: (@convention(c) (Container, UnsafeRawPointer) -> Int32)?

  /// What makes code the same.
  struct Key: Hashable {
    /// The file's name, which PyTorch makes from a hash of the source.
    var name: String
    var byteCount: Int
    var checksum: UInt32
    /// A second, independent hash of the bytes.
    var hash: UInt64
  }

  private static let opened = Mutex<[Key: CompiledCode]>([:])

  /// Opens the library at `path`, or returns the same code if it is open already.
  ///
  /// - Throws: ``TorchStatus`` with the loader's reason, or if a function is missing.
  static func open(path: String, key: Key) throws(TorchStatus) -> CompiledCode {
    try opened.withLock { opened throws(TorchStatus) in
      if let code = opened[key] { return code }
      let code = try CompiledCode(path: path)
      opened[key] = code
      return code
    }
  }

  private init(path: String) throws(TorchStatus) {
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "the loader gave no reason"
      throw TorchStatus(text: reason)
    }
    func optional<Function>(_ symbol: String) -> Function? {
      dlsym(library, symbol).map { unsafeBitCast($0, to: Function.self) }
    }
    func function<Function>(_ symbol: String) throws(TorchStatus) -> Function {
      if let function: Function = optional(symbol) { return function }
      throw TorchStatus(text: "the compiled code has no function \(symbol)")
    }
    let container = "AOTInductorModelContainer"
    do throws(TorchStatus) {
      create = try function("\(container)CreateWithDevice")
      delete = try function("\(container)Delete")
      inputCount = try function("\(container)GetNumInputs")
      outputCount = try function("\(container)GetNumOutputs")
      inputName = try function("\(container)GetInputName")
      outputName = try function("\(container)GetOutputName")
      run = try function("\(container)Run")
    } catch {
      dlclose(library)
      throw error
    }
    callSpecification = optional("\(container)GetCallSpec")
    lastError = optional("AOTInductorGetLastError")
    constantCount = optional("\(container)GetNumConstants")
    constantName = optional("\(container)GetConstantName")
    constantOriginalName = optional("\(container)GetConstantOriginalFQN")
    constantIsFolded = optional("\(container)GetConstantFromFolded")
    constantElementType = optional("\(container)GetConstantDtype")
    constantByteCount = optional("\(container)GetConstantDataSize")
    presentConstants = optional("\(container)ExtractConstantsMapEntries")
    updateConstants = optional("\(container)UpdateUserManagedConstantBufferPairs")
    blobByteCount = optional("\(container)GetConstantsBlobSize")
    loadBlob = optional("AOTInductorModelUpdateConstantsFromBlob")
  }
}
