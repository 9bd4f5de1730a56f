"""Fails when a file of gateway/ includes what its module has not declared.

Usage: arrows.py GATEWAY_FOLDER ARROWS_FILE
Each line of ARROWS_FILE, written by CMake from the jidian_module() calls, is `module: used modules | foreign headers`.
A module may include its own headers, headers of the modules it uses, the C++ standard library, and the foreign headers
it declares: a header by name, a folder as `spdlog/`, or `posix` for the system's own C headers.
No file may name a function of libmodbus that writes to a meter, or that sends a request of its own making. Bytes go to a
meter in one statement for each kind of bus, which takes a `modbus::Request`; what that can hold, frame.cpp alone decides.
No file but base/system_time.hpp may take an instant through `time_t`: on 32-bit ARM it ends in 2038.
"""
import pathlib
import re
import sys

POSIX = re.compile(r"^(sys|netinet|arpa|net|linux)/|^(unistd|fcntl|poll|termios|signal|netdb|grp|pwd|dirent|pty|dlfcn|spawn)\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
WRITES = re.compile(r"\bmodbus_(write|mask_write|set_bits|set_input)\w*|\bmodbus_reply\w*")

INSTANTS = re.compile(r"\b(time_t|timegm|timelocal|mktime|localtime\w*|gmtime\w*|to_time_t|from_time_t|gettimeofday|st_[acm]tim\w*)\b")

SENDS = re.compile(r"\bmodbus_(read_\w+|report_\w+|send_raw\w*)\s*\(|::(send|sendto|sendmsg|write|writev|pwrite)\s*\(")
SENDERS = {"rtu_over_tcp_bus.cpp": "::send(", "serial_bus.cpp": "modbus_send_raw_request(", "tcp_bus.cpp": "::send("}
MADE = re.compile(r"\bRequest\s*[({]\s*[{\w]")


def read_arrows(text):
    arrows = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        uses, _, foreign = rest.partition("|")
        arrows[name.strip()] = (set(uses.split()), set(foreign.split()))
    return arrows


def why_forbidden(module, quoted, header, arrows):
    """The reason why `module` may not include `header`, or None."""
    uses, foreign = arrows[module]
    folder = header.split("/")[0]
    if quoted and folder in arrows:
        return None if folder == module or folder in uses else f"{module} does not use {folder}"
    if quoted and header.endswith(".pb.h"):
        return None if header in foreign else f"{module} does not own {header}"
    if "/" not in header and not header.endswith(".h"):
        return None  # the standard library
    if POSIX.search(header):
        return None if "posix" in foreign else f"{module} may not use the operating system"
    if header in foreign or folder + "/" in foreign:
        return None
    return f"{module} does not declare the foreign header {header}"


def stray_sends(path, text):
    """Where a file of the module `modbus` sends, or makes a request, and should not."""
    allowed = SENDERS.get(path.name)
    for number, match in enumerate(SENDS.finditer(text)):
        if number > 0 or match[0] != allowed:
            yield match.start(), f"{match[0]}…) sends past the one place that may"
    if allowed and not SENDS.search(text):
        yield 0, f"{allowed}…) is not here any more: say in SENDERS where this bus sends"
    if path.name not in ("frame.cpp", "frame.hpp"):
        for match in MADE.finditer(text):
            yield match.start(), f"{match[0]}… makes a request outside of frame.cpp"


def main(gateway, arrows_file):
    arrows = read_arrows(pathlib.Path(arrows_file).read_text())
    order = list(arrows)
    findings = []
    for module, (uses, _) in arrows.items():
        for used in uses:
            if used not in arrows or order.index(used) >= order.index(module):
                findings.append(f"{module} uses {used}, which does not stand above it")
    files = 0
    for path in sorted(pathlib.Path(gateway).glob("*/**/*")):
        if path.suffix not in {".cpp", ".hpp"}:
            continue
        files += 1
        module = path.relative_to(gateway).parts[0]
        text = path.read_text()
        for match in INCLUDE.finditer(text):
            reason = why_forbidden(module, match[1] == '"', match[2], arrows)
            if reason:
                line = text.count("\n", 0, match.start()) + 1
                findings.append(f"{path}:{line}: {reason}")
        for match in WRITES.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            findings.append(f"{path}:{line}: {match[0]} could change a meter; the gateway only reads")
        for match in INSTANTS.finditer(text) if path.name != "system_time.hpp" else ():
            line = text.count("\n", 0, match.start()) + 1
            findings.append(f"{path}:{line}: {match[0]} ends in 2038 on 32-bit machines; base/system_time.hpp and std::chrono do not")
        if module == "modbus":
            for at, reason in stray_sends(path, text):
                line = text.count("\n", 0, at) + 1
                findings.append(f"{path}:{line}: {reason}")
    if files == 0:
        findings.append("no source file found: wrong folder?")
    for finding in findings:
        print(finding)
    print(f"{files} files, {len(arrows)} modules, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
