// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/log.hpp>
#include <cluster/proxy.hpp>
#include <cluster/routing.hpp>
#include <cluster/tls.hpp>
#include <cluster/types.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cluster {

/// When and how often an ended worker is started again.
///
/// A worker that was ready for `min_uptime` before it ended is replaced at once and its slot's
/// back-off starts afresh. One that ended earlier counts as a failure: its slot waits for the
/// back-off delay, and too many failures within `window` make the slot rest.
struct restart_policy {
  /// First back-off delay. Zero means no delay at all.
  std::chrono::milliseconds initial_delay{100};
  /// Upper bound of the delay; not below initial_delay.
  std::chrono::milliseconds max_delay{2000};
  /// Each failure in a row multiplies the delay by this; not below 1.
  double multiplier = 2.0;
  /// Each delay is spread by up to this share up and down, so slots do not move in step; 0..1.
  double jitter = 0.2;
  /// A worker that was ready this long counts as healthy. Zero means: ready is enough.
  std::chrono::milliseconds min_uptime{1000};
  /// Failures of one slot within `window` after which it rests. Zero means no limit.
  std::size_t max_failures = 8;
  /// The same over all slots. Zero means max_failures times the number of workers.
  std::size_t max_failures_cluster = 0;
  /// The sliding window of both limits; more than zero.
  std::chrono::milliseconds window{60000};
  /// How long a slot rests. Zero means until it is scaled or the cluster is restarted.
  std::chrono::milliseconds rest{30000};
  /// Exit codes that mean "do not start me again".
  std::vector<int> no_restart_codes;
};

/// How a rolling replacement goes about.
struct reload_options {
  /// Workers started beyond the wanted number while slots are replaced; at least 1 unless max_unavailable
  /// is more than zero.
  std::size_t max_surge = 1;
  /// Slots that may drain before their successor is ready.
  std::size_t max_unavailable = 0;
  /// Between one slot's completion and the next one's start.
  std::chrono::milliseconds pause{0};
  /// A successor must be ready this long before its predecessor drains.
  std::chrono::milliseconds soak{0};
  /// After a failure in the middle: bring the slots that were replaced already back to the executable that
  /// served before.
  bool rollback = true;
};

/// For one rolling replacement: what is to differ from options::reload. What is not set is as there.
struct reload_changes {
  std::optional<std::size_t> max_surge;
  std::optional<std::size_t> max_unavailable;
  std::optional<std::chrono::milliseconds> pause;
  std::optional<std::chrono::milliseconds> soak;
  std::optional<bool> rollback;
};

/// How one worker is started; see options::for_worker.
struct worker_settings {
  std::vector<std::string> arguments;    ///< without argv[0]
  std::vector<std::string> environment;  ///< `NAME=value` entries over the supervisor's
  std::string working_directory;         ///< empty: the supervisor's
  std::string output;                    ///< file for its output; empty: as the options say
  std::vector<std::string> launcher;     ///< a program and arguments in front of the worker's; empty: none
  /// Descriptors of the supervisor's and their numbers in the worker, from 4 to 1023: pipes, sockets and
  /// files of the application. They stay the supervisor's, open while the worker is started.
  std::vector<std::pair<int, int>> descriptors;
};

/// For workers that are programs not built on this library: anything that can serve on a socket which it
/// finds open (see options::foreign).
struct foreign_options {
  /// True: such a worker is ready when it says READY=1 at the socket that NOTIFY_SOCKET names, and at no
  /// other time. False: also when it has been alive for `ready_after`. What connects to it before it accepts
  /// waits in the shared queue, so a guess that comes too early costs time and no connection.
  bool wait_ready = false;
  std::chrono::milliseconds ready_after{1000};
  /// For Node: the worker has the channel of NODE_CHANNEL_FD, and process.send("ready") says READY=1 too.
  bool node_channel = false;
  /// The signal that means "finish what you have and leave"; SIGTERM, with most programs.
  int stop_signal = 15;
};

