package dev.detr4j.model.rtdetr;

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
import java.util.Arrays;
import java.util.List;

/**
 * The hybrid encoder of RT-DETR (Zhao et al. 2024): projections of the backbone's maps, a
 * transformer on the last, then a path down to the finest map and one back up.
 *
 * <p>The path up joins two maps: both are written side by side, so that joining costs nothing.
 */
final class HybridEncoder {
  private final HybridEncoderConfig config;
  private final HybridLevels front;
  private final List<WeightedOp<Convolution>> laterals = new ArrayList<>();
  private final List<CspLayer> down = new ArrayList<>();
  private final List<WeightedOp<Convolution>> strides = new ArrayList<>();
  private final List<CspLayer> up = new ArrayList<>();

  /** Reads {@code encoder_input_proj.*} and {@code encoder.*}. */
  HybridEncoder(Parameters model, RtDetrConfig config) {
    this.config = config.encoder();
    int dim = this.config.dim();
    double epsilon = config.epsilons().batchNorm();
    List<Integer> taps = config.backbone().taps();
    Parameters encoder = model.under("encoder");
    front =
        new HybridLevels(
            model,
            taps.stream().map(tap -> config.backbone().widths().get(tap - 1)).toList(),
            this.config.transformed(),
            new Aifi.Config(
                dim,
                config.transformer().encoderLayers(),
                config.transformer().encoderHeads(),
                config.transformer().encoderFfnDim(),
                this.config.ffnActivation(),
                this.config.temperature(),
                this.config.normalizesFirst(),
                this.config.columnsFirst(),
                config.epsilons().layerNorm()));
    Convolution lateral = ConvNorm.pixel(dim, dim).withActivation(this.config.activation());
    Convolution stride =
        Convolution.of(dim, dim, KernelWindow.square(3).withStride(2).withPadding(1))
            .withActivation(this.config.activation());
    for (int i = 0; i < taps.size() - 1; i++) {
      laterals.add(ConvNorm.folded(encoder.under("lateral_convs").under(i), lateral, epsilon));
      down.add(new CspLayer(encoder.under("fpn_blocks").under(i), this.config, epsilon));
      strides.add(ConvNorm.folded(encoder.under("downsample_convs").under(i), stride, epsilon));
      up.add(new CspLayer(encoder.under("pan_blocks").under(i), this.config, epsilon));
    }
  }

  /**
   * Adds the nodes.
   *
   * @param maps of the backbone, the finest first
   * @return as many maps of {@code dim} channels, the finest first
   * @throws ImageException when a map is not twice as large as the next
   */
  List<Value> add(Graph.Builder graph, List<Value> maps) {
    List<Value> levels = front.add(graph, maps);
    Value[] joints = new Value[levels.size()];
    Value finest = goDown(graph, levels, joints);
    return goUp(graph, finest, Arrays.asList(joints));
  }

  /** Fuses coarse maps into finer ones; what the way up joins goes to its place there at once. */
  private Value goDown(Graph.Builder graph, List<Value> levels, Value[] joints) {
    int dim = config.dim();
    Value map = levels.getLast();
    for (int i = 0; i < laterals.size(); i++) {
      int level = levels.size() - 1 - i;
      Shape shape = map.shape();
      joints[level] =
          graph.joint(
              "pan." + level + ".joint",
              ElementType.F32,
              Shape.of(shape.get(0), shape.get(1), shape.get(2), 2 * dim));
      Value lateral = joints[level].columns("lateral." + i, dim, dim);
      graph.addInto("lateral." + i, laterals.get(i), lateral, map);
      map = down.get(i).add(graph, "fpn." + i, lateral, levels.get(level - 1));
    }
    return map;
  }

  private List<Value> goUp(Graph.Builder graph, Value finest, List<Value> joints) {
    List<Value> outputs = new ArrayList<>();
    outputs.add(finest);
    for (int i = 0; i < strides.size(); i++) {
      Value joint = joints.get(i + 1);
      Value smaller = joint.columns("downsample." + i, 0, config.dim());
      graph.addInto("downsample." + i, strides.get(i), smaller, outputs.getLast());
      outputs.add(up.get(i).add(graph, "pan." + i, joint));
    }
    for (int l = 0; l < outputs.size(); l++) {
      graph.tap("neck." + l, outputs.get(l));
    }
    return outputs;
  }
}
