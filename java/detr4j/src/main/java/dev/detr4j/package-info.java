/**
 * Object detection with models of the DETR family: the public API.
 *
 * <p>This package holds detectors, their input and output, and the errors that they report.
 *
 * <h2 id="detect">Detecting objects in an image</h2>
 *
 * <p>A {@link dev.detr4j.Detector} is a model that is ready to run. The following program prints
 * the label, the score and the box of each object in a photo:
 *
 * {@snippet lang = java:
 * try (Detector detector = Detector.builder(model).build()) {
 *   System.err.println(detector.backend());
 *   for (Detection found : detector.detect(photo)) {
 *     System.out.println(found);
 *   }
 * }
 * }
 *
 * <p>The path {@code model} is a Hugging Face model folder or the checkpoint of another project.
 * {@link dev.detr4j.Detector#backend()} reports which implementation of the operations runs, and
 * why the others do not. The photo is a path, the bytes of a file, a stream, a picture of AWT, or
 * pixels in memory: {@link dev.detr4j.image.ImageView} wraps RGB, BGR, RGBA, BGRA and grey with any
 * row stride without a copy. {@link dev.detr4j.Detector#call()} sets the threshold, the classes, a
 * time limit and a cancellation for calls.
 *
 * <h2 id="share">Sharing a detector</h2>
 *
 * <p>A service opens one detector per model and calls it from any number of threads, platform or
 * virtual. The detector runs a limited number of calls at once, each in memory of its own; other
 * callers wait, and hold no pixels meanwhile. The following program counts the objects on any
 * number of photos:
 *
 * {@snippet lang = java:
 * try (Detector detector = Detector.builder(model).build();
 *     ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
 *   List<Future<List<Detection>>> found = new ArrayList<>();
 *   for (Path photo : photos) {
 *     found.add(callers.submit(() -> detector.detect(photo)));
 *   }
 *   for (int i = 0; i < photos.size(); i++) {
 *     System.out.printf("%s: %d objects%n", photos.get(i), found.get(i).get().size());
 *   }
 * }
 * }
 *
 * <p>The executor closes first and waits for its tasks.
 *
 * <h2 id="loop">A loop that allocates nothing</h2>
 *
 * <p>A call of a detector allocates its list of detections and, for a file, what decoding takes. A
 * {@link dev.detr4j.DetectorSession} allocates nothing: it runs in the calling thread, one caller
 * at a time, and refills the same {@link dev.detr4j.Detections}. Call it from a platform thread.
 *
 * <h2 id="guarantees">Guarantees</h2>
 *
 * <ul>
 *   <li><b>Threads.</b> {@link dev.detr4j.Detector} may be used by any number of threads. A second
 *       thread that enters a session gets an {@link java.lang.IllegalStateException}.
 *   <li><b>Memory.</b> After the first call of an image size, a call of a session allocates nothing
 *       of its own on the heap. Weights and feature maps lie outside the heap.
 *   <li><b>Lifetime.</b> {@code close} refuses further calls, waits for running ones, frees
 *       everything, and has no effect when repeated. A detector or session that is never closed
 *       keeps its memory.
 *   <li><b>Errors.</b> A file or a setting that is wrong is reported as a {@link
 *       dev.detr4j.error.Detr4jException}, whose one-line message is fit to show to a user. A
 *       misuse of this API is an {@link java.lang.IllegalArgumentException} or an {@link
 *       java.lang.IllegalStateException}.
 *   <li><b>No silent fallback.</b> A backend, an instruction set or a precision that was requested
 *       is used, or opening the detector fails with the reason.
 * </ul>
 *
 * <h2 id="native">Native access</h2>
 *
 * <p>Backends {@code c} and {@code vector} need native access: start Java with {@code
 * --enable-native-access=ALL-UNNAMED} on the class path, or {@code
 * --enable-native-access=dev.detr4j.ffi} on the module path. Backend {@code vector} also needs
 * {@code --add-modules jdk.incubator.vector}.
 */
@NullMarked
package dev.detr4j;

import org.jspecify.annotations.NullMarked;
