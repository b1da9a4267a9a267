public import NativeLibraries

extension TensorFlowLibrary {
  static let name = "TensorFlow"
  static let fileName = "libtensorflow_cc.so"
  static let advice =
    "Install it with `pip install tensorflow-cpu` in the Python environment in use (that of "
    + "NEEDLETAIL_PYTHON or VIRTUAL_ENV, or .venv in the current directory), or set "
    + "\(environmentVariable) to the library's file or directory; on Spark executors, "
    + "put libtensorflow_cc.so.2 and libtensorflow_framework.so.2 below a directory in NEEDLETAIL_RUNTIMES as tensorflow."

  /// Where TensorFlow is looked for.
  ///
  /// - Parameter path: the library's file or directory; nothing else is tried then.
  public static func search(path: String? = nil) -> DynamicLibrarySearch {
    DynamicLibrarySearch(
      library: name, fileName: fileName, environmentVariable: environmentVariable,
      explicitPath: path, folder: "tensorflow", pythonDirectory: "tensorflow",
      loaderName: "\(fileName).2", advice: advice)
  }

  /// The same places, for the library that holds the C interface alone: `libtensorflow.so`, which
  /// TensorFlow's archives for C have instead.
  static func searchForC(path: String? = nil) -> DynamicLibrarySearch {
    var search = search(path: path)
    search.fileName = "libtensorflow.so"
    search.loaderName = "libtensorflow.so.2"
    return search
  }

  /// The file of the library on this machine, without loading it; `nil` if there is none, or only
  /// the system's loader knows one.
  public static func locate() -> String? { search().locateFile() ?? searchForC().locateFile() }

  /// The files to ship to a machine that shall run models on its CPU: the library and the one that it
  /// needs beside it (about 850 MB). Empty if ``locate()`` finds nothing.
  public static func locateFiles() -> [String] {
    DynamicLibrarySearch.files(locate(), with: [("libtensorflow_framework.so", "")])
  }
}
