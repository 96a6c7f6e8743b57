// SPDX-License-Identifier: BSL-1.0
#include "ctl/exit_code.hpp"
#include "ctl/follow.hpp"
#include "ctl/json_view.hpp"
#include "ctl/monit_view.hpp"
#include "ctl/terminal.hpp"
#include "ctl/verbs.hpp"
#include "ctl/words.hpp"

#include <boost/json/parse.hpp>

#define NCURSES_NOMACROS  // move() and others would reach into everything below
#include <curses.h>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <clocale>
#include <cstdlib>
#include <cstring>

namespace cluster::ctl {
namespace {

using clock = std::chrono::steady_clock;

bool set_up_language() {
  std::setlocale(LC_ALL, "");
  if (std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0) return true;
  // Containers often have no language set and a terminal that could show it all the same.
  return std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
}

/// The terminal as a screen, and as it was again when this ends, however that comes.
class full_screen {
 public:
  full_screen() {
    ::initscr();
    ::cbreak();
    ::noecho();
    ::nodelay(stdscr, true);
    ::keypad(stdscr, true);
    ::set_escdelay(25);
    ::curs_set(0);
    const char* refused = std::getenv("NO_COLOR");
    if (!::has_colors() || (refused != nullptr && *refused != '\0')) return;
    colours_ = true;
    ::start_color();
    ::use_default_colors();
    ::init_pair(1, COLOR_GREEN, -1);
    ::init_pair(2, COLOR_BLUE, -1);
    ::init_pair(3, COLOR_YELLOW, -1);
    ::init_pair(4, COLOR_RED, -1);
  }
  ~full_screen() { ::endwin(); }
  full_screen(const full_screen&) = delete;
  full_screen& operator=(const full_screen&) = delete;

  void show(const std::vector<screen_line>& lines) {
    ::erase();
    for (std::size_t row = 0; row < lines.size(); ++row) {
      ::move(static_cast<int>(row), 0);
      for (const cell& each : lines[row].pieces) {
        const auto look = attributes(each.paint) | (lines[row].chosen ? A_REVERSE : A_NORMAL);
        ::attrset(static_cast<int>(look));
        ::addstr(each.text.c_str());
      }
    }
    ::refresh();
  }

 private:
  chtype attributes(colour paint) const {
    const auto pair = [this](int number) {
      return colours_ ? static_cast<chtype>(COLOR_PAIR(number)) : A_NORMAL;
    };
    switch (paint) {
      case colour::none: return A_NORMAL;
      case colour::strong: return A_BOLD;
      case colour::good: return pair(1);
      case colour::busy: return pair(2);
      case colour::warn: return pair(3);
      case colour::bad: return pair(4) | A_BOLD;
      case colour::faint: return A_DIM;
    }
    return A_NORMAL;
  }

  bool colours_ = false;
};

/// A stream that is opened again when the cluster is back.
class news {
 public:
  news(const std::string& path, std::string target) : client_(path), target_(std::move(target)) {}

  bool open() {
    control_reply reply;
    return client_.native_handle() >= 0 ||
           (!client_.open_stream(target_, reply, std::chrono::seconds(2)) && reply.status == 200);
  }
  std::string read() {
    std::string piece;
    if (client_.native_handle() >= 0)
      if (const error_code ec = client_.read(piece, std::chrono::milliseconds(0));
          ec && ec != make_error_code(error::timed_out))
        client_.close();
    return piece;
  }
  int handle() const { return client_.native_handle(); }

 private:
  control_client client_;
  std::string target_;
};

class monitor {
 public:
  monitor(session& orders, bool unicode)
      : orders_(orders),
        view_(unicode),
        events_(orders.client().path(), "/v1/events?history=1"),
        logs_(orders.client().path(), "/v1/logs?follow=1&tail=100") {
    orders_.quiet();
  }

