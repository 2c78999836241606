package dev.detr4j.ffi;

import dev.detr4j.ffi.generated.Detr4jAbi;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An instruction set that the loaded library has kernels for and this CPU can run.
 *
 * @param id the number that every parameter struct begins with
 * @param name the short name, as in {@code avx512}
 */
public record CpuTier(int id, String name) {
  /** Of the names and sentences of the library, with the zero at their end. */
  private static final int LONGEST_TEXT = 256;

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
    String reason = refusal(name);
    throw new IllegalArgumentException(
        "instruction set "
            + name
            + (reason == null ? " does not exist" : " is not available on this CPU: " + reason)
            + "; this CPU has "
            + String.join(", ", tiers.stream().map(CpuTier::name).toList()));
  }

  /** Tiers of the library that cannot run here, in rising order, each with the reason. */
  public static Map<String, String> refused(NativeLibrary library) {
    detected(library);
    Map<String, String> refused = new LinkedHashMap<>();
    for (int id = 0; ; id++) {
      String name = nameOf(id);
      if (name == null) {
        return Collections.unmodifiableMap(refused);
      }
      String reason = text(Detr4jAbi.detr4j_tier_refusal(id));
      if (reason != null) {
        refused.put(name, reason);
      }
    }
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

  /**
   * Whether its bf16 products are computed in tiles of a matrix unit, whose products are so cheap
   * that saving some of them costs more.
   */
  public boolean hasMatrixTiles() {
    return id == Detr4jAbi.DETR4J_TIER_AVX512_AMX();
  }

  /** Why the tier with this name cannot run here, or null when there is none. */
  private static @Nullable String refusal(String name) {
    for (int id = 0; ; id++) {
      String known = nameOf(id);
      if (known == null) {
        return null;
      }
      if (known.equals(name)) {
        return text(Detr4jAbi.detr4j_tier_refusal(id));
      }
    }
  }

  private static @Nullable String nameOf(int id) {
    return text(Detr4jAbi.detr4j_tier_name(id));
  }

  private static @Nullable String text(MemorySegment text) {
    return text.equals(MemorySegment.NULL) ? null : text.reinterpret(LONGEST_TEXT).getString(0);
  }
}
