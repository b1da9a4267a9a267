import Foundation
import Testing
import Texts

@Suite struct TextsTests {
  @Test(
    arguments: [
      ("", ""), (" \t\n", ""), (" a b\r\n", "a b"), ("\u{A0}a\u{3000}", "a"), ("a", "a"),
    ])
  func `blanks at the ends go`(_ text: String, _ expected: String) {
    #expect(text.trimmed == expected)
    #expect("<\(text)>".dropFirst().dropLast().trimmed == expected)
  }

  @Test func `other characters at the ends go`() {
    #expect("\u{FEFF}[x] ".trimming { $0 == "\u{FEFF}" || $0 == " " } == "[x]")
    #expect("--a-b-".trimming { $0 == "-" } == "a-b")
  }

  @Test(
    arguments: [
      ("", ""), ("a b", "a b"), ("%41%c3%A4", "A\u{E4}"), ("100%", nil), ("%4", nil), ("%zz", nil),
      ("%ff", nil), ("%25", "%"), ("%+1", nil), ("\u{E4}%20", "\u{E4} "),
    ] as [(String, String?)])
  func `malformed escapes are no text`(_ text: String, _ expected: String?) {
    #expect(text.strictlyPercentDecoded == expected)
    #expect(text.removingPercentEncoding == expected)
  }

  @Test(
    arguments: [
      ("", ""), ("it's", "it\\'s"), ("'", "\\'"), ("''", "\\'\\'"), ("none", "none"),
      // A mark that makes another character of the one before it.
      ("'\u{301};", "\\'\u{301};"),
    ])
  func `bytes are replaced whatever follows them`(_ text: String, _ expected: String) {
    #expect(text.replacingBytes(of: "'", with: "\\'") == expected)
  }

  @Test(
    arguments: [
      (2.5, 2, "2.50"), (2.345, 0, "2"), (-0.0005, 3, "-0.001"), (1e6, 1, "1000000.0"),
      (0.125, 2, "0.12"), (.infinity, 2, "inf"), (1e300, 2, nil),
    ] as [(Double, Int, String?)])
  func `numbers with so many digits`(_ number: Double, _ digits: Int, _ expected: String?) {
    #expect(number.fixed(digits) == String(format: "%.\(digits)f", number))
    if let expected { #expect(number.fixed(digits) == expected) }
  }

  @Test(
    arguments: [
      ("/nonexistent/file", "No such file or directory"), ("/tmp", "Is a directory"),
    ])
  func `files' errors have the system's words`(_ path: String, _ expected: String) {
    let error = #expect(throws: (any Error).self) {
      try Data(contentsOf: URL(fileURLWithPath: path))
    }
    #expect(error?.reason == expected)
    #expect(error?.reasonWithPath == "\(path): \(expected)")
  }

  @Test func `errors without a cause have words, too`() {
    struct Own: Error, CustomStringConvertible { var description: String { "own words" } }
    #expect(CocoaError(.fileReadNoSuchFile).reason == "No such file or directory")
    #expect(POSIXError(.ENOSPC).reason == "No space left on device")
    #expect(CocoaError(.featureUnsupported).reason == "error 3328 of Foundation")
    #expect(Own().reason == "own words")
    #expect(Own().reasonWithPath == "own words")
  }
}
