"""The service manager's end of sd_notify(3): prints each message as one line of JSON, and ends with standard input.

A barrier (sd_notify_barrier(3)) is answered as systemd does it, by closing the descriptor that came with it.
"""
import json
import os
import socket
import sys
import threading

path = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(path)
print(json.dumps("bound"), flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
while True:
    message, descriptors, _, _ = socket.recv_fds(receiver, 65536, 8)
    for descriptor in descriptors:
        os.close(descriptor)
    if message != b"BARRIER=1":
        print(json.dumps(message.decode()), flush=True)
