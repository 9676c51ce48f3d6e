#!/usr/bin/env bash
# A single Apache Kafka broker (KRaft) for tests and trials, on the loopback interface only.
#
#   kafka.sh fetch        gets the broker's jars with Maven, unless they are there
#   kafka.sh start DIR    starts a broker on the data in DIR, makes them if they are not there, waits
#                         until it serves, and prints its address
#   kafka.sh wait DIR     waits until it serves, and prints its address
#   kafka.sh pid DIR      prints its number, and fails where none runs on DIR
#   kafka.sh stop DIR     ends it in good order
#   kafka.sh kill DIR     ends it as a crash would
#
# A broker started again on the same DIR has the same data and address. The jars are in
# DAYBOOK_KAFKA_LIBS (build/kafka/libs); its heap, enough for some two thousand partitions in all, is
# DAYBOOK_KAFKA_HEAP (128m).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
libs=${DAYBOOK_KAFKA_LIBS:-$here/../../build/kafka/libs}
# A machine that has much else to do takes its time.
wait_seconds=180

fail() {
  echo "kafka.sh: $*" >&2
  exit 1
}

fetch() {
  [ -d "$libs" ] && return
  mkdir -p "$(dirname "$libs")"
  # Moved into place when complete, so that a broken download is not taken for the jars.
  local draft
  draft=$(mktemp -d "$libs.XXXXXX")
  mvn --batch-mode --quiet --file "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$draft" >&2 ||
    { rm -rf "$draft"; fail "Maven cannot fetch the broker's jars: is there a network, or a mirror in ~/.m2/settings.xml?"; }
  # Somebody else may have been quicker.
  mv -T "$draft" "$libs" 2> /dev/null || rm -rf "$draft"
}

free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 12000))
    # Nobody answers there: it is free.
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  fail "found no free port"
}

java_options=("-Xmx${DAYBOOK_KAFKA_HEAP:-128m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1
  "-Dlog4j2.configurationFile=$here/log4j2.properties" -cp "$libs/*")

format() {
  local dir=$1 broker_port controller_port
  mkdir -p "$dir"
  broker_port=$(free_port)
  controller_port=$(free_port)
  while [ "$controller_port" = "$broker_port" ]; do controller_port=$(free_port); done
  # Small memory, and back soon after a crash.
  cat > "$dir/server.properties.new" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=PLAINTEXT://127.0.0.1:$broker_port,CONTROLLER://127.0.0.1:$controller_port
controller.listener.names=CONTROLLER
log.dirs=$dir/logs
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=2097152
log.cleaner.io.buffer.size=65536
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
num.network.threads=2
num.io.threads=2
END
  local id
  # Its first letter is fixed: one that began with a dash would be taken for an option.
  id=D$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)
  java "${java_options[@]}" kafka.tools.StorageTool format --cluster-id "$id" \
    --config "$dir/server.properties.new" > "$dir/format.log" 2>&1 ||
    fail "cannot format $dir: $(tail -n 3 "$dir/format.log")"
  mv "$dir/server.properties.new" "$dir/server.properties"
}

# The broker of this folder, and nobody who has its number by now.
running_pid() {
  local pid
  [ -f "$1/pid" ] && pid=$(cat "$1/pid") && [ -r "/proc/$pid/cmdline" ] &&
    tr '\0' ' ' < "/proc/$pid/cmdline" | grep -qF "$1/server.properties" && echo "$pid"
}

start() {
  local dir=$1
  fetch
  [ -f "$dir/server.properties" ] || format "$dir"
  running_pid "$dir" > /dev/null && fail "a broker is running on $dir already"
  # In a session of its own: an interrupt meant for a test does not end it.
  setsid java "${java_options[@]}" kafka.Kafka "$dir/server.properties" \
    > "$dir/broker.log" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
  wait_until_serving "$dir"
}

wait_until_serving() {
  local dir=$1 tenths
  for tenths in $(seq $((wait_seconds * 10))); do
    if grep -q 'Kafka Server started' "$dir/broker.log"; then
      sed -n 's,^listeners=PLAINTEXT://\([^,]*\)\,.*,\1,p' "$dir/server.properties"
      return
    fi
    # A process that has just been made is not known by the broker's command line yet.
    [ "$tenths" -le 20 ] || running_pid "$dir" > /dev/null ||
      fail "the broker ended: $(tail -n 5 "$dir/broker.log")"
    sleep 0.1
  done
  fail "the broker does not serve after $wait_seconds s; see $dir/broker.log"
}

end() {
  local dir=$1 signal=$2 pid
  pid=$(running_pid "$dir") || return 0
  kill "-$signal" "$pid"
  for _ in $(seq 300); do
    running_pid "$dir" > /dev/null || { rm -f "$dir/pid"; return 0; }
    sleep 0.1
  done
  [ "$signal" = KILL ] && fail "the broker $pid does not end"
  end "$dir" KILL
}

command=${1:-}
if [ "$command" = fetch ]; then
  fetch
  exit
fi
[ $# = 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
dir=$(realpath -m "$2")
case $command in
  start) start "$dir" ;;
  wait) wait_until_serving "$dir" ;;
  pid) running_pid "$dir" ;;
  stop) end "$dir" TERM ;;
  kill) end "$dir" KILL ;;
  *) fail "no such command: $command" ;;
esac
