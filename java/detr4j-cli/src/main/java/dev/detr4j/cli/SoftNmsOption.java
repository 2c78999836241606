package dev.detr4j.cli;

import dev.detr4j.DetectorBuilder;
import dev.detr4j.op.SoftNms;
import picocli.CommandLine.Option;

/** Whether the scores of overlapping detections are lowered. */
final class SoftNmsOption {
  @Option(
      names = "--soft-nms",
      description =
          "Lower the scores of detections that overlap a better one of their class, as birder does on request.")
  private boolean softNms;

  DetectorBuilder applyTo(DetectorBuilder builder) {
    return softNms ? builder.softNms(SoftNms.BIRDER) : builder;
  }

  boolean asked() {
    return softNms;
  }
}
