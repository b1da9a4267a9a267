import Foundation
import SparkTypes
import Testing

@testable import Deployment

/// What is sent where Spark's own Python passes the batches on.
struct ShimTests {
  @Test("the bytes of a pickle")
  func pickle() {
    var pickle = PickleWriter()
    pickle.global("builtins", "eval")
    pickle.add(.text("ä+1"))
    pickle.add(dictionary: [("b", .bytes([0, 255])), ("t", .text(""))])
    pickle.finishCallingWithTwo()
    let expected: [UInt8] =
      [0x80, 4] + Array("cbuiltins\neval\n".utf8) + [0x58, 4, 0, 0, 0, 0xC3, 0xA4, 0x2B, 0x31]
      + Array("}(".utf8)
      + [0x58, 1, 0, 0, 0, 0x62, 0x42, 2, 0, 0, 0, 0, 255]
      + [0x58, 1, 0, 0, 0, 0x74, 0x58, 0, 0, 0, 0]
      + Array("u".utf8) + [0x86] + Array("R.".utf8)
    #expect(pickle.bytes == expected)
  }

  @Test(
    "what executors lack for the program is told in a sentence",
    arguments: [
      (
        "[PROGRAM_START] it does not start:\n  ./p: /lib/libc.so.6: version `GLIBC_2.38' not found (required by ./p)\n",
        "their glibc is older than 2.38, "
      ),
      ("Cannot run program \"./n\": error=8, Exec format error", "another architecture"),
      ("libx.so: CPU ISA level is lower than required", "a level of x86-64"),
      ("EOFException occurred while reading the port number", nil),
    ] as [(String, String?)])
  func shortfalls(text: String, says: String?) {
    let sentence = ProgramShortfall.sentence(for: text)
    #expect(sentence?.contains(says ?? "?") ?? (says == nil), "\(sentence ?? "")")
    #expect(sentence?.contains("\n") != true)
  }

  @Test("nothing of a call stands in the source that is run")
  func data() throws {
    let call = ShimForm.pickle(
      specification: #"{"a": "'''\"}"#, command: [1, 2], returnType: #""long""#)
    let bytes = Data(call)
    let source = try #require(bytes.range(of: Data(ShimSource.text.utf8)))
    #expect(bytes.range(of: Data(#"'''\""#.utf8), in: source.upperBound..<bytes.count) != nil)
    let before = String(decoding: bytes[..<source.lowerBound], as: UTF8.self)
    #expect(before.contains("exec(compile(source, 'needletail_shim.py', 'exec'), globals())"))
  }

  @Test(
    "types that Spark's own Python cannot hold",
    arguments: [
      (.struct(["id": .long, "a": .array(.yearMonthInterval())]), "a.element"),
      (.map(.timestampNTZNanos(precision: 9), .long), "key"), (.timestampNanos(precision: 7), ""),
      (.struct(["id": .long, "t": .time(), "d": .dayTimeInterval(), "v": .variant]), nil),
      (.struct(["c": .calendarInterval]), nil),
    ] as [(DataType, String?)])
  func missing(_ type: DataType, _ path: String?) {
    #expect(type.missingInPython((4, 2))?.path == path)
  }

  @Test("PySpark before 4.2 has no intervals of the calendar in Arrow")
  func calendar() {
    let type = DataType.struct(["c": .calendarInterval])
    #expect(type.missingInPython((4, 1))?.path == "c")
  }

  @Test("Python's version is read from its refusal")
  func version() {
    let text =
      "[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.11 than that in driver: ?, "
      + "PySpark cannot run with different minor versions."
    #expect(ExecutorPython.version(inRefusal: text) == "3.11")
    let other = "ModuleNotFoundError: No module named 'pyarrow'"
    #expect(ExecutorPython.version(inRefusal: other) == nil)
  }

  @Test("the source is Python")
  func source() throws {
    let python = Process()
    python.executableURL = URL(filePath: "/usr/bin/env")
    python.arguments = ["python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())"]
    let input = Pipe()
    python.standardInput = input
    try python.run()
    input.fileHandleForWriting.write(Data(ShimSource.text.utf8))
    try input.fileHandleForWriting.close()
    python.waitUntilExit()
    #expect(python.terminationStatus == 0)
  }
}
