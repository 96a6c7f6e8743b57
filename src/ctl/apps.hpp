// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ctl/table.hpp"
#include "ctl/verbs.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <vector>

namespace cluster::ctl {

/// Where everything of one app lies: in the folder of the control sockets, by its name.
struct app_place {
  explicit app_place(const std::string& name);

  std::string socket;
  std::string record;      ///< that it was started from a process file, and from which
  std::string rendezvous;  ///< where its workers look for a new supervisor
  std::string notes;       ///< there while its supervisor lives, or after it was killed
};

/// An app that was started from a process file and not deleted since.
struct app_record {
  std::string name;
  std::string file;
};

/// By name.
std::vector<app_record> app_records();
bool write_record(const app_record&);
/// The folder of all that, for this user alone; made if it is not there. Says on stderr what is wrong.
bool make_app_folder();

/// Nobody has chosen a cluster by -s, --name or the environment.
bool no_choice(const where_options&);

/// All apps that were started, and all other clusters that answer.
struct seen_app {
  std::string name;
  std::string file;           ///< empty: not from a process file
  std::string state;          ///< of the cluster; stopped; killed: its supervisor was
  boost::json::value status;  ///< null without an answer
};
std::vector<seen_app> look_at_apps();
std::vector<screen_line> app_lines(const std::vector<seen_app>&, std::size_t width);

/// `start TARGET`: a process file, or the name of an app that was started before. `names`: of these only.
struct start_options {
  std::string target;
  std::vector<std::string> names;
};
int start(const verb_options&, const start_options&);
/// The same in the foreground, until all have ended or a signal ends them.
int run_file(const start_options&);
/// Ends apps and forgets them.
int remove(const verb_options&, const std::vector<std::string>& names);
int list_apps(const verb_options&);
/// "all" stands for every app and every cluster that answers.
std::vector<std::string> chosen_names(const std::vector<std::string>& given);

}  // namespace cluster::ctl
