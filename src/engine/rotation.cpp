// How this member carries out the steps of the group's policy (PROTOCOL 11): what is prepared is loaded
// beside what is in force, off the strand; links are made with it to all members, which is the proof; and
// with the activation it is what everything goes by.
#include <algorithm>
#include <utility>

#include "engine/engine.hpp"
#include "link/greeting.hpp"

namespace hauberk::engine {

result<std::string> engine::change_policy(const wish& wanted, bool is_trial,
                                          std::chrono::milliseconds timeout) {
  if (submissions_.is_closed()) return error(errc::closed, "the group was left: join again");
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto made = guard_.propose([&](common_settings& to) { return grant(wanted, to); });
    if (!made) return made.error();
    const auto left = std::max(end - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration{});
    auto answer =
        change([made = *made, is_trial](const replica::view& in) { return propose(made, is_trial, in); },
               std::chrono::ceil<std::chrono::milliseconds>(left));
    const bool is_stale = !answer && answer.error().code == errc::superseded;
    if (!is_stale || !guard_.wait_for_another(made->from, end)) return answer;
  }
}

// Made from what is in force here: a member that has not followed the group yet has to look again.
result<replica::change> engine::propose(const guard::proposal& made, bool is_trial, const replica::view& in) {
  if (in.policy.text != made.from)
    return error(errc::superseded, "the group's policy is number " + std::to_string(in.policy.number) +
                                       " now, and this was made from another one: ask again");
  return replica::change(replica::policy_change{made.text, in.policy.number, is_trial});
}

result<void> engine::grant(const wish& wanted, common_settings& to) const {
  for (const auto& [key, value] : wanted)
    if (auto done = how_.set_common(to, key, value); !done) return done;
  return {};
}

result<void> engine::set_file(std::string tls::settings::*which, std::string path) {
  guard_.set_file(which, std::move(path));
  const std::lock_guard hold(watch_mutex_);
  if (watch_ != nullptr) {
    watch_.reset();
    watch_ = make_watch();
  }
  return {};
}

// The state file's policy or the configuration's (DESIGN 5): what the group has agreed on counts for as long
// as nobody edits the configuration, and an edited one never takes a group back to plaintext.
result<void> engine::choose_policy() {
  const std::string configured = guard_.current()->policy_text;
  const replica::group_policy known = saved_.known.policy();
  identity_.policy.number = std::max<std::uint64_t>(known.number, 1);
  const bool is_unedited = without_anchors(configured) == saved_.configured;
  saved_.configured = without_anchors(configured);
  if (!known.text.empty() && known.text != configured) {
    const auto loaded = is_unedited ? guard_.load(known.text) : result<protection_ptr>(nullptr);
    const std::string number = std::to_string(known.number);
    if (is_unedited && loaded) {
      how_.log(base::level::info, "the group's policy number " + number +
                                      " is in force, as the state file has it; "
                                      "the configuration has its first one: " +
                                      link::policy_difference(known.text, configured));
    } else if (is_encrypted(known.text) && !is_encrypted(configured) && !how_.bootstrap_forced) {
      return error(
          errc::bad_option,
          "socket.ssl=no is refused: the group is encrypted since its policy number " + number +
              (loaded ? std::string() : ", which cannot be loaded here (" + loaded.error().text + ")") +
              ", and within its history there is no way back. Set socket.ssl=yes and the files of "
              "this node; or stop all nodes, and begin a new history at one of them (pc.bootstrap=force)");
    } else {
      ++identity_.policy.number;
      how_.log(base::level::info, "the configuration's policy is in force, and not number " + number +
                                      " of the state file" +
                                      (loaded ? "" : ", which cannot be loaded: " + loaded.error().text) +
                                      "; " + link::policy_difference(configured, known.text));
    }
  }
  const protection_ptr now = guard_.current();
  identity_.policy.text = now->policy_text;
  material_ = now->number;
  compression_ = now->compression;
  how_.replication.policy = now->flow;
  if (known.prepared.empty() || known.text != now->policy_text) return {};
  if (const auto next = guard_.prepare(known.prepared); !next)  // it may have been activated without us
    how_.log(base::level::warning,
             "the policy that was prepared when this node stopped cannot be loaded: " + next.error().text);
  return {};
}

// ---- the strand ----

void engine::carry_out(replica::apply_policy& one) {
  wanted_ = std::move(one.what);
  follow_policy();
}

