package dev.detr4j.convert;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.checkpoint.LabelFile;
import dev.detr4j.checkpoint.ModelFile;
import dev.detr4j.checkpoint.ModelLocation;
import dev.detr4j.checkpoint.SafetensorsWriter;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.TransformersForm;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint of any project as a Hugging Face model folder, with the names and configuration that
 * transformers itself writes and reads.
 *
 * <p>The weights are those of the checkpoint, bit for bit. Where a project computes otherwise than
 * transformers and no configuration can say so, {@link #notes} does; where the difference is one of
 * architecture, there is no conversion. Holds the checkpoint open until it is closed. Not
 * thread-safe.
 */
public final class HuggingFaceConversion implements AutoCloseable {
  private static final String CONFIG = "config.json";
  private static final String PREPROCESSOR = "preprocessor_config.json";
  private static final String WEIGHTS = "model.safetensors";

  /** The files that are written. */
  public static final List<String> FILES = List.of(CONFIG, PREPROCESSOR, WEIGHTS);

  private static final ValueLayout.OfFloat STORED =
      ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Checkpoint checkpoint;
  private final byte[] config;
  private final byte[] preprocessor;
  private final List<SafetensorsWriter.Entry> tensors;
  private final List<String> notes;

  private HuggingFaceConversion(
      Checkpoint checkpoint,
      byte[] config,
      byte[] preprocessor,
      List<SafetensorsWriter.Entry> tensors,
      List<String> notes) {
    this.checkpoint = checkpoint;
    this.config = config;
    this.preprocessor = preprocessor;
    this.tensors = List.copyOf(tensors);
    this.notes = List.copyOf(notes);
  }

  /**
   * Opens a model and makes sure that it can be converted.
   *
   * @param model a Hugging Face model folder, or a file of tensors that is recognised by their
   *     names
   * @param labels a file of class names, or null for those that the model brings
   * @throws ModelConfigException when transformers has no such architecture; the message says what
   *     it lacks
   * @throws CheckpointException when the file is of no known source or lacks a tensor
   */
  public static HuggingFaceConversion open(
      Path model, RecognitionOptions options, @Nullable Path labels) {
    return switch (ModelLocation.of(ModelFile.of(model), options)) {
      case ModelLocation.HuggingFace folder -> {
        if (labels != null) {
          throw new ModelConfigException(
              "model %s: labels apply to files without a config.json; this model has one, which names its classes"
                  .formatted(model));
        }
        yield huggingFace(folder.open(ModelFamilies.ALL));
      }
      case ModelLocation.Tensors file -> recognised(file.open(), options, labels);
    };
  }

  /** The tensors keep their names, whatever spelling that is, and the configuration is copied. */
  private static HuggingFaceConversion huggingFace(HuggingFaceDirectory directory) {
    Checkpoint checkpoint = directory.openCheckpoint();
    try {
      build(directory.config(), new CheckpointWeights(checkpoint, directory.names()));
      List<SafetensorsWriter.Entry> tensors = new ArrayList<>();
      for (String name : checkpoint.names()) {
        // Counters of training, in 4.x files of some backbones only, and of no use.
        if (!name.endsWith(".num_batches_tracked")) {
          tensors.add(new AsStored(checkpoint.tensor(name)));
        }
      }
      byte[] preprocessor = directory.preprocessorText();
      if (preprocessor == null) {
        preprocessor =
            HuggingFaceConfigs.preprocessor(
                directory
                    .config()
                    .family()
                    .transformersForm(directory.config(), directory.config().labels()));
      }
      return new HuggingFaceConversion(
          checkpoint, directory.configText(), preprocessor, tensors, List.of());
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  private static HuggingFaceConversion recognised(
      Checkpoint checkpoint, RecognitionOptions options, @Nullable Path labels) {
    try {
      RecognisedModel found = ModelFamilies.ALL.recognise(checkpoint, options);
      ModelConfig config = found.config();
      TransformersForm form =
          form(
              checkpoint,
              config,
              labels == null ? config.labels() : LabelFile.read(labels, config.labels().size(), 0));
      RecordedWeights weights = new RecordedWeights(CheckpointWeights.of(checkpoint, found));
      build(config, weights);
      Map<String, SafetensorsWriter.Entry> tensors = new LinkedHashMap<>();
      weights
          .asked()
          .forEach((canonical, weight) -> {
            String name = form.names().published(canonical);
            // Tied heads are one tensor.
            tensors.putIfAbsent(name, new AsFloats(name, weight));
          });
      form.zeros()
          .forEach((canonical, shape) -> {
            String name = form.names().published(canonical);
            tensors.put(name, new Zeros(name, shape));
          });
      return new HuggingFaceConversion(
          checkpoint,
          HuggingFaceConfigs.config(form),
          HuggingFaceConfigs.preprocessor(form),
          List.copyOf(tensors.values()),
          SourceNotes.of(found.source()));
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  private static TransformersForm form(
      Checkpoint checkpoint, ModelConfig config, List<String> labels) {
    try {
      return config.family().transformersForm(config, labels);
    } catch (ModelConfigException e) {
      throw new ModelConfigException(
          "checkpoint %s: %s".formatted(checkpoint.container(), e.getMessage()), e);
    }
  }

  /** Asks for every tensor of the model, and closes the accounts. */
  private static void build(ModelConfig config, WeightSource weights) {
    config.network(weights);
    weights.finish();
  }

  /** What of the project's behaviour the folder cannot carry, in one line each. */
  public List<String> notes() {
    return notes;
  }

  /**
   * Writes the files into a folder that exists and has none of them.
   *
   * @throws IOException when they cannot be written
   * @throws CheckpointException when a weight is not finite
   */
  public void write(Path folder) throws IOException {
    Files.write(folder.resolve(CONFIG), config);
    Files.write(folder.resolve(PREPROCESSOR), preprocessor);
    SafetensorsWriter.write(folder.resolve(WEIGHTS), tensors);
  }

  @Override
  public void close() {
    checkpoint.close();
  }

  private record AsStored(StoredTensor tensor) implements SafetensorsWriter.Entry {
    @Override
    public String name() {
      return tensor.name();
    }

    @Override
    public StoredType type() {
      return tensor.storedType();
    }

    @Override
    public Shape shape() {
      return tensor.shape();
    }

    @Override
    public MemorySegment bytes(Arena arena) {
      return tensor.bytes();
    }
  }

  private record AsFloats(String name, Weight weight) implements SafetensorsWriter.Entry {
    @Override
    public StoredType type() {
      return StoredType.F32;
    }

    @Override
    public Shape shape() {
      return weight.shape();
    }

    @Override
    public MemorySegment bytes(Arena arena) {
      long count = weight.shape().elements();
      MemorySegment floats = arena.allocate(4 * count, 64);
      weight.read(floats);
      MemorySegment stored = arena.allocate(4 * count, 64);
      MemorySegment.copy(floats, ValueLayout.JAVA_FLOAT, 0, stored, STORED, 0, count);
      return stored;
    }
  }

  private record Zeros(String name, Shape shape) implements SafetensorsWriter.Entry {
    @Override
    public StoredType type() {
      return StoredType.F32;
    }

    @Override
    public MemorySegment bytes(Arena arena) {
      return arena.allocate(4 * shape.elements(), 64);
    }
  }
}
