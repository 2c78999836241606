package dev.detr4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.detr4j.Detector;
import dev.detr4j.image.Orientation;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSummary;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What {@code info} says, for programs: an object with {@code version, java, system, start_cache,
 * c_library, backends, in_use} of the machine and {@code model}, of which the parts that were not
 * asked for are absent. Closing ends the object and flushes; what it is written to stays open.
 */
final class InfoJson implements AutoCloseable {
  private final JsonGenerator json;

  InfoJson(Writer out) throws IOException {
    json = new JsonFactory().createGenerator(out);
    json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    json.setPrettyPrinter(new DefaultPrettyPrinter());
    json.writeStartObject();
  }

  void machine(MachineInfo machine) throws IOException {
    json.writeStringField("version", machine.version());
    json.writeObjectFieldStart("java");
    json.writeStringField("version", System.getProperty("java.version"));
    json.writeStringField("vm", System.getProperty("java.vm.name"));
    json.writeStringField("home", System.getProperty("java.home"));
    json.writeEndObject();
    json.writeObjectFieldStart("system");
    json.writeStringField("name", System.getProperty("os.name"));
    json.writeStringField("architecture", System.getProperty("os.arch"));
    json.writeNumberField("processors", Runtime.getRuntime().availableProcessors());
    json.writeEndObject();
    json.writeStringField("start_cache", machine.startCache());
    MachineInfo.Library library = machine.library();
    json.writeObjectFieldStart("c_library");
    json.writeBooleanField("usable", library.usable());
    json.writeStringField("description", library.description());
    strings("passed_over", library.refused());
    json.writeStringField("detected", library.detected());
    strings("instruction_sets", library.instructionSets());
    json.writeEndObject();
    json.writeArrayFieldStart("backends");
    for (MachineInfo.State state : machine.backends()) {
      json.writeStartObject();
      json.writeStringField("name", state.name());
      json.writeBooleanField("usable", state.reason() == null);
      json.writeStringField("instruction_set", state.instructionSet());
      json.writeStringField("reason", state.reason());
      strings("notes", state.notes());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  /** The backend that would be used; null where there is none. */
  void inUse(MachineInfo.@Nullable InUse used) throws IOException {
    if (used == null) {
      json.writeNullField("in_use");
      return;
    }
    json.writeObjectFieldStart("in_use");
    json.writeStringField("backend", used.backend());
    json.writeStringField("instruction_set", used.instructionSet());
    json.writeStringField("precision", used.precision());
    json.writeStringField("device", used.device());
    json.writeStringField("chosen_by", used.chosenBy());
    json.writeEndObject();
  }

  void model(Detector detector, Path path) throws IOException {
    ModelSummary summary = detector.model();
    json.writeObjectFieldStart("model");
    json.writeStringField("path", path.toString());
    json.writeStringField("checkpoint", summary.checkpoint());
    json.writeStringField("source", summary.source().id());
    json.writeStringField("variant", summary.variant());
    json.writeStringField("architecture", summary.architecture());
    json.writeStringField("backbone", summary.backbone());
    json.writeBooleanField("dilated", summary.dilated());
    json.writeNumberField("encoder_layers", summary.encoderLayers());
    json.writeNumberField("decoder_layers", summary.decoderLayers());
    json.writeNumberField("levels", summary.levels());
    json.writeBooleanField("box_refinement", summary.boxRefinement());
    json.writeBooleanField("two_stage", summary.twoStage());
    json.writeNumberField("parameters", summary.parameters());
    json.writeNumberField("queries", summary.queries());
    json.writeNumberField("classes", summary.labels());
    strings("labels", detector.labels());
    json.writeBooleanField("exif_applied", detector.orientation() == Orientation.APPLY);
    json.writeArrayFieldStart("assumed");
    for (Assumption assumption : summary.assumed()) {
      json.writeStartObject();
      json.writeStringField("kind", assumption.kind().name().toLowerCase(Locale.ROOT));
      json.writeStringField("what", assumption.what());
      json.writeStringField("otherwise", assumption.otherwise());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void strings(String name, List<String> values) throws IOException {
    json.writeArrayFieldStart(name);
    for (String value : values) {
      json.writeString(value);
    }
    json.writeEndArray();
  }

  @Override
  public void close() throws IOException {
    json.writeEndObject();
    json.writeRaw('\n');
    json.flush();
  }
}
