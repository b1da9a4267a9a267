import Glibc
import KServeProtocol
import KServeServer
import NIOCore
import Tensors
import Testing

@testable import KServeServer

@Suite struct SharedMemoryTests {
  /// An object of shared memory with a name of its own.
  final class Object {
    let key: String
    init(_ name: String, bytes: [UInt8]) {
      key = "/needletail-test-\(getpid())-\(name)"
      let file = shm_open(key, O_RDWR | O_CREAT, 0o600)
      _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      Glibc.close(file)
    }
    deinit { shm_unlink(key) }
    func resize(_ size: Int) { truncate("/dev/shm" + key, size) }
  }

  static func register(_ port: Int, _ name: String, _ object: Object, _ size: Int) async throws
    -> HTTPProbe.Answer
  {
    try await HTTPProbe.ask(
      port, "POST", "/v2/systemsharedmemory/region/\(name)/register",
      body: Array("{\"key\":\"\(object.key)\",\"offset\":0,\"byte_size\":\(size)}".utf8))
  }

  static let infer = Array(
    """
    {"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"shared_memory_region":"in",\
    "shared_memory_byte_size":8,"shared_memory_offset":4096}}],"outputs":[{"name":"y","parameters":{\
    "shared_memory_region":"out","shared_memory_byte_size":8,"shared_memory_offset":4096}}]}
    """.utf8)

  /// A client that cuts its object gets an error, and costs nobody else anything.
  @Test(arguments: ["in", "out"]) func survivesObjectsThatAreCut(_ which: String) async throws {
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let input = Object("in-\(which)", bytes: [UInt8](repeating: 0, count: 8192))
      let output = Object("out-\(which)", bytes: [UInt8](repeating: 7, count: 8192))
      for (name, object) in [("in", input), ("out", output)] {
        #expect(try await Self.register(port, name, object, 8192).status == 200)
      }
      func ask() async throws -> HTTPProbe.Answer {
        try await HTTPProbe.ask(port, "POST", HTTPServerTests.infer, body: Self.infer)
      }
      #expect(try await ask().status == 200)
      for size in [0, 4096, 4100] {
        (which == "in" ? input : output).resize(size)
        let answer = try await ask()
        #expect(answer.status == 400)
        #expect(answer.text.contains("was cut after the registration"), "\(answer.text)")
      }
      (which == "in" ? input : output).resize(8192)
      #expect(try await ask().status == 200)
      #expect(
        try await HTTPProbe.ask(port, "POST", "/v2/systemsharedmemory/unregister", body: []).status
          == 200)
    }
  }

  /// An object far larger than the memory that there is takes what fits.
  @Test func writesToObjectsWithHoles() async throws {
    let object = Object("holes", bytes: [1])
    object.resize(1 << 40)
    let region = try SharedMemoryObject(key: object.key, offset: 0, byteCount: 1 << 40) { _ in true
    }
    try region.write(TensorBytes(copying: [1, 2, 3, 4]), to: 1 << 39, region: "r")
    let bytes = try region.read((1 << 39) - 2, count: 6, region: "r")
    #expect(bytes.withUnsafeBytes { Array($0) } == [0, 0, 1, 2, 3, 4])
  }

  @Test func takesWhatItsClientOwns() async throws {
    let object = Object("own", bytes: [1, 2, 3, 4])
    func register(_ access: SharedMemoryAccess) throws -> KServeError? {
      let registry = SharedMemoryRegistry(access: access)
      // No such connection exists, so that its user is not known.
      let stranger = ClientIdentity(
        local: try SocketAddress(ipAddress: "127.0.0.1", port: 1),
        remote: try SocketAddress(ipAddress: "127.0.0.1", port: 2))
      do throws(KServeError) {
        try registry.register(
          name: "r", key: object.key, offset: 0, byteSize: 4, client: stranger)
        return nil
      } catch {
        return error
      }
    }
    #expect(try register(.init(.any)) == nil)
    #expect(try register(.init(.own))?.code == .permissionDenied)
    #expect(try register(.init(.off))?.message.contains("--shared-memory own") == true)
    #expect(try register(.init(.any, prefix: "needletail-")) == nil)
    #expect(try register(.init(.any, prefix: "other-"))?.code == .permissionDenied)
    try await withServer {
      try $0.bindDouble()
    } _: { _, endpoints in
      let port = try #require(endpoints.http)
      let own = Object("http", bytes: [1, 2, 3, 4])
      #expect(try await Self.register(port, "r", own, 4).status == 200)
      #expect(try await Self.register(port, "r", own, 4).status == 400)
      #expect(try await Self.register(port, "long", own, 5).status == 400)
      for (offset, status) in [
        ("null", 200), ("1.5", 400), ("18446744073709551616", 400), ("-1", 400),
      ] {
        let body = "{\"key\":\"\(own.key)\",\"offset\":\(offset),\"byte_size\":2}"
        let answer = try await HTTPProbe.ask(
          port, "POST", "/v2/systemsharedmemory/region/o\(offset)/register",
          body: Array(body.utf8))
        #expect(answer.status == status, "\(offset): \(answer.text)")
      }
      let status = try await HTTPProbe.ask(port, "GET", "/v2/systemsharedmemory/status").text
      #expect(status.contains("\"byte_size\":4"))
    }
  }

  /// A connection that its client has closed is nobody's: the kernel's table calls it root's.
  @Test func knowsNobodyBehindAClosedConnection() async throws {
    typealias Ask = (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) ->
      Int32
    func address(_ file: Int32, _ ask: Ask) throws -> SocketAddress {
      // The system's `sockaddr_in`: the family, and the port in the network's order.
      var bytes = [UInt8](repeating: 0, count: 16)
      var size = socklen_t(bytes.count)
      let result = bytes.withUnsafeMutableBytes {
        ask(file, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
      }
      #expect(result == 0)
      return try SocketAddress(ipAddress: "127.0.0.1", port: Int(bytes[2]) << 8 | Int(bytes[3]))
    }
    let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { Glibc.close(listening) }
    // It takes a port of its own here.
    try #require(listen(listening, 1) == 0)
    let local = try address(listening) { getsockname($0, $1, $2) }
    let client = try HTTPProbe(port: try #require(local.port))
    let accepted = accept(listening, nil, nil)
    defer { Glibc.close(accepted) }
    let remote = try address(accepted) { getpeername($0, $1, $2) }
    #expect(ClientIdentity(local: local, remote: remote).user == getuid())
    client.close()
    for _ in 0..<20 {
      #expect(ClientIdentity(local: local, remote: remote).user == nil)
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  @Test(arguments: ["/../etc/passwd", "..", "/.", "", "/", "//etc/passwd", "/a/b", "/nope-there"])
  func refusesWhatIsNoObject(_ key: String) {
    #expect(throws: KServeError.self) {
      try SharedMemoryObject(key: key, offset: 0, byteCount: 1) { _ in true }
    }
  }
}
