public import NativeLibraries

extension TorchLibrary {
  static let name = "PyTorch"
  static let fileName = "libtorch_cpu.so"
  /// The library that packages may be linked with beside ``fileName``.
  static let aliasName = "libtorch.so"
  static let advice =
    "Install it with `pip install torch` in the Python environment in use (that of NEEDLETAIL_PYTHON or "
    + "VIRTUAL_ENV, or .venv in the current directory), or set \(environmentVariable) to the library's "
    + "file or directory; on Spark executors, put PyTorch's lib directory below one in NEEDLETAIL_RUNTIMES as torch/lib."

  /// Where PyTorch is looked for.
  ///
  /// - Parameter path: the library's file or directory; nothing else is tried then.
  public static func search(path: String? = nil) -> DynamicLibrarySearch {
    DynamicLibrarySearch(
      library: name, fileName: fileName, environmentVariable: environmentVariable,
      explicitPath: path, folder: "torch", pythonDirectory: "torch/lib", loaderName: fileName,
      advice: advice)
  }

  /// The file of the library on this machine, without loading it; `nil` if there is none, or only
  /// the system's loader knows one.
  public static func locate() -> String? { search().locateFile() }

  /// The files to ship to a machine that shall run models on its CPU: the library and those that it
  /// needs beside it (about 440 MB). Empty if ``locate()`` finds nothing.
  public static func locateFiles() -> [String] {
    DynamicLibrarySearch.files(
      locate(), with: [(aliasName, ""), ("libc10.so", ""), ("libgomp", "")])
  }
}
