package dev.detr4j.session;

import java.nio.file.Path;

/** What to call a model that nobody has named. */
public final class ModelName {
  private static final String CACHED = "models--";

  private ModelName() {}

  /**
   * The name of a model's folder or file; of a folder in the cache of the Hugging Face tools
   * ({@code models--facebook--detr-resnet-50/snapshots/<revision>}) the name on the hub.
   */
  public static String of(Path model) {
    Path path = model.toAbsolutePath().normalize();
    for (Path each = path; each != null; each = each.getParent()) {
      String name = name(each);
      if (name.startsWith(CACHED)) {
        return name.substring(CACHED.length()).replace("--", "/");
      }
    }
    String name = name(path);
    boolean common = name.startsWith("model.safetensors") || name.startsWith("pytorch_model.bin");
    Path folder = path.getParent();
    String result = common && folder != null ? name(folder) : name;
    return result.isEmpty() ? "model" : result;
  }

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }
}
