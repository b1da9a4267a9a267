import SparkWorker
import Testing

@Suite struct WorkerLaunchTests {
  @Test(
    arguments: [
      (
        ["-m", "pyspark.daemon", "pyspark.worker"], ["PYTHON_WORKER_FACTORY_SECRET": "s"],
        WorkerLaunch.tcpDaemon(secret: "s", isIPv6: false)
      ),
      (
        ["-m", "pyspark.daemon", "pyspark.worker"],
        ["PYTHON_WORKER_FACTORY_SECRET": "s", "SPARK_PREFER_IPV6": "True"],
        .tcpDaemon(secret: "s", isIPv6: true)
      ),
      (
        ["-m", "pyspark.daemon", "pyspark.worker"],
        ["PYTHON_UNIX_DOMAIN_ENABLED": "True", "PYTHON_WORKER_FACTORY_SOCK_DIR": "/t"],
        .unixDaemon(directory: "/t")
      ),
      (
        ["-m", "pyspark.worker"],
        ["PYTHON_WORKER_FACTORY_SECRET": "s", "PYTHON_WORKER_FACTORY_PORT": "77"],
        .tcpWorker(port: 77, secret: "s", isIPv6: false)
      ),
      (
        ["-m", "pyspark.worker"],
        ["PYTHON_UNIX_DOMAIN_ENABLED": "true", "PYTHON_WORKER_FACTORY_SOCK_PATH": "/t/s"],
        .unixWorker(path: "/t/s")
      ),
      (["-m", "needletail.worker", "shared"], [:], .daemonsWorker(own: nil)),
      (
        ["-m", "needletail.worker", "ff00000000000001"], ["PYTHON_WORKER_FACTORY_SECRET": "s"],
        .daemonsWorker(own: 0xff00_0000_0000_0001)
      ),
      (["-m", "needletail.worker", "none"], [:], nil),
      (
        ["-m", "needletail.daemon", "n.sock"], ["NEEDLETAIL_EXECUTOR_PID": "77"],
        .besidePython(path: "n.sock", executor: 77)
      ),
      (
        ["-m", "needletail.daemon", "n.sock"], ["NEEDLETAIL_EXECUTOR_PID": "0"],
        .besidePython(path: "n.sock", executor: nil)
      ),
      ([], ["PYTHON_WORKER_FACTORY_SECRET": "s"], nil),
      (["-m", "pyspark.daemon"], [:], nil),
      (["predict", "m.onnx", "--input", "x"], [:], nil),
    ] as [([String], [String: String], WorkerLaunch?)])
  func detects(arguments: [String], environment: [String: String], launch: WorkerLaunch?) {
    #expect(
      WorkerLaunch.detect(arguments: ["program"] + arguments, environment: environment) == launch)
  }

  @Test func takesOptionsFromTheEnvironment() {
    let options = WorkerOptions().changed(by: [
      "NEEDLETAIL_MODEL_RETENTION": "1.5", "NEEDLETAIL_WORKER_IDLE_EXIT": "never",
      "NEEDLETAIL_LOG_LEVEL": "debug",
    ])
    #expect(options.modelRetention == .seconds(1.5))
    #expect(options.idleExit == WorkerOptions().idleExit)
    #expect(options.logLevel == .debug)
  }
}
