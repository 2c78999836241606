package dev.detr4j.checkpoint.pickle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The machine by itself; whole files of torch are in the tests of the checkpoints. */
class UnpicklerTest {
  private static final PickleHost NO_HOST =
      new PickleHost() {
        @Override
        public @Nullable Object call(PickleGlobal function, List<Object> arguments) {
          return null;
        }

        @Override
        public Object persistent(Object id) throws PickleException {
          throw new PickleException("no persistent ids here");
        }

        @Override
        public Object describe(Object hostObject) {
          throw new AssertionError("no objects of a host here");
        }
      };

  /** Pickles as {@code pickle.dumps({'k': value}, 0)} and the like would write them. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      value = {
        "I7\\n | 7",
        "I01\\n | true",
        "I00\\n | false",
        "L-12L\\n | -12",
        "F1.5\\n | 1.5",
        "F-inf\\n | -Infinity",
        "N | null",
        "\\x88 | true",
        "K\\xff | 255",
        "M\\x00\\x01 | 256",
        "J\\xff\\xff\\xff\\xff | -1",
        "\\x8a\\x00 | 0",
        "\\x8a\\x01\\xff | -1",
        "\\x8a\\x09\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01 | 18446744073709551616",
        "G\\x3f\\xf8\\x00\\x00\\x00\\x00\\x00\\x00 | 1.5",
        "X\\x02\\x00\\x00\\x00\\xc3\\xbc | ü",
        "U\\x01a | a",
        "\\x8c\\x01a | a",
        "(K\\x01K\\x02l | [1, 2]",
        "(K\\x01K\\x02t | [1, 2]",
        "]K\\x01a | [1]",
        "](K\\x01K\\x02e | [1, 2]",
        "K\\x01\\x85 | [1]",
        "K\\x01K\\x02K\\x03\\x87 | [1, 2, 3]",
        "(K\\x01K\\x02d | {1=2}",
        "\\x8f(K\\x01\\x90 | [1]",
        "(K\\x01\\x91 | [1]",
        "K\\x01p5\\n0g5\\n | 1",
        "K\\x01\\x940h\\x00 | 1",
        "(K\\x011K\\x02 | 2",
        "(0K\\x02 | 2",
        "ccollections\\nOrderedDict\\n]K\\x01K\\x02\\x86a\\x85R | {1=2}",
        "c__builtin__\\nset\\n]K\\x01a\\x85R | [1]",
        "cos\\nsystem\\nX\\x02\\x00\\x00\\x00ls\\x85R | os.system[ls]",
        "\\x8c\\x02os\\x8c\\x06system\\x93 | os.system[]",
        "(ios\\nsystem\\n | os.system[]",
        "(cos\\nsystem\\nK\\x01o | os.system[1]",
        "ccopy_reg\\n_reconstructor\\n(ca\\nB\\nc__builtin__\\nobject\\nNtR}K\\x01K\\x02sb | a.B[]",
        "cos\\nsystem\\n)R)R | os.system[]"
      },
      delimiter = '|')
  void readsValues(String pickle, String expected) throws PickleException {
    Object value = plain(concat(bytes("}K\0"), escaped(pickle), bytes("s."))).get(0L);
    assertEquals(expected, String.valueOf(value));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '~',
      value = {
        "\\x80\\x06. | pickle protocol 6, expected 0 to 5",
        "Px\\n. | opcode 0x50 is not one that torch.save writes",
        "\\x97. | opcode 0x97 is not one",
        "K | the pickle ends early: 1 bytes wanted, 0 left",
        "X\\xff\\xff\\xff\\xffa. | the pickle ends early: 4294967295 bytes wanted, 2 left",
        "\\x8d\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xffa. | the pickle ends early",
        "\\x8b\\xff\\xff\\xff\\xff. | an integer has 4294967295 bytes",
        "X\\x01\\x00\\x00\\x00\\xff. | a string is not UTF-8 text",
        "I0x1\\n. | ~\"0x1\"~ is not an integer",
        "F0x1p3\\n. | is not a number",
        "F.\\n. | is not a number",
        ". | an opcode wants a value, but there is none",
        "(. | an opcode wants a value, but there is none",
        "t. | an opcode wants a mark, but there is none",
        "h\\x05. | memo 5 is used before it is set",
        "g-5\\n. | a memo index is not a number from 0 on",
        "K\\x01K\\x02a. | items are appended to an integer, expected a list",
        "]K\\x01K\\x02s. | items are set in a list, expected a dict",
        "}(K\\x01u. | a key has no value",
        "}]K\\x01s. | a dict key is a list, expected a string, a number or the like",
        "})\\x85\\x85K\\x01s. | a dict key is a tuple of other things than at most 32 scalars",
        "K\\x01)R. | an integer is called, expected a class or a function",
        "cos\\nsystem\\nK\\x01R. | a call is given an integer, expected a tuple",
        "K\\x01\\x8c\\x01a\\x93. | a global is named by an integer and a string, expected strings",
        "K\\x01}b. | an integer is given a state, expected an object",
        "(o. | an instance has no class",
        "ca\\nb\\n)}K\\x01K\\x01s\\x92. | made with named arguments, expected none",
        "ccollections\\nOrderedDict\\n]]a\\x85R. | is given 0 items, expected a key and a value",
        "c__builtin__\\nset\\nK\\x01\\x85R. | is given an integer, expected a list or a tuple",
        "\\x95\\xff\\x00\\x00\\x00\\x00\\x00\\x00\\x00. | a frame ends past the end of the pickle",
        "K\\x01Q. | no persistent ids here"
      },
      delimiter = '|')
  void rejectsWhatIsMalformed(String pickle, String expected) {
    String message = assertThrows(PickleException.class, () -> load(escaped(pickle))).getMessage();
    assertTrue(message.contains(expected.replace("~", "")), message);
  }

  @Test
  void fillsRecordsWithoutExecuting() throws PickleException {
    byte[] namespace =
        escaped("}K\\x00cargparse\\nNamespace\\n)\\x81}X\\x02\\x00\\x00\\x00lrK\\x01sbs.");
    InertObject arguments = assertInstanceOf(InertObject.class, plain(namespace).get(0L));
    assertEquals("argparse.Namespace", arguments.type());
    assertEquals(Map.of("lr", 1L), arguments.state());
    assertEquals(1L, arguments.attribute("lr").orElseThrow());
    assertTrue(arguments.attribute("nobody").isEmpty());
    byte[] subclass = escaped("}K\\x00cmy\\nDict\\n)RK\\x01K\\x02s]ba.");
    assertThrows(PickleException.class, () -> plain(subclass));
    byte[] filled = escaped("}K\\x00cmy\\nDict\\n)RK\\x01K\\x02sK\\x05as.");
    InertObject dict = assertInstanceOf(InertObject.class, plain(filled).get(0L));
    assertEquals(Map.of(1L, 2L), dict.entries());
    assertEquals(List.of(5L), dict.items());
    assertNull(dict.state());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "}q\\x00K\\x00h\\x00s.", // a dict in itself
        "}K\\x00]q\\x00h\\x00as.", // a list in itself
        "}K\\x00]q\\x00h\\x00\\x85as.", // through a tuple
        "}K\\x00ca\\nb\\n)Rq\\x00h\\x00bs.", // a record in its own state
        "}K\\x00]q\\x00ca\\nb\\nh\\x00\\x85Ras." // through the arguments of a call
      })
  void rejectsWhatContainsItself(String pickle) {
    String message = assertThrows(PickleException.class, () -> plain(escaped(pickle))).getMessage();
    assertTrue(
        message.contains("contains itself") || message.contains("nested deeper than"), message);
  }

  @Test
  void boundsDepthHoweverItIsReached() throws PickleException {
    byte[] deep = new byte[98];
    Arrays.fill(deep, (byte) 0x85);
    plain(concat(bytes("}K\0)"), deep, bytes("s.")));
    // Twice as deep, through a shared half that was turned before.
    byte[] twice = concat(bytes("}(K\0)"), deep, bytes("q\0K\1h\0"), deep, bytes("u."));
    String message = assertThrows(PickleException.class, () -> plain(twice)).getMessage();
    assertEquals("values are nested deeper than 100 levels", message);
  }

  @Test
  void boundsWhatSharingUnfoldsTo() {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.writeBytes(bytes("}K\0)"));
    for (int i = 0; i < 60; i++) {
      pickle.writeBytes(bytes("2\u0086"));
    }
    pickle.writeBytes(bytes("s."));
    String message =
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertThrows(PickleException.class, () -> plain(pickle.toByteArray())))
            .getMessage();
    assertEquals("the metadata has more than 1048576 values", message);
  }

  @Test
  void boundsMemory() {
    for (String opcode : List.of("]", "}", "N", "(", "2", "K\0", ")", "K\0q\0", "]2\u0086")) {
      byte[] many = new byte[8 << 20];
      byte[] unit = bytes(opcode);
      for (int i = 0; i < many.length; i++) {
        many[i] = unit[i % unit.length];
      }
      byte[] pickle = concat(bytes("N"), many);
      String message = assertThrows(PickleException.class, () -> load(pickle)).getMessage();
      assertEquals("the pickle takes more than 64 MiB", message);
    }
  }

  @Test
  void boundsCopiesOfOneLargeList() {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.writeBytes(bytes("c__builtin__\nset\nq\0](" + "K\1".repeat(10_000) + "e\u0085q\1"));
    pickle.writeBytes(bytes("h\0h\1R0".repeat(10_000) + "."));
    String message =
        assertThrows(PickleException.class, () -> load(pickle.toByteArray())).getMessage();
    assertEquals("the pickle takes more than 64 MiB", message);
  }

  /** Entries with tuples of one number for keys. */
  private static byte[] tupleKeys(int first, int end) {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    for (int i = first; i < end; i++) {
      pickle.writeBytes(bytes("M"));
      pickle.write(i);
      pickle.write(i >> 8);
      pickle.writeBytes(bytes("\u0085N"));
    }
    return pickle.toByteArray();
  }

