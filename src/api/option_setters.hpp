// The kinds of values that an option can have, as functions that make setters: how to read the text, which
// range is allowed, and where the value goes.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "api/option_table.hpp"
#include "base/options.hpp"

namespace hauberk::options {

inline verdict good() { return {}; }
inline verdict not_allowed() { return {verdict::kind::not_allowed}; }
inline verdict refused(std::string words) { return {verdict::kind::refused, std::move(words)}; }
inline verdict no_effect(std::string words = {}) { return {verdict::kind::no_effect, std::move(words)}; }

/// `where(draft)` points to the variable that the option sets.
template <typename Where>
setter duration_at(base::duration least, base::duration most, Where where) {
  return [=](draft& to, const std::string& text) {
    const auto read = base::options::parse_duration(text);
    if (!read || *read < least || *read > most) return not_allowed();
    *where(to) = *read;
    return good();
  };
}

template <typename Where>
setter size_at(std::uint64_t least, std::uint64_t most, Where where) {
  return [=](draft& to, const std::string& text) {
    using variable = std::remove_reference_t<decltype(*where(to))>;
    const auto read = base::options::parse_size(text);
    if (!read || *read < least || *read > most) return not_allowed();
    *where(to) = static_cast<variable>(*read);  // the range of every row fits its variable
    return good();
  };
}

template <typename Where>
setter boolean_at(Where where) {
  return [=](draft& to, const std::string& text) {
    const auto read = base::options::parse_boolean(text);
    if (!read) return not_allowed();
    *where(to) = *read;
    return good();
  };
}

template <typename Where>
setter text_at(Where where) {
  return [=](draft& to, const std::string& text) {
    *where(to) = text;
    return good();
  };
}

/// The value is checked, and does nothing yet: harmless, so a note says so.
template <typename Read>
setter checked_only(Read read, std::string why = {}) {
  return [=](draft&, const std::string& text) { return read(text) ? no_effect(why) : not_allowed(); };
}

/// Nothing to check.
inline setter ignored(std::string why) {
  return [=](draft&, const std::string&) { return no_effect(why); };
}

}  // namespace hauberk::options
