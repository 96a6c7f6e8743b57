// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <vector>

namespace cluster::test {

/// Holds values against the schemas of docs/reference/openapi.json: the part of JSON Schema that it uses.
class schemas {
 public:
  explicit schemas(boost::json::value document) : document_(std::move(document)) {}

  const boost::json::value& document() const { return document_; }

  /// What is wrong with `value` as a `name`, one line each; empty if nothing is.
  std::vector<std::string> check(const std::string& name, const boost::json::value& value) const {
    std::vector<std::string> wrong;
    look(document_.at("components").at("schemas").at(name), value, name, wrong);
    return wrong;
  }

  /// The same of a schema that stands somewhere in the document.
  std::vector<std::string> check_against(const boost::json::value& schema,
                                         const boost::json::value& value) const {
    std::vector<std::string> wrong;
    look(schema, value, "answer", wrong);
    return wrong;
  }

 private:
  using list = std::vector<std::string>;

  const boost::json::value& resolve(const boost::json::value& schema) const {
    const auto* reference = schema.as_object().if_contains("$ref");
    if (reference == nullptr) return schema;
    const std::string path(reference->as_string());
    return document_.at("components").at("schemas").at(path.substr(path.rfind('/') + 1));
  }

  static bool is(const std::string& type, const boost::json::value& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_bool();
    return type == "null" && value.is_null();
  }

  void look(const boost::json::value& unresolved, const boost::json::value& value, const std::string& where,
            list& wrong) const {
    const auto& schema = resolve(unresolved).as_object();
    if (const auto* choices = schema.if_contains("anyOf")) {
      list why;
      for (const auto& each : choices->as_array()) {
        list found;
        look(each, value, where, found);
        if (found.empty()) return;
        if (!value.is_null()) why.insert(why.end(), found.begin(), found.end());
      }
      wrong.insert(wrong.end(), why.begin(), why.end());
      if (value.is_null()) wrong.push_back(where + ": must not be null");
      return;
    }
    const std::string type(schema.at("type").as_string());
    if (!is(type, value)) return wrong.push_back(where + ": is no " + type);
    if (const auto* values = schema.if_contains("enum")) {
      bool found = false;
      for (const auto& each : values->as_array()) found = found || each == value;
      if (!found) wrong.push_back(where + ": its value is not listed");
    }
    if (type == "array")
      for (const auto& each : value.as_array()) look(schema.at("items"), each, where + "[]", wrong);
    if (type != "object") return;
    const auto& properties = schema.at("properties").as_object();
    for (const auto& each : value.as_object()) {
      const std::string name(each.key());
      const auto* known = properties.if_contains(name);
      const auto* others = schema.if_contains("additionalProperties");
      if (known == nullptr && others != nullptr && others->is_object())
        look(*others, each.value(), where + "." + name, wrong);
      else if (known == nullptr) wrong.push_back(where + "." + name + ": is not in the schema");
      else look(*known, each.value(), where + "." + name, wrong);
    }
    for (const auto& each : schema.at("required").as_array())
      if (!value.as_object().contains(each.as_string()))
        wrong.push_back(where + "." + std::string(each.as_string()) + ": is missing");
  }

  boost::json::value document_;
};

}  // namespace cluster::test