  private static void assertTooManyKeys(byte[] pickle) {
    String message = assertThrows(PickleException.class, () -> load(pickle)).getMessage();
    assertEquals(
        "a dict has more than 1024 keys that are neither strings nor numbers of one kind", message);
  }

  @Test
  void boundsTupleKeys() throws PickleException {
    load(concat(bytes("}("), tupleKeys(0, 1024), bytes("u.")));
    load(concat(bytes("}("), tupleKeys(0, 1024), tupleKeys(0, 1024), bytes("u.")));
    assertTooManyKeys(concat(bytes("}("), tupleKeys(0, 1025), bytes("u.")));
  }

  @Test
  void aCopiedDictRemembersItsTupleKeys() {
    byte[] copied = concat(bytes("c__builtin__\ndict\n}("), tupleKeys(0, 1000), bytes("u\u0085R("));
    assertTooManyKeys(concat(copied, tupleKeys(1000, 1100), bytes("u.")));
  }

  @Test
  void boundsNumbersOfAnotherKindThanTheFirst() throws PickleException {
    // A Long and a Double can have one hash, and a map sorts only keys of one class.
    byte[] longs = concat(bytes("}("), bytes("K\0N"));
    ByteArrayOutputStream doubles = new ByteArrayOutputStream();
    for (int i = 0; i < 1025; i++) {
      doubles.writeBytes(bytes("G"));
      doubles.writeBytes(ByteBuffer.allocate(8).putDouble(i + 0.5).array());
      doubles.writeBytes(bytes("N"));
    }
    assertTooManyKeys(concat(longs, doubles.toByteArray(), bytes("u.")));
    load(concat(bytes("}("), doubles.toByteArray(), bytes("u.")));
  }

