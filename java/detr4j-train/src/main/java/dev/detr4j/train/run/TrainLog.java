package dev.detr4j.train.run;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.error.OneLine;
import dev.detr4j.evaluation.CocoStats;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.loss.LayerLosses;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code train.jsonl}: a line for each step and for each evaluation, appended as they happen. The
 * curves of the report are drawn from it.
 */
final class TrainLog {
  private final Path file;
  private final List<Step> steps = new ArrayList<>();
  private final List<Evaluation> evaluations = new ArrayList<>();

  /** A step as the curves need it. */
  record Step(long step, double loss, double rate) {}

  /** An evaluation as the curves need it. */
  record Evaluation(long step, int epoch, Map<String, Double> metrics) {}

  private interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  private TrainLog(Path file) {
    this.file = file;
  }

  /**
   * Opens the log of a run. What was written after its last kept state is cut off: it happens
   * again.
   *
   * @param step of the state to go on from; 0 for a new run
   */
  static TrainLog open(Path file, long step) {
    TrainLog log = new TrainLog(file);
    if (!Files.exists(file)) {
      return log;
    }
    List<String> kept = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
        JsonObject read = line.endsWith("}") ? parsed(file, line) : null; // a torn line has no end
        if (read == null || read.longInteger("step") > step) {
          break;
        }
        kept.add(line);
        log.remember(read);
      }
      Path aside = file.resolveSibling(file.getFileName() + ".partial");
      Files.write(aside, kept, StandardCharsets.UTF_8);
      Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw log.unwritable(e);
    }
    return log;
  }

  private static JsonObject parsed(Path file, String line) {
    return JsonObject.parse(
        String.valueOf(file.getFileName()),
        line.getBytes(StandardCharsets.UTF_8),
        TrainingException::new);
  }

  private void remember(JsonObject line) {
    long step = line.longInteger("step");
    if (line.has("loss")) {
      steps.add(new Step(step, line.number("loss"), line.number("rate")));
    } else if (line.isObject("metrics")) {
      JsonObject metrics = line.object("metrics");
      Map<String, Double> values = new LinkedHashMap<>();
      metrics.names().forEach(name -> values.put(name, metrics.number(name)));
      evaluations.add(new Evaluation(step, line.integer("epoch", 0, Integer.MAX_VALUE), values));
    }
  }

  /** The steps so far. */
  List<Step> steps() {
    return steps;
  }

  /** The evaluations so far. */
  List<Evaluation> evaluations() {
    return evaluations;
  }

  void step(
      TrainingEngine.Settings settings, int epoch, TrainingEngine.Outcome outcome, double seconds) {
    double loss = outcome.losses().total();
    steps.add(new Step(settings.step(), loss, settings.rate()));
    append(json -> {
      json.writeNumberField("step", settings.step());
      json.writeNumberField("epoch", epoch);
      json.writeNumberField("loss", loss);
      json.writeObjectFieldStart("losses");
      for (Map.Entry<String, Double> each : outcome.losses().named().entrySet()) {
        json.writeNumberField(each.getKey(), each.getValue());
      }
      json.writeEndObject();
      if (!outcome.losses().layers().isEmpty()) {
        LayerLosses last = outcome.losses().layers().getFirst();
        json.writeNumberField("class_error", last.classError());
      }
      json.writeNumberField("gradient_norm", outcome.gradientNorm());
      json.writeNumberField("rate", settings.rate());
      json.writeNumberField("seconds", seconds);
    });
  }

  void evaluation(long step, int epoch, CocoStats stats, boolean best) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (int i = 0; i < CocoStats.NAMES.size(); i++) {
      metrics.put(CocoStats.NAMES.get(i), stats.values().get(i));
    }
    evaluations.add(new Evaluation(step, epoch, metrics));
    append(json -> {
      json.writeNumberField("step", step);
      json.writeNumberField("epoch", epoch);
      json.writeBooleanField("best", best);
      json.writeObjectFieldStart("metrics");
      for (Map.Entry<String, Double> each : metrics.entrySet()) {
        json.writeNumberField(each.getKey(), each.getValue());
      }
      json.writeEndObject();
    });
  }

  /** Notes what happened, such as a loss that was not finite. */
  void event(long step, int epoch, String what) {
    append(json -> {
      json.writeNumberField("step", step);
      json.writeNumberField("epoch", epoch);
      json.writeStringField("event", what);
    });
  }

  private void append(Body body) {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(line)) {
      json.writeStartObject();
      body.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    try {
      Files.writeString(
          file,
          line.append('\n').toString(),
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  private TrainingException unwritable(IOException e) {
    return new TrainingException(file + ": cannot be written: " + OneLine.of(e), e);
  }
}
