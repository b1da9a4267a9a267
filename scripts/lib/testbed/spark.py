"""A standalone Spark over several hosts, and what stands before its Connect server."""

import base64
import os
import socket
import time

import hosts

TOKEN = base64.b16encode(os.urandom(16)).decode().lower()
SPARK = "/opt/spark"
JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
PORT = 15002
SETTINGS = {
    "spark.driver.bindAddress": "0.0.0.0",
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.executor.extraJavaOptions": JAVA,
    "spark.ui.enabled": "false",
    "spark.local.dir": "/tmp",
    "spark.sql.warehouse.dir": "/shared/warehouse",
    "spark.executor.heartbeatInterval": "3s",
    "spark.network.timeoutInterval": "5s",
}
# Hosts that are gone are to be noticed within the test's time; on a busy machine all seem to be gone for a while.
GIVEN_UP = 20


def listens(address, port):
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


class Cluster:
    def __init__(self, bed):
        self.bed = bed
        self.parts = {}

    def start(self):
        self.part("master", "master")
        self.ready("master", "master", 7077, 60)
        for name in ["worker1", "worker2"]:
            self.worker(name)
        limit = {"spark.network.timeout": f"{GIVEN_UP * hosts.patience:.0f}s"}
        settings = [word for key, value in (SETTINGS | limit).items() for word in ["--conf", f"{key}={value}"]]
        self.part("connect", "connect", *settings)
        self.ready("connect", "connect", PORT, 90)
        self.executors(2)

    def ready(self, name, host, port, timeout):
        """Waits until the part called `name` listens."""
        end = time.monotonic() + timeout * hosts.patience
        while not listens(self.bed.hosts[host].address, port):
            if self.parts[name].process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"nothing listens on {host}:{port}; {name} said:\n{self.text(name)[-2000:]}")
            time.sleep(0.1)

    def part(self, name, role, *words):
        """Starts a part of Spark as the container's entry point does."""
        host = self.bed.hosts[name]
        variables = {
            "SPARK_HOME": SPARK, "SPARK_PUBLIC_HOST": name, "SPARK_LOCAL_HOSTNAME": name,
            "SPARK_LOCAL_IP": host.address, "HADOOP_USER_NAME": "spark", "SPARK_CONNECT_AUTHENTICATE_TOKEN": TOKEN,
            # Spark starts its Connect server with this memory, too, whatever --driver-memory says.
            "SPARK_DAEMON_MEMORY": "768m" if role == "connect" else "256m",
            "SPARK_DAEMON_JAVA_OPTS": f"{JAVA} -Dspark.worker.timeout={GIVEN_UP * hosts.patience:.0f}"}
        self.parts[name] = host.command(["/opt/container/entrypoint.sh", role, *words], variables, title=role)

    def worker(self, name):
        self.part(name, "worker", "--cores", "1", "--memory", "600m")

    def text(self, name):
        return self.parts[name].text()

    def executors(self, count, timeout=90):
        """Waits until so many executors have registered."""
        end = time.monotonic() + timeout * hosts.patience
        while time.monotonic() < end:
            now = sum(
                any("CoarseGrainedExecutorBackend" in words for _, words in host.processes())
                for host in self.bed.hosts.values() if host.init and host.name.startswith(("worker", "old")))
            if now == count and self.text("connect").count("Registered executor") >= count:
                return
            time.sleep(0.2)
        raise RuntimeError(f"there are not {count} executors in time:\n{self.text('connect')[-2000:]}")


# What ends TLS before the server, by name: its port and how it starts. HTTP/2 to both sides.
NGINX = """
daemon off; pid /tmp/nginx.pid; error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path /tmp/nginx1; proxy_temp_path /tmp/nginx2; fastcgi_temp_path /tmp/nginx3;
  uwsgi_temp_path /tmp/nginx4; scgi_temp_path /tmp/nginx5;
  server {{
    listen 8441 ssl http2;
    ssl_certificate /tmp/tls/server.pem; ssl_certificate_key /tmp/tls/server.key;
    client_max_body_size 0; grpc_read_timeout 1h; grpc_send_timeout 1h;
    location / {{ grpc_pass grpc://{server}:15002; }}
  }}
  server {{
    listen 8444 ssl http2;
    ssl_certificate /tmp/tls/server.pem; ssl_certificate_key /tmp/tls/server.key;
    location / {{ grpc_pass grpc://{server}:15002; }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 10s
  timeout client 1h
  timeout server 1h
frontend tls
  bind :8442 ssl crt /tmp/tls/both.pem alpn h2
  default_backend spark
backend spark
  server connect {server}:15002 proto h2
"""
CADDY = """
{{
  auto_https off
  admin off
}}
:8443 {{
  tls /tmp/tls/server.pem /tmp/tls/server.key
  reverse_proxy h2c://{server}:15002 {{
    flush_interval -1
  }}
}}
"""
PROXIES = {
    "nginx": (8441, NGINX, ["nginx", "-e", "stderr", "-c"]),
    "haproxy": (8442, HAPROXY, ["haproxy", "-db", "-f"]),
    "caddy": (8443, CADDY, ["caddy", "run", "--adapter", "caddyfile", "--config"]),
}
# nginx as it is without a word about the size of requests.
NARROW = 8444
CERTIFICATES = """
set -e
mkdir -p /tmp/tls
cd /tmp/tls
for name in ca other; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$name of the test bed" \
    -keyout $name.key -out $name.pem
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=proxy \
  -addext subjectAltName=DNS:proxy -addext basicConstraints=critical,CA:FALSE -CA ca.pem -CAkey ca.key \
  -keyout server.key -out server.pem
cat server.pem server.key >both.pem
"""


def start_proxies(bed):
    host = bed.hosts["proxy"]
    made = host.run("bash", "-c", CERTIFICATES)
    if made.status:
        raise RuntimeError(f"no certificates: {made.tail()}")
    for name, (_, text, words) in PROXIES.items():
        (host.tmp / name).mkdir(exist_ok=True)
        settings = host.tmp / name / "settings"
        settings.write_text(text.format(server=bed.hosts["connect"].address))
        bed.cluster.parts[name] = host.command([*words, f"/tmp/{name}/settings"], title=name)
    for name, (port, _, _) in PROXIES.items():
        bed.cluster.ready(name, "proxy", port, 20)
