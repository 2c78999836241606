package dev.detr4j.serve;

import dev.detr4j.Detector;
import dev.detr4j.serve.http.HttpSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The settings of a server: those of its endpoint, and where and how it listens. */
public final class DetectionServerBuilder {
  private final DetectionEndpointBuilder endpoint = DetectionEndpoint.builder();
  private InetAddress host = InetAddress.getLoopbackAddress();
  private Set<String> hosts = Set.of();
  private int port = 8080;
  private int maxConnections = 10_000;
  private Duration idleTime = Duration.ofSeconds(60);
  private Duration readTime = Duration.ofSeconds(10);
  private Duration stopDelay = Duration.ZERO;
  private Duration stopTime = Duration.ofSeconds(30);

  DetectionServerBuilder() {}

  /** As {@link DetectionEndpointBuilder#model}. */
  public DetectionServerBuilder model(String name, Detector detector) {
    endpoint.model(name, detector);
    return this;
  }

  /** Sets the address to listen on. The default is the loopback address. */
  public DetectionServerBuilder host(InetAddress address) {
    host = address;
    return this;
  }

  /**
   * Lets requests come under other names than localhost, as through a proxy on this machine.
   * Without a token, a server on the loopback address refuses them: a page of the web could
   * otherwise have its own name lead here.
   */
  public DetectionServerBuilder allowHosts(Collection<String> names) {
    hosts = names.stream().map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
    return this;
  }

  /** Sets the port to listen on, 0 for any free one. The default is 8080. */
  public DetectionServerBuilder port(int number) {
    if (number < 0 || number > 65535) {
      throw new IllegalArgumentException("port is " + number + ", expected 0 to 65535");
    }
    port = number;
    return this;
  }

  /** As {@link DetectionEndpointBuilder#sessions}. */
  public DetectionServerBuilder sessions(int count) {
    endpoint.sessions(count);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#queue}. */
  public DetectionServerBuilder queue(int requests) {
    endpoint.queue(requests);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#timeout}. */
  public DetectionServerBuilder timeout(Duration atMost) {
    endpoint.timeout(atMost);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#maxBodyBytes}. */
  public DetectionServerBuilder maxBodyBytes(long bytes) {
    endpoint.maxBodyBytes(bytes);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#bodyTime}. */
  public DetectionServerBuilder bodyTime(Duration atMost) {
    endpoint.bodyTime(atMost);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#maxImages}. */
  public DetectionServerBuilder maxImages(int count) {
    endpoint.maxImages(count);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#bodyMemory}. */
  public DetectionServerBuilder bodyMemory(long bytes) {
    endpoint.bodyMemory(bytes);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#token}. */
  public DetectionServerBuilder token(String secret) {
    endpoint.token(secret);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#allowUrls}. */
  public DetectionServerBuilder allowUrls(Pattern... patterns) {
    endpoint.allowUrls(patterns);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#registry}. */
  public DetectionServerBuilder registry(MeterRegistry meters) {
    endpoint.registry(meters);
    return this;
  }

  /** As {@link DetectionEndpointBuilder#log}. */
  public DetectionServerBuilder log(RequestLog receiver) {
    endpoint.log(receiver);
    return this;
  }

  /** Sets how many connections may be open; further clients wait. The default is 10,000. */
  public DetectionServerBuilder maxConnections(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("maxConnections must be at least 1, got " + count);
    }
    maxConnections = count;
    return this;
  }

  /**
   * Sets after what time a connection is closed that has not sent the whole head of a request, be
   * it silent or slow. The default is 60 s.
   */
  public DetectionServerBuilder idleTime(Duration atMost) {
    idleTime = atMost;
    return this;
  }

  /** Sets after what silence a body is given up, with 408. The default is 10 s. */
  public DetectionServerBuilder readTime(Duration atMost) {
    readTime = atMost;
    return this;
  }

  /**
   * Sets how long a stopping server still answers while it says that it is not ready, so that a
   * load balancer takes it out first. The default is none.
   */
  public DetectionServerBuilder stopDelay(Duration time) {
    stopDelay = time;
    return this;
  }

  /** Sets how long a stop waits for the requests at hand. The default is 30 s. */
  public DetectionServerBuilder stopTime(Duration atMost) {
    stopTime = atMost;
    return this;
  }

  /**
   * Starts to listen. {@link DetectionEndpoint#warmUp} of the server's endpoint makes it ready.
   *
   * @throws IOException when the address cannot be bound
   */
  public DetectionServer start() throws IOException {
    endpoint.hosts(host.isLoopbackAddress() ? new HostPolicy(hosts) : HostPolicy.ANY);
    return new DetectionServer(
        endpoint.build(),
        new HttpSettings(
            new InetSocketAddress(host, port),
            16 << 10,
            maxConnections,
            idleTime,
            readTime,
            stopTime),
        stopDelay);
  }
}
