package dev.detr4j.backend.reference;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.error.BackendException;
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
import dev.detr4j.op.SelectBestClasses;
import dev.detr4j.op.SelectRanked;
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
import dev.detr4j.tensor.ElementType;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Opens the reference backend, which runs everywhere and is never chosen unless asked for by name.
 */
public final class ReferenceBackendProvider implements BackendProvider {
  @Override
  public BackendKind kind() {
    return BackendKind.REFERENCE;
  }

  @Override
  public @Nullable String unavailable(BackendOptions options) {
    return options.refusalOfProducts(Set.of(ElementType.F32));
  }

  @Override
  public Backend open(BackendOptions options) {
    String reason = unavailable(options);
    if (reason != null) {
      throw new BackendException(reason);
    }
    HeapWeights weights = new HeapWeights();
    return new HostBackend(
        BackendKind.REFERENCE, "java", table(weights), options, weights::readChanged);
  }

  private static Map<Class<? extends OpSpec>, HostOp<?>> table(HeapWeights weights) {
    Map<Class<? extends OpSpec>, HostOp<?>> table = new HashMap<>();
    put(table, Add.class, new ReferenceAdd());
    put(table, Attention.class, new ReferenceAttention());
    put(table, BoxRefinement.class, new ReferenceBoxRefinement());
    put(table, Convolution.class, new ReferenceConvolution(weights));
    put(table, Gather.class, new ReferenceGather());
    put(table, GlobalResponseNorm.class, new ReferenceGlobalResponseNorm(weights));
    put(table, GroupNorm.class, new ReferenceGroupNorm(weights));
    put(table, LayerNorm.class, new ReferenceLayerNorm(weights));
    put(table, Linear.class, new ReferenceLinear(weights));
    put(table, MaxPool.class, new ReferenceMaxPool());
    put(table, AveragePool.class, new ReferenceAveragePool());
    put(table, Upsample.class, new ReferenceUpsample());
    put(table, RowMax.class, new ReferenceRowMax());
    put(table, SelectBestClasses.class, new ReferenceSelection<>());
    put(table, SelectRanked.class, new ReferenceSelection<>());
    put(table, Clamp.class, new ReferenceClamp());
    put(table, Gate.class, new ReferenceGate());
    put(table, DistanceBoxes.class, new ReferenceDistanceBoxes(weights));
    put(table, TopProbabilities.class, new ReferenceTopProbabilities());
    put(table, CellAttention.class, new ReferenceCellAttention());
    put(table, Multiply.class, new ReferenceMultiply());
    put(table, MsDeformAttention.class, new ReferenceMsDeformAttention());
    put(table, Nms.class, new ReferenceNms());
    put(table, ProposalEmbedding.class, new ReferenceProposalEmbedding());
    put(table, ResizeNormalize.class, new ReferenceResizeNormalize());
    put(table, SinePositionEmbedding.class, new ReferenceSinePositionEmbedding(weights));
    put(table, SoftNms.class, new ReferenceSoftNms());
    put(table, TopK.class, new ReferenceTopK());
    put(table, ActivationGradient.class, new ReferenceActivationGradient());
    put(table, AttentionGradient.class, new ReferenceAttentionGradient());
    put(table, BoxRefinementGradient.class, new ReferenceBoxRefinementGradient());
    put(table, ConvolutionWeightGradient.class, new ReferenceConvolutionWeightGradient());
    put(table, GlobalResponseNormGradient.class, new ReferenceGlobalResponseNormGradient(weights));
    put(table, GroupNormGradient.class, new ReferenceGroupNormGradient(weights));
    put(table, LayerNormGradient.class, new ReferenceLayerNormGradient(weights));
    put(table, LinearWeightGradient.class, new ReferenceLinearWeightGradient());
    put(table, MaxPoolGradient.class, new ReferenceMaxPoolGradient());
    put(table, MsDeformAttentionGradient.class, new ReferenceMsDeformAttentionGradient());
    put(table, RowSum.class, new ReferenceRowSum());
    put(table, Spread.class, new ReferenceSpread());
    put(table, WeightValue.class, new ReferenceWeightValue(weights));
    return table;
  }

  /** Pairs a record with the kernel of that very record. */
  private static <S extends OpSpec> void put(
      Map<Class<? extends OpSpec>, HostOp<?>> table, Class<S> record, HostOp<S> op) {
    table.put(record, op);
  }
}
