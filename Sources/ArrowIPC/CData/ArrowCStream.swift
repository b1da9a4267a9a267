public import CArrow
import Glibc

/// Record batches as a stream of the C stream interface
/// (https://arrow.apache.org/docs/format/CStreamInterface.html).
public enum ArrowCStream {
  /// Puts a stream at `stream` that gives the batches of `next` until it gives `nil`; it must be released
  /// after use. What was there before is overwritten.
  ///
  /// `next` is called on whatever thread the consumer reads, one call at a time, and goes with the
  /// release. When it throws, or gives a batch of other types than the schema's, the stream has failed:
  /// the consumer gets the error's description, and the same again if it goes on asking.
  public static func export(
    schema: ArrowSchema, to stream: UnsafeMutablePointer<ArrowCArrayStream>,
    next: @escaping () throws -> RecordBatch?
  ) {
    var exported = ArrowCArrayStream()
    exported.get_schema = { stream, out in
      guard let source = Source.of(stream), let out else { return EINVAL }
      source.schema.export(to: out)
      return 0
    }
    exported.get_next = { stream, out in
      guard let source = Source.of(stream), let out else { return EINVAL }
      return source.write(to: out)
    }
    exported.get_last_error = { stream in
      Source.of(stream)?.message.map { UnsafePointer($0) }
    }
    exported.release = { stream in
      guard let stream, let source = stream.pointee.private_data else { return }
      stream.pointee.private_data = nil
      stream.pointee.release = nil
      Unmanaged<Source>.fromOpaque(source).release()
    }
    exported.private_data = Unmanaged.passRetained(Source(schema, next)).toOpaque()
    stream.initialize(to: exported)
  }

  /// What stands behind an exported stream.
  private final class Source {
    let schema: ArrowSchema
    /// The description of the error that has ended the stream.
    private(set) var message: UnsafeMutablePointer<CChar>?
    private var status: Int32 = 0
    /// `nil` at the end.
    private var next: (() throws -> RecordBatch?)?

    init(_ schema: ArrowSchema, _ next: @escaping () throws -> RecordBatch?) {
      self.schema = schema
      self.next = next
    }

    deinit { free(message) }

    static func of(_ stream: UnsafeMutablePointer<ArrowCArrayStream>?) -> Source? {
      let source: UnsafeMutableRawPointer? = stream?.pointee.private_data
      return source.map { Unmanaged<Source>.fromOpaque($0).takeUnretainedValue() }
    }

    func write(to out: UnsafeMutablePointer<ArrowCArray>) -> Int32 {
      // A released array is the end, and what a consumer finds beside an error.
      out.initialize(to: ArrowCArray())
      guard let next else { return status }
      do {
        guard let batch = try next() else {
          self.next = nil
          return 0
        }
        guard batch.schema.fields.map(\.type) == schema.fields.map(\.type) else {
          throw ArrowError(
            .invalidArgument,
            "a batch of the columns \(batch.schema.fields) in a stream of \(schema.fields)")
        }
        batch.export(to: out)
        return 0
      } catch {
        self.next = nil
        message = strdup("\(error)")
        status = (error as? ArrowError)?.code == .invalidArgument ? EINVAL : EIO
        return status
      }
    }
  }
}
