// SPDX-License-Identifier: BSL-1.0
#include "supervisor/output_tap.hpp"

#include "os/output.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

using namespace cluster;

namespace {

struct tapped {
  tapped() {
    os::unique_fd from;
    REQUIRE_FALSE(os::make_output_pipe(from, to));
    tap = std::make_shared<output_tap>(context.get_executor(), std::move(from),
                                       output_tap::events{[this](std::string_view line) {
                                                            if (keep) lines.emplace_back(line);
                                                            ++count;
                                                          },
                                                          [this](std::uint64_t some) { dropped += some; }});
    tap->start();
  }
  void write(const std::string& text) {
    REQUIRE(::write(to.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  boost::asio::io_context context;
  os::unique_fd to;
  std::shared_ptr<output_tap> tap;
  std::vector<std::string> lines;
  bool keep = true;
  std::uint64_t count = 0;
  std::uint64_t dropped = 0;
};

}  // namespace

TEST_CASE("what a worker wrote before its end is all there, the last line without an end, too", "[output]") {
  tapped it;
  it.write("one\ntwo\nthr");
  it.context.poll();
  CHECK(it.lines == std::vector<std::string>{"one", "two"});
  it.write("ee\nlast");
  it.tap->finish();  // its end is seen before its output was
  CHECK(it.lines == std::vector<std::string>{"one", "two", "three", "last"});
  it.tap->finish();
  CHECK(it.lines.size() == 4);
}

TEST_CASE("the end of the pipe is the end, without a wait", "[output]") {
  tapped it;
  it.write("one");
  it.to.reset();
  it.context.run();
  CHECK(it.lines == std::vector<std::string>{"one"});
}

TEST_CASE("a flood is read on, and what is not taken of it is counted", "[output]") {
  tapped it;
  it.keep = false;
  constexpr std::uint64_t lines = 500'000;  // 50 MB, beyond what is taken in a second
  std::thread flooder([&] {
    std::string block;
    for (int i = 0; i < 100; ++i) block += std::string(99, 'x') + "\n";
    for (std::uint64_t i = 0; i < lines / 100; ++i)
      for (std::size_t at = 0; at < block.size();) {
        const ssize_t n = ::write(it.to.get(), block.data() + at, block.size() - at);
        if (n > 0) at += static_cast<std::size_t>(n);
      }
    it.to.reset();
  });
  it.context.run();
  flooder.join();
  CHECK(it.dropped > 0);
  // A line that is cut by the change from taking to dropping may count on both sides, or on one.
  CHECK(it.count + it.dropped >= lines - 10);
  CHECK(it.count + it.dropped <= lines + 100);
}
