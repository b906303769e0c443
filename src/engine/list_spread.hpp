// How revocation lists spread: each node tells its links which lists it has in force, and asks whoever has a
// newer one of a CA that counts here. "The newest of each issuer" is the same in whatever order nodes hear of
// them, so it needs no log, no quorum and no view, and an older one anywhere changes nothing.
//
// Nobody is sent what he did not ask for, and nobody is asked for what could not count: so an answer that is
// not what was announced is a lie, and its link ends. Per link one question is open at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mesh/messages.hpp"
#include "net/transport.hpp"
#include "tls/lists.hpp"

namespace hauberk::engine {

class list_spread {
 public:
  /// What counts here now, and of which issuers a list would.
  void set_own(std::vector<tls::revocation_list> in_force, std::function<bool(const std::string&)> takes);

  /// Of the encrypted link to a peer that is in use from now on, or no longer.
  void handle_up(net::connection_id id, std::string name);
  void handle_down(net::connection_id id) { links_.erase(id); }
  [[nodiscard]] bool knows(net::connection_id id) const { return links_.contains(id); }
  /// Of the peer at its other end; of one that is known.
  [[nodiscard]] const std::string& name_of(net::connection_id id) const { return links_.at(id).name; }

  void handle_lists(net::connection_id id, const mesh::lists& told);
  void handle_request(net::connection_id id, const mesh::list_request& wanted);
  /// The list to be judged now; nothing for what was not asked for. Errors: refused, the link should end.
  [[nodiscard]] result<std::optional<base::buffer>> handle_answer(net::connection_id id,
                                                                  const mesh::list_answer& what);
  /// What came of the answer: it was this one, good and in force. Errors: refused, it is not what was
  /// announced.
  [[nodiscard]] result<void> handle_good(net::connection_id id, const base::list_id& was);
  /// Or one that does not count here for now, without anybody's fault: it is not asked for again. Errors:
  /// refused, there are too many of them.
  [[nodiscard]] result<void> handle_declined(net::connection_id id);
  /// Or it is no list of a CA of ours. Errors: refused, in these words; none when we have given up that CA
  /// since we asked.
  [[nodiscard]] result<void> handle_forged(net::connection_id id, const std::string& why);

  struct words {
    net::connection_id to = 0;
    wire::message what;
  };
  /// What is to be said since the last call.
  [[nodiscard]] std::vector<words> take_words() { return std::exchange(words_, {}); }

 private:
  struct link {
    std::string name;
    std::vector<base::list_id> told{};           ///< in force there
    std::optional<base::list_id> asked{};        ///< and not answered, as it was announced
    std::optional<base::list_id> judging{};      ///< answered, and not judged
    std::map<std::string, std::string> given{};  ///< by issuer: digest of the list that was sent
    std::vector<std::string> declined{};         ///< digests
    unsigned strays = 0;
  };
  [[nodiscard]] const tls::revocation_list* own(const std::string& issuer) const;
  [[nodiscard]] mesh::lists in_force() const;
  [[nodiscard]] bool is_wanted(const link& from, const base::list_id& one) const;
  void ask(net::connection_id id, link& from);

  std::vector<tls::revocation_list> in_force_;
  std::function<bool(const std::string&)> takes_;
  std::map<net::connection_id, link> links_;
  std::vector<words> words_;
};

}  // namespace hauberk::engine
