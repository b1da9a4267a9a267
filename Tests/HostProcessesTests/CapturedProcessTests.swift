import Glibc
import HostProcesses
import Testing
import Texts

struct CapturedProcessTests {
  private static func run(
    _ script: String, environment: [String: String]? = nil, joinsErrors: Bool = false
  ) throws -> CapturedProcess.Result {
    try CapturedProcess.run(
      ["/bin/sh", "-c", script], environment: environment, joinsErrors: joinsErrors)
  }

  @Test(
    arguments: [
      ("echo a; echo b >&2; exit 3", 3, "a\n", "b\n"),
      // Its input is empty, and it has no descriptor of ours.
      ("cat; ls /proc/self/fd | wc -l", 0, "4\n", ""),
      ("kill -TERM $$", 143, "", ""),
      // More than a pipe holds, first of one and then of the other.
      (
        "head -c 200000 /dev/zero >&2; echo end", 0, "end\n",
        String(repeating: "\0", count: 200_000)
      ),
      // What it leaves behind speaks, too.
      ("(sleep 0.2; echo late) & exit 1", 1, "late\n", ""),
      ("trap '' PIPE; echo $A", 0, "a\n", ""),
    ] as [(String, Int32, String, String)])
  func `what a program says and how it ends`(
    _ script: String, _ status: Int32, _ output: String, _ errors: String
  ) throws {
    let result = try Self.run(script, environment: ["A": "a", "PATH": "/usr/bin:/bin"])
    #expect(result.status == status)
    #expect(String(decoding: result.output, as: UTF8.self) == output)
    #expect(String(decoding: result.errors, as: UTF8.self) == errors)
  }

  @Test func `errors can be a part of the output`() throws {
    let result = try Self.run("echo a; echo b >&2; echo c", joinsErrors: true)
    #expect(String(decoding: result.output, as: UTF8.self) == "a\nb\nc\n")
    #expect(result.errors.isEmpty)
  }

  @Test func `it has this process's variables where it is given none, and its own group`() throws {
    let result = try Self.run("echo \"$HOME\"; ps -o pgid= $$; echo $$")
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.first.map(String.init) == getenv("HOME").map { String(cString: $0) })
    #expect(lines.count == 3 && lines[1].trimmed == lines[2])
  }

  @Test func `a program can be asked to end`() throws {
    let process = try CapturedProcess(["/bin/sleep", "60"])
    process.terminate()
    #expect(process.result().status == 128 + SIGTERM)
    // Its number may be another's now.
    process.terminate()
  }

  @Test func `what a program has started ends with it`() throws {
    let begin = ContinuousClock.now
    let process = try CapturedProcess(["/bin/sh", "-c", "sleep 60; echo late"])
    process.terminate()
    let result = process.result()
    #expect(result.status == 128 + SIGTERM && result.output.isEmpty)
    // The sleeping one has the output, too.
    #expect(ContinuousClock.now - begin < .seconds(30))
  }

  @Test(
    arguments: [
      ("/nonexistent/program", "No such file or directory"), ("/etc", "Permission denied"),
    ])
  func `a program that cannot be started`(_ path: String, _ reason: String) {
    let failure = #expect(throws: Shell.Failure.self) { try CapturedProcess([path]) }
    #expect(failure?.description == reason)
  }
}
