package dev.detr4j.backend.cuda;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.Precision;
import dev.detr4j.error.BackendException;
import dev.detr4j.ffi.CudaDevice;
import dev.detr4j.ffi.CudaException;
import dev.detr4j.ffi.CudaLibrary;
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
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Opens the backend on the CUDA library. So far on the emulated one alone, where {@code detr4j.cuda
 * = emulated} asks for it; an automatic choice never takes that.
 */
public final class CudaBackendProvider implements BackendProvider {
  @Override
  public BackendKind kind() {
    return BackendKind.CUDA;
  }

  @Override
  public @Nullable String unavailable(BackendOptions options) {
    try {
      open(options).close();
      return null;
    } catch (BackendException e) {
      return e.getMessage();
    }
  }

  @Override
  public String notAutomatic() {
    return "it only emulates a device; used when requested by name";
  }

  @Override
  public Set<Precision> precisions() {
    return EnumSet.allOf(Precision.class);
  }

  @Override
  public Backend open(BackendOptions options) {
    String requested = CudaLibrary.requested();
    if (!CudaLibrary.EMULATED.equals(requested)) {
      throw new BackendException(
          CudaLibrary.SETTING + " is " + requested + "; expected " + CudaLibrary.EMULATED);
    }
    if (options.instructionSet() != null) {
      throw new BackendException("it has no instruction set " + options.instructionSet());
    }
    try {
      return new CudaBackend(
          CudaDevice.open(CudaLibrary.loadEmulated(), 0, 0),
          table(options.precision()),
          options.precision());
    } catch (NativeLibraryException | CudaException e) {
      throw new BackendException(String.valueOf(e.getMessage()), e);
    }
  }

  private static Map<Class<? extends OpSpec>, CudaOp<?>> table(Precision precision) {
    Map<Class<? extends OpSpec>, CudaOp<?>> table = new HashMap<>();
    put(table, Add.class, new CudaAdd());
    put(table, Attention.class, new CudaAttention());
    put(table, AveragePool.class, new CudaAveragePool());
    put(table, BoxRefinement.class, new CudaBoxRefinement());
    put(table, CellAttention.class, new CudaCellAttention());
    put(table, Clamp.class, new CudaClamp());
    put(table, Convolution.class, new CudaConvolution(precision));
    put(table, DistanceBoxes.class, new CudaDistanceBoxes());
    put(table, Gate.class, new CudaGate());
    put(table, Gather.class, new CudaGather());
    put(table, GlobalResponseNorm.class, new CudaGlobalResponseNorm());
    put(table, GroupNorm.class, new CudaGroupNorm());
    put(table, LayerNorm.class, new CudaLayerNorm());
    put(table, Linear.class, new CudaLinear(precision));
    put(table, MaxPool.class, new CudaMaxPool());
    put(table, MsDeformAttention.class, new CudaMsDeformAttention());
    put(table, Multiply.class, new CudaMultiply());
    put(table, Nms.class, new CudaNms());
    put(table, ProposalEmbedding.class, new CudaProposalEmbedding());
    put(table, ResizeNormalize.class, new CudaResizeNormalize());
    put(table, RowMax.class, new CudaRowMax());
    put(table, SinePositionEmbedding.class, new CudaSinePositionEmbedding());
    put(table, SoftNms.class, new CudaSoftNms());
    put(table, TopK.class, new CudaTopK());
    put(table, TopProbabilities.class, new CudaTopProbabilities());
    put(table, Upsample.class, new CudaUpsample());
    return table;
  }

  /** Pairs a record with the kernel of that very record. */
  private static <S extends OpSpec> void put(
      Map<Class<? extends OpSpec>, CudaOp<?>> table, Class<S> record, CudaOp<S> op) {
    table.put(record, op);
  }
}
