package dev.detr4j.parity;

import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One model of a golden set: its checkpoint and input by formula, and what the original
 * implementation made of them.
 *
 * <p>Reading loads the manifest and all stored outputs; no file stays open. Immutable and
 * thread-safe.
 */
public final class GoldenCase {
  private static final int MOST = Integer.MAX_VALUE;

  private final String path;
  private final Path folder;
  private final JsonObject manifest;
  private final FormulaCheckpoint checkpoint;
  private final SeededTensor inputFormula;
  private final Shape inputShape;
  private final List<Extent> valid;
  private final List<ExpectedTensor> expected;
  private final List<Integer> proposalIndex;

  /** The part of a padded input that is image; the rest, right and below, is padding. */
  public record Extent(int height, int width) {}

  private GoldenCase(String path, Path folder, @Nullable JsonObject tolerance) {
    this.path = path;
    this.folder = folder;
    this.manifest =
        JsonObject.read(
            folder.resolve("manifest.json"),
            message -> new CheckpointException("golden case " + path + ": " + message));
    this.checkpoint = FormulaCheckpoint.of(manifest);
    JsonObject input = manifest.object("input");
    this.inputShape =
        Shape.of(input.integers("shape", 1, MOST).stream().mapToInt(Integer::intValue).toArray());
    if (inputShape.rank() != 4) {
      throw input.wrong("shape is " + inputShape + ", expected [batch, 3, height, width]");
    }
    this.inputFormula =
        new SeededTensor(
            input.string("key", "input"),
            manifest.longInteger("seed"),
            input.number("base"),
            input.number("scale"));
    this.valid = valid(input);
    try (SafetensorsFile outputs =
        SafetensorsFile.open(
            folder.resolve(manifest.object("expected").string("file", "expected.safetensors")))) {
      this.expected = expected(outputs, tolerance);
      this.proposalIndex = proposalIndex(outputs);
    }
  }

  /**
   * Reads a case.
   *
   * @param path its place in the set, as messages and prefixes name it
   * @param tolerance the entry {@code tolerance} of the set's index, or null to derive it from the
   *     manifest
   * @throws CheckpointException when a file is missing or malformed
   */
  static GoldenCase read(String path, Path folder, @Nullable JsonObject tolerance) {
    return new GoldenCase(path, folder, tolerance);
  }

  /** The place in the set, for instance {@code models/hf_detr_r50}. */
  public String path() {
    return path;
  }

  /** Whose checkpoint style and implementation it is, for instance {@code huggingface}. */
  public String source() {
    return manifest.string("source");
  }

  /**
   * The folder of the case, which for Hugging Face holds {@code config.json} and {@code
   * preprocessor_config.json}.
   */
  public Path folder() {
    return folder;
  }

  /** The {@code config.json}, if the case has one. */
  public Optional<Path> configFile() {
    Path config = folder.resolve(manifest.string("config_file", "config.json"));
    return Files.isRegularFile(config) ? Optional.of(config) : Optional.empty();
  }

  /**
   * The architecture, if the case has a {@code config.json}.
   *
   * @throws dev.detr4j.error.ModelConfigException when detr4j does not run it
   */
  public Optional<ModelConfig> config() {
    return configFile().map(ModelFamilies.ALL::read);
  }

  /** The network of the case with weights by formula, which are computed when they are packed. */
  public DetectionModel network() {
    return ModelParity.network(this);
  }

  /** The whole manifest, for what only some sources have, such as {@code options}. */
  public JsonObject manifest() {
    return manifest;
  }

  /** The weights. */
  public FormulaCheckpoint checkpoint() {
    return checkpoint;
  }

  /** The shape of the normalised network input, NCHW. */
  public Shape inputShape() {
    return inputShape;
  }

  /** For each image of the batch the part that is not padding. */
  public List<Extent> valid() {
    return valid;
  }

  /** Whether any image of the batch has padding. */
  public boolean padded() {
    Extent full = new Extent(inputShape.get(2), inputShape.get(3));
    return valid.stream().anyMatch(extent -> !extent.equals(full));
  }

  /**
   * Writes the network input, NCHW, fp32 in native byte order, with zeros in the padding.
   *
   * @param destination at least {@code 4 * inputShape().elements()} bytes
   */
  public void fillInput(MemorySegment destination) {
    inputFormula.fill(destination, 0, inputShape.elements());
    int channels = inputShape.get(1);
    int height = inputShape.get(2);
    int width = inputShape.get(3);
    for (int plane = 0; plane < valid.size() * channels; plane++) {
      Extent image = valid.get(plane / channels);
      for (int y = 0; y < height; y++) {
        int from = y < image.height ? image.width : 0;
        long row = ((long) plane * height + y) * width;
        destination.asSlice(4 * (row + from), 4L * (width - from)).fill((byte) 0);
      }
    }
  }

  /**
   * All stored tensors of floating type, in the order of the computation: taps, {@code logits},
   * {@code pred_boxes}.
   */
  public List<ExpectedTensor> expected() {
    return expected;
  }

  /** The stored tensor of that name, if the case has it. */
  public Optional<ExpectedTensor> expected(String name) {
    return expected.stream().filter(tensor -> tensor.name().equals(name)).findFirst();
  }

