/**
 * Detection over HTTP.
 *
 * <p>{@link dev.detr4j.serve.DetectionServer} listens on a port of its own:
 *
 * <pre>{@code
 * try (Detector detector = Detector.builder(model).build();
 *     DetectionServer server = DetectionServer.builder().model("parts", detector).port(8080).start()) {
 *   System.out.println("serving at " + server.uri());
 *   server.await();
 * }
 * }</pre>
 *
 * <p>{@link dev.detr4j.serve.DetectionEndpoint} is the same without the port, for an application
 * that has a server: hand it each request as a {@link dev.detr4j.serve.exchange.ServeRequest}, and
 * send the {@link dev.detr4j.serve.exchange.ServeAnswer}.
 */
@NullMarked
package dev.detr4j.serve;

import org.jspecify.annotations.NullMarked;
