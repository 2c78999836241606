/**
 * Object detectors of the DETR family inside a JVM.
 *
 * <p>The vector backend needs {@code jdk.incubator.vector}. This module requires it statically, so
 * no JVM resolves it by itself: start Java with {@code --add-modules jdk.incubator.vector}. Without
 * the option, that backend is absent and the others work.
 */
@SuppressWarnings("module") // the modules of the qualified exports are compiled after this one
module dev.detr4j {
  requires com.fasterxml.jackson.core;
  requires dev.detr4j.ffi;
  requires transitive java.desktop; // ImageIO; BufferedImage in signatures
  requires jdk.jfr; // events
  requires static jdk.incubator.vector;
  requires static transitive org.jspecify; // @Nullable in exported signatures

  exports dev.detr4j;
  exports dev.detr4j.backend;
  exports dev.detr4j.backend.host to
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.checkpoint to
      dev.detr4j.cli,
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.convert to
      dev.detr4j.cli,
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.error;
  exports dev.detr4j.image;
  exports dev.detr4j.json to
      dev.detr4j.cli,
      dev.detr4j.evaluation,
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.model to
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.model.description;
  exports dev.detr4j.model.family to
      dev.detr4j.cli,
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.model.gradient to
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.model.graph to
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.model.names to
      dev.detr4j.parity;
  exports dev.detr4j.op;
  exports dev.detr4j.op.gradient;
  exports dev.detr4j.plan to
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.postprocess to
      dev.detr4j.parity;
  exports dev.detr4j.profile;
  exports dev.detr4j.runtime to
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.session to
      dev.detr4j.parity,
      dev.detr4j.train;
  exports dev.detr4j.tensor;
}
