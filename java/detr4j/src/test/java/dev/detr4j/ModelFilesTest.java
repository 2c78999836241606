package dev.detr4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The default model finds the same from wherever its files come, to the last bit. */
class ModelFilesTest {
  private static final Path MODEL = Path.of("../../weights/codes/model");
  private static final Path PICTURE =
      Path.of("../../weights/codes/src/test/resources/dev/detr4j/model/codes/qr-and-pdf417.png");
  private static final String[] NAMES = {
    "config.json", "preprocessor_config.json", "model.safetensors"
  };

  @TempDir private Path folder;

  private final ImageView picture = new ImageDecoder().decode(PICTURE);
  private String expected = "";

  @BeforeEach
  void detectFromTheFolder() {
    expected = detections(ModelFiles.of(MODEL));
    assertTrue(expected.lines().count() > 1, expected);
  }

  @Test
  void inMemoryAndOfStreams() throws IOException {
    Map<String, byte[]> bytes = new HashMap<>();
    Map<String, InputStream> streams = new HashMap<>();
    for (String name : NAMES) {
      bytes.put(name, Files.readAllBytes(MODEL.resolve(name)));
      streams.put(name, new ByteArrayInputStream(bytes.get(name)));
    }
    ModelFiles files = ModelFiles.ofBytes(bytes);
    assertEquals(expected, detections(files));
    assertEquals(expected, detections(files));
    assertEquals(expected, detections(ModelFiles.ofStreams(streams)));
  }

  @Test
  void aJarAndAJarInAJar() throws IOException {
    Path jar = folder.resolve("app.jar");
    Path outer = folder.resolve("outer.zip");
    try (FileSystem app = newZip(jar)) {
      fill(app.getPath("/models/codes"));
    }
    try (FileSystem all = newZip(outer)) {
      Files.createDirectory(all.getPath("/lib"));
      Files.copy(jar, all.getPath("/lib/app.jar"));
    }
    assertEquals(expected, detections(ModelFiles.ofZip(jar)));
    assertEquals(expected, detections(ModelFiles.ofZip(Files.readAllBytes(jar))));
    try (InputStream in = Files.newInputStream(jar)) {
      assertEquals(expected, detections(ModelFiles.ofZip(in)));
    }
    try (FileSystem app = FileSystems.newFileSystem(jar)) {
      assertEquals(expected, detections(ModelFiles.of(app.getPath("/models/codes"))));
      assertEquals(
          expected, detections(ModelFiles.of(app.getPath("/models/codes/model.safetensors"))));
    }
    try (FileSystem all = FileSystems.newFileSystem(outer);
        FileSystem app = FileSystems.newFileSystem(all.getPath("/lib/app.jar"))) {
      assertEquals(expected, detections(ModelFiles.of(app.getPath("/models/codes"))));
      assertEquals(expected, detections(ModelFiles.ofZip(all.getPath("/lib/app.jar"))));
    }
  }

  @Test
  void resourcesOfAnotherClassLoader() throws Exception {
    Path jar = folder.resolve("app.jar");
    String anchor = Anchor.class.getName().replace('.', '/') + ".class";
    try (FileSystem app = newZip(jar);
        InputStream code =
            Objects.requireNonNull(Anchor.class.getClassLoader()).getResourceAsStream(anchor)) {
      Path type = app.getPath(anchor);
      Files.createDirectories(type.getParent());
      Files.copy(Objects.requireNonNull(code), type);
      fill(app.getPath("/models/codes"));
      fill(type.resolveSibling("beside"));
    }
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {jar.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
      Class<?> loaded = loader.loadClass(Anchor.class.getName());
      assertEquals(expected, detections(ModelFiles.ofResources(loaded, "/models/codes", NAMES)));
      assertEquals(expected, detections(ModelFiles.ofResources(loaded, "beside/", NAMES)));
    }
  }

  /** A class of a program that brings a model. */
  static final class Anchor {}

  private static FileSystem newZip(Path file) throws IOException {
    return FileSystems.newFileSystem(URI.create("jar:" + file.toUri()), Map.of("create", "true"));
  }

  private static void fill(Path place) throws IOException {
    Files.createDirectories(place);
    for (String name : NAMES) {
      Files.copy(MODEL.resolve(name), place.resolve(name));
    }
  }

  private String detections(ModelFiles files) {
    try (Detector detector = Detector.builder(files).threads(1).build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      session.detect(picture, found, 0.1f);
      StringBuilder lines = new StringBuilder(detector.model() + "\n");
      for (int i = 0; i < found.size(); i++) {
        lines
            .append(found.label(i) + " " + found.score(i) + " " + found.xMin(i) + " ")
            .append(found.yMin(i) + " " + found.xMax(i) + " " + found.yMax(i) + "\n");
      }
      return lines.toString();
    }
  }
}
