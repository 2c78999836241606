/** Runs stored outputs of the original implementations against the backends and training. */
@SuppressWarnings("module") // the module of the qualified export is compiled after this one
module dev.detr4j.parity {
  requires com.fasterxml.jackson.core;
  requires dev.detr4j.evaluation;
  requires dev.detr4j.ffi;
  requires dev.detr4j.model.codes;
  requires dev.detr4j.train;
  requires transitive dev.detr4j;
  requires static transitive org.jspecify;

  exports dev.detr4j.parity to
      dev.detr4j.cli;
}
