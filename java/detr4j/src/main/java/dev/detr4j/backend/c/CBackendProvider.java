package dev.detr4j.backend.c;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.VectorUnit;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.backend.host.HostBoxRefinementGradient;
import dev.detr4j.backend.host.HostMaxPoolGradient;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.backend.host.HostSpread;
import dev.detr4j.backend.host.HostWeightValue;
import dev.detr4j.error.BackendException;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.NativeLibrary;
import dev.detr4j.ffi.NativeLibraryException;
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
import dev.detr4j.tensor.ElementType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Opens the backend on the C library, in the best tier of this CPU or a lower one that was asked
 * for.
 */
public final class CBackendProvider implements BackendProvider {
  @Override
  public BackendKind kind() {
    return BackendKind.C;
  }

  @Override
  public @Nullable String unavailable(BackendOptions options) {
    try {
      tier(options);
      return null;
    } catch (BackendException e) {
      return e.getMessage();
    }
  }

  @Override
  public @Nullable String demand(BackendOptions options) {
    if (options.instructionSet() != null) {
      return "instruction set " + options.instructionSet();
    }
    String library = NativeLibrary.demanded();
    return library == null ? null : "the C library " + library;
  }

  @Override
  public VectorUnit vectorUnit(BackendOptions options) {
    return switch (tier(options).name()) {
      case "baseline" -> new VectorUnit(128, false);
      case "neon" -> new VectorUnit(128, true);
      case "x86-64-v3" -> new VectorUnit(256, true);
      default -> VectorUnit.WIDEST;
    };
  }

  @Override
  public Backend open(BackendOptions options) {
    CpuTier tier = tier(options);
    Precision precision = options.precision();
    // Where the tier leaves a choice, its name alone would read as if bf16 were in use.
    String instructions =
        hasBf16(tier) ? tier.name() + " with " + precision.id() + " products" : tier.name();
    if (precision == Precision.BF16 && Bf16Speed.beside(tier) < 1) {
      instructions += ", " + Bf16Speed.words(tier);
    }
    return new HostBackend(BackendKind.C, instructions, table(tier, precision.products()), options);
  }

  private static boolean hasBf16(CpuTier tier) {
    return tier.multiplies(TypeCode.of(Precision.BF16.products()));
  }

  @Override
  public List<String> notes(BackendOptions options) {
    List<String> notes = new ArrayList<>();
    CpuTier tier = tier(options.withPrecision(Precision.FP32));
    if (hasBf16(tier)) {
      notes.add(
          "precision bf16 uses "
              + (tier.hasMatrixTiles() ? "tiles of " : "dot products of ")
              + tier.name()
              + ", "
              + Bf16Speed.words(tier));
    } else {
      notes.add("precision bf16 needs instruction set avx512-bf16 or avx512-amx");
    }
    CpuTier.refused(NativeLibrary.load())
        .forEach((name, reason) -> {
          if (name.startsWith("avx512")) {
            notes.add(name + ": " + reason);
          }
        });
    return notes;
  }

  private static CpuTier tier(BackendOptions options) {
    String refusal = options.refusalOfProducts(EnumSet.of(ElementType.F32, ElementType.BF16));
    if (refusal != null) {
      throw new BackendException(refusal);
    }
    try {
      CpuTier tier = CpuTier.select(NativeLibrary.load(), options.instructionSet());
      if (!tier.multiplies(TypeCode.of(options.precision().products()))) {
        throw new BackendException(
            "instruction set "
                + tier.name()
                + " has no "
                + options.precision().id()
                + " products, avx512-bf16 and avx512-amx have");
      }
      return tier;
    } catch (NativeLibraryException | IllegalArgumentException e) {
      throw new BackendException(String.valueOf(e.getMessage()), e);
    }
  }

  private static Map<Class<? extends OpSpec>, HostOp<?>> table(CpuTier tier, ElementType products) {
    Map<Class<? extends OpSpec>, HostOp<?>> table = new HashMap<>();
    put(table, Add.class, new CAdd(tier));
    put(table, Attention.class, new CAttention(tier, products));
    put(table, BoxRefinement.class, new CBoxRefinement(tier));
    put(table, Convolution.class, new CConvolution(tier, products));
    put(table, Gather.class, new CGather(tier));
    put(table, GlobalResponseNorm.class, new CGlobalResponseNorm(tier));
    put(table, GroupNorm.class, new CGroupNorm(tier));
    put(table, LayerNorm.class, new CLayerNorm(tier));
    put(table, Linear.class, new CLinear(tier, products));
    put(table, MaxPool.class, new CMaxPool(tier, products));
    // With dot products, widening bf16 values took more than their smaller rows saved: on Zen 5,
    // 48.9
    // ms instead of 47.9 in the twelve layers of a two-stage model.
    put(
        table,
        MsDeformAttention.class,
        new CMsDeformAttention(tier, tier.hasMatrixTiles() ? products : ElementType.F32));
    put(table, AveragePool.class, new CAveragePool(tier));
    put(table, Upsample.class, new CUpsample(tier));
    put(table, RowMax.class, new CRowMax(tier));
    put(table, Clamp.class, new CClamp(tier));
    put(table, Gate.class, new CGate(tier));
    put(table, DistanceBoxes.class, new CDistanceBoxes(tier));
    put(table, TopProbabilities.class, new CTopProbabilities(tier));
    put(table, CellAttention.class, new CCellAttention(tier));
    put(table, Multiply.class, new CMultiply(tier));
    put(table, Nms.class, new CNms(tier));
    put(table, ProposalEmbedding.class, new CProposalEmbedding(tier));
    put(table, ResizeNormalize.class, new CResizeNormalize(tier));
    put(table, SinePositionEmbedding.class, new CSinePositionEmbedding(tier));
    put(table, SoftNms.class, new CSoftNms(tier));
    put(table, TopK.class, new CTopK(tier));
    put(table, ActivationGradient.class, new CActivationGradient(tier));
    put(table, AttentionGradient.class, new CAttentionGradient(tier));
    put(table, BoxRefinementGradient.class, new HostBoxRefinementGradient());
    put(table, ConvolutionWeightGradient.class, new CWeightGradient.OfConvolution(tier));
    put(table, GlobalResponseNormGradient.class, new CGlobalResponseNormGradient(tier));
    put(table, GroupNormGradient.class, new CGroupNormGradient(tier));
    put(table, LayerNormGradient.class, new CLayerNormGradient(tier));
    put(table, LinearWeightGradient.class, new CWeightGradient.OfLinear(tier));
    put(table, MaxPoolGradient.class, new HostMaxPoolGradient());
    put(table, MsDeformAttentionGradient.class, new CMsDeformAttentionGradient(tier));
    put(table, RowSum.class, new CRowSum(tier));
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
