/// Standard and summer time by a rule for every year, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct YearlyRule: Sendable, Equatable {
  /// Seconds east of UTC.
  private let standard: Int
  private let summer: Summer?

  private struct Summer: Equatable {
    let offset: Int
    let begin: Day
    let end: Day
  }

  private struct Day: Equatable {
    enum Kind: Equatable {
      case month(Int, week: Int, weekday: Int)
      /// From 1 on, without 29 February.
      case julian(Int)
      /// From 0 on.
      case ordinal(Int)
    }
    let kind: Kind
    /// Seconds from midnight, by the clock before the change.
    let time: Int

    func seconds(in year: Int) -> Int {
      guard let newYear = CivilDate(year: year, month: 1, day: 1) else { return 0 }
      let first = newYear.daysSince1970
      var day: Int
      switch kind {
      case .ordinal(let number): day = first + number
      case .julian(let number):
        day = first + number - 1 + (number >= 60 && CivilDate.isLeap(year) ? 1 : 0)
      case .month(let month, let week, let weekday):
        day = CivilDate(year: year, month: month, day: 1)?.daysSince1970 ?? first
        let length = CivilDate.days(ofMonth: month, in: year)
        let shift = (weekday - CivilDate.weekday(daysSince1970: day) + 7) % 7 + (week - 1) * 7
        day += shift >= length ? shift - 7 : shift
      }
      return day * 86_400 + time
    }
  }

  /// `nil` for text that is no rule.
  init?(_ text: String) {
    var reader = Reader(rest: text[...])
    guard reader.name(), let west = reader.time() else { return nil }
    standard = -west
    guard !reader.rest.isEmpty else {
      summer = nil
      return
    }
    guard reader.name() else { return nil }
    var offset = standard + 3600
    if let next = reader.rest.first, next != "," {
      guard let west = reader.time() else { return nil }
      offset = -west
    }
    guard reader.take(","), let begin = reader.day(), reader.take(","), let end = reader.day()
    else {
      return nil
    }
    summer = Summer(offset: offset, begin: begin, end: end)
  }

  func offset(at seconds: Int64) -> Int {
    guard let summer else { return standard }
    let days = Int((seconds + Int64(standard)) / 86_400)
    let year = CivilDate(daysSince1970: days).year
    let begin = Int64(summer.begin.seconds(in: year) - standard)
    let end = Int64(summer.end.seconds(in: year) - summer.offset)
    let isSummer =
      begin < end ? begin <= seconds && seconds < end : !(end <= seconds && seconds < begin)
    return isSummer ? summer.offset : standard
  }

  private struct Reader {
    var rest: Substring

    mutating func take(_ character: Character) -> Bool {
      guard rest.first == character else { return false }
      rest.removeFirst()
      return true
    }

    mutating func name() -> Bool {
      if take("<") {
        guard let end = rest.firstIndex(of: ">") else { return false }
        rest = rest[rest.index(after: end)...]
        return true
      }
      let letters = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(letters.count)
      return letters.count >= 3
    }

    mutating func number() -> Int? {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      return Int(digits)
    }

    mutating func time() -> Int? {
      let isNegative = take("-")
      if !isNegative { _ = take("+") }
      guard var seconds = number().map({ $0 * 3600 }) else { return nil }
      if take(":") {
        guard let minutes = number() else { return nil }
        seconds += minutes * 60
        if take(":") {
          guard let rest = number() else { return nil }
          seconds += rest
        }
      }
      return isNegative ? -seconds : seconds
    }

    mutating func day() -> Day? {
      let kind: Day.Kind
      if take("M") {
        guard let month = number(), take("."), let week = number(), take("."),
          let weekday = number(), (1...12).contains(month), (1...5).contains(week)
        else { return nil }
        kind = .month(month, week: week, weekday: weekday)
      } else if take("J") {
        guard let day = number() else { return nil }
        kind = .julian(day)
      } else {
        guard let day = number() else { return nil }
        kind = .ordinal(day)
      }
      var time = 7200
      if take("/") {
        guard let given = self.time() else { return nil }
        time = given
      }
      return Day(kind: kind, time: time)
    }
  }
}
