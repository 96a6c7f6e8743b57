// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/files.hpp>

#include "http/file_part.hpp"
#include "http/media_types.hpp"
#include "http/open_below.hpp"
#include "http/preconditions.hpp"
#include "wire/date.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace cluster::http {
namespace {

std::string entity_tag(const struct stat& of) {
  char text[96];
  std::snprintf(text, sizeof text, "\"%llx-%llx-%llx.%lx\"", static_cast<unsigned long long>(of.st_ino),
                static_cast<unsigned long long>(of.st_size),
                static_cast<unsigned long long>(of.st_mtim.tv_sec),
                static_cast<unsigned long>(of.st_mtim.tv_nsec));
  return text;
}

std::string content_range(const selection& chosen, std::uint64_t size) {
  const std::string all = "/" + std::to_string(size);
  if (chosen.what == selection::result::unsatisfiable) return "bytes *" + all;
  return "bytes " + std::to_string(chosen.first) + "-" + std::to_string(chosen.first + chosen.length - 1) +
         all;
}

unsigned status_of(selection::result what) noexcept {
  switch (what) {
    case selection::result::whole: return 200;
    case selection::result::part: return 206;
    case selection::result::unchanged: return 304;
    case selection::result::failed: return 412;
    case selection::result::unsatisfiable: return 416;
  }
  return 500;
}

// `opened` is a regular file.
response answer(const request& asked, const std::shared_ptr<file_part>& opened, const struct stat& about,
                std::string_view content_type, std::string_view cache_control) {
  const std::time_t now = std::time(nullptr);
  validators of{entity_tag(about), about.st_mtim.tv_sec, static_cast<std::uint64_t>(about.st_size)};
  const selection chosen = select(asked, of, now);
  response out(status_of(chosen.what));
  switch (chosen.what) {
    case selection::result::failed: return out;
    case selection::result::unsatisfiable: return out.set("Content-Range", content_range(chosen, of.size));
    case selection::result::part: out.set("Content-Range", content_range(chosen, of.size)); break;
    case selection::result::whole:
    case selection::result::unchanged: break;
  }
  out.set("ETag", of.etag).set("Accept-Ranges", "bytes");
  // A time to come is no time at which it can have been modified (RFC 9110 8.8.2.1).
  if (of.modified >= 0) out.set("Last-Modified", wire::http_date(of.modified < now ? of.modified : now));
  if (!cache_control.empty()) out.set("Cache-Control", cache_control);
  if (chosen.what == selection::result::unchanged) return out;
  out.set("Content-Type", content_type);
  opened->first = chosen.first;
  opened->length = chosen.length;
  out.extra(std::make_shared<const response_extra>(response_extra{opened, nullptr}));
  return out;
}

// Never waits for a writer, as opening a pipe would.
constexpr int how_to_open = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

bool names_are_fine(std::string_view path, bool hidden) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string_view::npos)
      return false;
    if (name.front() == '.' && !hidden) return false;
  }
  return true;
}

// One folder and its rules.
struct shelf {
  std::shared_ptr<const file_part> folder;
  files_options options;

  response find(const request& asked) const {
    std::string path(asked.param("path"));
    const bool is_folder = path.empty() || path.back() == '/';
    if (!names_are_fine(is_folder ? path.substr(0, path.size() - !path.empty()) : path, options.hidden))
      return status(404);
    if (is_folder && options.index.empty()) return status(404);
    if (is_folder) path += options.index;
    const auto opened = std::make_shared<file_part>(open_below(folder->fd, path, how_to_open));
    struct stat about {};
    if (opened->fd < 0 || ::fstat(opened->fd, &about) != 0) return status(404);
    if (S_ISDIR(about.st_mode) && !is_folder) return to_folder(asked);
    if (!S_ISREG(about.st_mode)) return status(404);
    return answer(asked, opened, about, media_type_of(path), options.cache_control);
  }

  // Relative, so that it is right behind a proxy that changes paths as well.
  response to_folder(const request& asked) const {
    const std::string_view path = asked.path();
    std::string to = "./";
    to.append(path.substr(path.rfind('/') + 1)).append("/");
    if (!asked.query().empty()) to.append("?").append(asked.query());
    return redirect(to, 308);
  }
};

}  // namespace

response file(const request& asked, const std::string& path, const file_options& options) {
  const auto opened = std::make_shared<file_part>(::open(path.c_str(), how_to_open));
  struct stat about {};
  if (opened->fd < 0 || ::fstat(opened->fd, &about) != 0 || !S_ISREG(about.st_mode)) return status(404);
  const std::string_view type = options.content_type.empty() ? media_type_of(path) : options.content_type;
  return answer(asked, opened, about, type, options.cache_control);
}

handler files(const std::string& folder, files_options options) {
  const auto opened = std::make_shared<file_part>(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (opened->fd < 0)
    throw boost::system::system_error(errno, boost::system::system_category(), "files: " + folder);
  return handler(
      [from = shelf{opened, std::move(options)}](const request& asked) { return from.find(asked); });
}

}  // namespace cluster::http
