/** The command line of detr4j. */
module dev.detr4j.cli {
  requires com.fasterxml.jackson.core;
  requires dev.detr4j;
  requires dev.detr4j.evaluation;
  requires dev.detr4j.ffi;
  requires dev.detr4j.model.codes;
  requires dev.detr4j.parity;
  requires info.picocli;
  requires java.desktop; // drawing
  requires java.net.http; // models fetch
  requires jdk.management; // how busy the machine is
  requires static org.jspecify;

  opens dev.detr4j.cli to
      info.picocli;
}