/// Everything that a cluster can be told. An aggregate for designated initialisers; what is left out
/// keeps its default. Checked as a whole before anything starts (see validate()).
struct options {
  /// Shown in logs and to workers (CLUSTER_NAME); letters, digits, '-', '_', '.', 1..64 of them.
  std::string name = "cluster";
  /// What --version prints beside the name. Empty means: the library's version alone.
  std::string version;
  /// One line for --help.
  std::string description;
  /// Where to listen: `3000`, `:3000`, `host:port`, `tcp://[::]:3000`, `unix:/path`, `fd:N`,
  /// `systemd:[name]`. Behind a `?` follow parameters, joined by `&`: `name` for any, `backlog`, for TCP
  /// `v6only`, `keep-alive`, `defer-accept` (seconds) and `fast-open` (queue length), for Unix sockets
  /// `mode`: "tcp://[::]:443?name=web&backlog=512&keep-alive=1". With `+tls` behind all that its connections
  /// are over TLS (see `tls`), with `+proxy` they begin with a header of the PROXY protocol (see `proxies`).
  /// Empty means no listener at all (workers that do not serve a port).
  std::vector<std::string> listen{"127.0.0.1:8000"};
  /// Number of workers. Zero means one for each CPU that this process may use (affinity and cgroup
  /// quota looked at).
  std::size_t workers = 0;
  /// More than `workers`: the number of workers follows the load, from `workers` up to this many. There are
  /// more when they are busy for more than 80 % of their time over three seconds, and one fewer when the
  /// others would be busy for less than 50 % over half a minute. Zero means a fixed number. At most 1024.
  std::size_t max_workers = 0;
  /// The program that workers run, by path, looked up anew at each start. Empty means: this program,
  /// as its path was when the supervisor was made.
  std::string executable;
  /// Set: `executable` is a program that is not built on this library. It gets the listeners as descriptors 3
  /// and up, blocking ones, with LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES; it may say READY=1, STOPPING=1,
  /// STATUS=... and WATCHDOG=1 at NOTIFY_SOCKET (from its first WATCHDOG=1 on hang_timeout counts); it drains
  /// on foreign_options::stop_signal and is ended after drain_timeout. Its connections do not move to another
  /// worker, it counts no requests and takes no messages. Without a rendezvous it gets the stop signal when
  /// the thread that runs the supervisor ends.
  std::optional<foreign_options> foreign;
  /// Arguments of the workers (without argv[0]).
  std::vector<std::string> arguments;
  /// `NAME=value` entries laid over the supervisor's environment for the workers.
  std::vector<std::string> environment;
  /// Where workers run. Empty means: where the supervisor does.
  std::string working_directory;
  /// A file to which a worker's standard output and error are appended, in place of the supervisor's:
  /// "/dev/null", "/var/log/app-%s.log". `%s` becomes the slot, `%i` the worker's id, `%%` a `%`. Not
  /// together with capture_output.
  std::string worker_output;
  /// A program in front of the worker's, looked up in PATH, with its arguments: {"valgrind",
  /// "--log-file=vg.%i"}.
  /// `%s` and `%i` as above. It has to become the worker by exec, or to pass descriptor 3 on to it and its
  /// exit status back; in the second case a next supervisor cannot take the worker over. Not for foreign
  /// programs.
  std::vector<std::string> launcher;
  /// Called before each start of a worker, with what these options come to for it, and may change it: values
  /// that differ by slot, and changes while the cluster runs, which concern workers started from then on.
  /// What it throws makes that launch fail.
  std::function<void(worker_id, slot_id, worker_settings&)> for_worker;
  /// A worker that is not ready by then is ended as failed to start; more than zero.
  std::chrono::milliseconds ready_timeout{30000};
  /// Path ("/healthz") that a worker built on cluster::http::serve asks itself before it accepts anything;
  /// an answer other than 200..399 ends it as failed to start, with that answer as the reason. Empty means
  /// no question.
  std::string probe;
  /// A draining worker's time to finish what it has; then it is ended by TERM and, after
  /// kill_timeout, by KILL. Zero means at once.
  std::chrono::milliseconds drain_timeout{30000};
  /// Between TERM and KILL; more than zero.
  std::chrono::milliseconds kill_timeout{2000};
  /// A ready worker whose event loop stands still for this long counts as hung: a successor is started,
  /// then the hung one is ended. Time that it waited for a CPU or was stopped does not count. Zero: off.
  std::chrono::milliseconds hang_timeout{10000};
  /// The most time that one request may take in a worker built on cluster::http. One whose handler waits is
  /// answered 503 and its connection ends; what it waits for is cancelled. One whose handler blocks its event
  /// loop cannot be answered: its worker counts as hung, if this is shorter than hang_timeout or that one is
  /// off. Answers that have begun to stream, and WebSocket sessions, may take longer; a route's own
  /// handler_time holds in its place. Zero: no limit.
  std::chrono::milliseconds request_timeout{0};
  /// End a hung worker by SIGABRT, so that it leaves a core if its limits allow one, and by SIGKILL half a
  /// minute later; otherwise by SIGKILL at once.
  bool hang_core = false;
  /// A worker that has begun so many requests is replaced by a fresh one, gently: its successor is ready
  /// first, and its connections move over. One worker at a time, and each at nine to ten tenths of the
  /// limit, so that they do not come in step. Counted are the requests that it publishes (see
  /// worker::publish_traffic; cluster::http does). Zero: no limit. Likewise:
  std::uint64_t max_requests = 0;
  /// Its age.
  std::chrono::milliseconds max_age{0};
  /// Its resident memory in bytes, looked at every two seconds, and more often while it grows towards this.
  std::uint64_t max_rss = 0;
  /// The same, but what takes this much is ended at once, with whatever it is working on, before the machine
  /// runs out of memory; above max_rss if there is one. It is looked at as often.
  std::uint64_t max_rss_hard = 0;
  /// For listeners with `+tls`. The supervisor reads the files when it starts, before the workers take on
  /// their user, and at each reload; files that are not good refuse the one and the other.
  tls_options tls;
  /// Which proxies are believed; at a reload the successors get the new list.
  proxy_options proxies;
  restart_policy restart;
  reload_options reload;
  /// Who takes connections from the listeners. With `reuse_port` sockets that are not TCP, or were passed by
  /// somebody else, are shared. Workers that live on after their supervisor keep what they have.
  cluster::schedule schedule = cluster::schedule::shared;
  /// Connections that one worker may have open; one that has them accepts no more until some are closed, and
  /// new ones wait in the accept queue. Counted is what the worker publishes (see worker::publish_load;
  /// cluster::http does); what comes from a draining worker is taken all the same. Zero: no limit.
  std::size_t max_connections = 0;
  /// The same for all workers together. Workers that accept by themselves may go beyond it for a moment, by
  /// one connection each.
  std::size_t max_connections_total = 0;
  /// Picks the worker for a connection; needs schedule::round_robin. Without it they come in turn.
  connection_router router;
  /// Length of the accept queue asked for; the kernel caps it at net.core.somaxconn.
  int backlog = 4096;
  /// Access mode of Unix sockets made for `unix:` listeners.
  unsigned unix_mode = 0660;
  /// Identity of the workers, by name or number, taken after binding. Empty means unchanged; a user
  /// without a group brings its own groups along. Both need privileges.
  std::string user;
  std::string group;
  /// The workers' nice value, -20..19; unset: the supervisor's. Below that of the supervisor needs
  /// privileges.
  std::optional<int> nice;
  /// The workers' oom_score_adj, -1000..1000; unset: the supervisor's. A higher one makes the kernel end a
  /// worker before the supervisor when memory is short. Below that of the supervisor needs privileges.
  std::optional<int> oom_score;
  /// Keep each worker on one CPU, slot by slot around those that the supervisor may use.
  bool cpu_affinity = false;
  /// Neither the workers nor what they start can gain privileges by exec (set-user-ID programs and the like).
  bool no_new_privileges = false;
  /// File that holds the supervisor's pid while it runs, locked; empty means none.
  std::string pid_file;
  /// Where cluster::run serves the control interface: the path of a Unix socket, or "off". Empty means
  /// default_control_path(name). A program that embeds a supervisor makes a control_server of its own.
  std::string control;
  /// Where cluster::run serves metrics and probes to everybody, read-only: a listen URI; a bare port means
  /// this machine only. Empty means nowhere.
  std::string admin;
  /// Workers write into pipes that the supervisor reads and passes on to its own output: for observe_output
  /// and `clusterctl logs`, and so that a log file can be moved away. Workers never wait for that; when the
  /// supervisor is gone, what they write is lost. False: they write where the supervisor does.
  bool capture_output = false;
  /// Captured lines are passed on with slot and id of their worker in front: "2/7: text". Lines of a log in
  /// JSON name them anyway.
  bool output_prefix = false;
  /// Where cluster::run lets all output go, its workers' included (captured); opened again at SIGUSR1. Empty
  /// means nowhere else.
  std::string log_file;
  /// Where cluster::run lets errors go, the log of the supervisor included (workers' output is captured);
  /// opened again at SIGUSR1. Empty: where log_file says.
  std::string error_file;
  /// Path of the socket at which workers look for a new supervisor when theirs has died, beside it `.lock`
  /// and `.state`. A supervisor that is started with the same path takes over the workers that live, with
  /// their listeners; until then they serve on. One that is started while another lives gives up with
  /// owned_elsewhere. At most 90 characters, in a folder that nobody else may write to. Empty: orphaned
  /// workers finish what they have and leave.
  std::string rendezvous;
  /// How long orphaned workers look for a new supervisor before they finish and leave.
  std::chrono::milliseconds orphan_timeout{60000};
  /// cluster::run puts a small process above the supervisor, which starts it again at once when it dies, with
  /// growing pauses when it dies at its start; hands signals on; and collects processes whose parents have
  /// died, as process 1 of a container has to. Its exit code is that of the supervisor.
  bool keeper = false;
  logger log;
};

/// Says what is wrong with the options in one line ("workers: 5000 is too many, 1..1024"), or nothing.
CLUSTER_API std::optional<std::string> validate(const options&);

}  // namespace cluster
