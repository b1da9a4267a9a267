import NIOCore
import NIOHTTP1

extension HTTPResponse {
  /// A body that is JSON already.
  static func json(_ text: String, status: HTTPResponseStatus = .ok) -> HTTPResponse {
    HTTPResponse(status: status, contentType: "application/json", text: text)
  }

  /// An error as Triton writes it.
  static func error(status: HTTPResponseStatus, _ message: String) -> HTTPResponse {
    json("{\"error\":\(JSONText.quoted(message))}", status: status)
  }
}

/// The little of JSON that is written by hand.
enum JSONText {
  /// `text` as a JSON string, with its quotation marks.
  static func quoted(_ text: String) -> String {
    var result = "\""
    result.reserveCapacity(text.utf8.count + 2)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
