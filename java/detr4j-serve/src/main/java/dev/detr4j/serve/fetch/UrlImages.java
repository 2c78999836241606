package dev.detr4j.serve.fetch;

import dev.detr4j.serve.dialect.DetectJob;
import dev.detr4j.serve.dialect.ImageSource;
import dev.detr4j.serve.exchange.MemoryBudget;
import dev.detr4j.serve.exchange.Refusal;
import io.helidon.common.tls.Tls;
import io.helidon.webclient.api.Proxy;
import io.helidon.webclient.http1.Http1Client;
import io.helidon.webclient.http1.Http1ClientResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * Fetches the images that a job names by URL, where the policy allows it.
 *
 * <p>A host name is resolved once, and the connection goes to the address that was checked, so that
 * a name cannot lead elsewhere the second time. Redirects are not followed, proxies of the
 * environment are not used, and size and time are bounded. Messages do not say what a server
 * answered: a client must not learn about other hosts from them.
 */
public final class UrlImages {
  private static final Duration CONNECT_TIME = Duration.ofSeconds(5);
  private static final Duration READ_TIME = Duration.ofSeconds(5);
  private static final int FIRST = 1 << 16;

  /** A job whose images are all at hand; closing gives their memory back. */
  public record Fetched(DetectJob job, MemoryBudget memory, long bytes) implements AutoCloseable {
    @Override
    public void close() {
      memory.give(bytes);
    }
  }

  /** The address of a host is not one that may be fetched from. */
  private static final class AddressRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AddressRefused() {
      super("not a public address", null, false, false);
    }
  }

  private final UrlPolicy policy;
  private final long mostBytes;
  private final Http1Client client;

  /** Fetches images of at most so many bytes. */
  public UrlImages(UrlPolicy policy, long mostBytes) {
    this(policy, mostBytes, PublicAddress::is, Tls.create(tls -> {}));
  }

  /** As above, with another rule of addresses and other certificates, for tests. */
  UrlImages(UrlPolicy policy, long mostBytes, Predicate<InetAddress> allowed, Tls tls) {
    this.policy = policy;
    this.mostBytes = mostBytes;
    this.client =
        Http1Client.builder()
            .tls(tls)
            .followRedirects(false)
            .proxy(Proxy.noProxy())
            .connectTimeout(CONNECT_TIME)
            .readTimeout(READ_TIME)
            .servicesDiscoverServices(false)
            .dnsResolver((host, lookup) -> checked(host, allowed))
            .build();
  }

  private static InetAddress checked(String host, Predicate<InetAddress> allowed) {
    try {
      InetAddress address = InetAddress.getByName(host);
      if (!allowed.test(address)) {
        throw new AddressRefused();
      }
      return address;
    } catch (UnknownHostException e) {
      throw new AddressRefused();
    }
  }

  /**
   * Fetches what is to be fetched, one after the other.
   *
   * @param deadline of {@link System#nanoTime}
   */
  public Fetched fetch(DetectJob job, MemoryBudget memory, long deadline) {
    List<ImageSource> images = new ArrayList<>();
    long held = 0;
    try {
      for (ImageSource each : job.images()) {
        if (each instanceof ImageSource.Url url) {
          byte[] bytes = fetch(url, memory, deadline);
          held += bytes.length;
          images.add(new ImageSource.Raw(url.where(), bytes, 0, bytes.length));
        } else {
          images.add(each);
        }
      }
    } catch (Throwable e) {
      memory.give(held);
      throw e;
    }
    return new Fetched(job.withImages(images), memory, held);
  }

  private byte[] fetch(ImageSource.Url url, MemoryBudget memory, long deadline) {
    URI address = checkedAddress(url);
    long left = Math.max(1, (deadline - System.nanoTime()) / 1_000_000);
    Duration patience = Duration.ofMillis(Math.min(READ_TIME.toMillis(), left));
    try (Http1ClientResponse response = client.get().uri(address).readTimeout(patience).request()) {
      if (response.status().code() != 200) {
        throw failed(url);
      }
      try (InputStream body = response.inputStream()) {
        return read(url, body, memory, deadline);
      }
    } catch (Refusal e) {
      throw e;
    } catch (AddressRefused e) {
      throw refused(url);
    } catch (IOException | RuntimeException e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof AddressRefused) {
          throw refused(url);
        }
      }
      throw failed(url);
    }
  }

  private URI checkedAddress(ImageSource.Url url) {
    if (policy.allowed().isEmpty()) {
      throw Refusal.malformed(
          url.where() + " is a URL, and this server fetches none; send the image in Base64");
    }
    if (!policy.allows(url.address())) {
      throw refused(url);
    }
    try {
      URI address = new URI(url.address());
      if (!"https".equalsIgnoreCase(address.getScheme())
          || address.getHost() == null
          || address.getUserInfo() != null) {
        throw refused(url);
      }
      return address;
    } catch (URISyntaxException e) {
      throw refused(url);
    }
  }

  private byte[] read(ImageSource.Url url, InputStream body, MemoryBudget memory, long deadline)
      throws IOException {
    byte[] bytes = {};
    int length = 0;
    long reserved = 0;
    try {
      while (true) {
        if (length == bytes.length) {
          int size = (int) Math.min(Math.max(FIRST, 2L * length), mostBytes + 1);
          memory.take(size - bytes.length);
          reserved += size - bytes.length;
          bytes = Arrays.copyOf(bytes, size);
        }
        int read = body.read(bytes, length, bytes.length - length);
        if (read < 0) {
          byte[] exact = Arrays.copyOf(bytes, length);
          memory.give(reserved - length);
          return exact;
        }
        length += read;
        if (length > mostBytes) {
          throw Refusal.tooLarge("%s is larger than %d bytes".formatted(url.where(), mostBytes));
        }
        if (System.nanoTime() - deadline > 0) {
          throw Refusal.late("the time of the request ended while " + url.where() + " was fetched");
        }
      }
    } catch (Throwable e) {
      memory.give(reserved);
      throw e;
    }
  }

  private static Refusal refused(ImageSource.Url url) {
    return Refusal.of(403, url.where() + " is a URL that this server does not fetch");
  }

  private static Refusal failed(ImageSource.Url url) {
    return Refusal.unreadable(url.where() + " is a URL that could not be fetched");
  }
}
