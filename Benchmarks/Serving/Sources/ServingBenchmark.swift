import Glibc
import KServeClient
import NativeLibraries

/// Our client's side of `scripts/benchmark serving`.
///
/// `ServingBenchmark GRPC_PORT HTTP_PORT`: for each line on standard input, `TRANSPORT ROWS CALLS`, it
/// calls the model `bench` so many times, one call after the other, and answers with a line of JSON:
/// CPU seconds of all threads and wall seconds. A call begins with a tensor of the caller's and ends
/// with one that holds the answer.
@main
enum ServingBenchmark {
  static func main() async {
    do {
      let ports = CommandLine.arguments.dropFirst().compactMap { Int($0) }
      guard ports.count == 2 else { throw Failure("usage: ServingBenchmark GRPC_PORT HTTP_PORT") }
      try await answerLines(grpcPort: ports[0], httpPort: ports[1])
    } catch {
      FileSystem.write("ServingBenchmark: \(error)\n", to: STDERR_FILENO)
      exit(1)
    }
  }

  /// Off the main actor, to which each call would otherwise come back.
  @concurrent private static func answerLines(grpcPort: Int, httpPort: Int) async throws {
    var callers: [String: BenchCaller] = [:]
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      guard words.count == 3, let rows = Int(words[1]), let calls = Int(words[2]) else {
        throw Failure("'\(line)' is not TRANSPORT ROWS CALLS")
      }
      let key = "\(words[0]) \(rows)"
      let caller: BenchCaller
      if let known = callers[key] {
        caller = known
      } else {
        caller = try await BenchCaller(
          words[0], rows: rows, grpcPort: grpcPort, httpPort: httpPort)
        callers[key] = caller
      }
      let (cpu, start) = (cpuSeconds(), ContinuousClock.now)
      for _ in 0..<calls { _ = try await caller.call() }
      let wall = (ContinuousClock.now - start) / .seconds(1)
      let used = cpuSeconds() - cpu
      FileSystem.write("{\"cpu\": \(used), \"wall\": \(wall)}\n", to: STDOUT_FILENO)
    }
    for caller in callers.values { await caller.close() }
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
