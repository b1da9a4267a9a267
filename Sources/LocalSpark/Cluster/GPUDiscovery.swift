import FoundationEssentials
import HostProcesses
import NativeLibraries

/// The GPUs of this machine, as `nvidia-smi` tells, and their distribution to workers.
struct GPUDiscovery {
  /// What `nvidia-smi` is asked for: a line with the number and the UUID of each.
  static let question = ["--query-gpu=index,uuid", "--format=csv,noheader"]

  /// The path of `nvidia-smi`.
  let program: String
  /// The addresses of the GPUs that may be used.
  let addresses: [String]

  /// - Parameter environment: the variables of this process: `PATH`, and `CUDA_VISIBLE_DEVICES`, of which
  ///   only those GPUs are taken that it names.
  /// - Throws: ``NeedletailError`` if there is no `nvidia-smi`, or it does not tell.
  init(_ environment: [String: String]) throws {
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    guard
      let program = folders.map({ "\($0)/nvidia-smi" }).first(where: {
        FileManager.default.isExecutableFile(atPath: $0) && FileSystem.isFile($0)
      })
    else {
      throw NeedletailError(
        .missingRequirement,
        "this machine has no GPU that Spark could give to tasks: there is no nvidia-smi on the PATH, which "
          + "comes with NVIDIA's driver; leave --gpus out, or install the driver")
    }
    let result = try CapturedProcess.run([program] + Self.question, joinsErrors: true)
    let said = String(decoding: result.output, as: UTF8.self)
    guard result.status == 0 else {
      let text = said.split(separator: "\n").joined(separator: " ")
      throw NeedletailError(
        .missingRequirement,
        "this machine has no GPU that Spark could give to tasks: \(program) says '\(text)' (exit status "
          + "\(result.status)); leave --gpus out, or see what is wrong with NVIDIA's driver")
    }
    self.program = program
    addresses = Self.addresses(in: said, visible: environment["CUDA_VISIBLE_DEVICES"])
  }

  /// The addresses in what `nvidia-smi` says, in the order of `visible` where that is set.
  static func addresses(in said: String, visible: String?) -> [String] {
    let devices: [(index: String, uuid: String)] = said.split(separator: "\n").compactMap { line in
      let words = line.split(separator: ",").map(plain)
      return words.count == 2 && Int(words[0]) != nil ? (words[0], words[1]) : nil
    }
    guard let visible else { return devices.map(\.index) }
    // CUDA takes those before the first that is none. Executors take an address by its place in that list.
    let names = visible.split(separator: ",").map(plain)
    return Array(
      names.prefix { name in
        devices.contains { device in
          device.index == name || (name.hasPrefix("GPU-") && device.uuid.hasPrefix(name))
        }
      })
  }

  private static func plain(_ text: Substring) -> String {
    String(text.filter { $0 != " " && $0 != "\r" })
  }

  /// The addresses that each worker gets.
  ///
  /// - Throws: ``NeedletailError`` if there are not as many.
  func divided(workers: Int, each: Int) throws -> [[String]] {
    guard addresses.count >= workers * each else {
      throw NeedletailError(
        .missingRequirement,
        "\(workers) \(workers == 1 ? "worker" : "workers") with \(each) \(each == 1 ? "GPU" : "GPUs") "
          + "each take \(workers * each), and this machine has \(addresses.count) for them"
          + (addresses.isEmpty ? "" : " (\(addresses.joined(separator: ", ")))")
          + "; say fewer with --gpus or --workers, or see CUDA_VISIBLE_DEVICES")
    }
    return (0..<workers).map { Array(addresses[($0 * each)..<(($0 + 1) * each)]) }
  }

  /// The script that Spark asks for a worker's GPUs: those of `addresses` that `nvidia-smi` still has.
  func script(_ addresses: [String]) -> String {
    """
    #!/bin/sh
    # Tells Spark the GPUs of one worker.
    there=$('\(program.replacing("'", with: "'\\''"))' \(Self.question.joined(separator: " "))) || {
      echo "nvidia-smi failed: $there" >&2
      exit 1
    }
    there=",$(echo "$there" | tr -d ' \\r' | tr '\\n' ','),"
    found=
    for gpu in \(addresses.joined(separator: " ")); do
      # The beginning of a UUID is one, too.
      case $gpu in GPU-*) end= ;; *) end=, ;; esac
      case $there in
        *,"$gpu$end"*) found="$found${found:+, }\\"$gpu\\"" ;;
        *) echo "nvidia-smi does not have GPU $gpu any more" >&2 ;;
      esac
    done
    echo "{\\"name\\": \\"gpu\\", \\"addresses\\": [$found]}"

    """
  }
}
