#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "kiln/core/error.h"

namespace kiln {

/// What an option's `fields()` visitor says about one member.
struct Field {
  std::string_view help;                                  ///< What it does, for a person.
  double low = -std::numeric_limits<double>::infinity();  ///< Smallest legal number, inclusive.
  double high = std::numeric_limits<double>::infinity();  ///< Largest legal number, inclusive.
  bool from_data = false;  ///< Filled from the data source when a run starts; not a flag.
};

/// One option as a person sees it: in --help, in the option tables, in refusals.
struct FieldInfo {
  std::string name;                  ///< As in files: learning_rate.
  std::string help;                  ///< What it does, for a person.
  std::string type;                  ///< "integer", "real", "text", "switch" or "choice".
  std::string default_value;         ///< As text; "auto" where it depends on others.
  double low;                        ///< Smallest legal number, inclusive.
  double high;                       ///< Largest legal number, inclusive.
  bool from_data;                    ///< Filled from the data source when a run starts; not a flag.
  std::vector<std::string> choices;  ///< For "choice".
};

/// `learning_rate` as a flag: "--learning-rate".
std::string flag_of(const std::string& name);

/// Option values by name, as text; the one form that flags, TOML and checkpoints share.
using OptionMap = std::map<std::string, std::string>;

/// Names of an enum's values.  An enum used as an option provides, in its own namespace,
/// `std::vector<std::pair<E, std::string_view>> enum_names(E)`.
template <class E>
std::string_view enum_name(E value) {
  for (const auto& [candidate, name] : enum_names(E{}))
    if (candidate == value) return name;
  KILN_ASSERT(!"enum value without a name");
}

namespace option_detail {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

std::string to_text(std::int64_t value);
std::string to_text(double value);  // shortest text that reads back to the same number
std::string to_text(bool value);
inline std::string to_text(const std::string& value) { return value; }

void read(std::string_view where, std::string_view text, std::int64_t& value);
void read(std::string_view where, std::string_view text, double& value);
void read(std::string_view where, std::string_view text, bool& value);
void check_range(std::string_view owner, std::string_view name, double value, const Field& field);
[[noreturn]] void unknown_option(std::string_view owner, std::string_view name,
                                 const std::vector<std::string>& known);
[[noreturn]] void unknown_choice(std::string_view where, std::string_view text,
                                 const std::vector<std::string>& known);

template <class T>
std::string text_of(const T& value) {
  if constexpr (is_optional<T>::value)
    return value ? text_of(*value) : std::string("auto");
  else if constexpr (std::is_enum_v<T>)
    return std::string(enum_name(value));
  else
    return to_text(value);
}

template <class T>
void value_from(std::string_view where, std::string_view text, T& value) {
  if constexpr (is_optional<T>::value) {
    if (text == "auto") return value.reset();
    typename T::value_type inner{};
    value_from(where, text, inner);
    value = inner;
  } else if constexpr (std::is_enum_v<T>) {
    std::vector<std::string> known;
    for (const auto& [candidate, name] : enum_names(T{})) {
      if (name == text) return void(value = candidate);
      known.emplace_back(name);
    }
    unknown_choice(where, text, known);
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = text;
  } else {
    read(where, text, value);
  }
}

template <class T>
std::string type_of() {
  if constexpr (is_optional<T>::value)
    return type_of<typename T::value_type>();
  else if constexpr (std::is_same_v<T, bool>)
    return "switch";
  else if constexpr (std::is_integral_v<T>)
    return "integer";
  else if constexpr (std::is_floating_point_v<T>)
    return "real";
  else if constexpr (std::is_enum_v<T>)
    return "choice";
  else
    return "text";
}

template <class T>
std::vector<std::string> choices_of() {
  std::vector<std::string> choices;
  if constexpr (is_optional<T>::value)
    return choices_of<typename T::value_type>();
  else if constexpr (std::is_enum_v<T>)
    for (const auto& entry : enum_names(T{})) choices.emplace_back(entry.second);
  return choices;
}

template <class T>
void check_value(std::string_view owner, std::string_view name, const T& value,
                 const Field& field) {
  if constexpr (is_optional<T>::value) {
    if (value) check_value(owner, name, *value, field);
  } else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    check_range(owner, name, static_cast<double>(value), field);
  }
}

}  // namespace option_detail

/// Refuses a text that an option of this kind cannot hold, with the words of assign(), for who
/// knows the option's description and not its struct.  Throws ConfigError.
void check_option_text(std::string_view owner, const FieldInfo& field, std::string_view text);

/// Every option of the struct, in the order of its `fields()`, with the defaults of `Options{}`.
template <class Options>
std::vector<FieldInfo> describe(Options defaults = {}) {
  std::vector<FieldInfo> list;
  Options::fields(defaults, [&](std::string_view name, auto& value, const Field& field) {
    using T = std::remove_reference_t<decltype(value)>;
    list.push_back({std::string(name), std::string(field.help), option_detail::type_of<T>(),
                    option_detail::text_of(value), field.low, field.high, field.from_data,
                    option_detail::choices_of<T>()});
  });
  return list;
}

template <class Options>
OptionMap to_map(const Options& options) {
  OptionMap map;
  Options::fields(options, [&](std::string_view name, const auto& value, const Field&) {
    map.emplace(name, option_detail::text_of(value));
  });
  return map;
}

/// Throws ConfigError if a number is out of its range; otherwise hands the options on, so that
/// constructors can write `options_(checked("vae", options))`.
template <class Options>
const Options& checked(std::string_view owner, const Options& options) {
  Options::fields(options, [&](std::string_view name, const auto& value, const Field& field) {
    option_detail::check_value(owner, name, value, field);
  });
  return options;
}

/// Sets the named options from text.  Throws ConfigError for an unknown name (naming the nearest),
/// an unreadable value, or a number out of range; `options` is then unchanged.
template <class Options>
void assign(std::string_view owner, Options& options, const OptionMap& values) {
  Options next = options;
  std::vector<std::string> known;
  OptionMap left = values;
  Options::fields(next, [&](std::string_view name, auto& value, const Field&) {
    known.emplace_back(name);
    const auto found = left.find(std::string(name));
    if (found == left.end()) return;
    option_detail::value_from(std::string(owner) + "." + std::string(name), found->second, value);
    left.erase(found);
  });
  if (!left.empty()) option_detail::unknown_option(owner, left.begin()->first, known);
  options = checked(owner, next);
}

}  // namespace kiln
