# SPDX-License-Identifier: BSL-1.0
# fish completion for clusterctl: verbs, their options, and the ids of the workers that are alive.
set -l verbs list describe monit reload abort scale restart pause resume listen unlisten upgrade logs events metrics ping pid wait stop kill start run delete check doctor
complete -c clusterctl -f
complete -c clusterctl -s s -l socket -r -F -d 'Control socket'
complete -c clusterctl -l name -r -d 'Name of the cluster'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -l version -d 'Version'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a list -d 'The cluster and its workers'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a describe -d 'One worker in full'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a monit -d 'All of it on one screen, with keys'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a reload -d 'Replace all workers, slot by slot'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a abort -d 'Take the reload under way back'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a scale -d 'Change the number of workers'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a restart -d 'Replace one worker'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a pause -d 'Stop the process of one worker'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a resume -d 'Let a paused worker go on'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a listen -d 'Listen at one more place'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a unlisten -d 'Listen at a place no more'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a upgrade -d 'Replace the supervisor itself'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a logs -d 'What the workers write'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a events -d 'What happens, as it happens'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a metrics -d 'All metrics'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a ping -d 'Is the cluster alive?'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a pid -d 'Process id of the supervisor or a worker'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a wait -d 'Wait until all workers are ready'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a stop -d 'End the cluster gracefully'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a kill -d 'End the cluster at once'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a start -d 'Start the programs of a process file'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a run -d 'The same in the foreground'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a delete -d 'Stop apps and forget them'
complete -c clusterctl -n '__fish_seen_subcommand_from start run' -F
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a check -d 'Would PROGRAM start?'
complete -c clusterctl -n "not __fish_seen_subcommand_from $verbs" -a doctor -d 'What this machine allows'
complete -c clusterctl -n '__fish_seen_subcommand_from list describe reload abort scale restart pause resume listen unlisten upgrade logs events ping wait stop kill check doctor' -l json -d 'Machine-readable'
complete -c clusterctl -n '__fish_seen_subcommand_from reload scale restart upgrade stop kill' -l wait -d 'Until it is done'
complete -c clusterctl -n '__fish_seen_subcommand_from reload scale restart upgrade stop kill wait check' -l timeout -r -d 'Seconds'
complete -c clusterctl -n '__fish_seen_subcommand_from reload' -l max-surge -r
complete -c clusterctl -n '__fish_seen_subcommand_from reload' -l max-unavailable -r
complete -c clusterctl -n '__fish_seen_subcommand_from reload' -l pause -r
complete -c clusterctl -n '__fish_seen_subcommand_from reload' -l soak -r
complete -c clusterctl -n '__fish_seen_subcommand_from reload' -l no-rollback
complete -c clusterctl -n '__fish_seen_subcommand_from list' -l columns -r
complete -c clusterctl -n '__fish_seen_subcommand_from list' -l watch
complete -c clusterctl -n '__fish_seen_subcommand_from logs' -l follow
complete -c clusterctl -n '__fish_seen_subcommand_from logs' -l tail -r
complete -c clusterctl -n '__fish_seen_subcommand_from logs' -l slot -r -a '(clusterctl list --columns slot 2>/dev/null | tail -n +3 | string trim)'
complete -c clusterctl -n '__fish_seen_subcommand_from logs' -l grep -r
complete -c clusterctl -n '__fish_seen_subcommand_from logs' -l since -r
complete -c clusterctl -n '__fish_seen_subcommand_from logs' -l out
complete -c clusterctl -n '__fish_seen_subcommand_from logs' -l err
complete -c clusterctl -n '__fish_seen_subcommand_from logs' -l raw
complete -c clusterctl -n '__fish_seen_subcommand_from events' -l history
complete -c clusterctl -n '__fish_seen_subcommand_from events' -l count -r
complete -c clusterctl -n '__fish_seen_subcommand_from wait' -a ready
complete -c clusterctl -n '__fish_seen_subcommand_from describe restart pause resume pid' -a '(clusterctl list --columns id 2>/dev/null | tail -n +3 | string trim)'
