package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.model.ModelFamilies;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Files that are made to cost: each is refused by one line within two seconds of processor time in
 * a JVM that has 256 MB.
 */
class ResourceBoundsTest {
  private static final long MOST_MILLIS = 2000;

  @TempDir Path folder;

  /** A file, and a part of the line that refuses it. */
  enum Costly {
    TENSORS("model.safetensors", "header length ") {
      @Override
      void write(OutputStream out) throws IOException {
        header(
            out,
            1_700_000L * 59 + 2,
            '{',
            "\"#\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
      }
    },
    TENSORS_OF_A_SMALL_HEADER("model.safetensors", "there are more than 50000 tensors") {
      @Override
      void write(OutputStream out) throws IOException {
        header(
            out, 15 << 20, '{', "\"#\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
      }
    },
    METADATA("model.safetensors", "header length ") {
      @Override
      void write(OutputStream out) throws IOException {
        header(out, 99_000_000, '{', "\"#\":\"\",");
      }
    },
    METADATA_OF_A_SMALL_HEADER(
        "model.safetensors", "there are more than 10000 keys in __metadata__") {
      @Override
      void write(OutputStream out) throws IOException {
        header(out, 15 << 20, '{', "\"#\":\"\",");
      }
    },
    SPACES("model.safetensors", "header length 99000000, expected 2 to ") {
      @Override
      void write(OutputStream out) throws IOException {
        header(out, 99_000_000, ' ', " ");
      }
    },
    SPACES_OF_A_SMALL_HEADER("model.safetensors", "expected a JSON object") {
      @Override
      void write(OutputStream out) throws IOException {
        header(out, 16 << 20, ' ', " ");
      }
    },
    DEEP_HEADER("model.safetensors", "tensor a has an unknown field a") {
      @Override
      void write(OutputStream out) throws IOException {
        header(out, 15 << 20, '{', "\"a\":{");
      }
    },
    ZIP_ENTRIES("model.pth", "the zip file has more than 100000 entries") {
      @Override
      void write(OutputStream out) throws IOException {
        int entries = 400_000;
        for (int i = 0; i < entries; i++) {
          out.write(zipEntry(0x04034b50, 30, i, 0));
        }
        for (int i = 0; i < entries; i++) {
          out.write(zipEntry(0x02014b50, 46, i, 37 * i));
        }
        // The end record: so many entries of 53 bytes, behind those of 37.
        out.write(
            ByteBuffer.allocate(22)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x06054b50)
                .putLong(0)
                .putInt(53 * entries)
                .putInt(37 * entries)
                .array());
      }
    },
    LABELS("config.json", "config.json has more than 250000 values") {
      @Override
      void write(OutputStream out) throws IOException {
        text(
            out, "{\"model_type\":\"detr\",\"id2label\":{", "\"#\":\"\",", 900_000, "\"x\":\"\"}}");
      }
    },
    FEWER_LABELS("config.json", "id2label has 120000 labels, expected at most 100000") {
      @Override
      void write(OutputStream out) throws IOException {
        text(
            out,
            "{\"model_type\":\"detr\",\"id2label\":{",
            "\"#\":\"\",",
            119_999,
            "\"119999\":\"\"}}");
      }
    },
    COUNTED_LABELS("config.json", "num_labels is 1000000, expected 1 to 100000") {
      @Override
      void write(OutputStream out) throws IOException {
        text(out, "{\"model_type\":\"detr\",\"num_labels\":", "", 0, "1000000}");
      }
    },
    EMPTY_OBJECTS("config.json", "config.json has more than 250000 values") {
      @Override
      void write(OutputStream out) throws IOException {
        text(out, "{\"model_type\":\"detr\",\"a\":[", "{},", 5_500_000, "{}]}");
      }
    },
    EMPTY_OBJECTS_UNDER_LONG_NAMES("config.json", "config.json has more than 250000 values") {
      @Override
      void write(OutputStream out) throws IOException {
        String name = "{\"" + "n".repeat(40_000) + "\":";
        text(out, name.repeat(30) + "[", "{},", 4_000_000, "{}]" + "}".repeat(30));
      }
    },
    NESTED_LISTS("config.json", "config.json is not valid JSON") {
      @Override
      void write(OutputStream out) throws IOException {
        text(out, "{\"a\":", "[", 8_000_000, "");
      }
    },
    LONG_TEXT("config.json", "model_type is \"xxx") {
      @Override
      void write(OutputStream out) throws IOException {
        text(out, "{\"model_type\":\"", "x", 16_000_000, "\"}");
      }
    },
    LONG_FILE("config.json", "config.json has 20000002 bytes, expected at most 16777216") {
      @Override
      void write(OutputStream out) throws IOException {
        text(out, "{", " ", 20_000_000, "}");
      }
    },
    SHARDS(
        "model.safetensors.index.json", "the index lists 60001 tensors, expected at most 50000") {
      @Override
      void write(OutputStream out) throws IOException {
        text(
            out,
            "{\"weight_map\":{",
            "\"#\":\"a.safetensors\",",
            60_000,
            "\"x\":\"a.safetensors\"}}");
      }
    };

    private final String file;
    private final String message;

    Costly(String file, String message) {
      this.file = file;
      this.message = message;
    }

    abstract void write(OutputStream out) throws IOException;

    /** An empty stored entry in its own header or in the directory; its name is a number. */
    private static byte[] zipEntry(int signature, int fixed, int number, int header) {
      ByteBuffer entry = ByteBuffer.allocate(fixed + 7).order(ByteOrder.LITTLE_ENDIAN);
      entry.putInt(0, signature).putShort(fixed == 30 ? 26 : 28, (short) 7);
      if (fixed == 46) {
        entry.putInt(42, header);
      }
      String name = Integer.toString(1_000_000 + number);
      entry.position(fixed);
      return entry.put(name.getBytes(StandardCharsets.US_ASCII)).array();
    }

    /** A header of that many bytes, as far as whole entries fill it and spaces the rest. */
    private static void header(OutputStream out, long bytes, char first, String entry)
        throws IOException {
      out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(bytes).array());
      String begin = entry.endsWith("\"\",") ? "{\"__metadata__\":{" : String.valueOf(first);
      out.write(begin.getBytes(StandardCharsets.UTF_8));
      long left = bytes - begin.length();
      for (int i = 0; left > 0; i++) {
        byte[] next = numbered(entry, i).getBytes(StandardCharsets.UTF_8);
        int length = (int) Math.min(left, next.length);
        out.write(next, 0, length);
        left -= length;
      }
    }

