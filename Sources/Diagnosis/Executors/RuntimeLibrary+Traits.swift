import Models
import NativeLibraries

#if TensorFlow
import TensorFlowRuntime
#endif
#if PyTorch
import TorchRuntime
#endif

/// The runtimes that a program may be built without: then it finds none.
extension RuntimeLibrary {
  #if TensorFlow
  static let tensorFlow = RuntimeLibrary(
    key: "tensorflow", name: "TensorFlow", purpose: "SavedModels",
    advice: TensorFlowLibrary.search().advice, locate: { TensorFlowLibrary.locate() },
    open: {
      let library = try TensorFlowLibrary.shared()
      return (library.version, library.path)
    })
  #else
  static let tensorFlow = RuntimeLibrary(
    key: "tensorflow", name: "TensorFlow", purpose: "SavedModels", without: .tensorFlow)
  #endif

  #if PyTorch
  static let torch = RuntimeLibrary(
    key: "torch", name: "PyTorch", purpose: "models compiled by PyTorch (.pt2)",
    advice: TorchLibrary.search().advice, locate: { TorchLibrary.locate() },
    open: {
      let library = try TorchLibrary.shared()
      return (library.version, library.path)
    })
  #else
  static let torch = RuntimeLibrary(
    key: "torch", name: "PyTorch", purpose: "models compiled by PyTorch (.pt2)",
    without: .pyTorch)
  #endif

  /// A library that this program was built without.
  init(key: String, name: String, purpose: String, without trait: PackageTrait) {
    self.init(
      key: key, name: name, purpose: purpose,
      advice: "Build the program with it, if it needs it: \(trait.isMissing)", locate: { nil },
      open: { throw LeftOutLibrary() })
  }
}

/// That a library is none of this program's.
private struct LeftOutLibrary: Error {}
