/** A detector of machine-readable codes: its weights, and where they can be read. */
module dev.detr4j.model.codes {
  requires dev.detr4j; // its errors
  requires static org.jspecify;

  exports dev.detr4j.model.codes;
}
