package dev.detr4j.cli.profile;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.detr4j.backend.PeakRates;
import dev.detr4j.profile.StepTiming;
import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.io.Writer;
import java.util.List;

/**
 * A profile for programs: {@code {model, image, backend, rounds, warm_up, other_processes, peaks,
 * counted, call, stages, operations, steps}}. Times are in nanoseconds, {@code share}, {@code
 * of_peak} and {@code other_processes} are parts of 1, all steps are there in the order of running.
 * Without measured peaks {@code peaks}, {@code of_peak} and {@code bound_by} are absent. {@code
 * counted} is there on a device alone: kernels and bytes of the network and what {@link
 * CountedTime} makes of them; it is not measured.
 */
public final class ProfileJson {
  private ProfileJson() {}

  /** Writes and flushes; {@code out} stays open. */
  public static void write(Profile profile, Writer out) throws IOException {
    JsonGenerator json = new JsonFactory().createGenerator(out);
    json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    json.setPrettyPrinter(new DefaultPrettyPrinter());
    json.writeStartObject();
    json.writeStringField("model", profile.model());
    json.writeObjectFieldStart("image");
    json.writeNumberField("width", profile.imageWidth());
    json.writeNumberField("height", profile.imageHeight());
    json.writeEndObject();
    json.writeObjectFieldStart("backend");
    json.writeStringField("kind", profile.backend().kind().id());
    json.writeStringField("instruction_set", profile.backend().instructionSet());
    json.writeStringField("device", profile.backend().device());
    json.writeEndObject();
    json.writeNumberField("rounds", profile.rounds());
    json.writeObjectFieldStart("warm_up");
    json.writeNumberField("calls", profile.warmUp().calls());
    json.writeNumberField("ns", profile.warmUp().took().toNanos());
    json.writeNumberField("last_change", profile.warmUp().lastChange());
    json.writeBooleanField("steady", profile.warmUp().steady());
    json.writeEndObject();
    if (Double.isNaN(profile.others())) {
      json.writeNullField("other_processes");
    } else {
      json.writeNumberField("other_processes", profile.others());
    }
    PeakRates peaks = profile.peaks();
    if (peaks != null) {
      json.writeObjectFieldStart("peaks");
      json.writeNumberField("flops_per_s", peaks.flops());
      json.writeNumberField("bytes_per_s", peaks.bytes());
      json.writeStringField("measured", peaks.loops().toString());
      json.writeEndObject();
    }
    CountedTime counted = profile.counted();
    if (counted != null) {
      json.writeObjectFieldStart("counted");
      json.writeNumberField("kernels", counted.kernels());
      json.writeNumberField("bytes", counted.bytes());
      json.writeNumberField("ns", Math.round(1e9 * counted.seconds()));
      json.writeStringField("what", counted.toString());
      json.writeEndObject();
    }
    json.writeObjectFieldStart("call");
    times(json, profile.timings().calls().stream().sorted().toList());
    json.writeEndObject();
    double total = profile.all().seconds();
    rows(json, "stages", profile.stageRows(), total, peaks != null);
    rows(json, "operations", profile.operationRows(), total, peaks != null);
    json.writeArrayFieldStart("steps");
    for (StepTiming step : profile.timings().steps()) {
      json.writeStartObject();
      json.writeStringField("name", step.label());
      json.writeStringField("stage", Stage.of(step.label()).words());
      json.writeStringField("operation", Profile.kind(step));
      shapes(json, "inputs", step.inputs());
      shapes(json, "outputs", step.outputs());
      numbers(json, profile.row(step), total, peaks != null);
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
    json.writeRaw('\n');
    json.flush();
  }

  private static void rows(
      JsonGenerator json, String name, List<ProfileRow> rows, double total, boolean peaks)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (ProfileRow row : rows) {
      json.writeStartObject();
      json.writeStringField("name", row.name());
      json.writeNumberField("steps", row.steps());
      numbers(json, row, total, peaks);
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void numbers(JsonGenerator json, ProfileRow row, double total, boolean peaks)
      throws IOException {
    times(json, row.nanoseconds());
    json.writeNumberField("share", row.seconds() / total);
    json.writeNumberField("flops", row.cost().flops());
    json.writeNumberField("bytes", row.cost().bytes());
    json.writeNumberField("flops_per_s", row.flopsPerSecond());
    json.writeNumberField("bytes_per_s", row.bytesPerSecond());
    if (peaks) {
      json.writeNumberField("of_peak", row.ofPeak());
      json.writeStringField("bound_by", row.boundByMemory() ? "memory" : "arithmetic");
    }
  }

  private static void times(JsonGenerator json, List<Long> sorted) throws IOException {
    json.writeNumberField("median_ns", ProfileRow.median(sorted));
    json.writeNumberField("min_ns", sorted.getFirst());
    json.writeNumberField("max_ns", sorted.getLast());
  }

  private static void shapes(JsonGenerator json, String name, List<Shape> shapes)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (Shape shape : shapes) {
      int[] extents = shape.toArray();
      json.writeArray(extents, 0, extents.length);
    }
    json.writeEndArray();
  }
}
