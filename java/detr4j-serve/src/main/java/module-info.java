/** Detection over HTTP: a server, and the endpoint to mount in another one. */
module dev.detr4j.serve {
  requires com.fasterxml.jackson.core;
  requires transitive dev.detr4j;
  requires dev.detr4j.micrometer;
  requires io.helidon.webclient.http1; // images by URL
  requires io.helidon.webserver;
  requires transitive micrometer.core;
  requires micrometer.registry.prometheus;
  requires jdk.management; // what the meters of the JVM read
  requires org.apache.commons.fileupload2.core;
  requires static transitive org.jspecify;

  exports dev.detr4j.serve;
  exports dev.detr4j.serve.exchange;
}
