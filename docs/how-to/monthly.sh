#!/bin/sh
# Reports every month: fetch, make, publish, compare. Prints what moved since the last reports, and nothing when nothing
# did, so that cron sends a letter only when there is something to read.
#
#     docs/how-to/monthly.sh GM0344 GM0363
#
# Exit code 0: done, whether or not anything moved. 1: something could not be got or made, and is told; the rest is done.
# 2: asked wrongly. Set these beforehand to change what stands behind the := below.
set -u
: "${KLOOF_HOME:=.}"                  # folder of kloof, with data, notebooks and reports; what follows is in it
: "${KLOOF:=kloof}"                   # the command
: "${KLOOF_KEPT:=reports/kept}"       # where earlier reports are kept, each in CODE/TIME with what moved, diff.txt
: "${KLOOF_KEEP:=12}"                 # how many of them for each municipality
: "${KLOOF_SITE:=site}"               # folder of the site, which is made anew
: "${KLOOF_SAY:=en}"                  # language of what is printed: en or nl
: "${KLOOF_ACCEPT:=}"                 # yes: use revised figures at once; otherwise they are told until you accept them
: "${KLOOF_FETCH:=}"                  # options of kloof data fetch, such as: --years 2013-2024
: "${KLOOF_BATCH:=}"                  # options of kloof batch, such as: --language nl
LINES_PRINTED=60                      # of what moved in one municipality; all of it is in diff.txt

[ $# -gt 0 ] || { echo "Give codes of municipalities: docs/how-to/monthly.sh GM0344 GM0363" >&2; exit 2; }
chosen=
for code; do
    case $code in
        GM[0-9][0-9][0-9][0-9]) chosen="$chosen --municipality $code" ;;
        *) echo "$code is no code of a municipality, such as GM0344." >&2; exit 2 ;;
    esac
done
cd "$KLOOF_HOME" && mkdir -p "$KLOOF_KEPT" || exit 1
KLOOF_HOME=$(pwd)
said=$KLOOF_KEPT/said.txt log=$KLOOF_KEPT/log.txt status=0
: > "$log"

# Run kloof; all it says goes to the log, and of a step that fails its reasons are printed.
step() {
    $KLOOF "$@" > "$said" 2>&1 < /dev/null
    ended=$?
    { echo "\$ kloof $*"; cat "$said"; } >> "$log"
    grep 'stays in data/raw: ' "$said"
    [ $ended -eq 0 ] && return
    status=1
    grep -E '^(✗|kloof:) ' "$said" || tail -n 3 "$said"
}

# 1. Fetch: what is not there yet, and what was revised since. What cannot be got is told, and what is there is used.
step data fetch --refresh $chosen $KLOOF_FETCH
if grep -q 'revised; put beside' "$said"; then
    if [ "$KLOOF_ACCEPT" = yes ]; then
        step data fetch --accept $chosen $KLOOF_FETCH
    else
        echo "Revised figures, which are not used yet. To use them: KLOOF_ACCEPT=yes docs/how-to/monthly.sh $*"
        awk '/revised; put beside/ {on = 1; print; next} /^    / {if (on) print; next} {on = 0}' "$said"
    fi
fi

# 2. Make: what did not change is not made again.
step batch $chosen $KLOOF_BATCH

# 3. Publish: the reports that there are.
made=
for code; do [ ! -f "reports/$code/results.json" ] || made="$made reports/$code"; done
[ -z "$made" ] || step site $made --out "$KLOOF_SITE"

# 4. Compare with the last one that was kept, keep the new one, and let the oldest go.
for code; do
    new=reports/$code
    [ -f "$new/results.json" ] || continue
    last=$(ls -d "$KLOOF_KEPT/$code"/*/ 2> /dev/null | tail -n 1)
    if [ -z "$last" ]; then
        echo "$code: the first report, in $new." | tee "$said"
    elif cmp -s "${last}results.json" "$new/results.json"; then
        continue
    elif $KLOOF diff "$last" "$new" --language "$KLOOF_SAY" > "$said" 2>&1; then
        if ! grep -q '^Both reports found the same\.' "$said"; then
            echo "$code, since $(basename "$last"):"
            head -n "$LINES_PRINTED" "$said"
            rest=$(($(wc -l < "$said") - LINES_PRINTED))
            [ $rest -le 0 ] || echo "… and $rest lines more, in $KLOOF_KEPT/$code"
        fi
    else
        status=1
        cat "$said"
    fi
    time=$(date +%Y-%m-%d_%H%M%S)
    while [ -e "$KLOOF_KEPT/$code/$time" ]; do sleep 1; time=$(date +%Y-%m-%d_%H%M%S); done
    rm -rf "$KLOOF_KEPT/$code/.new" # of a run that was cut off
    if mkdir -p "$KLOOF_KEPT/$code" && cp -R "$new" "$KLOOF_KEPT/$code/.new" && cp "$said" "$KLOOF_KEPT/$code/.new/diff.txt"
    then
        mv "$KLOOF_KEPT/$code/.new" "$KLOOF_KEPT/$code/$time"
        ls -d "$KLOOF_KEPT/$code"/*/ | sort -r | tail -n +$((KLOOF_KEEP + 1)) | while read -r old; do rm -rf "$old"; done
    else
        status=1
        rm -rf "$KLOOF_KEPT/$code/.new"
    fi
done
rm -f "$said"
exit $status
