// SPDX-License-Identifier: BSL-1.0
#include "wire/multipart.hpp"
#include "support/catch.hpp"

#include <string>

using namespace cluster::wire;

namespace {

std::string boundary(std::string_view type) {
  return std::string(multipart_boundary(type).value_or("(none)"));
}

// Shown as name[/filename][<type>]=body, one behind the other.
std::string parts(const std::string& content, const multipart_limits& limits = {}) {
  const auto found = read_multipart(content, "XX", limits);
  if (!found) return "(broken)";
  std::string out;
  for (const form_part& each : *found) {
    out += std::string(each.name) + (each.has_filename ? "/" + std::string(each.filename) : "");
    out += (each.content_type.empty() ? "" : "<" + std::string(each.content_type) + ">") + "=" +
           std::string(each.body) + ";";
  }
  return out;
}

const std::string a = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
const std::string end = "\r\n--XX--\r\n";

}  // namespace

TEST_CASE("the boundary stands in the content's type", "[multipart]") {
  CHECK(boundary("multipart/form-data; boundary=XX") == "XX");
  CHECK(boundary("Multipart/Form-Data;BOUNDARY=\"X X\"") == "X X");
  CHECK(boundary("multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundary7MA4YWxk") ==
        "----WebKitFormBoundary7MA4YWxk");
  CHECK(boundary("multipart/form-data; boundary=" + std::string(70, 'x')) == std::string(70, 'x'));
  for (const char* bad :
       {"", "multipart/form-data", "multipart/form-datax; boundary=XX", "multipart/mixed; boundary=XX",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"XX", "multipart/form-data; boundary=X;boundary=Y",
        "multipart/form-data; boundary=\"X \"", "multipart/form-data; boundary=\"X\"Y",
        "multipart/form-data; boundary=\"X@\"", "multipart/form-data boundary=XX"}) {
    INFO(bad);
    CHECK(boundary(bad) == "(none)");
  }
  CHECK(boundary("multipart/form-data; boundary=" + std::string(71, 'x')) == "(none)");
}

TEST_CASE("fields and files of a form", "[multipart]") {
  CHECK(parts(a + "1" + end) == "a=1;");
  CHECK(parts(a + "1\r\n" + a + "2" + end) == "a=1;a=2;");
  CHECK(parts(a + "\r\n--XX--") == "a=;");
  CHECK(parts(a + "--XX--") == "a=;");
  CHECK(parts(a + "line\r\nline\r\n--X\r\n--" + end) == "a=line\r\nline\r\n--X\r\n--;");
  CHECK(parts("--XX\r\ncontent-type: image/png\r\nCONTENT-DISPOSITION: Form-Data; Name=f; "
              "filename=\"C:\\x.png\"\r\n\r\n\0\1" +
              end) == "f/C:\\x.png<image/png>=;");
  CHECK(parts("--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n" + end) == "f/=;");
  CHECK(parts("--XX\r\nContent-Disposition: form-data; name=\"q\\\"q\"\r\n\r\n1" + end) == "q\\\"q=1;");
  CHECK(parts("--XX--").empty());
  CHECK(parts("preamble\r\n" + a + "1" + end + "epilogue") == "a=1;");
  CHECK(parts("--XX \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XX  \r\nX-Y: z\r\n"
              "Content-Disposition: form-data; name=b; filename*=utf-8''x\r\n\r\n2" +
              end) == "a=1;b=2;");
}

TEST_CASE("what is not written by the rules is nothing", "[multipart]") {
  const std::string whole = a + "1\r\n" + a + "2\r\n--XX--";
  for (std::size_t n = 0; n < whole.size(); ++n) {
    INFO(n);
    CHECK(parts(whole.substr(0, n)) == "(broken)");
  }
  for (const char* bad :
       {"--XY\r\n", "--XX\r\n\r\n1\r\n--XX--", "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
        "name=b\r\n\r\n1\r\n--XX--",
        "--XX\r\nno colon\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XX--",
        "--XX\r\n: x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XX--",
        "--XXContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XX--",
        "--XX\nContent-Disposition: form-data; name=a\n\n1\n--XX--"}) {
    INFO(bad);
    CHECK(parts(bad) == "(broken)");
  }
}

TEST_CASE("parts and their heads are bounded", "[multipart]") {
  std::string many;
  for (int i = 0; i < 5; ++i) many += a + "1\r\n";
  many += "--XX--";
  CHECK(parts(many, {5, 4096}) == "a=1;a=1;a=1;a=1;a=1;");
  CHECK(parts(many, {4, 4096}) == "(broken)");
  const std::string head = "Content-Disposition: form-data; name=a\r\n";
  CHECK(parts("--XX\r\n" + head + "\r\n1" + end, {5, head.size()}) == "a=1;");
  CHECK(parts("--XX\r\n" + head + "\r\n1" + end, {5, head.size() - 1}) == "(broken)");
  CHECK(parts("--XX\r\nX: " + std::string(5000, 'x') + "\r\n" + head + "\r\n1" + end) == "(broken)");
}
