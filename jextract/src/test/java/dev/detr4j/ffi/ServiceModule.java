package dev.detr4j.ffi;

import dev.detr4j.natives.PlatformFiles;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The module {@code dev.detr4j.natives} alone: before the jars are packed, the folder of its
 * classes also holds the real library.
 */
final class ServiceModule {
  private ServiceModule() {}

  /** Copies the classes of the module into a folder, which is made. */
  static Path copyTo(Path folder) throws IOException, URISyntaxException {
    Path place =
        Path.of(PlatformFiles.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (ModuleReader module =
        ModuleFinder.of(place).find("dev.detr4j.natives").orElseThrow().open()) {
      List<String> classes = module.list().filter(name -> name.endsWith(".class")).toList();
      for (String name : classes) {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        try (InputStream content = module.open(name).orElseThrow()) {
          Files.write(file, content.readAllBytes());
        }
      }
    }
    return folder;
  }
}
