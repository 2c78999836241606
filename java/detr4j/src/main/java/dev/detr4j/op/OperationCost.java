package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * What an operation must do at least, whatever computes it: the measure that a profile holds its
 * time against.
 *
 * <p>Operations are counted from the formula in the record's Javadoc, a multiplication and an
 * addition as two, an exponential, sine, root or division as one. Convolutions and linear layers
 * count their direct products alone, without bias, residual and activation. A backend that needs
 * fewer, as by Winograd's 3x3 convolution with 2.25 or 4 times fewer multiplications, may therefore
 * exceed the rate of the processor's multiply-adds. What depends on the data is counted at its
 * most.
 *
 * <p>Bytes are those of each input, weight and output once, in the types that they have in memory
 * (weights in fp32); of what is picked from an input, the part that is picked. Caches can make the
 * rate exceed that of memory, and re-reading makes it fall behind.
 *
 * @param flops floating-point operations; for resizing, whose sums are integers, those
 * @param bytes bytes read and written
 */
public record OperationCost(long flops, long bytes) {
  /** For one value of a normalisation: sums for mean and variance, then scale and shift. */
  private static final int NORM = 8;

  /** For one sample of deformable attention: its place, four corner weights and its softmax. */
  private static final int SAMPLE = 24;

  /** For one value of softmax: scale, maximum, difference, exponential, sum. */
  private static final int SOFTMAX = 5;

  /** For one pair of boxes: corners, areas, quotient and decay. */
  private static final int PAIR = 12;

  /** The cost of an operation on inputs of these shapes. */
  public static OperationCost of(OpSpec op, List<Shape> inputs) {
    List<OpSpec.Output> outputs = op.outputs(inputs);
    Shape out = outputs.getFirst().shape();
    long written = 0;
    for (OpSpec.Output output : outputs) {
      written += output.shape().elements() * output.type().bytes();
    }
    return switch (op) {
      case Add _, Multiply _ -> new OperationCost(out.elements(), read(inputs) + written);
      case Attention attention -> attention(attention, inputs, written);
      case AveragePool pool ->
          new OperationCost(out.elements() * pool.kernel() * pool.kernel(), read(inputs) + written);
      case BoxRefinement refinement -> {
        long referenced = out.elements() / refinement.columns() * refinement.reference().columns();
        yield new OperationCost(4 * out.elements() + 6 * referenced, read(inputs) + written);
      }
      case CellAttention attention -> cells(attention, inputs, written);
      case Clamp _ -> new OperationCost(2 * out.elements(), read(inputs) + written);
      case DistanceBoxes boxes ->
          new OperationCost(
              (SOFTMAX + 2) * inputs.getFirst().elements(),
              read(inputs) + weights(boxes) + written);
      case Gate _ -> new OperationCost(9 * out.elements(), read(inputs) + written);
      case Convolution convolution ->
          new OperationCost(
              2
                  * out.elements()
                  * (convolution.inChannels() / convolution.groups())
                  * convolution.window().area(),
              read(inputs) + weights(convolution) + written);
      case Gather _ ->
          new OperationCost(0, written + Float.BYTES * inputs.get(1).elements() + written);
      case GradientOp gradient -> gradient.cost(inputs, written);
      case GlobalResponseNorm norm ->
          new OperationCost(6 * out.elements(), read(inputs) + weights(norm) + written);
      case GroupNorm norm ->
          new OperationCost(NORM * out.elements(), read(inputs) + weights(norm) + written);
      case LayerNorm norm ->
          new OperationCost(
              (NORM + inputs.size() - 1) * out.elements(), read(inputs) + weights(norm) + written);
      case Linear linear -> linear(linear, inputs, out, written);
      case MaxPool pool ->
          new OperationCost(out.elements() * pool.kernel() * pool.kernel(), read(inputs) + written);
      case MsDeformAttention attention -> sampling(attention, inputs, written);
      case Nms _ -> pairs(inputs, written);
      case SoftNms _ -> pairs(inputs, written);
      case ProposalEmbedding _ -> new OperationCost(2 * out.elements(), read(inputs) + written);
      case ResizeNormalize resize -> resize(resize, inputs, written);
      case SinePositionEmbedding sine ->
          new OperationCost(2 * out.elements(), weights(sine) + written);
      case RowMax _ -> new OperationCost(inputs.getFirst().elements(), read(inputs) + written);
      case SelectBestClasses _ ->
          new OperationCost(SOFTMAX * inputs.getFirst().elements(), read(inputs) + written);
      case SelectRanked _ ->
          new OperationCost(inputs.getFirst().elements(), read(inputs) + written);
      case TopProbabilities top ->
          new OperationCost(
              (SOFTMAX + top.k()) * inputs.getFirst().elements(), read(inputs) + written);
      case Upsample _ -> new OperationCost(0, read(inputs) + written);
      case TopK _ -> new OperationCost(inputs.getFirst().elements(), read(inputs) + written);
    };
  }

