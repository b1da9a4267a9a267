import SparkWorker
import Testing

@Suite struct FunctionSuspicionTests {
  private let probation = Duration.seconds(600)

  @Test func whoWasAloneIsHeldApartForGood() {
    var suspicion = FunctionSuspicion(probation: probation)
    suspicion.died(running: [])
    #expect(suspicion.suspects == [])
    suspicion.died(running: [[1], [1]])
    #expect(suspicion.suspects == [1])
    let isChanged = suspicion.expire(at: .now + probation * 10)
    #expect(!isChanged)
    #expect(suspicion.suspects == [1])
  }

  @Test func companyIsClearedWhenTheCauseShows() {
    var suspicion = FunctionSuspicion(probation: probation)
    suspicion.died(running: [[1], [2], [3]])
    suspicion.died(running: [[4], [5]])
    #expect(suspicion.suspects == [1, 2, 3, 4, 5])
    suspicion.died(running: [[2]])
    #expect(suspicion.suspects == [2, 4, 5])
    suspicion.died(running: [[2]])
    #expect(suspicion.suspects == [2, 4, 5])
  }

  @Test func companyIsClearedWhenNothingMoreHappens() {
    var suspicion = FunctionSuspicion(probation: probation)
    let start = ContinuousClock.now
    suspicion.died(running: [[1], [2]], at: start)
    let isEarly = suspicion.expire(at: start + probation / 2)
    #expect(!isEarly)
    #expect(suspicion.suspects == [1, 2])
    suspicion.died(running: [[3], [4]], at: start + probation / 2)
    let isChanged = suspicion.expire(at: start + probation)
    #expect(isChanged)
    #expect(suspicion.suspects == [3, 4])
  }

  @Test func functionsOfOneQueryAreOneKind() {
    var suspicion = FunctionSuspicion(probation: probation)
    suspicion.died(running: [[1, 2], [2, 1]])
    #expect(suspicion.suspects == [1, 2])
  }
}
