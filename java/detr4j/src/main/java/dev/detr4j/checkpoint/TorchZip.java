package dev.detr4j.checkpoint;

import dev.detr4j.checkpoint.pickle.Unpickler;
import dev.detr4j.error.OneLine;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The layout since torch 1.6: a zip file with one folder that holds {@code data.pkl}, a file {@code
 * data/<key>} for each storage, and in newer files {@code byteorder}.
 */
final class TorchZip implements TorchContainer {
  private static final String PICKLE = "data.pkl";
  private static final long LARGEST_PICKLE = 64L << 20;

  private final MappedFile file;
  private final ZipDirectory zip;
  private final String prefix;
  private final boolean bigEndian;
  private final TorchObjects objects = new TorchObjects();
  private final Object root;
  private final Map<String, TorchStorage> opened = new HashMap<>();

  /** Whether a file begins as such a zip file does. */
  static boolean recognises(MemorySegment file) {
    return file.byteSize() >= 4
        && file.get(ValueLayout.JAVA_BYTE, 0) == 'P'
        && file.get(ValueLayout.JAVA_BYTE, 1) == 'K'
        && file.get(ValueLayout.JAVA_BYTE, 2) == 3
        && file.get(ValueLayout.JAVA_BYTE, 3) == 4;
  }

  TorchZip(MappedFile file) {
    this.file = file;
    this.zip = new ZipDirectory(file);
    this.prefix = prefix();
    this.bigEndian = readByteOrder();
    ZipDirectory.Entry pickle = zip.find(prefix + PICKLE).orElseThrow();
    if (pickle.bytes() > LARGEST_PICKLE) {
      throw file.wrong(
          "%s has %d bytes, expected at most %d".formatted(PICKLE, pickle.bytes(), LARGEST_PICKLE));
    }
    Unpickler unpickler = new Unpickler(zip.content(pickle), 0, objects);
    this.root = TorchContainer.load(file, unpickler, PICKLE + " byte ");
  }

  private String prefix() {
    List<String> pickles =
        zip.names().stream().filter(name -> name.matches("[^/]+/data\\.pkl")).toList();
    if (pickles.size() != 1) {
      throw file.wrong(
          "the zip file has %d entries <folder>/data.pkl, expected one: not written by torch.save"
              .formatted(pickles.size()));
    }
    String name = pickles.getFirst();
    String folder = name.substring(0, name.length() - PICKLE.length());
    if (zip.names().contains(folder + "constants.pkl")) {
      throw file.wrong("is a TorchScript program, expected a file of torch.save");
    }
    return folder;
  }

  private boolean readByteOrder() {
    // Files of torch before 2.1 do not say; they are little-endian.
    return zip.find(prefix + "byteorder")
        .map(entry -> {
          String order =
              entry.bytes() > 16
                  ? entry.bytes() + " bytes"
                  : new String(
                      zip.content(entry).toArray(ValueLayout.JAVA_BYTE),
                      StandardCharsets.ISO_8859_1);
          return switch (order) {
            case "little" -> false;
            case "big" -> true;
            default -> throw file.wrong("byteorder is \"" + order + "\", expected little or big");
          };
        })
        .orElse(false);
  }

  @Override
  public Object root() {
    return root;
  }

  @Override
  public TorchObjects objects() {
    return objects;
  }

  @Override
  public TorchStorage storage(TorchObjects.Storage storage) {
    return opened.computeIfAbsent(storage.key(), key -> open(storage));
  }

  private TorchStorage open(TorchObjects.Storage storage) {
    String name = prefix + "data/" + storage.key();
    ZipDirectory.Entry entry =
        zip.find(name).orElseThrow(() -> file.wrong("storage " + OneLine.of(name) + " is missing"));
    long expected = TorchContainer.bytes(file, storage);
    if (entry.bytes() != expected) {
      throw file.wrong(
          "storage %s has %d bytes, but %d %s elements need %d"
              .formatted(
                  OneLine.of(name), entry.bytes(), storage.count(), storage.type(), expected));
    }
    return new TorchStorage(expected, !entry.deflated(), bigEndian, () -> zip.content(entry));
  }
}
