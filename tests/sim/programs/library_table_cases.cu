// The library support table, written on a simulated device and read back by it: the same answers
// whatever the seed, those of an edited table, and what is said of a table that is none.
// usage: sim_library_table_cases PROGRAM, which is sim_library_table
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/process.h"

namespace {

using namespace keen::sim::test;
namespace fs = std::filesystem;

// An answer that is written over in the first line that holds `line`, and what the stand-in then
// says in that line.
struct Edit {
  const char* name;
  const char* line;
  const char* from;
  const char* to;
  const char* wanted;
  const char* device = "";  // part of the versions of those devices that it is for
};

constexpr const char* kForward =
    R"("direction": "forward", "algorithm": 0, "layout": "nhwc", "type": "float32")";
constexpr const char* kPrecomputed =
    R"("direction": "forward", "algorithm": 1, "layout": "nhwc", "type": "float32")";
constexpr const char* kBfloat16 =
    R"("algorithm": 1, "layout": "nhwc", "type": "bfloat16", "compute": "float32", )"
    R"("math": "tensor_op", "x": [2, 3, 7, 9], "w": [4, 3, 3, 3], "y": [2, 4, 4, 4])";
constexpr const char* kFilter =
    R"("direction": "filter_gradient", "algorithm": 1, "layout": "nhwc", "type": "float32")";
constexpr const char* kMatmul = R"("kind": "matmul", "number": 1,)";

constexpr Edit kEdits[] = {
    {"a workspace that is refused", kForward,
     R"("workspace_status": 0, "workspace_bytes": 0, "run_status": 0)",
     R"("workspace_status": 3007, "workspace_bytes": 0, "run_status": null)",
     R"("workspace_status": 3007, "workspace_bytes": 0, "run_status": null)"},
    {"a run that is refused", kForward, R"("run_status": 0)", R"("run_status": 3000)",
     R"("workspace_status": 0, "workspace_bytes": 0, "run_status": 3000)"},
    {"what is refused, as the heuristics name it", kForward, R"("run_status": 0)",
     R"("run_status": 3000)", R"("status": 3000, "bytes": 0, "deterministic": true)"},
    {"another size of workspace", kForward, R"("workspace_bytes": 0)", R"("workspace_bytes": 4096)",
     R"("workspace_bytes": 4096, "run_status": 0)"},
    {"a later place", kPrecomputed, R"("place": 0)", R"("place": 5)", R"("place": 1)"},
    {"what the heuristics leave out", kForward,
     R"({"place": 1, "status": 0, "bytes": 0, "deterministic": true, "math": "fma"})", "null",
     R"("heuristics_status": 0, "listed": null, "workspace_status": 0)"},
    {"a bias that is refused", kPrecomputed, R"("bias_status": 0)", R"("bias_status": 3000)",
     R"("bias_status": 3000)"},
    {"a bias in a type that no rule permits", kBfloat16, R"("bias_status": 3000)",
     R"("bias_status": 0)", R"("bias_status": 0)", R"("compute_capability": "9.0")"},
    {"heuristics that are refused", kForward, R"("heuristics_status": 0)",
     R"("heuristics_status": 3000)", R"("heuristics_status": 3000, "listed": null)"},
    {"determinism", kFilter, R"("deterministic": true)", R"("deterministic": false)",
     R"("deterministic": false)"},
    {"a product without results", kMatmul, R"("workspace_bytes": [640, 0])",
     R"("workspace_bytes": [])", R"("results": 0, "workspace_bytes": [], "run_status": null)"},
    {"a product that is refused", kMatmul, R"("heuristics_status": 0)",
     R"("heuristics_status": 15)", R"("heuristics_status": 15)"},
    {"another workspace of a product", kMatmul, R"("workspace_bytes": [640, 0])",
     R"("workspace_bytes": [1024])", R"("results": 1, "workspace_bytes": [1024], "run_status": 0)"},
    {"a run of a product that is refused", kMatmul, R"("run_status": 0)", R"("run_status": 15)",
     R"("workspace_bytes": [640, 0], "run_status": 15)"}};

// What stands in place of something, in the line of kForward, and what is said of it.
struct Fault {
  const char* name;
  const char* from;
  const char* to;
  const char* wanted;
};

constexpr Fault kFaults[] = {
    {"half a line", R"("groups")", "", "parse error"},
    {"a kind", R"("kind": "convolution")", R"("kind": "pooling")", "kind pooling is not known"},
    {"a name", R"("forward")", R"("sideways")",
     "'direction' must be one of forward data_gradient filter_gradient, is \"sideways\""},
    {"a key", R"("algorithm")", R"("algorithmus")", "'algorithm' is missing"},
    {"a fraction", R"("algorithm": 0)", R"("algorithm": 0.5)",
     "'algorithm' must be a whole number of at least 0, is 0.5"},
    {"a negative size", R"("workspace_bytes": 0)", R"("workspace_bytes": -1)",
     "'workspace_bytes' must be a whole number"},
    {"a list", R"("pad": [1, 1])", R"("pad": [1])", "'pad' must hold 2 numbers"},
    {"determinism", R"("deterministic": true)", R"("deterministic": 1)",
     "'deterministic' must be true or false"}};

std::string replaced(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t place = text.find(from);
  if (place == std::string::npos) return text;
  return text.substr(0, place) + to + text.substr(place + from.size());
}

using Lines = std::vector<std::string>;

Lines read_lines(const std::string& path) {
  Lines lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Without what differs from run to run.
Lines stripped(Lines lines, const char* pattern) {
  const std::regex what(pattern);
  for (std::string& line : lines) line = std::regex_replace(line, what, "");
  return lines;
}

// -1: none holds it.
int find_line(const Lines& lines, const std::string& part) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find(part) != std::string::npos) return static_cast<int>(i);
  }
  return -1;
}

