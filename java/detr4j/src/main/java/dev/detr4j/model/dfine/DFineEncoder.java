package dev.detr4j.model.dfine;

import dev.detr4j.error.ImageException;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.Aifi;
import dev.detr4j.model.layer.ConvNorm;
import dev.detr4j.model.layer.HybridLevels;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * D-FINE's hybrid encoder: projections of the backbone's maps, a transformer, a path down to the
 * finest map and one back up. Its outputs are one sequence of tokens, fine levels first.
 */
final class DFineEncoder {
  /** A 1x1 convolution, then a depthwise 3x3 of stride 2, both without an activation. */
  private record Stride(WeightedOp<Convolution> mix, WeightedOp<Convolution> halve) {}

  private final DFineConfig.Neck neck;
  private final HybridLevels front;
  private final List<WeightedOp<Convolution>> laterals = new ArrayList<>();
  private final List<ElanBlock> down = new ArrayList<>();
  private final List<Stride> strides = new ArrayList<>();
  private final List<ElanBlock> up = new ArrayList<>();

  /** Reads {@code encoder_input_proj.*} and {@code encoder.*}. */
  DFineEncoder(Parameters model, DFineConfig config) {
    neck = config.neck();
    int dim = neck.dim();
    double epsilon = config.epsilons().batchNorm();
    List<Integer> taps = config.backbone().taps();
    Parameters encoder = model.under("encoder");
    front =
        new HybridLevels(
            model,
            taps.stream().map(tap -> config.backbone().widths().get(tap - 1)).toList(),
            neck.transformed(),
            new Aifi.Config(
                dim,
                config.transformer().encoderLayers(),
                config.transformer().encoderHeads(),
                config.transformer().encoderFfnDim(),
                neck.ffnActivation(),
                neck.temperature(),
                neck.normalizesFirst(),
                neck.columnsFirst(),
                config.epsilons().layerNorm()));
    Convolution pixel = ConvNorm.pixel(dim, dim);
    Convolution halve =
        Convolution.of(dim, dim, KernelWindow.square(3).withStride(2).withPadding(1))
            .withGroups(dim);
    for (int i = 0; i < taps.size() - 1; i++) {
      laterals.add(ConvNorm.folded(encoder.under("lateral_convs").under(i), pixel, epsilon));
      down.add(new ElanBlock(encoder.under("fpn_blocks").under(i), neck, epsilon));
      Parameters stride = encoder.under("downsample_convs").under(i);
      strides.add(
          new Stride(
              ConvNorm.folded(stride.under("conv1"), pixel, epsilon),
              ConvNorm.folded(stride.under("conv2"), halve, epsilon)));
      up.add(new ElanBlock(encoder.under("pan_blocks").under(i), neck, epsilon));
    }
  }

  /**
   * Adds the nodes.
   *
   * @param maps of the backbone, the finest first
   * @param tokens {@code [N, S, dim]}, which are written
   * @throws ImageException when a map is not twice as large as the next
   */
  void add(Graph.Builder graph, List<Value> maps, Value tokens) {
    List<Value> levels = front.add(graph, maps);
    List<Value> places = new ArrayList<>();
    int firstToken = 0;
    for (int l = 0; l < levels.size(); l++) {
      Shape shape = levels.get(l).shape();
      int cells = shape.get(1) * shape.get(2);
      places.add(
          tokens
              .rowsFrom("memory." + l, firstToken, Shape.of(shape.get(0), cells, neck.dim()))
              .reshaped(shape));
      firstToken += cells;
    }
    Value[] joints = new Value[levels.size()];
    goDown(graph, levels, joints, places);
    goUp(graph, joints, places);
  }

  /** Fuses coarse maps into finer ones; what the way up joins goes to its place there at once. */
  private void goDown(Graph.Builder graph, List<Value> levels, Value[] joints, List<Value> places) {
    int dim = neck.dim();
    Value map = levels.getLast();
    for (int i = 0; i < laterals.size(); i++) {
      int level = levels.size() - 1 - i;
      Shape shape = map.shape();
      joints[level] =
          graph.joint(
              "pan." + level + ".both",
              ElementType.F32,
              Shape.of(shape.get(0), shape.get(1), shape.get(2), 2 * dim));
      Value lateral = joints[level].columns("lateral." + i, dim, dim);
      graph.addInto("lateral." + i, laterals.get(i), lateral, map);
      Value finer = levels.get(level - 1);
      map =
          level == 1 ? places.getFirst() : graph.joint("fpn." + i, ElementType.F32, finer.shape());
      down.get(i).add(graph, "fpn." + i, lateral, finer, map);
      graph.tap("fpn." + i, map);
    }
    if (laterals.isEmpty()) {
      throw new IllegalStateException("one level has no neck");
    }
  }

  private void goUp(Graph.Builder graph, Value[] joints, List<Value> places) {
    for (int i = 0; i < strides.size(); i++) {
      String label = "downsample." + i;
      Value mixed = graph.add(label + ".mix", strides.get(i).mix(), places.get(i));
      Value joint = joints[i + 1];
      graph.addInto(label, strides.get(i).halve(), joint.columns(label, 0, neck.dim()), mixed);
      up.get(i).add(graph, "pan." + i, joint, places.get(i + 1));
      graph.tap("pan." + i, places.get(i + 1));
    }
  }
}
