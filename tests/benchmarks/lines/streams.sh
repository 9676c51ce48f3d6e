# shellcheck shell=bash disable=SC2154
# The same folds as a Kafka Streams application, on the same topics, and whether both say the same.
peer=$here/../peers/kafka-streams
if [ ! -d "$peer/target/libs" ] || [ -n "$(find "$peer/src" "$peer/pom.xml" proto -newer "$peer/target/libs" -type f -print -quit)" ]; then
  mvn --batch-mode --quiet --file "$peer/pom.xml" package
  touch "$peer/target/libs"
fi
# The application writes its changes to the broker: with all of the compiler, and more memory than the tests have.
DAYBOOK_KAFKA_HEAP=512m _JAVA_OPTIONS=-XX:TieredStopAtLevel=4 start_broker
"$daybook" topics create --brokers "$broker_address" --replicas 1 > /dev/null
measure "$bench" fill --brokers "$broker_address" --orders "$(orders_or 100000)"

# shellcheck disable=SC2086  # Words of options, for trying others.
measure java -Xms1g -Xmx1g -XX:+UseParallelGC "-Dlog4j2.configurationFile=deploy/kafka/log4j2.properties" \
  -cp "$peer/target/classes:$peer/target/libs/*" io.daybook.peer.Peer \
  "$broker_address" "$work/streams" "$work/streams.json" ${DAYBOOK_BENCH_STREAMS:-} > "$work/streams.log" 2>&1 ||
  { tail -n 20 "$work/streams.log" >&2; fail "the Kafka Streams application failed"; }

measure "$bench" refold --brokers "$broker_address" > "$work/daybook.json"
start_server --brokers "$broker_address" --data "$work/data"
wait_ready
python3 "$here/../streams_check.py" "$work/streams.json" "$work/daybook.json" "$url"
stop_server
