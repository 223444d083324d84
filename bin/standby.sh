# Read by the launcher where $SAMPAN_STANDBY is set: gives the command line to a process that stands by, and ends with its
# status. Comes back where there is none, or where it declines. docs/guides/standby.md

sampan_standby=${XDG_CACHE_HOME:-$HOME/.cache}/sampan/standby
read -r _ _ _ _ _ sampan_session _ <"/proc/$$/stat"
sampan_place=$sampan_standby/$sampan_session

# Waits for the status. A signal to this shell is passed on, and wakes `read`; at the end of the pipe the process is gone.
sampan_await() {
  for sampan_signal in HUP INT QUIT TERM; do
    # shellcheck disable=SC2064
    trap "sampan_woken=yes; kill -$sampan_signal $sampan_pid 2>/dev/null" "$sampan_signal"
  done
  sampan_woken=yes
  while [ -n "$sampan_woken" ]; do
    sampan_woken=
    read -r sampan_status <&9 && exit "$sampan_status"
  done
  echo "sampan: the process that stood by was killed" >&2
  exit 137
}

# A folder of somebody else's could name any process and any file to write to.
if [ -O "$sampan_standby" ] && [ -O "$sampan_place" ] && [ -r "$sampan_place/process" ] && [ -e /proc/$$/fd/0 ] && [ -e /proc/$$/fd/1 ]; then
  read -r sampan_pid sampan_ask sampan_answer <"$sampan_place/process"
  sampan_ask=/proc/$sampan_pid/fd/$sampan_ask
  sampan_answer=/proc/$sampan_pid/fd/$sampan_answer
  if [ "$sampan_ask" -ef "$sampan_place/ask" ] && [ "$sampan_answer" -ef "$sampan_place/answer" ]; then
    set -C
    if true 2>/dev/null >"$sampan_place/claimed"; then
      set +C
      sampan_reason="nobody answers"
      # Redirecting a builtin moves the shell's own descriptors for a while: the other process takes 6, 7 and 2.
      { echo $$ >&8 && read -r sampan_word sampan_reason <&9 && [ "$sampan_word" = taken ] && sampan_await; } 6<&0 7>&1 8>"$sampan_ask" 9<"$sampan_answer"
      [ -z "${SAMPAN_DEBUG-}" ] || echo "sampan: started anew: $sampan_reason" >&2
    fi
    set +C
  fi
fi
