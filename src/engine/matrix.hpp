// The link matrix: what this node knows of every member's certificate, and of the links between the members.
// Of its own links it knows first hand; of the others each member tells its own (mesh::link_report), so that
// whoever lies can lie about its own row alone, and what the two ends of a link say is compared. This is
// information for people: it is not ordered, members may differ in it for a moment, and nothing is decided by
// it. Bounded by members times members.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "mesh/messages.hpp"
#include "net/transport.hpp"
#include "replica/view.hpp"
#include "tls/context.hpp"

namespace hauberk::engine {

/// What is known at one moment, by process.
struct link_knowledge {
  std::map<uuid, std::shared_ptr<const mesh::link_report>> told;      ///< by each of its own links
  std::map<uuid, std::shared_ptr<const tls::certificate>> certified;  ///< where there is a certificate
};
using link_knowledge_ptr = std::shared_ptr<const link_knowledge>;

/// How the word of one end compares with the word of the other.
enum class agreement : std::uint8_t { missing, alone, agreed, disputed };

/// One cell of the matrix.
struct link_cell {
  std::size_t from = 0, to = 0;         ///< indices
  const mesh::told_link* is = nullptr;  ///< as `from` tells it; null = it has told nothing of it
  agreement how = agreement::missing;
};

/// A cell for every ordered pair of these processes. Valid as long as `from`.
[[nodiscard]] std::vector<link_cell> cells_of(const link_knowledge& from, const std::vector<uuid>& among);

class matrix {
 public:
  // Connections.

  void add(net::connection_id id, mesh::told_link what, std::optional<tls::certificate> shown);
  void remove(net::connection_id id) { up_.erase(id); }
  /// The link in use to `process` is `id` from now on; or there is none.
  void use(const uuid& process, net::connection_id id);
  void leave(const uuid& process);

  /// Our own certificate; nothing in a plaintext group.
  void set_own(const uuid& self, const tls::certificate* shown);
  /// From a process that we have a link with. `members` is the newest view, or null.
  void hear(const uuid& from, mesh::link_report&& what, const replica::view* members);
  /// At the end of a round: what was told by processes that have no link any more is forgotten.
  void tidy();

  /// Our own row, when it is time to tell it to all peers: after each change, but not all the time.
  [[nodiscard]] std::optional<mesh::link_report> next_report(base::time_point now,
                                                             const replica::view* members);
  [[nodiscard]] base::time_point next_deadline() const { return due_; }
  /// The processes that it goes to.
  [[nodiscard]] std::vector<uuid> peers() const;
  /// What is known now; the same pointer until that changes.
  [[nodiscard]] const link_knowledge_ptr& known();

 private:
  struct connection {
    mesh::told_link is;
    std::shared_ptr<const tls::certificate> shown;
  };
  void change_own_row();

  uuid self_;
  std::shared_ptr<const tls::certificate> own_;
  std::map<net::connection_id, connection> up_;
  std::map<uuid, connection> used_;
  std::map<uuid, std::shared_ptr<const mesh::link_report>> told_;  // by others
  bool has_left_ = false;                                          // one of these, perhaps
  base::time_point due_ = base::never;                             // the next report
  base::time_point earliest_{};                                    // the one after it
  link_knowledge_ptr known_;                                       // null = to be made anew
};

}  // namespace hauberk::engine
