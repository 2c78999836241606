package dev.detr4j.train.data;

import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Checks of a list of class names that all formats share. */
final class ClassList {
  private ClassList() {}

  /** Names without spaces around them; two with one name are an error. */
  static List<String> checked(List<String> names, Findings findings) {
    List<String> checked = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      String plain = name.strip();
      if (!seen.add(plain)) {
        findings.add(Fault.SAME_CLASS_NAME, plain);
      }
      checked.add(plain);
    }
    return List.copyOf(checked);
  }
}
