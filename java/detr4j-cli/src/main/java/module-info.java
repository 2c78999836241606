/** The command line of detr4j. */
module dev.detr4j.cli {
  requires com.fasterxml.jackson.core;
  requires dev.detr4j;
  requires dev.detr4j.evaluation;
  requires dev.detr4j.ffi;
  requires dev.detr4j.model.codes;
  requires dev.detr4j.parity;
  requires static dev.detr4j.serve; // on the module path of `serve` alone
  requires dev.detr4j.train;
  requires info.picocli;
  requires java.desktop; // drawing
  requires java.logging; // the server's library logs to it
  requires java.net.http; // models fetch, serve --once
  requires jdk.management; // how busy the machine is
  requires static org.jspecify;

  opens dev.detr4j.cli to
      info.picocli;
}
