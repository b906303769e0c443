#include "simulator/protection.hpp"

#include "simulator/network.hpp"

namespace hauberk::simulator {

protection::protection(const world& time, std::size_t owner) : time_(time), owner_(owner) {
  configured_.number = 1;
  configured_.text = "p1";
  known_ = configured_;
}

void protection::put_in_force(const replica::group_policy& now) {
  if (now.text != known_.text) retired_ = known_.text;
  if (now.text == retired_ || now.prepared == retired_) retired_.clear();  // it may come back
  known_ = now;
}

void protection::start(const replica::record& file) {
  const replica::group_policy kept = file.policy();
  retired_.clear();
  known_ = kept.number >= configured_.number ? kept : configured_;
  is_ready_ = !known_.prepared.empty() && can() && loading_time() < 400ms;
}

void protection::configure(const replica::group_policy& now) {
  configured_ = {};
  configured_.number = now.number;
  configured_.text = now.text;
  put_in_force(configured_);
  is_ready_ = false;
}

void protection::apply(const replica::group_policy& now) {
  is_ready_ = is_ready_ && known_.prepared == now.prepared && !now.prepared.empty();
  put_in_force(now);
}

void protection::finish_loading(std::uint64_t view) {
  if (!known_.prepared.empty() && known_.prepared_in == view) is_ready_ = true;
}

// The same machine has the same trouble with it, whenever it tries.
base::random protection::chance() const {
  std::uint64_t mixed = owner_;
  for (const char c : known_.prepared) mixed = mixed * 131 + static_cast<unsigned char>(c);
  return time_.stream(part::policy, mixed);
}

bool protection::can() const { return !known_.prepared.starts_with(drawn_policy) || !chance().percent(6); }

duration protection::loading_time() const {
  if (!known_.prepared.starts_with(drawn_policy)) return 0us;
  base::random drawn = chance();
  (void)drawn.next();
  if (drawn.percent(5)) return 3600s;  // it hangs
  return drawn.below(duration(400ms));
}

std::vector<std::string> protection::texts() const {
  if (is_ready_) return {known_.prepared, known_.text};
  return {known_.text};
}

}  // namespace hauberk::simulator
