# SPDX-License-Identifier: BSL-1.0
# bash completion for clusterctl: verbs, their options, and the ids of the workers that are alive.
_clusterctl() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb= i
  local -a where=()
  local verbs='list describe monit reload abort scale restart pause resume listen unlisten upgrade logs events metrics ping pid wait stop kill start run delete check doctor'
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -s|--socket|--name) where+=("${COMP_WORDS[i]}" "${COMP_WORDS[i+1]}"); ((i++)) ;;
      -*) ;;
      *) verb=${COMP_WORDS[i]}; break ;;
    esac
  done
  case $previous in
    -s|--socket) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --columns) mapfile -t COMPREPLY < <(compgen -W 'slot id pid gen state up rps conns p99 requests errors busy cpu mem pss restarts exit' -- "$word"); return ;;
    --slot)
      mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "${where[@]}" list --columns slot 2>/dev/null | tail -n +3)" -- "$word"); return ;;
    --timeout|--name|-n|--count|--tail|--grep|--since|--max-surge|--max-unavailable|--pause|--soak) return ;;
  esac
  local options='--help -s --socket --name'
  case $verb in
    '') options="$options --version" ;;
    list) options="$options --json --columns --watch" ;;
    describe|pause|resume|ping) options="$options --json" ;;
    reload) options="$options --json --wait --timeout --max-surge --max-unavailable --pause --soak --no-rollback" ;;
    scale|restart|upgrade|stop|kill) options="$options --json --wait --timeout" ;;
    logs) options="$options --json --follow --tail --slot --grep --since --out --err --raw" ;;
    events) options="$options --json --history --count" ;;
    wait) options="$options --json --timeout" ;;
    check) options="$options --json --timeout" ;;
    abort|doctor|listen|unlisten) options="$options --json" ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    return
  fi
  case $verb in
    '') mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word") ;;
    describe|restart|pause|resume|pid)
      mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "${where[@]}" list --columns id 2>/dev/null | tail -n +3)" -- "$word") ;;
    wait) mapfile -t COMPREPLY < <(compgen -W ready -- "$word") ;;
    start|run) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
  esac
}
complete -F _clusterctl clusterctl
