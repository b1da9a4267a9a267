import FoundationEssentials
import Glibc
import NativeLibraries
import Tensors

/// Our side of `scripts/benchmark runtimes`: makes what a description says, and for each line on
/// standard input, a number of batches, runs so many and answers with a line of JSON: CPU seconds of
/// all threads and wall seconds.
///
/// `RuntimeBenchmark CASE`, where CASE is JSON: see ``Case``.
@main
struct RuntimeBenchmark {
  static func main() async {
    do {
      guard CommandLine.arguments.count == 2 else { throw Failure("usage: RuntimeBenchmark CASE") }
      let description = try JSONDecoder().decode(
        Case.self, from: Data(CommandLine.arguments[1].utf8))
      let contestant = try await Contestant(description)
      while let line = readLine() {
        guard let batches = Int(line) else { throw Failure("'\(line)' is no number of batches") }
        let (cpu, start) = (Self.cpuSeconds(), ContinuousClock.now)
        try await contestant.run(batches: batches)
        let wall = (ContinuousClock.now - start) / .seconds(1)
        let used = Self.cpuSeconds() - cpu
        FileSystem.write("{\"cpu\": \(used), \"wall\": \(wall)}\n", to: STDOUT_FILENO)
      }
    } catch {
      FileSystem.write("RuntimeBenchmark: \(error)\n", to: STDERR_FILENO)
      exit(1)
    }
  }

  /// CPU seconds of all threads of this process.
  private static func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What is measured, the same for both sides.
struct Case: Decodable, Sendable {
  struct Input: Decodable, Sendable {
    var name: String
    /// `float` counts up to 1 and begins anew, `id` counts up from 5 likewise, `zero` and `one` are
    /// that, `text` takes the texts.
    var fill: String
    var shape: [Int]
  }

  /// `onnx`, `torch`, `savedModel`, `sentiment`, `embeddings`, `translation`, `tokenizer` or `images`.
  var kind: String
  var model: String
  var threads: Int
  /// The tensors of a batch.
  var inputs: [Input]
  /// A JSON file with the texts, or a folder with the images, of a batch.
  var data: String?

  func texts() throws -> [String] {
    guard let data else { throw Failure("a \(kind) needs texts") }
    return try JSONDecoder().decode(
      [String].self, from: try Data(contentsOf: URL(fileURLWithPath: data)))
  }

  func tensor(_ input: Input) throws -> AnyTensor {
    let shape = Shape(input.shape)
    let count = input.shape.reduce(1, *)
    switch input.fill {
    case "float": return AnyTensor(try tensor(count) { Float($0 % 255) / 255 }.reshaped(to: shape))
    case "id": return AnyTensor(try tensor(count) { Int64(5 + $0 % 251) }.reshaped(to: shape))
    case "zero": return AnyTensor(try tensor(count) { _ in Int64(0) }.reshaped(to: shape))
    case "one": return AnyTensor(try tensor(count) { _ in Int64(1) }.reshaped(to: shape))
    case "text": return .string(try StringTensor(try texts(), shape: shape))
    default: throw Failure("there is no fill '\(input.fill)'")
    }
  }

  private func tensor<Element: TensorElement>(
    _ count: Int, _ element: (Int) -> Element
  ) -> Tensor<Element> {
    Tensor((0..<count).map(element))
  }
}
