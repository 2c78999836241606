package dev.detr4j.cli.registry;

/** Is told how far a download is, from the thread that fetches. */
public interface FetchProgress {
  /**
   * So many bytes of a file are here.
   *
   * @param file its name
   * @param total as the server says it, which may be wrong; -1 when it does not say
   */
  void update(String file, long done, long total);

  /** Something that a user should know, in one line; the download goes on. */
  void message(String line);
}
