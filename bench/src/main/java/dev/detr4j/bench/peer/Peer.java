package dev.detr4j.bench.peer;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The other runtimes that models are compared with. */
enum Peer {
  ONNXRUNTIME("onnxruntime", "ONNX Runtime"),
  TORCH("torch", "PyTorch"),
  TORCH_BF16("torch-bf16", "PyTorch bf16"),
  DJL("djl", "DJL");

  private final String id;
  private final String title;

  Peer(String id, String title) {
    this.id = id;
    this.title = title;
  }

  /** The word in options. */
  String id() {
    return id;
  }

  /** The word in tables. */
  String title() {
    return title;
  }

  /** Whether it rounds more than fp32 does, so that its difference is not judged. */
  boolean rounds() {
    return this == TORCH_BF16;
  }

  /** Whether this is the {@link #id} of a peer. */
  static boolean isOne(String id) {
    return Arrays.stream(values()).anyMatch(peer -> peer.id.equals(id));
  }

  /**
   * The peer of that {@link #id}.
   *
   * @throws ComparisonException when there is none; the message lists all
   */
  static Peer of(String id) {
    for (Peer peer : values()) {
      if (peer.id.equals(id)) {
        return peer;
      }
    }
    throw new ComparisonException(
        "peer is \"%s\", expected none or some of %s"
            .formatted(
                id, Arrays.stream(values()).map(Peer::id).collect(Collectors.joining(", "))));
  }

  /** Loads a model. */
  Contender open(ModelFolder model, int threads, FormulaPixels pixels, PeerTools tools) {
    return switch (this) {
      case ONNXRUNTIME -> new OnnxRuntimeModel(model.onnx(), threads, pixels);
      case TORCH -> TorchProcess.of(tools, model, threads, pixels, List.of());
      case TORCH_BF16 -> TorchProcess.of(tools, model, threads, pixels, List.of("--bf16"));
      case DJL -> new DjlModel(model.traced(), threads, pixels);
    };
  }
}
