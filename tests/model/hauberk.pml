/* A second opinion on the replica: commit, election and view change, for spin. One process picks any step that
 * some seat may take next, so a run is any interleaving, any delay and any loss of messages. README.md says
 * what is modelled and what is not, and which C++ function each step stands for; check.sh says which bounds.
 *
 *   SEATS   seats in play, 3 or 4              FIRST    the first view, coded as below; FIRST_LEADER leads it
 *   EPOCHS  the last epoch                     JOINER   the seat that asks to join (SEATS = none)
 *   CRASHES how many seats may crash           SUCCEEDS 1 = the joiner is the restart of a crashed seat
 *   BROADCASTS, CHANGES  how many broadcasts are ordered, how many views are proposed after the first
 *   LEASED  the seat whose belief to be primary is watched (undefined = none)
 *   BUG_…   one line wrong; spin has to find a violation */

#ifndef SEATS
#define SEATS 3
#endif
#define LENGTH (EPOCHS + BROADCASTS + CHANGES) /* the first view and EPOCHS - 1 no-ops besides: it never fills */
#ifndef FIRST
#define FIRST 7
#endif
#ifndef FIRST_LEADER
#define FIRST_LEADER 0
#endif
#ifndef JOINER
#define JOINER SEATS
#endif
#ifndef SUCCEEDS
#define SUCCEEDS 0
#endif

/* ---- views and entries: one byte each ---- */
/* A view is the mask of its weighted members, and 16 while the joiner is in it with weight 0.
 * An entry is its epoch times 32 and its view; view 0 = a broadcast or a no-op. */
#define BIT(s) (1 << (s))
#define WEIGHTED(v) ((v) & 15)
#define CATCHING_UP 16
#define MEMBERS(v) (WEIGHTED(v) | (((v) & CATCHING_UP) / CATCHING_UP) * BIT(JOINER))
#define EPOCH_OF(e) ((e) >> 5)
#define VIEW_OF(e) ((e) & 31)
#define ENTRY(epoch, view) (((epoch) << 5) | (view))
#define WEIGHT(m) (((m) & 1) + (((m) >> 1) & 1) + (((m) >> 2) & 1) + (((m) >> 3) & 1))

/* view.cpp is_quorum */
#ifdef BUG_HALF
#define QUORUM(who, v, dead) (2 * WEIGHT((who) & WEIGHTED(v)) >= WEIGHT(WEIGHTED(v)))
#else
#define QUORUM(who, v, dead) \
  (2 * WEIGHT((who) & WEIGHTED(v)) > WEIGHT(WEIGHTED(v)) || \
   (2 * WEIGHT((who) & WEIGHTED(v)) == WEIGHT(WEIGHTED(v)) && \
    WEIGHT(((who) | (dead)) & WEIGHTED(v)) == WEIGHT(WEIGHTED(v))))
#endif

/* ---- the seats ---- */
#define ABSENT 0 /* roles */
#define ASKING 1 /* role::joiner */
#define FOLLOWER 2
#define CANDIDATE 3
#define LEADER 4
#define DEAD 5
#define NOBODY 15

byte role[SEATS];
byte epoch[SEATS];            /* joined or voted in: epoch_ */
byte matched[SEATS];          /* whose leader my log was matched with: matched_ */
byte loyal[SEATS];            /* in this epoch I follow, or voted for: leader_, voted_for_ */
byte votes[SEATS];            /* as candidate */
byte known_dead[SEATS];       /* proven dead, by what I know: dead_ */
byte stood_dead[SEATS];       /* when I stood */
byte entries[SEATS * LENGTH];
byte held[SEATS];             /* the log is what is held; what was ordered and is not held counts as not arrived */
byte committed[SEATS];
byte in_force[SEATS];         /* derived: the newest view up to committed: held_committed() */
byte pending[SEATS];          /* derived: the view after it, held and not known to be committed: held_pending() */
byte newest[SEATS];           /* derived: the last of the two */
byte last_epoch[SEATS];       /* derived: of the last held entry */

#define AT(s, p) entries[(s) * LENGTH + (p) - 1]
#define KNOWS(s) (MEMBERS(in_force[s]) | MEMBERS(pending[s]))
#define LIVES(s) (role[s] != ABSENT && role[s] != DEAD)
#define IN_GROUP(s) (role[s] >= FOLLOWER && role[s] <= LEADER)

