// The mesh as a whole: many meshes in a drawn network must end with exactly one link a pair, without a dial
// more than needed, whatever crosses, breaks or restarts.
#include "mesh/mesh.hpp"

#include "mesh/book.hpp"
#include "unit/mesh/groups.hpp"

namespace hauberk::mesh::testing_ {
namespace {

TEST(Mesh, ConvergesToOneLinkAPairAndThenIsQuiet) {
  with_linked_groups(300, [](network& net, std::size_t size) {
    const std::size_t dials = net.dials();
    EXPECT_LE(dials, size * size * 6);
    net.run(30s);
    EXPECT_EQ(net.dials(), dials) << "a linked group dials nobody";
    net.expect_full_mesh();
  });
}

TEST(Mesh, HealsAfterCutsWithoutAStorm) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    network net(seed);
    const std::size_t size = 2 + seed % 6;
    build(net, size);
    for (int i = 0; i < 20; ++i) {
      net.run(net.chance().below(base::duration(600ms)));
      net.cut_some();
    }
    net.run(10s);
    net.expect_full_mesh();
    EXPECT_LE(net.dials(), size * size * 80);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Mesh, AProcessThatRestartsAtItsAddressIsFoundAndItsPredecessorProvenDead) {
  with_linked_groups(100, [](network& net, std::size_t size) {
    const std::size_t victim = net.chance().below(size);
    const uuid dead = net.at(victim).greeting.process;
    net.kill(victim);
    net.run(net.chance().below(base::duration(3s)));
    std::vector<std::string> seeds;
    for (std::size_t i = 0; i < size; ++i) seeds.push_back(address_of(i));
    net.add(address_of(victim), seeds, net.chance().percent(50) ? ":4567" : address_of(victim));
    net.run(8s);
    net.expect_full_mesh();
    for (std::size_t i = 0; i < size; ++i) {
      if (i != victim) {
        EXPECT_GE(net.at(i).refused[dead], 1U) << i;
      }
    }
  });
}

// Certificates are loaded again here and there, at any time and several times: in the end every link in use
// is as new as its owner's certificates, no peer was without a link for a moment, and nobody dials on.
TEST(Mesh, RenewalMakesBeforeItBreaks) {
  with_linked_groups(150, [](network& net, std::size_t size) {
    for (int round = 0; round < 6; ++round) {
      const std::size_t who = net.chance().below(size);
      net.reload(who);
      if (net.chance().percent(40)) net.reload((who + 1) % size);  // all at once, as a tool does
      net.run(net.chance().below(base::duration(20s)));
    }
    net.run(40s);
    net.expect_full_mesh();
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_EQ(net.at(i).gaps, 0U) << "node " << i;
      for (const auto& [process, connection] : net.at(i).up)
        EXPECT_EQ(net.at(i).made_with.at(connection), net.at(i).material) << "node " << i;
    }
    const std::size_t dials = net.dials();
    net.run(60s);
    EXPECT_EQ(net.dials(), dials);
  });
}

TEST(Mesh, RefusedDialsProveADeathEachTimeAndBackOff) {
  network net(7);
  net.add(address_of(0), {address_of(1)}, address_of(0));
  net.add(address_of(1), {address_of(0)}, address_of(1));
  net.run(5s);
  const uuid dead = net.at(1).greeting.process;
  const unsigned before = net.at(0).dials[address_of(1)];
  net.kill(1);
  net.run(100ms);
  EXPECT_GE(net.at(0).refused[dead], 1U) << "the first dial follows at once";
  net.run(60s);
  const unsigned dials = net.at(0).dials[address_of(1)] - before;
  EXPECT_GE(dials, 60U);   // at least one a second: pauses end at retry_max
  EXPECT_LE(dials, 130U);  // and the jitter takes at most half off
  EXPECT_GE(net.at(0).refused[dead], dials - 1);
  EXPECT_EQ(net.at(0).machine->troubles(), std::vector<std::string>{address_of(1) + ": refused"});
}

TEST(Mesh, OurOwnAddressIsDialledOnce) {
  network net(8);
  net.alias("me.example:4567", address_of(0));
  net.add(address_of(0), {address_of(0), "me.example:4567"}, address_of(0));
  net.run(30s);
  EXPECT_EQ(net.at(0).dials[address_of(0)], 1U);
  EXPECT_EQ(net.at(0).dials["me.example:4567"], 1U);
  EXPECT_TRUE(net.at(0).machine->troubles().empty());
}

