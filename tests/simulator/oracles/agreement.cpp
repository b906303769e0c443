// Agreement: at one position of a history everybody delivers the same, for ever.
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class agreement final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "agreement"; }

  void handle_delivered(const witness& who, position_t where, const entry& what, const entry& known,
                        bool is_first) override {
    if (is_first || what.what == kind::unseen) return;
    if ((what.what == kind::message) != (known.what == kind::message)) {
      fail(who.name + " delivers " + words(what) + " at " + std::to_string(where) + ", others delivered " +
           words(known));
    }
    if (what.what == kind::message && (what.sender != known.sender || !same(what.payload, known.payload))) {
      fail(who.name + " delivers another message at " + std::to_string(where) + ": from " +
           base::to_string(what.sender) + ", others had one from " + base::to_string(known.sender));
    }
    const bool is_same_view = what.view && known.view ? *what.view == *known.view : what.view == known.view;
    if (!is_same_view) {
      fail(who.name + " delivers " + words(what) + " at " + std::to_string(where) + ", others delivered " +
           words(known));
    }
  }

 private:
  static bool same(const base::buffer& a, const base::buffer& b) {
    return (a.data() == b.data() && a.size() == b.size()) || a == b;
  }
  static std::string words(const entry& what) {
    if (what.view) return "view " + std::to_string(what.view->number);
    return what.what == kind::message ? "a message" : "a filler";
  }
};

}  // namespace

std::unique_ptr<oracle> make_agreement(const chronicle& seen) { return std::make_unique<agreement>(seen); }

}  // namespace hauberk::simulator
