package dev.detr4j.backend.parity;

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
import dev.detr4j.op.SelectionOp;
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
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The cases of every operation. A new operation adds a line here; the suite fails until it does.
 */
final class OpCases {
  private static final Map<Class<? extends OpSpec>, Supplier<List<OpCase>>> CASES = new HashMap<>();

  static {
    CASES.put(Add.class, MapCases::add);
    CASES.put(Attention.class, AttentionCases::attention);
    CASES.put(BoxRefinement.class, BoxCases::boxRefinement);
    CASES.put(Convolution.class, ConvolutionCases::convolution);
    CASES.put(Gather.class, BoxCases::gather);
    CASES.put(GlobalResponseNorm.class, MapCases::globalResponseNorm);
    CASES.put(GroupNorm.class, MapCases::groupNorm);
    CASES.put(LayerNorm.class, MapCases::layerNorm);
    CASES.put(Linear.class, LinearCases::linear);
    CASES.put(MaxPool.class, MapCases::maxPool);
    CASES.put(AveragePool.class, PoolCases::averagePool);
    CASES.put(RowMax.class, PoolCases::rowMax);
    CASES.put(CellAttention.class, CellCases::cellAttention);
    CASES.put(Clamp.class, DistributionCases::clamp);
    CASES.put(Gate.class, DistributionCases::gate);
    CASES.put(DistanceBoxes.class, DistributionCases::distanceBoxes);
    CASES.put(TopProbabilities.class, DistributionCases::topProbabilities);
    CASES.put(Upsample.class, PoolCases::upsample);
    CASES.put(Multiply.class, PoolCases::multiply);
    CASES.put(MsDeformAttention.class, AttentionCases::msDeformAttention);
    CASES.put(Nms.class, BoxCases::nms);
    CASES.put(ProposalEmbedding.class, BoxCases::proposalEmbedding);
    CASES.put(ResizeNormalize.class, MapCases::resizeNormalize);
    CASES.put(SelectBestClasses.class, SelectionCases::selectBestClasses);
    CASES.put(SelectRanked.class, SelectionCases::selectRanked);
    CASES.put(SinePositionEmbedding.class, MapCases::sinePositionEmbedding);
    CASES.put(SoftNms.class, BoxCases::softNms);
    CASES.put(TopK.class, BoxCases::topK);
    CASES.put(ActivationGradient.class, GradientCases::activation);
    CASES.put(AttentionGradient.class, GradientCases::attention);
    CASES.put(BoxRefinementGradient.class, GradientCases::boxRefinement);
    CASES.put(ConvolutionWeightGradient.class, WeightGradientCases::convolution);
    CASES.put(GlobalResponseNormGradient.class, GradientCases::globalResponseNorm);
    CASES.put(GroupNormGradient.class, GradientCases::groupNorm);
    CASES.put(LayerNormGradient.class, GradientCases::layerNorm);
    CASES.put(LinearWeightGradient.class, WeightGradientCases::linear);
    CASES.put(MaxPoolGradient.class, GradientCases::maxPool);
    CASES.put(MsDeformAttentionGradient.class, GradientCases::msDeformAttention);
    CASES.put(RowSum.class, GradientCases::rowSum);
    CASES.put(Spread.class, GradientCases::spread);
    CASES.put(WeightValue.class, GradientCases::weightValue);
  }

  /** Sizes that are no multiple of anything a kernel likes. */
  static final int[] PRIMES = {2, 3, 7, 13, 31, 61};

  private OpCases() {}

  /** The cases of one operation; empty when nobody wrote any. */
  static List<OpCase> of(Class<?> op) {
    Supplier<List<OpCase>> cases = CASES.get(op);
    return cases == null ? List.of() : cases.get();
  }

  /**
   * Whether the outputs never have gaps: an image has none between its pixels, a sum of gradients
   * none between the numbers of a weight, and entries of detections none between each other.
   */
  static boolean isDense(OpSpec op) {
    return op instanceof ResizeNormalize
        || op instanceof ConvolutionWeightGradient
        || op instanceof SelectionOp;
  }
}