  /** Operations for each byte: few where memory bounds the speed, many where arithmetic does. */
  public double intensity() {
    return bytes == 0 ? 0 : (double) flops / bytes;
  }

  /** The cost of both. */
  public OperationCost plus(OperationCost other) {
    return new OperationCost(flops + other.flops, bytes + other.bytes);
  }

  private static OperationCost attention(Attention op, List<Shape> inputs, long written) {
    Shape queries = inputs.get(0);
    long keys = inputs.get(1).get(1);
    long scores = (long) queries.get(0) * queries.get(1) * keys * op.heads();
    long masked = op.hasKeyMask() ? inputs.get(3).elements() : 0;
    return new OperationCost(
        scores * (4L * op.headDim() + SOFTMAX), read(inputs.subList(0, 3)) + masked + written);
  }

  private static OperationCost linear(Linear op, List<Shape> inputs, Shape out, long written) {
    int masks = op.rowMask() == RowMask.NONE ? 0 : 1;
    int floats = inputs.size() - masks;
    long mask = masks == 0 ? 0 : inputs.getLast().elements();
    return new OperationCost(
        2 * out.elements() * op.inFeatures(),
        read(inputs.subList(0, floats)) + mask + weights(op) + written);
  }

  private static OperationCost sampling(MsDeformAttention op, List<Shape> inputs, long written) {
    Shape offsets = inputs.get(1);
    long samples = (long) offsets.get(0) * offsets.get(1) * op.heads() * op.samples();
    // Each sample reads four corners of headDim floats; few queries do not reach every cell.
    long sampled = Math.min(inputs.get(0).elements(), samples * 4 * op.headDim());
    return new OperationCost(
        samples * (8L * op.headDim() + SAMPLE),
        Float.BYTES * sampled + read(inputs.subList(1, inputs.size())) + written);
  }

  private static OperationCost cells(CellAttention op, List<Shape> inputs, long written) {
    Shape offsets = inputs.get(1);
    long samples = (long) offsets.get(0) * offsets.get(1) * op.heads() * op.samples();
    long sampled = Math.min(inputs.get(0).elements(), samples * op.headDim());
    return new OperationCost(
        samples * (2L * op.headDim() + SAMPLE),
        Float.BYTES * sampled + read(inputs.subList(1, inputs.size())) + written);
  }

  private static OperationCost pairs(List<Shape> inputs, long written) {
    long boxes = inputs.getFirst().get(1);
    return new OperationCost(PAIR * (boxes * (boxes - 1) / 2), read(inputs) + written);
  }

  private static OperationCost resize(ResizeNormalize op, List<Shape> inputs, long written) {
    long flops = 0;
    if (op.horizontal() != null) {
      flops += 2L * 3 * op.sourceHeight() * op.width() * op.horizontal().maxCount();
    }
    if (op.vertical() != null) {
      flops += 2L * 3 * op.height() * op.width() * op.vertical().maxCount();
    }
    return new OperationCost(flops, inputs.getFirst().elements() + written);
  }

  /** Bytes of inputs whose elements have four bytes each, floats or indices. */
  public static long read(List<Shape> inputs) {
    long elements = 0;
    for (Shape input : inputs) {
      elements += input.elements();
    }
    return Float.BYTES * elements;
  }

  private static long weights(OpSpec op) {
    long elements = 0;
    for (OpSpec.WeightSpec weight : op.weights()) {
      elements += weight.shape().elements();
    }
    return Float.BYTES * elements;
  }
}
