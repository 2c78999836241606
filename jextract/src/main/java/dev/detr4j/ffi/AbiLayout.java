package dev.detr4j.ffi;

import dev.detr4j.ffi.generated.detr4j_abi_field;
import dev.detr4j.ffi.generated.detr4j_activation_gradient;
import dev.detr4j.ffi.generated.detr4j_add;
import dev.detr4j.ffi.generated.detr4j_attention;
import dev.detr4j.ffi.generated.detr4j_attention_gradient;
import dev.detr4j.ffi.generated.detr4j_box_refinement;
import dev.detr4j.ffi.generated.detr4j_cell_attention;
import dev.detr4j.ffi.generated.detr4j_channel_sums;
import dev.detr4j.ffi.generated.detr4j_clamp;
import dev.detr4j.ffi.generated.detr4j_conv2d;
import dev.detr4j.ffi.generated.detr4j_cuda_abi_field;
import dev.detr4j.ffi.generated.detr4j_cuda_add;
import dev.detr4j.ffi.generated.detr4j_cuda_attention;
import dev.detr4j.ffi.generated.detr4j_cuda_box_refinement;
import dev.detr4j.ffi.generated.detr4j_cuda_cell_attention;
import dev.detr4j.ffi.generated.detr4j_cuda_clamp;
import dev.detr4j.ffi.generated.detr4j_cuda_conv2d;
import dev.detr4j.ffi.generated.detr4j_cuda_distribution;
import dev.detr4j.ffi.generated.detr4j_cuda_gather;
import dev.detr4j.ffi.generated.detr4j_cuda_layer_norm;
import dev.detr4j.ffi.generated.detr4j_cuda_max_pool;
import dev.detr4j.ffi.generated.detr4j_cuda_ms_deform_attention;
import dev.detr4j.ffi.generated.detr4j_cuda_nms;
import dev.detr4j.ffi.generated.detr4j_cuda_proposal_embedding;
import dev.detr4j.ffi.generated.detr4j_cuda_resize;
import dev.detr4j.ffi.generated.detr4j_cuda_row_max;
import dev.detr4j.ffi.generated.detr4j_cuda_row_norm;
import dev.detr4j.ffi.generated.detr4j_cuda_selection;
import dev.detr4j.ffi.generated.detr4j_cuda_sine_position;
import dev.detr4j.ffi.generated.detr4j_cuda_top_k;
import dev.detr4j.ffi.generated.detr4j_cuda_upsample;
import dev.detr4j.ffi.generated.detr4j_distribution;
import dev.detr4j.ffi.generated.detr4j_gather;
import dev.detr4j.ffi.generated.detr4j_global_response_norm;
import dev.detr4j.ffi.generated.detr4j_group_norm;
import dev.detr4j.ffi.generated.detr4j_layer_norm;
import dev.detr4j.ffi.generated.detr4j_layer_norm_gradient;
import dev.detr4j.ffi.generated.detr4j_max_pool;
import dev.detr4j.ffi.generated.detr4j_ms_deform_attention;
import dev.detr4j.ffi.generated.detr4j_ms_deform_attention_gradient;
import dev.detr4j.ffi.generated.detr4j_nms;
import dev.detr4j.ffi.generated.detr4j_proposal_embedding;
import dev.detr4j.ffi.generated.detr4j_resize;
import dev.detr4j.ffi.generated.detr4j_row_max;
import dev.detr4j.ffi.generated.detr4j_sine_position;
import dev.detr4j.ffi.generated.detr4j_top_k;
import dev.detr4j.ffi.generated.detr4j_upsample;
import dev.detr4j.ffi.generated.detr4j_weight_gradient;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.PaddingLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The parameter structs as the generated bindings lay them out, in the form that the libraries
 * report their own.
 */
final class AbiLayout {
  /**
   * Where a struct or one of its fields lies.
   *
   * @param name {@code struct} or {@code struct.field}
   * @param offset bytes from the start of the struct
   * @param size bytes
   */
  record Field(String name, int offset, int size) {
    @Override
    public String toString() {
      return name + " at byte " + offset + " with " + size + " bytes";
    }
  }

