# Read by the launcher where $SAMPAN_STANDBY is set: gives the command line to a process that stands by, and ends with its
# status. Comes back where there is none, or where it declines. docs/guides/standby.md

sampan_standby=${XDG_CACHE_HOME:-$HOME/.cache}/sampan/standby
read -r _ _ _ _ _ sampan_session _ <"/proc/$$/stat"
sampan_place=$sampan_standby/$sampan_session

# A folder of somebody else's could name any process and any file to write to; so could a link, to a folder that all may write to.
sampan_trust() {
  case $sampan_standby in /*) ;; *) return 1 ;; esac
  for sampan_file in "$sampan_standby" "$sampan_place" "$sampan_place/process" "$sampan_place/ask" "$sampan_place/answer"; do
    # shellcheck disable=SC3067 # dash, busybox and bash know it; a shell that does not starts the program anew
    [ ! -h "$sampan_file" ] && [ -O "$sampan_file" ] || return 1
  done
  [ -f "$sampan_place/process" ] && [ -p "$sampan_place/ask" ] && [ -p "$sampan_place/answer" ]
}

# Finds the process. One that is stopped would not answer.
sampan_find() {
  sampan_trust && read -r sampan_pid sampan_ask sampan_answer <"$sampan_place/process" || return 1
  case $sampan_pid$sampan_ask$sampan_answer in '' | *[!0-9]*) return 1 ;; esac
  read -r _ _ sampan_state _ <"/proc/$sampan_pid/stat" && [ "$sampan_state" != T ] || return 1
  sampan_ask=/proc/$sampan_pid/fd/$sampan_ask
  sampan_answer=/proc/$sampan_pid/fd/$sampan_answer
  [ "$sampan_ask" -ef "$sampan_place/ask" ] && [ "$sampan_answer" -ef "$sampan_place/answer" ]
}

sampan_claim() {
  set -C
  true >"$sampan_place/claimed" && set +C && return
  set +C
  return 1
}

# Waits for the status. A signal to this shell is passed on, and wakes `read`; at the end of the pipe the process is gone.
sampan_await() {
  for sampan_signal in HUP INT QUIT TERM USR1 USR2 ALRM CONT; do
    # shellcheck disable=SC2064
    trap "sampan_woken=yes; kill -$sampan_signal $sampan_pid" "$sampan_signal"
  done
  sampan_woken=yes
  while [ -n "$sampan_woken" ]; do
    sampan_woken=
    read -r sampan_status <&9 && exit "$sampan_status"
  done
  echo "sampan: the process that stood by was killed" >&5
  exit 137
}

# Redirecting a builtin moves the shell's own descriptors for a while: the other process takes 6, 7 and 5. Opened for both, a
# named pipe never waits for another end, and the third one of these is there when the pipe is opened for reading alone.
sampan_hand_over() {
  # shellcheck disable=SC2094
  { echo $$ >&8 && read -r sampan_word sampan_reason <&9 && [ "$sampan_word" = taken ] && sampan_await; } 8<>"$sampan_ask" 4<>"$sampan_answer" 9<"$sampan_answer" 4>&-
}

# A server starts in a way of its own, to stay small.
if [ "${1-} ${2-}" != "registry serve" ] && [ -e /proc/$$/fd/0 ] && [ -e /proc/$$/fd/1 ] && [ -e /proc/$$/fd/2 ]; then
  {
    if sampan_find && sampan_claim; then
      sampan_reason="nobody answers"
      sampan_hand_over || [ -z "${SAMPAN_DEBUG-}" ] || echo "sampan: started anew: $sampan_reason" >&5
    fi
  } 6<&0 7>&1 5>&2 2>/dev/null
fi
