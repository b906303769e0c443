// What the mesh's parts share: mesh.cpp, the face and the addresses, and links.cpp, which link of several is
// used and when it is replaced.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mesh/book.hpp"
#include "mesh/mesh.hpp"

namespace hauberk::mesh {

struct link_state {
  uuid process;
  bool dialled = false;
  bool is_closing = false;
  bool was_used = false;  ///< announced to the replica, now or before: never again
  time_point since{};
  time_point close_at = base::never;
  std::uint64_t material = 0;  ///< number of the certificates it was made with
  std::string policy;          ///< digest of the one it was made by
  bool is_worn = false;        ///< its keys have been used enough
  bool is_successor = false;   ///< it took the place of a settled one
};

struct process_state {
  std::string name;
  std::string address;  ///< where it listens, as far as it told; may be empty
  std::optional<connection_id> used;
  bool is_displaced = false;          ///< another process answers at its address now
  bool is_forgotten = false;          ///< no member any more: not dialled once its link ends
  time_point renew_at = base::never;  ///< when the link in use is to be replaced, if it still has to be
  unsigned renewals = 0;              ///< dials made for that
};

struct mesh::machine {
  machine(settings s, std::uint64_t seed, base::logger l)
      : how(std::move(s)), words(std::move(l)), addresses(how.retry_min, how.retry_max, seed) {}

  settings how;
  base::logger words;
  book addresses;
  std::map<uuid, process_state> processes;
  std::map<connection_id, link_state> links;
  std::deque<effect> effects;
  bool is_started = false;
  std::uint64_t material = 0;  ///< links made with older certificates are to be replaced
  std::optional<policies> allowed;
  std::optional<std::string> given_up;  ///< was prepared: links by it last until they are replaced, or until:
  time_point given_up_end{};

  [[nodiscard]] bool is_linked(const uuid& process) const {
    const auto at = processes.find(process);
    return at != processes.end() && at->second.used.has_value();
  }
  [[nodiscard]] bool decides(const uuid& process) const { return how.self < process; }
  book_entry* obtain(const std::string& address, time_point due) {
    return addresses.obtain(address, due, [this](const uuid& owner) { return is_linked(owner); });
  }

  void seed(time_point now, const std::vector<std::string>& seeds);
  void learn_hello(time_point now, const std::string& address, const hello& peer);
  void answered(const std::string& address, book_entry& entry, const hello& peer);
  void displace(const uuid& old, const uuid& by, const std::string& address);
  void choose(time_point now, connection_id id, const uuid& process);
  [[nodiscard]] bool wins(time_point now, const link_state& newer, const link_state& older) const;
  void follow(time_point now, connection_id id);
  void replace(process_state& process, connection_id id);
  void use(process_state& process, connection_id id);
  void retire(time_point now, connection_id id);
  void close_duplicate(connection_id id, link_state& link);
  void close(connection_id id, errc code, std::string why);
  /// How much a link is wanted for the policy it was made by: 2 best, 0 not for long.
  [[nodiscard]] unsigned rank(const link_state& link) const;
  [[nodiscard]] bool is_allowed(const std::string& policy) const {
    return !allowed || policy == allowed->active || policy == allowed->prepared;
  }
  [[nodiscard]] bool is_stale(const link_state& link) const {
    return link.is_worn || link.material < material || rank(link) < 2;
  }
  void end_links(time_point now);
  void drop(time_point now, connection_id id);
  void move_all(time_point now);
  bool plan_renewal(time_point now, unsigned turn, process_state& process);
  void renew(time_point now);
  void dial_again(const uuid& owner, process_state& process);
  void begin_dial(const std::string& address, book_entry& entry, bool may_fall_back);
  void lost(time_point now, const uuid& process, const link_state& link, const hauberk::error& why);
  void learn(time_point now, const peer_address& told);
  void drop_addresses(time_point now, const uuid& process);
  void tidy_process(const uuid& process);
  void note(const std::string& address, book_entry& entry, const std::string& text);
  [[nodiscard]] peers known() const;
  void tell_all();
  [[nodiscard]] bool may_dial(const book_entry& entry) const;
  void schedule(time_point now);
};

}  // namespace hauberk::mesh
