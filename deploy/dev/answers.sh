#!/usr/bin/env bash
# The three questions that README promises an answer to, asked of two servers, in tables of 100 columns.
#
#   answers.sh DAYBOOK NORTHWIND COMPANY
#
# DAYBOOK is the program; NORTHWIND and COMPANY are the addresses of servers with the Northwind example and with
# a generated company whose log is recorded as told (4,000 orders of 2024; today is the end of that year).
set -euo pipefail

daybook=$1 northwind=$2 company=$3
columns=$(dirname "${BASH_SOURCE[0]}")/columns.py
year=(--from 2024-01-01 --to 2024-12-31)

# show "WORDS" VIEW OPTION… -- COLUMN…: some columns of an answer of the server `url`.
show() {
  local words=$1 query=()
  shift
  while [ "$1" != -- ]; do
    query+=("$1")
    shift
  done
  printf '\n  %s\n\n' "$words"
  "$daybook" query "${query[@]}" --url "$url" --output csv | "$columns" "${@:2}"
}

# stages OPTION…: stage by stage what order-cycle says, and from the first to the last.
stages() {
  local stage answer header=stage
  for stage in placed..confirmed confirmed..ready ready..dispatched dispatched..delivered delivered..invoiced \
    invoiced..paid placed..paid; do
    answer=$("$daybook" query order-cycle --cycle "$stage" "$@" --url "$url" --output csv)
    [ -z "$header" ] || echo "$header,${answer%%$'\n'*}"
    header=
    tail -n +2 <<< "$answer" | sed "s/^/${stage/../ to },/"
  done
}

url=$company
ageing=(-- group=region currency=in not_due=due\ later 1-30 31-60 61-90 91-120 121+ gross_open=open)
printf '\nWho owes us what, since when?      (a generated company of 200 customers, 31 December 2024)\n'
show "Open receivables by days overdue" ageing --group-by region --level 1 "${ageing[@]}"
show "Whom to ask first: what is overdue × for how long, in each currency by itself" worklist \
  -- --first 5 rank customer_id=customer currency overdue oldest_days_overdue=oldest\ days score
debtor=$("$daybook" query worklist --url "$url" --output csv | sed -n '2s/^1,\([^,]*\),.*/\1/p')
show "What the first of them owes, document by document" items --customer-id "$debtor" \
  -- --first 6 document_id=document issue_date=issued due_date=due days_overdue=days\ overdue currency amount open
show "The end of its statement for 2024" "customers/$debtor/statement" "${year[@]}" \
  -- --last 6 date type=what document_id=document amount running_balance=balance
show "November's end as it was known when 1 December ended, on which its books were closed" \
  ageing --as-of 2024-11-30 --known-at 2024-12-01 --group-by region --level 1 "${ageing[@]}"
show "What has become known about it since" \
  restatement --as-of 2024-11-30 --known-from 2024-12-01 --known-to 2024-12-31 \
  -- customer_id=customer effective_date=counts\ from event.recorded_at=recorded document_id=document currency amount
show "November's end as it is known now" ageing --as-of 2024-11-30 --group-by region --level 1 "${ageing[@]}"

url=$northwind
days=(n=orders mean_seconds=mean p50_seconds=half\ within p90_seconds=nine\ in\ ten\ within max_seconds=longest)
printf '\nHow long do orders take, and where?      (in days)\n'
show "Northwind Traders: from placing to dispatch, by region and year of dispatch" \
  order-cycle --from 1997-01-01 --to 1998-06-30 --grain year --group-by region --cycle placed..dispatched \
  --as-of 1998-06-30 -- period=dispatched\ in group=region "${days[@]}"
url=$company
printf '\n  %s\n\n' "The generated company, stage by stage: what was paid, invoiced and so on in 2024"
stages "${year[@]}" --grain year | "$columns" stage "${days[@]}"

url=$northwind
printf '\nWhat did each region sell?\n'
show "Northwind Traders in 1997, by value ordered and shipped, in US dollars" \
  sales --from 1997-01-01 --to 1997-12-31 --group-by region --as-of 1998-06-30 \
  -- group.region=region orders ordered shipped freight
url=$company
show "The generated company in 2024" sales "${year[@]}" --group-by region --level 1 \
  -- group.region=region currency=in orders ordered shipped invoiced collected
