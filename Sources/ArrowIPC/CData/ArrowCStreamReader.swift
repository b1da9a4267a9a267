public import CArrow
import Glibc

/// Reads record batches from a stream of the C stream interface
/// (https://arrow.apache.org/docs/format/CStreamInterface.html).
///
/// Batches are views of the stream's memory and live on without it. The stream is released once: at its
/// end, after an error, with ``close()``, or when the reader goes.
public final class ArrowCStreamReader {
  /// The stream's schema.
  public let schema: ArrowSchema
  private let stream: COwner<ArrowCArrayStream>
  private var batchCount = 0
  private var failure: ArrowError?

  /// Takes the stream over and asks it for its schema. It is released also when this fails.
  ///
  /// - Throws: ``ArrowError`` with the stream's own message if it fails, or for a damaged schema.
  public init(consuming stream: UnsafeMutablePointer<ArrowCArrayStream>) throws(ArrowError) {
    let owner = try COwner(moving: stream, "stream")
    defer { withExtendedLifetime(owner) {} }
    guard let get = owner.pointer.pointee.get_schema, owner.pointer.pointee.get_next != nil else {
      throw ArrowError(.malformed, "the stream has no callbacks to read it")
    }
    var found = ArrowCSchema()
    let status = get(owner.pointer, &found)
    guard status == 0 else {
      throw Self.error(owner.pointer, status, "the schema")
    }
    schema = try ArrowSchema(consuming: &found)
    self.stream = owner
  }

  /// The next record batch, or `nil` at the end of the stream or after ``close()``.
  ///
  /// - Throws: ``ArrowError`` with the stream's own message if it fails, or naming the column that is
  ///   damaged. The stream has then ended, and every further call throws the same error.
  public func next() throws(ArrowError) -> RecordBatch? {
    if let failure { throw failure }
    defer { withExtendedLifetime(stream) {} }
    guard !stream.pointer.pointee.isReleased else { return nil }
    do throws(ArrowError) {
      var array = ArrowCArray()
      let status = stream.pointer.pointee.get_next(stream.pointer, &array)
      guard status == 0 else {
        throw Self.error(stream.pointer, status, "batch \(batchCount)")
      }
      // A released array is the end.
      if array.isReleased {
        close()
        return nil
      }
      let batch = try RecordBatch(consuming: &array, schema: schema)
      batchCount += 1
      return batch
    } catch {
      failure = error
      close()
      throw error
    }
  }

  /// Releases the stream before its end. Batches that were read stay valid.
  public func close() { stream.release() }

  /// What the stream says of the callback that has just returned `status`, a number of `errno`.
  private static func error(
    _ stream: UnsafeMutablePointer<ArrowCArrayStream>, _ status: Int32, _ what: String
  ) -> ArrowError {
    let text: UnsafePointer<CChar>? = stream.pointee.get_last_error.flatMap { $0(stream) }
    let message = text.map { String(cString: $0) } ?? ""
    let reason = strerror(status).map { String(cString: $0) } ?? "unknown"
    return ArrowError(
      .producer,
      "the stream failed: " + (message.isEmpty ? reason : message)
        + " (error \(status): \(reason))",
      context: what)
  }
}
