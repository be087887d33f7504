// Files that appear whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace keen {

// Both throw, naming the path: NotFoundError, PermissionDeniedError, ResourceExhaustedError on a
// full disk, UnavailableError for other faults.

// Whether write_file could write to `path`, so that a wrong path fails before the work, not after.
void check_writable(const std::string& path);

// Writes a file: the contents go to a temporary file beside it, which takes its place once
// everything is on the disk; after an error, what was at the path before is still there. What
// exists and is no regular file (a pipe, a device) is written to directly; a link is followed.
void write_file(const std::string& path, std::string_view contents);

}  // namespace keen
