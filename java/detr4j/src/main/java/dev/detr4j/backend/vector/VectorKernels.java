package dev.detr4j.backend.vector;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.backend.host.HostBoxRefinementGradient;
import dev.detr4j.backend.host.HostMaxPoolGradient;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.HostSpread;
import dev.detr4j.backend.host.HostWeightValue;
import dev.detr4j.op.Add;
import dev.detr4j.op.Attention;
import dev.detr4j.op.AveragePool;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.CellAttention;
import dev.detr4j.op.Clamp;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.DistanceBoxes;
import dev.detr4j.op.Gate;
import dev.detr4j.op.Gather;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.Multiply;
import dev.detr4j.op.Nms;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.ProposalEmbedding;
import dev.detr4j.op.ResizeNormalize;
import dev.detr4j.op.RowMax;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.op.SoftNms;
import dev.detr4j.op.TopK;
import dev.detr4j.op.TopProbabilities;
import dev.detr4j.op.Upsample;
import dev.detr4j.op.gradient.ActivationGradient;
import dev.detr4j.op.gradient.AttentionGradient;
import dev.detr4j.op.gradient.BoxRefinementGradient;
import dev.detr4j.op.gradient.ConvolutionWeightGradient;
import dev.detr4j.op.gradient.GlobalResponseNormGradient;
import dev.detr4j.op.gradient.GroupNormGradient;
import dev.detr4j.op.gradient.LayerNormGradient;
import dev.detr4j.op.gradient.LinearWeightGradient;
import dev.detr4j.op.gradient.MaxPoolGradient;
import dev.detr4j.op.gradient.MsDeformAttentionGradient;
import dev.detr4j.op.gradient.RowSum;
import dev.detr4j.op.gradient.Spread;
import dev.detr4j.op.gradient.WeightValue;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The table of operations; only loaded where the module of the Vector API is present. */
final class VectorKernels {
  private VectorKernels() {}

  /** Why this machine or JVM cannot run vectors of this width, or null when it can. */
  static @Nullable String refusal(int bits) {
    return VectorWidth.refusal(bits, WidestVectors.bits());
  }

  static Backend open(BackendOptions options) {
    VectorWidth.fix(options.vectorBits(), WidestVectors.bits());
    Prepared.touch();
    return backend(options);
  }

  private static HostBackend backend(BackendOptions options) {
    return new HostBackend(
        BackendKind.VECTOR, "Vector API, " + Lanes.BITS + " bits", table(), options);
  }

  /** Initialised by the first backend that is opened, once in a JVM. */
  private static final class Prepared {
    static {
      try (HostBackend backend = backend(new BackendOptions(1, null, 0))) {
        FirstUse.loadClasses(backend);
      }
    }

    static void touch() {}
  }

  private static Map<Class<? extends OpSpec>, HostOp<?>> table() {
    Map<Class<? extends OpSpec>, HostOp<?>> table = new HashMap<>();
    put(table, Add.class, new VectorAdd());
    put(table, Attention.class, new VectorAttention());
    put(table, BoxRefinement.class, new VectorBoxRefinement());
    put(table, Convolution.class, new VectorConvolution());
    put(table, Gather.class, new VectorGather());
    put(table, GlobalResponseNorm.class, new VectorGlobalResponseNorm());
    put(table, GroupNorm.class, new VectorGroupNorm());
    put(table, LayerNorm.class, new VectorLayerNorm());
    put(table, Linear.class, new VectorLinear());
    put(table, MaxPool.class, new VectorMaxPool());
    put(table, AveragePool.class, new VectorAveragePool());
    put(table, Upsample.class, new VectorUpsample());
    put(table, RowMax.class, new VectorRowMax());
    put(table, Clamp.class, new VectorClamp());
    put(table, Gate.class, new VectorGate());
    put(table, DistanceBoxes.class, new VectorDistanceBoxes());
    put(table, TopProbabilities.class, new VectorTopProbabilities());
    put(table, CellAttention.class, new VectorCellAttention());
    put(table, Multiply.class, new VectorMultiply());
    put(table, MsDeformAttention.class, new VectorMsDeformAttention());
    put(table, Nms.class, new VectorNms());
    put(table, ProposalEmbedding.class, new VectorProposalEmbedding());
    put(table, ResizeNormalize.class, new VectorResizeNormalize());
    put(table, SinePositionEmbedding.class, new VectorSinePositionEmbedding());
    put(table, SoftNms.class, new VectorSoftNms());
    put(table, TopK.class, new VectorTopK());
    put(table, ActivationGradient.class, new VectorActivationGradient());
    put(table, AttentionGradient.class, new VectorAttentionGradient());
    put(table, BoxRefinementGradient.class, new HostBoxRefinementGradient());
    put(table, ConvolutionWeightGradient.class, new VectorWeightGradient.OfConvolution());
    put(table, GlobalResponseNormGradient.class, new VectorGlobalResponseNormGradient());
    put(table, GroupNormGradient.class, new VectorGroupNormGradient());
    put(table, LayerNormGradient.class, new VectorLayerNormGradient());
    put(table, LinearWeightGradient.class, new VectorWeightGradient.OfLinear());
    put(table, MaxPoolGradient.class, new HostMaxPoolGradient());
    put(table, MsDeformAttentionGradient.class, new VectorMsDeformAttentionGradient());
    put(table, RowSum.class, new VectorRowSum());
    put(table, Spread.class, new HostSpread());
    put(table, WeightValue.class, new HostWeightValue());
    return table;
  }

  /** Pairs a record with the kernel of that very record. */
  private static <S extends OpSpec> void put(
      Map<Class<? extends OpSpec>, HostOp<?>> table, Class<S> record, HostOp<S> op) {
    table.put(record, op);
  }
}
