#include "shim/compat/v1/keras/utils/track_tf1_style_variables.h"

#include "shim/compat/v1/scope_state.h"
#include "shim/compat/v1/variable_store.h"
#include "shim/module.h"

namespace keen::compat::v1::keras::utils {

StyleTracker::StyleTracker(Module& module)
    : saved_(detail::ScopeState::current().exchange_store(&module.get_or_create_v1_store())) {}

StyleTracker::~StyleTracker() { detail::ScopeState::current().exchange_store(saved_); }

}  // namespace keen::compat::v1::keras::utils