/* ---- what was said, and stays true: facts are monotone, so anybody may learn them at any time ---- */
byte said[(EPOCHS + 1) * SEATS]; /* in that epoch, that seat held so far */
byte led_by[EPOCHS + 1];         /* the seat that won it, plus 1 */
byte epoch_dead[EPOCHS + 1];     /* named by its first entry */
#define SAID(e, s) said[(e) * SEATS + (s)]

/* ---- the witness: what the first to know saw committed ---- */
byte chosen[LENGTH], chosen_in[LENGTH], chosen_length, chosen_view;
byte crashes, broadcasts, changes;
byte predecessor; /* the seat that the joiner proves dead */

#ifdef LEASED
byte echoes; /* seats whose echoes the lease of LEASED still counts; no more = 0.8 of their timeout is over */
byte stale;  /* those of them that are older than the newest committed view */
byte number[SEATS];           /* derived: views in the log */
#define BELIEVES \
  (IN_GROUP(LEASED) && (MEMBERS(newest[LEASED]) & BIT(LEASED)) && in_force[LEASED] && \
   QUORUM(echoes | BIT(LEASED), newest[LEASED], known_dead[LEASED]) && \
   (!pending[LEASED] || QUORUM(echoes | BIT(LEASED), in_force[LEASED], known_dead[LEASED])))
/* No one believes to be primary once another delivered a view without it. */
#define CHECK_PRIMARY assert((MEMBERS(chosen_view) & BIT(LEASED)) || !BELIEVES)
#else
#define CHECK_PRIMARY skip
#endif

hidden byte i, j, k, n, p, q, v, who;

inline look(s) { /* derives what the log and the commit say about views */
  in_force[s] = 0; pending[s] = 0; n = 0;
  for (i : 1 .. held[s]) {
    if
    :: VIEW_OF(AT(s, i)) -> n++;
       if
       :: i <= committed[s] -> in_force[s] = VIEW_OF(AT(s, i))
       :: i > committed[s] && !pending[s] -> pending[s] = VIEW_OF(AT(s, i))
       :: else
       fi
    :: else
    fi
  }
  last_epoch[s] = 0;
  if :: held[s] -> last_epoch[s] = EPOCH_OF(AT(s, held[s])) :: else fi;
  if :: pending[s] -> newest[s] = pending[s] :: else -> newest[s] = in_force[s] fi
#ifdef LEASED
  number[s] = n;
#endif
}

inline commit(s, upto) { /* learn_committed, pass_committed */
  for (k : committed[s] + 1 .. upto) {
    if
    :: k > chosen_length ->
       chosen[k - 1] = AT(s, k); chosen_in[k - 1] = matched[s]; chosen_length = k;
       if
       :: VIEW_OF(AT(s, k)) -> chosen_view = VIEW_OF(AT(s, k));
#ifdef LEASED
          stale = echoes;
#endif
       :: else
       fi
    :: else -> assert(chosen[k - 1] == AT(s, k)) /* agreement */
    fi
  }
  committed[s] = upto;
  look(s);
  known_dead[s] = known_dead[s] & MEMBERS(in_force[s])
}

inline hold(s, entry) { /* appends to the log, and says so */
  AT(s, held[s] + 1) = entry;
  held[s]++;
  SAID(matched[s], s) = held[s];
  look(s)
}

inline forget(s) {
  for (k : 1 .. LENGTH) { AT(s, k) = 0 }
  held[s] = 0; committed[s] = 0; epoch[s] = 0; matched[s] = 0; loyal[s] = NOBODY;
  votes[s] = 0; known_dead[s] = 0; stood_dead[s] = 0;
  look(s)
}

inline tidy() { /* what nobody can use any more is the same as never said: fewer states */
  p = EPOCHS;
  for (j : 0 .. SEATS - 1) {
    if
    :: IN_GROUP(j) && matched[j] < p -> p = matched[j]
    :: role[j] == ASKING -> p = 0
    :: else
    fi
  }
  for (i : 0 .. p * SEATS - 1) { said[i] = 0 }
  for (j : 0 .. SEATS - 1) {
    if
    :: role[j] == DEAD && matched[j] && (matched[j] < p || led_by[matched[j]] != j + 1) -> forget(j)
    :: else
    fi
  }
}

inline enter_epoch(s, e) {
  epoch[s] = e; loyal[s] = NOBODY; votes[s] = 0; stood_dead[s] = 0;
  if :: role[s] == LEADER || role[s] == CANDIDATE -> role[s] = FOLLOWER :: else fi
}

