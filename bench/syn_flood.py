#!/usr/bin/env python3
"""HTTP requests under a SYN flood, Bowline beside Linux: syn_flood.py [options]

Makes a user namespace and in it two network namespaces. In the first one run the clients, the flood
and, behind a TUN device, `bowline serve`; in the second one nginx on the kernel's TCP
(tcp_syncookies = 1), behind a veth pair that is set up like a card (its ring is emptied by a thread, so
that the flood does not wait for its victim). Three acts for each server, in turn, over several rounds:
no flood; the flood at an address behind the same device that nobody has, where it is dropped; the flood
at the server. Printed are the medians: what part of the clients' requests succeed, how many each second,
how much of the flood arrived, and the ratios. Everything shares this machine's processors.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOWLINE, LINUX = "10.77.0.2", "10.78.0.2"
NOBODY = {BOWLINE: "10.77.0.99", LINUX: "10.79.0.2"}
DEVICE = {BOWLINE: "bowline0", NOBODY[BOWLINE]: "bowline0", LINUX: "attack0", NOBODY[LINUX]: "attack0"}
# What `ethtool -K` does, by SIOCETHTOOL: ETHTOOL_STSO and ETHTOOL_SGRO.
SET_FEATURE = """
import array, fcntl, socket, struct
value = array.array("B", struct.pack("II", {command}, {value}))
request = struct.pack("16sP", b"{device}", value.buffer_info()[0])
fcntl.ioctl(socket.socket(), 0x8946, request + bytes(16))
"""
NGINX = """
daemon off; user root root; worker_processes 1; pid {dir}/nginx.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{ listen 80 backlog=1024; root {dir}/www; }}
  client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5; }}