  /**
   * For a two-stage case the token that each query came from, {@code [batch, queries]} row-major;
   * else empty.
   */
  public List<Integer> proposalIndex() {
    return proposalIndex;
  }

  @Override
  public String toString() {
    return path;
  }

  private List<Extent> valid(JsonObject input) {
    List<Extent> extents = new ArrayList<>();
    for (List<Integer> size : input.integerLists("valid_hw")) {
      if (size.size() != 2
          || size.get(0) < 1
          || size.get(0) > inputShape.get(2)
          || size.get(1) < 1
          || size.get(1) > inputShape.get(3)) {
        throw input.wrong(
            "valid_hw holds " + size + ", expected [height, width] within " + inputShape);
      }
      extents.add(new Extent(size.get(0), size.get(1)));
    }
    if (extents.size() != inputShape.get(0)) {
      throw input.wrong("valid_hw has " + extents.size() + " sizes for the batch of " + inputShape);
    }
    return List.copyOf(extents);
  }

  private List<ExpectedTensor> expected(SafetensorsFile outputs, @Nullable JsonObject tolerance) {
    List<String> names = new ArrayList<>(manifest.object("expected").object("tensors").names());
    names.sort((a, b) -> Integer.compare(order(a), order(b)));
    List<ExpectedTensor> tensors = new ArrayList<>();
    for (String name : names) {
      StoredTensor stored = outputs.tensor(name);
      if (stored.storedType().widens()) {
        tensors.add(expected(name, stored, outputs.find(name + ".sample_valid"), tolerance));
      }
    }
    return List.copyOf(tensors);
  }

  private static int order(String name) {
    List<String> stages =
        List.of(
            "backbone",
            "input_proj",
            "memory",
            "proposal_boxes",
            "decoder_hidden",
            "logits",
            "pred_boxes");
    for (int i = 0; i < stages.size(); i++) {
      if (name.startsWith(stages.get(i))) {
        return i;
      }
    }
    return stages.size();
  }

  private ExpectedTensor expected(
      String name,
      StoredTensor stored,
      Optional<StoredTensor> sampleValid,
      @Nullable JsonObject tolerance) {
    JsonObject entry = manifest.object("expected").object("tensors").object(name);
    Shape full =
        Shape.of(
            entry.integers("full_shape", 0, MOST).stream().mapToInt(Integer::intValue).toArray());
    boolean byQuery = entry.has("query_step");
    if (byQuery && full.rank() != 3) {
      throw entry.wrong("full_shape is " + full + ", expected [batch, queries, channels]");
    }
    long block = byQuery ? full.last() : 1;
    long step = entry.integer(byQuery ? "query_step" : "sample_step", 1, 1, MOST);
    ExpectedTensor tensor =
        new ExpectedTensor(
            name,
            full,
            block,
            step,
            floats(stored),
            sampleValid.map(GoldenCase::floats).orElse(null),
            tolerance(name, entry, tolerance));
    long last = stored.shape().elements() == 0 ? -1 : tensor.flatIndex(tensor.size() - 1);
    if (last >= full.elements()
        || (sampleValid.isPresent() && !sampleValid.get().shape().equals(stored.shape()))) {
      throw entry.wrong(
          String.format(
              Locale.ROOT,
              "%s stored elements do not fit full_shape %s and step %d",
              stored.shape(),
              full,
              step));
    }
    return tensor;
  }

  /**
   * The set's own number where it gives one, else its rule: ten times the noise of the original,
   * with floors.
   */
  private static double tolerance(String name, JsonObject entry, @Nullable JsonObject index) {
    String indexName = name.equals("pred_boxes") ? "boxes" : name;
    if (index != null && index.has(indexName)) {
      return index.number(indexName);
    }
    if (index != null && index.has("taps") && index.object("taps").has(name)) {
      return index.object("taps").number(name);
    }
    double floor =
        switch (name) {
          case "logits" -> 5e-5;
          case "pred_boxes" -> 5e-6;
          default -> 2e-6;
        };
    return Math.max(floor, 10 * entry.number("max_abs_diff_vs_float64", 0));
  }

  private List<Integer> proposalIndex(SafetensorsFile outputs) {
    Optional<StoredTensor> stored = outputs.find("proposal_index");
    if (stored.isEmpty()) {
      return List.of();
    }
    if (stored.get().storedType() != StoredType.I32) {
      throw manifest.wrong("proposal_index is " + stored.get().storedType() + ", expected I32");
    }
    List<Integer> tokens = new ArrayList<>();
    for (int token :
        stored
            .get()
            .bytes()
            .toArray(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN))) {
      tokens.add(token);
    }
    return List.copyOf(tokens);
  }

  private static float[] floats(StoredTensor stored) {
    if (stored.storedType() == StoredType.U8 || stored.storedType() == StoredType.BOOL) {
      byte[] bytes = stored.bytes().toArray(ValueLayout.JAVA_BYTE);
      float[] values = new float[bytes.length];
      for (int i = 0; i < bytes.length; i++) {
        values[i] = bytes[i];
      }
      return values;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(Math.max(4, 4 * stored.shape().elements()), 64);
      stored.read(memory);
      return memory.asSlice(0, 4 * stored.shape().elements()).toArray(ValueLayout.JAVA_FLOAT);
    }
  }
}
