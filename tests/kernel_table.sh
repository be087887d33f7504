#!/usr/bin/env bash
# Writes docs/KERNELS.md: what each kernel takes of a GPU, as ptxas reports it for sm_80 and sm_90, and the occupancy that
# follows. Fails if a kernel spills registers. The CMake target kernel_table runs it.
#
# usage: tests/kernel_table.sh OUTPUT REPORTS NVCC [FLAG…]   compiles every .cu for both into the folder REPORTS
#        tests/kernel_table.sh OUTPUT REPORTS                 takes the reports that are there
set -euo pipefail

output=${1:?usage: tests/kernel_table.sh OUTPUT REPORTS [NVCC FLAG…]}
reports=${2:?usage: tests/kernel_table.sh OUTPUT REPORTS [NVCC FLAG…]}
shift 2
output=$(realpath "$output")
mkdir -p "$reports"
reports=$(realpath "$reports")
cd "$(dirname "$0")/.."
mapfile -t sources < <(find runtime kernels shim -name '*.cu' | sort)

# one SOURCE NVCC FLAG…
one() {
  local source=$1 nvcc=$2 to
  shift 2
  for arch in 80 90; do
    to=$reports/${source//\//_}.$arch
    "$nvcc" -ptx "-arch=compute_$arch" "$@" -x cu "$source" -o "$to.ptx"
    "${nvcc%nvcc}ptxas" "-arch=sm_$arch" -v "$to.ptx" -o /dev/null 2>"$to.txt"
  done
}
if (($#)); then
  export -f one
  export reports
  rm -f "$reports"/*.txt
  printf '%s\0' "${sources[@]}" | xargs -0 -P "${KEEN_JOBS:-$(nproc)}" -I{} bash -euc 'one "$@"' one {} "$@"
fi

# Lines "source arch kernel block registers shared stack spilled", one for each instance of each kernel.
list_instances() {
  local source arch from
  for source in "${sources[@]}"; do
    for arch in 80 90; do
      from=$reports/${source//\//_}.$arch
      [[ -s $from.txt ]] || {
        printf 'kernel_table.sh: there is no report %s\n' "$from.txt" >&2
        return 1
      }
      awk -v source="$source" -v arch="$arch" '
        FNR == NR {
          if (match($0, /\.entry [A-Za-z0-9_$]+/)) name = substr($0, RSTART + 7, RLENGTH - 7)
          if (/^\.maxntid/) {gsub(",", ""); block[name] = $2 * ($3 ? $3 : 1) * ($4 ? $4 : 1)}
          next
        }
        /Compiling entry function/ {split($0, part, "\047"); name = part[2]}
        /Function properties for/ {inside = $NF == name}
        /bytes stack frame/ && inside {stack = $1; spilled = $5 + $9}
        /Used [0-9]+ registers/ {
          registers = $5; shared = 0
          if (match($0, /[0-9]+ bytes smem/)) shared = substr($0, RSTART, RLENGTH) + 0
          print source, arch, name, name in block ? block[name] : 1024, registers, shared, stack, spilled
          stack = spilled = 0
        }' "$from.ptx" "$from.txt"
    done
  done
}

# The name alone: kernels are templates, and the table has one row for all instances of one.
short_names() {
  c++filt | sed -E 's/\(anonymous namespace\):://g; s/ void / /' | awk '{
    name = $3; sub(/[<(].*/, "", name); sub(/.*::/, "", name)
    print $1, $2, name, $(NF - 4), $(NF - 3), $(NF - 2), $(NF - 1), $NF}'
}

table() {
  awk '
    function least(a, b) {return a < b ? a : b}
    # Percent of the warps that a multiprocessor can hold: 64, in at most 32 blocks. Registers are given out to warps by
    # 256, on four parts; a block of any shared memory takes 1 KiB more.
    function occupancy(arch, block, registers, shared,    warps, blocks, per_warp) {
      warps = int((block + 31) / 32)
      blocks = least(32, int(64 / warps))
      per_warp = int((registers * 32 + 255) / 256) * 256
      blocks = least(blocks, int(int(65536 / per_warp / 4) * 4 / warps))
      blocks = least(blocks, int((arch == 80 ? 164 : 228) * 1024 / (int((shared + 1024 + 127) / 128) * 128)))
      return int(100 * blocks * warps / 64)
    }
    {
      key = $1 " " $3
      if (!(key in rows)) {rows[key] = 1; order[++count] = key; block[key] = $4}
      at = key SUBSEP $2
      ++instances[at]
      if ($5 > registers[at]) registers[at] = $5
      if ($6 > shared[at]) shared[at] = $6
      if ($7 > stack[key]) stack[key] = $7
      if ($8 > spilled[key]) spilled[key] = $8
      now = occupancy($2, $4, $5, $6)
      if (!(at in full) || now < full[at]) full[at] = now
    }
    END {
      for (i = 1; i <= count; ++i) {
        key = order[i]; split(key, part, " "); a = key SUBSEP 80; b = key SUBSEP 90
        printf "| `%s` | `%s` | %d | %d | %d / %d | %d / %d | %d | %d | %d / %d |\n", part[1], part[2], instances[b], block[key],
          registers[a], registers[b], shared[a], shared[b], stack[key], spilled[key], full[a], full[b]
      }
    }'
}

list_instances | short_names >"$reports/instances"
{
  cat <<'EOF'
# Kernels

What each kernel takes of a GPU, as ptxas reports it: `cmake --build build/test --target kernel_table` writes this file.
A row is the worst of all instances of a kernel; a / b is sm_80 / sm_90. Block: threads, as the launch bounds say.
Shared memory is what is declared, in bytes; stack and spills are bytes for each thread. Occupancy: percent of a
multiprocessor's warps that fit, as block, registers and shared memory allow. It is computed, not measured, and leaves
out dynamic shared memory: softmax asks for as much as a row has, at most 32 KiB.

| source | kernel | instances | block | registers | shared | stack | spills | occupancy |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
EOF
  table <"$reports/instances"
} >"$output"
printf '%s: %d kernels in %d instances\n' "$output" "$(grep -c '^| `' "$output")" "$(($(wc -l <"$reports/instances") / 2))"
awk '$8 > 0 {print "spills " $8 " bytes: " $3 " of " $1 " for sm_" $2; bad = 1} END {exit bad}' "$reports/instances"