/* ---- elections ---- */
#define MAY_STAND(s) \
  (IN_GROUP(s) && epoch[s] < EPOCHS && (MEMBERS(in_force[s]) & BIT(s)) && \
   ((WEIGHTED(newest[s]) & BIT(s)) || \
    (!(MEMBERS(newest[s]) & BIT(s)) && (WEIGHTED(in_force[s]) & BIT(s)))))

inline stand(s) { /* a leader steps down first; pre-votes only make it rarer */
  enter_epoch(s, epoch[s] + 1);
  role[s] = CANDIDATE; loyal[s] = s; votes[s] = BIT(s); stood_dead[s] = known_dead[s];
  printf("%d stands in epoch %d, last (%d, %d)\n", s, epoch[s], last_epoch[s], held[s])
}

#define IS_COMPLETE(c, s) \
  (last_epoch[c] > last_epoch[s] || (last_epoch[c] == last_epoch[s] && held[c] >= held[s]))
#ifdef BUG_TWICE
#define IS_FREE(s, c) (loyal[s] != c && role[s] == FOLLOWER && matched[s] < epoch[s])
#else
#define IS_FREE(s, c) (loyal[s] == NOBODY)
#endif
#define MAY_VOTE(s, c) \
  (IN_GROUP(s) && role[c] == CANDIDATE && (KNOWS(s) & BIT(c)) && \
   (epoch[c] > epoch[s] || (epoch[c] == epoch[s] && IS_FREE(s, c))))

inline vote(s, c) { /* handle(vote_request) and its answer; a refusal joins the epoch all the same */
  if :: epoch[c] > epoch[s] -> enter_epoch(s, epoch[c]) :: else fi;
  if
#ifdef BUG_STALE_VOTE
  :: true
#else
  :: IS_COMPLETE(c, s)
#endif
     -> loyal[s] = c; votes[c] = votes[c] | BIT(s);
        printf("%d votes for %d in epoch %d\n", s, c, epoch[s])
  :: else
  fi
}

#if defined(BUG_NEW_VIEW_ONLY)
#define WINS(s) QUORUM(votes[s], newest[s], stood_dead[s])
#elif defined(BUG_OLD_VIEW_ONLY)
#define WINS(s) QUORUM(votes[s], in_force[s], stood_dead[s])
#else
#define WINS(s) \
  (QUORUM(votes[s], in_force[s], stood_dead[s]) && \
   (!pending[s] || QUORUM(votes[s], pending[s], stood_dead[s])))
#endif
#define MAY_WIN(s) (role[s] == CANDIDATE && in_force[s] && WINS(s))

inline win(s) { /* win, lead */
  printf("%d leads epoch %d\n", s, epoch[s]);
  assert(!led_by[epoch[s]]); /* one leader an epoch */
  led_by[epoch[s]] = s + 1;
  epoch_dead[epoch[s]] = stood_dead[s];
  role[s] = LEADER; matched[s] = epoch[s]; votes[s] = 0; stood_dead[s] = 0;
  for (k : 1 .. chosen_length) { /* committed stays */
    assert(chosen_in[k - 1] >= epoch[s] || (held[s] >= k && AT(s, k) == chosen[k - 1]))
  }
  hold(s, ENTRY(epoch[s], 0))
}

/* Hears of a later epoch: a refused vote, a beat. */
#define MAY_HEAR(s, t) (IN_GROUP(s) && IN_GROUP(t) && epoch[t] > epoch[s])

/* ---- logs ---- */
/* Frames of a leader that stepped down or died may still be under way, until it is matched with another. */
#define SPEAKS(l) (held[l] && matched[l] && led_by[matched[l]] == (l) + 1)
#define MAY_MATCH(s, l) \
  (SPEAKS(l) && (IN_GROUP(s) || role[s] == ASKING) && (KNOWS(l) & BIT(s)) && \
   matched[l] >= epoch[s] && matched[s] < matched[l])

inline match(s, l) { /* handle(epoch_start), common_prefix, cut */
  if :: held[s] < held[l] -> p = held[s] :: else -> p = held[l] fi;
#ifndef BUG_UNMATCHED
  do :: p > 0 && EPOCH_OF(AT(s, p)) != EPOCH_OF(AT(l, p)) -> p-- :: else -> break od;
#endif
  assert(p >= committed[s]); /* "its log contradicts position …, which is committed here" */
  if
  :: matched[l] > epoch[s] -> enter_epoch(s, matched[l])
  :: role[s] == CANDIDATE -> role[s] = FOLLOWER
  :: else
  fi;
  if :: role[s] == ASKING -> role[s] = FOLLOWER :: else fi;
  for (k : p + 1 .. held[s]) { AT(s, k) = 0 }
  held[s] = p; matched[s] = matched[l]; loyal[s] = l; votes[s] = 0; stood_dead[s] = 0;
  SAID(matched[s], s) = p;
  look(s);
  printf("%d follows %d in epoch %d, matched up to %d\n", s, l, epoch[s], p)
}

