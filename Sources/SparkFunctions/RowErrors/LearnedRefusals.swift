import Synchronization

/// What has been learned of the rows that a model refuses, shared by the tasks that run it.
///
/// It says only what to run apart and how many rows to run together, so that few runs are in vain. What
/// becomes of a row is decided by a run of that row.
final class LearnedRefusals: Sendable {
  private struct State {
    /// By input.
    var greatest: [String: Edge] = [:]
    var leastNegated: [String: Edge] = [:]
    var pace = RunPace()
  }

  private let state = Mutex(State())

  /// The inputs whose numbers told a refused row from the others; none as long as no row was refused.
  var tellingInputs: Set<String> {
    state.withLock { state in
      Set(state.greatest.keys).union(state.leastNegated.keys).filter { name in
        state.greatest[name]?.refused != nil || state.leastNegated[name]?.refused != nil
      }
    }
  }

  /// The rows from row `start` on that are like one that was refused, and unlike all that were not.
  func suspects(_ extremes: [String: RowExtremes], from start: Int = 0) -> [Int] {
    var isSuspect: [Bool] = []
    func look(_ numbers: [Double], _ edge: Edge?) {
      guard let least = edge?.refused?.lowerBound else { return }
      if isSuspect.isEmpty { isSuspect = Array(repeating: false, count: numbers.count) }
      for row in start..<max(start, numbers.count) where numbers[row] >= least {
        isSuspect[row] = true
      }
    }
    let (greatest, leastNegated) = state.withLock { ($0.greatest, $0.leastNegated) }
    for (name, extremes) in extremes {
      look(extremes.greatest, greatest[name])
      look(extremes.leastNegated, leastNegated[name])
    }
    return isSuspect.indices.filter { isSuspect[$0] }
  }

  /// Learns from rows that the model took.
  func took(_ rows: some Sequence<Int>, of extremes: [String: RowExtremes]) {
    // Of several rows the one with the greatest number tells as much as all of them.
    var most: [String: (greatest: Double, leastNegated: Double)] = [:]
    for (name, extremes) in extremes {
      var found: (greatest: Double, leastNegated: Double)?
      for row in rows {
        let (greatest, leastNegated) = (extremes.greatest[row], extremes.leastNegated[row])
        found =
          found.map {
            (max($0.greatest, greatest), max($0.leastNegated, leastNegated))
          } ?? (greatest, leastNegated)
      }
      most[name] = found
    }
    state.withLock { state in
      for (name, most) in most {
        state.greatest[name, default: Edge()].took(most.greatest)
        state.leastNegated[name, default: Edge()].took(most.leastNegated)
      }
    }
  }

  /// Learns from rows that the model refused.
  func refused(_ rows: some Sequence<Int>, of extremes: [String: RowExtremes]) {
    state.withLock { state in
      for (name, extremes) in extremes {
        for row in rows {
          state.greatest[name]?.refuse(extremes.greatest[row])
          state.leastNegated[name]?.refuse(extremes.leastNegated[row])
        }
      }
    }
  }

  /// The number of rows to run together.
  var pace: RunPace { state.withLock { $0.pace } }

  func changePace(_ body: (inout RunPace) -> Void) { state.withLock { body(&$0.pace) } }
}

extension LearnedRefusals {
  /// Where the numbers of an input end that the model takes.
  private struct Edge {
    /// The greatest number of a row that the model took; `nil` before the first.
    var taken: Double?
    /// The least and the greatest number beyond it of a row that the model refused.
    var refused: ClosedRange<Double>?

    mutating func took(_ number: Double) {
      let most = max(taken ?? number, number)
      taken = most
      guard let refused, refused.lowerBound <= most else { return }
      // It was not for this number that such a row was refused; for a greater one it may have been.
      self.refused = refused.upperBound > most ? refused.upperBound...refused.upperBound : nil
    }

    mutating func refuse(_ number: Double) {
      guard let taken, number > taken else { return }
      let known = refused ?? number...number
      refused = min(known.lowerBound, number)...max(known.upperBound, number)
    }
  }
}

/// How many rows are run together where some fail: as many as are there until a run is refused, then half as
/// many, and twice as many again with each run that is not.
///
/// Of runs that are too large nobody knows whether they will be for ever: the rows may have been long ones, and
/// the next job with the model has others. So after some runs of the greatest size a greater one is tried,
/// and less often where that was in vain.
struct RunPace: Hashable {
  /// The runs of the greatest size before a greater one is tried, at first and at last.
  static let patiences = 64...4096

  private(set) var size = Int.max
  private var most = Int.max
  /// The runs of `most` rows that were not refused.
  private var runs = 0
  private var patience = patiences.lowerBound
  /// Whether `most` is greater than what is known to be taken.
  private var isTrying = false

  /// A run of `count` rows was not refused.
  mutating func took(_ count: Int) {
    if count >= most {
      runs += 1
      if isTrying { (isTrying, patience) = (false, Self.patiences.lowerBound) }
      if runs >= patience { (most, runs, isTrying) = (Self.twice(most), 0, true) }
    }
    if count >= size { size = min(Self.twice(count), most) }
  }

  /// A run of `count` rows was refused for one of them.
  mutating func refused(_ count: Int) { size = max(1, min(size, count) / 2) }

  /// A run of `count` rows was refused, and none of them for itself: they were too many.
  mutating func refusedTogether(_ count: Int) {
    if isTrying { (isTrying, patience) = (false, min(2 * patience, Self.patiences.upperBound)) }
    // Of several tasks one may tell late of a run that was larger than what is known by now.
    most = min(most, max(1, count / 2))
    runs = 0
    size = min(size, most)
  }

  private static func twice(_ count: Int) -> Int { count > Int.max / 2 ? Int.max : 2 * count }
}
