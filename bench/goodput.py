#!/usr/bin/env python3
"""Goodput of Bowline beside Linux over the same impaired path: goodput.py [--grid] [options]

Makes a user namespace and two network namespaces in it, joins them by `bowline sim --bridge`, and
sends in bulk from one to the other, with the kernel or a Stack at either end (path_bench). The wire
loses in the direction of the data alone. For each cell the pairs of ends take turns over the same
seeds; a ratio is formed with Linux to Linux of the same seed. Goodput is what the receiving
application read from second 5 to second 30 (--from, --to).
"""

import argparse
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUFFER = 32 << 20
LEFT, RIGHT = "10.79.1.1", "10.79.1.2"  # the ends of the wire
BEHIND = {"left": "10.79.2.2", "right": "10.79.3.2"}  # a Stack's address behind either end
PAIRS = {
    "LL": ("linux", "linux"),
    "BL": ("bowline", "linux"),
    "LB": ("linux", "bowline"),
    "BB": ("bowline", "bowline"),
}


class Cell:
    """One path: a name, and the bridge's options."""

    def __init__(self, rate, rtt, loss=None, extra=(), name=None):
        self.rate, self.rtt, self.loss = rate, rtt, loss
        self.name = name or f"{rate} Mbit/s, {rtt} ms, {loss or 0} %"
        half = f"{rtt * 500}us"
        self.options = ["--rate", f"{rate}mbit", "--delay", half, "--queue", "bdp", *extra]
        if loss:
            self.options += ["--loss", f"{loss}%/0"]


def reordering(rate, rtt):
    return Cell(rate, rtt, extra=["--reorder", "1%/0", "--reorder-by", "10ms"],
                name=f"{rate} Mbit/s, {rtt} ms, 1 % reordered by 10 ms")


def bursts(rate, rtt):
    # A burst of 4 packets on average every 800: about 0.5 % of all.
    return Cell(rate, rtt, extra=["--bursts", "0.125%,25%/0,100%"], name=f"{rate} Mbit/s, {rtt} ms, bursts of loss")


GRID = [Cell(rate, rtt, loss) for rtt in (1, 20, 100) for loss in (None, 0.1, 1, 3) for rate in (10, 100, 500)]
GRID += [reordering(100, 20), bursts(100, 20)]
CHOSEN = [
    Cell(10, 20), Cell(10, 20, 1), Cell(10, 100, 3), Cell(100, 20), Cell(100, 20, 0.1), Cell(100, 1, 1),
    reordering(100, 20), bursts(100, 20),
]


