# The boot loader's half of the boot state (docs/adr/0025): picks a slot, takes one try away from it, and starts it.
# Compiled to boot.scr. ${devtype} and ${devnum} come from the boot loader: where it found this script.
#
# Two copies of the state lie on the partition "state", 0x40 blocks apart. The one with the greater generation rules; the other
# one is written. Whatever goes wrong, something is started: a box that asks for help beats a box that waits for it.
# U-Boot counts in hexadecimal; so does the generation.

setenv jidian_copy_a ${pxefile_addr_r}
setexpr jidian_copy_b ${pxefile_addr_r} + 1000
setenv jidian_generation_a
setenv jidian_generation_b
setenv jidian_fields generation order a_left a_ok b_left b_ok

if part start ${devtype} ${devnum} state jidian_block_a; then
  setexpr jidian_block_b ${jidian_block_a} + 40
  if ${devtype} read ${jidian_copy_b} ${jidian_block_b} 8 && env import -c ${jidian_copy_b} 1000 ${jidian_fields}; then
    setenv jidian_generation_b ${generation}
  fi
  if ${devtype} read ${jidian_copy_a} ${jidian_block_a} 8 && env import -c ${jidian_copy_a} 1000 ${jidian_fields}; then
    setenv jidian_generation_a ${generation}
  fi
fi

# What was imported last is copy a, if it can be read at all. Copy b rules if it alone can be read, or if it is newer.
setenv jidian_spare ${jidian_block_b}
if test -n "${jidian_generation_b}"; then
  if test -z "${jidian_generation_a}" || test 0x${jidian_generation_b} -gt 0x${jidian_generation_a}; then
    env import -c ${jidian_copy_b} 1000 ${jidian_fields}
    setenv jidian_spare ${jidian_block_a}
  fi
fi
if test -z "${jidian_generation_a}${jidian_generation_b}"; then
  echo "jidian: no copy of the boot state can be read"
  setenv generation 0
  setenv order "a b"
  setenv a_left 3
  setenv b_left 3
  setenv a_ok 0
  setenv b_ok 0
  setenv jidian_spare ${jidian_block_a}
fi
if test "${order}" != "b a"; then setenv order "a b"; fi

setenv jidian_slot
for slot in ${order}; do
  if test ${slot} = a; then setenv jidian_left ${a_left}; else setenv jidian_left ${b_left}; fi
  if test -z "${jidian_slot}" && test ${jidian_left} -gt 0; then setenv jidian_slot ${slot}; fi
done
if test -z "${jidian_slot}"; then
  echo "jidian: no slot has tries left; both are tried again"
  setenv a_left 3
  setenv b_left 3
  if test "${order}" = "a b"; then setenv jidian_slot a; else setenv jidian_slot b; fi
fi
if test ${jidian_slot} = a; then setenv jidian_slots "a b"; else setenv jidian_slots "b a"; fi

# A slot that cannot be loaded is not good, and has no tries left: the other one has its turn in this very boot (docs/adr/0031). Each turn writes the copy that does not rule, so that the second one writes the other copy.
for slot in ${jidian_slots}; do
  if test ${slot} = a; then setenv jidian_left ${a_left}; else setenv jidian_left ${b_left}; fi
  if test ${jidian_left} -gt 0; then setexpr jidian_left ${jidian_left} - 1; fi
  if test ${slot} = a; then setenv a_left ${jidian_left}; else setenv b_left ${jidian_left}; fi
  setexpr generation ${generation} + 1

  if test -n "${jidian_spare}"; then
    env export -c -s 1000 ${jidian_copy_a} ${jidian_fields}
    if ${devtype} write ${jidian_copy_a} ${jidian_spare} 8; then
      if test ${jidian_spare} = ${jidian_block_a}; then setenv jidian_spare ${jidian_block_b}; else setenv jidian_spare ${jidian_block_a}; fi
    else
      echo "jidian: the boot state cannot be written"
    fi
  fi

  echo "jidian: starting slot ${slot} (order ${order}, tries left: a ${a_left}, b ${b_left})"
  if part number ${devtype} ${devnum} rootfs-${slot} jidian_part; then
    # gpt: a partition table that is damaged at the beginning of the disk is replaced by the one at its end.
    # watchdog.open_timeout: a watchdog that runs already is fed by the kernel for so many seconds, until systemd does it.
    setenv bootargs "root=PARTLABEL=rootfs-${slot} ro rootwait rauc.slot=${slot} panic=10 watchdog.open_timeout=600 gpt quiet console=ttyAMA0"
    if load ${devtype} ${devnum}:${jidian_part} ${kernel_addr_r} /boot/vmlinuz && load ${devtype} ${devnum}:${jidian_part} ${ramdisk_addr_r} /boot/initrd.img; then
      # A board that has a watchdog names it in the environment of its boot loader (docs/operations/device.md). The reference machine
      # names none, and has no command `wdt`.
      if test -n "${jidian_watchdog}" && test -n "${jidian_watchdog_ms}"; then
        if wdt dev ${jidian_watchdog} && wdt start ${jidian_watchdog_ms}; then
          echo "jidian: the watchdog runs"
        else
          echo "jidian: the watchdog cannot be started"
        fi
      fi
      booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}
    fi
  fi
  echo "jidian: slot ${slot} cannot be started"
  if test ${slot} = a; then setenv a_left 0; setenv a_ok 0; else setenv b_left 0; setenv b_ok 0; fi
done
# The tries of the second one are on record; in the end both have none, and get all of them again. Not at full speed: each
# round writes to the flash.
echo "jidian: no slot can be started"
sleep 10
reset
