// How revocation lists spread: each node tells its links which lists it has in force, and asks whoever has a
// newer one of a CA that counts here. "The newest of each issuer" is the same in whatever order nodes hear of
// them, so it needs no log, no quorum and no view, and an older one anywhere changes nothing.
//
// Nobody is sent what he did not ask for, and nobody is asked for what could not count: so an answer that is
// not what was announced is a lie, and its link ends. Per link one question is open at a time, each gets one
// answer, and none is asked again after its answer: so a peer can keep nobody at work. A list that cannot
// count for now is asked for again after a while: clocks, files and the policy change.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "mesh/messages.hpp"
#include "net/transport.hpp"
#include "tls/lists.hpp"

namespace hauberk::engine {

class list_spread {
 public:
  static constexpr base::duration rest = std::chrono::seconds(2);   ///< between two lists of a CA
  static constexpr base::duration again = std::chrono::minutes(1);  ///< for one that was declined

  /// What counts here now, also what others cannot be told, and of which issuers a list would.
  void set_own(base::time_point now, std::vector<tls::revocation_list> in_force,
               std::function<bool(const std::string&)> takes);

  /// Of the encrypted link to a peer that is in use from now on, or no longer.
  void handle_up(net::connection_id id, std::string name);
  void handle_down(net::connection_id id) { links_.erase(id); }
  [[nodiscard]] bool knows(net::connection_id id) const { return links_.contains(id); }
  /// Of the peer at its other end; of one that is known.
  [[nodiscard]] const std::string& name_of(net::connection_id id) const { return links_.at(id).name; }

  void handle_lists(base::time_point now, net::connection_id id, const mesh::lists& told);
  void handle_request(base::time_point now, net::connection_id id, const mesh::list_request& wanted);
  /// The list to be judged now; nothing for what was not asked for. Errors: refused, the link should end.
  [[nodiscard]] result<std::optional<base::buffer>> handle_answer(net::connection_id id,
                                                                  const mesh::list_answer& what);
  /// A list was taken from somebody; it is in force. (One that was not may not make its CA rest, or a liar
  /// could keep the next one away with it.)
  void handle_taken(base::time_point now, const base::list_id& was);
  /// What came of the answer: it was this one, good and in force. Errors: refused, it is not what was
  /// announced.
  [[nodiscard]] result<void> handle_good(base::time_point now, net::connection_id id,
                                         const base::list_id& was);
  /// Or one that does not count here for now, without anybody's fault. True for the first time that this link
  /// brings it. Errors: refused, there are too many of them.
  [[nodiscard]] result<bool> handle_declined(base::time_point now, net::connection_id id);
  /// Or it is no list of a CA of ours. Errors: refused, in these words; none when we have given up that CA
  /// since we asked.
  [[nodiscard]] result<void> handle_forged(base::time_point now, net::connection_id id,
                                           const std::string& why);

  void handle_time(base::time_point now);
  [[nodiscard]] base::time_point next_deadline() const { return next_; }

  struct words {
    net::connection_id to = 0;
    wire::message what;
  };
  /// What is to be said since the last call.
  [[nodiscard]] std::vector<words> take_words() { return std::exchange(words_, {}); }

 private:
  struct given {
    std::string digest;
    base::time_point at;
  };
  struct link {
    std::string name;
    std::vector<base::list_id> told{};                   ///< in force there
    std::optional<base::list_id> asked{};                ///< and not answered, as it was announced
    std::optional<base::list_id> judging{};              ///< answered, and not judged
    std::map<std::string, given> sent{};                 ///< by issuer
    std::map<std::string, std::string> good{};           ///< by issuer: digest of the last one, as announced
    std::map<std::string, base::time_point> declined{};  ///< by digest: not asked for before
    unsigned strays = 0;
  };
  [[nodiscard]] const tls::revocation_list* own(const std::string& issuer) const;
  [[nodiscard]] mesh::lists in_force() const;
  [[nodiscard]] bool is_wanted(base::time_point now, const link& from, const base::list_id& one) const;
  void ask(base::time_point now, net::connection_id id, link& from);

  std::vector<tls::revocation_list> in_force_;
  std::function<bool(const std::string&)> takes_;
  std::map<net::connection_id, link> links_;
  std::map<std::string, base::time_point> rests_;  // by issuer: nobody is asked for a list of it before
  base::time_point next_ = base::never;
  std::vector<words> words_;
};

}  // namespace hauberk::engine
