import HostProcesses
import Testing

struct TextWidthTests {
  @Test("letters of East Asia take two columns, combining marks none")
  func widths() {
    #expect(TextWidth.of("swift") == 5)
    #expect(TextWidth.of("日本") == 4)
    #expect(TextWidth.of("e\u{301}") == 1)
    #expect(TextWidth.of("") == 0)
  }

  @Test("what is too long is cut to what fits")
  func cuts() {
    #expect(TextWidth.cut("needletail", to: 10) == "needletail")
    #expect(TextWidth.cut("needletail", to: 8) == "needl...")
    #expect(TextWidth.cut("日本語の行", to: 8) == "日本...")
    #expect(TextWidth.cut("needletail", to: 2) == "..")
    #expect(TextWidth.cut("needletail", to: 0) == "")
  }

  @Test("lines break at blanks, and long words have lines of their own")
  func wraps() {
    #expect(TextWidth.wrapped("a bc def", to: 4) == ["a bc", "def"])
    #expect(TextWidth.wrapped("needletail is swift", to: 5) == ["needletail", "is", "swift"])
    #expect(TextWidth.wrapped("", to: 5) == [""])
  }
}
