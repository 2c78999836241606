package dev.detr4j.parity;

import dev.detr4j.checkpoint.StoredTensor;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Writes files in the two layouts of {@code torch.save}, for tests of the whole way from a
 * project's own container, and for full-size files to measure with. torch reads them.
 *
 * <p>Values are null, Boolean, Integer, Long, BigInteger, Double, String, List (a list), Object[]
 * (a tuple), Map (a dict), {@link StateDict}, {@link PythonObject} and {@link StoredTensor} of F32
 * or I64.
 */
public final class TorchFileWriter {
  /** How tensors and their description lie in the file. */
  public enum Layout {
    /** A zip file, since torch 1.6. */
    ZIP,
    /** Pickles one after the other, before that and where a project asks for it. */
    LEGACY
  }

  /** What {@code state_dict()} of a module gives, in its order. */
  public record StateDict(Map<String, StoredTensor> tensors) {
    /** All tensors of a checkpoint. */
    static StateDict of(FormulaCheckpoint checkpoint) {
      Map<String, StoredTensor> tensors = new LinkedHashMap<>();
      checkpoint.names().forEach(name -> tensors.put(name, checkpoint.tensor(name)));
      return new StateDict(tensors);
    }
  }

  /** An object of a class with attributes, as an {@code argparse.Namespace} is. */
  public record PythonObject(String module, String name, Map<String, ?> attributes) {}

  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final int PROTOCOL = 1001;
  private static final String FOLDER = "archive/";
  private static final int ALIGNMENT = 64;
  private static final int ENTRY_FIXED = 30;

  private TorchFileWriter() {}

  /**
   * Writes a file.
   *
   * @param saved the object that is saved
   * @throws IOException when the file cannot be written; nothing is left under {@code target} then
   */
  public static void write(Path target, Layout layout, Map<String, ?> saved) throws IOException {
    PickleWriter pickle = new PickleWriter(layout == Layout.LEGACY);
    byte[] object = pickle.pickle(saved);
    WholeFile.write(
        target,
        channel -> {
          if (layout == Layout.LEGACY) {
            legacy(channel, object, pickle);
          } else {
            zip(channel, object, pickle);
          }
        });
  }

  private static void legacy(FileChannel channel, byte[] object, PickleWriter pickle)
      throws IOException {
    WholeFile.fully(channel, ByteBuffer.wrap(new PickleWriter(true).pickle(MAGIC)));
    WholeFile.fully(channel, ByteBuffer.wrap(new PickleWriter(true).pickle(PROTOCOL)));
    Map<String, ?> machine =
        Map.of(
            "protocol_version",
            PROTOCOL,
            "little_endian",
            true,
            "type_sizes",
            Map.of("short", 2, "int", 4, "long", 4));
    WholeFile.fully(channel, ByteBuffer.wrap(new PickleWriter(true).pickle(machine)));
    WholeFile.fully(channel, ByteBuffer.wrap(object));
    List<String> keys = pickle.storages().stream().map(PickleWriter.Storage::key).toList();
    WholeFile.fully(channel, ByteBuffer.wrap(new PickleWriter(true).pickle(keys)));
    for (PickleWriter.Storage storage : pickle.storages()) {
      ByteBuffer count = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      WholeFile.fully(channel, count.putLong(storage.tensor().shape().elements()).flip());
      WholeFile.fully(channel, storage.tensor().bytes().asByteBuffer());
    }
  }

  private static void zip(FileChannel channel, byte[] object, PickleWriter pickle)
      throws IOException {
    List<ByteBuffer> directory = new ArrayList<>();
    directory.add(entry(channel, "data.pkl", ByteBuffer.wrap(object)));
    directory.add(entry(channel, "byteorder", ascii("little")));
    for (PickleWriter.Storage storage : pickle.storages()) {
      directory.add(
          entry(channel, "data/" + storage.key(), storage.tensor().bytes().asByteBuffer()));
    }
    directory.add(entry(channel, "version", ascii("3\n")));
    long start = channel.position();
    for (ByteBuffer each : directory) {
      WholeFile.fully(channel, each);
    }
    ByteBuffer end = ByteBuffer.allocate(22).order(ByteOrder.LITTLE_ENDIAN);
    end.putInt(0x06054b50).putInt(0);
    end.putShort((short) directory.size()).putShort((short) directory.size());
    end.putInt(Math.toIntExact(channel.position() - start)).putInt(Math.toIntExact(start));
    WholeFile.fully(channel, end.putShort((short) 0).flip());
  }

  /** Writes a stored entry whose content is aligned, and returns its line of the directory. */
  private static ByteBuffer entry(FileChannel channel, String name, ByteBuffer content)
      throws IOException {
    byte[] path = (FOLDER + name).getBytes(StandardCharsets.US_ASCII);
    int start = Math.toIntExact(channel.position());
    int padding = ALIGNMENT - (start + ENTRY_FIXED + path.length + 4) % ALIGNMENT;
    CRC32 checksum = new CRC32();
    checksum.update(content.duplicate());
    int size = content.remaining();
    ByteBuffer common = ByteBuffer.allocate(22).order(ByteOrder.LITTLE_ENDIAN);
    common.putShort((short) 0).putShort((short) 0).putInt(0);
    common.putInt((int) checksum.getValue()).putInt(size).putInt(size);
    common.putShort((short) path.length);
    ByteBuffer head =
        ByteBuffer.allocate(ENTRY_FIXED + path.length + 4 + padding).order(ByteOrder.LITTLE_ENDIAN);
    head.putInt(0x04034b50).putShort((short) 0).put(common.array());
    head.position(ENTRY_FIXED - 2);
    head.putShort((short) (4 + padding)).put(path);
    // A field called FB, which has no meaning but its length.
    head.put((byte) 'F').put((byte) 'B').putShort((short) padding);
    WholeFile.fully(channel, head.rewind());
    WholeFile.fully(channel, content);
    ByteBuffer line = ByteBuffer.allocate(46 + path.length).order(ByteOrder.LITTLE_ENDIAN);
    line.putInt(0x02014b50).putShort((short) 0).putShort((short) 0).put(common.array());
    line.position(42);
    return line.putInt(start).put(path).flip();
  }

  private static ByteBuffer ascii(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }
}
