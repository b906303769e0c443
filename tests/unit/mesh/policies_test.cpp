// The mesh while the group changes its policy: all links move to the prepared one and on or back, without a
// moment without a link, whenever each node hears of it; and where a link breaks meanwhile there is always a
// policy in common.
#include "unit/mesh/groups.hpp"

namespace hauberk::mesh::testing_ {
namespace {

/// Tells all, each after up to `late`; how long it takes until every link is by `policy`.
base::duration tell_all(network& net, std::size_t size, const policies& which, const std::string& policy,
                        base::duration late = 300ms) {
  const time_point begun = net.now();
  for (std::size_t i = 0; i < size; ++i)
    net.at(net.chance().below(late), [&net, i, which] { net.use_policies(i, which); });
  net.run(late);
  while (!net.all_linked_by(policy) && net.now() - begun < 60s) net.run(10ms);
  return net.now() - begun;
}

void start_with_one(network& net, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) net.use_policies(i, {"p1"});
}

void expect_no_gaps(network& net, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(net.at(i).gaps, 0U) << "node " << i;
}

void expect_quiet(network& net) {
  const std::size_t dials = net.dials();
  net.run(60s);
  EXPECT_EQ(net.dials(), dials);
}

TEST(MeshPolicies, AllMoveToAPreparedOneAndOnOrBack) {
  base::duration longest{};
  with_linked_groups(200, [&](network& net, std::size_t size) {
    start_with_one(net, size);
    const bool is_activated = net.chance().percent(50);
    longest = std::max(longest, tell_all(net, size, {"p1", "p2"}, "p2"));
    net.run(net.chance().below(base::duration(5s)));
    const std::string after = is_activated ? "p2" : "p1";
    longest = std::max(longest, tell_all(net, size, {after}, after));
    net.run(12s);  // duplicates take their time
    net.expect_full_mesh();
    EXPECT_TRUE(net.none_made_by(is_activated ? "p1" : "p2"));
    expect_no_gaps(net, size);
    expect_quiet(net);
  });
  EXPECT_LT(base::seconds(longest), 2.5);
}

TEST(MeshPolicies, NineNodesTakeNotMuchLonger) {
  const auto test = [](network& net, std::size_t size) {
    start_with_one(net, size);
    EXPECT_LT(base::seconds(tell_all(net, size, {"p1", "p2"}, "p2")), 4.0);
    EXPECT_LT(base::seconds(tell_all(net, size, {"p2"}, "p2")), 1.0);
    expect_no_gaps(net, size);
  };
  with_linked_groups(10, test, 9);
}

TEST(MeshPolicies, OneAfterTheOtherWithoutAPause) {
  with_linked_groups(50, [](network& net, std::size_t size) {
    start_with_one(net, size);
    std::string active = "p1";
    for (int round = 2; round < 8; ++round) {
      const std::string next = "p" + std::to_string(round);
      EXPECT_LT(base::seconds(tell_all(net, size, {active, next}, next)), 4.0) << next;
      if (net.chance().percent(60)) active = next;
      tell_all(net, size, {active}, active, 50ms);
    }
    net.run(12s);
    net.expect_full_mesh();
    expect_no_gaps(net, size);
    expect_quiet(net);
  });
}

TEST(MeshPolicies, OneThatHearsLateKeepsItsLinks) {
  with_linked_groups(100, [](network& net, std::size_t size) {
    start_with_one(net, size);
    const std::size_t late = net.chance().below(size);
    for (std::size_t i = 0; i < size; ++i)
      if (i != late) net.use_policies(i, {"p1", "p2"});
    net.run(net.chance().below(base::duration(6s)));
    net.use_policies(late, {"p1", "p2"});
    while (!net.all_linked_by("p2")) net.run(50ms);
    for (std::size_t i = 0; i < size; ++i)
      if (i != late) net.use_policies(i, {"p2"});
    net.run(net.chance().below(base::duration(6s)));
    net.use_policies(late, {"p2"});
    net.run(12s);
    net.expect_full_mesh();
    expect_no_gaps(net, size);
    EXPECT_TRUE(net.none_made_by("p1"));
  });
}

TEST(MeshPolicies, LinksThatBreakMeanwhileFindAPolicyInCommon) {
  with_linked_groups(60, [](network& net, std::size_t size) {
    start_with_one(net, size);
    std::string active = "p1";
    for (int round = 2; round < 5; ++round) {
      const std::string next = "p" + std::to_string(round);
      const bool is_activated = net.chance().percent(50);
      for (std::size_t i = 0; i < size; ++i) {
        net.at(net.chance().below(base::duration(2s)),
               [&net, i, both = policies{active, next}] { net.use_policies(i, both); });
      }
      for (int i = 0; i < 8; ++i) {
        net.run(net.chance().below(base::duration(600ms)));
        net.cut_some();
      }
      net.run(6s);
      EXPECT_TRUE(net.all_linked_by(next));
      net.expect_full_mesh(false);
      if (is_activated) active = next;
      for (std::size_t i = 0; i < size; ++i) {
        net.at(net.chance().below(base::duration(2s)),
               [&net, i, one = policies{active}] { net.use_policies(i, one); });
      }
      for (int i = 0; i < 8; ++i) {
        net.run(net.chance().below(base::duration(600ms)));
        net.cut_some();
      }
      net.run(6s);
      EXPECT_TRUE(net.all_linked_by(active));
      net.expect_full_mesh(false);
    }
    net.run(12s);
    net.expect_full_mesh();
    EXPECT_LE(net.dials(), size * size * 25);
    expect_quiet(net);
  });
}

TEST_F(MeshByHand, WithoutALinkDialsTakeTurnsBetweenThePolicies) {
  mesh m = make(id(1));
  m.use_policies(now, {"p1", "p2"});
  m.add_seeds(now, {"10.0.0.2:4567"});
  std::string order;
  for (int i = 0; i < 6; ++i) {
    const auto dials = take<dial>(m);
    ASSERT_EQ(dials.size(), 1U);
    order += dials[0].prepared ? 'P' : 'A';
    m.handle_dial_failed(now, dials[0].token, failure::rejected, "policy differs");
    now = m.next_deadline();
    m.handle_time(now);
  }
  EXPECT_EQ(order, "PAPAPA");
  EXPECT_LT(base::seconds(now.time_since_epoch()), 3.0);
  const auto last = take<dial>(m);
  m.handle_dial_failed(now, last.at(0).token, failure::refused, "nobody there");
  m.handle_time(m.next_deadline());
  EXPECT_TRUE(take<dial>(m).at(0).prepared) << "a dead machine has no opinion";
}

/// The hello of a peer by this policy.
hello by(hello peer, const std::string& policy) {
  peer.policy_digest = policy;
  return peer;
}

TEST_F(MeshByHand, AtActivationWhatIsLeftOfTheOldEndsAtOnce) {
  mesh m = make(id(1));
  m.use_policies(now, {"p1", "p2"});
  m.handle_up(now, 5, false, "10.0.0.2", by(greeting(2), "p2"));
  m.handle_up(now, 6, false, "10.0.0.3", by(greeting(3), "p1"));
  m.handle_up(now, 7, false, "10.0.0.3", by(greeting(3), "p1"));
  EXPECT_TRUE(m.is_linked_by(id(2), "p2"));
  EXPECT_FALSE(m.is_linked_by(id(3), "p2"));
  EXPECT_FALSE(m.is_linked_by(id(4), "p2"));
  (void)letters(m);
  m.use_policies(now, {"p2"});
  EXPECT_EQ(m.connection_of(id(2)), 5U);
  EXPECT_EQ(m.connection_of(id(3)), std::nullopt);
  bool is_dialled = false;
  std::string seen;
  while (auto next = m.next_effect()) {
    if (std::holds_alternative<peer_down>(*next)) seen += 'D';
    if (std::holds_alternative<peer_up>(*next)) seen += 'U';
    if (auto* over = std::get_if<close_link>(&*next)) {
      seen += 'C';
      EXPECT_NE(over->why.text.find("made by the old one"), std::string::npos);
    }
    if (auto* again = std::get_if<dial>(&*next)) is_dialled = again->address == "10.0.0.3:4567";
  }
  EXPECT_EQ(seen, "DC")
      << "its replica hears of the end before anything else is sent, and 6 was closed before";
  EXPECT_TRUE(is_dialled || m.next_deadline() < now + 1s);
  m.handle_down(now, 7, hauberk::error(errc::closed, "so it was"));
  EXPECT_EQ(letters(m), "");
}

TEST_F(MeshByHand, ALinkBegunByAPolicyThatIsNoMoreIsNotTaken) {
  mesh m = make(id(1), {"10.0.0.2:4567"});
  const auto dials = take<dial>(m);
  m.use_policies(now, {"p2"});
  m.handle_up(now, id_of_dial(dials.at(0).token), true, "10.0.0.2", by(greeting(2), "p1"));
  m.handle_up(now, 8, false, "10.0.0.2", by(greeting(2), "p1"));
  EXPECT_EQ(letters(m), "CC");
  EXPECT_EQ(m.connection_of(id(2)), std::nullopt);
  EXPECT_EQ(m.process_of(8), std::nullopt);
  now = m.next_deadline();
  m.handle_time(now);
  EXPECT_EQ(take<dial>(m).size(), 1U) << "its address is dialled again";
}

TEST_F(MeshByHand, WhatWasGivenUpEndsEvenIfNothingTakesItsPlace) {
  mesh m = make(id(1));
  m.use_policies(now, {"p1", "p2"});
  m.handle_up(now, 5, false, "10.0.0.2", by(greeting(2), "p2"));
  m.use_policies(now, {"p1"});
  const time_point end = now + 10s;
  unsigned dials = 0;
  while (now < end - 1ms) {
    for (const dial& each : take<dial>(m)) {
      ++dials;
      EXPECT_FALSE(each.prepared);
      EXPECT_EQ(m.connection_of(id(2)), 5U);
      m.handle_dial_failed(now, each.token, failure::rejected, "policy differs");
      EXPECT_EQ(m.trouble_with(id(2)), "policy differs");
    }
    now = std::min(m.next_deadline(), end - 1ms);
    m.handle_time(now);
  }
  EXPECT_GE(dials, 9U);
  EXPECT_LE(dials, 20U);
  (void)letters(m);
  now = end;
  m.handle_time(now);
  EXPECT_EQ(letters(m), "DC");
  EXPECT_EQ(m.connection_of(id(2)), std::nullopt);
}

TEST_F(MeshByHand, APeerThatComesLateByTheOtherPolicyHasLostItsLink) {
  mesh m = make(id(1));
  m.use_policies(now, {"p1", "p2"});
  m.handle_up(now, 5, false, "10.0.0.2", by(greeting(2), "p2"));
  m.handle_up(now + 1s, 6, false, "10.0.0.2", by(greeting(2), "p1"));
  EXPECT_EQ(m.connection_of(id(2)), 5U) << "begun before it heard of the new one";
  m.handle_down(now + 1s, 6, hauberk::error(errc::closed, "duplicate link"));
  m.handle_up(now + 1min, 7, false, "10.0.0.2", by(greeting(2), "p1"));
  EXPECT_EQ(m.connection_of(id(2)), 7U);
}

TEST_F(MeshByHand, EachReasonIsSaidOnceAlsoWhenDialsTakeTurns) {
  std::size_t lines = 0;
  settings how;
  how.self = id(1);
  mesh m(how, 1, base::logger([&](base::level, std::string_view) { ++lines; }, base::level::debug));
  m.start(now);
  m.use_policies(now, {"p1", "p2"});
  m.add_seeds(now, {"10.0.0.2:4567"});
  for (int i = 0; i < 40; ++i) {
    for (const dial& each : take<dial>(m)) {
      m.handle_dial_failed(now, each.token, failure::rejected,
                           each.prepared ? "it knows no such policy" : "another group");
    }
    now = m.next_deadline();
    m.handle_time(now);
  }
  EXPECT_EQ(lines, 2U);
}

TEST_F(MeshByHand, WithoutAnAddressTheWordsSaySo) {
  mesh m = make(id(1));
  hello hidden = by(greeting(2), "p1");
  hidden.address.clear();
  m.use_policies(now, {"p1", "p2"});
  m.handle_up(now, 5, false, "10.0.0.2", hidden);
  EXPECT_EQ(m.trouble_with(id(2)), "no address of it is known here: it has to dial us");
}

}  // namespace
}  // namespace hauberk::mesh::testing_
