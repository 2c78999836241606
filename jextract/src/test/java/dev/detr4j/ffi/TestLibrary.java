package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.detr4j.ffi.generated.Detr4jAbi;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Small libraries with the exports of the real one, right or wrong in one respect, built with the C
 * compiler of this machine.
 *
 * <p>Only {@code detr4j_add_f32} computes anything; the ABI table is the real one, from
 * native/src/abi.c.
 */
final class TestLibrary {
  private static final Path NATIVE = Path.of("..", "native").toAbsolutePath().normalize();

  /** In what a library differs from a right one. */
  enum Fault {
    NONE,
    VERSION,
    LAYOUT,
    EXPORT,
    SUM
  }

  private TestLibrary() {}

  /** Builds a library into a folder, under the name that the loader looks for. */
  static Path build(Path folder, Fault fault) throws Exception {
    Files.createDirectories(folder);
    Path include = Files.createDirectories(folder.resolve("include"));
    String header = Files.readString(NATIVE.resolve("include/detr4j.h"));
    if (fault == Fault.LAYOUT) {
      header =
          header.replaceFirst(
              "typedef struct detr4j_add \\{", "typedef struct detr4j_add {\n  int64_t inserted;");
    }
    Files.writeString(include.resolve("detr4j.h"), header);
    Files.copy(NATIVE.resolve("include/detr4j_gradients.h"), include.resolve("detr4j_gradients.h"));
    Path source = folder.resolve("test_library.c");
    Files.writeString(source, source(fault));
    Path library = folder.resolve(System.mapLibraryName("detr4j"));
    compile(
        "-shared",
        "-fPIC",
        "-I" + include,
        "-I" + NATIVE.resolve("src"),
        "-o",
        library.toString(),
        source.toString(),
        NATIVE.resolve("src/abi.c").toString());
    return library;
  }

  /**
   * Runs the C compiler; without one, skips the test or, where the backend c is required, fails it.
   */
  static void compile(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("cc", "-std=c11"));
    command.addAll(List.of(arguments));
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      String required = System.getProperty("detr4j.test.requireBackends", "");
      assertFalse(
          Arrays.asList(required.split(",", -1)).contains("c"),
          "backend c is required, and this test needs a C compiler called cc: " + e.getMessage());
      abort("this test needs a C compiler called cc: " + e.getMessage());
      return;
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), () -> String.join(" ", command) + "\n" + output);
  }

  private static String source(Fault fault) {
    Set<String> defined =
        new HashSet<>(
            List.of(
                "detr4j_abi_version",
                "detr4j_abi_fields",
                "detr4j_abi_field_count",
                "detr4j_abi_hash",
                "detr4j_tier_detected",
                "detr4j_tier_available",
                "detr4j_tier_name",
                "detr4j_panel_columns",
                "detr4j_add_f32"));
    StringBuilder stubs = new StringBuilder();
    for (String name : LibraryProbe.functions()) {
      if (!defined.contains(name)
          && !(fault == Fault.EXPORT && name.startsWith("detr4j_max_pool"))) {
        // Never called, and this file does not see the header: the signature does not matter.
        stubs.append("int ").append(name).append("(void) { return 0; }\n");
      }
    }
    int version = Detr4jAbi.DETR4J_ABI_VERSION() + (fault == Fault.VERSION ? 8 : 0);
    String operator = fault == Fault.SUM ? "-" : "+";
    return """
    #include <stddef.h>
    #include <stdint.h>

    struct add {
      int32_t tier, batch;
      int64_t rows;
      int32_t columns, rows_per_tile;
      const float *a, *b;
      float *out;
    };

    """
        + stubs
        + """
        uint32_t detr4j_abi_version(void) { return %d; }
        int32_t detr4j_tier_detected(void) { return 1; }
        int32_t detr4j_tier_available(int32_t tier) { return tier == 0 || tier == 1; }
        const char *detr4j_tier_name(int32_t tier) {
          static const char *const names[] = {"baseline", "x86-64-v3", "avx512"};
          return tier < 0 || tier > 2 ? NULL : names[tier];
        }
        int32_t detr4j_panel_columns(int32_t tier) { return 8 + 8 * tier; }
        int32_t detr4j_add_f32(const struct add *p, int64_t tile) {
          if (tile != 0) return -1;
          *p->out = *p->a %s *p->b;
          return 0;
        }
        """
            .formatted(version, operator);
  }
}
