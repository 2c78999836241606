package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is committed as generated is what the headers give, untouched. */
class BindingsLockTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final String HEADER = "native/include/detr4j.h";
  private static final String FIELDS = "native/src/abi_fields.inc";
  private static final String CUDA_FIELDS = "native/cuda/abi_fields.inc";
  private static final String GENERATED = "jextract/src/main/java/dev/detr4j/ffi/generated";

  private static final String TO_FINISH =
      "run jextract/generate.sh (jextract/build-tool.sh builds the jextract that it needs) and commit what it writes";

  @Test
  void headersAndBindingsAreThoseOfTheLock() throws Exception {
    Map<String, String> locked = new TreeMap<>();
    for (String line : Files.readAllLines(ROOT.resolve("jextract/bindings.lock"))) {
      if (line.matches("[0-9a-f]{64}  .+")) {
        locked.put(line.substring(66), line.substring(0, 64));
      }
    }
    Map<String, String> present = new TreeMap<>();
    hash(present, "native/include", ".h");
    hash(present, GENERATED, ".java");
    hash(present, FIELDS, "");
    hash(present, CUDA_FIELDS, "");
    String difference = difference(locked, present);
    if (difference != null) {
      fail(difference);
    }
  }

  @Test
  void saysWhatChangedAndHowToFinish() {
    String add = GENERATED + "/detr4j_add.java";
    Map<String, String> locked = Map.of(HEADER, "1", FIELDS, "2", add, "3");
    assertNull(difference(locked, Map.of(HEADER, "1", FIELDS, "2", add, "3")));
    assertEquals(
        "the bindings are older than their header (native/include/detr4j.h is changed): "
            + TO_FINISH,
        difference(locked, Map.of(HEADER, "0", FIELDS, "2", add, "3")));
    assertEquals(
        "provisional bindings are in place, which no release may have"
            + " (jextract/src/main/java/dev/detr4j/ffi/generated/detr4j_add.java is changed,"
            + " jextract/src/main/java/dev/detr4j/ffi/generated/detr4j_negate.java is new,"
            + " native/include/detr4j.h is changed, native/src/abi_fields.inc is missing): "
            + TO_FINISH,
        difference(locked, Map.of(HEADER, "0", add, "4", GENERATED + "/detr4j_negate.java", "5")));
  }

  /** What differs and how to finish, or null when nothing differs. */
  private static @Nullable String difference(
      Map<String, String> locked, Map<String, String> present) {
    TreeSet<String> files = new TreeSet<>(locked.keySet());
    files.addAll(present.keySet());
    List<String> changes = new ArrayList<>();
    boolean byHand = false;
    for (String file : files) {
      String before = locked.get(file);
      String now = present.get(file);
      if (before == null || !before.equals(now)) {
        byHand |= file.startsWith(GENERATED);
        changes.add(
            file + (before == null ? " is new" : now == null ? " is missing" : " is changed"));
      }
    }
    if (changes.isEmpty()) {
      return null;
    }
    return (byHand
            ? "provisional bindings are in place, which no release may have ("
            : "the bindings are older than their header (")
        + String.join(", ", changes)
        + "): "
        + TO_FINISH;
  }

  private static void hash(Map<String, String> into, String path, String suffix) throws Exception {
    try (Stream<Path> files = Files.walk(ROOT.resolve(path))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (file.toString().endsWith(suffix)) {
          into.put(ROOT.relativize(file).toString().replace('\\', '/'), sha256(file));
        }
      }
    }
  }

  private static String sha256(Path file) throws Exception {
    // git may check text out with other line ends; the lock is about the text.
    String text = Files.readString(file).replace("\r\n", "\n");
    byte[] digest =
        MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest);
  }
}