TEST(Mesh, AForgottenProcessIsDialledOnlyAsASeed) {
  network net(9);
  net.add(address_of(0), {address_of(1)}, address_of(0));
  net.add(address_of(1), {address_of(0)}, address_of(1));
  net.add(address_of(2), {address_of(0)}, address_of(2));
  net.run(5s);
  net.kill(2);
  net.kill(1);
  net.run(3s);
  for (std::size_t i : {1U, 2U}) {
    net.at(0).machine->forget(net.now(), net.at(i).greeting.process);
    net.at(0).refused.clear();
  }
  const unsigned seed = net.at(0).dials[address_of(1)], learned = net.at(0).dials[address_of(2)];
  net.run(10s);
  EXPECT_GT(net.at(0).dials[address_of(1)], seed);
  EXPECT_LE(net.at(0).dials[address_of(2)], learned + 1);  // the one that was under way
  EXPECT_TRUE(net.at(0).refused.empty()) << "what is forgotten is no evidence";
}

TEST_F(MeshByHand, OfCrossedDialsTheSmallerIdDecidesInEitherOrder) {
  const connection_id mine = id_of_dial(1), theirs = 7;
  for (const bool mine_first : {true, false}) {
    mesh m = make(id(1), {"seed:1"});
    (void)letters(m);
    for (const connection_id each : {mine_first ? mine : theirs, mine_first ? theirs : mine}) {
      m.handle_up(now, each, each == mine, "10.0.0.2", greeting(2));
    }
    EXPECT_EQ(m.connection_of(id(2)), mine);
    EXPECT_EQ(letters(m), mine_first ? "TUC" : "TUDTUC");
    m.handle_peers(now, theirs, {});
    m.handle_down(now, theirs, hauberk::error(errc::closed, "duplicate link"));
    EXPECT_EQ(letters(m), "") << "the end of the loser is no news";
    EXPECT_EQ(m.connection_of(id(2)), mine);
  }
}

TEST_F(MeshByHand, TheLargerIdUsesTheFirstLinkUntilItIsToldOnAnother) {
  mesh m = make(id(3));
  m.handle_up(now, 10, false, "10.0.0.2", greeting(2));
  m.handle_up(now, 11, false, "10.0.0.2", greeting(2));
  EXPECT_EQ(m.connection_of(id(2)), 10U);
  EXPECT_EQ(letters(m), "TU");
  m.handle_peers(now, 10, {});
  EXPECT_EQ(letters(m), "");
  m.handle_peers(now, 11, {});
  EXPECT_EQ(m.connection_of(id(2)), 11U);
  EXPECT_EQ(letters(m), "DTU");
  m.handle_peers(now, 10, {});  // was on its way when the other side switched
  EXPECT_EQ(letters(m), "");
  m.handle_down(now, 10, hauberk::error(errc::closed, "peer: duplicate link"));
  EXPECT_EQ(letters(m), "");
}

TEST_F(MeshByHand, AFreshSpareTakesOverAndAUsedOneDoesNot) {
  mesh m = make(id(3));
  for (const connection_id each : {10U, 11U, 12U}) m.handle_up(now, each, false, "10.0.0.2", greeting(2));
  m.handle_peers(now, 11, {});
  (void)letters(m);
  m.handle_down(now, 11, hauberk::error(errc::closed, "reset"));
  EXPECT_EQ(m.connection_of(id(2)), 12U);
  EXPECT_EQ(letters(m), "DCTU");  // 10 is closed
  EXPECT_EQ(m.process_of(10), id(2)) << "until its end is told";
}

TEST_F(MeshByHand, ASpareThatNobodyDecidesAboutIsClosedInTheEnd) {
  mesh m = make(id(3));
  m.handle_up(now, 10, false, "10.0.0.2", greeting(2));
  m.handle_up(now, 11, false, "10.0.0.2", greeting(2));
  (void)letters(m);
  ASSERT_NE(m.next_deadline(), base::never);
  m.handle_time(m.next_deadline());
  const auto closed = take<close_link>(m);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].id, 11U);
  EXPECT_EQ(m.next_deadline(), base::never);
}

TEST_F(MeshByHand, ALateLinkInTheOtherDirectionMeansThePeerLostTheOldOne) {
  mesh m = make(id(1), {"10.0.0.2:4567"});
  m.handle_up(now, id_of_dial(1), true, "10.0.0.2", greeting(2));
  (void)letters(m);
  now += 1min;
  m.handle_up(now, 12, false, "10.0.0.2", greeting(2));
  EXPECT_EQ(m.connection_of(id(2)), 12U);
  EXPECT_EQ(letters(m), "DTU");
  m.handle_time(m.next_deadline());
  EXPECT_EQ(letters(m), "C") << "a little later, so that the other side has the new one by then";
}

