package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.image.FloatLinear;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.Normalisation;
import dev.detr4j.image.OpenCvLinear;
import dev.detr4j.image.PillowResampling;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.image.ResamplingRule;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.image.TorchvisionResampling;
import dev.detr4j.json.JsonObject;
import dev.detr4j.op.ResizeNormalize;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A project's pre-processing of one image: the size, the resized bytes (the whole picture where it
 * is stored, samples and sums otherwise) or the normalised values, all of them exact but those of
 * RF-DETR, which resizes floats.
 */
final class ResizeParity implements ParityCase.OnBackend {
  /** Whose pre-processing the cases are of. */
  static final List<String> PIPELINES =
      List.of(
          "hf_torchvision",
          "hf_pil",
          "ddetr_pil",
          "detectron2_pil",
          "mmdet_cv2",
          "birder_bicubic",
          "rt_detr_torchvision",
          "rt_detr_pil",
          "table_detection_torchvision",
          "table_detection_pil",
          "table_structure_torchvision",
          "table_structure_pil",
          "tatr_original_800",
          "tatr_original_1000",
          "rfdetr");

  /** Values up to 2.6, whose spacing is 2.4e-7, after six roundings here and as many in PyTorch. */
  private static final double FLOAT_TOLERANCE = 2e-6;

  private final String path;
  private final Path folder;
  private final Path samples;
  private final JsonObject entry;

