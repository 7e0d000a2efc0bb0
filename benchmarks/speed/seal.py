"""No socket leaves this machine while something is measured: two of the peers phone home, and a phone call takes time.

A network namespace of its own, with nothing in it but loopback, where the system lets us make one; every process that
is started afterwards is inside. Elsewhere a ``sitecustomize`` that refuses such a connection in each Python process.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

NEW_USER = 0x10000000  # CLONE_NEWUSER, linux/sched.h
NEW_NET = 0x40000000  # CLONE_NEWNET
READ_FLAGS = 0x8913  # SIOCGIFFLAGS, linux/sockios.h
WRITE_FLAGS = 0x8914  # SIOCSIFFLAGS
IS_UP = 0x1  # IFF_UP

REFUSAL = '''\
"""Refuses every connection that is not to loopback."""
import socket

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


def _check(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(101, f"not loopback: {address[0]}")


def connect(self, address):
    _check(self, address)
    return _connect(self, address)


def connect_ex(self, address):
    _check(self, address)
    return _connect_ex(self, address)


socket.socket.connect, socket.socket.connect_ex = connect, connect_ex
'''


def seal() -> bool:
    """Move this process into a network namespace with loopback alone; False if the system does not let us."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NET) != 0:
        # Not root: in a user namespace of our own we may. The same ids inside as outside, or files would be nobody's.
        if libc.unshare(NEW_USER | NEW_NET) != 0:
            return False
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = _flags(control)
        fcntl.ioctl(control, WRITE_FLAGS, struct.pack("16sh14x", b"lo", flags | IS_UP))
    return is_sealed()


def is_sealed() -> bool:
    """Whether the kernel knows no way to anywhere but loopback."""
    interfaces = [line.split()[0] for line in Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]]
    ways_6 = Path("/proc/net/ipv6_route")
    if ways_6.exists():
        interfaces += [line.split()[-1] for line in ways_6.read_text(encoding="ascii").splitlines()]
    return set(interfaces) <= {"lo"}


def refuse_in_python(folder: Path) -> dict[str, str]:
    """Write the ``sitecustomize`` to a folder and return the environment that makes every Python process load it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(REFUSAL, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def _flags(control: socket.socket) -> int:
    reply = fcntl.ioctl(control, READ_FLAGS, struct.pack("16sh14x", b"lo", 0))
    return struct.unpack("16sh14x", reply)[1]
