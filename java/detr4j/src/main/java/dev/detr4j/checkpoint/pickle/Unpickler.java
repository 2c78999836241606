package dev.detr4j.checkpoint.pickle;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The stack machine of Python's pickle format, protocols 0 to 5, for what {@code torch.save}
 * writes.
 *
 * <p>It executes nothing. A global is a {@link PickleGlobal}; a call of one is carried out when it
 * is one of the few that build plain data or that the {@link PickleHost} knows, and otherwise, like
 * every instance, leaves a {@link PickleRecord}. Filling an object's state only stores it.
 *
 * <p>The values of the machine are those of {@link PlainValues}, but for {@link PickleNone}, {@link
 * PickleTuple}, {@link PickleList}, {@link PickleDict} and {@link PickleRecord}, which may share
 * and even contain each other: walk them only with a bound. Building never walks them, so depth
 * costs no stack. Memory is bounded by a budget that every opcode and every value is charged to.
 * Not thread-safe.
 */
public final class Unpickler {
  /** Estimated bytes of heap that one file's pickles may take. */
  private static final long BUDGET = 64L << 20;

  private static final long REFERENCE = 16;
  private static final long OBJECT = 64;

  private final PickleCursor in;
  private final PickleHost host;
  private final List<Object> stack = new ArrayList<>();
  private final Deque<Integer> marks = new ArrayDeque<>();
  private final Map<Long, Object> memo = new HashMap<>();
  private long opcodePosition;
  private long charged;

  /** A machine that reads one pickle after another from {@code position} on. */
  public Unpickler(MemorySegment bytes, long position, PickleHost host) {
    this.in = new PickleCursor(bytes, position);
    this.host = host;
  }

  /** Where the next pickle begins, after the end of the one read last. */
  public long position() {
    return in.position();
  }

  /** Where the opcode stands that was read last, for messages. */
  public long opcodePosition() {
    return opcodePosition;
  }

  /** Reads one pickle, which is one value of the machine. */
  public Object load() throws PickleException {
    stack.clear();
    marks.clear();
    memo.clear();
    while (true) {
      opcodePosition = in.position();
      charge(REFERENCE);
      int opcode = in.unsignedByte();
      if (opcode == '.') {
        return pop();
      }
      if (!scalar(opcode) && !container(opcode) && !memo(opcode) && !object(opcode)) {
        throw new PickleException(
            "opcode 0x%02x is not one that torch.save writes".formatted(opcode));
      }
    }
  }

