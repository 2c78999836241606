package dev.detr4j.op.gradient;

import dev.detr4j.op.GradientOp;

/** All operations of this package. */
public sealed interface TrainingOp extends GradientOp
    permits ActivationGradient,
        AttentionGradient,
        BoxRefinementGradient,
        ConvolutionWeightGradient,
        GlobalResponseNormGradient,
        GroupNormGradient,
        LayerNormGradient,
        LinearWeightGradient,
        MaxPoolGradient,
        MsDeformAttentionGradient,
        RowSum,
        Spread,
        WeightValue {}
