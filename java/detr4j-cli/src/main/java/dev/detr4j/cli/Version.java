package dev.detr4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote into {@code version.properties}. */
final class Version implements IVersionProvider {
  Version() {}

  @Override
  public String[] getVersion() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      if (in == null) {
        throw new IOException("version.properties is missing from the detr4j-cli jar");
      }
      properties.load(in);
    }
    return new String[] {
      "detr4j " + properties.getProperty("version"),
      "Java ${java.version} (${java.vm.name}), ${os.name} ${os.arch}"
    };
  }
}