class Namespace:
    """A network namespace, kept by a process that sleeps in it."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.path = f"/proc/{self.holder.pid}/ns/net"
        while os.stat(self.path).st_ino == os.stat("/proc/self/ns/net").st_ino:
            time.sleep(0.01)
        self.run("ip", "link", "set", "lo", "up")
        for name in ("rmem", "wmem"):
            self.write(f"net/ipv4/tcp_{name}", f"4096 131072 {BUFFER}")
        self.write("net/ipv4/ip_forward", "1")
        self.write("net/ipv4/tcp_no_metrics_save", "1")  # no cell learns from the one before

    def command(self, *words):
        return ["nsenter", f"--net={self.path}", *map(str, words)]

    def run(self, *words):
        subprocess.run(self.command(*words), check=True)

    def write(self, name, value):
        self.run("sh", "-c", f"echo '{value}' > /proc/sys/{name}")

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Path:
    """Two namespaces, and while a `with` lasts the bridge between them."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.warned = False
        self.left, self.right = Namespace(), Namespace()
        self.build = pathlib.Path(arguments.build)

    def open(self, options, seed):
        """Joins them; the bridge's process."""
        bridge = subprocess.Popen(
            [self.build / "bin/bowline", "sim", "--json", "--seed", str(seed), *options,
             "--bridge", f"tun:wire@{self.left.path}", f"tun:wire@{self.right.path}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = bridge.stderr.readline()
        if not line.startswith("joined"):
            sys.exit(f"the bridge does not start: {line.strip()}")
        if "without real-time" in line and not self.warned:
            self.warned = True
            print("the bridge runs without real-time priority: see how late it was", file=sys.stderr)
        for end, own, peer in ((self.left, LEFT, BEHIND["right"]), (self.right, RIGHT, BEHIND["left"])):
            end.run("ip", "address", "add", f"{own}/30", "dev", "wire")
            end.run("ip", "link", "set", "wire", "txqueuelen", "10000")
            end.run("ip", "route", "add", f"{peer}/24".replace(".2/24", ".0/24"), "dev", "wire")
        return bridge

    def transfer(self, options, seed, pairs, seconds, flows=1):
        """Bulk flows between the given pairs of ends at once. ([series], [sent], the bridge's report)"""
        bridge = self.open(options, seed)
        if self.arguments.pcap:
            # Not tcpdump: it wants to become another user, which this namespace does not have.
            capture = subprocess.Popen(self.left.command("dumpcap", "-q", "-i", "wire", "-s", "100", "-w",
                                                         self.arguments.pcap),
                                       stderr=subprocess.DEVNULL)
            time.sleep(0.5)
        program = [self.build / "bench/path_bench"]
        if os.sched_getscheduler(0) == os.SCHED_FIFO:
            program = ["chrt", "-f", "1", *program]
        sinks, senders = [], []
        for sender, receiver in pairs:
            address = RIGHT if receiver == "linux" else BEHIND["right"]
            common = [f"seconds={seconds}", f"flows={flows}", f"buffer={BUFFER}"]
            if not any(s[0] == address for s in sinks):
                total = flows * len(pairs) if receiver == "linux" else flows
                sinks.append((address, subprocess.Popen(
                    self.right.command(*program, receiver, "sink", address, address, f"seconds={seconds}",
                                       f"flows={total}", f"buffer={BUFFER}"),
                    stdout=subprocess.PIPE, text=True)))
                time.sleep(0.5)
            own = LEFT if sender == "linux" else BEHIND["left"]
            senders.append(subprocess.Popen(
                self.left.command(*program, sender, "send", address, own, f"seconds={seconds + 1}", *common[1:]),
                stdout=subprocess.PIPE, text=True))
        series = [json.loads(sink.communicate()[0] or '{"flows":[[0]]}')["flows"] for _, sink in sinks]
        sent = [json.loads(sender.communicate()[0] or "{}") for sender in senders]
        bridge.send_signal(signal.SIGINT)
        report = json.loads(bridge.communicate()[0])
        if self.arguments.pcap:
            capture.terminate()
            capture.wait()
        return series, sent, report

    def close(self):
        self.left.close()
        self.right.close()


def goodput(series, start, end):
    """Mbit/s of one flow between two instants after its first byte."""
    begin = series[10 * start - 1] if start > 0 else 0
    return (series[10 * end - 1] - begin) * 8 / (end - start) / 1e6


def geometric_mean(numbers):
    numbers = [max(number, 1e-9) for number in numbers]
    return math.exp(sum(map(math.log, numbers)) / len(numbers)) if numbers else float("nan")


def table(path, arguments, cells):
    pairs = arguments.pairs.split(",")
    others = [pair for pair in pairs if pair != "LL"]
    print(f"Goodput in Mbit/s, second {arguments.start} to {arguments.end}, {arguments.seeds} seeds (geometric mean); "
          f"load average {os.getloadavg()[0]:.1f}\n")
    print("| path | Linux to Linux |" + "".join(f" {pair} | {pair}/LL |" for pair in others) + " bridge late, 99 %, ms |")
    print("|---|---:|" + "---:|---:|" * len(others) + "---:|")
    ratios = {pair: [] for pair in others}
    for cell in cells:
        found = {pair: [] for pair in pairs}
        late = 0.0
        for seed in range(1, arguments.seeds + 1):
            for pair in pairs:
                series, sent, report = path.transfer(cell.options, seed, [PAIRS[pair]], arguments.end)
                found[pair].append(goodput(series[0][0], arguments.start, arguments.end))
                late = max(late, report["late_ms"]["p99"])
                if arguments.verbose:
                    again = sent[0].get("retransmissions")
                    there = report["there"]
                    print(f"  {cell.name} seed {seed} {pair}: {found[pair][-1]:.2f} Mbit/s, sent again {again}, "
                          f"lost {there['lost']}, queue full {there['queue_full']}", file=sys.stderr)
        means = {pair: geometric_mean(found[pair]) for pair in pairs}
        line = f"| {cell.name} | {means.get('LL', float('nan')):.2f} |"
        for pair in others:
            ratio = geometric_mean([b / max(a, 1e-9) for a, b in zip(found.get("LL", []), found[pair])])
            ratios[pair].append(ratio)
            line += f" {means[pair]:.2f} | {ratio:.2f} |"
        print(line + f" {late:.2f} |", flush=True)
    for pair in others:
        print(f"\n{pair} to Linux: geometric mean {geometric_mean(ratios[pair]):.3f}, lowest {min(ratios[pair]):.2f}")


def fairness(path, arguments):
    """Shares of one bottleneck.

    A full drop-tail queue on a wire of constant delay frees a place at the same phase of every flow's
    clock, so that who is dropped depends on the path's arithmetic and not on the flows (Floyd and
    Jacobson, On Traffic Phase Effects in Packet-Switched Gateways, 1992). A millisecond of jitter, as
    any real path has, takes that away; --jitter 0ms brings it back.
    """
    wire = ["--rate", "50mbit", "--delay", "10ms", "--queue", "bdp", "--jitter", arguments.jitter]
    end = arguments.end

    def shares(series):
        return [goodput(flow, 0, end) for flow in series]

    for whose in ("linux", "bowline"):
        series, _, _ = path.transfer(wire, 1, [(whose, "linux")], end, flows=2)
        rates = shares(series[0])
        jain = sum(rates) ** 2 / (len(rates) * sum(rate * rate for rate in rates))
        print(f"two flows of {whose} over 50 Mbit/s, 20 ms, {end} s: {rates[0]:.1f} and {rates[1]:.1f} Mbit/s, "
              f"Jain's index {jain:.3f}", flush=True)
    # To two addresses, so that the sinks keep them apart: Linux's to Linux, Bowline's to a Stack.
    parts = []
    for seed in range(1, arguments.seeds + 1):
        series, _, _ = path.transfer(wire, seed, [("linux", "linux"), ("bowline", "bowline")], end, flows=4)
        linux, bowline = sum(shares(series[0])[:4]), sum(shares(series[1]))
        parts.append(100 * bowline / (linux + bowline))
        print(f"four flows of each: Linux {linux:.1f}, Bowline {bowline:.1f} Mbit/s; Bowline's share {parts[-1]:.0f} %",
              flush=True)
    print(f"Bowline's share on average {sum(parts) / len(parts):.1f} %", flush=True)


def needless(path, arguments, queue):
    """What is sent again though nothing was lost. A queue of 64 bandwidth-delay products drops nothing in so short a
    time, so there reordering is all that happens; in one of 4 slow start loses packets first."""
    wire = ["--rate", "20mbit", "--delay", "10ms", "--queue", queue, "--reorder", "1%/0", "--reorder-by", "10ms"]
    for pair in ("LL", "BL"):
        again, packets, full = [], 0, 0
        for seed in range(1, arguments.seeds + 1):
            _, sent, report = path.transfer(wire, seed, [PAIRS[pair]], arguments.end)
            again.append(sent[0].get("retransmissions", 0))
            packets += report["there"]["packets"]
            full += report["there"]["queue_full"]
        print(f"{pair}, 1 % reordered by 10 ms, 20 Mbit/s, 20 ms, queue of {queue}: sent again {again} of {packets} packets "
              f"({full} found the queue full)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(ROOT / "build/release"), help="the build directory")
    parser.add_argument("--grid", action="store_true", help="every cell, not the chosen eight")
    parser.add_argument("--only", default="", help="cells whose name contains this")
    parser.add_argument("--pairs", default="LL,BL,BB", help="of LL, BL, LB, BB (Linux, Bowline)")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each cell and pair")
    parser.add_argument("--from", dest="start", type=int, default=5, help="second")
    parser.add_argument("--to", dest="end", type=int, default=30, help="second")
    parser.add_argument("--shares", action="store_true", help="fairness and needless retransmissions instead")
    parser.add_argument("--jitter", default="1ms", help="of the path of --shares")
    parser.add_argument("--pcap", default="", help="capture the sender's side of the wire (the last run stays)")
    parser.add_argument("--verbose", action="store_true", help="each run on standard error")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        try:  # everything goes before what else the machine does, the bridge before the ends
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(2))
        except PermissionError:
            pass
        os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--net", sys.executable, __file__,
                              "--inside", *sys.argv[1:]])
    path = Path(arguments)
    try:
        if arguments.shares:
            fairness(path, arguments)
            for queue in ("64bdp", "4bdp"):
                needless(path, arguments, queue)
        else:
            cells = GRID if arguments.grid else CHOSEN
            table(path, arguments, [cell for cell in cells if arguments.only in cell.name])
    finally:
        path.close()


if __name__ == "__main__":
    main()
