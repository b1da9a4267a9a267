import JSONText
import Logging
import Web

/// The files of a repository at one commit, of which those are fetched that somebody needs.
package struct HubRepository: Sendable {
  package private(set) var reference: HubReference
  /// The full name of the commit: it means the same files for ever.
  package let commit: String
  package let files: [HubFile]
  /// Why the hub is not asked for what is missing; `nil` if it is.
  let offlineReason: String?
  private let client: HubClient
  private let cache: HubCache

  private static let log = Logger(label: "needletail.hub")
  /// Files from this size on are told of.
  private static let largeFile = 8 << 20

  /// Finds out which commit the reference means, and which files it has.
  ///
  /// - Throws: ``HubError``.
  init(_ reference: HubReference, _ client: HubClient) throws {
    let settings = client.settings
    self.reference = reference
    self.client = client
    cache = HubCache(root: settings.cache, repository: reference.repository)
    let known =
      reference.revision.isCommit ? reference.revision : cache.commit(of: reference.revision)
    var found = known ?? ""
    var offlineReason: String?
    if let variable = settings.offlineVariable {
      offlineReason = "\(variable) is set"
      if known == nil { throw Self.nothingCached(reference, settings, variable) }
    } else {
      do {
        found = try Self.commit(of: reference, client)
      } catch let error as HubError where error.code == .unavailable && known != nil {
        // What is here serves as well as it did the last time, but that must be said.
        Self.log.warning(
          "the hub cannot be asked, so the commit that the cache has is used",
          metadata: [
            "model": "\(reference)", "commit": "\(found)", "reason": "\(error.message)",
          ])
        offlineReason = "the hub could not be asked (\(error.message))"
      }
    }
    let commit = found
    self.commit = commit
    self.offlineReason = offlineReason
    if let listing = cache.listing(of: commit) {
      files = listing.files
    } else if offlineReason != nil {
      files = HubListing(cache.files(of: commit)).files
    } else {
      let listing = try Self.listing(of: reference, commit, client)
      files = listing.files
      // A cache that may only be read serves as long as it has all files.
      try? cache.note(listing, of: commit)
    }
    if offlineReason == nil { try? cache.note(reference.revision, is: commit) }
  }

  /// The same repository as another reference names it, at the commit that is known.
  func renamed(_ reference: HubReference) -> HubRepository {
    var renamed = self
    renamed.reference = reference
    return renamed
  }

  /// Where the files that are fetched have their names.
  package var folder: String { cache.snapshot(commit) }

  // MARK: What the hub has

  private static func commit(of reference: HubReference, _ client: HubClient) throws -> String {
    if reference.revision.isCommit { return reference.revision }
    let target = "/api/models/\(reference.repository)/revision/\(reference.revision.asPathPart)"
    let answer = try client.get(target, for: HubClient.Subject(reference: reference))
    guard let text = try? JSONValue(parsing: answer.body, rules: .strict),
      let commit = text["sha"]?.string, commit.isCommit
    else { throw notAHub(client, reference, target, "no commit") }
    return commit
  }

  private static func listing(
    of reference: HubReference, _ commit: String, _ client: HubClient
  ) throws -> HubListing {
    let target = "/api/models/\(reference.repository)/tree/\(commit)?recursive=true"
    var address = client.settings.endpoint.appending(target)
    var files: [HubFile] = []
    while true {
      let answer = try client.get(address, for: HubClient.Subject(reference: reference))
      do {
        files += try HubListing.page(answer.body)
      } catch {
        throw notAHub(client, reference, target, "no list of files: \(error)", cause: error)
      }
      guard let next = nextPage(answer, of: address) else { return HubListing(files) }
      address = next
    }
  }

  /// The address behind `rel="next"` of the header Link, by which long lists go on.
  static func nextPage(_ answer: WebAnswer, of address: WebAddress) -> WebAddress? {
    guard let links = answer.header("link"),
      let match = links.firstMatch(of: /<([^>]+)>[^,]*rel="?next"?/)
    else { return nil }
    return address.resolved(String(match.1))
  }

  private static func notAHub(
    _ client: HubClient, _ reference: HubReference, _ target: String, _ what: String,
    cause: (any Error)? = nil
  ) -> HubError {
    HubError(
      .unavailable,
      "\(reference): what \(client.settings.endpoint)\(target) answers is \(what); check HF_ENDPOINT, "
        + "which must be a hub like https://huggingface.co", cause: cause)
  }

  private static func nothingCached(
    _ reference: HubReference, _ settings: HubSettings, _ variable: String
  ) -> HubError {
    HubError(
      .offline,
      "\(reference): \(variable) is set, so the hub is not asked, and the cache \(settings.cache) has "
        + "nothing of this model at the revision '\(reference.revision)'; fetch it once without "
        + "\(variable), or on another machine with `hf download \(reference.repository)`, and copy the "
        + "cache")
  }

  // MARK: Fetching

  /// Makes sure that the files at `paths` are in the ``folder``.
  ///
  /// - Throws: ``HubError`` that names the file which cannot be had.
  package func fetch(_ paths: some Sequence<String>) throws {
    let wanted = Set(paths)
    for file in files where wanted.contains(file.path) { try fetch(file) }
    if let missing = wanted.subtracting(files.map(\.path)).min() {
      throw HubError(
        .notFound, "\(reference): the model has no file \(missing) at the commit \(commit)")
    }
  }

  private func fetch(_ file: HubFile) throws {
    if cache.has("\(folder)/\(file.path)", bytes: file.size) { return }
    if let offlineReason {
      throw HubError(
        .offline,
        "\(reference): \(offlineReason), and the cache \(client.settings.cache) lacks the file "
          + "\(file.path) of the commit \(commit); fetch it once with the hub in reach, or with `hf "
          + "download \(reference.repository) \(file.path)`")
    }
    try cache.makeFolder(of: cache.blob(file))
    try cache.locked(
      file,
      waiting: { lock in
        Self.log.notice(
          "waits for another process that fetches the same file",
          metadata: ["model": "\(reference)", "file": "\(file.path)", "lock": "\(lock)"])
      },
      {
        if !cache.has(cache.blob(file), bytes: file.size) { try download(file) }
        try cache.link(file, in: commit)
      })
  }

  private func download(_ file: HubFile) throws {
    let path = cache.blob(file) + ".incomplete"
    do {
      // What an earlier attempt left may be what is wrong.
      for isLast in [false, true] {
        let partial = try PartialFile(path, of: file, tell: progress(of: file))
        let wasBegun = partial.count > 0
        if !partial.isComplete {
          tellBegin(of: file, from: partial.count)
          let parts = file.path.split(separator: "/").map(\.asPathPart).joined(separator: "/")
          _ = try client.get(
            "/\(reference.repository)/resolve/\(commit)/\(parts)",
            for: HubClient.Subject(reference: reference, file: file.path), into: partial)
        }
        if partial.isRight { return try partial.move(to: cache.blob(file)) }
        let found = partial.actualChecksum
        partial.remove()
        if isLast || !wasBegun { throw damaged(file, found) }
      }
    } catch let error as PartialFile.WriteFailure {
      throw cache.failure(error.path, error.code, cause: error)
    }
  }

  private func damaged(_ file: HubFile, _ found: String) -> HubError {
    let kind = file.sha256 == nil ? "Git hash" : "SHA-256"
    return HubError(
      .damaged,
      "\(reference): the file \(file.path) came with the \(kind) \(found), and the hub lists "
        + "\(file.checksum): it was changed on the way, or the store has another file. Nothing of it is "
        + "kept; try again, and without a proxy or mirror (\(client.settings.endpoint)) if there is one"
    )
  }

  // MARK: Progress

  private func tellBegin(of file: HubFile, from start: Int) {
    if file.size < Self.largeFile { return }
    Self.log.notice(
      "\(start > 0 ? "goes on fetching" : "fetches") \(file.path) (\((file.size - start) >> 20) MiB)",
      metadata: ["model": "\(reference)", "commit": "\(commit)"])
  }

  /// Tells each ten seconds how much there is.
  private func progress(of file: HubFile) -> (Int) -> Void {
    var last = ContinuousClock.now
    return { count in
      guard ContinuousClock.now - last > .seconds(10) else { return }
      last = .now
      Self.log.notice(
        "\(count >> 20) of \(file.size >> 20) MiB of \(file.path)",
        metadata: ["model": "\(reference)"])
    }
  }
}
