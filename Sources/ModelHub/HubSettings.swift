import FoundationEssentials
import Texts
import Web

/// Where models with ids come from and go to, as the official client's variables say.
package struct HubSettings: Sendable, Hashable {
  /// Who asks, and how the hub was told.
  package struct Token: Sendable, Hashable {
    let value: String
    /// The variable or file that it is from, for messages.
    let source: String
  }

  /// The hub (`HF_ENDPOINT`).
  let endpoint: WebAddress
  /// The folder of the cache (`HF_HUB_CACHE`, `HF_HOME`).
  package let cache: String
  /// `HF_TOKEN`, or what `hf auth login` wrote.
  let token: Token?
  /// Where the token's file is or would be.
  let tokenFile: String
  /// The variable that forbids to ask the hub, if one does.
  let offlineVariable: String?
  /// How the hub is reached.
  let web: WebSettings

  /// - Throws: ``HubError`` if a variable has a value that it cannot have.
  package init(environment: [String: String]) throws(HubError) {
    func value(_ names: String...) -> String? {
      names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    func isTrue(_ name: String) -> Bool {
      ["1", "ON", "YES", "TRUE"].contains((environment[name] ?? "").uppercased())
    }
    let userFolder = value("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
    func path(_ text: String) -> String {
      text == "~" || text.hasPrefix("~/") ? userFolder + text.dropFirst() : text
    }

    let address = value("HF_ENDPOINT") ?? "https://huggingface.co"
    guard let endpoint = WebAddress(address) else {
      throw HubError(
        .settings,
        "HF_ENDPOINT is '\(address)', which is no address of a hub; expected one such as "
          + "https://huggingface.co")
    }
    var timeout = 30
    if let text = value("HF_HUB_DOWNLOAD_TIMEOUT") {
      guard let seconds = Int(text), (1...86_400).contains(seconds) else {
        throw HubError(
          .settings,
          "HF_HUB_DOWNLOAD_TIMEOUT is '\(text)', it must be a whole number of seconds above 0")
      }
      timeout = seconds
    }
    // Without slashes at its end.
    self.endpoint = endpoint.appending("")
    let home = path(
      value("HF_HOME") ?? (value("XDG_CACHE_HOME") ?? "\(userFolder)/.cache") + "/huggingface")
    cache = path(value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? "\(home)/hub")
    tokenFile = path(value("HF_TOKEN_PATH") ?? "\(home)/token")
    offlineVariable = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].first(where: isTrue)
    token = try isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? nil : Self.token(environment, tokenFile)
    do throws(WebSettingsError) {
      web = try WebSettings(environment: environment, timeout: timeout)
    } catch {
      throw HubError(.settings, error.message, cause: error)
    }
  }

  private static func token(
    _ environment: [String: String], _ file: String
  ) throws(HubError) -> Token? {
    func token(_ text: String, _ source: String) throws(HubError) -> Token? {
      let trimmed = text.trimmed
      if trimmed.isEmpty { return nil }
      // Anything else would end the line of the header, or be refused with less plain words.
      guard trimmed.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw HubError(
          .settings,
          "\(source) has more than a token in it, such as blanks or several lines; expected one word "
            + "such as hf_..., of https://huggingface.co/settings/tokens")
      }
      return Token(value: trimmed, source: source)
    }
    for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
      if let text = environment[name], let found = try token(text, name) { return found }
    }
    guard let contents = FileManager.default.contents(atPath: file) else { return nil }
    return try token(String(decoding: contents, as: UTF8.self), file)
  }
}