  /**
   * A case of {@code prepost/preprocess.json}.
   *
   * @param folder the folder that the entry's paths are relative to
   * @param samples the file of the sampled results
   */
  ResizeParity(String path, Path folder, Path samples, JsonObject entry) {
    this.path = path;
    this.folder = folder;
    this.samples = samples;
    this.entry = entry;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run(Backend backend) {
    ImageView image = new ImageDecoder().decode(folder.resolve(entry.string("image")));
    boolean normalised = entry.bool("normalised_pixel_values", false) || resizesFloats();
    Preprocessing standard = Preprocessing.standard();
    Preprocessing preprocessing =
        new Preprocessing(
            rule(),
            resampling(),
            normalised ? standard.normalisation() : Normalisation.fused(null, null),
            true,
            null);
    PixelSize size = preprocessing.resize().target(image.width(), image.height());
    PixelSize expected = expectedSize(normalised && !resizesFloats());
    List<StageResult> results = new ArrayList<>();
    results.add(
        new StageResult(
            "size",
            Math.max(
                Math.abs(size.width() - expected.width()),
                Math.abs(size.height() - expected.height())),
            0,
            size.equals(expected) ? "" : size + ", stored " + expected));
    if (!size.equals(expected)) {
      return results;
    }
    ResizeNormalize op = preprocessing.op(new PixelSize(image.width(), image.height()), size, size);
    try (Arena arena = Arena.ofConfined();
        SafetensorsFile stored = SafetensorsFile.open(samples)) {
      MemorySegment resized =
          OpRun.run(
                  backend,
                  path,
                  op,
                  List.of(
                      new OpRun.Input(
                          ElementType.U8,
                          Shape.of(1, image.height(), image.width(), 3),
                          image.pixels().asSlice(0, 3L * image.width() * image.height()))),
                  arena)
              .get(0);
      results.add(sampled(stored, resized, size, normalised));
      if (!normalised) {
        results.add(sums(resized, size));
      }
      if (entry.has("png")) {
        results.add(whole(resized, size));
      }
    }
    return results;
  }

  private boolean resizesFloats() {
    return entry.string("pipeline").equals("rfdetr");
  }

  private ResizeRule rule() {
    String pipeline = entry.string("pipeline");
    if (resizesFloats()) {
      PixelSize size = expectedSize(false);
      return new ResizeRule.Fixed(size.width(), size.height());
    }
    if (pipeline.startsWith("birder")) {
      return new ResizeRule.ShortestEdge(entry.integer("shortest", 1, 1 << 14));
    }
    int longest = entry.integer("longest", 1, 1 << 14);
    if (pipeline.startsWith("tatr_original")) {
      return new ResizeRule.LongestEdge(longest);
    }
    int shortest = entry.integer("shortest", 1, 1 << 14);
    return switch (pipeline) {
      case "rt_detr_torchvision", "rt_detr_pil" -> new ResizeRule.Fixed(longest, shortest);
      case "hf_torchvision",
          "hf_pil",
          "table_detection_torchvision",
          "table_detection_pil",
          "table_structure_torchvision",
          "table_structure_pil" ->
          new ResizeRule.HuggingFace(shortest, longest);
      case "ddetr_pil" -> new ResizeRule.OriginalDetr(shortest, longest);
      case "detectron2_pil" -> new ResizeRule.Detectron2(shortest, longest);
      case "mmdet_cv2" -> new ResizeRule.MmDetection(shortest, longest);
      default -> throw entry.wrong("pipeline is " + pipeline + ", expected one of " + PIPELINES);
    };
  }

  private ResamplingRule resampling() {
    String pipeline = entry.string("pipeline");
    return switch (pipeline) {
      case "mmdet_cv2" -> new OpenCvLinear();
      case "rfdetr" -> new FloatLinear();
      case "birder_bicubic" -> new TorchvisionResampling(ResamplingFilter.BICUBIC);
      case "hf_torchvision",
          "rt_detr_torchvision",
          "table_detection_torchvision",
          "table_structure_torchvision" ->
          new TorchvisionResampling(ResamplingFilter.BILINEAR);
      case "tatr_original_800", "tatr_original_1000" ->
          new PillowResampling(ResamplingFilter.BICUBIC);
      default -> new PillowResampling(ResamplingFilter.BILINEAR);
    };
  }

  private PixelSize expectedSize(boolean normalised) {
    if (!normalised) {
      return new PixelSize(entry.integer("out_w", 1, 1 << 14), entry.integer("out_h", 1, 1 << 14));
    }
    List<Integer> shape = entry.integers("shape", 1, 1 << 14);
    if (shape.size() != 3) {
      throw entry.wrong("shape is " + shape + ", expected [3, height, width]");
    }
    return new PixelSize(shape.get(2), shape.get(1));
  }

  /** Resized bytes are stored as rows of pixels, normalised values as planes. */
  private StageResult sampled(
      SafetensorsFile stored, MemorySegment resized, PixelSize size, boolean planes) {
    double[] expected = StoredValues.doubles(stored, entry.string("sample_key"));
    long step = entry.integer("sample_step", 1, Integer.MAX_VALUE);
    long pixels = size.pixels();
    double worst = expected.length == 0 ? Double.NaN : 0;
    for (int k = 0; k < expected.length; k++) {
      long flat = k * step;
      if (flat >= 3 * pixels) {
        throw entry.wrong("sample_step is " + step + ", too large for " + size);
      }
      long index = planes ? flat % pixels * 3 + flat / pixels : flat;
      worst = OpRun.worst(worst, OpRun.at(resized, index), expected[k]);
    }
    return new StageResult(
        planes ? "pixel_values" : "samples", worst, resizesFloats() ? FLOAT_TOLERANCE : 0);
  }

  private StageResult sums(MemorySegment resized, PixelSize size) {
    List<Double> expected = entry.numbers("channel_sums");
    double worst = expected.size() == 3 ? 0 : Double.NaN;
    for (int c = 0; c < 3 && expected.size() == 3; c++) {
      double sum = 0;
      for (long p = 0; p < size.pixels(); p++) {
        sum += OpRun.at(resized, 3 * p + c);
      }
      worst = OpRun.worst(worst, sum, expected.get(c));
    }
    return new StageResult("channel_sums", worst, 0);
  }

  private StageResult whole(MemorySegment resized, PixelSize size) {
    ImageView expected = new ImageDecoder().decode(folder.resolve(entry.string("png")));
    if (expected.width() != size.width() || expected.height() != size.height()) {
      throw new CheckpointException(
          "golden case %s: %s is %dx%d, expected %s"
              .formatted(path, entry.string("png"), expected.width(), expected.height(), size));
    }
    double worst = 0;
    for (long i = 0; i < 3 * size.pixels(); i++) {
      int value = Byte.toUnsignedInt(expected.pixels().get(ValueLayout.JAVA_BYTE, i));
      worst = OpRun.worst(worst, OpRun.at(resized, i), value);
    }
    return new StageResult("pixels", worst, 0);
  }
}
