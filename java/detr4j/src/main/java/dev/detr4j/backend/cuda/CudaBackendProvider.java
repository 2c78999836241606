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
import dev.detr4j.op.SelectBestClasses;
import dev.detr4j.op.SelectRanked;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.op.SoftNms;
import dev.detr4j.op.TopK;
import dev.detr4j.op.TopProbabilities;
import dev.detr4j.op.Upsample;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Opens the backend on the CUDA library, or on the emulated one where {@code detr4j.cuda =
 * emulated} asks for it. An automatic choice takes a library whose kernels have run on a GPU, and
 * never the emulated one.
 */
public final class CudaBackendProvider implements BackendProvider {
  private static final String BY_NAME = "; used when requested by name";
  private static final String DEVICE = CudaLibrary.DEVICE;
  private static final Pattern ARCHITECTURE = Pattern.compile("sm_(\\d{2,3})");

  private final VerifiedKernels verified;

  /** With what this build says of its kernels. */
  public CudaBackendProvider() {
    this(VerifiedKernels.ofBuild());
  }

  CudaBackendProvider(VerifiedKernels verified) {
    this.verified = verified;
  }

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

  /** While no GPU has run any kernel, this looks at no library: no start has to wait for it. */
  @Override
  public @Nullable String notAutomatic() {
    if (CudaLibrary.requested() != null) {
      return "it only emulates a device" + BY_NAME;
    }
    if (verified.rows().isEmpty()) {
      return verified.sentence(null) + BY_NAME;
    }
    String kernels = kernels();
    return kernels == null || verified.of(kernels) != null
        ? null
        : verified.sentence(kernels) + BY_NAME;
  }

  @Override
  public String caution() {
    return verified.sentence(verified.rows().isEmpty() ? null : kernels());
  }

  @Override
  public Set<Precision> precisions() {
    return EnumSet.allOf(Precision.class);
  }

  @Override
  public Backend open(BackendOptions options) {
    int architecture = architecture(options);
    int number = number();
    CudaDevice device;
    try {
      device = CudaDevice.open(library(), number, architecture);
    } catch (NativeLibraryException e) {
      throw new BackendException(String.valueOf(e.getMessage()), e);
    } catch (CudaException e) {
      String setting = number == 0 ? "" : DEVICE + " = " + number + ": ";
      throw new BackendException(setting + e.getMessage(), e);
    }
    try {
      return new CudaBackend(device, table(options.precision(), device), options.precision());
    } catch (CudaException e) {
      device.close();
      throw new BackendException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Which kernels the library has that would be used, or null where there is none. */
  private static @Nullable String kernels() {
    try {
      return library().kernels();
    } catch (NativeLibraryException | BackendException e) {
      return null;
    }
  }

  private static CudaLibrary library() {
    String requested = CudaLibrary.requested();
    if (requested == null) {
      return CudaLibrary.load();
    }
    if (!CudaLibrary.EMULATED.equals(requested)) {
      throw new BackendException(
          CudaLibrary.SETTING + " is " + requested + "; expected " + CudaLibrary.EMULATED);
    }
    return CudaLibrary.loadEmulated();
  }

  /** What the instruction set lowers the device to; 0 where none was asked for. */
  private static int architecture(BackendOptions options) {
    String name = options.instructionSet();
    if (name == null) {
      return 0;
    }
    Matcher matcher = ARCHITECTURE.matcher(name);
    if (!matcher.matches()) {
      throw new BackendException(
          "it has no instruction set " + name + ", only architectures such as sm_80");
    }
    return Integer.parseInt(matcher.group(1));
  }

  private static int number() {
    String text = CudaLibrary.device();
    if (text == null) {
      return 0;
    }
    try {
      int number = Integer.parseInt(text);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below, together with the numbers below 0.
    }
    throw new BackendException(
        DEVICE + " is " + text + "; expected the number of a device, counted from 0");
  }

  private static Map<Class<? extends OpSpec>, CudaOp<?>> table(
      Precision precision, CudaDevice device) {
    Map<Class<? extends OpSpec>, CudaOp<?>> table = new HashMap<>();
    put(table, Add.class, new CudaAdd());
    put(table, Attention.class, new CudaAttention(precision));
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
    put(table, MaxPool.class, new CudaMaxPool(precision));
    put(table, MsDeformAttention.class, new CudaMsDeformAttention());
    put(table, Multiply.class, new CudaMultiply());
    put(table, Nms.class, new CudaNms());
    put(table, ProposalEmbedding.class, new CudaProposalEmbedding());
    put(table, ResizeNormalize.class, new CudaResizeNormalize());
    put(table, RowMax.class, new CudaRowMax());
    put(table, SelectBestClasses.class, new CudaSelectBestClasses());
    put(table, SelectRanked.class, new CudaSelectRanked(device.mostSelected()));
    put(table, SinePositionEmbedding.class, new CudaSinePositionEmbedding());
    put(table, SoftNms.class, new CudaSoftNms());
    put(table, TopK.class, new CudaTopK(device.mostSelected()));
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
