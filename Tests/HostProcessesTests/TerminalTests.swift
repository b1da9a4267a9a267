import HostProcesses
import Testing

struct TerminalTests {
  @Test(
    arguments: [
      ("xterm-256color", true), ("linux", true), ("dumb", false), (nil, false),
    ] as [(String?, Bool)])
  func `lines are replaced on terminals that are known to do so`(_ name: String?, _ can: Bool) {
    #expect(Terminal.replacesLines(called: name) == can)
  }
}
