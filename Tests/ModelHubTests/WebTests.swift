import Foundation
import NIOHTTP1
import Testing

@testable import ModelHub

@Suite("Addresses, pauses and proxies")
struct WebTests {
  @Test(arguments: [
    ("https://hub.example", "https://hub.example", "hub.example", ""),
    ("HTTP://h:81/a?b=c%2Fd#e", "http://h:81/a", "h:81", "/a?b=c%2Fd"),
    ("https://[::1]:8443/x y", "https://[::1]:8443/x%20y", "[::1]:8443", "/x%20y"),
    ("https://h:443?q", "https://h/", "h", "/?q"),
  ])
  func address(_ text: String, _ shown: String, _ authority: String, _ target: String) throws {
    let address = try #require(WebAddress(text))
    #expect("\(address)" == shown)
    #expect(address.authority == authority)
    #expect(address.target == target)
  }

  @Test(arguments: [
    "", "h", "ftp://h/", "https://", "https://u:p@h/", "http://h:0", "http://h:x",
  ])
  func noAddress(_ text: String) { #expect(WebAddress(text) == nil) }

  @Test(arguments: [
    ("/x?y=1", "https://h/x"), ("https://other/z", "https://other/z"), ("//cdn/a", "https://cdn/a"),
    ("b", "https://h/r/b"), ("?q", "https://h/r/a"), ("../b", "https://h/r/../b"),
  ])
  func redirection(_ location: String, _ shown: String) throws {
    let address = try #require(WebAddress("https://h/r/a?s=1"))
    #expect(address.resolved(location)?.description == shown)
  }

  @Test func noRedirection() throws {
    let address = try #require(WebAddress("https://h/r/a"))
    #expect(address.resolved("") == nil)
    #expect(address.resolved("file:///etc/passwd") == nil)
    let root = try #require(WebAddress("https://h"))
    #expect(root.resolved("a")?.target == "/a")
  }

  @Test func servers() throws {
    let hub = try #require(WebAddress("https://Hub.example"))
    for (text, isSame) in [
      ("https://hub.example:443/x", true), ("http://hub.example", false),
      ("https://hub.example:444", false), ("https://a.hub.example", false),
    ] {
      let address = try #require(WebAddress(text))
      #expect(address.isOfSameServer(as: hub) == isSame, "\(text)")
    }
  }

  @Test(
    arguments: [
      (["retry-after": "7"], 7.0), (["RateLimit": "\"api\";r=0;t=55"], 56),
      (["RateLimit": "\"api\";r=3;t=55", "Retry-After": "2"], 2),
      (["Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"], 0), ([:], nil),
      (["Retry-After": "x"], nil),
    ] as [([String: String], Double?)])
  func pauses(_ headers: [String: String], _ seconds: Double?) {
    let fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
    #expect(HubClient.wait(of: WebAnswer(status: 429, headers: fields)) == seconds)
  }

  @Test func proxies() throws {
    let proxies = try WebProxies(environment: [
      "https_proxy": "http://u:p%40@proxy:3128/", "HTTP_PROXY": "plain",
      "NO_PROXY": "localhost, .corp.example",
    ])
    func proxy(_ address: String) throws -> WebProxies.Proxy? {
      proxies.proxy(for: try #require(WebAddress(address)))
    }
    #expect(
      try proxy("https://h") == WebProxies.Proxy(host: "proxy", port: 3128, credentials: "u:p%40"))
    #expect(try proxy("http://h") == WebProxies.Proxy(host: "plain", port: 80, credentials: nil))
    #expect(try proxy("https://a.corp.example") == nil)
    #expect(try proxy("https://corp.example") == nil)
    #expect(try proxy("https://xcorp.example") != nil)
    #expect(try proxy("http://localhost:9") == nil)
    #expect(throws: HubError.self) { try WebProxies(environment: ["ALL_PROXY": "socks5://h:1"]) }
  }

  @Test func settings() throws {
    let plain = try HubSettings(environment: ["HOME": "/h"])
    #expect("\(plain.endpoint)" == "https://huggingface.co")
    #expect(plain.cache == "/h/.cache/huggingface/hub")
    #expect(plain.tokenFile == "/h/.cache/huggingface/token")
    #expect(plain.offlineVariable == nil && plain.token == nil)
    let set = try HubSettings(environment: [
      "HOME": "/h", "HF_HOME": "~/models", "HF_HUB_CACHE": "", "HF_ENDPOINT": "http://m:8/hub/",
      "HF_TOKEN": " hf_secret\n", "HF_HUB_OFFLINE": "yes", "HF_TOKEN_PATH": "/t",
    ])
    #expect(set.cache == "/h/models/hub")
    #expect("\(set.endpoint)" == "http://m:8/hub")
    #expect(set.token == HubSettings.Token(value: "hf_secret", source: "HF_TOKEN"))
    #expect(set.offlineVariable == "HF_HUB_OFFLINE" && set.tokenFile == "/t")
    for wrong in [
      ["HF_ENDPOINT": "hub"], ["HF_TOKEN": "a b"], ["HF_HUB_DOWNLOAD_TIMEOUT": "0"],
    ] {
      let error = #expect(throws: HubError.self) { try HubSettings(environment: wrong) }
      #expect(error?.code == .settings)
    }
  }

  @Test func tokenFile() throws {
    let file = NSTemporaryDirectory() + "needletail-token-\(UUID().uuidString)"
    try Data("hf_file\n".utf8).write(to: URL(fileURLWithPath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    var environment = ["HF_TOKEN_PATH": file]
    #expect(try HubSettings(environment: environment).token?.value == "hf_file")
    environment["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"
    #expect(try HubSettings(environment: environment).token == nil)
  }
}
