#pragma once
#include <algorithm>
#include <cstdint>
#include <map>

namespace keen::sim {

// An actor is what does one thing after the other: a stream, a node of an instantiated graph, a
// host thread. A clock says, for each actor, up to which of its ticks everything has happened
// before (vector clocks: Fidge 1988, Mattern 1989).
using Actor = int;
using Tick = std::uint32_t;

class Clock {
 public:
  void join(const Clock& other) {
    for (const auto& [actor, tick] : other.ticks_) {
      Tick& own = ticks_[actor];
      own = std::max(own, tick);
    }
  }
  Tick advance(Actor actor) { return ++ticks_[actor]; }
  void set(Actor actor, Tick tick) { ticks_[actor] = tick; }
  Tick at(Actor actor) const {
    const auto found = ticks_.find(actor);
    return found == ticks_.end() ? 0 : found->second;
  }
  bool covers(Actor actor, Tick tick) const { return at(actor) >= tick; }

 private:
  std::map<Actor, Tick> ticks_;
};

}  // namespace keen::sim