  int run() {
    full_screen screen;
    auto next_look = clock::now();
    while (!interrupted()) {
      if (clock::now() >= next_look) {
        look();
        next_look = clock::now() + std::chrono::seconds(1);
      }
      read_news();
      screen.show(view_.draw(static_cast<std::size_t>(COLS), static_cast<std::size_t>(LINES), now_seconds()));
      wait_until(next_look);
      for (int pressed = ::getch(); pressed != ERR; pressed = ::getch())
        if (!act(view_.press(letter_of(pressed), key_of(pressed)))) return exit_clean;
    }
    return exit_clean;
  }

 private:
  void look() {
    if (!orders_.ask("GET", "/v1/status")) {
      view_.lose("the cluster does not answer; trying again");
      return;
    }
    const boost::json::value status = orders_.json();
    const auto* captured = member(status, "captures_output");
    events_.open();
    if (captured != nullptr && *captured == true) logs_.open();
    view_.take_status(status);
  }

  void read_news() {
    reader_.feed(events_.read(), [this](const boost::json::value& event) {
      view_.take_event(event);
      return true;
    });
    log_rest_ += logs_.read();
    for (std::size_t end = 0; (end = log_rest_.find('\n')) != log_rest_.npos; log_rest_.erase(0, end + 1)) {
      boost::system::error_code ec;
      const boost::json::value line = boost::json::parse(log_rest_.substr(0, end), ec);
      if (!ec) view_.take_log(line);
    }
  }

  void wait_until(clock::time_point next) const {
    std::array<pollfd, 3> all{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{events_.handle(), POLLIN, 0},
                              pollfd{logs_.handle(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - clock::now()).count();
    ::poll(all.data(), all.size(), static_cast<int>(std::max<long long>(left, 0)));
    // A flood of lines must not make it draw without end.
    if ((all[1].revents | all[2].revents) != 0 && all[0].revents == 0) ::poll(all.data(), 1, 100);
  }

  static char letter_of(int pressed) {
    return pressed > 0 && pressed < 128 ? static_cast<char>(pressed) : '\0';
  }
  static monit_view::key key_of(int pressed) {
    switch (pressed) {
      case KEY_UP: return monit_view::key::up;
      case KEY_DOWN: return monit_view::key::down;
      case KEY_ENTER:
      case '\n': return monit_view::key::enter;
      case 27: return monit_view::key::escape;
      default: return monit_view::key::other;
    }
  }

  void order(std::string_view method, const std::string& target, const std::string& body, const char* done) {
    if (orders_.ask(method, target, body)) view_.say(done);
    else view_.say(orders_.gone() ? "the cluster does not answer" : message_of(orders_.reply()));
  }

  // False when it is to end.
  bool act(monit_view::wish what) {
    using wish = monit_view::wish;
    const auto scale_to = [this](std::uint64_t workers) {
      order("POST", "/v1/scale", "{\"workers\":" + std::to_string(workers) + "}", "scaling");
    };
    switch (what) {
      case wish::none: break;
      case wish::quit: return false;
      case wish::reload: order("POST", "/v1/reload", {}, "the reload has begun"); break;
      case wish::abort: order("POST", "/v1/reload/abort", {}, "the reload is taken back"); break;
      case wish::restart:
        order("POST", "/v1/workers/" + std::to_string(view_.chosen_worker()) + "/restart", {}, "restarting");
        break;
      case wish::more: scale_to(view_.target() + 1); break;
      case wish::fewer: scale_to(view_.target() - 1); break;
      case wish::stop: order("POST", "/v1/stop", {}, "the cluster is stopping"); break;
    }
    return true;
  }

  session& orders_;
  monit_view view_;
  news events_;
  news logs_;
  event_reader reader_;
  std::string log_rest_;
};

}  // namespace

int monit(const verb_options& options) {
  if (!output_is_terminal() || ::isatty(STDIN_FILENO) != 1) {
    complain("monit needs a terminal; list and events do not");
    return exit_usage;
  }
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  if (!cluster->ask("GET", "/v1/status")) return cluster->exit_code();
  catch_interrupts();
  return monitor(*cluster, set_up_language()).run();
}

}  // namespace cluster::ctl
