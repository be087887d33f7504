# The parts of tests/gpu_acceptance.sh that run cases in processes of their own and note results; it reads this file.
# They take from it: stage, stage_end, deadline, out, results, bin, build, filter, silence.
# shellcheck shell=bash disable=SC2154

# ---- Results -----------------------------------------------------------------------------------------------------------

json_text() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//[$'\n\t\r']/ }
  printf '"%s"' "${text//[$'\001'-$'\037']/}"
}

# record CASE passed|failed|"not run" [DETAIL]
record() {
  printf '{"stage": "%s", "case": %s, "result": "%s", "detail": %s}\n' "$stage" "$(json_text "$1")" "$2" \
    "$(json_text "${3-}")" >>"$results"
  [[ $2 == passed ]] || printf '  %s: %s%s\n' "$1" "$2" "${3:+: $3}"
}

count() { grep -c "^{\"stage\": \"$1\", .*\"result\": \"$2\"," "$results"; }

# Seconds that a process of this stage may run: what is left of the stage and of all.
left() {
  local end=$((stage_end < deadline ? stage_end : deadline))
  printf '%d' $((end > SECONDS ? end - SECONDS : 0))
}

# in_child LOG COMMAND…: its status; 124: it ran out of time.
in_child() {
  local log=$1 seconds
  shift
  seconds=$(left)
  ((seconds > 0)) || return 124
  timeout -k 5 "$seconds" "$@" >"$log" 2>&1 </dev/null
}

# run_case NAME COMMAND…
run_case() {
  local name=$1 log=$out/logs/$stage.$1.txt status
  shift
  if (($(left) == 0)); then
    record "$name" 'not run' 'no time was left'
    return 1
  fi
  in_child "$log" "$@"
  status=$?
  if ((status == 0)); then
    record "$name" passed
  elif ((status == 124 || status == 137)); then
    record "$name" failed 'ran out of time'
  else
    record "$name" failed "status $status: $(tail -n 1 "$log")"
  fi
  return "$status"
}

# in_watched_child LOG COMMAND…: as in_child, and 125 where the process said nothing for $silence seconds; each case says when
# it begins and ends.
in_watched_child() {
  local log=$1 pid size=-1 since=$SECONDS hung=0
  shift
  : >"$log"
  in_child "$log" "$@" &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if [[ $(stat -c %s "$log") != "$size" ]]; then
      size=$(stat -c %s "$log") since=$SECONDS
    elif ((SECONDS - since > silence)); then
      hung=1
      # timeout leads a group of processes.
      kill -KILL -- "-$(pgrep -P "$pid" | head -n 1)"
      break
    fi
  done
  wait "$pid"
  local status=$?
  return $((hung ? 125 : status))
}

# ---- Cases of a test program: each process ends at the first failure, and the next takes what is left ----------------------

list_cases() {
  "$bin/$1" --gtest_list_tests "--gtest_filter=$2" 2>/dev/null | awk '/^[^ ]/ {suite = $1} /^  / {print suite $1}'
}

# run_cases PROGRAM CASE…; results carry the text in $variant behind the name.
run_cases() {
  local program=$1 cases=("${@:2}") next=0 part=0 total=$(($# - 1)) log status chosen seen name
  while ((next < total)); do
    if (($(left) == 0)); then
      record "$program" 'not run' "$((total - next)) of $total cases: no time was left"
      return
    fi
    log=$out/logs/$stage.$program${variant:+.own}.$((part++)).txt
    chosen=("${cases[@]:next:200}")
    name=$(IFS=: && printf '%s' "${chosen[*]}")
    in_watched_child "$log" "$bin/$program" --gtest_fail_fast --gtest_color=no "--gtest_filter=$name"
    status=$?
    seen=0
    while read -r name; do
      record "$name${variant-}" passed
      ((++seen))
    done < <(sed -nE 's/^\[       OK \] ([^ ]+) \(.*/\1/p' "$log")
    ((next += seen))
    ((seen < ${#chosen[@]})) || continue
    # The case that began and did not end well.
    name=$(sed -nE 's/^\[ RUN      \] ([^ ]+)$/\1/p' "$log" | sed -n "$((seen + 1))p")
    if ((status == 125)); then
      record "${name:-$program}${variant-}" failed "hung: no word for $silence s"
    elif grep -q 'needs the simulated CUDA' "$log"; then
      record "${name:-$program}${variant-}" 'not run' 'needs the simulated CUDA'
    elif ((status == 124 || status == 137)) && (($(left) == 0)); then
      record "${name:-$program}${variant-}" 'not run' "stopped: no time was left"
    elif [[ -z $name ]]; then
      record "$program" failed "status $status before a case began: $(tail -n 1 "$log")"
      return
    else
      record "$name${variant-}" failed "status $status: $(grep -vE '^\[|^$|^Running|^Note|: Skipped$' "$log" | tail -n 5 | head -c 500)"
    fi
    ((++next))
  done
}

run_filter() {
  local cases
  if [[ ! -x $bin/$1 ]]; then
    record "$1" failed "there is no $bin/$1"
    return
  fi
  mapfile -t cases < <(list_cases "$1" "$2")
  if ((${#cases[@]} == 0)); then
    record "$1" failed "no case is named $2: $("$bin/$1" --gtest_list_tests 2>&1 | tail -n 1)"
    return
  fi
  run_cases "$1" "${cases[@]}"
}

# ---- Bits of op cases: the same as on the simulated CUDA, or not --------------------------------------------------------

# simulated_bits FILE FOLDER: what the cases give on the simulated CUDA of that folder, by Keen's own kernels: lines
# "case digest", or "case -" where it depends on the seed, as what comes of approximate instructions does.
simulated_bits() {
  local file=$1 folder=$2 seed pids=() bad=0
  for seed in 1 2; do
    rm -f "$file.$seed"
    KEEN_OP_BITS=$file.$seed KEEN_CONV=own CUDASIM_MODEL=h200 CUDASIM_SEED=$seed LD_LIBRARY_PATH=$folder:$build \
      timeout 300 "$build/bin/kernel_tests" --gtest_brief=1 "--gtest_filter=${filter}gpu0" >"$file.$seed.log" 2>&1 </dev/null &
    pids+=($!)
  done
  for seed in "${pids[@]}"; do wait "$seed" || bad=1; done
  join <(sort "$file.1" 2>/dev/null) <(sort "$file.2" 2>/dev/null) | awk '{print $1, $2 == $3 ? $2 : "-"}' >"$file"
  rm -f "$file".[12]
  ((bad == 0)) && rm -f "$file".[12].log
}

# compare_bits STORED SEEN…: of a case that several files have, the last one counts.
compare_bits() {
  local stored=$1 name verdict same=0 open=0 differ=0
  if [[ ! -s $stored ]]; then
    record bits 'not run' 'there are no bits of the simulated CUDA to compare with'
    return
  fi
  while read -r verdict name; do
    case $verdict in
      same) ((++same)) ;;
      open) ((++open)) ;;
      *)
        ((++differ))
        record "$name, bits" failed "not those of the simulated CUDA"
        ;;
    esac
  done < <(awk 'FILENAME == ARGV[1] {want[$1] = $2; next} {got[$1] = $2}
    END {for (name in got) if (name in want)
      print want[name] == "-" ? "open" : want[name] == got[name] ? "same" : "differ", name}' "$@")
  if ((same + differ == 0)); then
    record bits 'not run' 'no case has bits to compare'
  elif ((differ == 0)); then
    record bits passed "$same cases have the bits of the simulated CUDA; $open take approximate instructions"
  fi
}
