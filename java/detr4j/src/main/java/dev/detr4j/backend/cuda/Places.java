package dev.detr4j.backend.cuda;

import dev.detr4j.tensor.TensorView;
import java.util.List;

/** Whether tensors touch the same device memory: a slab is used again and again in one program. */
final class Places {
  private Places() {}

  /** Whether no tensor of one list touches one of the other. */
  static boolean apart(List<TensorView> some, List<TensorView> others) {
    for (TensorView one : some) {
      for (TensorView other : others) {
        if (touch(one, other)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether they share a byte; gaps between rows count. */
  static boolean touch(TensorView a, TensorView b) {
    long beginA = CudaBuffer.address(a);
    long beginB = CudaBuffer.address(b);
    return beginA < beginB + b.spanBytes() && beginB < beginA + a.spanBytes();
  }

  /** Whether every byte of one lies in the other, which has no gaps. */
  static boolean covers(TensorView outer, TensorView inner) {
    long begin = CudaBuffer.address(outer);
    long beginInner = CudaBuffer.address(inner);
    return outer.isContiguous()
        && begin <= beginInner
        && beginInner + inner.spanBytes() <= begin + outer.spanBytes();
  }
}
