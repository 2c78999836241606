package dev.detr4j;

import dev.detr4j.checkpoint.FileSet;
import dev.detr4j.checkpoint.ModelFile;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.session.ModelName;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The files of one model, wherever they lie: in a folder, an archive, a jar, memory or streams.
 *
 * <p>The files have plain names. They are either those of a Hugging Face model folder ({@code
 * config.json}, optionally {@code preprocessor_config.json}, and the weights under one of the names
 * {@code model.safetensors}, {@code model.safetensors.index.json}, {@code pytorch_model.bin} and
 * {@code pytorch_model.bin.index.json}, with the shards of an index); or a single checkpoint of
 * another project, which detr4j recognises by its tensors.
 *
 * <p><b>Memory.</b> Nothing is written to disk. A weight file on the default file system is mapped,
 * also one that is stored in a zip archive without compression. All others are copied once into
 * memory outside the heap. The detector owns that copy and frees it when it is closed: it costs the
 * size of the file beside the packed weights.
 *
 * <p><b>Bounds.</b> Files come from outside and are not trusted. A copied file has at most 4 GiB, a
 * configuration 16 MiB. The deflated entries of an archive inflate to at most four times its size,
 * or to 64 MiB when that is more. What exceeds a bound or ends early is a {@link
 * CheckpointException}, or a {@link dev.detr4j.error.ModelConfigException} if it is a
 * configuration.
 *
 * <p>Instances are immutable and thread-safe, and make any number of detectors, but for those
 * {@link #ofStreams of streams}.
 */
public final class ModelFiles {
  private static final String UNNAMED = "model";

  private final ModelFile file;

  private final String name;

  private ModelFiles(ModelFile file, String name) {
    this.file = file;
    this.name = name;
  }

  /**
   * The model at a path of any file system, also of one in a zip or jar file, which must stay open
   * until the detector is built.
   *
   * @param model as in {@link Detector#builder}
   */
  public static ModelFiles of(Path model) {
    return new ModelFiles(ModelFile.of(model), ModelName.of(model));
  }

  /**
   * Resources of the class path or of a module, found as {@link Class#getResource} finds them. On
   * the module path, the module of {@code anchor} must open their package to {@code dev.detr4j}.
   *
   * @param folder where they lie, from the package of {@code anchor} on, or from the root if it
   *     begins with a slash; empty for the package itself
   * @param names the plain names of the files, at least one
   * @throws CheckpointException when one of them is not there
   */
  public static ModelFiles ofResources(Class<?> anchor, String folder, String... names) {
    return new ModelFiles(FileSet.ofResources(anchor, folder, List.of(names)).model(), UNNAMED);
  }

  /** Files in memory by name. The arrays are not copied here; do not change them. */
  public static ModelFiles ofBytes(Map<String, byte[]> files) {
    return new ModelFiles(FileSet.ofBytes(files).model(), UNNAMED);
  }

  /**
   * Streams by the names of their files, for one detector. Building it reads the streams that the
   * model needs, each once and to its end; building another throws {@link IllegalStateException}.
   * The caller closes the streams after building.
   */
  public static ModelFiles ofStreams(Map<String, ? extends InputStream> files) {
    return new ModelFiles(FileSet.ofStreams(files).model(), UNNAMED);
  }

  /**
   * A zip archive that holds one model folder, at its root or deeper, or a single checkpoint. It
   * must not be changed while a detector of it is open.
   *
   * @throws CheckpointException when it cannot be read, or holds no model or several
   */
  public static ModelFiles ofZip(Path archive) {
    return new ModelFiles(FileSet.ofZip(archive).model(), ModelName.of(archive));
  }

  /** As above, of an archive in memory. The array is not copied here; do not change it. */
  public static ModelFiles ofZip(byte[] archive) {
    return new ModelFiles(FileSet.ofZip(archive).model(), UNNAMED);
  }

  /**
   * As above, of a stream, which is read to its end now. The caller closes it. The archive stays in
   * memory outside the heap until this object is garbage.
   */
  public static ModelFiles ofZip(InputStream archive) {
    return new ModelFiles(FileSet.ofZip(archive).model(), UNNAMED);
  }

  /** What the readers take. */
  ModelFile file() {
    return file;
  }

  /** What the model is called unless its builder names it. */
  String name() {
    return name;
  }

  /** Where the files lie, in a few words. */
  @Override
  public String toString() {
    return file.toString();
  }
}
