package dev.detr4j.train.run;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.export.NamedWeight;
import dev.detr4j.train.export.WeightsFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Keeps a {@link RunState} as a folder of two files, tensors and the rest.
 *
 * <p>A new state is written aside, synced and renamed; the one before stays until then. A process
 * that is killed at any moment leaves at least one whole state.
 */
final class StateFiles {
  private static final String TENSORS = "tensors.safetensors";
  private static final String REST = "state.json";
  private static final int FORMAT = 1;

  private final Path folder;
  private final Path aside;
  private final Path before;

  /** Of the folder of this name, and two beside it. */
  StateFiles(Path folder) {
    this.folder = folder;
    String name = String.valueOf(folder.getFileName());
    aside = folder.resolveSibling(name + ".partial");
    before = folder.resolveSibling(name + ".before");
  }

  /** Whether there is a state. */
  boolean exists() {
    return Files.exists(folder) || Files.exists(before);
  }

  /** Removes the state. */
  void remove() throws IOException {
    remove(aside);
    remove(folder);
    remove(before);
  }

  /** Replaces the state. */
  void write(RunState state) {
    try {
      remove(aside);
      Files.createDirectories(aside);
      WeightsFile.write(aside.resolve(TENSORS), state.tensors());
      try (FileChannel file =
          FileChannel.open(
              aside.resolve(REST), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ByteBuffer text = ByteBuffer.wrap(json(state));
        while (text.hasRemaining()) {
          file.write(text);
        }
        file.force(true);
      }
      sync(aside);
      if (Files.exists(folder)) {
        remove(before);
        Files.move(folder, before, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
      Path parent = folder.toAbsolutePath().getParent();
      if (parent != null) {
        sync(parent);
      }
      remove(before);
    } catch (IOException e) {
      throw new TrainingException(folder + ": the state cannot be written: " + OneLine.of(e), e);
    }
  }

  /**
   * Names of a folder are on the disk only when the folder is synced, where systems can do that.
   */
  private static void sync(Path folder) throws IOException {
    if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
        names.force(true);
      }
    }
  }

  private static byte[] json(RunState state) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.useDefaultPrettyPrinter();
      json.writeStartObject();
      json.writeNumberField("format", FORMAT);
      json.writeNumberField("step", state.step());
      json.writeNumberField("epoch", state.epoch());
      json.writeNumberField("step_in_epoch", state.stepInEpoch());
      // As text: JSON has no infinity, and every bit counts.
      json.writeStringField("rate_factor", Double.toString(state.rateFactor()));
      json.writeStringField("best", Double.toString(state.best()));
      json.writeNumberField("best_epoch", state.bestEpoch());
      json.writeNumberField("waited", state.waited());
      json.writeObjectFieldStart("identity");
      for (Map.Entry<String, String> each : state.identity().entrySet()) {
        json.writeStringField(each.getKey(), each.getValue());
      }
      json.writeEndObject();
      json.writeObjectFieldStart("tensor_steps");
      for (Map.Entry<String, Long> each : state.tensorSteps().entrySet()) {
        json.writeNumberField(each.getKey(), each.getValue());
      }
      json.writeEndObject();
      json.writeEndObject();
    }
    return text.toByteArray();
  }

  /** Reads what the run of the newest whole state is. */
  Map<String, String> identity() {
    return identity(rest(newest()));
  }

  private Path newest() {
    return Files.exists(folder) ? folder : before;
  }

  private static JsonObject rest(Path state) {
    JsonObject json =
        JsonObject.read(
            state.resolve(REST),
            message ->
                new TrainingException(
                    state
                        + ": the state of a run cannot be read; --restart begins anew: "
                        + message));
    int format = json.integer("format", 0, Integer.MAX_VALUE);
    if (format != FORMAT) {
      throw new TrainingException(
          "%s: format %d, expected %d; another version of detr4j wrote it"
              .formatted(json.where(), format, FORMAT));
    }
    return json;
  }

  private static Map<String, String> identity(JsonObject json) {
    Map<String, String> identity = new LinkedHashMap<>();
    JsonObject named = json.object("identity");
    named.names().forEach(name -> identity.put(name, named.string(name)));
    return identity;
  }

  /**
   * Reads the newest whole state.
   *
   * @param arena of the memory of its tensors
   */
  RunState read(Arena arena) {
    Path newest = newest();
    JsonObject json = rest(newest);
    Map<String, String> identity = identity(json);
    Map<String, Long> steps = new LinkedHashMap<>();
    JsonObject counted = json.object("tensor_steps");
    counted.names().forEach(name -> steps.put(name, counted.longInteger(name)));
    List<NamedWeight> tensors = new ArrayList<>();
    try (SafetensorsFile file = SafetensorsFile.open(newest.resolve(TENSORS))) {
      for (String name : file.names()) {
        StoredTensor tensor = file.tensor(name);
        MemorySegment values = arena.allocate(4 * tensor.shape().elements(), 64);
        tensor.read(values);
        tensors.add(new NamedWeight(name, tensor.shape(), values));
      }
    }
    return new RunState(
        json.longInteger("step"),
        json.integer("epoch", 0, Integer.MAX_VALUE),
        json.integer("step_in_epoch", 0, Integer.MAX_VALUE),
        number(json, "rate_factor"),
        number(json, "best"),
        json.integer("best_epoch", -1, Integer.MAX_VALUE),
        json.integer("waited", 0, Integer.MAX_VALUE),
        identity,
        steps,
        tensors);
  }

  private static double number(JsonObject json, String field) {
    try {
      return Double.parseDouble(json.string(field));
    } catch (NumberFormatException e) {
      throw new TrainingException(json.where() + ": " + field + " is not a number", e);
    }
  }

  private static void remove(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
