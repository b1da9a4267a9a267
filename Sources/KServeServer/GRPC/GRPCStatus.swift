import GRPCCore
import KServeProtocol
import NIOHPACK

/// How a call ended: gRPC's code and a message for the caller.
struct GRPCStatus: Sendable {
  var code: Int
  var message: String

  static let ok = GRPCStatus(code: 0, message: "")

  static func unimplemented(_ message: String) -> GRPCStatus {
    GRPCStatus(code: 12, message: message)
  }

  init(code: Int, message: String) {
    self.code = code
    self.message = message
  }

  init(_ error: KServeError) {
    self.init(code: error.code.rpcCode.rawValue, message: error.message)
  }

  /// The fields that end a call.
  var trailers: [(String, String)] {
    var fields = [("grpc-status", String(code))]
    if !message.isEmpty { fields.append(("grpc-message", Self.percentEncoded(message))) }
    return fields
  }

  /// The text as headers carry it: whatever is not printable ASCII as `%XX`.
  private static func percentEncoded(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "%") }) { return text }
    var result = ""
    for byte in text.utf8 {
      if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return result
  }
}
