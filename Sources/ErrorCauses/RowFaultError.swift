/// What may be wrong with a row, so that no prediction can be made of it.
public enum RowFaultKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// A value is null where none may be.
  case null
  /// A value has more or fewer elements than the model takes, or other dimensions.
  case length
  /// A number does not fit the type that it must have.
  case number
  /// A text cannot be taken.
  case text
  /// The model, or its server, refuses the row and says why.
  case model
}

/// An error that knows whether it is about the rows that were computed, or about whoever computes them.
///
/// It decides what becomes of a job that is to go on without rows that cannot be predicted: a row's fault
/// is told beside the row; a library that is missing, or memory that is used up, would meet all others,
/// too, and ends the job.
public protocol RowFaultError: Error {
  /// What is wrong with the rows; `nil` if the error is not about them.
  var rowFault: RowFaultKind? { get }
}

extension Error {
  /// What is wrong with the rows that a model was run on when it threw this error; `nil` if other rows
  /// would have met it, too.
  ///
  /// The first error that knows decides: this one, or one behind it. Where none does, the model has
  /// refused the rows.
  package var faultOfRows: RowFaultKind? {
    for error in chain {
      if error is CancellationError { return nil }
      if let known = error as? any RowFaultError { return known.rowFault }
    }
    return .model
  }
}

/// Whether the text of a runtime tells of memory that is used up, or of a device that failed: runtimes
/// give such errors the codes of any other.
package func isAboutMachine(_ text: String) -> Bool {
  // As bytes: a job may have thousands of rows that fail, and searching in characters takes longer than
  // a small model's run.
  let bytes = text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }
  return machineWords.contains { word in
    bytes.indices.dropLast(word.count - 1).contains { place in
      bytes[place] == word[0] && bytes[place..<place + word.count].elementsEqual(word)
    }
  }
}

private let machineWords: [[UInt8]] = [
  "out of memory", "bad_alloc", "failed to allocate", "cannot allocate", "cuda error",
  "cuda failure", "cudnn failure", "cublas failure", "cudnn_status", "cublas_status",
].map { Array($0.utf8) }
