// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"
#include "os/yielding.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace cluster::os {

/// A descriptor of ours and the number that it gets in the child.
struct inherited_descriptor {
  int source;
  int target;
};

/// The identity that a child takes on after everything that needs privileges.
struct identity {
  uid_t user;
  gid_t group;
  std::vector<gid_t> groups;
};

/// Everything about a child, complete before it is started.
struct launch_plan {
  std::string executable;                ///< by path, with a '/'
  int executable_fd = -1;                ///< if set, this file is run and the path only named in errors
  std::vector<std::string> arguments;    ///< argv[0] included
  std::vector<std::string> environment;  ///< "NAME=value", the whole of it
  /// What the child keeps; every other descriptor but 0, 1 and 2 is closed at exec. Targets must differ.
  std::vector<inherited_descriptor> descriptors;
  std::optional<identity> run_as;
  bool raise_open_files = true;  ///< soft limit of open files up to the hard one
  std::optional<int> nice;       ///< instead of ours
  bool lower_priority = false;   ///< than that, until `end_yielding`
  std::optional<int> oom_score;  ///< oom_score_adj, instead of ours
  std::vector<int> cpus;         ///< where it may run; empty: where we may
  bool no_new_privileges = false;
  bool yielding = false;                   ///< with long slices (os/yielding.hpp), until `end_yielding`
  std::string working_directory;           ///< entered with the rights of `run_as`; empty: ours
  std::vector<std::string> pid_variables;  ///< of the environment, whose value is the child's pid
  int parent_death_signal = 0;             ///< what it gets when the thread that starts it ends; 0: nothing
};

/// A started process: its pid stays reserved until its status is collected through the pidfd.
struct launched_process {
  pid_t pid = -1;
  unique_fd pidfd;
  bool yields = false;  ///< until `end_yielding`, with this:
  std::optional<lowered_priority> priority;
};

/// Starts a process with clone(CLONE_VM | CLONE_VFORK | CLONE_PIDFD): no page tables are copied, no fork
/// handler and no lock of another thread is met, so it is safe and equally fast in a large, threaded
/// host. The child leads a process group of its own, and gets default signal dispositions, an empty signal
/// mask and exactly the descriptors of the plan. Blocks until the child has exec'ed or failed; a failure
/// names the stage ("exec /srv/app: No such file or directory") and leaves no process behind.
failure launch(const launch_plan& plan, launched_process& out);

}  // namespace cluster::os
