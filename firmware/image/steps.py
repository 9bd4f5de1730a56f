"""What the steps of building an image share: where things are, how a command is run, how a failure is told."""
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]


class Failure(Exception):
    """One sentence for the person who typed the command."""


def run(command, failure, log=None, **options):
    """Runs it; its words go to the log. If it fails, the last of them and the sentence are told."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False, **options)
    except FileNotFoundError as error:
        raise Failure(f"{failure}: there is no program {command[0]}") from error
    if log is not None:
        log.write_text(done.stdout)
    if done.returncode != 0:
        last = "\n".join(done.stdout.rstrip().splitlines()[-8:])
        raise Failure(f"{failure} (it said, last: {last})")
    return done.stdout


def chroot(root, command, failure, **options):
    """Runs it inside the root file system, through QEMU. /proc is mounted for it alone, so nothing stays mounted whatever happens."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root",
                   "SYSTEMD_OFFLINE": "1"}
    enter = ["unshare", "--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', root]
    return run([*enter, *command], failure, env=environment, **options)