#ifdef BUG_LATE_HOLD
#define IS_CURRENT(s, l) (matched[s] == matched[l] && matched[s])
#else
#define IS_CURRENT(s, l) (matched[s] == matched[l] && epoch[s] == matched[s])
#endif
#define MAY_ORDER(s, l) \
  (SPEAKS(l) && role[s] != LEADER && IN_GROUP(s) && IS_CURRENT(s, l) && held[s] < held[l] && \
   (KNOWS(l) & BIT(s)) && GATE(s, AT(l, held[s] + 1)))
#if defined(LEASED) && !defined(BUG_NO_GATE)
/* hold_gate: a view without LEASED is held when my echoes can no longer make it believe. */
#define GATE(s, e) \
  ((s) == LEASED || !VIEW_OF(e) || (MEMBERS(VIEW_OF(e)) & BIT(LEASED)) || !(echoes & BIT(s)) || \
   ((known_dead[s] | epoch_dead[matched[s]]) & BIT(LEASED)))
#else
#define GATE(s, e) 1
#endif

inline order(s, l) { /* handle(order), append_view, fill */
  hold(s, AT(l, held[s] + 1));
  printf("%d holds %d of epoch %d, view %d\n", s, held[s], EPOCH_OF(AT(s, held[s])), VIEW_OF(AT(s, held[s])));
  if
  :: VIEW_OF(AT(s, held[s])) && committed[s] < held[s] - 1 ->
     assert(chosen_length >= held[s] - 1); /* a view tells that all before it is committed */
     commit(s, held[s] - 1)
  :: else
  fi
}

#define MAY_APPEND(s) (role[s] == LEADER && broadcasts < BROADCASTS)

/* ---- commit ---- */
inline holders(s, upto) { /* into who: those known to hold upto in my epoch */
  who = 0;
  for (j : 0 .. SEATS - 1) { if :: SAID(matched[s], j) >= upto -> who = who | BIT(j) :: else fi }
}

#ifdef BUG_ANY_EPOCH
#define IS_OWN(s, at) 1
#else
#define IS_OWN(s, at) (EPOCH_OF(AT(s, at)) == matched[s])
#endif
#ifdef BUG_DEATH_ANY_EPOCH
#define DEAD_FOR(s) known_dead[s]
#else
#define DEAD_FOR(s) epoch_dead[matched[s]]
#endif
#ifdef BUG_COMMIT_BY_OLD
#define NEW_AGREES(s) 1
#else
#define NEW_AGREES(s) (!pending[s] || QUORUM(who, pending[s], DEAD_FOR(s)))
#endif
#ifdef BUG_COMMIT_BY_NEW
#define OLD_AGREES(s) (pending[s] || QUORUM(who, in_force[s], DEAD_FOR(s)))
#else
#define OLD_AGREES(s) (!in_force[s] || QUORUM(who, in_force[s], DEAD_FOR(s)))
#endif
#define MAY_JUDGE(s) (IN_GROUP(s) && committed[s] < held[s])

inline judge(s) { /* judge, agreed: the next position that a quorum is known to hold */
  p = committed[s] + 1;
  do :: p <= held[s] && !IS_OWN(s, p) -> p++ :: else -> break od;
  if
  :: p <= held[s] -> holders(s, p);
     if
     :: (in_force[s] || pending[s]) && OLD_AGREES(s) && NEW_AGREES(s) ->
        commit(s, p);
        printf("%d knows %d committed\n", s, p);
        /* What is committed is held by a quorum of the view that is now in force. */
        assert(QUORUM(who, in_force[s], epoch_dead[matched[s]]))
     :: else
     fi
  :: else
  fi
}

/* handle(held): another's commit counts once my log is matched with an epoch that is not older than its. */
#define MAY_TELL(s, t) \
  (IN_GROUP(s) && IN_GROUP(t) && matched[t] && matched[t] <= matched[s] && committed[t] > committed[s] && \
   held[s] > committed[s])

