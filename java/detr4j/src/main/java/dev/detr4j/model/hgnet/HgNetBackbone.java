package dev.detr4j.model.hgnet;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BatchNorm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * HGNetV2 with batch normalisation folded into the convolutions. A block joins its input and the
 * outputs of its layers: all of them are written side by side.
 *
 * <p>Names are transformers' below {@code backbone.}.
 */
final class HgNetBackbone implements Backbone {
  /** A convolution without batch norm of its own activation, then one with it; or one alone. */
  private record Layer(@Nullable ConvLayer mix, ConvLayer own) {}

  private record Block(List<Layer> layers, ConvLayer squeeze, ConvLayer excite, boolean residual) {}

  private record Stage(@Nullable WeightedOp<Convolution> downsample, List<Block> blocks) {}

  /** Adds the nodes that make a map; it goes to a place, or to memory of its own. */
  private interface Source {
    Value add(@Nullable Value into);
  }

  private final ConvLayer stem1;
  private final ConvLayer stem2a;
  private final ConvLayer stem2b;
  private final ConvLayer stem3;
  private final ConvLayer stem4;
  private final List<Stage> stages = new ArrayList<>();

  /** Reads the weights of all stages up to the last one that the neck takes. */
  HgNetBackbone(HgNetConfig config, WeightSource source) {
    Parameters parameters = new Parameters(source, "backbone.");
    Parameters embedder = parameters.under("embedder");
    int first = config.stemChannels().get(1);
    boolean affine = config.affine();
    KernelWindow halving = KernelWindow.square(3).withStride(2).withPadding(1);
    KernelWindow two = KernelWindow.square(2);
    stem1 = new ConvLayer(embedder.under("stem1"), relu(3, first, halving), affine);
    stem2a = new ConvLayer(embedder.under("stem2a"), relu(first, first / 2, two), affine);
    stem2b = new ConvLayer(embedder.under("stem2b"), relu(first / 2, first, two), affine);
    stem3 = new ConvLayer(embedder.under("stem3"), relu(2 * first, first, halving), affine);
    stem4 =
        new ConvLayer(
            embedder.under("stem4"),
            relu(first, config.stemChannels().get(2), KernelWindow.PIXEL),
            affine);
    for (int s = 0; s < config.stages(); s++) {
      stages.add(
          stage(
              parameters.under("encoder").under("stages").under(s),
              config.stageList().get(s),
              affine));
    }
  }

  private static Stage stage(Parameters parameters, HgNetConfig.Stage stage, boolean affine) {
    KernelWindow halving = KernelWindow.square(3).withStride(2).withPadding(1);
    WeightedOp<Convolution> downsample =
        stage.downsamples()
            ? BatchNorm.folded(
                parameters.under("downsample"),
                "convolution",
                "normalization",
                Convolution.of(stage.in(), stage.in(), halving).withGroups(stage.in()),
                BatchNorm.EPSILON)
            : null;
    List<Block> blocks = new ArrayList<>();
    for (int b = 0; b < stage.blocks(); b++) {
      Parameters block = parameters.under("blocks").under(b);
      int in = b == 0 ? stage.in() : stage.out();
      List<Layer> layers = new ArrayList<>();
      for (int n = 0; n < stage.layers(); n++) {
        layers.add(layer(block.under("layers").under(n), stage, n == 0 ? in : stage.mid(), affine));
      }
      int joint = in + stage.layers() * stage.mid();
      Parameters aggregation = block.under("aggregation");
      blocks.add(
          new Block(
              layers,
              new ConvLayer(
                  aggregation.under(0), relu(joint, stage.out() / 2, KernelWindow.PIXEL), affine),
              new ConvLayer(
                  aggregation.under(1),
                  relu(stage.out() / 2, stage.out(), KernelWindow.PIXEL),
                  affine),
              b > 0));
    }
    return new Stage(downsample, blocks);
  }