TEST_F(MeshByHand, ALinkOfOlderCertificatesIsReplacedOnceItHasSettled) {
  mesh m = make(id(1), {"10.0.0.2:4567"});
  m.start(now);
  (void)take<dial>(m);
  const time_point up = now;
  m.handle_up(now, id_of_dial(1), true, "10.0.0.2", greeting(2), 1);
  m.renew(now, 1);
  EXPECT_EQ(m.next_deadline(), base::never) << "it is as new as that";
  m.renew(now + 1s, 2);
  EXPECT_TRUE(take<dial>(m).empty()) << "too young";
  now = m.next_deadline();
  EXPECT_EQ(now, up + 11s);
  m.handle_time(now);
  auto dials = take<dial>(m);
  ASSERT_EQ(dials.size(), 1U);
  m.handle_dial_failed(now, dials[0].token, failure::rejected, "policy differs");
  EXPECT_EQ(m.connection_of(id(2)), id_of_dial(1)) << "the old one stays";
  EXPECT_EQ(letters(m), "") << "and that is no evidence of a death";
  m.renew(now + 1s, 3);  // the next try need not wait for its turn
  dials = take<dial>(m);
  ASSERT_EQ(dials.size(), 1U);
  m.handle_up(now + 2s, id_of_dial(dials[0].token), true, "10.0.0.2", greeting(2), 2);
  EXPECT_EQ(m.connection_of(id(2)), id_of_dial(dials[0].token));
  EXPECT_EQ(letters(m), "DTU");
  EXPECT_EQ(m.next_deadline(), now + 3s);
  m.handle_time(m.next_deadline());
  EXPECT_EQ(letters(m), "C");
  now = m.next_deadline();  // its handshake had begun before the newest certificates were there
  m.handle_time(now);
  dials = take<dial>(m);
  ASSERT_EQ(dials.size(), 1U);
  m.handle_up(now, id_of_dial(dials[0].token), true, "10.0.0.2", greeting(2), 3);
  m.handle_down(now + 1s, id_of_dial(1), hauberk::error(errc::closed, "duplicate link"));
  m.handle_time(now + 1s);
  EXPECT_EQ(m.next_deadline(), base::never);
}

TEST_F(MeshByHand, LinksOfOneAgeAreReplacedOneAfterTheOtherFirstByTheSideThatDecides) {
  mesh m = make(id(2), {"10.0.0.1:4567", "10.0.0.3:4567", "10.0.0.4:4567"});
  m.start(now);
  std::map<std::string, std::uint8_t> who{{"10.0.0.1:4567", 1}, {"10.0.0.3:4567", 3}, {"10.0.0.4:4567", 4}};
  for (const dial& one : take<dial>(m))
    m.handle_up(now, id_of_dial(one.token), true, one.address.substr(0, 8), greeting(who.at(one.address)), 1);
  const time_point up = now;
  m.renew(now + 1s, 2);
  std::map<std::uint8_t, base::duration> after;
  while (m.next_deadline() < up + 13s) {
    now = m.next_deadline();
    m.handle_time(now);
    for (const dial& one : take<dial>(m)) after.emplace(who.at(one.address), now - up);
  }
  EXPECT_EQ(after, (std::map<std::uint8_t, base::duration>{{1, 11500ms}, {3, 11200ms}, {4, 11400ms}}));
}

TEST_F(MeshByHand, AWornLinkIsReplacedAndNoOther) {
  mesh m = make(id(1), {"10.0.0.2:4567"});
  m.start(now);
  (void)take<dial>(m);
  m.handle_up(now, id_of_dial(1), true, "10.0.0.2", greeting(2));
  m.handle_up(now, 7, false, "10.0.0.3", greeting(3));
  now += 1min;
  m.renew_link(now, id_of_dial(1));
  m.renew_link(now, 99);
  const auto dials = take<dial>(m);
  ASSERT_EQ(dials.size(), 1U);
  EXPECT_EQ(dials[0].address, "10.0.0.2:4567");
  m.handle_up(now, id_of_dial(dials[0].token), true, "10.0.0.2", greeting(2));
  m.handle_time(now + 10min);
  EXPECT_TRUE(take<dial>(m).empty());
}

TEST_F(MeshByHand, ALinkToOurselvesIsClosedAndItsAddressRemembered) {
  mesh m = make(id(1), {"me:1"});
  ASSERT_EQ(take<dial>(m).size(), 1U);
  m.handle_up(now, id_of_dial(1), true, "10.0.0.1", greeting(1));
  const auto closed = take<close_link>(m);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_NE(closed[0].why.text.find(words_itself), std::string::npos);
  EXPECT_EQ(m.next_deadline(), base::never);
}

