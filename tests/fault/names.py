"""A name server of our own, and a gateway that asks no other."""
import os
import socket
import subprocess
import threading


class NameServer:
    """Answers every question for an address with `answer`: an address, "nothing" (no such name) or "silent". Use as a context
    manager."""

    def __init__(self, chance):
        self.answer = "127.0.0.1"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = f"127.{chance.randrange(1, 250)}.{chance.randrange(1, 250)}.53"

    def __enter__(self):
        self._socket.bind((self.address, 53))
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                question, sender = self._socket.recvfrom(2048)
            except OSError:
                return
            if self.answer != "silent":
                self._socket.sendto(self._reply(question), sender)

    def _reply(self, question):
        end = question.index(b"\0", 12) + 5  # behind the name: type and class
        asked, kind = question[12:end], int.from_bytes(question[end - 4:end - 2], "big")
        found = self.answer != "nothing"
        answers = 1 if found and kind == 1 else 0
        head = question[:2] + (b"\x81\x80" if found else b"\x81\x83") + b"\0\1" + bytes([0, answers]) + b"\0\0\0\0"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(self.answer) if answers else b""
        return head + asked + record


class GatewayNames:
    """`prefix` starts a program that asks only `server`."""

    def __init__(self, folder, server):
        (folder / "resolv.conf").write_text(f"nameserver {server.address}\noptions timeout:2 attempts:2\n")
        (folder / "nsswitch.conf").write_text("hosts: files dns\n")
        mounts = " && ".join(f"mount --bind {folder}/{name} /etc/{name}" for name in ("resolv.conf", "nsswitch.conf"))
        self.prefix = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh"]

    @staticmethod
    def is_possible():
        return os.geteuid() == 0 and os.path.exists("/etc/nsswitch.conf") and subprocess.run(
            ["unshare", "-m", "true"], capture_output=True).returncode == 0
