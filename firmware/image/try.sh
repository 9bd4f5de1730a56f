#!/bin/sh
# try.sh [FOLDER]: starts a copy of the test image in QEMU, as the reference machine. This terminal is the root shell of the test
# console (without prompt and echo); FOLDER (default build/image/try) keeps the disk, so the next call is its next start.
# Ends with `poweroff`, or with Ctrl-A x, which is a power cut.
set -e
cd "$(dirname "$0")/../.."
folder=${1:-build/image/try}
mkdir -p "$folder"
if [ ! -e "$folder/disk.img" ]; then
  image=$(ls build/image/jidian-*-arm64-test.img 2>/dev/null) || { echo "try: there is no test image; make one: ./dev image --test-console" >&2; exit 1; }
  cp --sparse=always "$image" "$folder/disk.img"
  truncate -s 3G "$folder/disk.img"
fi
echo "The service port is at 127.0.0.1:2222: ssh -p 2222 service@127.0.0.1. What the boot loader says is in $folder/serial.log."
exec qemu-system-aarch64 -M virt -cpu cortex-a53 -smp 2 -m 1024 -accel tcg,thread=multi -bios /usr/lib/u-boot/qemu_arm64/u-boot.bin -display none \
  -drive "file=$folder/disk.img,format=raw,if=none,id=disk" -device virtio-blk-pci,drive=disk \
  -netdev user,id=uplink,restrict=on -device virtio-net-pci,netdev=uplink,romfile= \
  -netdev user,id=service,restrict=on,net=192.168.99.0/24,host=192.168.99.2,dhcpstart=192.168.99.15,hostfwd=tcp:127.0.0.1:2222-192.168.99.1:22 \
  -device virtio-net-pci,netdev=service,romfile= -device virtio-rng-pci -device i6300esb -action watchdog=reset \
  -device virtio-serial-pci -chardev null,id=hvc0 -device virtconsole,chardev=hvc0 \
  -chardev stdio,id=hvc1,mux=on,signal=off -device virtconsole,chardev=hvc1 -serial "file:$folder/serial.log"
