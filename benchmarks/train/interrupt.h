// Ctrl-C.
#pragma once

namespace keen::trainer {

// From now on, the first SIGINT only makes interrupted() true; the second ends the process.
void catch_interrupt();
[[nodiscard]] bool interrupted();

}  // namespace keen::trainer