inline tell(s, t) {
  if :: committed[t] < held[s] -> p = committed[t] :: else -> p = held[s] fi;
  commit(s, p)
}

/* ---- views ---- */
/* consider_view: when the whole log, an entry of the leader's own epoch included, is committed. */
#ifdef BUG_NO_BARRIER
#define MAY_PROPOSE(s) (role[s] == LEADER && changes < CHANGES)
#else
#define MAY_PROPOSE(s) \
  (role[s] == LEADER && changes < CHANGES && committed[s] == held[s] && IS_OWN(s, held[s]))
#endif

#if defined(LEASED)
#ifdef BUG_NO_CONDEMNING
#define MAY_CONDEMN(s) (!(echoes & BIT(s)) || (known_dead[s] & BIT(LEASED)))
#else
#define MAY_CONDEMN(s) (!((echoes & BIT(s)) || stale) || (known_dead[s] & BIT(LEASED)))
#endif
#define MAY_REMOVE(s, which) (!((which) & newest[s] & BIT(LEASED)) || MAY_CONDEMN(s))
#else
#define MAY_REMOVE(s, which) 1
#endif

inline propose(s, view) {
  v = view;
  changes++;
  hold(s, ENTRY(epoch[s], v));
  printf("%d proposes view %d at %d\n", s, v, held[s])
}

/* A catching-up joiner gets its weight when it holds the view that admitted it; who is lost goes as well. */
inline consider_weight(s, lost) {
  p = 0;
  for (k : 1 .. held[s]) { if :: VIEW_OF(AT(s, k)) -> p = k :: else fi }
  if :: SAID(epoch[s], JOINER) >= p -> propose(s, (WEIGHTED(newest[s]) & ~(lost)) | BIT(JOINER)) :: else fi
}

inline crash(s) { /* what a leader sent may still arrive; said[] does in any case */
  printf("%d crashes\n", s);
  crashes++;
#ifdef BUG_SAME_SEAT
  forget(s);
  role[s] = FOLLOWER;
#else
  role[s] = DEAD;
  votes[s] = 0; known_dead[s] = 0; stood_dead[s] = 0; tidy()
#endif
#ifdef LEASED
  if :: s == LEASED -> echoes = 0; stale = 0 :: else fi
#endif
}

inline ask(x) { /* ask_to_join; x is proven dead by it, or nobody is */
  role[JOINER] = ASKING;
  if
  :: SUCCEEDS -> predecessor = BIT(x); printf("%d asks to join and succeeds %d\n", JOINER, x)
  :: else -> printf("%d asks to join\n", JOINER)
  fi
}

/* ---- the world ---- */
#define STAND(s) :: d_step { MAY_STAND(s) -> stand(s); CHECK_PRIMARY }
#define WIN(s) :: d_step { MAY_WIN(s) -> win(s); tidy(); CHECK_PRIMARY }
#define APPEND(s) \
  :: d_step { MAY_APPEND(s) -> broadcasts++; hold(s, ENTRY(epoch[s], 0)); printf("%d appends %d\n", s, held[s]) }
#define JUDGE(s) :: d_step { MAY_JUDGE(s) -> judge(s); CHECK_PRIMARY }
#define CRASH(s) :: d_step { crashes < CRASHES && LIVES(s) -> crash(s); CHECK_PRIMARY }
#define VOTE(s, c) :: d_step { MAY_VOTE(s, c) -> vote(s, c); CHECK_PRIMARY }
#define HEAR(s, t) :: d_step { MAY_HEAR(s, t) -> enter_epoch(s, epoch[t]) }
#define MATCH(s, l) :: d_step { MAY_MATCH(s, l) -> match(s, l); tidy(); CHECK_PRIMARY }
#define ORDER(s, l) :: d_step { MAY_ORDER(s, l) -> order(s, l); CHECK_PRIMARY }
#define TELL(s, t) :: d_step { MAY_TELL(s, t) -> tell(s, t); CHECK_PRIMARY }
#define REMOVE(s, x) \
  :: d_step { MAY_PROPOSE(s) && WEIGHTED(newest[s] & ~BIT(x)) && (WEIGHTED(newest[s]) & BIT(x)) && \
       MAY_REMOVE(s, BIT(x)) -> propose(s, newest[s] & ~BIT(x)); CHECK_PRIMARY }
#define REMOVE_ALL(s) \
  :: d_step { MAY_PROPOSE(s) && WEIGHT(WEIGHTED(newest[s])) > 2 && (WEIGHTED(newest[s]) & BIT(s)) && \
       MAY_REMOVE(s, ~BIT(s)) -> propose(s, (newest[s] & CATCHING_UP) | BIT(s)); CHECK_PRIMARY }
