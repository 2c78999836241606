package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Files that were made to break a reader: they load or are rejected in one line, quickly, and
 * nothing in them is executed.
 */
class HostileTorchFilesTest {
  private static final String CANARY = "golden_hostile_canary";
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int MUTATIONS = 2000;

  @TempDir Path folder;

  @BeforeEach
  @AfterEach
  void nothingWasExecuted() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/tmp"))) {
      assertFalse(
          files.anyMatch(file -> String.valueOf(file.getFileName()).startsWith(CANARY)),
          "a hostile file has been executed");
    }
  }

  static List<JsonObject> hostile() {
    return Resources.json("containers/hostile/torch.json").objects("files");
  }

  static List<JsonObject> derived() {
    return Resources.json("containers/hostile/torch.json").objects("derived");
  }

  static List<String> good() {
    return Stream.concat(
            Resources.json("containers/torch.json").objects("cases").stream()
                .map(expected -> expected.string("file"))
                .filter(file -> !file.endsWith(".json")),
            Stream.of("hostile/args_entry_reduce.pth", "hostile/memo_hash_bomb.pth"))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void hostileFileIsHarmless(JsonObject file) {
    Path path = Resources.path("containers/hostile/" + file.string("file"));
    if (file.string("must").equals("reject")) {
      String message =
          assertTimeoutPreemptively(
                  SOON,
                  () ->
                      assertThrows(
                          CheckpointException.class, () -> TorchCheckpoint.open(path).close()))
              .getMessage();
      assertTrue(message.startsWith("checkpoint " + file.string("file") + ": "), message);
      assertEquals(1, message.lines().count());
    } else {
      assertTimeoutPreemptively(SOON, () -> readAll(path));
    }
  }

  @ParameterizedTest
  @MethodSource("derived")
  void truncatedFileIsRejected(JsonObject base) throws IOException {
    byte[] good = Files.readAllBytes(Resources.path("containers/" + base.string("base")));
    for (int length : base.integers("truncate_to", 0, good.length)) {
      Path cut = Files.write(folder.resolve("cut.pth"), Arrays.copyOf(good, length));
      String message =
          assertThrows(CheckpointException.class, () -> TorchCheckpoint.open(cut).close())
              .getMessage();
      assertTrue(message.startsWith("checkpoint cut.pth: "), message);
      assertEquals(1, message.lines().count());
    }
  }

  @ParameterizedTest
  @MethodSource("derived")
  void flippedFileLoadsOrIsRejected(JsonObject base) throws IOException {
    byte[] good = Files.readAllBytes(Resources.path("containers/" + base.string("base")));
    for (List<Integer> flip : base.integerLists("xor_byte")) {
      byte[] bad = good.clone();
      bad[flip.get(0)] ^= flip.get(1).byteValue();
      readAll(Files.write(folder.resolve("flipped.pth"), bad));
    }
  }

  /** The seed is the name's, so that a failure can be repeated. */
  @ParameterizedTest
  @MethodSource("good")
  void mutatedFileLoadsOrIsRejected(String name) throws IOException {
    byte[] good = Files.readAllBytes(Resources.path("containers/" + name));
    Random random = new Random(name.hashCode());
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] bad = Mutation.of(good, random);
      // In memory: mapping and unmapping that many files takes most of a minute.
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment bytes = arena.allocate(Math.max(1, bad.length), 64).asSlice(0, bad.length);
        bytes.copyFrom(MemorySegment.ofArray(bad));
        MappedFile file = new MappedFile("mutated.pth", Arena.ofConfined(), bytes);
        readAll("mutated.pth", () -> TorchCheckpoint.read(file, TorchCheckpoint.Options.DEFAULT));
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        throw new AssertionError(name + ", mutation " + i, e);
      }
    }
  }

  private static void readAll(Path path) {
    readAll(String.valueOf(path.getFileName()), () -> TorchCheckpoint.open(path));
  }

  /** Opens a file and reads every tensor, unless that is refused in one line. */
  private static void readAll(String name, Supplier<TorchCheckpoint> open) {
    try (TorchCheckpoint checkpoint = open.get()) {
      assertTrue(checkpoint.metadata().toString().length() < 1 << 24);
      for (String tensorName : checkpoint.names()) {
        StoredTensor tensor = checkpoint.tensor(tensorName);
        assertEquals(
            tensor.shape().elements() * tensor.storedType().bytes(), tensor.bytes().byteSize());
      }
    } catch (CheckpointException e) {
      String message = String.valueOf(e.getMessage());
      assertEquals(1, message.lines().count(), message);
      assertTrue(message.startsWith("checkpoint " + name + ": "), message);
    }
  }
}
