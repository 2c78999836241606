package dev.detr4j.toy;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.op.Activation;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.List;

/** A toy: {@code width} channels of patches and tokens. */
record ToyConfig(int width, int numQueries, List<String> labels) implements ModelConfig {
  ToyConfig {
    labels = List.copyOf(labels);
  }

  @Override
  public ModelFamily family() {
    return ToyFamily.TOY;
  }

  @Override
  public BackboneConfig backbone() {
    return new Patches(width);
  }

  @Override
  public TransformerConfig transformer() {
    return new TransformerConfig(width, 0, 1, 0, 1, 1, 0, Activation.NONE);
  }

  @Override
  public int numLogits() {
    return labels.size();
  }

  @Override
  public String variant() {
    return "toy";
  }

  @Override
  public String architecture() {
    return "Toy DETR";
  }

  @Override
  public DetectionModel network(WeightSource source) {
    return new ToyModel(this, source);
  }

  @Override
  public Postprocessing newPostprocessing(SelectionRule rule) {
    return new DeformableDetrPostprocessing(numQueries, numLogits(), rule);
  }

  /** A backbone of one convolution. */
  private record Patches(int width) implements BackboneConfig {
    @Override
    public Backbone network(WeightSource source) {
      return new ToyModel.PatchNetwork(width, source);
    }

    @Override
    public String title() {
      return "patches";
    }

    @Override
    public List<Integer> depths() {
      return List.of(1);
    }

    @Override
    public List<Integer> widths() {
      return List.of(width);
    }

    @Override
    public List<Integer> taps() {
      return List.of(1);
    }
  }
}
