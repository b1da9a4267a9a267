/// Where a model writes the tokens of a piece.
struct TokenSink {
  /// Where a token stands in its piece.
  struct Place {
    var start: Int32
    var end: Int32
    /// Whether the token's text is the text of the piece there and not the vocabulary's.
    var isSurface: Bool
  }

  var ids: [Int32] = []
  /// One for each of `ids` when wanted, else empty.
  var places: [Place] = []
  let wantsPlaces: Bool

  init(wantsPlaces: Bool) { self.wantsPlaces = wantsPlaces }

  @inline(__always)
  mutating func append(_ id: Int32, _ start: Int, _ end: Int, isSurface: Bool = false) {
    ids.append(id)
    if wantsPlaces {
      places.append(Place(start: Int32(start), end: Int32(end), isSurface: isSurface))
    }
  }

  mutating func removeAll() {
    ids.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
  }
}
