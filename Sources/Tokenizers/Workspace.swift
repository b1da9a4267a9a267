import Synchronization

/// Memory for encoding, used again from text to text.
struct Workspace {
  var normal: AlignedText
  var spare: AlignedText
  var pieces: PieceText
  var sink: TokenSink
  /// The piece of each token, where places are wanted.
  var pieceOfToken: [Int32] = []
  var addedParts: [AddedTokenMatcher.Part] = []
  var memory = ModelMemory()

  init(isTracked: Bool) {
    normal = AlignedText(isTracked: isTracked)
    spare = AlignedText(isTracked: isTracked)
    pieces = PieceText(isTracked: isTracked)
    sink = TokenSink(wantsPlaces: isTracked)
  }
}

/// Workspaces that wait for the next text; their word caches stay warm.
final class WorkspacePool: Sendable {
  private static let capacity = 64
  private let waiting = Mutex<[Workspace]>([])

  /// Lends a workspace for texts without offsets.
  func with<Result>(
    _ body: (inout Workspace) throws(TokenizerError) -> Result
  ) throws(TokenizerError) -> Result {
    var workspace = waiting.withLock { $0.popLast() } ?? Workspace(isTracked: false)
    defer {
      let returned = workspace
      waiting.withLock { if $0.count < Self.capacity { $0.append(returned) } }
    }
    return try body(&workspace)
  }
}
