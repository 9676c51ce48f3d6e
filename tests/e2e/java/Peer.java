import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.util.JsonFormat;
import io.daybook.events.v1.Event;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * An upstream system and a bystander on Kafka, in Java: Apache's own client, its default partitioner,
 * and the classes that protoc makes. One request a line on stdin (JSON), one answer a line on stdout.
 * Bytes travel as Base64.
 */
public final class Peer {
  private static final Gson GSON = new GsonBuilder().serializeNulls().create();
  private static final Map<String, String> FAMILIES = new HashMap<>();

  static {
    for (String name : List.of("order_placed", "order_confirmed", "order_changed", "order_delayed",
        "order_ready", "order_cancelled")) {
      FAMILIES.put(name, "orders");
    }
    for (String name : List.of("shipment_dispatched", "shipment_delivered", "shipment_returned")) {
      FAMILIES.put(name, "shipments");
    }
    for (String name : List.of("invoice_issued", "invoice_delivered", "invoice_due_date_changed",
        "invoice_voided", "credit_note_issued", "invoice_disputed", "dispute_resolved",
        "invoice_written_off", "write_off_recovered", "credit_note_voided")) {
      FAMILIES.put(name, "invoices");
    }
    for (String name : List.of("payment_received", "payment_allocated", "payment_unallocated",
        "payment_reversed", "refund_paid", "promise_made", "promise_withdrawn")) {
      FAMILIES.put(name, "payments");
    }
    for (String name : List.of("customer_profile_set", "sales_target_set", "exchange_rate_published")) {
      FAMILIES.put(name, "reference");
    }
  }

  private final Map<String, Object> connection = new HashMap<>();
  private KafkaProducer<byte[], byte[]> producer;
  private Admin admin;

  private Peer(String brokers) {
    connection.put("bootstrap.servers", brokers);
  }

