package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.ModelFamilies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What may stand where a file of a model should: a pipe, a folder, a device, a Git LFS pointer. */
class OutsideFileTest {
  private static final String POINTER =
      """
      version https://git-lfs.github.com/spec/v1
      oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
      size 166618694
      """;

  @TempDir Path folder;

  /** Each file of a model, and what opens it. */
  enum Opened {
    SAFETENSORS("model.safetensors") {
      @Override
      void open(Path path) {
        SafetensorsFile.open(path).close();
      }
    },
    WITHIN_A_FOLDER("model.safetensors") {
      @Override
      void open(Path path) {
        HuggingFaceDirectory.open(path.resolveSibling("")).openCheckpoint().close();
      }
    },
    TORCH("model.pth") {
      @Override
      void open(Path path) {
        TorchCheckpoint.open(path).close();
      }
    },
    INDEX("model.safetensors.index.json") {
      @Override
      void open(Path path) {
        ShardedCheckpoint.open(path).close();
      }
    },
    CONFIG("config.json") {
      @Override
      void open(Path path) {
        ModelFamilies.ALL.read(path);
      }
    },
    CONFIG_OF_A_FOLDER("config.json") {
      @Override
      void open(Path path) {
        HuggingFaceDirectory.open(path.resolveSibling(""));
      }
    },
    PREPROCESSOR("preprocessor_config.json") {
      @Override
      void open(Path path) {
        PreprocessorConfig.read(path);
      }
    };

    private final String file;

    Opened(String file) {
      this.file = file;
    }

    abstract void open(Path path);

    String refusal(Path folder) {
      Path path = folder.resolve(file);
      String message =
          assertTimeoutPreemptively(
              Duration.ofSeconds(20),
              () -> assertThrows(Detr4jException.class, () -> open(path)).getMessage());
      assertEquals(1, message.lines().count(), message);
      assertTrue(message.contains(file), message);
      return message;
    }
  }

  @AfterEach
  void forgetTheInterruption() {
    Thread.interrupted();
  }

  private void theOtherFile(Opened opened) throws IOException {
    if (opened == Opened.CONFIG_OF_A_FOLDER) {
      Files.writeString(folder.resolve("model.safetensors"), "");
    }
    if (opened == Opened.WITHIN_A_FOLDER) {
      Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"detr\"}");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPipeIsRefusedAndNotRead(Opened opened) throws IOException, InterruptedException {
    theOtherFile(opened);
    Path pipe = folder.resolve(opened.file);
    assumeTrue(makePipe(pipe), "mkfifo");
    String message = opened.refusal(folder);
    assertTrue(message.contains("is a pipe, a socket or a device"), message);
  }

  private static boolean makePipe(Path pipe) throws InterruptedException {
    try {
      return new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDeviceIsRefusedAndNotRead(Opened opened) throws IOException {
    assumeTrue(Files.exists(Path.of("/dev/zero")), "/dev/zero");
    theOtherFile(opened);
    Path link = Files.createSymbolicLink(folder.resolve(opened.file), Path.of("/dev/zero"));
    assertTrue(opened.refusal(folder).contains("is a pipe, a socket or a device"));
    Files.delete(link);
  }

  @ParameterizedTest
  @EnumSource
  void aFolderIsRefused(Opened opened) throws IOException {
    theOtherFile(opened);
    Files.createDirectory(folder.resolve(opened.file));
    assertTrue(opened.refusal(folder).contains("is a folder"));
  }

  @ParameterizedTest
  @EnumSource
  void aGitLfsPointerIsCalledOne(Opened opened) throws IOException {
    theOtherFile(opened);
    Files.writeString(folder.resolve(opened.file), POINTER);
    String message = opened.refusal(folder);
    assertTrue(message.endsWith("a Git LFS pointer: fetch the file with git lfs pull"), message);
  }

  @Test
  void aShardMayBeAPipeOrAPointerNoMoreThanAWholeFile() throws IOException {
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(index, "{\"weight_map\": {\"a\": \"one.safetensors\"}}");
    Files.writeString(folder.resolve("one.safetensors"), POINTER);
    String message =
        assertThrows(Detr4jException.class, () -> ShardedCheckpoint.open(index)).getMessage();
    assertEquals(
        "checkpoint one.safetensors: a Git LFS pointer: fetch the file with git lfs pull", message);
    Files.delete(folder.resolve("one.safetensors"));
    assumeTrue(Files.exists(Path.of("/dev/zero")), "/dev/zero");
    Path link = Files.createSymbolicLink(folder.resolve("one.safetensors"), Path.of("/dev/zero"));
    message = assertThrows(Detr4jException.class, () -> ShardedCheckpoint.open(index)).getMessage();
    assertEquals(
        "checkpoint one.safetensors: is a pipe, a socket or a device, expected a safetensors file",
        message);
    Files.delete(link);
  }

  /** transformers would take its defaults; a link into a cache that was cleared is a mistake. */
  @Test
  void aPreprocessorConfigThatIsADanglingLinkIsNotTakenForAbsent() throws IOException {
    Files.writeString(folder.resolve("model.safetensors"), "");
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"detr\"}");
    Files.createSymbolicLink(folder.resolve("preprocessor_config.json"), folder.resolve("gone"));
    String message =
        assertThrows(ModelConfigException.class, () -> HuggingFaceDirectory.open(folder))
            .getMessage();
    assertTrue(message.endsWith("preprocessor_config.json: there is no such file"), message);
  }

  @ParameterizedTest
  @EnumSource(names = {"SAFETENSORS", "TORCH"})
  void anInterruptedThreadIsToldSoAndStaysInterrupted(Opened opened) throws IOException {
    String good =
        opened == Opened.TORCH ? HostileTorchFilesTest.good().getFirst() : "model_f32.safetensors";
    Path file = folder.resolve(opened.file);
    Files.copy(Resources.path("containers/" + good), file);
    Thread.currentThread().interrupt();
    String message = assertThrows(Detr4jException.class, () -> opened.open(file)).getMessage();
    assertTrue(Thread.interrupted(), "still interrupted");
    assertTrue(message.endsWith("cannot be read: interrupted"), message);
    opened.open(file);
  }
}
