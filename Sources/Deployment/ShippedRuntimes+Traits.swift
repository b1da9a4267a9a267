import HostProcesses
import Models

#if Images
import ImagePreprocessing
#endif
#if TensorFlow
import TensorFlowRuntime
#endif
#if PyTorch
import TorchRuntime
#endif

/// The libraries of what a program may be built without.
extension ShippedRuntimes {
  /// - Throws: ``NeedletailError`` if this program was built without it.
  static func tensorFlow() throws -> [String] {
    #if TensorFlow
    return TensorFlowLibrary.locateFiles()
    #else
    throw missing("tensorflow", .tensorFlow)
    #endif
  }

  /// - Throws: ``NeedletailError`` if this program was built without it.
  static func torch() throws -> [String] {
    #if PyTorch
    return TorchLibrary.locateFiles()
    #else
    throw missing("torch", .pyTorch)
    #endif
  }

  /// Those that decode images.
  static func ofImages() -> [String] {
    #if Images
    return ImageLibraries.locateFiles()
    #else
    return []
    #endif
  }

  static func missing(_ name: String, _ trait: PackageTrait) -> NeedletailError {
    NeedletailError(.packaging, "\(variable) asks for \(name), but \(trait.isMissing)")
  }
}
