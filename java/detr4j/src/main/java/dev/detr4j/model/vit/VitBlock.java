package dev.detr4j.model.vit;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Attention;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.Set;

/**
 * A block of a vision transformer, {@code h += l1 attention(norm(h)); h += l2 ffn(norm(h))}: one
 * joint projection makes queries, keys and values; the layer scales l1 and l2 fold into the
 * projections before them.
 */
final class VitBlock {
  private final int channels;
  private final boolean isGlobal;
  private final Attention attention;
  private final Norm attentionNorm;
  private final WeightedOp<Linear> joint;
  private final WeightedOp<Linear> output;
  private final Norm ffnNorm;
  private final WeightedOp<Linear> expand;
  private final WeightedOp<Linear> contract;

  VitBlock(Parameters parameters, VitConfig config, boolean isGlobal) {
    channels = config.channels();
    this.isGlobal = isGlobal;
    int headDim = channels / config.heads();
    attention = new Attention(config.heads(), headDim, (float) (1.0 / Math.sqrt(headDim)), false);
    attentionNorm = new Norm(parameters, "norm1", channels, config.epsilon());
    joint = joint(parameters.under("attention"), config);
    output = scaled(parameters, "attention.o_proj", "layer_scale1", channels);
    ffnNorm = new Norm(parameters, "norm2", channels, config.epsilon());
    expand = parameters.linear("mlp.fc1", channels, config.ffnDim(), config.activation());
    contract = scaled(parameters, "mlp.fc2", "layer_scale2", config.ffnDim());
  }

  private static WeightedOp<Linear> joint(Parameters parameters, VitConfig config) {
    int channels = config.channels();
    WeightedOp<Linear> query = parameters.linear("q_proj", channels, channels, Activation.NONE);
    WeightedOp<Linear> value = parameters.linear("v_proj", channels, channels, Activation.NONE);
    Weight key = parameters.tensor("k_proj.weight", channels, channels);
    // Keys without a bias get zeros, which are a second block of rows beside the bias of queries.
    Weight bias =
        config.form() == VitConfig.Form.PLAIN
            ? DerivedWeight.spreadHeadRows(query.bias(), 1, 2, Set.of(0))
            : DerivedWeight.rows(
                parameters.prefix() + "qk_proj.bias",
                query.bias(),
                parameters.tensor("k_proj.bias", channels));
    String name = parameters.prefix() + "qkv_proj";
    return WeightedOp.linear(
        DerivedWeight.rows(name + ".weight", query.weight(), key, value.weight()),
        DerivedWeight.rows(name + ".bias", bias, value.bias()),
        Activation.NONE);
  }

  private WeightedOp<Linear> scaled(Parameters parameters, String name, String scale, int in) {
    Weight factors = parameters.tensor(scale + ".lambda1", channels);
    WeightedOp<Linear> plain = parameters.linear(name, in, channels, Activation.NONE);
    return WeightedOp.linear(
            DerivedWeight.scaledRows(plain.weight(), factors),
            DerivedWeight.scaledRows(plain.bias(), factors),
            Activation.NONE)
        .as(Linear::withResidual);
  }

  /**
   * Adds the nodes.
   *
   * @param x {@code [N, W L, channels]}: L tokens in each of W windows
   * @param windows W
   * @return the same
   */
  Value add(Graph.Builder graph, String label, Value x, int windows) {
    int batch = x.shape().get(0);
    int items = isGlobal ? batch : batch * windows;
    Value normed = attentionNorm.add(graph, label + ".norm1", x);
    Value all = graph.add(label + ".qkv_proj", joint, normed);
    Value mixed =
        graph.add(
            label + ".attention",
            attention,
            all.columns(label + ".q", 0, channels).batched(items),
            all.columns(label + ".k", channels, channels).batched(items),
            all.columns(label + ".v", 2 * channels, channels).batched(items));
    Value attended = graph.add(label + ".o_proj", output, mixed.batched(batch), x);
    Value again = ffnNorm.add(graph, label + ".norm2", attended);
    Value hidden = graph.add(label + ".fc1", expand, again);
    return graph.add(label + ".fc2", contract, hidden, attended);
  }
}
