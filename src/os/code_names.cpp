// SPDX-License-Identifier: BSL-1.0
#include "os/code_names.hpp"

#include "common/text.hpp"
#include "os/text_file.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>

namespace cluster::os {
namespace {

constexpr std::size_t largest_table = 32 * 1024 * 1024;
constexpr std::size_t longest_name = 120;
constexpr std::size_t longest_symbol = 16384;
constexpr std::size_t symbols_at_once = 2048;

/// A part of a file, whole or not at all. Read, not mapped: a file that shrinks meanwhile is an error then
/// and no SIGBUS.
template <class T>
bool read_part(int file, std::uint64_t at, std::size_t count, std::vector<T>& out) {
  if (count > largest_table / sizeof(T) || at > std::uint64_t{1} << 40) return false;
  out.resize(count);
  const std::size_t size = count * sizeof(T);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(file, reinterpret_cast<char*>(out.data()) + done, size - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

std::string readable(const char* mangled) {
  int status = -1;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  std::string name = status == 0 ? text.get() : mangled;
  if (name.size() > longest_name) name = name.substr(0, longest_name - 3) + "...";
  return name;
}

std::optional<std::uint64_t> address_in_file(const std::vector<Elf64_Phdr>& segments, std::uint64_t offset) {
  for (const Elf64_Phdr& each : segments)
    if (each.p_type == PT_LOAD && offset >= each.p_offset && offset - each.p_offset < each.p_filesz)
      return offset - each.p_offset + each.p_vaddr;
  return std::nullopt;
}

/// A name in a table of strings; names that are longer than anybody reads are cut.
std::string name_at(int file, const Elf64_Shdr& strings, std::uint64_t at) {
  if (at >= strings.sh_size) return {};
  std::vector<char> text;
  if (!read_part(file, strings.sh_offset + at, std::min<std::uint64_t>(strings.sh_size - at, longest_symbol),
                 text) ||
      text.empty())
    return {};
  text.back() = '\0';
  return readable(text.data());
}

/// Read in pieces: tables of large programs have many megabytes, which the supervisor would keep.
std::optional<std::string> find_function(int file, const Elf64_Shdr& table, const Elf64_Shdr& strings,
                                         std::uint64_t address) {
  std::uint64_t left = std::min<std::uint64_t>(table.sh_size, largest_table) / sizeof(Elf64_Sym);
  std::vector<Elf64_Sym> symbols;
  for (std::uint64_t at = table.sh_offset; left != 0; at += symbols.size() * sizeof(Elf64_Sym)) {
    if (!read_part(file, at, std::min<std::uint64_t>(left, symbols_at_once), symbols)) break;
    left -= symbols.size();
    for (const Elf64_Sym& symbol : symbols)
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && address >= symbol.st_value &&
          address - symbol.st_value < symbol.st_size)
        return name_at(file, strings, symbol.st_name);
  }
  return std::nullopt;
}

/// The function at that place of an ELF file, or nothing.
std::string function_at(int file, std::uint64_t offset) {
  std::vector<Elf64_Ehdr> head;
  if (!read_part(file, 0, 1, head)) return {};
  const Elf64_Ehdr& elf = head.front();
  const bool fits = std::equal(std::begin(elf.e_ident), std::begin(elf.e_ident) + SELFMAG, ELFMAG) &&
                    elf.e_ident[EI_CLASS] == ELFCLASS64 && elf.e_phentsize == sizeof(Elf64_Phdr) &&
                    elf.e_shentsize == sizeof(Elf64_Shdr);
  std::vector<Elf64_Phdr> segments;
  std::vector<Elf64_Shdr> sections;
  if (!fits || !read_part(file, elf.e_phoff, elf.e_phnum, segments) ||
      !read_part(file, elf.e_shoff, elf.e_shnum, sections))
    return {};
  const auto address = address_in_file(segments, offset);
  if (!address) return {};
  for (const auto kind : {SHT_SYMTAB, SHT_DYNSYM}) {
    for (const Elf64_Shdr& each : sections) {
      if (each.sh_type != static_cast<Elf64_Word>(kind) || each.sh_link >= sections.size()) continue;
      if (const auto name = find_function(file, each, sections[each.sh_link], *address)) return *name;
    }
  }
  return {};
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, value, 16);
  if (ec != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string hex(std::uint64_t number) {
  char text[16];
  const auto end = std::to_chars(std::begin(text), std::end(text), number, 16).ptr;
  return "0x" + std::string(text, end);
}

}  // namespace

code_names::code_names(pid_t process) : process_(process) {
  const std::string maps = read_text_file("/proc/" + std::to_string(process) + "/maps").value_or("");
  std::string_view lines = maps;
  while (auto line = take_line(lines)) {
    if (code_.size() == 4096) break;
    // "from-to access offset device inode   path", the first three numbers in hexadecimal (proc_pid_maps(5)).
    const std::string_view range = take_word(*line);
    const auto dash = std::min(range.find('-'), range.size());
    const auto from = hexadecimal(range.substr(0, dash));
    const auto to = hexadecimal(range.substr(std::min(dash + 1, range.size())));
    const std::string_view access = take_word(*line);
    const auto offset = hexadecimal(take_word(*line));
    take_word(*line);  // the device
    const auto inode = parse_number(take_word(*line));
    if (!from || !to || !offset || access.size() < 3 || access[2] != 'x' || inode.value_or(0) == 0) continue;
    line->remove_prefix(std::min(line->find_first_not_of(' '), line->size()));
    code_.push_back({*from, *to, *offset, *inode, std::string(*line)});
  }
}

// By its path, if that is still the same file; a program that was replaced on disk is still in /proc.
unique_fd code_names::open(const mapping& what) const {
  for (const std::string& path : {what.path, "/proc/" + std::to_string(process_) + "/exe"}) {
    unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat info {};
    if (file && ::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) && info.st_ino == what.inode)
      return file;
  }
  return {};
}

std::string code_names::name(std::uint64_t address) const {
  for (const mapping& each : code_) {
    if (address < each.from || address >= each.to) continue;
    const std::uint64_t offset = address - each.from + each.offset;
    if (const unique_fd file = open(each))
      if (std::string found = function_at(file.get(), offset); !found.empty()) return found;
    std::string path = each.path;
    if (path.ends_with(" (deleted)")) path.resize(path.size() - 10);
    return std::filesystem::path(path).filename().string() + "+" + hex(offset);
  }
  return hex(address);
}

std::string kernel_wait_of(pid_t process, pid_t thread) {
  const std::string file = "/proc/" + std::to_string(process) + "/task/" + std::to_string(thread) + "/wchan";
  const std::string text = read_text_file(file).value_or("");
  std::string_view words = text;
  const std::string_view name = take_word(words);
  return name == "0" ? std::string() : std::string(name.substr(0, 64));
}

}  // namespace cluster::os
