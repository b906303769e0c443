// The face: every input first lets time pass, then does its step.
#include "replica/replica.hpp"

#include <utility>

#include "replica/core.hpp"

namespace hauberk::replica {

replica::replica(settings how, identity who, std::uint64_t seed, base::logger words)
    : core_(std::make_unique<core>(how, std::move(who), seed, std::move(words))) {}
replica::replica(replica&&) noexcept = default;
replica& replica::operator=(replica&&) noexcept = default;
replica::~replica() = default;

void replica::bootstrap(time_point now, uuid history, recovered_position from, bool is_forced) {
  core_->advance(now);
  core_->bootstrap(history, from, is_forced);
}
void replica::join_group(time_point now, recovered_position from) {
  core_->advance(now);
  core_->join_group(from);
}
result<std::uint64_t> replica::broadcast(time_point now, std::vector<base::buffer> payloads) {
  core_->advance(now);
  return core_->broadcast(std::move(payloads));
}
void replica::leave_group(time_point now) {
  core_->advance(now);
  core_->leave_group();
}
result<void> replica::force_primary(time_point now) {
  core_->advance(now);
  return core_->force_primary();
}
void replica::fence(time_point now, std::uint64_t id) {
  core_->advance(now);
  core_->fence(id);
}
void replica::set_flow_policy(flow_policy policy) { core_->set_flow_policy(policy); }

void replica::ask(time_point now, std::uint64_t id, change what) {
  core_->advance(now);
  core_->ask(id, std::move(what));
}
void replica::handle_link_up(time_point now, uuid process, std::string name) {
  core_->advance(now);
  core_->handle_link_up(process, std::move(name));
}
void replica::handle_link_down(time_point now, uuid process) {
  core_->advance(now);
  core_->handle_link_down(process);
}
void replica::handle_refused(time_point now, uuid process) {
  core_->advance(now);
  core_->handle_refused(process);
}
void replica::handle_message(time_point now, uuid from, const envelope& message) {
  core_->advance(now);
  core_->handle_message(from, message);
}
void replica::handle_written(time_point now, uuid process, std::uint64_t bytes) {
  core_->advance(now);
  core_->handle_written(process, bytes);
}
void replica::handle_policy_proof(time_point now, std::uint64_t prepared_in, proof state, std::string words) {
  core_->advance(now);
  core_->handle_policy_proof(prepared_in, state, std::move(words));
}
void replica::handle_time(time_point now) { core_->advance(now); }
void replica::flush(time_point now) {
  core_->advance(now);
  core_->flush();
}
std::optional<effect> replica::next_effect() { return core_->next_effect(); }
std::optional<event> replica::next_event(time_point now) {
  core_->advance(now);
  return core_->next_event();
}
time_point replica::next_deadline() const { return core_->next_deadline(); }
status replica::current() const { return core_->current(); }
view_ptr replica::current_view() const { return core_->current_view(); }
view_ptr replica::newest_view() const { return core_->newest_view(); }
void replica::check() const { core_->check(); }

}  // namespace hauberk::replica
