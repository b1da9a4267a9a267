import Foundation
import NIOHTTP1
import Testing
import Web

@testable import ModelHub

@Suite("Settings, and pauses that a hub asks for")
struct SettingsTests {
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
