package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.ImageView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import jdk.jfr.EventType;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the JDK's recorder sees, through a file that is read back with the JDK's own reader. */
class FlightRecorderTest {
  private static final String STEP = "dev.detr4j.Step";

  @TempDir Path folder;

  @Test
  void aRecordingHasCallsPlansAndTheChoice() throws IOException {
    Map<String, List<RecordedEvent>> events;
    ImageView picture = SmallModel.picture(96, 64, 1);
    int found;
    try (Recording recording = new Recording()) {
      recording.start();
      try (Detector detector = open();
          DetectorSession session = detector.newSession()) {
        Detections detections = session.newDetections();
        session.detect(picture, detections, 0);
        session.detect(picture, detections, 0);
        found = detections.size();
      }
      events = stopped(recording);
    }

    RecordedEvent choice = events.get("dev.detr4j.BackendChosen").getFirst();
    assertEquals("small-model", choice.getString("model"));
    assertEquals("vector", choice.getString("backend"));
    assertEquals("option", choice.getString("chosenBy"));
    assertTrue(
        choice.getString("notChosen").contains("reference: vector was requested by name"),
        choice.toString());

    List<RecordedEvent> plans = events.get("dev.detr4j.PlanBuilt");
    assertEquals(1, plans.size());
    RecordedEvent plan = plans.getFirst();
    assertEquals("small-model", plan.getString("model"));
    assertEquals(1, plan.getInt("images"));
    assertTrue(plan.getInt("steps") > 20, plan.toString());
    assertTrue(plan.getLong("memory") > 64L * 96 * 3 * 4, plan.toString());

    List<RecordedEvent> calls = events.get("dev.detr4j.Inference");
    assertEquals(2, calls.size());
    for (RecordedEvent call : calls) {
      assertEquals("vector", call.getString("backend"));
      assertEquals("small-model", call.getString("model"));
      assertTrue(call.getString("architecture").startsWith("Deformable DETR"), call.toString());
      assertEquals(96, call.getInt("imageWidth"));
      assertEquals(64, call.getInt("imageHeight"));
      assertEquals(plan.getInt("inputWidth"), call.getInt("inputWidth"));
      assertEquals(plan.getInt("inputHeight"), call.getInt("inputHeight"));
      assertEquals(found, call.getInt("detections"));
      assertTrue(call.getDuration().compareTo(Duration.ZERO) > 0, call.toString());
    }
    assertTrue(within(plan, calls.getFirst()), "the first call plans: " + plan + calls.getFirst());
    assertTrue(!events.containsKey(STEP), "steps are off unless asked for");

    EventType type = calls.getFirst().getEventType();
    assertEquals(List.of("detr4j"), type.getCategoryNames());
    assertEquals("Inference", type.getLabel());
  }

  @Test
  void stepsAreThereWhenAskedFor() throws IOException {
    Map<String, List<RecordedEvent>> events;
    ImageView picture = SmallModel.picture(96, 64, 2);
    int steps;
    try (Detector detector = open();
        DetectorSession session = detector.newSession();
        Recording recording = new Recording()) {
      Detections detections = session.newDetections();
      session.detect(picture, detections);
      // The session and its program are older than the recording.
      recording.enable(STEP);
      recording.start();
      session.detect(picture, detections);
      events = stopped(recording);
      steps = session.profile(picture, 1).steps().size();
    }
    RecordedEvent call = events.get("dev.detr4j.Inference").getFirst();
    List<RecordedEvent> recorded = events.get(STEP);
    assertEquals(steps, recorded.size());
    assertEquals("preprocess", recorded.getFirst().getString("label"));
    assertEquals("ResizeNormalize", recorded.getFirst().getString("operation"));
    assertEquals("backbone.stem", recorded.get(1).getString("label"));
    assertEquals("Convolution", recorded.get(1).getString("operation"));
    for (RecordedEvent step : recorded) {
      assertEquals("small-model", step.getString("model"));
      assertTrue(within(step, call), step + " in " + call);
    }
  }

  /** No event object, and not even an event class: the first would start much of the recorder. */
  @Test
  void whileNobodyRecordsNoEventIsLoaded() throws Exception {
    Path model = SmallModel.writeBelow(folder);
    Path loaded = folder.resolve("classes.txt");
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xlog:class+load:file=" + loaded,
                "-cp",
                System.getProperty("java.class.path"),
                DetectInQuiet.class.getName(),
                model.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, child.waitFor());
    assertTrue(output.strip().endsWith(" found, recorder false"), output);
    List<String> ours =
        Files.readAllLines(loaded).stream()
            .filter(line -> line.contains("dev.detr4j.event."))
            .map(line -> line.replaceFirst(".*(dev\\.detr4j\\.event\\.\\w+).*", "$1"))
            .sorted()
            .toList();
    assertEquals(
        List.of(
            "dev.detr4j.event.Inferences", "dev.detr4j.event.Recorder", "dev.detr4j.event.Steps"),
        ours);
  }

  private static boolean within(RecordedEvent inner, RecordedEvent outer) {
    return !inner.getStartTime().isBefore(outer.getStartTime())
        && !inner.getEndTime().isAfter(outer.getEndTime());
  }

  private Detector open() {
    return Detector.builder(SmallModel.writeBelow(folder))
        .backend(BackendKind.VECTOR)
        .threads(2)
        .build();
  }

  /** The events by name, each list in the order of starting. */
  private Map<String, List<RecordedEvent>> stopped(Recording recording) throws IOException {
    recording.stop();
    Path file = folder.resolve("recording.jfr");
    recording.dump(file);
    return RecordingFile.readAllEvents(file).stream()
        .sorted((a, b) -> a.getStartTime().compareTo(b.getStartTime()))
        .collect(Collectors.groupingBy(event -> event.getEventType().getName()));
  }
}
