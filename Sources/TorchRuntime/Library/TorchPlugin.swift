import NativeLibraries

/// The optional plug-in in C++, for packages some of whose operators go through PyTorch's dispatcher:
/// custom operators, operators without a C function, Torch-TensorRT's engines.
///
/// It is built on demand, for one version of PyTorch, by `scripts/build-torch-plugin`.
public final class TorchPlugin: Sendable {
  /// The environment variable that names the plug-in's file or its directory.
  public static let environmentVariable = "NEEDLETAIL_TORCH_PLUGIN"
  static let name = "PyTorch plug-in"
  static let fileName = "libneedletail_torch.so"

  /// The version of the interface between this package and the plug-in.
  static let interfaceVersion: Int32 = 1

  typealias Open =
    @convention(c) (
      UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafePointer<CChar>, Int,
      UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<OpaquePointer?>,
      UnsafeMutablePointer<CChar>, Int
    ) -> OpaquePointer?

  /// The file, or the name that the system's loader resolved.
  public let path: String
  private let open: Open
  private let close: @convention(c) (OpaquePointer) -> Void

  private static let loaded = LoadedLibraries<TorchPlugin>()

  /// Where the plug-in is looked for: as PyTorch is, and first beside the library in use.
  static func search(beside library: TorchLibrary?) -> DynamicLibrarySearch {
    var search = DynamicLibrarySearch(
      library: name, fileName: fileName, environmentVariable: environmentVariable,
      folder: "torch", pythonDirectory: "torch/lib", loaderName: fileName,
      advice: TorchPluginAdvice(libraryPath: library?.path).text)
    if let library, let slash = library.path.lastIndex(of: "/") {
      search.loaderName = String(library.path[...slash]) + fileName
    }
    return search
  }

  /// The plug-in that the search finds; loaded once for the process.
  ///
  /// - Throws: `DynamicLibraryError` with the places tried and how to build it.
  static func shared(_ library: TorchLibrary) throws -> TorchPlugin {
    try loaded.shared(search(beside: library)) { try TorchPlugin($0) }
  }

  private init(_ library: DynamicLibrary) throws(DynamicLibraryError) {
    let version: @convention(c) () -> Int32 = try library.function("needletail_torch_version")
    guard version() == Self.interfaceVersion else {
      throw library.failure(
        .badVersion,
        "has version \(version()) of the plug-in's interface, \(Self.interfaceVersion) is needed; "
          + "build it again: \(TorchPluginAdvice(libraryPath: nil).command)")
    }
    open = try library.function("needletail_torch_open")
    close = try library.function("needletail_torch_close")
    path = library.path
  }

  /// A model that the plug-in made: its container and what reaches PyTorch's dispatcher.
  final class Opened: Sendable {
    nonisolated(unsafe) let container: OpaquePointer
    nonisolated(unsafe) let dispatcher: OpaquePointer?
    private nonisolated(unsafe) let model: OpaquePointer
    private let plugin: TorchPlugin

    fileprivate init(
      model: OpaquePointer, container: OpaquePointer, dispatcher: OpaquePointer?,
      plugin: TorchPlugin
    ) {
      self.model = model
      self.container = container
      self.dispatcher = dispatcher
      self.plugin = plugin
    }

    deinit { plugin.close(model) }
  }

  /// Makes `instances` instances of the model whose code lies at `path`, with the description of its
  /// operators beside it.
  ///
  /// - Throws: ``TorchStatus`` with PyTorch's text, for example of an operator that is not registered.
  func open(
    code path: String, device: TorchDevice, directory: String, instances: Int
  ) throws(TorchStatus) -> Opened {
    var (container, dispatcher): (OpaquePointer?, OpaquePointer?) = (nil, nil)
    var text = [CChar](repeating: 0, count: 4096)
    let model = open(
      path, device.description, directory, instances, &container, &dispatcher, &text, text.count)
    guard let model, let container else {
      let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw TorchStatus(text: String(decoding: bytes, as: UTF8.self))
    }
    return Opened(model: model, container: container, dispatcher: dispatcher, plugin: self)
  }
}
