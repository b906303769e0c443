// Until when the certificates in use are valid: of this node and of every peer with a link. Tells 30, 7 and 1
// day ahead and at the end, once each; when too many end for a quorum; and which share a serial, so that none
// of them can be revoked alone. Told the time, it knows no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "net/transport.hpp"
#include "replica/view.hpp"
#include "tls/context.hpp"

namespace hauberk::engine {

class expiry {
 public:
  /// The certificate of this node, again after each reload.
  void set_own(std::string name, tls::certificate shown);
  /// The trust anchors of this node. Those that signed one of the certificates above are watched; one that
  /// is on its way out, or not in use yet, is not.
  void set_anchors(std::vector<tls::certificate> all) { anchors_ = std::move(all); }
  void add(net::connection_id id, std::string name, tls::certificate shown);
  void remove(net::connection_id id) { peers_.erase(id); }

  /// Of the peers whose certificate is such.
  [[nodiscard]] std::vector<std::string> names_of(
      const std::function<bool(const tls::certificate&)>& is_such) const;

  /// Whose end it is.
  enum class subject : std::uint8_t { own, peer, anchor, quorum };
  /// An end that is near: 30, 7 or 1 day ahead, or 0, there.
  struct warning {
    subject of = subject::own;
    std::string member;   ///< whose certificate; empty for anchor and quorum
    std::string shown;    ///< the certificate's subject; empty for quorum
    std::int64_t at = 0;  ///< seconds since 1970 (UTC)
    unsigned days = 0;
  };
  struct line {
    base::level at;
    std::string text;
    std::optional<warning> about{};  ///< what the application hears, too
  };
  struct ended {
    net::connection_id id = 0;
    std::string text;  ///< why the link is to be closed
  };
  struct findings {
    std::vector<line> lines;
    std::vector<ended> over;  ///< links of peers whose certificate is over, each told once
    /// Ends in seconds since 1970 (UTC), 0 = not known: of this node's, of the peers' next one, of the next
    /// anchor in use, and of the last moment at which members of `in` with more than half of its weight still
    /// have one.
    std::int64_t own = 0, peers = 0, anchors = 0, quorum = 0;
  };
  /// What there is to tell at `now`, seconds since 1970 (UTC). `in` may be null.
  [[nodiscard]] findings check(std::int64_t now, const replica::view* in);

 private:
  struct known {
    std::string name;
    tls::certificate shown;
    bool is_over = false;
  };
  void check_one(std::int64_t now, const known& one, bool is_own, findings& into);
  void check_anchors(std::int64_t now, findings& into);
  /// The anchor that signed `shown`, the longest valid of its name; null when that was an intermediate.
  [[nodiscard]] const tls::certificate* anchor_of(const tls::certificate& shown) const;
  /// When it does not count any more: its own end, or its anchor's.
  [[nodiscard]] std::int64_t end_of(const tls::certificate& shown) const;
  void check_serial(const known& one, const known& other, findings& into);
  void check_quorum(std::int64_t now, const replica::view& in, findings& into);
  /// True when `stage`, days ahead, was not told of `what` yet.
  bool is_news(const std::string& what, int stage);

  std::optional<known> own_;
  std::vector<tls::certificate> anchors_;
  std::map<net::connection_id, known> peers_;
  std::map<std::string, int> told_;  ///< by fingerprint: the nearest stage
  std::set<std::string> serials_;    ///< told of
};

}  // namespace hauberk::engine