#define ASK(x) \
  :: d_step { role[JOINER] == ABSENT && x != JOINER && (SUCCEEDS -> role[x] == DEAD : x == 0) -> ask(x) }
#define ADMIT(s) \
  :: d_step { MAY_PROPOSE(s) && role[JOINER] == ASKING && !(MEMBERS(newest[s]) & BIT(JOINER)) && \
       WEIGHTED(newest[s] & ~predecessor) && MAY_REMOVE(s, predecessor) -> \
       propose(s, (newest[s] & ~predecessor) | CATCHING_UP); CHECK_PRIMARY }
#define WEIGH(s) \
  :: d_step { MAY_PROPOSE(s) && (newest[s] & CATCHING_UP) -> consider_weight(s, 0); CHECK_PRIMARY }
#define REPLACE(s, x) \
  :: d_step { MAY_PROPOSE(s) && (newest[s] & CATCHING_UP) && (WEIGHTED(newest[s]) & BIT(x)) && \
       MAY_REMOVE(s, BIT(x)) -> consider_weight(s, BIT(x)); CHECK_PRIMARY }
#define PROVE(s) \
  :: d_step { IN_GROUP(s) && (predecessor & KNOWS(s) & ~known_dead[s]) -> \
       known_dead[s] = known_dead[s] | predecessor; printf("%d knows who is dead\n", s) }
#ifdef BUG_LATER_ECHO
#define IS_BEHIND(s) 0 /* an echo from a later view than LEASED's counts, too */
#else
#define IS_BEHIND(s) (number[s] > number[LEASED])
#endif
#define ECHO(s) \
  :: d_step { s != LEASED && IN_GROUP(s) && IN_GROUP(LEASED) && (MEMBERS(newest[s]) & BIT(LEASED)) && \
       !IS_BEHIND(s) && (!(echoes & BIT(s)) || (stale & BIT(s))) -> \
       echoes = echoes | BIT(s); stale = stale & ~BIT(s); printf("%d echoes\n", s); CHECK_PRIMARY }
#define LAPSE(s) \
  :: d_step { (echoes & BIT(s)) -> \
       echoes = echoes & ~BIT(s); stale = stale & ~BIT(s); printf("the echo of %d is over\n", s) }

#if SEATS == 4
#define EACH(step) step(0) step(1) step(2) step(3)
#define PAIRS(step) step(0, 1) step(0, 2) step(0, 3) step(1, 0) step(1, 2) step(1, 3) \
                    step(2, 0) step(2, 1) step(2, 3) step(3, 0) step(3, 1) step(3, 2)
#else
#define EACH(step) step(0) step(1) step(2)
#define PAIRS(step) step(0, 1) step(0, 2) step(1, 0) step(1, 2) step(2, 0) step(2, 1)
#endif

init {
  d_step { /* epoch 1 has a leader; its first view is committed and known to all */
    for (q : 0 .. SEATS - 1) {
      loyal[q] = NOBODY;
      if
      :: MEMBERS(FIRST) & BIT(q) ->
         role[q] = FOLLOWER; epoch[q] = 1; matched[q] = 1; loyal[q] = FIRST_LEADER;
         held[q] = 1; committed[q] = 1; AT(q, 1) = ENTRY(1, FIRST); SAID(1, q) = 1;
         look(q)
      :: else
      fi
    }
    role[FIRST_LEADER] = LEADER; led_by[1] = FIRST_LEADER + 1;
    chosen[0] = ENTRY(1, FIRST); chosen_in[0] = 1; chosen_length = 1; chosen_view = FIRST;
#ifdef LEASED
    echoes = MEMBERS(FIRST) & ~BIT(LEASED);
#endif
  }
  do
  EACH(STAND) PAIRS(VOTE) EACH(WIN) PAIRS(HEAR) PAIRS(MATCH)
  EACH(APPEND) PAIRS(ORDER) EACH(JUDGE) PAIRS(TELL) PAIRS(REMOVE) EACH(REMOVE_ALL) EACH(CRASH)
#if JOINER < SEATS
  EACH(ASK) EACH(ADMIT) EACH(WEIGH) PAIRS(REPLACE) EACH(PROVE)
#endif
#ifdef LEASED
  EACH(ECHO) EACH(LAPSE)
#endif
  od
}
