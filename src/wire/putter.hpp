// Writes the fields of structs into frames: names are asserted to be within their bounds, as whoever let them
// in has checked them; what is only for people is cut.
#pragma once

#include <string>

#include "base/assert.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "proto/hauberk.pb.h"

namespace hauberk::wire {

namespace limits = base::limits;

inline void put(std::string* into, const uuid& id) {
  if (id.is_nil()) {
    into->clear();
  } else {
    into->assign(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  }
}

inline void put(Seat* into, const base::seat_id& seat) {
  put(into->mutable_process(), seat.process);
  into->set_number(seat.number);
}

inline void put_name(std::string* into, const std::string& name) {
  HAUBERK_ASSERT(name.size() <= limits::name_bytes_max, "names are checked where they come in");
  *into = name;
}

inline void put_address(std::string* into, const std::string& address) {
  HAUBERK_ASSERT(address.size() <= limits::address_bytes_max, "addresses are checked where they come in");
  *into = address;
}

inline void put_text(std::string* into, const std::string& text) {
  into->assign(text, 0, limits::reason_bytes_max);
}

inline void put_ban_text(std::string* into, const std::string& text) {
  into->assign(text, 0, limits::ban_text_bytes_max);
}

inline void put_policy(std::string* into, const std::string& text) {
  HAUBERK_ASSERT(text.size() <= limits::policy_bytes_max, "policies are checked where they come in");
  *into = text;
}

}  // namespace hauberk::wire
