import Web

/// A hub's "no", in words that say whose fault it may be.
///
/// The hub says 401 or 404 for a model that is not there and for one that the caller may not see, so that
/// nobody learns which private models there are.
struct HubRefusal {
  let answer: WebAnswer
  let server: WebAddress
  let subject: HubClient.Subject
  let settings: HubSettings

  private var reference: HubReference { subject.reference }
  private var hub: String { settings.endpoint.description }
  private var page: String { "\(hub)/\(reference.repository)" }

  /// What the hub says itself, if anything.
  private var said: String {
    answer.header("x-error-message").map { " (\($0))" } ?? ""
  }

  /// What to do to show who one is.
  private var logIn: String {
    "put a token of \(hub)/settings/tokens into HF_TOKEN, or log in with `hf auth login`, which writes "
      + settings.tokenFile
  }

  private var tokenName: String { "the token of \(settings.token?.source ?? "nobody")" }

  var error: HubError {
    let code = answer.header("x-error-code") ?? ""
    switch (code, answer.status) {
    case ("GatedRepo", _): return gated
    case ("RevisionNotFound", _):
      return HubError(
        .notFound,
        "\(reference): \(page) has no branch, tag or commit '\(reference.revision)'; see "
          + "\(page)/commits, or leave @\(reference.revision) out for the newest")
    case ("EntryNotFound", _):
      return HubError(
        .notFound,
        "\(reference): \(page) has no file \(subject.file ?? reference.path) at the revision "
          + "\(reference.revision); see \(page)/tree/\(reference.revision)")
    case (_, 401) where said.lowercased().contains("invalid credentials"):
      return HubError(
        .accessDenied,
        "\(reference): \(hub) does not know \(tokenName)\(said): it may be mistyped or expired; "
          + logIn)
    case ("RepoNotFound", _), (_, 401), (_, 404): return notFound
    case (_, 403):
      return HubError(
        .accessDenied,
        "\(reference): \(hub) refuses it\(said) (403) to "
          + "\(settings.token == nil ? "who shows no token" : tokenName); \(logIn)")
    default:
      let text =
        String(decoding: answer.body.prefix(200), as: UTF8.self)
        .split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
      return HubError(
        .unavailable,
        "\(reference): \(server) answers with the status \(answer.status)\(said)"
          + (said.isEmpty && !text.isEmpty ? " (\(text))" : "")
          + "; check HF_ENDPOINT (\(hub)), which must be a hub like https://huggingface.co")
    }
  }

  private var gated: HubError {
    guard settings.token != nil else {
      return HubError(
        .accessDenied,
        "\(reference): the model is gated\(said), and no token was shown; ask for access at \(page), "
          + "and then \(logIn)")
    }
    return HubError(
      .accessDenied,
      "\(reference): the model is gated\(said), and the owner of \(tokenName) has no access to it yet; "
        + "ask for it at \(page) (a fine-grained token also needs the permission to read gated models)"
    )
  }

  private var notFound: HubError {
    let privacy =
      settings.token == nil
      ? "or it is private, and no token was shown: for a private one \(logIn)"
      : "or it is private, and \(tokenName) may not read it"
    return HubError(
      .notFound,
      "\(reference): \(hub) has no model '\(reference.repository)'\(said), \(privacy). Check the name at "
        + page)
  }
}