  /**
   * Every struct of detr4j.h in the header's order. One that is missing here shows up as a
   * difference from the library.
   */
  private static final List<GroupLayout> STRUCTS =
      List.of(
          detr4j_abi_field.layout(),
          detr4j_conv2d.layout(),
          detr4j_max_pool.layout(),
          detr4j_upsample.layout(),
          detr4j_layer_norm.layout(),
          detr4j_group_norm.layout(),
          detr4j_global_response_norm.layout(),
          detr4j_add.layout(),
          detr4j_row_max.layout(),
          detr4j_clamp.layout(),
          detr4j_attention.layout(),
          detr4j_ms_deform_attention.layout(),
          detr4j_cell_attention.layout(),
          detr4j_sine_position.layout(),
          detr4j_proposal_embedding.layout(),
          detr4j_box_refinement.layout(),
          detr4j_distribution.layout(),
          detr4j_top_k.layout(),
          detr4j_gather.layout(),
          detr4j_nms.layout(),
          detr4j_resize.layout(),
          detr4j_activation_gradient.layout(),
          detr4j_weight_gradient.layout(),
          detr4j_layer_norm_gradient.layout(),
          detr4j_channel_sums.layout(),
          detr4j_attention_gradient.layout(),
          detr4j_ms_deform_attention_gradient.layout());

  /** The same for detr4j_cuda.h. */
  private static final List<GroupLayout> CUDA_STRUCTS =
      List.of(
          detr4j_cuda_abi_field.layout(),
          detr4j_cuda_conv2d.layout(),
          detr4j_cuda_max_pool.layout(),
          detr4j_cuda_upsample.layout(),
          detr4j_cuda_layer_norm.layout(),
          detr4j_cuda_row_norm.layout(),
          detr4j_cuda_add.layout(),
          detr4j_cuda_row_max.layout(),
          detr4j_cuda_clamp.layout(),
          detr4j_cuda_attention.layout(),
          detr4j_cuda_ms_deform_attention.layout(),
          detr4j_cuda_cell_attention.layout(),
          detr4j_cuda_sine_position.layout(),
          detr4j_cuda_proposal_embedding.layout(),
          detr4j_cuda_box_refinement.layout(),
          detr4j_cuda_distribution.layout(),
          detr4j_cuda_top_k.layout(),
          detr4j_cuda_gather.layout(),
          detr4j_cuda_selection.layout(),
          detr4j_cuda_nms.layout(),
          detr4j_cuda_resize.layout());

  private AbiLayout() {}

  /** Every struct of detr4j.h, each followed by its fields. */
  static List<Field> fields() {
    return fields(STRUCTS);
  }

  /** Every struct of detr4j_cuda.h, each followed by its fields. */
  static List<Field> cudaFields() {
    return fields(CUDA_STRUCTS);
  }

  private static List<Field> fields(List<GroupLayout> structs) {
    List<Field> fields = new ArrayList<>();
    for (GroupLayout struct : structs) {
      String type = struct.name().orElseThrow();
      fields.add(new Field(type, 0, Math.toIntExact(struct.byteSize())));
      long offset = 0;
      for (MemoryLayout member : struct.memberLayouts()) {
        if (!(member instanceof PaddingLayout)) {
          String name = type + "." + member.name().orElseThrow();
          fields.add(new Field(name, Math.toIntExact(offset), Math.toIntExact(member.byteSize())));
        }
        offset += member.byteSize();
      }
    }
    return List.copyOf(fields);
  }

  /** FNV-1a, 64 bits, as {@code detr4j_abi_hash} computes it. */
  static long hash(List<Field> fields) {
    long hash = 0xcbf29ce484222325L;
    for (Field field : fields) {
      for (byte b : field.name().getBytes(StandardCharsets.US_ASCII)) {
        hash = hashByte(hash, b);
      }
      hash = hashByte(hash, (byte) 0);
      hash = hashInt(hash, field.offset());
      hash = hashInt(hash, field.size());
    }
    return hash;
  }

  /**
   * The first difference in words, as {@code library has …, bindings have …}; both lists must not
   * be equal.
   */
  static String difference(List<Field> library, List<Field> bindings) {
    int common = Math.min(library.size(), bindings.size());
    for (int i = 0; i < common; i++) {
      if (!library.get(i).equals(bindings.get(i))) {
        return "library has " + library.get(i) + ", bindings have " + bindings.get(i);
      }
    }
    return library.size() > common
        ? "library has " + library.get(common) + ", bindings end there"
        : "bindings have " + bindings.get(common) + ", library ends there";
  }

  private static long hashInt(long hash, int value) {
    long result = hash;
    for (int shift = 0; shift < 32; shift += 8) {
      result = hashByte(result, (byte) (value >>> shift));
    }
    return result;
  }

  private static long hashByte(long hash, byte value) {
    return (hash ^ (value & 0xff)) * 0x100000001b3L;
  }
}
