package dev.detr4j.serve.fetch;

import java.net.InetAddress;

/**
 * Which addresses belong to the public internet: all others lead into the network of the server, to
 * its metadata service or to itself. Stateless.
 *
 * <p>The ranges are those that IANA's registries of special-purpose addresses do not call globally
 * reachable, and those that embed an IPv4 address (NAT64, 6to4, Teredo).
 */
final class PublicAddress {
  /** First bytes and the number of their bits that count. */
  private record Range(int bits, int... bytes) {
    boolean holds(byte[] address) {
      for (int bit = 0; bit < bits; bit++) {
        int mask = 0x80 >> bit % 8;
        if ((address[bit / 8] & mask) != (bytes[bit / 8] & mask)) {
          return false;
        }
      }
      return true;
    }
  }

  private static final Range[] V4 = {
    new Range(8, 0),
    new Range(8, 10),
    new Range(10, 100, 64),
    new Range(8, 127),
    new Range(16, 169, 254),
    new Range(12, 172, 16),
    new Range(24, 192, 0, 0),
    new Range(24, 192, 0, 2),
    new Range(24, 192, 88, 99),
    new Range(16, 192, 168),
    new Range(15, 198, 18),
    new Range(24, 198, 51, 100),
    new Range(24, 203, 0, 113),
    new Range(3, 224), // multicast, reserved, broadcast
  };

  /** Global unicast is 2000::/3; these are its exceptions. */
  private static final Range[] V6 = {
    new Range(23, 0x20, 0x01, 0x00), // 2001::/23, Teredo among them
    new Range(32, 0x20, 0x01, 0x0d, 0xb8),
    new Range(16, 0x20, 0x02),
    new Range(20, 0x3f, 0xff, 0x00),
  };

  private PublicAddress() {}

  static boolean is(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length == 16 && (bytes[0] & 0xe0) != 0x20) {
      return false;
    }
    for (Range each : bytes.length == 4 ? V4 : V6) {
      if (each.holds(bytes)) {
        return false;
      }
    }
    return true;
  }
}