TEST_F(MeshByHand, APeerThatAcceptsAndHangsUpIsNotDialledInALoop) {
  mesh m = make(id(1), {"10.0.0.2:4567"});
  unsigned dials = 0;
  const time_point end = now + 60s;
  while (now < end) {
    for (const dial& each : take<dial>(m)) {
      ++dials;
      m.handle_up(now, id_of_dial(each.token), true, "10.0.0.2", greeting(2));
      now += 1ms;
      m.handle_down(now, id_of_dial(each.token), hauberk::error(errc::closed, "gone"));
    }
    now = std::max(now + 1ms, std::min(m.next_deadline(), end));
    m.handle_time(now);
  }
  EXPECT_LE(dials, 130U);
  EXPECT_GE(dials, 50U);
}

TEST_F(MeshByHand, WhatPeersTellIsBounded) {
  mesh m = make(id(1));
  m.handle_up(now, 5, false, "10.0.0.2", greeting(2));
  base::random chance(1);
  for (int round = 0; round < 20; ++round) {
    peers told;
    for (int i = 0; i < 1000; ++i) {
      told.known.push_back({chance.id(), "x", "h" + std::to_string(chance.next()) + ":1"});
    }
    told.known.push_back({chance.id(), "x", "no port"});
    told.known.push_back({chance.id(), "x", "0.0.0.0:4567"});
    told.known.push_back({chance.id(), "x", std::string(100000, 'y') + ":1"});
    told.known.push_back({id(1), "me", "10.0.0.1:4567"});
    m.handle_peers(now, 5, told);
  }
  now += 1s;
  m.handle_time(now);
  const auto dials = take<dial>(m);
  EXPECT_LE(dials.size(), 2 * addresses_max);
  for (const dial& each : dials) {
    EXPECT_EQ(each.address.front(), 'h');
    m.handle_dial_failed(now, each.token, failure::unresolved, "no such name");
  }
  EXPECT_LE(m.troubles().size(), addresses_max);
}

TEST_F(MeshByHand, TellsEverybodyWhenTheSetChanges) {
  mesh m = make(id(1));
  hello behind = greeting(2);
  behind.address = "[::]:4567";
  m.handle_up(now, 5, false, "fe80::2", behind);
  m.handle_up(now, 6, false, "10.0.0.3", greeting(3));
  auto told = take<tell>(m);
  ASSERT_EQ(told.size(), 3U);  // to 2 when it came, to 2 and 3 when 3 came
  EXPECT_EQ(told[1].what, told[2].what);
  EXPECT_EQ(told[2].what.known[0], (peer_address{id(2), "db2", "[fe80::2]:4567"}));
  EXPECT_EQ(told[2].what.known[1], (peer_address{id(3), "db3", "10.0.0.3:4567"}));
  m.handle_down(now, 6, hauberk::error(errc::closed, "gone"));
  told = take<tell>(m);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].what.known.size(), 1U);
}

TEST_F(MeshByHand, ASharedNameThatAnswersAsSomebodyElseProvesNoDeath) {
  mesh m = make(id(1), {"cluster.example:4567"});
  m.handle_up(now, id_of_dial(1), true, "10.0.0.2", greeting(2));
  m.handle_down(now + 5s, id_of_dial(1), hauberk::error(errc::closed, "reset"));
  (void)letters(m);
  // The announced address is tried first and does not answer; the name leads to another process.
  m.handle_dial_failed(now + 6s, 2, failure::timed_out, "no answer");
  m.handle_time(now + 7s);
  (void)letters(m);
  m.handle_up(now + 7s, id_of_dial(3), true, "10.0.0.3", greeting(3));
  EXPECT_EQ(letters(m), "TU");
}

TEST_F(MeshByHand, AnAddressThatRefusesWhileItsOwnerIsLinkedIsNoEvidence) {
  mesh m = make(id(1), {"10.0.0.2:4567"});
  m.handle_up(now, 5, false, "10.0.0.2", greeting(2));
  m.handle_dial_failed(now, 1, failure::refused, "refused");
  m.handle_down(now + 5s, 5, hauberk::error(errc::closed, "reset"));
  m.handle_dial_failed(now + 5s, 2, failure::refused, "refused");
  EXPECT_EQ(letters(m), "TUD");
}

}  // namespace
}  // namespace hauberk::mesh::testing_