  public static void main(String[] args) throws Exception {
    Peer peer = new Peer(args[0]);
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // Whatever a library prints must not stand among the answers.
    System.setOut(System.err);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonObject answer;
      try {
        answer = peer.handle(JsonParser.parseString(line).getAsJsonObject());
      } catch (Exception e) {
        answer = new JsonObject();
        answer.addProperty("error", String.valueOf(e instanceof ExecutionException ? e.getCause() : e));
      }
      answers.println(GSON.toJson(answer));
    }
  }

  private JsonObject handle(JsonObject request) throws Exception {
    switch (request.get("op").getAsString()) {
      case "publish": return publish(request);
      case "encode": return encode(request);
      case "send": return send(request);
      case "read": return read(request.get("topic").getAsString());
      case "create": return create(request);
      case "delete": return delete(request);
      case "add_partitions": return addPartitions(request);
      default: throw new IllegalArgumentException("no such request: " + request);
    }
  }

  private static Event parse(JsonElement json) throws Exception {
    Event.Builder event = Event.newBuilder();
    JsonFormat.parser().merge(json.toString(), event);
    return event.build();
  }

  /** Events as an upstream would publish them: by payload to their topic, keyed by customer_id. */
  private JsonObject publish(JsonObject request) throws Exception {
    String prefix = request.get("prefix").getAsString();
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (JsonElement json : request.getAsJsonArray("events")) {
      Event event = parse(json);
      String payload = event.getAllFields().keySet().stream()
          .filter(field -> field.getRealContainingOneof() != null).findFirst().get().getName();
      String topic = prefix + "daybook." + FAMILIES.get(payload) + ".v1";
      sent.add(producer().send(new ProducerRecord<>(topic,
          event.getCustomerId().getBytes(StandardCharsets.UTF_8), event.toByteArray())));
    }
    return places(sent);
  }

  private JsonObject encode(JsonObject request) throws Exception {
    JsonArray values = new JsonArray();
    for (JsonElement json : request.getAsJsonArray("events")) {
      values.add(Base64.getEncoder().encodeToString(parse(json).toByteArray()));
    }
    JsonObject answer = new JsonObject();
    answer.add("values", values);
    return answer;
  }

  private static byte[] bytes(JsonObject from, String name) {
    JsonElement value = from.get(name);
    return value == null || value.isJsonNull() ? null : Base64.getDecoder().decode(value.getAsString());
  }

  /** Records as they are given; in one transaction that ends as `transaction` says, when it does: "open" leaves it. */
  private JsonObject send(JsonObject request) throws Exception {
    KafkaProducer<byte[], byte[]> by = producer();
    String transaction = request.has("transaction") ? request.get("transaction").getAsString() : "";
    if (!transaction.isEmpty()) {
      Map<String, Object> settings = new HashMap<>(connection);
      settings.put("transactional.id", "peer-" + System.nanoTime());
      by = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
      by.initTransactions();
      by.beginTransaction();
    }
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (JsonElement json : request.getAsJsonArray("records")) {
      JsonObject record = json.getAsJsonObject();
      Integer partition = record.has("partition") ? record.get("partition").getAsInt() : null;
      sent.add(by.send(new ProducerRecord<>(record.get("topic").getAsString(), partition,
          bytes(record, "key"), bytes(record, "value"))));
    }
    if (!transaction.isEmpty()) {
      by.flush();
      if (transaction.equals("open")) return places(sent);
      if (transaction.equals("commit")) {
        by.commitTransaction();
      } else {
        by.abortTransaction();
      }
      by.close();
    }
    return places(sent);
  }

  private static JsonObject places(List<Future<RecordMetadata>> sent) throws Exception {
    JsonArray places = new JsonArray();
    for (Future<RecordMetadata> one : sent) {
      RecordMetadata at = one.get();
      JsonObject place = new JsonObject();
      place.addProperty("topic", at.topic());
      place.addProperty("partition", at.partition());
      place.addProperty("offset", at.offset());
      places.add(place);
    }
    JsonObject answer = new JsonObject();
    answer.add("places", places);
    return answer;
  }

  private JsonObject read(String topic) {
    Map<String, Object> settings = new HashMap<>(connection);
    settings.put("isolation.level", "read_committed");
    settings.put("enable.auto.commit", "false");
    JsonArray records = new JsonArray();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
        settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (PartitionInfo info : consumer.partitionsFor(topic)) {
        partitions.add(new TopicPartition(topic, info.partition()));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          records.add(toJson(record));
        }
      }
    }
    JsonObject answer = new JsonObject();
    answer.add("records", records);
    return answer;
  }

  private static JsonElement base64(byte[] bytes) {
    return bytes == null ? JsonNull.INSTANCE : GSON.toJsonTree(Base64.getEncoder().encodeToString(bytes));
  }

  private static JsonObject toJson(ConsumerRecord<byte[], byte[]> record) {
    JsonObject json = new JsonObject();
    json.addProperty("partition", record.partition());
    json.addProperty("offset", record.offset());
    json.add("key", base64(record.key()));
    json.add("value", base64(record.value()));
    JsonObject headers = new JsonObject();
    for (Header header : record.headers()) {
      headers.addProperty(header.key(), new String(header.value(), StandardCharsets.UTF_8));
    }
    json.add("headers", headers);
    return json;
  }

  private JsonObject create(JsonObject request) throws Exception {
    Map<String, String> settings = new HashMap<>();
    for (Map.Entry<String, JsonElement> setting : request.getAsJsonObject("settings").entrySet()) {
      settings.put(setting.getKey(), setting.getValue().getAsString());
    }
    NewTopic topic = new NewTopic(request.get("topic").getAsString(),
        Optional.of(request.get("partitions").getAsInt()), Optional.empty()).configs(settings);
    // A topic of that name may still be going away.
    for (int i = 0; ; ++i) {
      try {
        admin().createTopics(Set.of(topic)).all().get();
        break;
      } catch (ExecutionException e) {
        if (i == 50 || !(e.getCause() instanceof TopicExistsException)) throw e;
        Thread.sleep(200);
      }
    }
    awaitTopic(topic.name(), true);
    return new JsonObject();
  }

  private JsonObject addPartitions(JsonObject request) throws Exception {
    String topic = request.get("topic").getAsString();
    int count = request.get("count").getAsInt();
    admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(count))).all().get();
    while (admin().describeTopics(Set.of(topic)).allTopicNames().get().get(topic).partitions().size() < count) {
      Thread.sleep(50);
    }
    return new JsonObject();
  }

  /** A broker learns of what its controller has done a little later. */
  private void awaitTopic(String topic, boolean there) throws Exception {
    for (int i = 0; i < 100; ++i) {
      boolean known = true;
      try {
        admin().describeTopics(Set.of(topic)).allTopicNames().get();
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) throw e;
        known = false;
      }
      if (known == there) return;
      Thread.sleep(50);
    }
    throw new IllegalStateException(topic + (there ? " does not appear" : " does not go away"));
  }

  private JsonObject delete(JsonObject request) throws Exception {
    String topic = request.get("topic").getAsString();
    admin().deleteTopics(Set.of(topic)).all().get();
    awaitTopic(topic, false);
    return new JsonObject();
  }

  private KafkaProducer<byte[], byte[]> producer() {
    if (producer == null) {
      Map<String, Object> settings = new HashMap<>(connection);
      settings.put("max.request.size", "2097152");
      settings.put("linger.ms", "5");
      producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }
    return producer;
  }

  private Admin admin() {
    if (admin == null) admin = Admin.create(connection);
    return admin;
  }
}
