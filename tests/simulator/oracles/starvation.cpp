// Starvation: in the calm every broadcast of a primary member commits within the patience, whoever made it
// and whatever the others send meanwhile: a modest sender beside a greedy one gets its share. What somebody
// has delivered is committed: when its sender hears of it is a matter of its own link, which may take long
// where the others alone are a quorum, and their window full of what it still lacks.
#include <map>

#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class starvation final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "starvation"; }

  void handle_calm(duration patience) override {
    patience_ = patience;
    since_ = seen_.now;
  }

  void handle_step(const witness& who, const replica::status& now) override {
    if (patience_ == duration{} || who.broadcasts.empty()) return;
    std::size_t& oldest = oldest_[who.id];
    while (oldest < who.broadcasts.size() &&
           (who.broadcasts[oldest].end != fate::open || who.broadcasts[oldest].position != 0))
      ++oldest;
    if (!now.primary || who.is_leaving || who.is_paused) {
      free_[who.id] = seen_.now;  // it waits anew when it is primary again
      return;
    }
    if (oldest == who.broadcasts.size()) return;
    const time_point from = std::max({who.broadcasts[oldest].made, since_, free_[who.id]});
    if (seen_.now <= from + patience_) return;
    fail(who.name + " has waited for " + std::to_string((seen_.now - from) / 1ms) +
         " ms for the end of its broadcast " + std::to_string(oldest + 1) + " of " +
         std::to_string(who.broadcasts.size()) + ", at most " + std::to_string(patience_ / 1ms) +
         " ms are allowed when nothing disturbs the group");
  }

 private:
  duration patience_{};
  time_point since_{};
  std::map<uuid, std::size_t> oldest_;  ///< index of the first broadcast that is open
  std::map<uuid, time_point> free_;     ///< when it was last not primary
};

}  // namespace

std::unique_ptr<oracle> make_starvation(const chronicle& seen) { return std::make_unique<starvation>(seen); }

}  // namespace hauberk::simulator
