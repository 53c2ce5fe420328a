# SPDX-License-Identifier: MIT
"""Execute a program in a new network namespace, whose loopback is still down.

    unshare --net python _loopback.py PROGRAM [ARGS...]
"""

import fcntl
import os
import socket
import struct
import sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    name, flags = struct.unpack("16sh14x", fcntl.ioctl(
        s, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0)))
    fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", name, flags | IFF_UP))
os.execvp(sys.argv[1], sys.argv[1:])
