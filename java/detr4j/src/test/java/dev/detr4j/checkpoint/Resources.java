package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.tensor.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The files beside these tests. */
final class Resources {
  private Resources() {}

  static Path path(String name) {
    URL url = Objects.requireNonNull(Resources.class.getResource(name), name);
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(name, e);
    }
  }

  static JsonObject json(String name) {
    return JsonObject.read(path(name), CheckpointException::new);
  }

  static String text(String name) throws IOException {
    return Files.readString(path(name));
  }

  static float[] values(Weight weight) {
    try (Arena arena = Arena.ofConfined()) {
      long count = weight.shape().elements();
      MemorySegment memory = arena.allocate(Math.max(4, 4 * count), 64);
      weight.read(memory);
      return memory.asSlice(0, 4 * count).toArray(ValueLayout.JAVA_FLOAT);
    }
  }
}
