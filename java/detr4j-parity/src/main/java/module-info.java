/** Runs stored outputs of the original implementations against the backends. */
module dev.detr4j.parity {
  requires com.fasterxml.jackson.core;
  requires dev.detr4j;
  requires static org.jspecify;
}
