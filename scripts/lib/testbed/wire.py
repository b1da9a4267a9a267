"""A wire that takes its time: passes Ethernet's frames between two interfaces, later and no faster than said.

    python wire.py INTERFACE INTERFACE MILLISECONDS BYTES_PER_SECOND

It does what tc's netem does, which not every kernel has.
"""

import collections
import fcntl
import selectors
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SIOCETHTOOL = 0x8946
# Segments that the kernel left to hardware would come here too large and without check sums.
OFFLOADS = {"tx checksums": 0x17, "scatter and gather": 0x19, "TSO": 0x1F, "GSO": 0x24}
# What waits for a turn at most, in seconds at the wire's rate; more is lost, as in a router.
QUEUE = 0.4


def without_offloads(interface):
    """Lets the kernel finish what leaves by `interface` of this network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        import array

        for command in OFFLOADS.values():
            value = array.array("B", struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), value.buffer_info()[0])
            try:
                fcntl.ioctl(control, SIOCETHTOOL, request)
            except OSError:
                pass  # That kernel does not have it, or it is off for ever.


class Direction:
    def __init__(self, source, target, delay, rate):
        self.source, self.target, self.delay, self.rate = source, target, delay, rate
        self.frames = collections.deque()
        self.free = 0.0

    def take(self, now):
        while True:
            try:
                frame, address = self.source.recvfrom(65535)
            except BlockingIOError:
                return
            if address[2] == socket.PACKET_OUTGOING:
                continue
            begin = max(now, self.free)
            if begin - now > QUEUE:
                continue
            self.free = begin + len(frame) / self.rate
            self.frames.append((self.free + self.delay, frame))

    def give(self, now):
        while self.frames and self.frames[0][0] <= now:
            try:
                self.target.send(self.frames.popleft()[1])
            except OSError:
                pass

    def due(self):
        return self.frames[0][0] if self.frames else None


def port(interface):
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    found.bind((interface, 0))
    # All frames, whomever they are for.
    index = socket.if_nametoindex(interface)
    found.setsockopt(263, 1, struct.pack("iHH8s", index, 1, 0, b""))  # SOL_PACKET, PACKET_ADD_MEMBERSHIP
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    found.setblocking(False)
    return found


def main():
    if sys.argv[1] == "--prepare":
        return without_offloads(sys.argv[2])
    one, two = port(sys.argv[1]), port(sys.argv[2])
    delay, rate = float(sys.argv[3]) / 1000, float(sys.argv[4])
    directions = [Direction(one, two, delay, rate), Direction(two, one, delay, rate)]
    selector = selectors.DefaultSelector()
    for direction in directions:
        selector.register(direction.source, selectors.EVENT_READ, direction)
    print("ready", flush=True)
    while True:
        due = [d.due() for d in directions if d.due() is not None]
        timeout = max(0, min(due) - time.monotonic()) if due else None
        for key, _ in selector.select(timeout):
            key.data.take(time.monotonic())
        for direction in directions:
            direction.give(time.monotonic())


main()