// Each step that has to be taken, one at a time: what is loaded off the strand comes back as `policy_loaded`.
void engine::follow_policy() {
  if (is_loading_ || !wanted_ || is_retired_) return;
  const replica::group_policy& wanted = wanted_->policy;
  const auto has = guard_.both();
  const bool is_prepared = has.prepared != nullptr && has.prepared->policy_text == wanted.prepared;
  if (wanted.text != has.now->policy_text) {
    if (has.prepared == nullptr || has.prepared->policy_text != wanted.text)
      return load_policy({0, wanted.text, {}});
    guard_.activate();
    if (how_.watches_files && !has.now->security) (void)watch(true);
    enter_policy();
  } else if (has.prepared != nullptr && !is_prepared) {
    guard_.drop();
    use_policies();
    how_.log(base::level::info, "what was prepared as the group's policy is dropped");
  }
  const bool has_failed = failed_in_ == wanted.prepared_in;
  if (!wanted.prepared.empty() && !is_prepared && !has_failed)
    load_policy({wanted.prepared_in, wanted.prepared, {}});
}

void engine::load_policy(policy_loaded wanted) {
  is_loading_ = true;
  worker_.run([this, one = std::move(wanted)]() mutable {
    const auto loaded = one.prepared_in == 0 ? guard_.load(one.text) : guard_.prepare(one.text);
    if (!loaded)
      one.done = loaded.error();
    else
      guard_.settle_lists();
    tell(std::move(one));
  });
}

void engine::handle(policy_loaded& one) {
  is_loading_ = false;
  if (is_retired_) return;
  const bool is_preparing = one.prepared_in != 0;
  if (!one.done && !is_preparing)
    return give_up(errc::bad_file, "this node cannot carry out the policy that the group has agreed on: " +
                                       one.done.error().text);
  if (!one.done) {
    how_.log(base::level::error,
             "this node cannot carry out the policy that is proposed: " + one.done.error().text);
    failed_in_ = one.prepared_in;
    replica_->handle_policy_proof(now_, one.prepared_in, replica::proof::cannot, one.done.error().text);
  } else if (is_preparing) {
    how_.log(base::level::info, "a policy is prepared: links are made with it, beside those in use");
    use_policies();
  } else {
    enter_policy();
  }
  follow_policy();
}

// What was loaded or prepared is in force.
void engine::enter_policy() {
  const protection_ptr now = guard_.current();
  material_ = std::max(material_, now->number);
  compression_ = now->compression;
  replica_->set_flow_policy(now->flow);
  use_policies();
  transport_->review();
  next_look_ = now_;
  how_.log(base::level::info, "the group's policy number " + std::to_string(wanted_->policy.number) +
                                  " is in force, digest " + now->policy_digest.substr(0, 16));
  for (auto& [id, who] : visitors_)
    if (who.waits) ask_for(id, who);
}

void engine::use_policies() {
  const auto has = guard_.both();
  mesh::policies allowed{has.now->policy_digest};
  if (has.prepared != nullptr) allowed.prepared = has.prepared->policy_digest;
  mesh_->use_policies(now_, std::move(allowed));
  matrix_.set_own(identity_.process, has.now->security ? &has.now->security->own() : nullptr);
  said_proof_.reset();
  use_lists();
}

// With every member of the newest view a link made with what is prepared: then this member can.
void engine::prove_policy() {
  if (!wanted_ || is_loading_ || is_retired_ || wanted_->policy.prepared.empty()) return;
  const protection_ptr next = guard_.prepared();
  const auto view = replica_->newest_view();
  if (next == nullptr || !view || next->policy_text != wanted_->policy.prepared) return;
  std::string missing;
  for (const replica::member& one : view->members) {
    const uuid& process = one.seat.process;
    if (process == identity_.process || mesh_->is_linked_by(process, next->policy_digest)) continue;
    const std::string why = mesh_->trouble_with(process);
    missing += (missing.empty() ? "no link made with it to " : ", nor to ") + one.name +
               (why.empty() ? "" : " (" + why + ")");
  }
  if (said_proof_ == missing) return;
  said_proof_ = missing;
  const auto state = missing.empty() ? replica::proof::proved : replica::proof::pending;
  replica_->handle_policy_proof(now_, wanted_->policy.prepared_in, state, std::move(missing));
}

void engine::deliver(replica::policy_event& one) {
  const replica::group_policy& what = one.what->policy;
  std::string text = "policy: ";
  switch (what.step) {
    case replica::policy_step::prepare:
      text += what.by + (what.is_trial ? " tries" : " proposes") +
              " another one: " + link::policy_difference(what.text, what.prepared);
      break;
    case replica::policy_step::activate:
      text += "number " + std::to_string(what.number) + ", proposed by " + what.by +
              ", is in force from position " + std::to_string(one.position);
      break;
    case replica::policy_step::abort:
    case replica::policy_step::none:
      text += "what " + what.by + " proposed is aborted" +
              (what.culprit.empty() ? "" : " because of " + what.culprit) + ": " + what.words;
      break;
  }
  how_.log(
      what.step == replica::policy_step::abort && !what.is_trial ? base::level::warning : base::level::info,
      text);
  delivery_.stage(std::move(one));
}

}  // namespace hauberk::engine
