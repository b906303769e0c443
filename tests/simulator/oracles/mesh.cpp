// Mesh: a leader admits a member only when it has had a link with every other member of the view lately, seen
// from both ends. Whoever attests does so in a beat, so what is lost meanwhile may still be believed for as
// long as a member may be silent.
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class mesh final : public oracle {
 public:
  mesh(const chronicle& seen, const replica::settings& limits)
      : oracle(seen), belief_(limits.inactive_timeout + limits.suspect_timeout * 2) {}
  [[nodiscard]] const char* name() const override { return "mesh"; }

  void handle_proposed(const witness& leader, const replica::view& what) override {
    if (what.members.size() == 1) return;
    for (const seat_id& joined : what.joined) {
      for (const auto& other : what.members) {
        if (other.seat != joined) judge(leader, what, joined, other);
      }
    }
  }

 private:
  void judge(const witness& leader, const replica::view& what, const seat_id& joined,
             const replica::member& other) const {
    const auto linked = seen_.linked_until(joined.process, other.seat.process);
    if (linked && *linked + belief_ >= seen_.now) return;
    fail(leader.name + " admits " + base::to_string(joined) + " with view " + std::to_string(what.number) +
         ", but its link with " + other.name + " " +
         (linked ? "is gone since " + std::to_string((seen_.now - *linked) / std::chrono::milliseconds(1)) +
                       " ms"
                 : std::string("never was")));
  }

  base::duration belief_;
};

}  // namespace

std::unique_ptr<oracle> make_mesh(const chronicle& seen, const replica::settings& limits) {
  return std::make_unique<mesh>(seen, limits);
}

}  // namespace hauberk::simulator
