package import NativeLibraries

extension FileLibrary {
  static let name = "the plug-in for files"
  static let fileName = "libneedletail_files.so"
  static let advice =
    "Build it with `scripts/build-files-plugin PYTHON`, which puts it beside the Arrow libraries of a Python "
    + "that has pyarrow (pip install pyarrow), in the environment in use (that of NEEDLETAIL_PYTHON or "
    + "VIRTUAL_ENV, or .venv in the current directory). Or copy it, with libarrow.so.* and libparquet.so.* of "
    + "there, beside the program or into ../lib (Python is not needed then), or set \(environmentVariable) to "
    + "its file or directory."

  /// Where the plug-in is looked for.
  ///
  /// - Parameter path: its file or directory; nothing else is tried then.
  package static func search(path: String? = nil) -> DynamicLibrarySearch {
    DynamicLibrarySearch(
      library: name, fileName: fileName, environmentVariable: environmentVariable,
      explicitPath: path, folder: "pyarrow", pythonDirectory: "pyarrow", advice: advice)
  }

  /// The plug-in's file on this machine, without loading it; `nil` if there is none.
  package static func locate() -> String? { search().locateFile() }

  /// The files to ship to a machine that shall read and write files: the plug-in and Arrow's libraries
  /// beside it (80 MB). Empty if ``locate()`` finds nothing.
  package static func locateFiles() -> [String] {
    DynamicLibrarySearch.files(
      locate(),
      with: [("libarrow.so.", ""), ("libparquet.so.", ""), ("libarrow_s3.so.", "")])
  }
}
