package dev.detr4j.ffi;

import dev.detr4j.ffi.generated.Detr4jAbi;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An instruction set that the loaded library has kernels for and this CPU can run.
 *
 * @param id the number that every parameter struct begins with
 * @param name the short name, as in {@code avx512}
 */
public record CpuTier(int id, String name) {
  /** The best tier of this CPU. */
  public static CpuTier detected(NativeLibrary library) {
    int id = Detr4jAbi.detr4j_tier_detected();
    String name = nameOf(id);
    if (name == null) {
      throw new IllegalStateException(
          library + " detects tier " + id + ", for which it has no name");
    }
    return new CpuTier(id, name);
  }

  /** The tiers that can run here, in rising order. */
  public static List<CpuTier> available(NativeLibrary library) {
    int best = detected(library).id();
    List<CpuTier> tiers = new ArrayList<>();
    for (int id = 0; id <= best; id++) {
      String name = nameOf(id);
      if (name != null && Detr4jAbi.detr4j_tier_available(id) == 1) {
        tiers.add(new CpuTier(id, name));
      }
    }
    return List.copyOf(tiers);
  }

  /**
   * The tier that the user asks for: the best when {@code name} is null. A tier can only be
   * lowered.
   *
   * @throws IllegalArgumentException when no available tier has this name; the message lists those
   *     that there are
   */
  public static CpuTier select(NativeLibrary library, @Nullable String name) {
    if (name == null) {
      return detected(library);
    }
    List<CpuTier> tiers = available(library);
    for (CpuTier tier : tiers) {
      if (tier.name().equals(name)) {
        return tier;
      }
    }
    throw new IllegalArgumentException(
        "instruction set "
            + name
            + (isKnown(name) ? " is not available on this CPU" : " does not exist")
            + "; this CPU has "
            + String.join(", ", tiers.stream().map(CpuTier::name).toList()));
  }

  /** Output channels in one packed weight panel of this tier. */
  public int panelColumns() {
    return Detr4jAbi.detr4j_panel_columns(id);
  }

  /**
   * Whether this tier has convolutions with products of an element type.
   *
   * @param elementType a {@code DETR4J_TYPE_...} of the library
   */
  public boolean multiplies(int elementType) {
    return Detr4jAbi.detr4j_tier_multiplies(id, elementType) == 1;
  }

  private static boolean isKnown(String name) {
    for (int id = 0; ; id++) {
      String known = nameOf(id);
      if (known == null) {
        return false;
      }
      if (known.equals(name)) {
        return true;
      }
    }
  }

  private static @Nullable String nameOf(int id) {
    MemorySegment name = Detr4jAbi.detr4j_tier_name(id);
    return name.equals(MemorySegment.NULL) ? null : name.reinterpret(64).getString(0);
  }
}
