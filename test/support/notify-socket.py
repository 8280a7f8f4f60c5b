"""The other side of sd_notify: binds the unix datagram socket given, and prints each datagram as a line of JSON."""
import json, socket, sys

path = sys.argv[1]
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind("\0" + path[1:] if path.startswith("@") else path)
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(server.recv(4096).decode()), flush=True)
