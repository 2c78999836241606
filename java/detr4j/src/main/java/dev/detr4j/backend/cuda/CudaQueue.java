package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.StopSignal;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A queue of a device. Copies pass through staging memory: an upload is copied there at once and
 * brought to the device in its turn, a download is brought there and copied to the host when the
 * queue is synchronised.
 */
final class CudaQueue implements Queue {
  private final CudaBackend backend;
  private final MemorySegment handle;
  private final Staging uploads;
  private final Staging downloads;
  private final List<CudaProgram> programs = new ArrayList<>();
  private MemorySegment[] waiting = new MemorySegment[8]; // the host's ends of the downloads
  private long[] places = new long[3 * 8]; // of each: offset there, offset in staging, bytes
  private int count;
  private final RecentPointers pointers = new RecentPointers();
  private @Nullable StopSignal signal;
  private boolean closed;

  CudaQueue(CudaBackend backend) {
    this.backend = backend;
    this.handle = backend.memory().newQueue();
    this.uploads = new Staging(backend);
    this.downloads = new Staging(backend);
  }

  @Override
  public Program compile(List<BoundNode> nodes) {
    synchronise();
    programs.removeIf(CudaProgram::isClosed);
    CudaProgram program = new CudaProgram(nodes, backend, handle);
    programs.add(program);
    return program;
  }

  @Override
  public void upload(MemorySegment host, long hostOffset, Buffer buffer, long offset, long bytes) {
    if (!uploads.fits(bytes)) {
      synchronise();
      uploads.grow(bytes);
    }
    long at = uploads.take(bytes);
    MemorySegment.copy(host, hostOffset, uploads.memory(), at, bytes);
    check(
        Detr4jCuda.detr4j_cuda_upload(
            handle, device(buffer, offset), pointers.to(uploads.address(at)), bytes),
        "upload");
  }

  @Override
  public void submit(Program program) {
    StopSignal stop = signal;
    if (stop != null) {
      stop.check();
    }
    of(program).replay();
  }

  @Override
  public void askBetweenSteps(@Nullable StopSignal stop) {
    signal = stop;
  }

  @Override
  public void measure(Program program, long[] nanoseconds) {
    synchronise();
    of(program).measure(nanoseconds);
  }

  @Override
  public void download(
      Buffer buffer, long offset, MemorySegment host, long hostOffset, long bytes) {
    if (!downloads.fits(bytes)) {
      synchronise();
      downloads.grow(bytes);
    }
    long at = downloads.take(bytes);
    check(
        Detr4jCuda.detr4j_cuda_download(
            handle, pointers.to(downloads.address(at)), device(buffer, offset), bytes),
        "download");
    if (count == waiting.length) {
      waiting = Arrays.copyOf(waiting, 2 * count);
      places = Arrays.copyOf(places, 6 * count);
    }
    waiting[count] = host;
    places[3 * count] = hostOffset;
    places[3 * count + 1] = at;
    places[3 * count + 2] = bytes;
    count++;
  }

  @Override
  public void synchronise() {
    int downloaded = count;
    count = 0;
    uploads.reset();
    downloads.reset();
    pointers.restart();
    check(Detr4jCuda.detr4j_cuda_wait(handle), "the queue");
    for (int i = 0; i < downloaded; i++) {
      MemorySegment.copy(
          downloads.memory(), places[3 * i + 1], waiting[i], places[3 * i], places[3 * i + 2]);
      waiting[i] = MemorySegment.NULL; // nobody keeps the host's memory alive
    }
  }

  @Override
  public long launches() {
    return Detr4jCuda.detr4j_cuda_queue_launches(handle);
  }

  @Override
  public long bytes() {
    return programs.stream().mapToLong(CudaProgram::bytes).sum();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      Detr4jCuda.detr4j_cuda_queue_close(handle);
      uploads.close();
      downloads.close();
    }
  }

  private void check(int status, String what) {
    CudaBackend.check(status, handle, what);
  }

  private MemorySegment device(Buffer buffer, long offset) {
    return pointers.to(((CudaBuffer) buffer).address(offset));
  }

  private CudaProgram of(Program program) {
    CudaProgram own = (CudaProgram) program;
    if (!own.isOf(handle)) {
      throw new IllegalArgumentException("this program was compiled by another queue");
    }
    return own;
  }
}
