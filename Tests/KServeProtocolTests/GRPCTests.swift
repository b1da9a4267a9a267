import KServeProtocol
import NIOCore
import Tensors
import Testing
import Texts

/// What both sides of gRPC know of it: frames, statuses, texts in headers and times.
struct GRPCTests {
  /// Memory that grows with what has come, up to a limit.
  private struct GrowingMemory: GRPCMessageMemory {
    struct Failure: Error, Equatable {
      var byteCount: Int
    }

    var limit = Int.max
    var calls = 0

    mutating func storage(
      for needed: Int, of expected: Int, behind lead: Int
    ) throws(Failure) -> TensorStorage {
      if expected > limit { throw Failure(byteCount: expected) }
      calls += 1
      return TensorStorage(byteCount: lead + min(needed * 2, expected))
    }
  }

  private static func content(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  }

  @Test("messages are the same after frames of any length", arguments: [1, 3, 64, 1000, 1 << 20])
  func framing(frameLength: Int) throws {
    let messages = [0, 1, 5, 63, 64, 65, 10_000].map { Self.content($0) }
    var sent = ByteBuffer()
    for message in messages {
      sent.writeGRPCMessage(byteCount: message.count) { $0.copyBytes(from: message) }
    }
    var reader = GRPCMessageReader()
    var memory = GrowingMemory()
    var received: [[UInt8]] = []
    while sent.readableBytes > 0 {
      let count = min(frameLength, sent.readableBytes)
      var frame = sent.readSlice(length: count) ?? ByteBuffer()
      while let message = try reader.next(from: &frame, in: &memory) {
        #expect(!message.isCompressed)
        let end = message.bytes.byteOffset + message.bytes.byteCount
        #expect(end.isMultiple(of: TensorStorage.alignment))
        received.append(message.bytes.withUnsafeBytes { Array($0) })
      }
    }
    #expect(received == messages)
    #expect(!reader.isInMessage)
    #expect(memory.calls >= messages.count)
  }

  @Test("a prefix tells the length in 32 bits, and whether the message is compressed")
  func prefix() throws {
    var written = ByteBuffer()
    let content = [UInt8](repeating: 7, count: 0x01_02_03)
    written.writeGRPCMessage(byteCount: content.count) { $0.copyBytes(from: content) }
    #expect(Array(written.readableBytesView.prefix(6)) == [0, 0, 1, 2, 3, 7])
    #expect(written.readableBytes == GRPCMessage.prefixLength + content.count)

    var reader = GRPCMessageReader()
    var memory = GrowingMemory(limit: 2)
    var frame = ByteBuffer(bytes: [1, 0, 0, 0, 2, 8, 9, 0, 0, 0, 0])
    let first = try reader.next(from: &frame, in: &memory)
    #expect(first?.isCompressed == true)
    let second = try reader.next(from: &frame, in: &memory)
    #expect(second == nil)
    #expect(reader.isInMessage)
    frame = ByteBuffer(bytes: [3])
    #expect(throws: GrowingMemory.Failure(byteCount: 3)) {
      try reader.next(from: &frame, in: &memory)
    }
  }

  @Test("a status survives its fields", arguments: GRPCStatus.Code.allCases)
  func statuses(code: GRPCStatus.Code) {
    let status = GRPCStatus(code, "50 % of 'é€' \n were \"too\" long\u{7F}")
    let fields = Dictionary(uniqueKeysWithValues: status.trailers)
    let message = fields["grpc-message"]
    #expect(message?.utf8.allSatisfy { (0x20..<0x7F).contains($0) } == true)
    #expect(GRPCStatus(number: fields["grpc-status"], message: message) == status)
    let bare = GRPCStatus(code, "").trailers
    #expect(bare.map { $0.0 } == ["grpc-status"])
    #expect(bare.map { $0.1 } == ["\(code.rawValue)"])
  }

  @Test("statuses as servers may send them")
  func foreignStatuses() {
    #expect(GRPCStatus(number: nil, message: "m") == nil)
    #expect(GRPCStatus(number: "x", message: nil) == nil)
    #expect(GRPCStatus(number: "0", message: nil) == .ok)
    #expect(GRPCStatus(number: "5", message: "100%") == GRPCStatus(.notFound, "100%"))
    let unknown = GRPCStatus(number: "99", message: nil)
    #expect(unknown?.code == .unknown)
    #expect(unknown?.message.contains("99") == true)
    #expect(GRPCStatus.Code.allCases.map(\.rawValue) == Array(0...16))
  }

  @Test(
    "percent-encoding",
    arguments: [
      ("", ""), ("a-1", "a-1"), ("a b", "a%20b"), ("%41", "%2541"), ("é/\n", "%C3%A9%2F%0A"),
    ])
  func percentEncoding(text: String, encoded: String) {
    let kept = Set("abcdefghijklmnopqrstuvwxyz-0123456789".utf8)
    let written = text.percentEncoded { kept.contains($0) }
    #expect(written == encoded)
    #expect(encoded.percentDecoded == text)
    #expect(encoded.lowercased().percentDecoded == text)
  }

  @Test(
    "malformed percent-encoding stays",
    arguments: ["%", "%4", "%%", "%g1", "%1g", "%+1", "% 1", "a%-1b", "100%"])
  func malformed(text: String) {
    #expect(text.percentDecoded == text)
    #expect((text + "%41").percentDecoded == text + "A")
  }

  @Test(
    "times that clients send",
    arguments: [
      ("1H", .hours(1)), ("2M", .minutes(2)), ("3S", .seconds(3)), ("4m", .milliseconds(4)),
      ("5u", .microseconds(5)), ("6n", .nanoseconds(6)), ("0m", .nanoseconds(0)),
      ("99999999S", .seconds(99_999_999)), ("99999999H", .nanoseconds(.max)),
      ("", nil), ("m", nil), ("5", nil), ("5s", nil), ("-5S", nil), ("+5S", nil), ("1.5S", nil),
      ("100000000S", nil), (" 1S", nil), ("1S ", nil),
    ] as [(String, TimeAmount?)])
  func times(text: String, amount: TimeAmount?) {
    #expect(GRPCTimeout.amount(text) == amount)
  }

  @Test(
    "times that this client sends",
    arguments: [
      (.seconds(60), "60000m"), (.nanoseconds(1), "1m"), (.seconds(-5), "1m"),
      (.milliseconds(99_999_999), "99999999m"), (.milliseconds(100_000_000), "100000S"),
      (.hours(9999), "35996400S"), (.hours(99_999), "5999940M"), (.nanoseconds(.max), "99999999M"),
    ] as [(TimeAmount, String)])
  func sentTimes(amount: TimeAmount, text: String) {
    #expect(GRPCTimeout.text(amount) == text)
  }
}