    /** Faster than a format, millions of times. */
    private static String numbered(String entry, int number) {
      int at = entry.indexOf('#');
      return at < 0 ? entry : entry.substring(0, at) + number + entry.substring(at + 1);
    }

    private static void text(OutputStream out, String begin, String each, int times, String end)
        throws IOException {
      out.write(begin.getBytes(StandardCharsets.UTF_8));
      for (int i = 0; i < times; i++) {
        out.write(numbered(each, i).getBytes(StandardCharsets.UTF_8));
      }
      out.write(end.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Opens one file in the JVM with little memory; prints the time and the refusal. */
  static final class OpenOne {
    private OpenOne() {}

    public static void main(String[] arguments) {
      Path file = Path.of(arguments[0]);
      String line = "was read";
      try {
        if (file.endsWith("config.json")) {
          ModelFamilies.ALL.read(file);
        } else if (file.endsWith("model.pth")) {
          TorchCheckpoint.open(file).close();
        } else if (file.toString().endsWith(".index.json")) {
          ShardedCheckpoint.open(file).close();
        } else {
          SafetensorsFile.open(file).close();
        }
      } catch (Detr4jException e) {
        line = String.valueOf(e.getMessage());
      }
      long nanos = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      System.out.println(nanos / 1_000_000 + " " + line);
    }
  }

  @ParameterizedTest
  @EnumSource
  void refusesSoonAndInLittleMemory(Costly costly) throws IOException, InterruptedException {
    Path file = folder.resolve(costly.file);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      costly.write(out);
    }
    Process child =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    OpenOne.class.getName(),
                    file.toString()))
            .redirectErrorStream(true)
            .start();
    String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, child.waitFor(), output);
    assertEquals(1, output.lines().count(), output);
    int space = output.indexOf(' ');
    assertTrue(output.substring(space).contains(costly.message), output);
    long millis = Long.parseLong(output.substring(0, space));
    System.out.println(costly + ": " + output.strip());
    assertTrue(millis < MOST_MILLIS, output);
  }
}
