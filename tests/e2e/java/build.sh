#!/usr/bin/env bash
# build.sh OUT: builds the Kafka client in Java into OUT, unless it is there and newer than its sources.
# OUT/peer starts it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(realpath "$here/../../..")
kafka_libs=${DAYBOOK_KAFKA_LIBS:-$root/build/kafka/libs}
out=$(realpath -m "$1")

"$root/deploy/kafka/kafka.sh" fetch
if [ -x "$out/peer" ] && [ -z "$(find "$here" "$root/proto" -newer "$out/peer" -type f -print -quit)" ]; then
  exit
fi
rm -rf "$out"
mkdir -p "$out/libs" "$out/generated" "$out/classes"
mvn --batch-mode --quiet --file "$here/pom.xml" dependency:copy-dependencies \
  -DincludeScope=runtime -DoutputDirectory="$out/libs"
protoc -I "$root/proto" --java_out="$out/generated" "$root"/proto/daybook/events/v1/*.proto
# The broker's jars come last: among them may be another version of something.
path="$out/classes:$out/libs/*:$kafka_libs/*"
find "$out/generated" -name '*.java' > "$out/sources"
javac -nowarn -d "$out/classes" -cp "$path" @"$out/sources" "$here/Peer.java"
cat > "$out/peer.new" <<END
#!/bin/sh
exec java -Xmx\${DAYBOOK_TEST_PEER_HEAP:-256m} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '$path' Peer "\$@"
END
chmod +x "$out/peer.new"
mv "$out/peer.new" "$out/peer"
