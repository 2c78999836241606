package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What can be wrong between an index and its shards; the good case is in {@link
 * SafetensorsFileTest}.
 */
class ShardedCheckpointTest {
  @TempDir Path folder;

  @BeforeEach
  void copyShards() throws IOException {
    try (Stream<Path> files = Files.list(Resources.path("containers/sharded"))) {
      files.forEach(this::copy);
    }
  }

  private void copy(Path file) {
    try {
      Files.copy(file, folder.resolve(String.valueOf(file.getFileName())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void namesAMissingShard() throws IOException {
    Files.delete(folder.resolve("model-00002-of-00003.safetensors"));
    assertRejected(
        "checkpoint model.safetensors.index.json: shard model-00002-of-00003.safetensors is missing "
            + "(it holds backbone.bn1.num_batches_tracked, among others)");
  }

  @Test
  void namesATensorThatIsNotInItsShard() throws IOException {
    edit("\"head.bias\": \"model-00002-of", "\"head.bias\": \"model-00003-of");
    assertRejected(
        "tensor head.bias is not in model-00003-of-00003.safetensors, where the index puts it");
  }

  @Test
  void namesATensorThatTheIndexForgot() throws IOException {
    edit("\"head.bias\": \"model-00002-of-00003.safetensors\",", "");
    assertRejected("the index does not list tensor head.bias of model-00002-of-00003.safetensors");
  }

  @Test
  void rejectsTheHostileIndex() throws IOException {
    Files.copy(
        Resources.path("containers/hostile/index_traversal.json"),
        folder.resolve("hostile.safetensors.index.json"));
    String message =
        assertThrows(
                CheckpointException.class,
                () ->
                    ShardedCheckpoint.open(folder.resolve("hostile.safetensors.index.json"))
                        .close())
            .getMessage();
    assertTrue(message.contains("shard name \"../../../../etc/hostname\" of tensor a"), message);
  }

  @Test
  void rejectsTheHostileIndexOfTorchFiles() throws IOException {
    Path index = folder.resolve("hostile.bin.index.json");
    Files.copy(Resources.path("containers/hostile/index_traversal.json"), index);
    String message =
        assertThrows(CheckpointException.class, () -> ShardedCheckpoint.open(index).close())
            .getMessage();
    assertTrue(
        message.endsWith("expected the plain name of a .bin file beside the index"), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x.safetensors",
        "/x.safetensors",
        "a/x.safetensors",
        "x.bin",
        "..\\\\\\\\x.safetensors",
        ""
      })
  void rejectsShardNamesThatAreNoPlainNames(String name) throws IOException {
    edit("\"model-00003-of-00003.safetensors\"", "\"" + name + "\"");
    assertRejected("expected the plain name of a .safetensors file beside the index");
  }

  @Test
  void rejectsAnIndexWithoutMap() throws IOException {
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{}");
    assertRejected(
        "checkpoint model.safetensors.index.json: weight_map is missing, expected an object");
  }

  private void edit(String what, String with) throws IOException {
    Path index = folder.resolve("model.safetensors.index.json");
    String text = Files.readString(index);
    assertTrue(text.contains(what));
    Files.delete(index);
    Files.writeString(index, text.replace(what, with));
  }

  private void assertRejected(String expected) {
    String message =
        assertThrows(
                CheckpointException.class,
                () ->
                    ShardedCheckpoint.open(folder.resolve("model.safetensors.index.json")).close())
            .getMessage();
    assertTrue(message.contains(expected), message);
  }
}