  private static Layer layer(
      Parameters parameters, HgNetConfig.Stage stage, int in, boolean affine) {
    int mid = stage.mid();
    KernelWindow window = KernelWindow.square(stage.kernel()).withPadding(stage.kernel() / 2);
    if (!stage.light()) {
      return new Layer(null, new ConvLayer(parameters, relu(in, mid, window), affine));
    }
    return new Layer(
        new ConvLayer(
            parameters.under("conv1"), Convolution.of(in, mid, KernelWindow.PIXEL), affine),
        new ConvLayer(parameters.under("conv2"), relu(mid, mid, window).withGroups(mid), affine));
  }

  private static Convolution relu(int in, int out, KernelWindow window) {
    return Convolution.of(in, out, window).withActivation(Activation.RELU);
  }

  @Override
  public List<Value> add(Graph.Builder graph, Value image) {
    Value third = stem(graph, image);
    Source source = into -> stem4.add(graph, "backbone.stem4", into, third);
    Shape shape = third.shape();
    Shape entering = Shape.of(shape.get(0), shape.get(1), shape.get(2), stem4.channels());
    List<Value> outputs = new ArrayList<>();
    for (int s = 0; s < stages.size(); s++) {
      Stage stage = stages.get(s);
      String label = "backbone.stage" + (s + 1);
      WeightedOp<Convolution> downsample = stage.downsample();
      if (downsample != null) {
        Value from = source.add(null);
        KernelWindow window = downsample.op().window();
        entering =
            Shape.of(
                from.shape().get(0),
                window.outHeight(from.shape().get(1)),
                window.outWidth(from.shape().get(2)),
                from.shape().last());
        source = into -> ConvLayer.put(graph, label + ".downsample", downsample, into, from);
      }
      for (int b = 0; b < stage.blocks().size(); b++) {
        Block block = stage.blocks().get(b);
        source = block(graph, label + "." + b, block, source, entering);
        entering =
            Shape.of(entering.get(0), entering.get(1), entering.get(2), block.excite().channels());
      }
      Value output = source.add(null);
      outputs.add(output);
      // The next stage halves the map, and so takes it as it is.
      source = into -> output;
    }
    return outputs;
  }

  private Value stem(Graph.Builder graph, Value image) {
    Value first = stem1.add(graph, "backbone.stem1", null, image);
    Shape shape = first.shape();
    int channels = shape.last();
    Value edged = graph.add("backbone.stem1.edge", ZeroEdge.of(channels), first);
    Value half = stem2a.add(graph, "backbone.stem2a", null, edged);
    Value halfEdged = graph.add("backbone.stem2a.edge", ZeroEdge.of(half.shape().last()), half);
    Value joint =
        graph.joint(
            "backbone.stem.joint",
            ElementType.F32,
            Shape.of(shape.get(0), shape.get(1), shape.get(2), 2 * channels));
    graph.addInto(
        "backbone.stem.pool",
        new MaxPool(2, 1, 0),
        joint.columns("backbone.stem.pooled", 0, channels),
        edged);
    stem2b.add(
        graph,
        "backbone.stem2b",
        joint.columns("backbone.stem.convolved", channels, channels),
        halfEdged);
    return stem3.add(graph, "backbone.stem3", null, joint);
  }

  private static Source block(
      Graph.Builder graph, String label, Block block, Source source, Shape entering) {
    int in = entering.last();
    int mid = block.layers().getFirst().own().channels();
    Value joint =
        graph.joint(
            label + ".joint",
            ElementType.F32,
            Shape.of(
                entering.get(0),
                entering.get(1),
                entering.get(2),
                in + block.layers().size() * mid));
    Value x = source.add(joint.columns(label + ".in", 0, in));
    Value y = x;
    for (int n = 0; n < block.layers().size(); n++) {
      Layer layer = block.layers().get(n);
      String name = label + ".layer" + n;
      Value mixed = layer.mix() == null ? y : layer.mix().add(graph, name + ".mix", null, y);
      y = layer.own().add(graph, name, joint.columns(name + ".out", in + n * mid, mid), mixed);
    }
    Value squeezed = block.squeeze().add(graph, label + ".squeeze", null, joint);
    if (!block.residual()) {
      return into -> block.excite().add(graph, label + ".excite", into, squeezed);
    }
    Value excited = block.excite().add(graph, label + ".excite", null, squeezed);
    return into -> ConvLayer.put(graph, label + ".sum", WeightedOp.of(new Add()), into, excited, x);
  }
}
