import SparkFunctions
import Testing

@Suite struct FunctionCommandTests {
  @Test("equal invocations are equal bytes, which come back")
  func equalBytes() throws {
    let commands = try (0..<50).map { _ in
      try FunctionCommand.encode(
        FunctionInvocation(
          function: "f", id: "f@1", fingerprint: "1", parameters: Array("{\"a\":1}".utf8),
          argumentNames: ["x", "y"]))
    }
    #expect(Set(commands).count == 1)
    let decoded = try FunctionCommand.decode(commands[0])
    #expect(decoded.function == "f" && decoded.argumentNames == ["x", "y"])
  }
}
