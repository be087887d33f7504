// The registers of a function while it is assembled: a constant or a special register has one too.
#pragma once
#include <map>
#include <utility>

#include "tests/sim/ptx/module.h"

namespace keen::sim::ptx {

class Registers {
 public:
  int fresh() { return count_++; }

  int constant(Word value, int variable = -1) {
    const auto [found, made] = constants_.try_emplace({value, variable}, count_);
    if (made) ++count_;
    return found->second;
  }

  int special(int index) {
    const auto [found, made] = specials_.try_emplace(index, count_);
    if (made) ++count_;
    return found->second;
  }

  void move_to(Function& function) const {
    function.registers = count_;
    for (const auto& [constant, reg] : constants_)
      function.constants.push_back({reg, constant.first, constant.second});
    for (const auto& [index, reg] : specials_) function.specials.push_back({reg, index});
  }

 private:
  std::map<std::pair<Word, int>, int> constants_;
  std::map<int, int> specials_;
  int count_ = 0;
};

}  // namespace keen::sim::ptx