  @Test
  void boundsTextThatIsShared() throws PickleException {
    byte[] text = concat(bytes("X\0\0\20\0"), bytes("a".repeat(1 << 20)), bytes("q\1"));
    byte[] list = concat(bytes("}K\0]("), text, bytes("h\1".repeat(62)));
    assertEquals(63, ((List<?>) plain(concat(list, bytes("es."))).get(0L)).size());
    byte[] more = concat(list, bytes("h\1h\1es."));
    String message = assertThrows(PickleException.class, () -> plain(more)).getMessage();
    assertEquals("the metadata has more than 1048576 values", message);
  }

  @Test
  void keepsBigIntegers() throws PickleException {
    byte[] pickle = bytes("}K\0L" + BigInteger.TEN.pow(50) + "L\ns.");
    assertEquals(BigInteger.TEN.pow(50), plain(pickle).get(0L));
  }

  private static Object load(byte[] pickle) throws PickleException {
    return new Unpickler(MemorySegment.ofArray(pickle), 0, NO_HOST).load();
  }

  private static Map<@Nullable Object, @Nullable Object> plain(byte[] pickle)
      throws PickleException {
    return PlainValues.of((PickleDict) load(pickle), NO_HOST);
  }

  private static byte[] bytes(String latin1) {
    return latin1.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  /** Bytes with Python's escapes for a line feed and for hexadecimal codes. */
  private static byte[] escaped(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < text.length(); i++) {
      if (text.startsWith("\\n", i)) {
        bytes.write('\n');
        i++;
      } else if (text.startsWith("\\x", i)) {
        bytes.write(Integer.parseInt(text, i + 2, i + 4, 16));
        i += 3;
      } else {
        bytes.write(text.charAt(i));
      }
    }
    return bytes.toByteArray();
  }
}
