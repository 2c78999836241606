package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The generated layouts against what a C compiler makes of the header. */
class AbiLayoutTest {
  @TempDir Path folder;

  @Test
  void everyStructAndFieldLiesWhereTheCompilerPutsIt() throws Exception {
    compare("detr4j.h", "src", AbiLayout.fields());
  }

  @Test
  void theSameOfTheCudaLibrary() throws Exception {
    compare("detr4j_cuda.h", "cuda", AbiLayout.cudaFields());
  }

  /** The layouts of a header whose field list lies in this folder of native. */
  private void compare(String header, String listFolder, List<AbiLayout.Field> fields)
      throws Exception {
    Path program = folder.resolve("layout");
    Path source = folder.resolve("layout.c");
    Files.writeString(
        source,
        """
        #include "%s"
        #include <stddef.h>
        #include <stdio.h>
        #define STRUCT(type) printf("%%s 0 %%zu\\n", #type, sizeof(type));
        #define FIELD(type, field) \\
          printf("%%s.%%s %%zu %%zu\\n", #type, #field, offsetof(type, field), sizeof(((type *)0)->field));
        int main(void) {
        #include "abi_fields.inc"
          return 0;
        }
        """
            .formatted(header));
    Path nativeFolder = Path.of("..", "native").toAbsolutePath().normalize();
    TestLibrary.compile(
        "-I" + nativeFolder.resolve("include"),
        "-I" + nativeFolder.resolve(listFolder),
        "-o",
        program.toString(),
        source.toString());
    Process process = new ProcessBuilder(program.toString()).start();
    List<String> compiler = process.inputReader().lines().toList();
    assertEquals(0, process.waitFor());

    List<String> bindings =
        fields.stream()
            .map(field -> field.name() + " " + field.offset() + " " + field.size())
            .toList();
    assertTrue(compiler.size() > 100, () -> "only " + compiler);
    assertEquals(String.join("\n", compiler), String.join("\n", bindings));
  }

  @Test
  void hashIsFnv1a() {
    // An empty name at offset 0 with size 0 is nine zero bytes, each of which only multiplies by
    // the prime.
    long ofNineZeroBytes = 0xcbf29ce484222325L;
    for (int i = 0; i < 9; i++) {
      ofNineZeroBytes *= 0x100000001b3L;
    }
    assertEquals(ofNineZeroBytes, AbiLayout.hash(List.of(new AbiLayout.Field("", 0, 0))));
    assertEquals(0xcbf29ce484222325L, AbiLayout.hash(List.of()));
  }

  @Test
  void differenceNamesTheFirstField() {
    AbiLayout.Field a = new AbiLayout.Field("s.a", 0, 4);
    AbiLayout.Field b = new AbiLayout.Field("s.b", 4, 4);
    AbiLayout.Field wide = new AbiLayout.Field("s.b", 8, 8);
    assertEquals(
        "library has s.b at byte 8 with 8 bytes, bindings have s.b at byte 4 with 4 bytes",
        AbiLayout.difference(List.of(a, wide), List.of(a, b)));
    assertEquals(
        "bindings have s.b at byte 4 with 4 bytes, library ends there",
        AbiLayout.difference(List.of(a), List.of(a, b)));
  }
}