"""


def run(*words):
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)


class Ground:
    """The namespaces, the servers, and what must go when it is over."""

    def __init__(self, arguments):
        self.build = pathlib.Path(arguments.build).resolve()
        self.folder = tempfile.TemporaryDirectory(prefix="syn_flood")
        self.children = []

    def open(self):
        """Makes the namespaces and starts the servers."""
        (www := pathlib.Path(self.folder.name) / "www").mkdir(mode=0o755)
        os.chmod(self.folder.name, 0o755)
        (www / "page.html").write_text("x" * 1000)
        run("ip", "link", "set", "lo", "up")
        holder = self.start("unshare", "--net", "sleep", "3600")
        other = f"/proc/{holder.pid}/ns/net"
        while os.stat(other).st_ino == os.stat("/proc/self/ns/net").st_ino:
            time.sleep(0.01)
        inside = ["nsenter", f"--net={other}"]
        run("ip", "link", "add", "attack0", "type", "veth", "peer", "name", "attack1", "netns", holder.pid)
        run("ip", "address", "add", "10.78.0.1/24", "dev", "attack0")
        run("ip", "link", "set", "attack0", "up")
        run(*inside, "ip", "link", "set", "lo", "up")
        run(*inside, "ip", "address", "add", f"{LINUX}/24", "dev", "attack1")
        run(*inside, "ip", "link", "set", "attack1", "up")
        found = subprocess.run([*inside, "ip", "-json", "link", "show", "attack1"], check=True, stdout=subprocess.PIPE)
        self.neighbour = json.loads(found.stdout)[0]["address"]
        # As a card does, and TUN: what comes in waits in a ring, and is lost when that is full. Without it
        # the sender does the receiver's work in its own system call, and so waits for it.
        run(*inside, sys.executable, "-c", SET_FEATURE.format(device="attack1", command=0x2C, value=1))
        run(sys.executable, "-c", SET_FEATURE.format(device="attack0", command=0x1F, value=0))
        run(*inside, "unshare", "--mount", "sh", "-c",
            "mount -t sysfs none /sys && echo 1 > /sys/class/net/attack1/threaded")
        # Its answers to strangers go back the same way, as Bowline's do.
        run(*inside, "ip", "route", "add", "default", "via", "10.78.0.1")
        run(*inside, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_syncookies")
        # Nobody is there, and the second namespace forwards nothing: it drops them.
        run("ip", "route", "add", "10.79.0.0/24", "via", LINUX)
        (config := pathlib.Path(self.folder.name) / "nginx.conf").write_text(NGINX.format(dir=self.folder.name))
        self.start(*inside, "nginx", "-c", config)
        serve = self.start(self.build / "bin/bowline", "serve", www, stderr=subprocess.PIPE, text=True)
        if not (line := serve.stderr.readline()).startswith("Serving"):
            sys.exit(f"bowline does not serve: {line.strip()}")
        for server in (BOWLINE, LINUX):
            for _ in range(50):
                if fetch(server, 2):
                    break
                time.sleep(0.1)
            else:
                sys.exit(f"nobody serves at {server}")

    def start(self, *words, **how):
        child = subprocess.Popen([str(word) for word in words], **how)
        self.children.append(child)
        return child

    def flood(self, to, arguments):
        """The flood as a process; nothing when there is none."""
        if to is None:
            return None
        if arguments.hping3:
            words = ["hping3", "-q", "--flood", "-S", "--rand-source", "-p", "80", to]
        else:
            # Straight to the interface: what the flood itself costs is taken from servers and clients.
            words = [self.build / "tests/attack_flood", "--to", to, "--rate", arguments.rate, "--seconds", "600",
                     "--device", DEVICE[to]] + (["--mac", self.neighbour] if DEVICE[to] == "attack0" else [])
        child = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True)
        time.sleep(0.5)
        return child

    def close(self):
        for child in reversed(self.children):
            child.send_signal(signal.SIGTERM)
            child.wait()
        self.folder.cleanup()


def fetch(server, patience):
    """Does one curl get the page?"""
    done = subprocess.run(["curl", "-q", "-s", "--noproxy", "*", "--max-time", str(patience), "-o", "/dev/null", "-w",
                           "%{http_code}", f"http://{server}/page.html"], stdout=subprocess.PIPE, check=False)
    return done.returncode == 0 and done.stdout == b"200"


def packets_sent(device):
    """(taken, dropped because the device's queue was full) since it is there."""
    for line in pathlib.Path("/proc/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == device:
            columns = numbers.split()
            return int(columns[9]), int(columns[11])
    sys.exit(f"there is no {device}")


def act(ground, server, target, arguments):
    """(part of the requests that succeed, requests, packets taken and packets dropped a second) of one act."""
    device = DEVICE.get(target, "lo")
    flood = ground.flood(target, arguments)
    results = []
    end = time.monotonic() + arguments.seconds

    def client():
        while time.monotonic() < end:
            results.append(fetch(server, arguments.patience))

    before, began = packets_sent(device), time.monotonic()
    clients = [threading.Thread(target=client) for _ in range(arguments.clients)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    took = time.monotonic() - began
    taken, dropped = (now - then for now, then in zip(packets_sent(device), before))
    if flood is not None:
        flood.kill()
        flood.communicate()
        time.sleep(1)
    right = sum(results)
    return right / max(len(results), 1), right / took, taken / took, dropped / took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(ROOT / "build/release"), help="the build directory")
    parser.add_argument("--rate", type=int, default=200_000, help="SYNs a second")
    parser.add_argument("--hping3", action="store_true", help="hping3 --flood instead of the generator")
    parser.add_argument("--seconds", type=float, default=8, help="of each act")
    parser.add_argument("--rounds", type=int, default=3, help="of all acts")
    parser.add_argument("--clients", type=int, default=4, help="curls at a time")
    parser.add_argument("--patience", type=int, default=10, help="seconds until a request has failed")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--net", sys.executable, __file__,
                              "--inside", *sys.argv[1:]])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    ground = Ground(arguments)
    servers = {"Bowline": BOWLINE, "Linux": LINUX}
    acts = {"none": lambda server: None, "at nobody": NOBODY.get, "at the server": lambda server: server}
    found = {(server, name): [] for server in servers for name in acts}
    try:
        ground.open()
        for number in range(arguments.rounds):
            for name, target in acts.items():
                for server, address in servers.items():
                    found[server, name].append(act(ground, address, target(address), arguments))
                    part, rate, taken, dropped = found[server, name][-1]
                    print(f"  round {number + 1}, {server}, flood {name}: {100 * part:.1f} % of the requests, "
                          f"{rate:.0f} a second; packets a second: {taken:.0f}, dropped {dropped:.0f}", file=sys.stderr)
    finally:
        ground.close()

    def median(server, name, column):
        return statistics.median(each[column] for each in found[server, name])

    print(f"{arguments.clients} curls at a time, {arguments.rounds} rounds of {arguments.seconds:.0f} s; "
          f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors\n")
    print("| server | flood | packets a second | queue full | requests that succeed | a second | to no flood |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for server in servers:
        for name in acts:
            part, rate, taken, dropped = (median(server, name, column) for column in range(4))
            print(f"| {server} | {name} | {taken:.0f} | {dropped:.0f} | {100 * part:.1f} % | {rate:.0f} | "
                  f"{rate / max(median(server, 'none', 1), 1e-9):.2f} |")
    for server in servers:
        ratio = median(server, "at the server", 1) / max(median(server, "at nobody", 1), 1e-9)
        print(f"\n{server}: flooded, {ratio:.2f} of the requests a second that it serves beside a flood at nobody",
              end="")
    ratio = median("Bowline", "at the server", 1) / max(median("Linux", "at the server", 1), 1e-9)
    print(f"\n\nBowline to Linux, both flooded: {ratio:.2f}")


if __name__ == "__main__":
    main()
