import FoundationEssentials

extension Machine {
  /// The processor cores that this process may use: those that the kernel lets it run on, or fewer if a
  /// container is given a share of their time.
  package static let availableCores: Int = {
    let allowed = max(1, ProcessInfo.processInfo.activeProcessorCount)
    return min(allowed, coresOfQuota(read: ProcFile.text) ?? allowed)
  }()

  /// The cores whose time the process's control group may use, rounded up; `nil` without a limit.
  static func coresOfQuota(read: (String) -> String?) -> Int? {
    func numbers(_ path: String) -> [Double] {
      (read(path) ?? "").split { $0 == " " || $0 == "\n" }.compactMap { Double($0) }
    }
    // Version 2 has both in one file ("max 100000" without a limit), version 1 one in each.
    var values = numbers("/sys/fs/cgroup/cpu.max")
    if values.isEmpty {
      values =
        numbers("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
        + numbers("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
    }
    guard values.count == 2, values[0] > 0, values[1] > 0 else { return nil }
    return max(1, Int((values[0] / values[1]).rounded(.up)))
  }
}
