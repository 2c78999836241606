package dev.detr4j.model.codes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CodesModelTest {
  @TempDir private Path folder;

  @Test
  void aFolderWithAllFilesIsMadeOnce() throws IOException {
    Path parent = folder.resolve("made/if/need/be");
    Path model = CodesModel.folderIn(parent);
    assertEquals(
        List.of("config.json", "model.safetensors", "preprocessor_config.json"), names(model));
    assertEquals(List.of(model.getFileName().toString()), names(parent));
    assertTrue(Files.size(model.resolve("model.safetensors")) <= 12 << 20, "12 MB were promised");
    Object first = Files.getLastModifiedTime(model.resolve("model.safetensors"));
    assertEquals(model, CodesModel.folderIn(parent));
    assertEquals(first, Files.getLastModifiedTime(model.resolve("model.safetensors")));
  }

  @Test
  void filesThatAreNotOursAreReplaced() throws IOException {
    Path model = CodesModel.folderIn(folder);
    byte[] weights = Files.readAllBytes(model.resolve("model.safetensors"));
    byte[] other = weights.clone();
    other[other.length - 1] ^= 1;
    Files.write(model.resolve("model.safetensors"), other);
    Files.delete(model.resolve("config.json"));
    assertEquals(model, CodesModel.folderIn(folder));
    assertArrayEquals(weights, Files.readAllBytes(model.resolve("model.safetensors")));
    assertTrue(Files.isRegularFile(model.resolve("config.json")));
  }

  @Test
  void aPlaceThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> CodesModel.folderIn(file.resolve("below")));
    assertTrue(e.getMessage().startsWith(file.resolve("below").toString()), e.getMessage());
  }

  @Test
  void theFilesAreThoseOfTheFolder() throws IOException {
    Path model = CodesModel.folderIn(folder);
    Map<String, byte[]> files = CodesModel.files();
    assertEquals(names(model), files.keySet().stream().sorted().toList());
    for (String name : files.keySet()) {
      assertArrayEquals(Files.readAllBytes(model.resolve(name)), files.get(name), name);
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
