import KServeClient

/// Our client against a server that speaks KServe v2.
@main
enum ServingBenchmark {
  static func main() async throws {}
}
