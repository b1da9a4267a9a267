import CFileTables

extension FileLibrary {
  /// Where a function of the plug-in writes its text.
  typealias Text = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// Calls a function of the plug-in.
  ///
  /// - Parameters:
  ///   - location: the file or folder, for the error.
  ///   - otherwise: the code of failures that blame what was given.
  ///   - body: returns the function's status.
  func call(
    _ location: String?, otherwise: FileTableError.Code = .invalidOption, _ body: (Text) -> Int32
  ) throws(FileTableError) {
    var text: UnsafeMutablePointer<CChar>?
    let status = body(&text)
    defer { api.free_text(text) }
    if status == Int32(NT_OK) { return }
    let reason = text.map { String(cString: $0) } ?? "it failed without a reason"
    throw FileLibrary.error(status, reason, location, otherwise: otherwise)
  }

  /// The error for a status of the plug-in, with what to do.
  static func error(
    _ status: Int32, _ reason: String, _ location: String?, otherwise: FileTableError.Code
  ) -> FileTableError {
    let (code, advice): (FileTableError.Code, String) =
      switch Int(status) {
      case Int(NT_NOT_FOUND): (.notFound, "check the path")
      case Int(NT_EXISTS): (.exists, "remove it first, or choose another name")
      case Int(NT_DENIED): (.denied, denialAdvice(location))
      case Int(NT_MALFORMED):
        (.malformed, "name its right format, write it again, or leave it out")
      case Int(NT_UNSUPPORTED): (.unsupported, "")
      case Int(NT_NO_SPACE): (.noSpace, "make room, or write to another disk")
      case Int(NT_IO): (.io, "try again; if it stays so, look after the disk or the network")
      case Int(NT_CANCELLED): (.cancelled, "")
      case Int(NT_CHANGED): (.changed, "run again when nobody writes to it")
      case Int(NT_OUT_OF_MEMORY): (.outOfMemory, "use fewer threads or smaller batches")
      default: (otherwise, "")
      }
    let text = reason.hasSuffix(".") ? String(reason.dropLast()) : reason
    return FileTableError(code, advice.isEmpty ? text : "\(text); \(advice)", path: location)
  }

  private static func denialAdvice(_ location: String?) -> String {
    switch location?.prefix(while: { $0 != ":" }) {
    case "s3", "s3a", "s3n":
      "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_REGION), or use a role that may"
    case "gs", "gcs":
      "set GOOGLE_APPLICATION_CREDENTIALS to a key file of an account that may"
    case "abfs", "abfss":
      "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
    default: "change its permissions, or run as a user who may"
    }
  }
}
