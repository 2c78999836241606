package dev.detr4j.ffi;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What a JVM has to permit before memory and libraries can be reached by address, asked for by this
 * module alone, so that one option covers every backend.
 */
public final class NativeAccess {
  private NativeAccess() {}

  /** Why native access is impossible and which option is missing, or null when it is permitted. */
  public static @Nullable String refusal() {
    try {
      addressSpace();
      return null;
    } catch (IllegalCallerException e) {
      return denied();
    }
  }

  /**
   * All memory of this process as one segment, whose offsets are addresses. Nothing checks them:
   * the caller's addresses come from live segments.
   *
   * @throws IllegalCallerException when the JVM denies native access
   */
  public static MemorySegment addressSpace() {
    return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
  }

  /** The sentence for a JVM that denies native access. */
  static String denied() {
    Module module = NativeAccess.class.getModule();
    return "this JVM denies native access; start Java with --enable-native-access="
        + (module.isNamed() ? module.getName() : "ALL-UNNAMED");
  }
}
