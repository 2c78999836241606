package dev.detr4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** jlink takes named modules only: the jar with the C library has to be one. */
class NativesModuleTest {
  @Test
  void theNativesAreANamedModule() {
    List<ModuleDescriptor> natives =
        Pattern.compile(Pattern.quote(System.getProperty("path.separator")))
            .splitAsStream(System.getProperty("java.class.path"))
            .map(Path::of)
            .filter(Files::exists)
            .filter(NativesModuleTest::holdsTheLibrary)
            .flatMap(path -> ModuleFinder.of(path).findAll().stream())
            .map(found -> found.descriptor())
            .toList();
    assertEquals(List.of("dev.detr4j.natives"), natives.stream().map(each -> each.name()).toList());
    assertFalse(natives.getFirst().isAutomatic());
  }

  private static boolean holdsTheLibrary(Path path) {
    try {
      if (Files.isDirectory(path)) {
        return Files.exists(path.resolve("dev/detr4j/natives"));
      }
      try (JarFile jar = new JarFile(path.toFile())) {
        return jar.stream().anyMatch(entry -> entry.getName().startsWith("dev/detr4j/natives/"));
      }
    } catch (IOException e) {
      throw new AssertionError(path.toString(), e);
    }
  }
}
