import Glibc
import Models
import Tensors
import TorchRuntime

/// Times a package: `TorchBenchmark PACKAGE ROWS SECONDS` prints the CPU milliseconds of a batch, the
/// median and the mean, on one thread. `scripts/benchmark torch` runs it beside PyTorch.
@main
struct TorchBenchmark {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let rows = Int(arguments[2]), let seconds = Double(arguments[3])
    else {
      print("usage: TorchBenchmark PACKAGE ROWS SECONDS")
      exit(2)
    }
    let model = try TorchModel(path: arguments[1])
    let shape = model.inputs[0].rowShape.batched(rows)
    let x = Tensor<Float>(shape: shape) { memory in
      for index in memory.indices {
        memory.initializeElement(at: index, to: Float(index % 255) / 255)
      }
    }
    var checksum: Float = 0
    func run() throws {
      let result: Tensor<Float> = try model.run(x)
      checksum += result.withUnsafeBufferPointer { $0[0] }
    }
    for _ in 0..<50 { try run() }
    var times: [Double] = []
    let begin = processSeconds()
    var now = begin
    while now - begin < seconds {
      try run()
      let next = processSeconds()
      times.append(next - now)
      now = next
    }
    times.sort()
    let mean = times.reduce(0, +) / Double(times.count)
    print("\(times[times.count / 2] * 1000) \(mean * 1000) \(times.count) \(checksum.isNaN)")
  }

  /// CPU seconds of all threads of this process.
  private static func processSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
