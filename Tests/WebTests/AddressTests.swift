import Testing

@testable import Web

@Suite("Addresses and proxies")
struct AddressTests {
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
    #expect(throws: WebSettingsError.self) {
      try WebProxies(environment: ["ALL_PROXY": "socks5://h:1"])
    }
  }
}
