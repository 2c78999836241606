package dev.detr4j.model.layer;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The transformer of RT-DETR on one map (attention-based intra-scale feature interaction, Zhao et
 * al. 2024). Its layers normalise last, or first; then, as transformers has it, the second residual
 * is what the norm made.
 */
public final class Aifi {
  private record Layer(
      SelfAttention attention, Norm attentionNorm, FeedForward ffn, Norm ffnNorm) {}

  /**
   * A transformer on one map.
   *
   * @param dim channels of the map; a multiple of 4 and of the heads
   * @param activation of the feed-forward networks
   * @param temperature of the position code
   * @param normalizesFirst whether layers normalise before their attention
   * @param columnsFirst whether the position code numbers the cells column by column, as the
   *     original of RT-DETR and transformers 4 do; of square maps it is the same
   * @param epsilon of the norms
   */
  public record Config(
      int dim,
      int layers,
      int heads,
      int ffnDim,
      Activation activation,
      double temperature,
      boolean normalizesFirst,
      boolean columnsFirst,
      float epsilon) {}

  private final Config config;
  private final List<Layer> layers = new ArrayList<>();

  /** Reads {@code layers.*} below the prefix. */
  public Aifi(Parameters parameters, Config config) {
    this.config = config;
    int dim = config.dim();
    for (int i = 0; i < config.layers(); i++) {
      Parameters layer = parameters.under("layers").under(i);
      layers.add(
          new Layer(
              new SelfAttention(layer.under("self_attn"), dim, config.heads()),
              new Norm(layer, "self_attn_layer_norm", dim, config.epsilon()),
              new FeedForward(layer, dim, config.ffnDim(), config.activation()),
              new Norm(layer, "final_layer_norm", dim, config.epsilon())));
    }
  }

  /** Adds the nodes; from a map {@code [N, H, W, dim]} to one. */
  public Value add(Graph.Builder graph, String label, Value map) {
    if (layers.isEmpty()) {
      return map;
    }
    Shape shape = map.shape();
    Value position = position(graph, label + ".position", shape);
    Value x = map.reshaped(position.shape());
    for (int i = 0; i < layers.size(); i++) {
      String name = label + "." + i;
      x =
          config.normalizesFirst()
              ? normalizingFirst(graph, name, layers.get(i), x, position)
              : normalizingLast(graph, name, layers.get(i), x, position);
    }
    return x.reshaped(shape);
  }

  private static Value normalizingLast(
      Graph.Builder graph, String label, Layer layer, Value x, Value position) {
    Value positioned = graph.add(label + ".positioned", new Add(), x, position);
    Value attended = layer.attention().add(graph, label + ".self_attn", x, positioned, null);
    Value normed = layer.attentionNorm().add(graph, label + ".self_attn_norm", attended);
    Value expanded = layer.ffn().add(graph, label + ".ffn", normed);
    return layer.ffnNorm().add(graph, label + ".ffn_norm", expanded);
  }

  private static Value normalizingFirst(
      Graph.Builder graph, String label, Layer layer, Value x, Value position) {
    List<Value> normed =
        layer.attentionNorm().addPositioned(graph, label + ".self_attn_norm", x, position);
    Value attended =
        layer.attention().add(graph, label + ".self_attn", x, normed.get(0), normed.get(1), null);
    Value again = layer.ffnNorm().add(graph, label + ".ffn_norm", attended);
    return layer.ffn().add(graph, label + ".ffn", again);
  }

  /**
   * The position code {@code [N, H W, dim]}: of each cell the sines and the cosines of its row,
   * then those of its column, with the frequencies {@code temperature^(-k / (dim / 4))}, counted
   * from 0. Where cells are numbered column by column, token {@code t} has the code of column
   * {@code t / H} before that of row {@code t % H}.
   */
  private Value position(Graph.Builder graph, String name, Shape map) {
    int batch = map.get(0);
    int height = map.get(1);
    int width = map.get(2);
    int dim = config.dim();
    int perGroup = config.columnsFirst() ? height : width;
    return graph.constant(
        name,
        ElementType.F32,
        Shape.of(batch, height * width, dim),
        out -> {
          float[] codes = new float[height * width * dim];
          for (int token = 0; token < height * width; token++) {
            write(codes, token * dim, token / perGroup, token % perGroup);
          }
          for (int n = 0; n < batch; n++) {
            MemorySegment.copy(
                codes, 0, out, ValueLayout.JAVA_FLOAT, 4L * n * codes.length, codes.length);
          }
        });
  }

  private void write(float[] codes, int at, int first, int second) {
    int quarter = config.dim() / 4;
    for (int k = 0; k < quarter; k++) {
      double frequency = 1 / Math.pow(config.temperature(), (double) k / quarter);
      codes[at + k] = (float) Math.sin(first * frequency);
      codes[at + quarter + k] = (float) Math.cos(first * frequency);
      codes[at + 2 * quarter + k] = (float) Math.sin(second * frequency);
      codes[at + 3 * quarter + k] = (float) Math.cos(second * frequency);
    }
  }
}
