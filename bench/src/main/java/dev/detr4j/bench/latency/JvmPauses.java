package dev.detr4j.bench.latency;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** What the JVM did beside the calls, from a recording of the JDK Flight Recorder. */
final class JvmPauses implements AutoCloseable {
  private static final List<String> WATCHED =
      List.of(
          "jdk.GarbageCollection",
          "jdk.SafepointBegin",
          "jdk.SafepointEnd",
          "jdk.ExecuteVMOperation",
          "jdk.Compilation");

  private final Recording recording = new Recording();
  private final Instant wall;
  private final long nanos;
  private List<RecordedEvent> events = List.of();

  /** Starts recording; the events of detr4j itself stay off. */
  JvmPauses() {
    WATCHED.forEach(name -> recording.enable(name).withThreshold(Duration.ZERO));
    for (String own : List.of("Inference", "PlanBuilt", "BackendChosen", "Step")) {
      recording.disable("dev.detr4j." + own);
    }
    recording.start();
    wall = Instant.now();
    nanos = System.nanoTime();
  }

  /** Ends the recording and reads it. */
  void stop() throws IOException {
    recording.stop();
    Path file = Files.createTempFile("detr4j-pauses", ".jfr");
    try {
      recording.dump(file);
      events = RecordingFile.readAllEvents(file);
    } finally {
      Files.delete(file);
    }
  }

  int collections() {
    return (int) named("jdk.GarbageCollection").count();
  }

  /** Operations for which every thread was stopped. */
  List<RecordedEvent> stops() {
    return named("jdk.ExecuteVMOperation").filter(event -> event.getBoolean("safepoint")).toList();
  }

  int compilations() {
    return (int) named("jdk.Compilation").count();
  }

  /** The longest stop in milliseconds. */
  double longestStop() {
    return stops().stream()
        .mapToDouble(event -> event.getDuration().toNanos() / 1e6)
        .max()
        .orElse(0);
  }

  /** Start and end of each stop, as {@link System#nanoTime}. */
  long[][] stopTimes() {
    return times(stops());
  }

  /** Start and end of each compilation, as {@link System#nanoTime}. */
  long[][] compilationTimes() {
    return times(named("jdk.Compilation").toList());
  }

  private java.util.stream.Stream<RecordedEvent> named(String name) {
    Predicate<RecordedEvent> is = event -> event.getEventType().getName().equals(name);
    return events.stream().filter(is);
  }

  private long[][] times(List<RecordedEvent> of) {
    return of.stream()
        .map(event ->
            new long[] {
              nanos + Duration.between(wall, event.getStartTime()).toNanos(),
              nanos + Duration.between(wall, event.getEndTime()).toNanos()
            })
        .toArray(long[][]::new);
  }

  @Override
  public void close() {
    recording.close();
  }
}
