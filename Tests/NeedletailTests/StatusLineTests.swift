import Needletail
import Synchronization
import Testing

struct StatusLineTests {
  /// What was written.
  private final class Page: Sendable {
    let text = Mutex("")
    var all: String { text.withLock { $0 } }

    func line(isReplaced: Bool, width: Int? = nil) -> StatusLine {
      StatusLine(isReplaced: isReplaced, width: { width }) { [self] part in
        text.withLock { $0 += part }
      }
    }
  }

  @Test("on a terminal a line is replaced, and lines that stay come above it")
  func terminal() {
    let page = Page()
    let line = page.line(isReplaced: true, width: 11)
    line.show("one")
    line.note("stays")
    line.show("twelve letters")
    line.clear()
    line.clear()
    #expect(
      page.all == "\r\u{1B}[Kone" + "\r\u{1B}[Kstays\n" + "\r\u{1B}[Kone" + "\r\u{1B}[Ktwelve ..."
        + "\r\u{1B}[K")
  }

  @Test("elsewhere there are lines alone, and of short work none")
  func file() async throws {
    let page = Page()
    let line = page.line(isReplaced: false)
    line.show("progress")
    line.show(activity: "starting Spark")
    line.show(activity: nil)
    line.note("done")
    line.clear()
    try await Task.sleep(for: .milliseconds(2300))
    #expect(page.all == "done\n")
    line.show(activity: "loading the model")
    try await Task.sleep(for: .milliseconds(2600))
    line.show(activity: nil)
    #expect(page.all == "done\nloading the model ...\n")
  }
}
