#!/bin/bash
# Runs Keen's benchmarks and the programs of its peers by turns, one process each, on the same cores, from the same file
# of weights and inputs; then prints how they compare.
#
# usage: run_beside_peers.sh [-n ROUNDS] [-s SECONDS] [-o FOLDER] KEEN_BIN PEER_BIN [WORK...]
#   KEEN_BIN   folder of Keen's programs (build/test/bin), PEER_BIN that of the project benchmarks/peers
#   WORK       add, add_on_tape, chain, mlp, network_64, network_256; all of them if none is named
#   ROUNDS     processes per form of a work (10), SECONDS that each measures at least (0.5)
#   FOLDER     where the figures go (a new one below the folder for temporary files)
set -euo pipefail

rounds=10
seconds=0.5
folder=
while getopts n:s:o: option; do
  case $option in
    n) rounds=$OPTARG ;;
    s) seconds=$OPTARG ;;
    o) folder=$OPTARG ;;
    *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
  esac
done
shift $((OPTIND - 1))
if [ $# -lt 2 ]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
keen=$1
peer=$2
shift 2
[ $# -gt 0 ] || set -- add add_on_tape chain mlp network_64 network_256
folder=${folder:-$(mktemp -d)}
mkdir -p "$folder"
"$keen/write_inputs" "$folder/inputs"

# glibc told to keep what it was given: the usual advice for libtorch, which spares it most first touches of fresh pages.
keep_memory=(MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=67108864)

# measure ROUND PROGRAM VARIANT THREADS COMMAND NAME [VARIABLE=VALUE...]; round 0 counts memory calls instead.
measure() {
  local round=$1 program=$2 variant=$3 threads=$4 command=$5 name=$6 count=
  shift 6
  [ "$round" != 0 ] || count=--count-memory-calls
  local cores=0
  [ "$threads" = 1 ] || cores=0-$((threads - 1))
  env OMP_NUM_THREADS="$threads" MKL_NUM_THREADS="$threads" "$@" taskset -c "$cores" "$command" \
    --inputs "$folder/inputs" --threads "$threads" $count --benchmark_filter="^$name/real_time\$" \
    --benchmark_min_time="$seconds" --benchmark_format=json \
    --benchmark_context="program=$program,variant=$variant" \
    > "$folder/$name.$program${variant:+.$variant}.$(printf %03d "$round").json" 2>> "$folder/log"
}

# beside FIRST_ROUND WORK THREADS PROGRAM KEEN_FORMS PEER_FORMS: forms are words, "plain" is the one without a name.
beside() {
  local first=$1 work=$2 threads=$3 program=$4 round form name
  for ((round = first; round <= rounds; ++round)); do
    for form in $5; do
      name=$work:$form
      measure "$round" keen "" "$threads" "$keen/$program" "${name%:plain}"
    done
    for form in $6; do
      name=$work:$form
      measure "$round" libtorch "" "$threads" "$peer/torch_$program" "${name%:plain}"
      measure "$round" libtorch malloc "$threads" "$peer/torch_$program" "${name%:plain}" \
        "${keep_memory[@]}"
    done
    printf '\r%s: round %d of %d ' "$work" "$round" "$rounds" >&2
  done
  echo >&2
}

network_forms="plain flipped channels_last channels_last_flipped"
for work in "$@"; do
  case $work in
    add) beside 1 add 1 dispatch plain "plain inference_mode" ;;
    add_on_tape | chain) beside 1 "$work" 1 dispatch plain plain ;;
    mlp) beside 0 mlp 1 step "plain shim" plain ;;
    network_64 | network_256) beside 0 "$work" 2 step "plain shim" "$network_forms" ;;
    *) echo "run_beside_peers.sh: unknown work '$work'" >&2; exit 2 ;;
  esac
done
"$peer/compare" --lines "$folder/results.jsonl" "$folder"/*.json
echo "figures: $folder" >&2
