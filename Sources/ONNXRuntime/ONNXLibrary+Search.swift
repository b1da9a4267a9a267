public import NativeLibraries

extension ONNXLibrary {
  static let name = "ONNX Runtime"
  static let fileName = "libonnxruntime.so"
  static let advice =
    "Install it with `pip install onnxruntime` in the Python environment in use (that of "
    + "NEEDLETAIL_PYTHON or VIRTUAL_ENV, or .venv in the current directory), or set "
    + "\(environmentVariable) to the library's file or directory. Where there is no Python, as on Spark "
    + "executors, put the library beside the program or into ../lib."

  /// Where ONNX Runtime is looked for.
  ///
  /// - Parameter path: the library's file or directory; nothing else is tried then.
  public static func search(path: String? = nil) -> DynamicLibrarySearch {
    DynamicLibrarySearch(
      library: name, fileName: fileName, environmentVariable: environmentVariable,
      explicitPath: path, folder: "onnxruntime", pythonDirectory: "onnxruntime/capi",
      loaderName: "\(fileName).1", advice: advice)
  }

  /// The file of the library on this machine, without loading it; `nil` if there is none, or only
  /// the system's loader knows one.
  public static func locate() -> String? { search().locateFile() }

  /// The files to ship to a machine that shall run models: the library and, where the directory has
  /// them, its execution providers (`libonnxruntime_providers_*.so`), which must stay beside it.
  /// Empty if ``locate()`` finds nothing.
  public static func locateFiles() -> [String] {
    DynamicLibrarySearch.files(locate(), with: [("libonnxruntime_providers_", ".so")])
  }
}
