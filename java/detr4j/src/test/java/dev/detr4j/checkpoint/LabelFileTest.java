package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ModelConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelFileTest {
  @TempDir Path folder;

  @Test
  void linesNameTheClassesInOrder() throws IOException {
    assertEquals(List.of("cat", "hot dog"), read("cat\r\n hot dog \n\n", 2, 0));
    assertEquals(List.of("background", "cat", "dog"), read("cat\ndog", 2, 1));
    assertEquals(List.of("nothing", "cat", "dog"), read("nothing\ncat\ndog\n", 2, 1));
    assertEquals(List.of("é"), read("\uFEFFé", 1, 0));
  }

  @Test
  void jsonNamesLabelIds() throws IOException {
    assertEquals(List.of("cat", "LABEL_1", "dog"), read("{\"2\": \"dog\", \"0\": \"cat\"}", 3, 0));
    assertEquals(List.of("LABEL_0", "cat"), read("  {\"1\": \"cat\"}", 1, 1));
    assertEquals(
        List.of("cat"), read("{\"model_type\": \"x\", \"id2label\": {\"0\": \"cat\"}}", 1, 0));
  }

  @Test
  void nobodyCanChangeWhatWasRead() throws IOException {
    List<String> lines = read("cat\ndog", 2, 0);
    assertThrows(UnsupportedOperationException.class, () -> lines.set(0, "changed"));
    List<String> json = read("{\"0\": \"cat\"}", 1, 0);
    assertThrows(UnsupportedOperationException.class, () -> json.set(0, "changed"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "one | there are 1 lines, expected one for each of 2 classes",
        "one/two/three | there are 3 lines, expected one for each of 2 classes",
        "one/ /three | there are 3 lines, expected one for each of 2 classes",
        "/two | line 1 is empty, expected a name",
        "{\"2\": \"x\"} | 2 is not a label id, expected 0 to 1",
        "{\"-1\": \"x\"} | -1 is not a label id",
        "{\"01\": \"x\"} | 01 is not a label id",
        "{\"99999999999\": \"x\"} | 99999999999 is not a label id",
        "{\"0\": 7} | \"0\"",
        "{} | there is no name in it",
        "{\"0\" | is not valid JSON",
      })
  void saysWhatIsWrong(String content, String expected) {
    ModelConfigException error =
        assertThrows(ModelConfigException.class, () -> read(content.replace('/', '\n'), 2, 0));
    String message = String.valueOf(error.getMessage());
    assertTrue(message.startsWith("labels "), message);
    assertTrue(message.contains(expected.replace("\"0\"", "0")), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void namesFilesThatCannotBeRead() throws IOException {
    Path missing = folder.resolve("missing.txt");
    assertMessage(missing, "there is no such file");
    Path bytes = Files.write(folder.resolve("bytes.txt"), new byte[] {'a', (byte) 0xff, 'b'});
    assertMessage(bytes, "the file is not UTF-8 text");
    Path large = Files.write(folder.resolve("large.txt"), new byte[(1 << 20) + 1]);
    assertMessage(large, "the file has 1048577 bytes, expected at most 1048576");
    assertMessage(folder, "cannot be read");
  }

  private static void assertMessage(Path file, String expected) {
    String message =
        assertThrows(ModelConfigException.class, () -> LabelFile.read(file, 2, 0)).getMessage();
    assertTrue(message.contains(file + ": " + expected), message);
  }

  private List<String> read(String content, int classes, int firstLabel) throws IOException {
    Path file = folder.resolve("labels.txt");
    Files.writeString(file, content, StandardCharsets.UTF_8);
    return LabelFile.read(file, classes, firstLabel);
  }

  @Test
  void callsAGitLfsPointerOne() throws IOException {
    Path file = folder.resolve("labels.txt");
    Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n");
    String message =
        assertThrows(ModelConfigException.class, () -> LabelFile.read(file, 3, 0)).getMessage();
    assertTrue(message.endsWith("a Git LFS pointer: fetch the file with git lfs pull"), message);
  }
}
