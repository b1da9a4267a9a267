import FoundationEssentials
import Glibc

extension Error {
  /// Why it came to this, as one tells it to people: for files the system's own words, such as `No such
  /// file or directory`, for all else the error's description.
  ///
  /// The errors of Foundation have no words without its full form, and describe themselves as values.
  package var reason: String {
    switch self {
    case let error as POSIXError: String(cString: strerror(error.code.rawValue))
    case let error as CocoaError:
      error.underlying?.reason ?? error.code.systemCode.map { String(cString: strerror($0)) }
        ?? "error \(error.code.rawValue) of Foundation"
    default: "\(self)"
    }
  }
}

extension Error {
  /// The ``reason`` behind the path of the file that it is about, if it is about one: for errors that
  /// nobody has given words of their own.
  package var reasonWithPath: String {
    ((self as? CocoaError)?.filePath).map { "\($0): \(reason)" } ?? reason
  }
}

extension CocoaError.Code {
  /// The system's code that says the same; `nil` if there is none.
  fileprivate var systemCode: Int32? {
    switch self {
    case .fileNoSuchFile, .fileReadNoSuchFile: ENOENT
    case .fileReadNoPermission, .fileWriteNoPermission: EACCES
    case .fileWriteFileExists: EEXIST
    case .fileWriteOutOfSpace: ENOSPC
    case .fileWriteVolumeReadOnly: EROFS
    case .fileReadTooLarge: EFBIG
    case .fileReadInvalidFileName, .fileWriteInvalidFileName: EINVAL
    case .fileReadInapplicableStringEncoding, .fileReadCorruptFile: EILSEQ
    default: nil
    }
  }
}
