package dev.detr4j.train.run;

import dev.detr4j.error.OneLine;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import javax.imageio.ImageIO;

/**
 * The output folder of a run.
 *
 * <table>
 * <caption>What is in it</caption>
 * <tr><td>{@code model/}</td><td>the best model so far, a Hugging Face folder</td></tr>
 * <tr><td>{@code last/}</td><td>the last state, from which the run resumes</td></tr>
 * <tr><td>{@code train.jsonl}</td><td>a line for each step and evaluation</td></tr>
 * <tr><td>{@code first-batch.png}</td><td>the first pictures with their boxes, as the network gets
 *     them</td></tr>
 * <tr><td>{@code curves.png}, {@code report.html}</td><td>how the run goes</td></tr>
 * <tr><td>{@code mistakes.html}</td><td>the worst mistakes of the best model</td></tr>
 * </table>
 */
public final class RunFolder {
  private final Path folder;

  /** Of a folder that need not exist yet. */
  public RunFolder(Path folder) {
    this.folder = folder;
  }

  /** Adds a fault where the folder holds a model that no run here can have made. */
  public void check(Findings findings) {
    if (!hasState() && Files.exists(model())) {
      findings.add(Fault.OUTPUT_TAKEN, folder.toString());
    }
  }

  /** Creates the folder. */
  public void create() {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new TrainingException(folder + ": is a file, expected a folder");
    }
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new TrainingException(folder + ": cannot be created: " + OneLine.of(e), e);
    }
  }

  /**
   * Takes the folder for this process.
   *
   * @return gives it back when it is closed
   * @throws TrainingException when another process has it
   */
  public AutoCloseable lock() {
    Path file = folder.resolve(".lock");
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (locked(channel)) {
        return channel;
      }
      channel.close();
    } catch (IOException e) {
      throw new TrainingException(file + ": cannot be locked: " + OneLine.of(e), e);
    }
    throw new TrainingException(folder + ": another run writes to this folder; name another");
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // This process has it.
    }
  }

  /** Removes the state and the log, so that the next run begins anew; keeps the best model. */
  public void discard() {
    try {
      state().remove();
      Files.deleteIfExists(log());
    } catch (IOException e) {
      throw new TrainingException(folder + ": cannot be begun anew: " + OneLine.of(e), e);
    }
  }

  /**
   * Makes sure that the run here, where there is one, is this run.
   *
   * @throws TrainingException when it is another one
   */
  public void checkIdentity(RunIdentity identity) {
    if (hasState()) {
      identity.resumes(state().identity());
    }
  }

  /** Whether there is a run to resume. */
  public boolean hasState() {
    return state().exists();
  }

  StateFiles state() {
    return new StateFiles(folder.resolve("last"));
  }

  Path log() {
    return folder.resolve("train.jsonl");
  }

  /** The best model. */
  public Path model() {
    return folder.resolve("model");
  }

  /** The page of the worst mistakes. */
  public Path mistakes() {
    return folder.resolve("mistakes.html");
  }

  /** Writes a picture aside and puts it in place. */
  public void picture(String name, BufferedImage picture) {
    Path aside = folder.resolve(name + ".partial");
    try {
      ImageIO.write(picture, "png", aside.toFile());
      replace(aside, folder.resolve(name));
    } catch (IOException e) {
      throw unwritable(name, e);
    }
  }

  /** Writes text aside and puts it in place. */
  public void text(String name, String text) {
    Path aside = folder.resolve(name + ".partial");
    try {
      Files.writeString(aside, text, StandardCharsets.UTF_8);
      replace(aside, folder.resolve(name));
    } catch (IOException e) {
      throw unwritable(name, e);
    }
  }

  private static void replace(Path aside, Path target) throws IOException {
    Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private TrainingException unwritable(String name, IOException e) {
    return new TrainingException(folder.resolve(name) + ": cannot be written: " + OneLine.of(e), e);
  }

  @Override
  public String toString() {
    return folder.toString();
  }
}
