import Glibc
import NativeLibraries

extension ONNXModelFile {
  /// The path of a data file on this machine.
  public func path(of file: DataFile) -> String { "\(folder)/\(file.location)" }

  /// Makes sure that the files that the model names are there and long enough.
  ///
  /// A model may only name files in its own folder and in folders below it: ONNX Runtime refuses
  /// others, since a stranger's model could have any file of the machine read.
  ///
  /// - Throws: ``ONNXError`` that names the file, the tensor, and what to do.
  public func checkDataFiles() throws(ONNXError) {
    for file in dataFiles {
      if file.location.isEmpty {
        throw failure("the tensor '\(file.tensor)' lies in a file without a name; export it again")
      }
      if Self.isOutside(file.location) {
        throw failure(
          "the values of the tensor '\(file.tensor)' are in '\(file.location)', outside of the "
            + "model's folder, which ONNX Runtime does not allow. Put the file beside the model and "
            + "save it again in Python: onnx.save_model(onnx.load(…), …, save_as_external_data=True, "
            + "location=\"model.onnx.data\")")
      }
      try check(file)
    }
  }

  private func check(_ file: DataFile) throws(ONNXError) {
    let path = path(of: file)
    let what = "the file '\(file.location)' with the values of the tensor '\(file.tensor)'"
    func unreadable(_ reason: Int32) -> ONNXError {
      failure("\(what) cannot be read: \(String(cString: strerror(reason)))")
    }
    var status = stat()
    guard stat(path, &status) == 0 else {
      let reason = errno
      if reason == ENOENT, let target = FileSystem.target(ofLink: path) {
        throw failure(
          "\(what) is a link to \(target), which does not exist; fetch the file that it stands for")
      }
      guard reason == ENOENT || reason == ENOTDIR else { throw unreadable(reason) }
      throw failure(
        "the values of the tensor '\(file.tensor)' are in the file '\(file.location)', which is not "
          + "in \(folder == "." ? "the current folder" : folder); put it there under this name: the "
          + "model consists of both files")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw failure(
        "'\(file.location)', which shall have the values of the tensor '\(file.tensor)', is no file"
      )
    }
    guard access(path, R_OK) == 0 else { throw unreadable(errno) }
    guard status.st_size >= file.byteCount else {
      throw failure(
        "the file '\(file.location)' has \(status.st_size) bytes, but the tensor '\(file.tensor)' ends "
          + "at byte \(file.byteCount): it is cut off, or belongs to another model; copy it again")
    }
  }

  /// Whether a path leads out of the folder that it begins in, whatever links are there.
  static func isOutside(_ location: String) -> Bool {
    if location.hasPrefix("/") { return true }
    var depth = 0
    for part in location.split(separator: "/") where part != "." {
      depth += part == ".." ? -1 : 1
      if depth < 0 { return true }
    }
    return false
  }

  func failure(_ message: String) -> ONNXError {
    ONNXError(.modelLoad, message, model: name)
  }
}
