import ArrowIPC
import SparkWorker

/// Feeds libFuzzer's inputs to the reader of the message that begins a task, of any Spark version.
///
/// Reading must end in a value or in a `WorkerError`, never in a trap or a giant allocation. Build with
/// `-sanitize=fuzzer,address`; arguments are libFuzzer's.
@main
struct TaskInitializationFuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    let status = runFuzzer(&count, &arguments) { start, count in
      TaskInitializationFuzz.read(UnsafeRawBufferPointer(start: start, count: count))
      return 0
    }
    precondition(status == 0, "libFuzzer ended with \(status)")
  }

  static func read(_ bytes: UnsafeRawBufferPointer) {
    do {
      let message = try TaskInitialization.read(from: FuzzSource(bytes))
      // Taken apart only when asked for.
      _ = message.identity.localProperties
    } catch {
      _ = error.description
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

/// Gives the fuzzer's bytes in pieces, as a socket does.
private final class FuzzSource: ByteSource {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  func read(into memory: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(memory.count, bytes.count - position, 100)
    memory.copyBytes(from: bytes[position..<position + count])
    position += count
    return count
  }
}
