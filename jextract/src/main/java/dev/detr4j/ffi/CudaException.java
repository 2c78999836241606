package dev.detr4j.ffi;

/** A call of the CUDA library that failed; the message is its sentence. */
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CudaException(String sentence) {
    super(sentence);
  }
}
