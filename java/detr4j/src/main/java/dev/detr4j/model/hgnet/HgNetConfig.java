package dev.detr4j.model.hgnet;

import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.names.BackboneNames;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * HGNetV2 (of PaddleDetection, as D-FINE has it): a stem of stride 4, then stages of blocks that
 * aggregate the outputs of all their layers.
 *
 * @param stemChannels channels of the stem's first convolutions, and of its last
 * @param stageList the stages
 * @param affine whether an activation is followed by a learnable scale and shift of the whole map
 * @param taps the stages whose outputs the neck takes, counted from 1, ascending
 */
public record HgNetConfig(
    List<Integer> stemChannels, List<Stage> stageList, boolean affine, List<Integer> taps)
    implements BackboneConfig {
  private static final int MOST_CHANNELS = 1 << 16;
  private static final String MODEL_TYPE = "hgnet_v2";

  /**
   * One stage.
   *
   * @param in channels that enter it
   * @param mid channels of its layers
   * @param out channels that leave it
   * @param downsamples whether it halves the map
   * @param light whether a layer is a 1x1 convolution and a depthwise one
   * @param kernel extent of a layer's kernel
   * @param layers of a block
   */
  public record Stage(
      int in,
      int mid,
      int out,
      int blocks,
      boolean downsamples,
      boolean light,
      int kernel,
      int layers) {}

  /** Copies the lists. */
  public HgNetConfig {
    stemChannels = List.copyOf(stemChannels);
    stageList = List.copyOf(stageList);
    taps = List.copyOf(taps);
  }

  /** The {@code backbone_config} of a {@code config.json}; its lists have no defaults here. */
  public static HgNetConfig read(JsonObject json) {
    JsonObject given = json.object("backbone_config");
    String type = given.string("model_type", "");
    if (!type.equals(MODEL_TYPE)) {
      throw given.wrong("model_type is \"" + OneLine.of(type) + "\", supported is " + MODEL_TYPE);
    }
    String activation = given.string("hidden_act", "relu");
    if (!activation.equals("relu")) {
      throw given.wrong("hidden_act is \"" + OneLine.of(activation) + "\", supported is relu");
    }
    List<Integer> stem = given.integers("stem_channels", 1, MOST_CHANNELS);
    if (stem.size() != 3 || stem.get(0) != 3 || stem.get(1) % 2 != 0) {
      throw given.wrong(
          "stem_channels is " + stem + ", expected 3 (RGB), an even number, a number");
    }
    strides(given, "stem_strides", List.of(2, 1, 1, 2, 1));
    List<Integer> out = given.integers("stage_out_channels", 2, MOST_CHANNELS);
    int count = out.size();
    strides(given, "stage_downsample_strides", Collections.nCopies(count, 2));
    List<Integer> in = list(given, "stage_in_channels", count, MOST_CHANNELS);
    List<Integer> mid = list(given, "stage_mid_channels", count, MOST_CHANNELS);
    List<Integer> blocks = list(given, "stage_num_blocks", count, 256);
    List<Integer> kernels = list(given, "stage_kernel_size", count, 31);
    List<Integer> layers = list(given, "stage_numb_of_layers", count, 256);
    List<Boolean> downsample = flags(given, "stage_downsample", count);
    List<Boolean> light = flags(given, "stage_light_block", count);
    for (int s = 0; s < count; s++) {
      if (downsample.get(s) != (s > 0)) {
        throw given.wrong(
            "stage_downsample is %s, supported is false in the first stage and true in all others"
                .formatted(downsample));
      }
    }
    List<Stage> stages = new ArrayList<>();
    for (int s = 0; s < count; s++) {
      int expected = s == 0 ? stem.get(2) : out.get(s - 1);
      if (in.get(s) != expected || out.get(s) % 2 != 0 || kernels.get(s) % 2 != 1) {
        throw given.wrong(
            "stage %d has %d channels in, %d out and a kernel of %d, expected %d, an even number and an odd one"
                .formatted(s + 1, in.get(s), out.get(s), kernels.get(s), expected));
      }
      stages.add(
          new Stage(
              in.get(s),
              mid.get(s),
              out.get(s),
              blocks.get(s),
              downsample.get(s),
              light.get(s),
              kernels.get(s),
              layers.get(s)));
    }
    return new HgNetConfig(
        stem, stages, given.bool("use_learnable_affine_block", false), taps(given, count));
  }

  private static List<Integer> list(JsonObject json, String name, int count, int most) {
    List<Integer> values = json.integers(name, 1, most);
    if (values.size() != count || count < 1 || count > 8) {
      throw json.wrong(
          name + " has " + values.size() + " entries, expected " + count + ", 1 to 8 stages");
    }
    return values;
  }

  private static void strides(JsonObject json, String name, List<Integer> supported) {
    if (json.has(name) && !json.integers(name, 1, 64).equals(supported)) {
      throw json.wrong(name + " is " + json.integers(name, 1, 64) + ", supported is " + supported);
    }
  }

  private static List<Boolean> flags(JsonObject json, String name, int count) {
    List<Boolean> flags = json.booleans(name);
    if (flags.size() != count) {
      throw json.wrong(name + " has " + flags.size() + " entries, expected " + count);
    }
    return flags;
  }

  private static List<Integer> taps(JsonObject json, int stages) {
    List<Integer> taps =
        json.has("out_indices") ? json.integers("out_indices", 1, stages) : List.of(stages);
    for (int i = 0; i < taps.size(); i++) {
      if (i > 0 && taps.get(i) != taps.get(i - 1) + 1) {
        throw json.wrong("out_indices is " + taps + ", expected stages that follow each other");
      }
    }
    if (taps.isEmpty()) {
      throw json.wrong("out_indices is empty, expected at least one stage");
    }
    return taps;
  }

  /**
   * The HGNetV2 whose tensors a checkpoint without configuration holds.
   *
   * @param levels of the neck, which takes as many of the last stages
   * @throws dev.detr4j.error.CheckpointException when the tensors are not those of one
   */
  public static HgNetConfig of(TensorEvidence tensors, int levels) {
    List<Stage> stages = new ArrayList<>();
    String squeeze = ".aggregation.0.convolution.weight";
    while (tensors.has("backbone.encoder.stages." + stages.size() + ".blocks.0" + squeeze)) {
      stages.add(stage(tensors, "backbone.encoder.stages." + stages.size() + ".", squeeze));
    }
    if (stages.size() < levels) {
      throw tensors.wrong(
          "the backbone has %d stages, expected at least the %d levels of the neck"
              .formatted(stages.size(), levels));
    }
    List<Integer> taps = new ArrayList<>();
    for (int stage = stages.size() - levels + 1; stage <= stages.size(); stage++) {
      taps.add(stage);
    }
    String stem = "backbone.embedder.stem";
    return new HgNetConfig(
        List.of(
            3,
            tensors.extent(stem + "1.convolution.weight", 0),
            tensors.extent(stem + "4.convolution.weight", 0)),
        stages,
        tensors.has(stem + "1.lab.scale"),
        taps);
  }

  private static Stage stage(TensorEvidence tensors, String name, String squeeze) {
    String layers = name + "blocks.0.layers.";
    boolean light = tensors.has(layers + "0.conv1.convolution.weight");
    String enters = light ? ".conv1.convolution.weight" : ".convolution.weight";
    String own = layers + (light ? "0.conv2.convolution.weight" : "0.convolution.weight");
    return new Stage(
        tensors.extent(layers + "0" + enters, 1),
        tensors.extent(own, 0),
        tensors.extent(name + "blocks.0.aggregation.1.convolution.weight", 0),
        tensors.members(name + "blocks.", squeeze),
        tensors.has(name + "downsample.convolution.weight"),
        light,
        tensors.extent(own, 2),
        tensors.members(layers, enters));
  }

  @Override
  public Backbone network(WeightSource source) {
    return new HgNetBackbone(this, source);
  }

  /** What transformers calls the tensors, which is what they are called here. */
  public BackboneNames transformersNames() {
    return BackboneNames.ofStages(stages(), stageList.size());
  }

  /** The fields of a {@code backbone_config}. */
  public Map<String, @Nullable Object> json() {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("model_type", MODEL_TYPE);
    json.put("num_channels", 3);
    json.put("hidden_act", "relu");
    json.put("stem_channels", stemChannels);
    json.put("stem_strides", List.of(2, 1, 1, 2, 1));
    json.put("stage_in_channels", stageList.stream().map(Stage::in).toList());
    json.put("stage_mid_channels", stageList.stream().map(Stage::mid).toList());
    json.put("stage_out_channels", widths());
    json.put("stage_num_blocks", depths());
    json.put("stage_downsample", stageList.stream().map(Stage::downsamples).toList());
    json.put("stage_light_block", stageList.stream().map(Stage::light).toList());
    json.put("stage_kernel_size", stageList.stream().map(Stage::kernel).toList());
    json.put("stage_numb_of_layers", stageList.stream().map(Stage::layers).toList());
    json.put("use_learnable_affine_block", affine);
    json.put("out_indices", taps);
    json.put("out_features", taps.stream().map(stage -> "stage" + stage).toList());
    return json;
  }

  /** B0 to B5 by the widths of the published ones. */
  @Override
  public String title() {
    Integer stem = stemChannels.get(2);
    boolean six = stageList.getFirst().layers() == 6;
    String size =
        switch (stem) {
          case 16 -> "B0";
          case 32 -> "B2";
          case 48 -> "B4";
          case 64 -> six ? "B5" : "of stem 64";
          default -> "of stem " + stem;
        };
    return "HGNetV2-" + size;
  }

  @Override
  public List<Integer> depths() {
    return stageList.stream().map(Stage::blocks).toList();
  }

  @Override
  public List<Integer> widths() {
    return stageList.stream().map(Stage::out).toList();
  }
}
