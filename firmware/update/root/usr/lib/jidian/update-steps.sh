# What becomes of an update, kept over power cuts. Read by the other scripts; POSIX shell.
# shellcheck shell=sh
#
# The record is of the newest update alone: lines "name=value", then "step=STATE TIME REASON" for each step. It lies in a folder
# of root's; what the gateway reads is a copy in the gateway's own folder, made of it with every step and never read here: what
# the gateway's user could write must not decide what starts.
set -u
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

private=/data/rauc
record=$private/update.steps
published=/data/jidian/update.json
# shellcheck disable=SC2034
passing=/run/jidian-update # of this boot alone, root's
boot_state=/usr/lib/jidian/jidian-boot-state
# There, with the reason, if memory stands in for the data (mount-data).
# shellcheck disable=SC2034
unusable=/run/jidian-device/data-unusable
# The boot loader starts a slot on trial so often (boot/state.hpp).
# shellcheck disable=SC2034
tries_on_trial=3
# A slot on trial has three tries, and an update ends with a decision: no honest record comes near it.
steps_most=16

say() { echo "jidian-update: $*"; }

fail() { # WHAT…
  say "$*" >&2
  exit 1
}

# One line of printable ASCII that needs no escapes in JSON.
plain() { # TEXT
  printf '%s' "$1" | tr '\n\t' '  ' | tr -cd ' !#-[]-~' | cut -c 1-300
}

field() { # NAME: its value in the record; nothing if there is none
  [ -f "$record" ] || return 0
  sed -n "s/^$1=//p" "$record" | head -n 1
}

state() { # the newest step's
  [ -f "$record" ] || return 0
  sed -n 's/^step=\([a-z_]*\) .*/\1/p' "$record" | tail -n 1
}

count_steps() { # STATE
  [ -f "$record" ] || { echo 0; return; }
  grep -c "^step=$1 " "$record"
}

# Whether the newest update is what runs, and nothing is decided: the record names the running slot only once the new system was
# started. Its step `trying` may be missing: the data could not be written, or the start was cut off before.
is_on_trial() { # CURRENT
  [ -n "$1" ] && [ "$(field slot)" = "$1" ] || return 1
  case $(state) in installing | installed | trying) return 0 ;; esac
  return 1
}

# Whole or not at all, also if the power fails: a draft beside it, on the disk before it takes the name, and the name after it.
put() { # FILE: of what comes in
  cat >"$private/draft" && sync "$private/draft" && chmod 0644 "$private/draft" && mv -f -T "$private/draft" "$1" && sync "${1%/*}"
}

json() { # of the record
  printf '{"format":1,\n'
  for name in id from to slot; do printf '"%s":"%s",\n' "$name" "$(plain "$(field "$name")")"; done
  sed -n 's/^step=//p' "$record" | tail -n 1 | {
    read -r state at reason
    printf '"state":"%s",\n"at":"%s",\n"reason":"%s",\n' "$state" "$at" "$(plain "$reason")"
  }
  printf '"steps":['
  comma=""
  sed -n 's/^step=//p' "$record" | while read -r state at reason; do
    printf '%s\n{"state":"%s","at":"%s","reason":"%s"}' "$comma" "$state" "$at" "$(plain "$reason")"
    comma=,
  done
  printf ']}\n'
}

# Also at each start: the copy of a step that was cut off comes then.
publish() {
  [ -f "$record" ] || return 0
  json | put "$published" || say "the gateway is not told: $published cannot be written" >&2
}

step_line() { # STATE REASON
  printf 'step=%s %s %s\n' "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(plain "${2:-}")"
}

begin() { # TO STATE REASON: another update takes the place of the one before
  # The clock may be wrong, and two updates have one time.
  id=$(date -u +%Y%m%dt%H%M%Sz)-$(od -A n -N 4 -t x1 /dev/urandom | tr -d ' \n')
  current=$("$boot_state" get-current)
  {
    printf 'id=%s\nfrom=%s\nto=%s\nslot=%s\n' "$id" "$(version_now)" "$(plain "$1")" "$(other_slot "$current")"
    step_line "$2" "$3"
  } | put "$record" && publish
}

add_step() { # STATE [REASON]
  if [ "$(grep -c '^step=' "$record")" -ge "$steps_most" ]; then
    say "step $1 is not noted: there are $steps_most already" >&2
    return 0
  fi
  { cat "$record" && step_line "$1" "${2:-}"; } | put "$record" && publish
  say "$(field to) in slot $(field slot): $1${2:+ ($2)}"
}

set_field() { # NAME VALUE
  { sed "/^$1=/d" "$record" && printf '%s=%s\n' "$1" "$(plain "$2")"; } | put "$record"
}

version_now() { sed -n 's/^VERSION_ID=//p' /etc/os-release | tr -d '"'"'" | head -n 1; }

other_slot() { # SLOT
  case $1 in
    a) echo b ;;
    b) echo a ;;
  esac
}

# Whether the boot loader had its reason to leave the other slot: that one is first in order, is not good, or has no tries left.
# A power cut before the boot state was written leaves nothing of that behind, and who cannot read it knows nothing.
other_was_tried() { # CURRENT
  there=$(other_slot "$1")
  case $("$boot_state" show) in
    *"order=$there "* | *"${there}_ok=0"* | *"${there}_left=0"*) return 0 ;;
  esac
  return 1
}

uptime() { sed 's/[. ].*//' /proc/uptime; }

restart() {
  systemctl reboot
  sleep 180
  systemctl --force --force reboot
  exit 1
}

# What the gateway says of itself: nothing if it does not answer.
gateway_says() { timeout 10 jidian status --json 2>/dev/null; }

readings() { # STATUS: recorded since the gateway started
  printf '%s' "$1" | sed -n 's/.*"readings_recorded":\([0-9]\{1,18\}\)[,}].*/\1/p'
}

# Nothing to record by: jidian.service waits quietly for a site file.
is_unconfigured() { [ ! -e /etc/jidian/site.toml ] && [ ! -e /var/lib/jidian/store ]; }
