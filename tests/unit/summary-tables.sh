# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# summary-tables.sh - the tables of docs/PROJECT_SUMMARY.md are those of the kept results
# shellcheck source=tests/unit/tap.sh
. "$UNIT/tap.sh"

ok "bench/tables has nothing to change" "$TOP/bench/tables" --check
tap_done