  private boolean scalar(int opcode) throws PickleException {
    switch (opcode) {
      case 0x80 -> {
        int protocol = in.unsignedByte();
        if (protocol > 5) {
          throw new PickleException("pickle protocol " + protocol + ", expected 0 to 5");
        }
      }
      case 0x95 -> in.skipFrameHeader();
      case 'N' -> stack.add(PickleNone.NONE);
      case 0x88 -> stack.add(true);
      case 0x89 -> stack.add(false);
      case 'I' -> push(in.integerOrBoolean());
      case 'J' -> push((long) in.signedInt());
      case 'K' -> push((long) in.unsignedByte());
      case 'M' -> push((long) in.unsignedShort());
      case 'L' -> push(in.decimalLong());
      case 0x8a -> push(in.wideInteger(in.unsignedByte()));
      case 0x8b -> push(in.wideInteger(in.unsignedInt()));
      case 'F' -> push(in.decimalDouble());
      case 'G' -> push(in.bigEndianDouble());
      case 'X', 'T' -> pushText(in.unsignedInt());
      case 0x8c, 'U' -> pushText(in.unsignedByte());
      case 0x8d -> pushText(in.signedLong());
      case 'B' -> pushBytes(in.unsignedInt());
      case 'C' -> pushBytes(in.unsignedByte());
      case 0x8e, 0x96 -> pushBytes(in.signedLong());
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean container(int opcode) throws PickleException {
    switch (opcode) {
      case '(' -> marks.push(stack.size());
      case '1' -> popToMark();
      case '0' -> {
        if (!marks.isEmpty() && marks.peek() == stack.size()) {
          marks.pop();
        } else {
          pop();
        }
      }
      case '2' -> stack.add(top());
      case ')' -> stack.add(new PickleTuple(List.of()));
      case 't' -> push(new PickleTuple(popToMark()));
      case 0x85 -> push(new PickleTuple(List.of(pop())));
      case 0x86 -> {
        Object second = pop();
        push(new PickleTuple(List.of(pop(), second)));
      }
      case 0x87 -> {
        Object third = pop();
        Object second = pop();
        push(new PickleTuple(List.of(pop(), second, third)));
      }
      case ']', 0x8f -> push(new PickleList());
      case 'l', 0x91 -> {
        PickleList list = new PickleList();
        list.items().addAll(popToMark());
        push(list);
      }
      case 'a' -> append(List.of(pop()));
      case 'e', 0x90 -> append(popToMark());
      case '}' -> push(new PickleDict());
      case 'd' -> {
        List<Object> keysAndValues = popToMark();
        push(new PickleDict());
        setItems(keysAndValues);
      }
      case 's' -> {
        Object value = pop();
        setItems(List.of(pop(), value));
      }
      case 'u' -> setItems(popToMark());
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean memo(int opcode) throws PickleException {
    switch (opcode) {
      case 'g' -> get(memoIndex());
      case 'h' -> get(in.unsignedByte());
      case 'j' -> get(in.unsignedInt());
      case 'p' -> put(memoIndex());
      case 'q' -> put(in.unsignedByte());
      case 'r' -> put(in.unsignedInt());
      case 0x94 -> put(memo.size());
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean object(int opcode) throws PickleException {
    switch (opcode) {
      case 'c' -> {
        String module = in.line();
        push(PickleGlobal.of(module, in.line()));
      }
      case 0x93 -> {
        Object name = pop();
        Object module = pop();
        if (!(name instanceof String nameText) || !(module instanceof String moduleText)) {
          throw new PickleException(
              "a global is named by %s and %s, expected strings"
                  .formatted(kind(module), kind(name)));
        }
        push(PickleGlobal.of(moduleText, nameText));
      }
      case 'R', 0x81 -> {
        Object arguments = pop();
        call(pop(), arguments);
      }
      case 0x92 -> {
        Object named = pop();
        Object arguments = pop();
        if (!(named instanceof PickleDict names) || !names.entries().isEmpty()) {
          throw new PickleException("an instance is made with named arguments, expected none");
        }
        call(pop(), arguments);
      }
      case 'i' -> {
        List<Object> arguments = popToMark();
        String module = in.line();
        call(PickleGlobal.of(module, in.line()), new PickleTuple(arguments));
      }
      case 'o' -> {
        List<Object> arguments = popToMark();
        if (arguments.isEmpty()) {
          throw new PickleException("an instance has no class");
        }
        call(
            arguments.getFirst(),
            new PickleTuple(List.copyOf(arguments.subList(1, arguments.size()))));
      }
      case 'b' -> build();
      case 'Q' -> push(host.persistent(pop()));
      default -> {
        return false;
      }
    }
    return true;
  }

  private void call(Object function, Object arguments) throws PickleException {
    if (!(arguments instanceof PickleTuple tuple)) {
      throw new PickleException("a call is given " + kind(arguments) + ", expected a tuple");
    }
    List<Object> given = tuple.items();
    for (Object argument : given) {
      // What a call copies, so that copying one large value over and over is not free.
      charge(OBJECT * size(argument));
    }
    @Nullable Object made = null;
    String type;
    if (function instanceof PickleGlobal global) {
      type = global.fullName();
      made = StandardCalls.call(global, given);
      if (made == null) {
        made = host.call(global, given);
      }
      // How protocols 0 and 1 make an instance: the class is the first argument.
      if (made == null
          && type.equals("copyreg._reconstructor")
          && !given.isEmpty()
          && given.getFirst() instanceof PickleGlobal instanceOf) {
        made = new PickleRecord(instanceOf.fullName(), List.of());
      }
    } else if (function instanceof PickleRecord record) {
      type = record.type();
    } else {
      throw new PickleException(kind(function) + " is called, expected a class or a function");
    }
    charge(2 * OBJECT);
    push(made != null ? made : new PickleRecord(type, given));
  }

  private static long size(Object value) {
    return switch (value) {
      case PickleTuple tuple -> tuple.items().size();
      case PickleList list -> list.items().size();
      case PickleDict dict -> dict.entries().size();
      case String text -> text.length() / 32;
      default -> 0;
    };
  }

  private void build() throws PickleException {
    Object state = pop();
    Object target = top();
    if (target instanceof PickleRecord record) {
      record.state(state);
    } else if (target instanceof String
        || target instanceof Number
        || target instanceof Boolean
        || target instanceof PickleTuple
        || target == PickleNone.NONE) {
      throw new PickleException(kind(target) + " is given a state, expected an object");
    }
    // Attributes of a standard container or a host object, as the _metadata of a state dict, have
    // no use here.
  }

  private void append(List<Object> more) throws PickleException {
    Object target = top();
    charge(REFERENCE * more.size());
    switch (target) {
      case PickleList list -> list.items().addAll(more);
      case PickleRecord record -> record.items().addAll(more);
      default ->
          throw new PickleException("items are appended to " + kind(target) + ", expected a list");
    }
  }

  private void setItems(List<Object> keysAndValues) throws PickleException {
    Object target = top();
    PickleDict dict =
        switch (target) {
          case PickleDict itself -> itself;
          case PickleRecord record -> record.dict();
          default ->
              throw new PickleException("items are set in " + kind(target) + ", expected a dict");
        };
    if (keysAndValues.size() % 2 != 0) {
      throw new PickleException("a key has no value");
    }
    charge(OBJECT * keysAndValues.size());
    for (int i = 0; i < keysAndValues.size(); i += 2) {
      dict.put(keysAndValues.get(i), keysAndValues.get(i + 1));
    }
  }

  private void get(long index) throws PickleException {
    Object value = memo.get(index);
    if (value == null) {
      throw new PickleException("memo " + index + " is used before it is set");
    }
    stack.add(value);
  }

  private void put(long index) throws PickleException {
    charge(OBJECT);
    memo.put(index, top());
  }

  private long memoIndex() throws PickleException {
    if (in.decimalLong() instanceof Long index && index >= 0) {
      return index;
    }
    throw new PickleException("a memo index is not a number from 0 on");
  }

  private void pushText(long length) throws PickleException {
    in.require(length);
    charge(length * 2);
    push(in.text(length));
  }

  private void pushBytes(long length) throws PickleException {
    in.require(length);
    charge(length);
    push(in.bytes(length));
  }

  private void push(Object value) throws PickleException {
    charge(OBJECT);
    stack.add(value);
  }

  private Object top() throws PickleException {
    if (stack.size() <= floor()) {
      throw new PickleException("an opcode wants a value, but there is none");
    }
    return stack.getLast();
  }

  private Object pop() throws PickleException {
    Object value = top();
    stack.removeLast();
    return value;
  }

  private int floor() {
    return marks.isEmpty() ? 0 : marks.peek();
  }

  private List<Object> popToMark() throws PickleException {
    if (marks.isEmpty()) {
      throw new PickleException("an opcode wants a mark, but there is none");
    }
    List<Object> above = stack.subList(marks.pop(), stack.size());
    charge(REFERENCE * above.size());
    List<Object> popped = List.copyOf(above);
    above.clear();
    return popped;
  }

  private void charge(long bytes) throws PickleException {
    charged += bytes;
    if (charged > BUDGET || charged < 0) {
      throw new PickleException("the pickle takes more than " + (BUDGET >> 20) + " MiB");
    }
  }

  /** What a value of the machine is, in words for messages. */
  public static String kind(Object value) {
    return switch (value) {
      case PickleNone none -> "None";
      case Boolean bool -> "a boolean";
      case Double number -> "a float";
      case Number number -> "an integer";
      case String text -> "a string";
      case byte[] bytes -> "bytes";
      case PickleTuple tuple -> "a tuple";
      case PickleList list -> "a list";
      case PickleDict dict -> "a dict";
      case PickleGlobal global -> "the name " + global.fullName();
      case PickleRecord record -> "an object of " + record.type();
      default -> "a tensor or its storage";
    };
  }
}