class Folder {
 public:
  explicit Folder(std::string program) : program_(std::move(program)) {
    std::string name = fs::temp_directory_path() / "cudasim_table_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::exit(1);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }

  // The table that the program appends to `name`, with settings before it.
  Result write(const std::string& name, const std::string& settings,
               const std::string& options = "") const {
    return run_command(settings + " '" + program_ + "' '" + file(name) + "' --short " + options);
  }

  // What the program writes on a device that goes by `table`.
  Lines answers(const Lines& table, const std::string& settings = "") const {
    fs::remove(file("answers"));
    save(table);
    const Result result = write("answers", by_table() + settings);
    if (result.status != 0) std::printf("%s", result.text.c_str());
    return read_lines(file("answers"));
  }
  // What is said of a table.
  Result read(const Lines& table) const {
    save(table);
    return write("answers", by_table());
  }

 private:
  std::string by_table() const { return "CUDASIM_LIBRARY_TABLE='" + file("table") + "' "; }
  void save(const Lines& lines) const {
    std::ofstream out(file("table"));
    for (const std::string& line : lines) out << line << '\n';
  }

  std::string program_, path_;
};

void check_round_trip(const Folder& folder, const Lines& table, Checks& checks) {
  constexpr const char* kTime = R"("milliseconds": [0-9.]+)";
  // Sums in an order of the seed's may or may not give the same bits twice.
  constexpr const char* kTimeAndBits = R"("same_bits": [a-z]+, "milliseconds": [0-9.]+)";
  checks.expect(stripped(folder.answers(table), kTime) == stripped(table, kTime),
                "the table is what the stand-in answers");
  checks.expect(stripped(folder.answers(table, "CUDASIM_SEED=7"), kTimeAndBits) ==
                    stripped(table, kTimeAndBits),
                "with another seed as well");
  folder.write("other_seed", "CUDASIM_SEED=7");
  checks.expect(stripped(read_lines(folder.file("other_seed")), kTimeAndBits) !=
                    stripped(table, kTimeAndBits),
                "which without the table refuses others");
}

void check_edits(const Folder& folder, const Lines& table, Checks& checks) {
  for (const Edit& edit : kEdits) {
    if (table[0].find(edit.device) == std::string::npos) continue;
    Lines edited = table;
    const int at = find_line(table, edit.line);
    checks.expect(at >= 0, edit.name);
    if (at < 0) continue;
    edited[at] = replaced(edited[at], edit.from, edit.to);
    checks.expect(edited[at] != table[at], edit.name);
    const Lines answers = folder.answers(edited);
    const bool as_wanted =
        answers.size() == table.size() && answers[at].find(edit.wanted) != std::string::npos;
    checks.expect(as_wanted, edit.name);
    if (!as_wanted && answers.size() > static_cast<std::size_t>(at)) {
      std::printf("%s\n", answers[at].c_str());
    }
  }
}

void check_faults(const Folder& folder, const Lines& table, Checks& checks) {
  const auto is_refused = [&](const Lines& lines, const std::string& wanted, const char* name) {
    const Result result = folder.read(lines);
    const bool as_wanted = result.status == 2 &&
                           result.has("CUDASIM_LIBRARY_TABLE=" + folder.file("table") + ": ") &&
                           result.has(wanted);
    checks.expect(as_wanted, name);
    if (!as_wanted) std::printf("%s", result.text.c_str());
  };
  const int at = find_line(table, kForward);
  if (at < 0) return;
  for (const Fault& fault : kFaults) {
    Lines faulty = {table[0], table[1]};
    faulty.push_back(replaced(table[at], fault.from, fault.to));
    checks.expect(faulty[2] != table[at], fault.name);
    is_refused(faulty, fault.wanted, fault.name);
    is_refused(faulty, "line 3: ", fault.name);
  }
  is_refused({table[1], table[0]}, "line 1: the table does not begin with versions", "no versions");
  is_refused({}, "no line can be read", "an empty file");
  const Result missing =
      folder.write("answers", "CUDASIM_LIBRARY_TABLE='" + folder.file("nowhere") + "'");
  checks.expect(missing.status == 2 && missing.has("nowhere: the file cannot be read"), "no file");
}

// A kernel that faults ends the program, which names the question; the rest can be asked for.
void check_poison(const Folder& folder, const Lines& table, Checks& checks) {
  const int at = find_line(table, kForward);  // the number of its line, behind the versions
  const std::string number = std::to_string(at), next = std::to_string(at + 1);
  const Result result = folder.write("poisoned", "", "--plant " + number);
  checks.expect(result.status != 0, "a fault ends the program with an error");
  checks.expect(result.has("cudaErrorIllegalAddress at number " + number + ", go on with --from " +
                           next + ": {\"kind\": \"convolution\""),
                "which names the question");
  const Lines before = read_lines(folder.file("poisoned"));
  checks.expect(static_cast<int>(before.size()) == at + 1, "all before it are written");
  checks.expect(before.back().find(R"("run_status": 5000, "cuda_error": "cudaErrorIllegal)") !=
                    std::string::npos,
                "and the fault itself");
  checks.expect(folder.write("poisoned", "", "--from " + next).status == 0, "the rest");
  // Versions stand before each part.
  checks.expect(read_lines(folder.file("poisoned")).size() == table.size() + 1, "is appended");
  checks.expect(folder.read(read_lines(folder.file("poisoned"))).status == 0, "and can be read");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  Checks checks;
  const Folder folder(argv[1]);
  const Result written = folder.write("first", "");
  const Lines table = read_lines(folder.file("first"));
  checks.expect(written.status == 0 && table.size() > 1000, "a table is written");
  if (table.size() > 1000) {
    check_round_trip(folder, table, checks);
    check_edits(folder, table, checks);
    check_faults(folder, table, checks);
    check_poison(folder, table, checks);
  }
  return checks.status();
}
