package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.Orientation;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.ModelFamilies;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every reader of outside files against mutations of good files: each is read, or refused by one
 * line of a typed exception, soon.
 *
 * <p>A moment for each reader in every build; {@code -Ddetr4j.fuzz.seconds=600} for as long as one
 * likes, {@code -Ddetr4j.fuzz.seed=N} for other mutations. A failure names seed and mutation.
 */
class ReaderFuzzTest {
  private static final long SECONDS = Long.getLong("detr4j.fuzz.seconds", 2);
  private static final long SEED = Long.getLong("detr4j.fuzz.seed", 1);
  private static final long SOON_NANOS = Duration.ofSeconds(20).toNanos();
  private static final long MOST_PIXELS = 1 << 20;

  @TempDir static Path folder;

  /** What is fuzzed. */
  enum Reader {
    TORCH_ZIP {
      @Override
      List<byte[]> good() {
        return torch(true);
      }

      @Override
      void read(byte[] bytes) {
        readTorch(bytes);
      }
    },
    TORCH_LEGACY {
      @Override
      List<byte[]> good() {
        return torch(false);
      }

      @Override
      void read(byte[] bytes) {
        readTorch(bytes);
      }
    },
    SAFETENSORS {
      @Override
      List<byte[]> good() {
        return Stream.of("model_f32", "model_f16", "model_bf16", "no_metadata")
            .map(name -> bytes(Resources.path("containers/" + name + ".safetensors")))
            .toList();
      }

      @Override
      void read(byte[] bytes) throws IOException {
        try (SafetensorsFile file =
            SafetensorsFile.open(Files.write(folder.resolve("fuzzed.safetensors"), bytes))) {
          readTensors(file);
        }
      }
    },
    SHARD_INDEX {
      @Override
      List<byte[]> good() {
        Path shards = Resources.path("containers/sharded");
        try (Stream<Path> files = Files.list(shards)) {
          List<byte[]> indexes = new ArrayList<>();
          for (Path file : files.toList()) {
            if (file.toString().endsWith(".json")) {
              indexes.add(bytes(file));
            } else {
              Files.copy(file, folder.resolve(String.valueOf(file.getFileName())));
            }
          }
          return indexes;
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }

      @Override
      void read(byte[] bytes) throws IOException {
        Path index = folder.resolve("model.safetensors.index.json");
        try (ShardedCheckpoint checkpoint = ShardedCheckpoint.open(Files.write(index, bytes))) {
          readTensors(checkpoint);
        }
      }
    },
    MODEL_CONFIG {
      @Override
      List<byte[]> good() {
        return Stream.of(
                """
                {"model_type": "detr", "architectures": ["DetrForObjectDetection"], "d_model": 256,
                "encoder_layers": 6, "decoder_layers": 6, "num_queries": 100, "backbone": "resnet50",
                "use_timm_backbone": true, "dilation": false, "id2label": {"0": "a", "1": "b"}}
                """,
                """
                {"model_type": "deformable_detr", "num_feature_levels": 4, "two_stage": true,
                "with_box_refine": true, "encoder_n_points": 4, "use_timm_backbone": false,
                "backbone_config": {"model_type": "resnet", "depths": [1, 1, 2, 1],
                "hidden_sizes": [8, 16, 24, 32], "layer_type": "basic", "embedding_size": 8,
                "out_features": ["stage2", "stage3", "stage4"]}, "id2label": {"0": "qr_code"}}
                """)
            .map(text -> text.getBytes(StandardCharsets.UTF_8))
            .toList();
      }

      @Override
      void read(byte[] bytes) {
        ModelFamilies.ALL.read(JsonObject.parse("config.json", bytes, ModelConfigException::new));
      }
    },
    PREPROCESSOR_CONFIG {
      @Override
      List<byte[]> good() {
        String text =
            """
            {"do_resize": true, "size": {"shortest_edge": 800, "longest_edge": 1333},
            "do_rescale": true, "rescale_factor": 0.00392156862745098, "do_normalize": true,
            "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
            "resample": 2, "do_pad": true}
            """;
        return List.of(text.getBytes(StandardCharsets.UTF_8));
      }

      @Override
      void read(byte[] bytes) {
        PreprocessorConfig.read(
            JsonObject.parse("preprocessor_config.json", bytes, ModelConfigException::new));
      }
    },
    IMAGE {
      @Override
      List<byte[]> good() {
        try (Stream<Path> files =
            Files.list(Resources.path("/golden/prepost/decode/rgba.png").resolveSibling("."))) {
          List<byte[]> good = new ArrayList<>();
          files
              .filter(file -> file.toString().matches(".*\\.(jpg|png|gif|bmp|webp)"))
              .forEach(file -> good.add(bytes(file)));
          addEntries(Resources.path("/golden/prepost/pillow_files.zip"), good);
          return good;
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }

      @Override
      void read(byte[] bytes) {
        new ImageDecoder(Orientation.APPLY, MOST_PIXELS).decode(bytes, "fuzzed");
      }
    };

    abstract List<byte[]> good();

    abstract void read(byte[] bytes) throws IOException;

    static byte[] bytes(Path file) {
      try {
        return Files.readAllBytes(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static void addEntries(Path zip, List<byte[]> files) throws IOException {
      try (ZipInputStream entries = new ZipInputStream(Files.newInputStream(zip))) {
        for (ZipEntry entry = entries.getNextEntry();
            entry != null;
            entry = entries.getNextEntry()) {
          byte[] file = entries.readAllBytes();
          if (file.length > 0) {
            files.add(file);
          }
        }
      }
    }

    private static List<byte[]> torch(boolean zip) {
      return HostileTorchFilesTest.good().stream()
          .map(name -> bytes(Resources.path("containers/" + name)))
          .filter(file -> (file[0] == 'P' && file[1] == 'K') == zip)
          .toList();
    }

    private static void readTorch(byte[] bytes) {
      // In memory: mapping and unmapping that many files takes most of the time.
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment memory =
            arena.allocate(Math.max(1, bytes.length), 64).asSlice(0, bytes.length);
        memory.copyFrom(MemorySegment.ofArray(bytes));
        MappedFile file = new MappedFile("fuzzed.pth", Arena.ofConfined(), memory);
        try (TorchCheckpoint checkpoint =
            TorchCheckpoint.read(file, TorchCheckpoint.Options.DEFAULT)) {
          assertTrue(checkpoint.metadata().toString().length() < 1 << 24);
          readTensors(checkpoint);
        }
      }
    }

    private static void readTensors(Checkpoint checkpoint) {
      for (String name : checkpoint.names()) {
        StoredTensor tensor = checkpoint.tensor(name);
        assertEquals(
            tensor.shape().elements() * tensor.storedType().bytes(), tensor.bytes().byteSize());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void readsOrRefuses(Reader reader) throws IOException {
    List<byte[]> good = reader.good();
    assertTrue(!good.isEmpty(), "files to start from");
    Random random = new Random(SEED);
    long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
    long mutations = 0;
    long refused = 0;
    // Of this thread: a busy machine is not the reader's fault.
    ThreadMXBean clock = ManagementFactory.getThreadMXBean();
    for (long spent = clock.getCurrentThreadCpuTime(); System.nanoTime() < end; mutations++) {
      byte[] file = good.get(random.nextInt(good.size()));
      byte[] bad =
          file[0] == '{' && random.nextBoolean()
              ? Mutation.ofJson(file, random)
              : Mutation.of(file, random);
      try {
        reader.read(bad);
      } catch (Detr4jException e) {
        refused++;
        assertEquals(1, String.valueOf(e.getMessage()).lines().count(), e.getMessage());
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        throw new AssertionError(reader + ", seed " + SEED + ", mutation " + mutations, e);
      }
      long before = spent;
      spent = clock.getCurrentThreadCpuTime();
      assertTrue(
          spent - before < SOON_NANOS, reader + ", mutation " + mutations + " took too long");
    }
    System.out.printf("%s: %d mutations, %d refused%n", reader, mutations, refused);
    assertTrue(refused > 0, "some are refused");
  }
}
