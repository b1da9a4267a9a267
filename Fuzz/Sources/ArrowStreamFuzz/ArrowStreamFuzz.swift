import ArrowIPC

/// Feeds libFuzzer's inputs to the reader of Arrow streams and looks at every value that it gives.
///
/// Reading must end in batches or in an `ArrowError`, never in a trap, a hang or a giant allocation.
/// Build with `-sanitize=fuzzer,address`; arguments are libFuzzer's.
@main
struct ArrowStreamFuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    let status = runFuzzer(&count, &arguments) { start, count in
      ArrowStreamFuzz.read(UnsafeRawBufferPointer(start: start, count: count))
      return 0
    }
    precondition(status == 0, "libFuzzer ended with \(status)")
  }

  /// Rows of types that take no memory may be many; that is no hang of the reader.
  private static let mostRows = 1000

  static func read(_ bytes: UnsafeRawBufferPointer) {
    do {
      let reader = try ArrowStreamReader(Array(bytes))
      while let batch = try reader.next() {
        for column in batch.columns {
          for row in 0..<min(column.count, mostRows) { _ = column.value(at: row) }
        }
        if batch.rowCount <= mostRows {
          let half = batch.slice(batch.rowCount / 2..<batch.rowCount)
          _ = try ArrowStreamWriter.bytes([half], schema: reader.schema)
        }
      }
    } catch {
      _ = "\(error)"
    }
  }
}

/// libFuzzer's entry for programs with a `main` of their own (`FuzzerInterface.h` of LLVM).
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
